package voucher

import (
	"slices"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

const hours = 3_600

// The order of refusals: each row mends what the row before was refused for.
func TestFreezeRefusals(t *testing.T) {
	w := newWorld(t)
	waiting := w.pending(100, "w")
	pkg, _ := w.active(500, "a")
	settled, p := w.active(300, "b")
	w.returned(alpha, acme, p, 0)
	m := w.freezing(hash("x"), 0, 501, 100)
	fix := func(change func()) *voucherv1.Freeze {
		change()
		return proto.CloneOf(m)
	}
	w.InOrder(
		kerneltest.Step{As: court, Do: &voucherv1.Freeze{}, Want: voucherv1.ErrField},
		kerneltest.Step{As: court, Do: fix(func() {}), Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: court, Do: fix(func() { m.Package = waiting.Id }), Want: voucherv1.ErrNotLive},
		kerneltest.Step{As: court, Do: fix(func() { m.Package = settled.Id }), Want: voucherv1.ErrExtent},
		kerneltest.Step{As: court, Do: fix(func() { m.Extent = hash("x") }), Want: voucherv1.ErrExtent},
		kerneltest.Step{As: court, Do: fix(func() { m.Extent = voucherv1.RangeExtent(0, 5) }), Want: voucherv1.ErrExtent},
		kerneltest.Step{As: court, Do: fix(func() { m.Extent = voucherv1.RangeExtent(6, 5) }), Want: voucherv1.ErrExtent},
		kerneltest.Step{As: court, Do: fix(func() { m.Extent = voucherv1.RangeExtent(1, 301) }), Want: voucherv1.ErrExtent},
		kerneltest.Step{As: court, Do: fix(func() { m.Extent = voucherv1.RangeExtent(1, 300) }), Want: voucherv1.ErrNothingThere},
		kerneltest.Step{As: court, Do: fix(func() { m.Package = pkg.Id }), Want: voucherv1.ErrFreezeUntil},
		kerneltest.Step{As: court, Do: fix(func() { m.UntilUnixS = w.Time + 1 }), Want: voucherv1.ErrFreezeUntil},
		kerneltest.Step{As: court, Do: fix(func() { m.UntilUnixS = w.Time + 73*hours }), Want: voucherv1.ErrFreezeUntil},
		kerneltest.Step{As: court, Do: fix(func() { m.UntilUnixS = w.Time + 71*hours })}, // twelve blocks after w.Time
		kerneltest.Step{As: court, Do: fix(func() { m.UntilUnixS = w.Time + 72*hours + 13 }), Want: voucherv1.ErrFrozenBefore},
	)
	full := w.pkg(pkg.Id)
	full.Freezes = voucherv1.MaxFreezes
	w.NoInvariants = true
	w.Plant(voucherv1.PackageKey(id.Must(pkg.Id)), full)
	w.Refused(voucherv1.ErrFreezesFull, police, w.freezing(pkg.Id, 1, 1, 1))
}

func TestOneMemberLaysSoManyFreezes(t *testing.T) {
	w := newWorld(t)
	pkg, _ := w.active(500, "a")
	w.NoInvariants = true
	for range voucherv1.MaxFreezesByOne {
		w.frozen(court, pkg.Id, 1, 500, 1)
	}
	w.Refused(voucherv1.ErrFreezesFull, court, w.freezing(pkg.Id, 1, 500, 1))
	w.Must(police, w.freezing(pkg.Id, 1, 500, 1))
}

func TestReleaseRefusals(t *testing.T) {
	w := newWorld(t)
	pkg, _ := w.active(500, "a")
	f := w.frozen(court, pkg.Id, 1, 500, 1)
	w.InOrder(
		kerneltest.Step{As: police, Do: &voucherv1.Release{}, Want: voucherv1.ErrField},
		kerneltest.Step{As: police, Do: &voucherv1.Release{Package: hash("x"), Freeze: f.Id}, Want: voucherv1.ErrNoPackage},
		kerneltest.Step{As: police, Do: &voucherv1.Release{Package: pkg.Id, Freeze: hash("x")}, Want: voucherv1.ErrNoFreeze},
		kerneltest.Step{As: police, Do: release(f), Want: voucherv1.ErrNotFreezer},
		kerneltest.Step{As: court, Do: release(f)},
	)
	w.Refused(voucherv1.ErrNoFreeze, court, release(f))
	// Governance releases what an authority laid; an authority not what governance laid.
	f = w.frozen(police, pkg.Id, 1, 500, 1)
	if _, err := w.voted(release(f)); err != nil {
		t.Error(err)
	}
	w.total(police, voucherv1.ClassLaid, 0, 0)
	if _, err := w.voted(w.freezing(pkg.Id, 1, 500, 1)); err != nil {
		t.Fatal(err)
	}
	w.Refused(voucherv1.ErrNotFreezer, court, release(w.laid(pkg.Id)[0]))
}

func (w *world) laid(pkg []byte) ice { return laidOn(w.View(), w.pkg(pkg)) }

// What is frozen stands still: each verb by name, and that it goes again afterwards.
func TestWhatIsFrozenStandsStill(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, splitInto(p.Ref(), 100, 100, 300))
	w.Must(alpha, items(w.give(w.parts(pkg.Id)[0], beta, 0)))
	w.welcome(gamma, 500)
	all := w.parts(pkg.Id)
	atOnce := w.give(all[1], gamma, 0)
	atOnce.OfferExpiresUnixS = 0
	verbs := []kerneltest.Step{
		{As: alpha, Do: items(w.give(all[1], beta, 0))},
		{As: alpha, Do: items(w.give(all[1], beta, 10))},
		{As: alpha, Do: items(atOnce)},
		{As: alpha, Do: splitInto(all[1].Ref(), 50, 50)},
		{As: alpha, Do: w.merging(all[1], all[2])},
		{As: beta, Do: acceptOffer(all[0])},
	}
	f := w.frozen(court, pkg.Id, 1, 150, 1)
	cut := w.parts(pkg.Id)[1] // [101..150] of [101..200]
	for i, v := range verbs {
		switch do := v.Do.(type) {
		case *voucherv1.Transfer:
			do.Items[0].Part, do.Items[0].AmountMinor = cut.Ref(), min(do.Items[0].AmountMinor, 5)
		case *voucherv1.Split:
			do.Part, do.PiecesMinor = cut.Ref(), []int64{25, 25}
		case *voucherv1.Merge:
			v.Do = w.merging(cut, w.parts(pkg.Id)[2])
		}
		if got := w.Do(v.As, v.Do); kernel.CodeNumber(got.Err) != voucherv1.ErrFrozen.Number {
			t.Errorf("%d: %v", i, got.Err)
		}
	}
	// What moves nothing stays possible, and what is not frozen goes.
	w.Must(alpha, items(w.give(w.parts(pkg.Id)[2], beta, 0)))
	w.Must(beta, &voucherv1.RejectOffer{Part: all[0].Ref()})
	w.Must(court, release(f))
	w.handed(alpha, beta, w.parts(pkg.Id)[0], 0)
	w.Must(alpha, splitInto(w.again(cut).Ref(), 25, 25))
}

// A freeze cuts out what it meets, at no cost for the holder, and is a further figure in the totals.
func TestAFreezeCutsOut(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(1_000, "a")
	f := w.frozen(court, pkg.Id, 301, 400, 72)
	all := w.parts(pkg.Id)
	if len(all) != 3 || all[1].Lo != 301 || all[1].Hi != 400 || w.pkg(pkg.Id).Parts != 3 || w.pkg(pkg.Id).Freezes != 1 {
		t.Fatal(all)
	}
	if all[0].SplitsLeft+all[1].SplitsLeft+all[2].SplitsLeft != 500 || all[1].Depth != 0 || all[1].Trail != p.Trail+1 {
		t.Error("a freeze cost the holder something:", all)
	}
	w.total(alpha, voucherv1.ClassHeld, 3, 1_000)
	w.total(alpha, voucherv1.ClassFrozen, 1, 100)
	w.total(court, voucherv1.ClassLaid, 1, 0)
	if f.FromUnixS != w.Time || string(f.Member) != string(court.Member.Bytes()) || string(f.By) != string(court.ID.Bytes()) {
		t.Error(f)
	}
	// A second over more of it: the figure counts each part once, and each ends by itself.
	g := w.frozen(police, pkg.Id, 351, 500, 10)
	w.total(alpha, voucherv1.ClassFrozen, 3, 200)
	w.Advance(10 * hours)
	w.total(alpha, voucherv1.ClassFrozen, 2, 100)
	w.total(police, voucherv1.ClassLaid, 0, 0)
	w.Refused(voucherv1.ErrNoFreeze, police, release(g))
	w.Must(court, release(f))
	w.total(alpha, voucherv1.ClassFrozen, 0, 0)
	w.Must(alpha, w.merging(w.parts(pkg.Id)...))
	w.Advance(40 * 86_400)
	if n := memoriesLeft(w); n != 0 {
		t.Error(n, "freezes are remembered for ever")
	}
}

func memoriesLeft(w *world) (n int) {
	memories.Each(w.View(), nil, func([]byte, *voucherv1.FreezeMemory) bool { n++; return true })
	return n
}

// The end of a freeze is read from the clock; what is written about it comes from a dated item.
func TestAFreezeEndsByItself(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.frozen(court, pkg.Id, 1, 500, 1)
	w.Time += hours - 3
	w.Refused(voucherv1.ErrFrozen, alpha, splitInto(p.Ref(), 1, 499))
	w.Must(alpha, splitInto(p.Ref(), 1, 499)) // in the second that it ends in, before the item runs
	w.total(alpha, voucherv1.ClassFrozen, 0, 0)
	if w.pkg(pkg.Id).Freezes != 0 || len(w.laid(pkg.Id)) != 0 {
		t.Error("the freeze is still there")
	}
}

// An offer that is frozen whole stays and cannot be accepted; a piece of it ends it.
func TestFreezingWhatIsOnOffer(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, items(w.give(p, beta, 200)))
	low := w.parts(pkg.Id)[0]
	f := w.frozen(court, pkg.Id, 1, 200, 1)
	w.total(alpha, voucherv1.ClassOffered, 1, 200)
	w.total(alpha, voucherv1.ClassFrozen, 1, 200)
	w.Refused(voucherv1.ErrFrozen, beta, acceptOffer(low))
	w.Must(court, release(f))
	r := w.Must(police, w.freezing(pkg.Id, 50, 60, 1))
	if e := event[*voucherv1.OfferEnded](w, r, 0); e.End != voucherv1.OfferEnd_OFFER_END_FROZEN {
		t.Error(e)
	}
	w.total(alpha, voucherv1.ClassOffered, 0, 0)
	w.total(beta, voucherv1.ClassIncoming, 0, 0)
	w.total(alpha, voucherv1.ClassFrozen, 1, 11)
	w.Refused(voucherv1.ErrNoPart, beta, acceptOffer(low))
	w.Advance(2 * 86_400) // the offer's lapse was taken back: nothing is broken then
}

// Nobody outruns a freeze: it meets the units wherever they are when it runs, in a block with their move too.
func TestNobodyOutrunsAFreeze(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.welcome(beta, 500)
	it := w.give(p, beta, 0)
	it.OfferExpiresUnixS = 0
	var txs []*kernel.Tx
	for _, one := range []kerneltest.Step{{As: alpha, Do: items(it)}, {As: court, Do: w.freezing(pkg.Id, 1, 500, 1)}} {
		tx, err := w.Judge(w.Sign(w.Body(one.As, kerneltest.Call(one.As, one.Do)), one.As))
		if err != nil {
			t.Fatal(err)
		}
		txs = append(txs, tx)
	}
	if r := w.Block(txs...); r[0].Err != nil || r[1].Err != nil {
		t.Fatal(r[0].Err, r[1].Err)
	}
	w.total(beta, voucherv1.ClassFrozen, 1, 500)
	w.Refused(voucherv1.ErrFrozen, beta, items(w.give(w.parts(pkg.Id)[0], gamma, 0)))
}

// An authority's 72 hours run from its first freeze of a unit; after 30 days more they begin anew. Another authority has
// its own, and governance may go on for longer.
func TestAnAuthorityDoesNotGoOn(t *testing.T) {
	w := newWorld(t)
	pkg, _ := w.active(500, "a")
	first := w.frozen(court, pkg.Id, 100, 200, 10)
	w.Advance(20 * hours)
	w.Refused(voucherv1.ErrFrozenBefore, court, w.freezing(pkg.Id, 200, 300, 72))
	w.Must(court, w.freezing(pkg.Id, 201, 300, 72)) // other units
	again := w.freezing(pkg.Id, 1, 100, 0)
	again.UntilUnixS = first.FromUnixS + 72*hours
	w.Must(court, again) // the rest of its time
	again.UntilUnixS++
	w.Refused(voucherv1.ErrFrozenBefore, court, again)
	w.Must(police, w.freezing(pkg.Id, 100, 200, 72))
	if _, err := w.voted(w.freezing(pkg.Id, 100, 200, 24*90)); err != nil {
		t.Error(err)
	}
	if _, err := w.voted(w.freezing(pkg.Id, 100, 200, 24*367)); kernel.CodeNumber(err) != voucherv1.ErrFreezeUntil.Number {
		t.Error(err)
	}
	w.Time = first.FromUnixS + 72*hours + 30*86_400 - 2
	w.Refused(voucherv1.ErrFrozenBefore, court, w.freezing(pkg.Id, 150, 160, 72))
	w.Must(court, w.freezing(pkg.Id, 150, 160, 72))
}

// Where the package has no room for another part, the part across the border stands still whole: a freeze always works.
func TestAFreezeWithoutRoom(t *testing.T) {
	for name, plant := range map[string]func(*world, *voucherv1.Package, *voucherv1.Part){
		"of parts": func(w *world, pkg *voucherv1.Package, _ *voucherv1.Part) {
			pkg.Parts = voucherv1.MaxCutParts
			w.Plant(voucherv1.PackageKey(id.Must(pkg.Id)), pkg)
		},
		"in the trail": func(w *world, _ *voucherv1.Package, p *voucherv1.Part) {
			p.Trail = voucherv1.MaxMergedTrail
			w.Plant(voucherv1.PartKey(id.Must(p.Package), id.Must(p.Number)), p)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.NoInvariants = true
			pkg, p := w.active(500, "a")
			plant(w, pkg, p)
			f := w.frozen(court, pkg.Id, 100, 200, 1)
			w.total(alpha, voucherv1.ClassFrozen, 1, 500)
			w.Refused(voucherv1.ErrFrozen, alpha, items(w.give(w.again(p), beta, 0)))
			w.Must(court, release(f))
			w.total(alpha, voucherv1.ClassFrozen, 0, 0)
			w.handed(alpha, beta, w.again(p), 0)
		})
	}
}

// Holders stop at the package's parts, those that freezes made included; freezes go on.
func TestPartsThatFreezesMakeCount(t *testing.T) {
	w := newWorld(t)
	w.param(voucherv1.ParamPartsMax, 3)
	pkg, _ := w.active(500, "a")
	w.frozen(court, pkg.Id, 100, 200, 1)
	w.Refused(voucherv1.ErrPartsFull, alpha, splitInto(w.parts(pkg.Id)[0].Ref(), 1, 98))
	w.frozen(court, pkg.Id, 300, 400, 1)
	if n := w.pkg(pkg.Id).Parts; n != 5 {
		t.Error(n, "parts")
	}
}

// Obligor and authority are told of all that a freeze meets, each holder of its own alone.
func TestWhoIsToldOfAFreeze(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.handed(alpha, beta, p, 200)
	r := w.Must(court, w.freezing(pkg.Id, 151, 500, 1))
	want := []struct {
		minor int64
		parts int
		to    []kerneltest.Actor
	}{{350, 0, []kerneltest.Actor{court, acme}}, {50, 1, []kerneltest.Actor{beta}}, {300, 1, []kerneltest.Actor{alpha}}}
	for i, e := range slices.DeleteFunc(r.Events, func(e *kernelv1.Event) bool { return e.Type != "splittally.voucher.v1.FreezeLaid" }) {
		m, _ := e.Decode()
		laid := m.(*voucherv1.FreezeLaid)
		if laid.AmountMinor != want[i].minor || len(laid.Numbers) != want[i].parts || len(e.Parties) != len(want[i].to) || laid.Reason != "an order" {
			t.Errorf("%d: %v to %x", i, laid, e.Parties)
			continue
		}
		for j, a := range want[i].to {
			if id.Must(e.Parties[j]) != a.ID {
				t.Errorf("%d is told to %x", i, e.Parties[j])
			}
		}
	}
}

// The list of a package's freezes is proven by the package, that of an authority's by its totals; whoever has the package
// reads them.
func TestListsOfFreezes(t *testing.T) {
	w := newWorld(t)
	pkg, _ := w.active(500, "a")
	f := w.frozen(court, pkg.Id, 1, 100, 1)
	w.frozen(police, pkg.Id, 50, 100, 1)
	col := w.M.CollectionOf(voucherv1.FreezeKey(id.Must(pkg.Id), id.Must(f.Id)))
	if !col.Readers(f).Public || !col.Lists[0].Public || col.Lists[0].Name != voucherv1.ListFreezes || col.Lists[1].Public || col.Lists[1].Name != voucherv1.ListLaid {
		t.Errorf("%+v", col.Lists)
	}
	if who := col.Lists[0].Subjects(f); len(who) != 1 || who[0] != id.Must(pkg.Id) {
		t.Error(who)
	}
	if who := col.Lists[1].Subjects(f); len(who) != 1 || who[0] != court.ID {
		t.Error(who)
	}
	if n := w.pkg(pkg.Id).Freezes; n != 2 {
		t.Error(n)
	}
}
