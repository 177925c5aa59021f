package voucher

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

var suppliers = []kerneltest.Actor{alpha, beta, gamma}

// route is a call that takes effect for one actor, and an actor without the role for it.
type route struct {
	as, without kerneltest.Actor
	do          proto.Message
}

// routes makes a world in which each call takes effect.
func routes(tb testing.TB) (*world, []route) {
	w := newWorld(tb)
	waiting := w.pending(100, "w")
	_, p := w.active(500, "a")
	duePkg, _ := w.active(500, "b")
	_, q := w.active(500, "c")
	w.mint(acme, 500)
	_, pair := w.active(500, "d")
	w.Must(alpha, splitInto(pair.Ref(), 200, 300))
	both := w.parts(pair.Package)
	w.untilDue(0)
	laid := w.frozen(court, duePkg.Id, 1, 10, 1)
	it := w.give(q, beta, 0)
	w.Must(alpha, items(it))
	q = w.again(q)
	return w, []route{
		{guard, acme, setLine(omega, 5)},
		{acme, guard, issueOf(later(item(alpha, 5, "n")))},
		{alpha, regulator, accept(waiting.Id)},
		{alpha, regulator, &voucherv1.RejectPackage{Package: waiting.Id}},
		{acme, regulator, &voucherv1.CancelPackage{Package: waiting.Id}},
		{alpha, regulator, splitInto(p.Ref(), 1, 499)},
		{alpha, regulator, w.merging(both...)},
		{alpha, regulator, items(w.give(p, beta, 0))},
		{beta, regulator, acceptOffer(q)},
		{beta, regulator, &voucherv1.RejectOffer{Part: q.Ref()}},
		{alpha, regulator, &voucherv1.WithdrawOffer{Part: q.Ref()}},
		{beta, regulator, &voucherv1.SetStandingAcceptance{Checker: bank.ID.Bytes(), Currency: "CNY", MaxMinor: 1, UntilUnixS: 1}},
		{beta, regulator, &voucherv1.CheckDocument{Documents: [][]byte{hash("x")}}},
		{acme, regulator, payment(duePkg, 500)},
		{court, regulator, w.freezing(duePkg.Id, 20, 30, 2)},
		{court, bank, release(laid)},
	}
}

func later(i *voucherv1.IssueItem) *voucherv1.IssueItem {
	i.DueDay += 30
	return i
}

func TestRoutes(t *testing.T) {
	_, all := routes(t)
	rows := map[string]kerneltest.Row{}
	for _, r := range all { // what a world has is the same in every one
		rows[kerneltest.Method(r.do)] = kerneltest.Row{Wrong: r.without, Make: func(*kerneltest.Chain) (kerneltest.Actor, proto.Message) { return r.as, r.do }}
	}
	kerneltest.Routes(t, new(Vouchers).Module(), func(tb testing.TB) *kerneltest.Chain {
		w, _ := routes(tb)
		return w.Chain
	}, rows)
}

// Governance sets lines, freezes and releases, and does nothing else of this module's.
func TestWhatGovernanceMay(t *testing.T) {
	w, all := routes(t)
	for _, r := range all {
		raw, err := txv1.Encode(r.do)
		if err != nil {
			t.Fatal(err)
		}
		run := w.M.Begin(kernel.NewOverlay(w.Mem), kernel.Info{Height: w.Height + 1, TimeUnixS: w.Time + 1, Hash: hash("h")}, w.IDs)
		err = run.Context().Run(kerneltest.Method(r.do), raw)
		if may := slices.Contains([]string{"voucher.SetLine", "voucher.Freeze", "voucher.Release"}, kerneltest.Method(r.do)); (err == nil) != may || !may && !errors.Is(err, kernel.ErrNotPermitted) {
			t.Errorf("%s: %v", kerneltest.Method(r.do), err)
		}
	}
}

// Each list finds what it is for, under the keys that clients ask for, and the counts that totals prove.
func TestListsMeetTotals(t *testing.T) {
	w, _ := routes(t)
	w.Must(guard, setLine(omega, 5))
	classes := map[string]uint32{
		voucherv1.ListHeld: voucherv1.ClassHeld, voucherv1.ListOffered: voucherv1.ClassOffered, voucherv1.ListIncoming: voucherv1.ClassIncoming,
		voucherv1.ListPending: voucherv1.ClassPending, voucherv1.ListOwed: voucherv1.ClassOwed, voucherv1.ListLaid: voucherv1.ClassLaid,
	}
	counts := map[string]uint64{}
	w.Mem.Range([]byte{4}, []byte{5}, func(k, _ []byte) bool {
		col := w.M.CollectionOf(k)
		rec := col.New()
		w.Read(k, rec)
		for _, l := range col.Lists {
			if l.Name == voucherv1.ListFreezes {
				continue // proven by the package: see TestListsOfFreezes
			}
			for _, who := range l.Subjects(rec) {
				counts[l.Name+who.String()]++
			}
		}
		return true
	})
	for list, class := range classes {
		for _, a := range append(slices.Clone(suppliers), acme, omega, court) {
			if got := w.Totals(a.ID).Total(class, "CNY").Count; got != counts[list+a.ID.String()] {
				t.Errorf("%s of %s: %d, its total %d", list, a.ID.Short(), counts[list+a.ID.String()], got)
			}
			delete(counts, list+a.ID.String())
		}
	}
	for k := range counts {
		t.Error("also listed:", k)
	}
}

// The keys that clients ask for are those that the module writes.
func TestKeysMeetState(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(100, "keys")
	run := hash("run")[:16]
	w.Must(acme, &voucherv1.Issue{Run: run, Chunk: 3, Items: []*voucherv1.IssueItem{item(alpha, 5, "r")}})
	w.welcome(beta, 5)
	pkgID := id.Must(pkg.Id)
	f := w.frozen(court, pkg.Id, 1, 100, 1)
	for name, key := range map[string][]byte{
		"package": voucherv1.PackageKey(pkgID), "part": voucherv1.PartKey(pkgID, id.Must(p.Number)), "extent": voucherv1.ExtentKey(pkgID, 1),
		"invoice": voucherv1.InvoiceKey(id.Must(hash("keys"))), "flag": voucherv1.InvoiceFlagKey(id.Must(hash("keys/secondary"))),
		"line": voucherv1.LineKey(acme.ID, "CNY"), "standing": voucherv1.StandingAcceptanceKey(beta.ID, "CNY"),
		"check": voucherv1.DocumentCheckKey(bank.ID, id.Must(hash("contract"))), "chunk": voucherv1.RunChunkKey(acme.ID, run, 3),
		"freeze": voucherv1.FreezeKey(pkgID, id.Must(f.Id)), "memory": voucherv1.FreezeMemoryKey(pkgID, court.Member, id.Must(f.Id)),
	} {
		if _, ok := w.Mem.Get(key); !ok {
			t.Errorf("no %s at %x", name, key)
		}
	}
}

// Every refusal of the module that a test of a handler does not reach would be a rule nobody sees.
func TestEveryCodeIsDocumented(t *testing.T) {
	for _, c := range errs.All() {
		if c.Module == "voucher" && (c.Rule == "" || c.Do == "" || !strings.HasSuffix(c.Do, ".")) {
			t.Errorf("%d %s says %q, %q", c.Number, c.Name, c.Rule, c.Do)
		}
	}
}
