package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/invoice"
)

// The story's figures, in fen.
const (
	tier1Invoice = 113_000_000 // 1,000,000.00 and 13 % VAT
	toTier2      = 40_000_000
	toTier3      = 12_500_000
	firstPayment = 50_000_000
	tenorDays    = 60
	utcOffsetS   = 8 * 3600
)

var (
	networkKey    = kernelv1.NetworkKey()
	networkRecord kernelv1.Network
)

// tellVoucher is the chapter 'voucher'.
func tellVoucher(s *story) {
	s.open()
	s.join()
	pkg, inv := s.issueFromInvoice()
	s.cheatWithInvoice(inv)
	s.passOn()
	s.doubleSpend()
	s.look()
	s.pay(pkg)
	s.replay()
}

// join admits a supplier that nobody asked the other members about: its buyer vouches for it.
func (s *story) join() {
	s.say("\n" + headline.Render("A workshop joins, by invitation of its customer"))
	one, own := s.newKey("join"), s.newKey("join")
	o := s.do("admit supplier", "obligor", "Hanhai Automotive admits Luming Tooling with the hash of its identity check and a one-time key.", &membersv1.AdmitSupplier{
		Legal:         &membersv1.Legal{Name: "Luming Tooling Co., Ltd.", CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: devnet.Credential(900), SmallFirm: true},
		IdentityCheck: newID("identity check").Bytes(), InvitationKind: uint32(one.Public().Kind), InvitationKey: one.Public().Bytes,
	})
	r := devnet.Role{Name: "newcomer", Account: o.Created(0, 1), Signer: one}
	w, err := s.dial(r)
	s.hold("join", err)
	s.wallets["newcomer"] = w
	sig, err := own.Sign(membersv1.JoinDigest(devnet.ChainID, r.Account, own.Public()))
	s.hold("join", err)
	s.do("join", "newcomer", "Luming Tooling replaces the invitation's key by its own; from now on it signs for itself.", &membersv1.Join{
		Kind: uint32(own.Public().Kind), PublicKey: own.Public().Bytes, Possession: sig,
	})
}

func (s *story) newKey(name string) key.Signer {
	k, err := key.Generate(key.Secp256k1, rand.Reader)
	s.hold(name, err)
	return k
}

// issueFromInvoice issues a voucher from a UBL invoice and has its creditor accept it.
func (s *story) issueFromInvoice() (id.ID, *invoice.Invoice) {
	s.say("\n" + headline.Render("An invoice becomes a voucher"))
	inv := s.writeInvoice("HY-2041", tier1Invoice)
	item := s.item(inv)
	o := s.do("issue", "obligor", fmt.Sprintf("Hanhai Automotive issues a voucher of %s to Dingsheng Gearbox from UBL invoice %s, due %s. The chain keeps fingerprints, not the invoice.",
		cny(item.AmountMinor), inv.Number, day(item.DueDay)), &voucherv1.Issue{Items: []*voucherv1.IssueItem{item}})
	pkg := o.Created(0, 0)
	s.do("accept", "tier1", "Dingsheng Gearbox compares it with its own copy of the invoice and accepts.", &voucherv1.AcceptPackage{Package: pkg.Bytes()})
	return pkg, inv
}

// writeInvoice makes a UBL invoice from tier 1 to the obligor, writes it to disk and reads it back as an ERP would.
func (s *story) writeInvoice(number string, payable int64) *invoice.Invoice {
	today := invoice.Day(kernelv1.DayOf(time.Now().Unix(), utcOffsetS))
	b, err := invoice.Generate(invoice.Spec{
		Number: number, IssueDate: today - 1, DueDate: today + tenorDays, HasDueDate: true, Currency: "CNY", ContractRef: "PO-7781",
		Seller: invoice.Party{Name: s.net.Role("tier1").Title, TaxID: devnet.Credential(4)},
		Buyer:  invoice.Party{Name: s.net.Role("obligor").Title, TaxID: devnet.Credential(0)},
		Lines:  []invoice.Line{{Name: "Gearbox GX-4", Quantity: 100, PriceMinor: payable / 113, VATppm: 130_000}},
	})
	s.hold("invoice", err)
	file := filepath.Join(s.dir, "invoice-"+number+".xml")
	s.hold("invoice", os.WriteFile(file, b, 0o600))
	inv, err := invoice.Parse(bytes.NewReader(b))
	s.hold("invoice", err)
	return inv
}

func (s *story) item(inv *invoice.Invoice) *voucherv1.IssueItem {
	item, err := sdk.ItemFromInvoice(inv, devnet.InvoiceKey, s.net.Role("tier1").Account, newID("contract PO-7781"), 0)
	s.hold("issue", err)
	return item
}

// cheatWithInvoice tries to use the invoice again, as it is and altered.
func (s *story) cheatWithInvoice(inv *invoice.Invoice) {
	s.say("\n" + headline.Render("Somebody tries it twice"))
	s.refuse("same invoice again", "obligor", "The same invoice is offered for a second voucher.", voucherv1.ErrInvoiceOverused,
		&voucherv1.Issue{Items: []*voucherv1.IssueItem{s.item(inv)}})
	altered := s.writeInvoice("HY-2041", 2*tier1Invoice)
	s.refuse("altered invoice", "obligor", "The same number with twice the amount: the first accepted use has fixed what the invoice says.", voucherv1.ErrInvoiceAltered,
		&voucherv1.Issue{Items: []*voucherv1.IssueItem{s.item(altered)}})
}

// passOn takes parts of the voucher to tier 2 and 3.
func (s *story) passOn() {
	s.say("\n" + headline.Render("Parts of it pay the suppliers of the supplier"))
	s.give("tier1", "tier2", toTier2, "Dingsheng Gearbox pays Yuhe Forging with a part of %s: the voucher splits by itself.", "Yuhe Forging accepts.")
	s.give("tier2", "tier3", toTier3, "Yuhe Forging passes %s of it on to Qingshi Abrasives, three tiers from the obligor.", "Qingshi Abrasives accepts.")
}

func (s *story) give(from, to string, amount int64, text, accepted string) {
	part := s.holding("pass to "+to, from)
	s.do("pass to "+to, from, fmt.Sprintf(text, cny(amount)), s.transfer(part, to, amount))
	offer := s.offer("accept at "+to, to)
	s.do("accept at "+to, to, accepted, &voucherv1.AcceptOffer{Part: refOf(offer)})
}

func (s *story) transfer(part sdk.Holding, to string, amount int64) *voucherv1.Transfer {
	return &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
		Part: refOf(part), To: s.net.Role(to).Account.Bytes(), AmountMinor: amount,
		Background: &voucherv1.Background{Contract: newID("purchase by " + to).Bytes()}, OfferExpiresUnixS: time.Now().Add(24 * time.Hour).Unix(),
	}}}
}

func refOf(h sdk.Holding) *voucherv1.PartRef {
	return &voucherv1.PartRef{Package: h.Part.Package, Number: h.Part.Number, Head: h.Part.Head}
}

// doubleSpend signs one part away twice. Both transactions are good by themselves; only one can be first.
func (s *story) doubleSpend() {
	const name = "double spend"
	part := s.holding(name, "tier2")
	whole := part.Part.Hi - part.Part.Lo + 1
	first, err := s.wallet("tier2").Send(s.ctx, s.transfer(part, "tier3", whole))
	s.hold(name, err)
	second, err := s.wallet("tier2").Send(s.ctx, s.transfer(part, "factor", whole))
	s.hold(name, err)
	lost, errFirst := first.Wait(s.ctx)
	o, errSecond := second.Wait(s.ctx)
	if errFirst != nil { // whichever came first into the block took effect
		errFirst, errSecond, o = errSecond, errFirst, lost
	}
	s.hold(name, errFirst)
	s.refusal(name, "Yuhe Forging signs its rest away twice in one moment. One of the two becomes an offer; the other finds the part gone.", voucherv1.ErrNotHeld, o, errSecond)
}

// look reads as a supplier does who trusts no node.
func (s *story) look() {
	s.say("\n" + headline.Render("What the smallest of them can check by itself"))
	h, err := s.wallet("tier3").Holdings(s.ctx)
	s.hold("verified holding", err)
	part := h.Records[0]
	s.done(step{Name: "verified holding", Height: h.Height, Verified: true}, fmt.Sprintf(
		"Qingshi Abrasives holds %s, owed by Hanhai Automotive on %s: proven against a header that the validators signed and another member's node confirmed, and proven to be all it has.",
		cny(part.Part.Hi-part.Part.Lo+1), day(part.Package.DueDay)))
	trail, v, err := s.wallet("tier3").Trail(s.ctx, id.Must(part.Part.Package), id.Must(part.Part.Number))
	s.hold("trail", err)
	s.done(step{Name: "trail", Height: v.Height, Verified: true}, fmt.Sprintf("Its trail has %d entries back to the issue; every hash was checked.", len(trail)))
}

// pay moves the development clock to the due day and pays in part and in full.
func (s *story) pay(pkg id.ID) {
	s.say("\n" + headline.Render("The day it is due"))
	bank := s.net.Role("bank")
	s.do("fund", "bank", fmt.Sprintf("The Bank of Linjiang records a deposit of Hanhai Automotive: %s. It is a claim on that bank and on nobody else.", cny(tier1Invoice)),
		&depositv1.Mint{To: s.net.Role("obligor").Account.Bytes(), AmountMinor: tier1Invoice, Currency: "CNY", Reference: "demo"})
	s.refuse("too early", "obligor", "Paying before the due day is refused.", voucherv1.ErrNotDue, payment(pkg, firstPayment, bank))
	s.do("clock", "operator", fmt.Sprintf("The development clock moves %d days ahead. Nobody has to do anything for the voucher to be due.", tenorDays),
		&governancev1.ShiftClock{ForwardS: tenorDays * 86_400})
	s.do("pay in part", "obligor", fmt.Sprintf("Hanhai Automotive pays %s: spread over all holders by what each has, in one transaction.", cny(firstPayment)), payment(pkg, firstPayment, bank))
	s.do("pay in full", "obligor", fmt.Sprintf("It pays the rest, %s.", cny(tier1Invoice-firstPayment)), payment(pkg, tier1Invoice-firstPayment, bank))
	d, err := s.wallet("tier3").Deposits(s.ctx)
	s.hold("paid out", err)
	if len(d.Records) != 1 || d.Records[0].AmountMinor != toTier3 {
		s.hold("paid out", fmt.Errorf("tier 3 has %v, %s was expected", d.Records, cny(toTier3)))
	}
	s.done(step{Name: "paid out", Height: d.Height, Verified: true}, fmt.Sprintf("Qingshi Abrasives now has a deposit of %s at the Bank of Linjiang, to the fen what it held: proven.", cny(toTier3)))
}

func payment(pkg id.ID, amount int64, bank devnet.Role) *voucherv1.Pay {
	return &voucherv1.Pay{Package: pkg.Bytes(), AmountMinor: amount, Bank: bank.Member.Bytes()}
}
