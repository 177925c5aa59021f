package kernel_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

// busy writes, tells, keeps, tallies and books, and then returns the error.
func busy(n uint64, err error) script {
	return func(c *kernel.Ctx) error {
		numbers.Insert(c, kernel.Uint64(n), number(n))
		c.Emit(&kernelv1.Count{Count: n}, alice.ID)
		c.Keep([]byte("kept"))
		if e := c.Tally(alice.ID, 7, "CNY", 1, int64(n)); e != nil {
			return e
		}
		if _, e := c.Book(c.Now()+100, alice.Member, "one", nil); e != nil {
			return e
		}
		return err
	}
}

// A failing second call takes back the first: its records, totals, items, events and kept bytes. Only the sent link
// is there, with the code, and the id is consumed.
func TestAllOrNothing(t *testing.T) {
	w := newWorld(t)
	before := records(w)
	r := w.run(alice, busy(1, nil), busy(2, errRefused))
	if !errors.Is(r.Err, errRefused) || r.Code != errRefused.Number || len(r.Events) != 0 || r.Data != nil {
		t.Errorf("%+v", r)
	}
	if len(r.Kept) != 1 || !bytes.HasPrefix(r.Kept[0], []byte("sent")) {
		t.Errorf("kept %q", r.Kept)
	}
	var differ []string
	for k, v := range records(w) {
		if before[k] != v {
			differ = append(differ, w.M.CollectionOf([]byte(k)).Name)
		}
	}
	if got := len(differ); got != 3 { // ids, totals, range
		t.Errorf("a failed transaction changed %v", differ)
	}
	if tot := w.Totals(alice.ID); len(tot.Lines) != 0 || tot.SentCount != 1 {
		t.Error(tot)
	}
	ok := w.run(alice, busy(1, nil), busy(2, nil))
	if ok.Err != nil || len(ok.Events) != 2 || len(ok.Kept) != 4 || w.Totals(alice.ID).Total(7, "CNY").AmountMinor != 3 {
		t.Errorf("%+v", ok)
	}
}

func records(w *world) map[string]string {
	out := map[string]string{}
	w.Mem.Range(nil, []byte{0xff, 0xff}, func(k, v []byte) bool {
		out[string(k)] = string(v)
		return true
	})
	return out
}

// The next transaction of the block meets the state that the failed one met.
func TestAFailureInTheMiddleOfABlock(t *testing.T) {
	w := newWorld(t)
	tx := func(f script) *kernel.Tx { return w.parse(w.Body(alice, w.call(alice, "toy.Do", f)), alice) }
	got := w.Block(tx(busy(1, nil)), tx(busy(2, errRefused)), tx(busy(2, nil)), tx(func(c *kernel.Ctx) error {
		if !numbers.Has(c, 1) || !numbers.Has(c, 2) {
			t.Error("earlier writes are not seen")
		}
		return nil
	}))
	for i, want := range []error{nil, errRefused, nil, nil} {
		if !errors.Is(got[i].Err, want) {
			t.Error(i, got[i].Err)
		}
	}
}

// Try nests: what an inner one takes back leaves what the outer one wrote.
func TestTryNests(t *testing.T) {
	w := newWorld(t)
	r := w.must(alice, func(c *kernel.Ctx) error {
		return c.Try(func(c *kernel.Ctx) error {
			numbers.Insert(c, 1, number(1))
			c.Emit(number(1))
			if err := c.Try(busy(2, errRefused)); !errors.Is(err, errRefused) {
				t.Error(err)
			}
			if err := c.Try(busy(3, nil)); err != nil {
				t.Error(err)
			}
			return nil
		})
	})
	if v := w.View(); !numbers.Has(v, 1) || numbers.Has(v, 2) || !numbers.Has(v, 3) || len(r.Events) != 2 || len(r.Kept) != 3 {
		t.Error("what is left:", len(r.Events), len(r.Kept))
	}
}

// An error that has no code is a fault of the program, and so is a panic of a module.
func TestAnErrorWithoutACodeIsFatal(t *testing.T) {
	w := newWorld(t)
	tx := w.parse(w.Body(alice, w.call(alice, "toy.Do", func(*kernel.Ctx) error { return errors.New("plain") })), alice)
	fatally(t, "plain error", func() { w.Block(tx) })
}

// The chain of sent transactions walks back from the proven head to the first: each link is found by its hash, and
// says id, body, code and height. The failed ones are there too.
func TestSentChain(t *testing.T) {
	w := newWorld(t)
	kept := map[id.ID]*kernelv1.Link{}
	var bodies []*txv1.Body
	for i := range uint64(6) {
		var f script
		if i%3 == 2 {
			f = func(*kernel.Ctx) error { return errRefused }
		}
		body := w.Body(alice, w.call(alice, "toy.Do", f))
		bodies = append(bodies, body)
		r := w.Raw(w.Sign(body, alice))
		b := bytes.TrimPrefix(r.Kept[len(r.Kept)-1], []byte("sent"))
		link := &kernelv1.Link{}
		if err := proto.Unmarshal(b, link); err != nil {
			t.Fatal(err)
		}
		kept[kernelv1.LinkHash(b)] = link
	}
	w.must(bob, nil) // another's chain is its own
	tot := w.Totals(alice.ID)
	if tot.SentCount != 6 {
		t.Fatal(tot.SentCount)
	}
	head := tot.SentHead
	for n := uint64(6); n > 0; n-- {
		l := kept[id.Must(head)]
		if l == nil {
			t.Fatalf("link %d is not found by its hash", n)
		}
		wantCode := uint32(0)
		if n%3 == 0 {
			wantCode = errRefused.Number
		}
		h := txv1.Hash(encode(bodies[n-1]))
		if l.Number != n || l.Code != wantCode || !bytes.Equal(l.Id, bodies[n-1].Id) || !bytes.Equal(l.BodyHash, h[:]) || l.Height != int64(n)+1 {
			t.Errorf("link %d: %v", n, l)
		}
		head = l.Prev
	}
	if len(head) != 0 {
		t.Error("the first link has a link before it")
	}
}

// Ids of created things follow from sender, id, number of the call and item: a client knows them before.
func TestCreatedIDs(t *testing.T) {
	w := newWorld(t)
	var got []id.ID
	twice := func(c *kernel.Ctx) error {
		got = append(got, c.NewID(), c.NewID())
		return nil
	}
	body := w.Body(alice, w.call(bob, "toy.Do", twice), w.call(alice, "toy.Do", twice))
	if r := w.Raw(w.Sign(body, alice, bob)); r.Err != nil {
		t.Fatal(r.Err)
	}
	seed := kernelv1.SeedOf(alice.ID, body.Id)
	for i, want := range []id.ID{
		kernelv1.CreatedID(seed, 0, 0), kernelv1.CreatedID(seed, 0, 1), kernelv1.CreatedID(seed, 1, 0), kernelv1.CreatedID(seed, 1, 1),
	} {
		if got[i] != want {
			t.Errorf("item %d is %s", i, got[i])
		}
	}
}

// What a handler is told of where it runs.
func TestCtx(t *testing.T) {
	w := newWorld(t)
	var ran id.ID
	body := w.Body(alice, w.call(alice, "toy.Do", nil), w.call(bob, "toy.Do", func(c *kernel.Ctx) error {
		if c.Chain() != "test-1" || c.Height() != w.Height || c.BlockTime() != w.Time || c.Now() != w.Time || !c.Development() {
			t.Error("chain, height, time", c.Chain(), c.Height(), c.BlockTime(), c.Now())
		}
		if c.Caller() != bob.ID || c.CallNumber() != 1 || c.Today() != 20_458 {
			t.Error("caller, call, day", c.Caller(), c.CallNumber(), c.Today())
		}
		ran = c.Transaction()
		if s, err := c.Active(alice.ID); err != nil || s.Member != alice.Member {
			t.Error(s, err)
		}
		if _, err := c.Active(invited.ID); !errors.Is(err, kernel.ErrInactive) {
			t.Error(err)
		}
		if s, err := c.Standing(invited.ID); err != nil || s.Active {
			t.Error(s, err)
		}
		_, err := c.Active(nobody.ID)
		return err
	}))
	r := w.Raw(w.Sign(body, alice, bob))
	if !errors.Is(r.Err, kernel.ErrUnknown) || r.Hash != txv1.Hash(encode(body)) || ran != r.Hash {
		t.Error(r.Err)
	}
}
