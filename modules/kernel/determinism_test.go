package kernel_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

// verbs are what the workload's calls do; each depends on state, so that a difference grows.
var verbs = map[string]script{
	"count": func(c *kernel.Ctx) error {
		n, _ := notes.Get(c, c.Caller())
		notes.Save(c, c.Caller(), number(n.GetCount()+1), true)
		c.Emit(number(n.GetCount()), c.Caller())
		return c.Tally(c.Caller(), uint32(n.GetCount()%3)+1, "CNY", 1, int64(n.GetCount()))
	},
	"create": func(c *kernel.Ctx) error {
		notes.Insert(c, c.NewID(), number(uint64(c.Height())))
		c.Keep(c.NewID().Bytes())
		return nil
	},
	"book": func(c *kernel.Ctx) error {
		_, err := c.Book(c.Now()+int64(c.CallNumber())*3, c.Caller(), "one", c.Caller().Bytes())
		return err
	},
	"param": func(c *kernel.Ctx) error { return c.SetParam("toy.size_bytes", c.Today(), c.Height()%100+1, "x") },
	"fail": func(c *kernel.Ctx) error {
		notes.Insert(c, c.NewID(), number(1))
		return errRefused
	},
	"try": func(c *kernel.Ctx) error {
		_ = c.Try(func(c *kernel.Ctx) error { notes.Insert(c, c.NewID(), number(2)); return errRefused })
		return nil
	},
}

func newTwin(t *testing.T) *world {
	y := &toy{scripts: verbs}
	y.due = map[string]func(*kernel.Ctx, int64, []byte) error{"one": func(c *kernel.Ctx, due int64, p []byte) error {
		notes.Insert(c, c.NewID(), number(uint64(due)))
		if due%2 == 0 {
			return errRefused
		}
		return c.Tally(id.Must(p), 9, "CNY", 1, due)
	}}
	y.end = func(c *kernel.Ctx) []kernel.ValidatorUpdate {
		return []kernel.ValidatorUpdate{{PublicKey: c.NewID().Bytes(), Power: c.Param(toyParam)}}
	}
	return newWorldOf(t, y)
}

// Two machines that get the same blocks make the same results and the same changes, key by key and byte by byte; the
// one also where it starts anew from state before every block.
func TestTwoMachinesAreOne(t *testing.T) {
	names := []string{"count", "create", "book", "param", "fail", "try"}
	actors := []kerneltest.Actor{alice, bob, pair}
	rapid.Check(t, func(rt *rapid.T) {
		a, b := newTwin(t), newTwin(t)
		for range rapid.IntRange(1, 8).Draw(rt, "blocks") {
			var raws [][]byte
			for range rapid.IntRange(0, 4).Draw(rt, "transactions") {
				sender := rapid.SampledFrom(actors).Draw(rt, "sender")
				body := a.Body(sender)
				for range rapid.IntRange(1, 3).Draw(rt, "calls") {
					m := &do{}
					m.Kind = rapid.SampledFrom(names).Draw(rt, "verb")
					m.Round = rapid.Uint64Range(0, 14).Draw(rt, "gives")
					body.Calls = append(body.Calls, &txv1.Call{Method: "toy.Do", Message: encode(m)})
				}
				raws = append(raws, cheap(body, sender))
			}
			pause := rapid.SampledFrom([]int64{0, 2, 700}).Draw(rt, "pause")
			b.M = kernel.NewMachine(kerneltest.ChainID, b.reg, b.toy.module())
			b.IDs = kernel.LoadIDs(b.View())
			one, two := a.playOut(rt, raws, pause), b.playOut(rt, raws, pause)
			if d := cmp.Diff(one, two, protocmp.Transform(), cmp.AllowUnexported(kernel.IDChanges{}), cmp.Comparer(sameError)); d != "" {
				rt.Fatalf("two machines differ:\n%s", d)
			}
		}
	})
}

func sameError(a, b error) bool { return kernel.CodeNumber(a) == kernel.CodeNumber(b) }

// played is all that a block leaves.
type played struct {
	Results []kernel.Result
	Outcome *kernel.Outcome
}

// playOut parses and runs bytes in a block, and commits it.
func (w *world) playOut(rt *rapid.T, raws [][]byte, pause int64) played {
	w.Time += pause + 1
	w.Height++
	run := w.M.Begin(kernel.NewOverlay(w.Mem), kernel.Info{Height: w.Height, TimeUnixS: w.Time, Hash: bytes.Repeat([]byte{byte(w.Height)}, 32)}, w.IDs)
	var out played
	for _, raw := range raws {
		tx, err := w.M.Parse(raw)
		if err != nil {
			rt.Fatal(err)
		}
		out.Results = append(out.Results, run.Deliver(tx))
	}
	out.Outcome = run.End()
	w.Mem.Apply(out.Outcome.Changes)
	w.IDs.Apply(out.Outcome.IDs)
	return out
}
