// Package errs numbers refusals. Every code is numbered once for the whole chain, says which rule refused and
// what to do, and belongs to one module's block of numbers. Registering a number or name twice panics at start.
package errs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Block is how many numbers each module has: kernel 1–99, members 100–199, and so on.
const Block = 100

// Code is one refusal of the chain. Number goes into results and never changes its meaning.
type Code struct {
	Module string
	Number uint32
	Name   string // as tools print it: NotHolder
	Rule   string // what rule refused
	Do     string // what the person should do next
}

// Error is a refusal in one case: its code, the field it is about and the figures of the case.
type Error struct {
	Code   *Code
	Field  string
	Detail string
}

// Error tells a person what, which field, which rule, what next.
func (e *Error) Error() string {
	s := e.Code.Name
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	s += ": " + e.Code.Rule
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s + ". " + e.Code.Do
}

// Is makes errors.Is(err, code) true for every error of that code.
func (e *Error) Is(target error) bool {
	c, ok := target.(*Code)
	return ok && c == e.Code
}

// Error lets a code stand as an error by itself.
func (c *Code) Error() string { return (&Error{Code: c}).Error() }

// With gives the figures of the case.
func (c *Code) With(format string, args ...any) *Error {
	return &Error{Code: c, Detail: fmt.Sprintf(format, args...)}
}

// At names the field that is refused, as the message spells it, and why.
func (c *Code) At(field, format string, args ...any) *Error {
	return &Error{Code: c, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// CodeOf finds the code in an error; nil where there is none, and the error is then no refusal of the chain.
func CodeOf(err error) *Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	var c *Code
	if errors.As(err, &c) {
		return c
	}
	return nil
}

var all = map[uint32]*Code{}

// Set is one module's block of codes.
type Set struct {
	module string
	base   uint32
	next   uint32
}

// NewSet opens the block of numbers [base+1, base+99] for a module. base is a multiple of 100.
func NewSet(module string, base uint32) *Set {
	if base%Block != 0 {
		panic(fmt.Sprintf("errs: base %d of %s is no multiple of %d", base, module, Block))
	}
	return &Set{module: module, base: base}
}

// New numbers the next code of the block. Codes are declared in their order of precedence.
func (s *Set) New(name, rule, do string) *Code {
	s.next++
	c := &Code{Module: s.module, Number: s.base + s.next, Name: name, Rule: rule, Do: do}
	if s.next >= Block {
		panic("errs: the block of " + s.module + " is full")
	}
	if old, dup := all[c.Number]; dup {
		panic(fmt.Sprintf("errs: %s.%s takes number %d of %s.%s", c.Module, c.Name, c.Number, old.Module, old.Name))
	}
	all[c.Number] = c
	return c
}

// ByNumber finds a registered code; nil where this program knows none.
func ByNumber(n uint32) *Code { return all[n] }

// All lists every registered code by number.
func All() []*Code {
	out := make([]*Code, 0, len(all))
	for _, n := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[n])
	}
	return out
}
