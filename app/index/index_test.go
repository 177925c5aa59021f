package index_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// stateKeys are those that the property writes: records of all three collections, some a prefix of another's.
func stateKeys() (out [][]byte) {
	for n := range byte(6) {
		out = append(out, things.Key(id.ID{n}), silent.Key(id.ID{n}))
	}
	for _, t := range []kernel.Text{"", "a", "ab", "abc", "\x00", "\xff\xff"} {
		out = append(out, others.Key(t))
	}
	return out
}

// Whatever blocks insert, change and delete, every list is what state alone gives, in any size of page.
func TestListsAreWhatStateSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newChain(nil)
		c.tb = fatal{t: t}
		for range rapid.IntRange(1, 12).Draw(t, "blocks") {
			out := &kernel.Outcome{}
			for _, k := range stateKeys() {
				switch _, there := c.state.Get(k); rapid.IntRange(0, 5).Draw(t, "what") {
				case 0, 1:
					out.Changes = append(out.Changes, kernel.Change{Key: k, Value: record(c.tb, &kernelv1.QueueItem{
						Lane: rapid.SampledFrom([][]byte{nil, subject('x').Bytes(), subject('y').Bytes()}).Draw(t, "lane"),
						Kind: rapid.StringMatching(`[abc]{0,3}`).Draw(t, "kind"),
					})})
				case 2:
					if there {
						out.Changes = append(out.Changes, kernel.Change{Key: k})
					}
				}
			}
			c.block(nil, out)
			page := rapid.IntRange(1, 9).Draw(t, "page")
			for _, name := range lists {
				for _, letter := range "abcxyz" {
					got, want := c.list(name, subject(byte(letter)), page), c.rebuilt(name, subject(byte(letter)))
					if !bytes.Equal(bytes.Join(got, []byte("|")), bytes.Join(want, []byte("|"))) {
						t.Fatalf("%s of %c: %x, state has %x", name, letter, got, want)
					}
				}
			}
		}
	})
}

// fatal lets the helpers of a test end a property.
type fatal struct {
	testing.TB
	t *rapid.T
}

func (f fatal) Helper()                           {}
func (f fatal) Fatal(args ...any)                 { f.t.Fatal(args...) }
func (f fatal) Fatalf(format string, args ...any) { f.t.Fatalf(format, args...) }

func result(n byte, err error) kernel.Result {
	body := id.Hash("body", []byte{n})
	return kernel.Result{
		Hash: body, Err: err, Code: kernel.CodeNumber(err), Accounts: []id.ID{subject(n)},
		Events: []*kernelv1.Event{{Type: fmt.Sprint("event ", n)}},
		Kept:   [][]byte{[]byte(fmt.Sprint("sent link ", n)), []byte(fmt.Sprint("part entry ", n))},
	}
}

func TestOutcomes(t *testing.T) {
	c := newChain(t)
	refusal := kernel.ErrNotPermitted.With("5.00 of 3.00 CNY")
	c.block([]kernel.Result{result(1, nil), result(2, refusal)}, &kernel.Outcome{})
	c.block(nil, &kernel.Outcome{})
	c.block([]kernel.Result{result(3, nil)}, &kernel.Outcome{Events: []*kernelv1.Event{{Type: "of the block"}}})
	for _, tc := range []struct {
		n     byte
		place index.Place
		code  uint32
		log   string
	}{{1, index.Place{Height: 1}, 0, ""}, {2, index.Place{Height: 1, Number: 1}, kernel.ErrNotPermitted.Number, refusal.Error()}, {3, index.Place{Height: 3}, 0, ""}} {
		tx, place, err := index.Outcome(c.side, result(tc.n, nil).Hash)
		if err != nil || tx == nil || place != tc.place || tx.Code != tc.code || tx.Log != tc.log || len(tx.Events) != 1 {
			t.Errorf("%d: %v at %v, %v", tc.n, tx, place, err)
		}
		if tc.log != "" && (len(tx.Accounts) != 1 || !bytes.Equal(tx.Accounts[0], subject(tc.n).Bytes())) {
			t.Errorf("%d: the words are whose? %x", tc.n, tx.Accounts)
		}
	}
	if tx, _, err := index.Outcome(c.side, id.ID{9}); tx != nil || err != nil {
		t.Errorf("an outcome of what never ran: %v %v", tx, err)
	}
}

func TestKept(t *testing.T) {
	c := newChain(t)
	ofBlock := []byte("part of the block's own work")
	same := []byte("endo kept twice")
	first, second := result(1, nil), result(2, nil)
	first.Kept, second.Kept = append(first.Kept, same), append(second.Kept, same)
	c.block([]kernel.Result{first, second}, &kernel.Outcome{Kept: [][]byte{[]byte("sent a"), ofBlock}})
	c.block([]kernel.Result{result(3, nil)}, &kernel.Outcome{})
	for _, b := range append(append(first.Kept, second.Kept...), append(result(3, nil).Kept, ofBlock)...) {
		if got, err := index.Kept(c.side, kernelv1.KeptHash(b)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%q is kept as %q, %v", b, got, err)
		}
	}
	if got, err := index.Kept(c.side, id.ID{1}); got != nil || err != nil {
		t.Errorf("nobody kept %q %v", got, err)
	}
}

// An entry is found by its hash for its own account alone, with the events of its transaction that name the account.
func TestEntry(t *testing.T) {
	c := newChain(t)
	me, other := subject('m'), subject('o')
	keep := func(account id.ID, number uint64) ([]byte, id.ID) {
		b, err := proto.Marshal(&kernelv1.Entry{Account: account.Bytes(), Number: number})
		if err != nil {
			t.Fatal(err)
		}
		return append([]byte(kernelv1.TagEntry), b...), kernelv1.EntryHash(b)
	}
	mine, hash := keep(me, 1)
	theirs, hashOfTheirs := keep(other, 1)
	ofBlock, hashOfBlock := keep(me, 2)
	party := kernelv1.Visibility_VISIBILITY_PARTY
	events := []*kernelv1.Event{
		{Type: "of both", Parties: [][]byte{me.Bytes(), other.Bytes()}, Visibility: party},
		{Type: "of the other", Parties: [][]byte{other.Bytes()}, Visibility: party},
		{Type: "of me", Parties: [][]byte{me.Bytes()}, Visibility: party},
		{Type: "of nobody"},
		{Type: "for regulators", Parties: [][]byte{me.Bytes()}, Visibility: kernelv1.Visibility_VISIBILITY_REGULATOR},
	}
	r := result(1, nil)
	r.Events, r.Kept = events, append(r.Kept, mine, theirs)
	c.block([]kernel.Result{result(2, nil), r}, &kernel.Outcome{Kept: [][]byte{ofBlock}, Events: events[2:3]})
	for name, tc := range map[string]struct {
		account, hash id.ID
		want          []byte
		events        int
	}{
		"mine": {me, hash, mine, 2}, "the block's": {me, hashOfBlock, ofBlock, 1}, "theirs": {other, hashOfTheirs, theirs, 2},
		"another's": {me, hashOfTheirs, nil, 0}, "a link": {me, kernelv1.KeptHash(r.Kept[0]), nil, 0}, "none": {me, id.ID{1}, nil, 0},
	} {
		got, events, err := index.Entry(c.side, tc.account, tc.hash)
		if err != nil || len(events) != tc.events || tc.want == nil && got != nil || tc.want != nil && !bytes.Equal(got, tc.want[4:]) {
			t.Errorf("%s: %x with %d events, %v", name, got, len(events), err)
		}
	}
	if _, _, err := index.Entry(broken{}, me, hash); !errors.Is(err, errDisk) {
		t.Error(err)
	}
}

func TestBlocksByHeight(t *testing.T) {
	c := newChain(t)
	c.block([]kernel.Result{result(1, nil), result(2, nil), result(3, nil)}, &kernel.Outcome{Events: []*kernelv1.Event{{Type: "of block 1"}}})
	c.block(nil, &kernel.Outcome{})
	c.block([]kernel.Result{result(4, nil)}, &kernel.Outcome{Events: []*kernelv1.Event{{Type: "of block 3"}, {Type: "and another"}}})
	for h, want := range map[int64][2]int{1: {3, 1}, 2: {0, 0}, 3: {1, 2}} {
		b, txs, err := index.BlockAt(c.side, h)
		if err != nil || b == nil || len(txs) != want[0] || int(b.Transactions) != want[0] || len(b.Events) != want[1] || b.TimeUnixS != 1_000+h {
			t.Errorf("block %d: %v, %d transactions, %v", h, b, len(txs), err)
		}
	}
	_, txs, _ := index.BlockAt(c.side, 1)
	for i, tx := range txs {
		if want := result(byte(i+1), nil).Hash; !bytes.Equal(tx.Hash, want[:]) {
			t.Errorf("transaction %d is out of order", i)
		}
	}
	for _, h := range []int64{0, 4, -1, 1 << 62} {
		if b, txs, err := index.BlockAt(c.side, h); b != nil || txs != nil || err != nil {
			t.Errorf("block %d: %v %v", h, b, err)
		}
	}
}

// A block with more transactions than one byte counts keeps their order.
func TestManyTransactionsKeepTheirOrder(t *testing.T) {
	c := newChain(t)
	var results []kernel.Result
	for n := range 700 {
		results = append(results, kernel.Result{Hash: id.Hash("many", []byte(fmt.Sprint(n)))})
	}
	c.block(results, &kernel.Outcome{})
	_, txs, err := index.BlockAt(c.side, 1)
	if err != nil || len(txs) != 700 {
		t.Fatal(len(txs), err)
	}
	for i, tx := range txs {
		if !bytes.Equal(tx.Hash, results[i].Hash[:]) {
			t.Fatalf("transaction %d is out of order", i)
		}
	}
}

// Lists whose names are prefixes of each other, and keys of a client's choice, do not run into one another.
func TestListsStayApart(t *testing.T) {
	c := newChain(t)
	c.block(nil, &kernel.Outcome{Changes: []kernel.Change{
		{Key: others.Key("one"), Value: record(t, &kernelv1.QueueItem{Kind: "a"})},
		{Key: things.Key(id.ID{1}), Value: record(t, &kernelv1.QueueItem{Kind: "a", Lane: subject('a').Bytes()})},
	}})
	for _, name := range lists {
		if got := c.list(name, subject('a'), 10); len(got) != 1 {
			t.Errorf("%s has %d", name, len(got))
		}
	}
	for _, name := range []string{"", "thing", "things.", "things.by_holder.", "no such list"} {
		if got := c.list(name, subject('a'), 10); len(got) != 0 {
			t.Errorf("%q has %x", name, got)
		}
	}
	for _, after := range [][]byte{{0xff}, bytes.Repeat([]byte{0xff}, 100), {80, 1, 2}} {
		keys, more, err := index.List(c.side, "things.by_holder", subject('a'), after, 10)
		if err != nil || more || len(keys) != 0 {
			t.Errorf("after %x: %x %v %v", after, keys, more, err)
		}
	}
	if keys, more, err := index.List(c.side, "things", subject('a'), nil, 0); err != nil || len(keys) != 0 || !more {
		t.Errorf("a page of none: %d %v %v", len(keys), more, err)
	}
}

// broken fails every read.
type broken struct{}

var errDisk = errors.New("the disk is gone")

func (broken) Get([]byte) ([]byte, bool, error) { return nil, false, errDisk }

func (broken) Range(_, _ []byte, _ bool, _ func(k, v []byte) bool) error { return errDisk }

func TestErrorsComeThrough(t *testing.T) {
	_, _, err1 := index.Outcome(broken{}, id.ID{})
	_, err2 := index.Kept(broken{}, id.ID{})
	_, _, err3 := index.List(broken{}, "things", id.ID{}, nil, 1)
	_, _, err4 := index.BlockAt(broken{}, 1)
	for i, err := range []error{err1, err2, err3, err4} {
		if !errors.Is(err, errDisk) {
			t.Errorf("read %d: %v", i, err)
		}
	}
	c := newChain(t)
	_, err := c.x.Changes(index.Block{Height: 1, Outcome: &kernel.Outcome{Changes: []kernel.Change{{Key: things.Key(id.ID{}), Value: []byte{1}}}}, Before: c.state.Get})
	if err == nil {
		t.Error("a record that cannot be read was indexed")
	}
	hash := result(1, nil).Hash
	s := &side{values: map[string][]byte{string(append([]byte("T"), hash[:]...)): {1, 2}}}
	if _, _, err := index.Outcome(s, hash); err == nil {
		t.Error("a place of two bytes was read")
	}
}
