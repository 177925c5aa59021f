package sdk

import (
	"errors"
	"fmt"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/sdk/internal/light"
	"github.com/splittally/splittally/sdk/internal/proof"
)

// What can go wrong between a client and the chain. Each is wrapped with the case.
var (
	// ErrProof: a node's answer is not what the chain's state says. The answer is dropped; use another node.
	ErrProof = proof.Err
	// ErrHeader: a header does not follow from those that are trusted.
	ErrHeader = light.ErrForged
	// ErrPowerChange: a third or more of the voting power would change in one block.
	ErrPowerChange = light.ErrPower
	// ErrFork: two nodes show two validly signed headers for one height.
	ErrFork = light.ErrFork
	// ErrNoWitness: no second node confirmed a header.
	ErrNoWitness = light.ErrNoWitness
	// ErrTrustExpired: the newest trusted header is more than 14 days old.
	ErrTrustExpired = light.ErrExpired
	// ErrPin: the node's key is not the one that is pinned: it is another machine, or its key was changed.
	ErrPin = errors.New("the node is not the one that is pinned; ask its operator for the pin")
	// ErrStale: a node answers from the past, or its clock or this machine's is wrong.
	ErrStale = errors.New("the node's answer is too old")
	// ErrIncomplete: a list does not add up to the proven count and sum: something is left out.
	ErrIncomplete = errors.New("the node's list is not complete")
	// ErrNotVisible: the node says that this account may not read the record.
	ErrNotVisible = errors.New("this account may not read the record; ask its owner, or use an account that may")
	// ErrNotFound: the record is proven absent.
	ErrNotFound = errors.New("there is no such record")
	// ErrHistoryMissing: no endpoint has an entry of the account: they joined from snapshots, or the chain began from an
	// export, after it. Add an older node to the endpoints, or ask for a later period.
	ErrHistoryMissing = gatev1.ErrHistoryMissing
	// ErrUnsettled: it is not known yet whether a transaction ran; Settle its Ticket after it has expired.
	ErrUnsettled = errors.New("it is not known yet whether the transaction ran: settle its ticket after its expiry")
	// ErrNeverRan: a transaction expired without having run, and never will. It may be sent anew.
	ErrNeverRan = errors.New("the transaction expired and never ran: it may be sent anew")
	// ErrAnswer: a node's answer has not the form that the gate's contract gives it.
	ErrAnswer = errors.New("the node's answer is malformed")
)

// Refusal is the chain's no to a transaction. errors.Is matches its code: errors.Is(err, voucherv1.ErrNotHolder).
type Refusal struct {
	// Number is the code in the result; Code is nil where this program knows none of that number.
	Number uint32
	Code   *errs.Code
	// Told is the node's own words, with the figures of the case; they are not proven.
	Told string
	// Proven: the transaction stands in a block with this code. Otherwise it is the node's own check that refused, and a
	// node that lies could still send the transaction until it expires; Settle the Ticket where that matters.
	Proven bool
	Ticket Ticket
}

// Error says which rule refused and what to do next.
func (r *Refusal) Error() string {
	switch {
	case r.Told != "":
		return r.Told
	case r.Code != nil:
		return r.Code.Error()
	}
	return fmt.Sprintf("the chain refused with code %d, which this version does not know: update it", r.Number)
}

// Unwrap gives the code, so that errors.Is and errs.CodeOf find it.
func (r *Refusal) Unwrap() error {
	if r.Code == nil {
		return nil
	}
	return r.Code
}

// headerError gives an error about headers; one from before what is trusted is an answer from the past.
func headerError(err error) error {
	if errors.Is(err, light.ErrTooOld) {
		return fmt.Errorf("%w: %w", ErrStale, err)
	}
	return err
}

func refused(number uint32, told string, t Ticket, proven bool) *Refusal {
	return &Refusal{Number: number, Code: errs.ByNumber(number), Told: clip(told), Proven: proven, Ticket: t}
}

// maxTold bounds what is shown of a node's words.
const maxTold = 2_000

func clip(s string) string {
	if len(s) > maxTold {
		return s[:maxTold]
	}
	return s
}
