package kernel_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

func TestInsertUpdateDelete(t *testing.T) {
	w := newWorld(t)
	c, _ := w.open()
	k := id.Hash("note")
	fatally(t, "update of no record", func() { notes.Update(c, k, number(1)) })
	fatally(t, "delete of no record", func() { notes.Delete(c, k) })
	notes.Insert(c, k, number(1))
	fatally(t, "insert over a record", func() { notes.Insert(c, k, number(2)) })
	notes.Update(c, k, number(3))
	if v, ok := notes.Get(c, k); !ok || v.Count != 3 {
		t.Error(v, ok)
	}
	notes.Delete(c, k)
	if v, ok := notes.Get(c, k); ok || v != nil || notes.Has(c, k) {
		t.Error("a deleted record is there")
	}
	notes.Insert(c, k, number(4)) // a key may live again
}

func TestGetIsFresh(t *testing.T) {
	w := newWorld(t)
	c, _ := w.open()
	numbers.Insert(c, 1, number(5))
	v, _ := numbers.Get(c, 1)
	v.Count = 6
	if again, _ := numbers.Get(c, 1); again.Count != 5 {
		t.Error("what a reader changed is in state")
	}
}

func TestUnreadableIsFatal(t *testing.T) {
	w := newWorld(t)
	key := numbers.Key(1)
	for name, raw := range map[string][]byte{
		"shorter than a mark": bytes.Repeat([]byte{1}, kernelv1.MarkSize-1),
		"no message":          append(bytes.Repeat([]byte{1}, kernelv1.MarkSize), 0xff),
	} {
		w.Mem.Apply([]kernel.Change{{Key: key, Value: raw}})
		fatally(t, name, func() { numbers.Get(w.View(), 1) })
		fatally(t, name+", walked over", func() {
			numbers.Each(w.View(), nil, func([]byte, *kernelv1.Count) bool { return true })
		})
	}
}

// A record starts with its mark: of the transaction, so that two records of equal content differ.
func TestRecordsCarryMarks(t *testing.T) {
	w := newWorld(t)
	write := func(n uint64) script {
		return func(c *kernel.Ctx) error {
			numbers.Insert(c, kernel.Uint64(n), number(7))
			return nil
		}
	}
	w.must(alice, write(1))
	w.must(alice, write(2))
	a, _ := w.Mem.Get(numbers.Key(1))
	b, _ := w.Mem.Get(numbers.Key(2))
	if !bytes.Equal(a[kernelv1.MarkSize:], b[kernelv1.MarkSize:]) || bytes.Equal(a, b) || len(a) != kernelv1.MarkSize+2 {
		t.Errorf("%x, %x", a, b)
	}
}

func TestEachAndBetween(t *testing.T) {
	w := newWorld(t)
	c, _ := w.open()
	a, b := id.Hash("a"), id.Hash("b")
	for _, k := range []pairKey{kernel.Join(a, kernel.Text("y")), kernel.Join(b, kernel.Text("z")), kernel.Join(a, kernel.Text("")), kernel.Join(a, kernel.Text("x"))} {
		texts.Insert(c, k, number(uint64(len(k.B))))
	}
	walk := func(prefix kernel.Key, most int) (keys []string) {
		texts.Each(c, prefix, func(k []byte, _ *kernelv1.Count) bool {
			keys = append(keys, string(k))
			return len(keys) < most
		})
		return keys
	}
	if got, want := walk(a, 9), []string{string(a[:]), string(a[:]) + "x", string(a[:]) + "y"}; !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	if got := walk(nil, 9); len(got) != 4 || !slices.IsSorted(got) {
		t.Errorf("%x", got)
	}
	if got := walk(nil, 2); len(got) != 2 {
		t.Errorf("%x", got)
	}
	var n int
	texts.Between(c, kernel.Join(a, kernel.Text("x")), kernel.Join(a, kernel.Text("y")), func(k []byte, _ *kernelv1.Count) bool {
		n++
		return string(k) == string(a[:])+"x"
	})
	if n != 1 {
		t.Error(n, "records between x and y")
	}
}

func TestAfter(t *testing.T) {
	for _, tc := range []struct{ prefix, want string }{{"00", "01"}, {"0100", "0101"}, {"01ff", "02"}, {"01ffff", "02"}, {"ff", ""}, {"", ""}} {
		p, _ := hex.DecodeString(tc.prefix)
		if got := hex.EncodeToString(kernel.After(p)); got != tc.want || hex.EncodeToString(p) != tc.prefix {
			t.Errorf("%s: %s, want %s", tc.prefix, got, tc.want)
		}
	}
}

// The kernel's state keys are of the wire: other languages build them too.
func TestKeysGolden(t *testing.T) {
	var a id.ID
	for i := range a {
		a[i] = 0xaa
	}
	aa := strings.Repeat("aa", 32)
	for name, tc := range map[string]struct {
		got  []byte
		want string
	}{
		"network":    {kernelv1.NetworkKey(), "0001"},
		"clock":      {kernelv1.ClockKey(), "0002"},
		"range":      {kernelv1.RangeKey(), "0003"},
		"ids":        {kernelv1.StateKey(kernelv1.PrefixBlockIDs), "0004"},
		"totals":     {kernelv1.TotalsKey(a), "0005" + aa},
		"queue":      {kernelv1.StateKey(kernelv1.PrefixQueue), "0006"},
		"lanes":      {kernelv1.StateKey(kernelv1.PrefixQueueLanes), "0007"},
		"parameter":  {kernelv1.ParameterKey("toy.x"), "0008" + "746f792e78"},
		"protocol":   {kernelv1.ProtocolKey(), "0009"},
		"id":         {notes.Key(a), "5a01" + aa},
		"number":     {numbers.Key(0x0102), "5a02" + "0000000000000102"},
		"pair, text": {texts.Key(kernel.Join(a, kernel.Text("CNY"))), "5a03" + aa + "434e59"},
	} {
		if got := hex.EncodeToString(tc.got); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

func TestCollectionsOfTheMachine(t *testing.T) {
	w := newWorld(t)
	want := []string{
		"kernel.network", "kernel.clock", "kernel.range", "kernel.ids", "kernel.totals", "kernel.queue", "kernel.queue_lanes",
		"kernel.parameters", "kernel.protocol", "toy.notes", "toy.numbers", "toy.texts", "toy.charged",
	}
	var got []string
	for _, c := range w.M.Collections() {
		got = append(got, c.Name)
		if found := w.M.CollectionOf(append(c.Prefix[:], 1, 2)); found != c {
			t.Errorf("%s is found as %v", c.Name, found)
		}
		if err := proto.Unmarshal(nil, c.New()); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if w.M.CollectionOf([]byte{99, 1, 1}) != nil || w.M.CollectionOf([]byte{0}) != nil || w.M.CollectionOf(nil) != nil {
		t.Error("a collection of no prefix")
	}
}

// The kernel's own records: parameters, network, clock, range and protocol are for every session, the others for none.
func TestReadersOfTheKernel(t *testing.T) {
	w := newWorld(t)
	for _, c := range w.M.Collections() {
		who := c.Readers(c.New())
		public := c.Name == "kernel.network" || c.Name == "kernel.clock" || c.Name == "kernel.range" || c.Name == "kernel.parameters" || c.Name == "kernel.protocol"
		if strings.HasPrefix(c.Name, "kernel.") && (who.Public != public || len(who.Parties)+len(who.Members) != 0) {
			t.Errorf("%s is read by %+v", c.Name, who)
		}
	}
	n := notes.Declared()
	if who := n.Readers(number(3)); who.Public || who.Parties[0] != id.Hash("3") {
		t.Errorf("%+v", who)
	}
	if l := n.Lists[0]; l.Name != "toy.notes" || l.Subjects(number(3))[0] != id.Hash("3") {
		t.Error("list")
	}
}

func TestFaultsOfTheProgramPanicAtStart(t *testing.T) {
	other := kernel.NewMap[id.ID]("other.notes", kernel.Prefix{91, 1}, public)
	samePrefix := kernel.NewMap[id.ID]("other.notes", kernel.Prefix{90, 1}, public)
	sameName := kernel.NewMap[id.ID]("toy.notes", kernel.Prefix{91, 1}, public)
	sameList := kernel.NewMap[id.ID]("other.notes", kernel.Prefix{91, 1}, public, kernel.ListOf("toy.notes", noteSubjects))
	ofKernel := kernel.NewMap[id.ID]("other.notes", kernelv1.PrefixTotals, public)
	collections := func(m kernel.Map[id.ID, *kernelv1.Count]) *kernel.Module {
		return &kernel.Module{Name: "other", Collections: []*kernel.Collection{m.Declared()}}
	}
	route := func(method string, y *toy) *kernel.Module {
		return &kernel.Module{Name: "other", Routes: []kernel.Route{kernel.On(method, kernel.Need{}, gives, y.run)}}
	}
	y := &toy{}
	for name, mod := range map[string]*kernel.Module{
		"same prefix":        collections(samePrefix),
		"prefix of kernel's": collections(ofKernel),
		"same name":          collections(sameName),
		"same list":          collections(sameList),
		"same method":        {Name: "toy", Routes: []kernel.Route{kernel.On("toy.Do", kernel.Need{}, gives, y.run)}},
		"another's method":   route("toy.New", y),
		"no gives":           {Name: "other", Routes: []kernel.Route{kernel.On("other.Do", kernel.Need{}, nil, y.run)}},
		"same kind of item":  {Name: "other", Due: y.module().Due},
	} {
		panics(t, name, func() { kernel.NewMachine("x", newRegistry(), y.module(), mod) })
	}
	two := collections(other)
	two.Routes = route("other.Do", y).Routes
	kernel.NewMachine("x", newRegistry(), y.module(), two)
}
