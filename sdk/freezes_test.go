package sdk_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
	"google.golang.org/protobuf/proto"
)

// must sends messages that take effect.
func must(t *testing.T, c *sdk.Client, messages ...proto.Message) sdk.Outcome {
	t.Helper()
	o, err := c.Do(t.Context(), messages...)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func freezing(t *testing.T, court *sdk.Client, pkg []byte, lo, hi int64) *voucherv1.Freeze {
	t.Helper()
	now, err := court.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &voucherv1.Freeze{Package: pkg, Extent: voucherv1.RangeExtent(lo, hi), Reason: "order 7", UntilUnixS: now.Add(time.Hour).Unix()}
}

// Freezes are proven complete: a package's by the package, an authority's and a holder's by their totals.
func TestFreezesAreComplete(t *testing.T) {
	s := newStage(t, nil)
	court := s.chain.Dial("court")
	pkg := id.Must(s.parts[0].Package)
	if none, err := s.tier1.Frozen(t.Context()); err != nil || len(none.Records) != 0 {
		t.Fatal(none, err)
	}
	must(t, court, freezing(t, court, pkg[:], 101, 300))
	must(t, court, freezing(t, court, pkg[:], 301, 400))
	laid, err := court.Laid(t.Context())
	if err != nil || len(laid.Records) != 2 {
		t.Fatal(laid, err)
	}
	all, err := s.tier1.Freezes(t.Context(), pkg)
	if err != nil || len(all.Records) != 2 || all.Records[0].Reason != "order 7" {
		t.Fatal(all, err)
	}
	frozen, err := s.tier1.Frozen(t.Context())
	if err != nil || len(frozen.Records) != 2 || total(frozen.Totals) != 300 || len(frozen.Records[0].Freezes) != 1 {
		t.Fatal(frozen, err)
	}
	held, err := s.tier1.Holdings(t.Context())
	if err != nil || total(held.Totals) != 3_003 {
		t.Error("frozen is subtracted from held:", held.Totals, err)
	}
	if _, err := s.tier1.Freezes(t.Context(), id.Hash("no package")); !errors.Is(err, sdk.ErrNotFound) {
		t.Error(err)
	}
	s.liar.lies(bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) {
		if len(a.Keys) > 0 {
			a.Keys = a.Keys[1:]
		}
	}})
	if got, err := s.tier1.Freezes(t.Context(), pkg); !errors.Is(err, sdk.ErrIncomplete) {
		t.Error("one left out:", got.Records, err)
	}
	if got, err := s.tier1.Frozen(t.Context()); !errors.Is(err, sdk.ErrIncomplete) {
		t.Error("one left out:", got.Records, err)
	}
	s.liar.lies(bends{})
	must(t, court, &voucherv1.Release{Package: pkg[:], Freeze: laid.Records[0].Id})
	if all, err = s.tier1.Freezes(t.Context(), pkg); err != nil || len(all.Records) != 1 {
		t.Error(all, err)
	}
}

// A trail over merges is walked page by page to its one issue, each entry once, and is checked as any other.
func TestTrailOverMerges(t *testing.T) {
	s := newStage(t, nil)
	tier2, bank := s.chain.Dial(sdktest.Tier2), s.chain.Dial(sdktest.Bank)
	now, err := bank.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	contract := id.Hash("order").Bytes()
	must(t, bank, &voucherv1.CheckDocument{Documents: [][]byte{contract}})
	for _, c := range []*sdk.Client{s.tier1, tier2} {
		must(t, c, &voucherv1.SetStandingAcceptance{
			Checker: bank.Account().Bytes(), Currency: "CNY", MaxMinor: 1_000, UntilUnixS: now.Add(24 * time.Hour).Unix(),
		})
	}
	pkg, entries := s.parts[0].Package, 1
	of := func(c *sdk.Client) (out []*voucherv1.Part) {
		for _, p := range partsOf(t, c) {
			if bytes.Equal(p.Package, pkg) {
				out = append(out, p)
			}
		}
		slices.SortFunc(out, func(a, b *voucherv1.Part) int { return int(a.Lo - b.Lo) })
		return out
	}
	pass := func(from, to *sdk.Client) {
		m := &voucherv1.Transfer{}
		for _, p := range of(from) {
			m.Items = append(m.Items, &voucherv1.TransferItem{Part: p.Ref(), To: to.Account().Bytes(), Background: &voucherv1.Background{Contract: contract}})
		}
		must(t, from, m)
		entries += len(m.Items)
	}
	for range 4 {
		whole := of(s.tier1)[0]
		must(t, s.tier1, &voucherv1.Split{Part: whole.Ref(), PiecesMinor: hundredPieces(whole.Units())})
		pass(s.tier1, tier2)
		pass(tier2, s.tier1)
		merge := &voucherv1.Merge{Package: pkg}
		for _, p := range of(s.tier1) {
			merge.Parts = append(merge.Parts, p.Ref())
		}
		must(t, s.tier1, merge)
		entries += 100 + 1
	}
	last := of(s.tier1)[0]
	trail, _, err := s.tier1.Trail(t.Context(), id.Must(pkg), id.Must(last.Number))
	if err != nil || len(trail) != entries || trail[0].Step != voucherv1.Step_STEP_ISSUED || trail[entries-1].Step != voucherv1.Step_STEP_MERGED || int(last.Trail) != entries {
		t.Fatalf("%d entries of %d, the part says %d: %v", len(trail), entries, last.Trail, err)
	}
	for name, bend := range map[string]func(*gatev1.TrailResponse){
		"a join cut":        func(a *gatev1.TrailResponse) { a.Entries[1] = a.Entries[1][:len(a.Entries[1])-32] },
		"a join changed":    func(a *gatev1.TrailResponse) { a.Entries[1][40] ^= 1 },
		"a page twice":      func(a *gatev1.TrailResponse) { a.Entries = append(a.Entries, a.Entries...) },
		"its second half":   func(a *gatev1.TrailResponse) { a.Entries = a.Entries[len(a.Entries)/2:] },
		"nothing but joins": func(a *gatev1.TrailResponse) { a.Entries = a.Entries[1:2] },
	} {
		s.liar.lies(bends{trail: bend})
		if got, _, err := s.tier1.Trail(t.Context(), id.Must(pkg), id.Must(last.Number)); err == nil || got != nil {
			t.Errorf("%s: believed %d entries, %v", name, len(got), err)
		}
	}
	// Whoever holds one unit is shown that unit's trade alone: its split, its two passes and its merge in each round.
	s.liar.lies(bends{})
	must(t, s.tier1, &voucherv1.Split{Part: last.Ref(), PiecesMinor: []int64{1, last.Units() - 1}})
	low := of(s.tier1)[0]
	trail, _, err = s.tier1.Trail(t.Context(), id.Must(pkg), id.Must(low.Number))
	if err != nil || len(trail) != 1+4*4+1 {
		t.Errorf("%d entries of one unit: %v", len(trail), err)
	}
	for i, e := range trail {
		if e.Hi < low.Lo || low.Hi < e.Lo {
			t.Errorf("entry %d is of [%d..%d], the part has [%d..%d]", i, e.Lo, e.Hi, low.Lo, low.Hi)
		}
	}
}

func hundredPieces(units int64) []int64 {
	out := make([]int64, 100)
	for i := range out {
		out[i] = 1
	}
	out[99] = units - 99
	return out
}
