package voucher

import (
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// The actors of the small world: genesis call i makes member and account i.
var (
	acme      = memberstest.Actor(0, "acme")  // obligor
	omega     = memberstest.Actor(1, "omega") // another core enterprise
	guard     = memberstest.Actor(2, "guard") // guarantor
	warden    = memberstest.Actor(3, "warden")
	bank      = memberstest.Actor(4, "bank")
	alpha     = memberstest.Actor(5, "alpha") // suppliers; alpha is a small firm
	beta      = memberstest.Actor(6, "beta")
	gamma     = memberstest.Actor(7, "gamma")
	regulator = memberstest.Actor(8, "regulator")
	court     = memberstest.Actor(9, "court") // authorities
	police    = memberstest.Actor(10, "police")
	branch    = kerneltest.Actor{Member: acme.Member, Signers: []key.Signer{kerneltest.Signer("branch")}} // a second account of acme's
	stranger  = kerneltest.Actor{ID: id.Hash("stranger"), Signers: []key.Signer{kerneltest.Signer("stranger")}}
)

// today is the day of genesis; due is the due day of the world's packages.
const (
	today = int32(20458)
	due   = today + 30
	line  = int64(1_000_000)
)

// world is a chain with a voted line for acme in CNY.
type world struct{ *kerneltest.Chain }

func newWorld(tb testing.TB) *world {
	tb.Helper()
	m := members.New()
	d := deposit.New(m)
	machine := kernel.NewMachine(kerneltest.ChainID, m, m.Module(), d.Module(), New(m, d).Module())
	return &world{kerneltest.New(
		tb, machine,
		admit("acme", membersv1.RoleCoreEnterprise), admit("omega", membersv1.RoleCoreEnterprise),
		admit("guard", membersv1.RoleGuarantor), admit("warden", membersv1.RoleGuarantor), admit("bank", membersv1.RoleBank),
		admit("alpha", membersv1.RoleSupplier), admit("beta", membersv1.RoleSupplier), admit("gamma", membersv1.RoleSupplier),
		admit("regulator", membersv1.RoleRegulator), admit("court", membersv1.RoleAuthority), admit("police", membersv1.RoleAuthority),
		kerneltest.GenesisCall(setLine(acme, line)),
	)}
}

func admit(name string, roles uint32) kernel.GenesisCall {
	m := memberstest.Admission(name, roles)
	m.Legal.SmallFirm = name == "alpha"
	return kerneltest.GenesisCall(m)
}

func setLine(obligor kerneltest.Actor, limit int64) *voucherv1.SetLine {
	return &voucherv1.SetLine{Obligor: obligor.ID.Bytes(), Currency: "CNY", LimitMinor: limit}
}

func hash(name string) []byte { return id.Hash("test", []byte(name)).Bytes() }

// use is the use of an invoice of 1,000.00 that a name determines.
func use(name string, used int64) *voucherv1.InvoiceUse {
	return &voucherv1.InvoiceUse{
		Fingerprint: hash(name), IssueDay: today - 3, TotalMinor: 100_000, UsedMinor: used,
		Secondary: [][]byte{hash(name + "/secondary")},
	}
}

// copyOf is the use of an invoice that looks like another under its own number.
func copyOf(name string, u *voucherv1.InvoiceUse) *voucherv1.InvoiceUse {
	c := proto.CloneOf(u)
	c.Fingerprint = hash(name)
	return c
}

func trading(uses ...*voucherv1.InvoiceUse) *voucherv1.Background {
	return &voucherv1.Background{Invoices: uses, Contract: hash("contract")}
}

// item is an item of an issue over an invoice that a name determines.
func item(creditor kerneltest.Actor, minor int64, invoice string) *voucherv1.IssueItem {
	return &voucherv1.IssueItem{
		Creditor: creditor.ID.Bytes(), Currency: "CNY", AmountMinor: minor, DueDay: due, Background: trading(use(invoice, minor)),
	}
}

func issueOf(items ...*voucherv1.IssueItem) *voucherv1.Issue { return &voucherv1.Issue{Items: items} }

// event is the nth event of its type that a transaction left.
func event[E proto.Message](w *world, r kernel.Result, n int) E {
	w.TB.Helper()
	for _, e := range r.Events {
		m, err := e.Decode()
		if err != nil {
			w.TB.Fatal(err)
		}
		if found, ok := m.(E); ok {
			if n--; n < 0 {
				return found
			}
		}
	}
	var none E
	w.TB.Fatalf("no event %T", none)
	return none
}

// pending issues a package to alpha.
func (w *world) pending(minor int64, invoice string) *voucherv1.Package {
	w.TB.Helper()
	r := w.Must(acme, issueOf(item(alpha, minor, invoice)))
	return w.pkg(event[*voucherv1.Issued](w, r, 0).Package)
}

// active issues a package to alpha, who accepts it.
func (w *world) active(minor int64, invoice string) (*voucherv1.Package, *voucherv1.Part) {
	w.TB.Helper()
	p := w.pending(minor, invoice)
	r := w.Must(alpha, &voucherv1.AcceptPackage{Package: p.Id})
	return w.pkg(p.Id), w.part(p.Id, event[*voucherv1.Accepted](w, r, 0).Number)
}

func (w *world) pkg(pkg []byte) *voucherv1.Package {
	w.TB.Helper()
	p, ok := packages.Get(w.View(), id.Must(pkg))
	if !ok {
		w.TB.Fatalf("no package %x", pkg)
	}
	return p
}

func (w *world) part(pkg, number []byte) *voucherv1.Part {
	w.TB.Helper()
	p, ok := parts.Get(w.View(), kernel.Join(id.Must(pkg), id.Must(number)))
	if !ok {
		w.TB.Fatalf("no part %x", number)
	}
	return p
}

// again reads a part as it is now.
func (w *world) again(p *voucherv1.Part) *voucherv1.Part { return w.part(p.Package, p.Number) }

// parts are a package's, in order of range.
func (w *world) parts(pkg []byte) []*voucherv1.Part {
	var out []*voucherv1.Part
	for _, s := range directory(w.View(), id.Must(pkg)) {
		if len(s.number) > 0 {
			out = append(out, w.part(pkg, s.number))
		}
	}
	return out
}

// give passes on a part against a contract alone.
func (w *world) give(p *voucherv1.Part, to kerneltest.Actor, minor int64) *voucherv1.TransferItem {
	return &voucherv1.TransferItem{
		Part: p.Ref(), To: to.ID.Bytes(), AmountMinor: minor, Background: trading(), OfferExpiresUnixS: w.Time + 86_400,
	}
}

func items(all ...*voucherv1.TransferItem) *voucherv1.Transfer {
	return &voucherv1.Transfer{Items: all}
}

// handed passes a part on through an offer and its acceptance, and returns what the receiver holds.
func (w *world) handed(from, to kerneltest.Actor, p *voucherv1.Part, minor int64) *voucherv1.Part {
	w.TB.Helper()
	r := w.Must(from, items(w.give(p, to, minor)))
	p = w.part(p.Package, event[*voucherv1.Offered](w, r, 0).Number)
	w.Must(to, &voucherv1.AcceptOffer{Part: p.Ref()})
	return w.again(p)
}

// welcome leaves a standing acceptance of an account, with alpha's contract checked by the bank.
func (w *world) welcome(a kerneltest.Actor, most int64) {
	w.TB.Helper()
	w.Must(a, &voucherv1.SetStandingAcceptance{Checker: bank.ID.Bytes(), Currency: "CNY", MaxMinor: most, UntilUnixS: w.Time + 30*86_400})
	w.Must(bank, &voucherv1.CheckDocument{Documents: [][]byte{hash("contract")}})
}

// untilDue moves the chain to a day counted from the due day.
func (w *world) untilDue(after int32) {
	w.TB.Helper()
	w.Advance(int64(due+after-w.View().Today()) * 86_400)
}

func (w *world) mint(to kerneltest.Actor, minor int64) {
	w.TB.Helper()
	w.Must(bank, &depositv1.Mint{To: to.ID.Bytes(), AmountMinor: minor, Currency: "CNY"})
}

func payment(pkg *voucherv1.Package, minor int64) *voucherv1.Pay {
	return &voucherv1.Pay{Package: pkg.Id, AmountMinor: minor, Bank: bank.Member.Bytes()}
}

func (w *world) balance(a kerneltest.Actor) int64 {
	b := &depositv1.Balance{}
	w.Read(depositv1.BalanceKey(bank.Member, a.ID, "CNY"), b)
	return b.AmountMinor
}

// total checks an account's total of a class in CNY.
func (w *world) total(a kerneltest.Actor, class uint32, records uint64, minor int64) {
	w.TB.Helper()
	if t := w.Totals(a.ID).Total(class, "CNY"); t.Count != records || t.AmountMinor != minor {
		w.TB.Errorf("class %d: %d with %d, want %d with %d", class, t.Count, t.AmountMinor, records, minor)
	}
}

func (w *world) lineOf(a kerneltest.Actor) *voucherv1.Line {
	l, _ := lines.Get(w.View(), inCurrency(a.ID, "CNY"))
	return l
}

// opened gives acme its second account.
func (w *world) opened() kerneltest.Actor {
	w.TB.Helper()
	r := w.Must(acme, &membersv1.OpenAccount{Name: "branch", Policy: memberstest.Policy(1, "branch")})
	b := branch
	b.ID = id.Must(event[*membersv1.AccountChanged](w, r, 0).Account)
	return b
}

// param gives a parameter a value from the first day on, as a vote does.
func (w *world) param(name string, value int64) {
	w.Plant(kernelv1.ParameterKey(name), &kernelv1.Parameter{Values: []*kernelv1.ParameterValue{{FromDay: 0, Value: value}}})
}

// frozen lays a freeze of the units [lo..hi] for some hours, and returns its record.
func (w *world) frozen(by kerneltest.Actor, pkg []byte, lo, hi, hours int64) *voucherv1.StandingFreeze {
	w.TB.Helper()
	r := w.Must(by, w.freezing(pkg, lo, hi, hours))
	return w.freezeOf(pkg, event[*voucherv1.FreezeLaid](w, r, 0).Freeze)
}

func (w *world) freezing(pkg []byte, lo, hi, hours int64) *voucherv1.Freeze {
	return &voucherv1.Freeze{
		Package: pkg, Extent: voucherv1.RangeExtent(lo, hi), Reason: "an order", Case: hash("case"), UntilUnixS: w.Time + hours*3_600,
	}
}

// voted runs a call as an agreed proposal does, in a block of its own.
func (w *world) voted(m proto.Message) ([]*kernelv1.Event, error) {
	w.TB.Helper()
	raw, err := txv1.Encode(m)
	if err != nil {
		w.TB.Fatal(err)
	}
	w.Height++
	w.Time++
	run := w.M.Begin(kernel.NewOverlay(w.Mem), kernel.Info{Height: w.Height, TimeUnixS: w.Time, Hash: hash(fmt.Sprint(w.Height))}, w.IDs)
	err = run.Context().Try(func(c *kernel.Ctx) error { return c.Run(kerneltest.Method(m), raw) })
	o := run.End()
	w.Mem.Apply(o.Changes)
	w.IDs.Apply(o.IDs)
	if bad := w.M.CheckInvariants(w.View()); len(bad) > 0 {
		w.TB.Fatal(bad)
	}
	return o.Events, err
}

func (w *world) freezeOf(pkg, freeze []byte) *voucherv1.StandingFreeze {
	w.TB.Helper()
	f, ok := freezes.Get(w.View(), kernel.Join(id.Must(pkg), id.Must(freeze)))
	if !ok {
		w.TB.Fatalf("no freeze %x", freeze)
	}
	return f
}

func release(f *voucherv1.StandingFreeze) *voucherv1.Release {
	return &voucherv1.Release{Package: f.Package, Freeze: f.Id}
}

// merging names parts as they are now.
func (w *world) merging(all ...*voucherv1.Part) *voucherv1.Merge {
	m := &voucherv1.Merge{Package: all[0].Package}
	for _, p := range all {
		m.Parts = append(m.Parts, w.again(p).Ref())
	}
	return m
}

// blocked checks an account's blocked claims in CNY.
func (w *world) blocked(a kerneltest.Actor, claims uint64, minor int64) {
	w.TB.Helper()
	w.total(a, depositv1.ClassBlocked, claims, minor)
}
