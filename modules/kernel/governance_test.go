package kernel_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
)

// Run executes calls of an agreed proposal: as governance, charged to nobody, within the transaction that carries
// them; Check tells beforehand what could not run.
func TestRunAndCheck(t *testing.T) {
	w := newWorld(t)
	w.toy.scripts["write"] = func(c *kernel.Ctx) error {
		if c.Caller() != kernel.Governance {
			t.Error("called by", c.Caller())
		}
		numbers.Save(c, 1, number(1), true)
		c.Emit(number(1))
		return nil
	}
	w.toy.scripts["refuse"] = func(c *kernel.Ctx) error {
		numbers.Insert(c, 2, number(2))
		return errRefused
	}
	message := func(change func(*do)) []byte {
		m := &do{}
		m.Kind, m.Round = "write", 5
		change(m)
		return encode(m)
	}
	for name, tc := range map[string]struct {
		method  string
		message []byte
		check   error
		run     error
	}{
		"governance's":                {"toy.Governed", message(func(*do) {}), nil, nil},
		"governance's too":            {"toy.Both", message(func(*do) {}), nil, nil},
		"what its handler refuses":    {"toy.Governed", message(func(m *do) { m.Kind = "refuse" }), nil, errRefused},
		"not governance's":            {"toy.Do", message(func(*do) {}), kernel.ErrNotPermitted, kernel.ErrNotPermitted},
		"no method":                   {"toy.None", nil, kernel.ErrUnknownMethod, kernel.ErrUnknownMethod},
		"no message":                  {"toy.Governed", []byte{0xff}, kernel.ErrMalformed, kernel.ErrMalformed},
		"another encoding":            {"toy.Governed", []byte{0x78, 1}, kernel.ErrNotCanonical, kernel.ErrNotCanonical},
		"a field out of its bounds":   {"toy.Governed", message(func(m *do) { m.DueUnixS = -1 }), errField, errField},
		"a field that no code judges": {"toy.Governed", message(func(m *do) { m.Payload = []byte("abc") }), kernel.ErrInvalid, kernel.ErrInvalid},
	} {
		w.must(alice, func(c *kernel.Ctx) error {
			if err := c.Check(tc.method, tc.message); !errors.Is(err, tc.check) {
				t.Errorf("%s: check: want %v, got %v", name, tc.check, err)
			}
			if err := c.Try(func(c *kernel.Ctx) error { return c.Run(tc.method, tc.message) }); !errors.Is(err, tc.run) {
				t.Errorf("%s: run: want %v, got %v", name, tc.run, err)
			}
			if c.Caller() != alice.ID {
				t.Error("Run changes who called")
			}
			return nil
		})
	}
	if v := w.View(); !numbers.Has(v, 1) || numbers.Has(v, 2) || charged.Has(v, alice.ID) || charged.Has(v, kernel.Governance) {
		t.Error("what governance wrote")
	}
}

// Things that calls of one proposal create have ids of their own.
func TestRunNamesApart(t *testing.T) {
	w := newWorld(t)
	var got []id.ID
	w.toy.scripts["new"] = func(c *kernel.Ctx) error {
		got = append(got, c.NewID())
		return nil
	}
	m := &do{}
	m.Kind = "new"
	w.must(alice, func(c *kernel.Ctx) error {
		got = append(got, c.NewID())
		err := errors.Join(c.Run("toy.Governed", encode(m)), c.Run("toy.Governed", encode(m)))
		got = append(got, c.NewID())
		return err
	})
	slices.SortFunc(got, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	if len(slices.Compact(got)) != 4 {
		t.Error(got)
	}
}

// At is the same state as a later block finds it: its time, its height, and the parameters of its day.
func TestAt(t *testing.T) {
	w := newWorld(t)
	w.must(alice, func(c *kernel.Ctx) error { return c.SetParam("toy.size_bytes", c.Today()+1, 50, "vote") })
	now := w.View()
	then := now.At(kernel.Info{Height: 99, TimeUnixS: w.Time + day})
	if then.Height() != 99 || then.BlockTime() != w.Time+day || then.Today() != now.Today()+1 || then.Param(toyParam) != 50 {
		t.Error(then.Height(), then.BlockTime(), then.Today(), then.Param(toyParam))
	}
	if now.Height() != w.Height || now.BlockTime() != w.Time || now.Param(toyParam) != 5 {
		t.Error("At changes what it was made of")
	}
	tx := w.parse(w.Body(alice, w.call(alice, "toy.Do", nil)), alice)
	if err := w.M.Judge(then, tx, w.IDs, func(key.Public, []byte, []byte) error { return nil }); !errors.Is(err, kernel.ErrExpired) {
		t.Error(err)
	}
}

// Nobody can act as governance, whatever they sign.
func TestGovernanceIsNoAccount(t *testing.T) {
	w := newWorld(t)
	b := w.Body(alice, w.call(alice, "toy.Governed", nil))
	b.Calls[0].As = kernel.Governance.Bytes()
	if r := w.Raw(w.Sign(b, alice)); !errors.Is(r.Err, kernel.ErrUnknown) {
		t.Error(r.Err)
	}
}

// Invariants report every violation that they find, of every module, in order.
func TestInvariantsReportAll(t *testing.T) {
	even := func(c *kernel.Ctx, violated func(string, ...any)) {
		numbers.Each(c, nil, func(_ []byte, n *kernelv1.Count) bool {
			if n.Count%2 == 1 {
				violated("%d is odd", n.Count)
			}
			return true
		})
	}
	small := func(c *kernel.Ctx, violated func(string, ...any)) {
		numbers.Each(c, nil, func(_ []byte, n *kernelv1.Count) bool {
			if n.Count > 4 {
				violated("%d is large", n.Count)
			}
			return true
		})
	}
	w := newWorldOf(t, &toy{checks: []kernel.Invariant{{Name: "even", Check: even}, {Name: "small", Check: small}}})
	w.NoInvariants = true
	for _, n := range []uint64{2, 5, 3, 8} {
		w.Plant(numbers.Key(kernel.Uint64(n)), number(n))
	}
	want := []string{"toy/even: 3 is odd", "toy/even: 5 is odd", "toy/small: 5 is large", "toy/small: 8 is large"}
	if got := w.M.CheckInvariants(w.View()); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

// The numbers of the kernel's codes, and every one's words: what rule refused, and what to do.
func TestCodesSpeak(t *testing.T) {
	if kernel.CodeNumber(nil) != 0 || kernel.CodeNumber(kernel.ErrExpired.At("x", "y")) != kernel.ErrExpired.Number {
		t.Error("CodeNumber")
	}
	f := kernel.Fatal{Err: errors.New("cause")}
	if f.Error() != "fatal: cause" {
		t.Error(f)
	}
}
