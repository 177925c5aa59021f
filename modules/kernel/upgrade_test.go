package kernel_test

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// taught gives the world's machine a second protocol, whose migration writes a number.
func taught(w *world) {
	w.M.WithUpgrades(kernel.Upgrade{Migrate: func(c *kernel.Ctx) { numbers.Insert(c, 2, number(uint64(c.Protocol()))) }})
}

func plan(protocol uint32, height int64) script {
	return func(c *kernel.Ctx) error { return c.PlanUpgrade(protocol, height, "see the release") }
}

func TestPlanUpgradeRefused(t *testing.T) {
	w := newWorld(t)
	for _, tc := range []struct {
		name   string
		script script
		ok     bool
	}{
		{"nothing to cancel", func(c *kernel.Ctx) error { return c.CancelUpgrade() }, false},
		{"this protocol", plan(1, 1000), false},
		{"one left out", plan(3, 1000), false},
		{"too soon", func(c *kernel.Ctx) error { return c.PlanUpgrade(2, c.Height()+kernel.UpgradeNotice-1, "") }, false},
		{"good", func(c *kernel.Ctx) error { return c.PlanUpgrade(2, c.Height()+kernel.UpgradeNotice, "") }, true},
		{"a second", plan(2, 2000), false},
		{"cancelled", func(c *kernel.Ctx) error { return c.CancelUpgrade() }, true},
		{"cancelled again", func(c *kernel.Ctx) error { return c.CancelUpgrade() }, false},
		{"planned again", plan(2, 2000), true},
	} {
		if err := w.run(alice, tc.script).Err; (err == nil) != tc.ok || err != nil && !errors.Is(err, kernel.ErrUpgrade) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// The first block by the new rules is the planned one: its migration ran before its transactions, which see the new number.
func TestUpgradeAtItsHeight(t *testing.T) {
	w := newWorld(t)
	taught(w)
	at := w.Height + 1 + kernel.UpgradeNotice
	w.must(alice, plan(2, at))
	for w.Height < at-1 {
		var saw uint32
		w.must(alice, func(c *kernel.Ctx) error { saw = c.Protocol(); return nil })
		if _, migrated := numbers.Get(w.View(), 2); saw != 1 || migrated {
			t.Fatalf("height %d runs by protocol %d, migrated: %t", w.Height, saw, migrated)
		}
	}
	if p := w.View().Plan(); p.GetHeight() != at || p.Info != "see the release" {
		t.Error(p)
	}
	var saw uint32
	w.must(alice, func(c *kernel.Ctx) error { saw = c.Protocol(); return nil })
	n, _ := numbers.Get(w.View(), 2)
	if w.Height != at || saw != 2 || n.GetCount() != 2 || w.View().Plan() != nil || w.View().Protocol() != 2 {
		t.Errorf("height %d ran by protocol %d, migration saw %d, plan %v", w.Height, saw, n.GetCount(), w.View().Plan())
	}
	rec := &kernelv1.Protocol{}
	if !w.Read(kernelv1.ProtocolKey(), rec) || rec.Number != 2 {
		t.Error(rec)
	}
}

func TestUpgradeCancelled(t *testing.T) {
	w := newWorld(t)
	at := w.Height + 1 + kernel.UpgradeNotice
	w.must(alice, plan(2, at))
	w.must(alice, func(c *kernel.Ctx) error { return c.CancelUpgrade() })
	for w.Height <= at { // the machine does not know protocol 2 and would stop
		w.Block()
	}
	if w.View().Protocol() != 1 {
		t.Error("upgraded in spite of the cancellation")
	}
}

func TestUpgradeBeyondTheProgram(t *testing.T) {
	w := newWorld(t)
	at := w.Height + 1 + kernel.UpgradeNotice
	w.must(alice, plan(2, at))
	for w.Height < at-1 {
		w.Block()
	}
	if next := w.View().At(kernel.Info{Height: at}); next.Protocol() != 2 || w.M.Protocol() != 1 {
		t.Error("the node cannot see that it must stop:", next.Protocol())
	}
	fatally(t, "a block by unknown rules", func() { w.Block() })
}

// A method of the next protocol is unknown until then, to senders and to governance, and then is there.
func TestMethodSinceAProtocol(t *testing.T) {
	w := newWorld(t)
	taught(w)
	at := w.Height + 1 + kernel.UpgradeNotice
	later := func() error { return w.Raw(w.Sign(w.Body(alice, w.call(alice, "toy.Later", nil)), alice)).Err }
	if err := later(); !errors.Is(err, kernel.ErrUnknownMethod) {
		t.Error("before:", err)
	}
	w.must(alice, func(c *kernel.Ctx) error {
		for what, err := range map[string]error{"checked": c.Check("toy.Later", nil), "run": c.Run("toy.Later", nil)} {
			if !errors.Is(err, kernel.ErrUnknownMethod) {
				t.Error(what, err)
			}
		}
		return c.PlanUpgrade(2, at, "")
	})
	for w.Height < at {
		w.Block()
	}
	if err := later(); err != nil {
		t.Error("then:", err)
	}
}

func TestGenesisOfALaterProtocol(t *testing.T) {
	w := newWorld(t)
	begin := func(protocol uint32) (*kernel.Overlay, error) {
		state, _, err := w.M.InitGenesis(w.Mem, &kernel.Genesis{Protocol: protocol}, kernel.Info{})
		return state, err
	}
	if _, err := begin(2); err == nil {
		t.Error("a genesis by unknown rules was taken")
	}
	taught(w)
	state, err := begin(2)
	if err != nil || w.M.View(state, kernel.Info{}).Protocol() != 2 {
		t.Error(err)
	}
}
