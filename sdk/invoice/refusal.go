package invoice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrMalformed marks a refusal of the file: it is no complete UBL 2.1 invoice, and its sender must correct it.
// ErrUnfit marks a refusal of the invoice: the file is in order, but no voucher can rest on it.
var (
	ErrMalformed = errors.New("malformed")
	ErrUnfit     = errors.New("not fit for a voucher")
)

// Refusal says why a document is not taken. errors.Is(err, ErrMalformed) and errors.Is(err, ErrUnfit) tell the two
// classes apart; what is neither is an error of reading.
type Refusal struct {
	Field  string // the element's path below the root, or the field of a Spec
	Reason string // what is wrong with it
	Do     string // what to do next
	Class  error  // ErrMalformed or ErrUnfit
}

// Error tells a person class, field, reason and cure.
func (r *Refusal) Error() string {
	return fmt.Sprintf("invoice %v (%s): %s. %s", r.Class, r.Field, r.Reason, r.Do)
}

// Unwrap gives the class.
func (r *Refusal) Unwrap() error { return r.Class }

func malformed(field, do, format string, args ...any) error {
	return &Refusal{Field: field, Reason: fmt.Sprintf(format, args...), Do: do, Class: ErrMalformed}
}

func unfit(field, do, format string, args ...any) error {
	return &Refusal{Field: field, Reason: fmt.Sprintf(format, args...), Do: do, Class: ErrUnfit}
}

// maxQuoted bounds what a refusal repeats of a document, in bytes: it may be hostile, and ends in a log.
const maxQuoted = 120

func quote(s string) string { return strconv.Quote(shorten(s)) }

func shorten(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}
