package kernel_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

func TestParseGenesis(t *testing.T) {
	for text, want := range map[string]string{ // what the refusal must name; empty: it is taken
		`{"development":true,"utc_offset_s":28800}`: "",
		`{}`:                          "",
		` {"utc_offset_s":-50400} `:   "",
		`{"utc_offset_s":50401}`:      "utc_offset_s",
		`{"utc_offset_s":-50401}`:     "utc_offset_s",
		`{"developments":true}`:       "developments",
		`{"calls":[{"methods":"x"}]}`: "methods",
		`{"calls":[{"method":1}]}`:    "method",
		`{} {}`:                       "behind",
		`{"development":true`:         "genesis",
		``:                            "genesis",
		`[]`:                          "genesis",
	} {
		g, err := kernel.ParseGenesis([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: want %q, got %v", text, want, err)
		}
		if text == `{"development":true,"utc_offset_s":28800}` && (!g.Development || g.UTCOffsetS != 28_800) {
			t.Error(g)
		}
	}
}

// genesisCall is a toy call of genesis that runs a script.
func genesisCall(method, script string) kernel.GenesisCall {
	return kernel.GenesisCall{Method: "toy." + method, Message: json.RawMessage(`{"kind":"` + script + `"}`)}
}

// Genesis is governance's calls in order, before block 1, whose ids follow from the chain's id.
func TestGenesisCalls(t *testing.T) {
	var got []id.ID
	y := &toy{scripts: map[string]script{
		"two": func(c *kernel.Ctx) error {
			got = append(got, c.NewID(), c.NewID())
			if c.Caller() != kernel.Governance || c.Height() != 0 || c.BlockTime() != kerneltest.Start || !c.Development() || c.Today() != 20_458 {
				t.Error("what genesis is told:", c.Caller(), c.Height(), c.BlockTime(), c.Today())
			}
			numbers.Insert(c, 1, number(1))
			return c.SetParam("toy.size_bytes", 0, 77, "genesis")
		},
		"see": func(c *kernel.Ctx) error {
			got = append(got, c.NewID())
			if !numbers.Has(c, 1) {
				t.Error("a later call does not see an earlier one's writes")
			}
			return nil
		},
	}}
	y.end = func(c *kernel.Ctx) []kernel.ValidatorUpdate {
		if c.Height() == 0 {
			return []kernel.ValidatorUpdate{{PublicKey: []byte("change"), Power: 3}} // the whole set has it
		}
		return nil
	}
	y.whole = func(*kernel.Ctx) []kernel.ValidatorUpdate {
		return []kernel.ValidatorUpdate{{PublicKey: []byte("first"), Power: 10}}
	}
	w := newWorldOf(t, y, genesisCall("Governed", "two"), genesisCall("Both", "see"))
	seed := kernelv1.GenesisSeed(kerneltest.ChainID)
	if want := []id.ID{kernelv1.CreatedID(seed, 0, 0), kernelv1.CreatedID(seed, 0, 1), kernelv1.CreatedID(seed, 1, 0)}; !slices.Equal(got, want) {
		t.Error(got)
	}
	if len(w.Validators) != 1 || w.Validators[0].Power != 10 || w.View().Param(toyParam) != 77 || !numbers.Has(w.View(), 1) {
		t.Error(w.Validators, w.View().Param(toyParam))
	}
	if n := w.M.NetworkOf(w.Mem); !n.Development || n.UtcOffsetS != 8*3600 {
		t.Error(n)
	}
}

// A genesis with a call that fails is none; what is refused is said with the call's number.
func TestGenesisRefused(t *testing.T) {
	y := &toy{scripts: map[string]script{"refuse": func(*kernel.Ctx) error { return errRefused }}}
	m := kernel.NewMachine(kerneltest.ChainID, newRegistry(), y.module())
	for name, tc := range map[string]struct {
		call kernel.GenesisCall
		want error
	}{
		"refused by its handler":      {genesisCall("Governed", "refuse"), errRefused},
		"not governance's":            {genesisCall("Do", ""), kernel.ErrNotPermitted},
		"no method":                   {genesisCall("None", ""), kernel.ErrUnknownMethod},
		"no message":                  {kernel.GenesisCall{Method: "toy.Governed", Message: json.RawMessage(`{"kind":1}`)}, kernel.ErrMalformed},
		"an unknown field":            {kernel.GenesisCall{Method: "toy.Governed", Message: json.RawMessage(`{"kinds":"x"}`)}, kernel.ErrMalformed},
		"a field out of its bounds":   {kernel.GenesisCall{Method: "toy.Governed", Message: json.RawMessage(`{"dueUnixS":"-1"}`)}, errField},
		"a field that no code judges": {kernel.GenesisCall{Method: "toy.Governed", Message: json.RawMessage(`{"payload":"YWJj"}`)}, kernel.ErrInvalid},
	} {
		g := &kernel.Genesis{Calls: []kernel.GenesisCall{genesisCall("Governed", ""), tc.call}}
		if _, _, err := m.InitGenesis(kerneltest.NewMemory(), g, kernel.Info{}); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), "genesis call 1") {
			t.Errorf("%s: want %v, got %v", name, tc.want, err)
		}
	}
}

// lived is a world with records in every collection.
func lived(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.must(alice, busy(1, nil), busy(2, nil), func(c *kernel.Ctx) error {
		c.ShiftClock(60)
		notes.Insert(c, id.Hash("note"), number(4))
		return c.SetParam("toy.size_bytes", 0, 9, "vote")
	})
	if r := w.Raw(w.Sign(w.Body(pair, w.call(pair, "toy.Do", busy(3, nil))), pair)); r.Err != nil {
		t.Fatal(r.Err)
	}
	return w
}

// begin starts a new chain from an export, and returns the state after its first block.
func begin(t *testing.T, w *world, chain string, records []kernel.GenesisRecord) *kerneltest.Memory {
	t.Helper()
	m := kernel.NewMachine(chain, w.reg, w.toy.module())
	mem := kerneltest.NewMemory()
	info := kernel.Info{TimeUnixS: w.Time}
	state, _, err := m.InitGenesis(mem, &kernel.Genesis{Development: true, UTCOffsetS: 8 * 3600, Records: records, ExportedFrom: w.M.Chain()}, info)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.ContentHash(m.Export(state)); got != m.ContentHash(records) {
		t.Error("content after import is not what it was before export")
	}
	run := m.Begin(state, kernel.Info{Height: 1, TimeUnixS: w.Time + 1, Hash: []byte("first")}, kernel.LoadIDs(m.View(state, info)))
	mem.Apply(run.End().Changes)
	return mem
}

// Export → import: the content is equal, two imports make the same state, and the chain goes on from it.
func TestExportImport(t *testing.T) {
	w := lived(t)
	records := w.M.Export(w.Mem)
	if !slices.IsSortedFunc(records, func(a, b kernel.GenesisRecord) int { return bytes.Compare(a.Key, b.Key) }) || len(records) < 10 {
		t.Fatal(len(records), "records, not in order of key")
	}
	b, err := json.Marshal(&kernel.Genesis{Records: records, ExportedFrom: "test-1"})
	if err != nil {
		t.Fatal(err)
	}
	read, err := kernel.ParseGenesis(b)
	if err != nil {
		t.Fatal(err)
	}
	one, two := begin(t, w, "test-2", records), begin(t, w, "test-2", read.Records)
	a, c := w.M.Export(one), w.M.Export(two)
	if w.M.ContentHash(a) != w.M.ContentHash(c) || len(a) != len(c) {
		t.Error("two imports differ")
	}
	for i := range a {
		if !bytes.Equal(a[i].Key, c[i].Key) || !bytes.Equal(a[i].Value, c[i].Value) {
			t.Errorf("two imports differ at %x", a[i].Key)
		}
	}
	v := w.M.View(one, kernel.Info{TimeUnixS: w.Time + 1})
	if v.Totals(alice.ID).SentCount != 1 || v.Param(toyParam) != 9 || v.Now() != w.Time+61 || !numbers.Has(v, 3) {
		t.Error("what the new chain begins with", v.Totals(alice.ID), v.Param(toyParam), v.Now())
	}
	if kernel.LoadIDs(v).Len() != 0 {
		t.Error("the old chain's ids are the new one's")
	}
	rec := &kernelv1.Range{}
	raw, _ := one.Get(kernelv1.RangeKey())
	if err := kernelv1.Unframe(raw, rec); err != nil || rec.Count != 1 {
		t.Error("the mountain range is of the new chain's blocks:", rec, err)
	}
}

// One changed byte of one record changes the content's hash; the chain's own blocks play no part.
func TestContentHash(t *testing.T) {
	w := lived(t)
	records := w.M.Export(w.Mem)
	want := w.M.ContentHash(records)
	for i, r := range records {
		of := r.Collection == "kernel.range" || r.Collection == "kernel.ids"
		changed := slices.Clone(records)
		changed[i].Value = slices.Clone(r.Value)
		changed[i].Value[0] ^= 1
		if got := w.M.ContentHash(changed); (got == want) != of {
			t.Errorf("a change in %s: equal %v", r.Collection, got == want)
		}
		if got := w.M.ContentHash(append(slices.Clone(records[:i]), records[i+1:]...)); (got == want) != of {
			t.Errorf("without a record of %s: equal %v", r.Collection, got == want)
		}
	}
}

// Under the same chain's id everything that has not expired could be played again: refused.
func TestImportRefused(t *testing.T) {
	w := lived(t)
	records := w.M.Export(w.Mem)
	with := func(change func(*kernel.Genesis)) error {
		g := &kernel.Genesis{Records: slices.Clone(records), ExportedFrom: "test-0"}
		change(g)
		_, _, err := w.M.InitGenesis(kerneltest.NewMemory(), g, kernel.Info{})
		return err
	}
	if err := with(func(*kernel.Genesis) {}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*kernel.Genesis){
		"the same chain":       func(g *kernel.Genesis) { g.ExportedFrom = "test-1" },
		"nobody says whose":    func(g *kernel.Genesis) { g.ExportedFrom = "" },
		"another collection":   func(g *kernel.Genesis) { g.Records[0].Collection = "toy.notes" },
		"no collection":        func(g *kernel.Genesis) { g.Records[0].Key = []byte{99, 1} },
		"an unreadable record": func(g *kernel.Genesis) { g.Records[0].Value = append(make([]byte, 16), 0xff) },
		"no mark":              func(g *kernel.Genesis) { g.Records[0].Value = make([]byte, 15) },
	} {
		if err := with(change); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	w.Mem.Apply([]kernel.Change{{Key: []byte{99, 9, 9}, Value: []byte{1}}})
	fatally(t, "export of a record of no collection", func() { w.M.Export(w.Mem) })
}
