package statement

import (
	"fmt"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/sdk"
)

// line is a movement before it has its place.
type line struct {
	key Key
	Movement
}

// explain makes lines of an entry: its changes, each broken up by the events that say what it is made of where they add
// up to it, and else as one line. Deposits must be explained, for the change does not say at which bank.
func explain(e *sdk.Entry, me id.ID) ([]line, error) {
	var told []Telling
	for _, event := range e.Events {
		told = append(told, Tell(event, me))
	}
	var out []line
	for _, c := range e.Changes {
		lines, whole := broken(c, told)
		if !whole && c.Class == depositv1.ClassHeld {
			return nil, fmt.Errorf("%w: entry %d (block %d) changes deposits by %d %s, which its events do not say; a newer version of this program may know them",
				ErrSums, e.Number, e.Height, c.AmountMinor, c.Currency)
		}
		if !whole {
			lines = []line{{key: keyOf(c, Telling{}), Movement: Movement{Telling: about(told, c.Class), Count: c.Count, AmountMinor: c.AmountMinor}}}
		}
		out = append(out, lines...)
	}
	return out, nil
}

// broken are the lines of a change by the events that name its class; whole where they add up to it.
func broken(c *kernelv1.Change, told []Telling) (out []line, whole bool) {
	var sum int64
	for _, t := range told {
		minor, has := t.Sums[c.Class]
		if !has || t.Currency != "" && t.Currency != c.Currency {
			continue
		}
		sum += minor
		out = append(out, line{key: keyOf(c, t), Movement: Movement{Telling: t, AmountMinor: minor}})
	}
	if sum != c.AmountMinor || len(out) == 0 {
		return nil, false
	}
	each := int64(1)
	if c.Count < 0 {
		each = -1
	}
	for i := range out {
		if c.Count == each*int64(len(out)) {
			out[i].Count = each
		}
	}
	if c.Count != each*int64(len(out)) {
		out[len(out)-1].Count = c.Count
	}
	return out, true
}

func keyOf(c *kernelv1.Change, t Telling) Key {
	k := Key{Class: c.Class, Currency: c.Currency}
	if c.Class == depositv1.ClassHeld {
		k.Bank = t.Bank
	}
	return k
}

// about picks what a line that stands for several events is called by: one that names the class, else the last.
func about(told []Telling, class uint32) (out Telling) {
	for _, t := range told {
		if _, has := t.Sums[class]; has || out.Kind == "" || out.Sums == nil {
			out = t
		}
	}
	out.AmountMinor = 0
	return out
}
