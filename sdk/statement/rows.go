package statement

import (
	"fmt"
	"strings"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// Class is a class of an account's totals as statements name it.
type Class struct {
	Number uint32
	Code   string // in files
	Name   string // for people
}

// Classes are those that this program has names for; a statement shows the others by their numbers.
var Classes = []Class{
	{depositv1.ClassHeld, "deposit", "Deposits"},
	{302, "deposit_blocked", "Deposits blocked"},
	{voucherv1.ClassHeld, "voucher_held", "Vouchers held"},
	{voucherv1.ClassOffered, "voucher_offered", "Vouchers on offer to others"},
	{403, "voucher_pledged", "Vouchers pledged"},
	{404, "voucher_financing", "Vouchers in financing"},
	{voucherv1.ClassIncoming, "voucher_incoming", "Vouchers offered to you"},
	{voucherv1.ClassPending, "voucher_pending", "Vouchers to accept"},
	{voucherv1.ClassOwed, "voucher_owed", "Vouchers owed"},
	{408, "voucher_frozen", "Of these, frozen"},
	{409, "freeze_laid", "Freezes laid"},
}

// ClassOf is the class of a number.
func ClassOf(number uint32) Class {
	for _, c := range Classes {
		if c.Number == number {
			return c
		}
	}
	return Class{Number: number, Code: fmt.Sprintf("class_%d", number), Name: fmt.Sprintf("Class %d", number)}
}

// Telling is what an event says to one of its parties.
type Telling struct {
	// Kind is a word that programs can rely on: voucher_received, deposit_paid.
	Kind         string
	Counterparty id.ID
	Bank         id.ID
	Package      id.ID
	Part         id.ID
	Currency     string // empty where the event does not say
	AmountMinor  int64  // 0 where the event does not say
	DueDay       int32
	UntilUnixS   int64
	Reference    string
	// Sums are the classes whose sum the event changes, in minor units; a class that it does not know the amount of is
	// left out. Which of them an entry has is the entry's word.
	Sums map[uint32]int64
}

// row reads one type of event for one of its parties.
type row func(m proto.Message, me id.ID) Telling

func on[T proto.Message](f func(e T, me id.ID) Telling) (string, row) {
	var none T
	name := string(none.ProtoReflect().Descriptor().FullName())
	return name, func(m proto.Message, me id.ID) Telling { return f(m.(T), me) }
}

// rows has one line for each type of event. An event that is not here is told by its name, and sums are right without.
var rows = table(
	add(on(depositMoved)), add(on(depositBlocked)), add(on(depositUnblocked)),
	add(on(voucherIssued)), add(on(voucherAccepted)), add(on(voucherEnded)), add(on(voucherSplit)), add(on(voucherOffered)),
	add(on(voucherOfferEnded)), add(on(voucherPassed)), add(on(voucherPaid)), add(on(voucherMerged)), add(on(voucherExtinguished)),
	add(on(voucherFreezeLaid)), add(on(voucherFreezeEnded)), add(on(voucherClaimKept)),
	add(on(accountChanged)), add(on(recoveryChanged)), add(on(settlementChanged)),
)

type named struct {
	name string
	row  row
}

func add(name string, r row) named { return named{name, r} }

func table(all ...named) map[string]row {
	out := map[string]row{}
	for _, one := range all {
		out[one.name] = one.row
	}
	return out
}

// Tell reads an event for one of its parties.
func Tell(e *kernelv1.Event, me id.ID) Telling {
	if r := rows[e.Type]; r != nil {
		if m, err := e.Decode(); err == nil {
			return r(m, me)
		}
	}
	return Telling{Kind: plain(e.Type)}
}

// plain makes a word of an event's type: splittally.members.v1.AccountChanged is account_changed.
func plain(name string) string {
	var b strings.Builder
	for i, r := range name[strings.LastIndexByte(name, '.')+1:] {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func ident(b []byte) id.ID {
	one, _ := id.Of(b)
	return one
}

func depositMoved(e *depositv1.Moved, me id.ID) Telling {
	from, to := ident(e.From), ident(e.To)
	t := Telling{Bank: ident(e.Bank), Currency: e.Currency, AmountMinor: e.AmountMinor, Reference: e.Reference, Sums: map[uint32]int64{}}
	switch me {
	case to:
		t.Kind, t.Counterparty, t.Sums[depositv1.ClassHeld] = "deposit_received", from, e.AmountMinor
		if from.IsZero() {
			t.Kind = "deposit_paid_in"
		}
	case from:
		t.Kind, t.Counterparty, t.Sums[depositv1.ClassHeld] = "deposit_paid", to, -e.AmountMinor
		if to.IsZero() {
			t.Kind = "deposit_paid_out"
		}
	default:
		t.Kind = "deposit_of_customer"
	}
	return t
}

func depositBlocked(e *depositv1.Blocked, me id.ID) Telling {
	t := Telling{
		Kind: "deposit_blocked", Bank: ident(e.Bank), Currency: e.Currency, AmountMinor: e.AmountMinor, Package: ident(e.Package), Part: ident(e.Number),
		Counterparty: ident(e.From), Sums: map[uint32]int64{classBlocked: e.AmountMinor},
	}
	if me == ident(e.From) {
		t.Counterparty, t.Sums = ident(e.Holder), map[uint32]int64{depositv1.ClassHeld: -e.AmountMinor}
	}
	return t
}

const classBlocked = 302

func depositUnblocked(e *depositv1.Unblocked, me id.ID) Telling {
	t := Telling{Kind: "deposit_unblocked", Bank: ident(e.Bank), Currency: e.Currency, AmountMinor: e.AmountMinor, Package: ident(e.Package), Part: ident(e.Number)}
	if me == ident(e.Holder) {
		t.Sums = map[uint32]int64{classBlocked: -e.AmountMinor, depositv1.ClassHeld: e.AmountMinor}
	}
	return t
}

func voucherIssued(e *voucherv1.Issued, me id.ID) Telling {
	t := Telling{
		Kind: "voucher_to_accept", Counterparty: ident(e.Obligor), Package: ident(e.Package), Currency: e.Currency, AmountMinor: e.AmountMinor, DueDay: e.DueDay,
		Sums: map[uint32]int64{voucherv1.ClassPending: e.AmountMinor},
	}
	if me == ident(e.Obligor) {
		t.Kind, t.Counterparty, t.Sums = "voucher_issued", ident(e.Creditor), map[uint32]int64{voucherv1.ClassOwed: e.AmountMinor}
	}
	return t
}

func voucherAccepted(e *voucherv1.Accepted, _ id.ID) Telling {
	return Telling{Kind: "voucher_accepted", Package: ident(e.Package), Part: ident(e.Number)}
}

func voucherEnded(e *voucherv1.Ended, _ id.ID) Telling {
	t := Telling{Kind: "voucher_cancelled", Package: ident(e.Package), Reference: e.Reason}
	if e.ByCreditor {
		t.Kind = "voucher_rejected"
	}
	return t
}

func voucherSplit(e *voucherv1.PartSplit, _ id.ID) Telling {
	return Telling{Kind: "voucher_split", Package: ident(e.Package), Part: ident(e.Parent)}
}

func voucherMerged(e *voucherv1.Merged, _ id.ID) Telling {
	return Telling{Kind: "voucher_merged", Package: ident(e.Package), Part: ident(e.Number), AmountMinor: e.AmountMinor}
}

func voucherOffered(e *voucherv1.Offered, me id.ID) Telling {
	t := Telling{
		Kind: "offer_received", Counterparty: ident(e.From), Package: ident(e.Package), Part: ident(e.Number), AmountMinor: e.AmountMinor, UntilUnixS: e.ExpiresUnixS,
		Sums: map[uint32]int64{voucherv1.ClassIncoming: e.AmountMinor},
	}
	if me == ident(e.From) {
		t.Kind, t.Counterparty = "offer_made", ident(e.To)
		t.Sums = map[uint32]int64{voucherv1.ClassHeld: -e.AmountMinor, voucherv1.ClassOffered: e.AmountMinor}
	}
	return t
}

func voucherOfferEnded(e *voucherv1.OfferEnded, _ id.ID) Telling {
	end := strings.ToLower(strings.TrimPrefix(e.End.String(), "OFFER_END_"))
	return Telling{Kind: "offer_" + end, Package: ident(e.Package), Part: ident(e.Number), Reference: e.Reason}
}

func voucherPassed(e *voucherv1.Passed, me id.ID) Telling {
	t := Telling{
		Kind: "voucher_received", Counterparty: ident(e.From), Package: ident(e.Package), Part: ident(e.Number), AmountMinor: e.AmountMinor,
		Sums: map[uint32]int64{voucherv1.ClassHeld: e.AmountMinor, voucherv1.ClassIncoming: -e.AmountMinor},
	}
	if me == ident(e.From) {
		t.Kind, t.Counterparty = "voucher_passed_on", ident(e.To)
		t.Sums = map[uint32]int64{voucherv1.ClassHeld: -e.AmountMinor, voucherv1.ClassOffered: -e.AmountMinor}
	}
	return t
}

func voucherExtinguished(e *voucherv1.Extinguished, me id.ID) Telling {
	t := Telling{
		Kind: "voucher_extinguished", Counterparty: ident(e.From), Package: ident(e.Package), Part: ident(e.Number), AmountMinor: e.AmountMinor,
		Sums: map[uint32]int64{voucherv1.ClassOwed: -e.AmountMinor, voucherv1.ClassIncoming: -e.AmountMinor},
	}
	if me == ident(e.From) {
		t.Counterparty = ident(e.To)
		t.Sums = map[uint32]int64{voucherv1.ClassHeld: -e.AmountMinor, voucherv1.ClassOffered: -e.AmountMinor}
	}
	return t
}

func voucherPaid(e *voucherv1.Paid, me id.ID) Telling {
	t := Telling{Kind: "voucher_paid", Bank: ident(e.Bank), Package: ident(e.Package), AmountMinor: e.AmountMinor}
	for _, l := range e.Legs {
		if t.Counterparty = ident(l.Payee); t.Counterparty == me {
			return paidToMe(t, e)
		}
	}
	t.Sums = map[uint32]int64{voucherv1.ClassOwed: -e.AmountMinor}
	return t
}

// paidToMe tells a payee what it got. What is blocked has not been received: where all of it is, the kind says so.
func paidToMe(t Telling, e *voucherv1.Paid) Telling {
	t.Kind, t.Counterparty, t.Part = "voucher_payment_received", id.ID{}, ident(e.Legs[0].Number)
	t.Sums = map[uint32]int64{voucherv1.ClassHeld: -e.AmountMinor, voucherv1.ClassOffered: -e.AmountMinor}
	free := e.AmountMinor
	for _, l := range e.Legs {
		if l.Blocked {
			free -= l.AmountMinor
		}
	}
	if free == 0 {
		t.Kind = "voucher_payment_blocked"
		return t
	}
	t.AmountMinor = free
	return t
}

func voucherClaimKept(e *voucherv1.ClaimKept, _ id.ID) Telling {
	return Telling{Kind: "deposit_stays_blocked", Bank: ident(e.Bank), Package: ident(e.Package), Part: ident(e.Number), AmountMinor: e.AmountMinor}
}

func voucherFreezeLaid(e *voucherv1.FreezeLaid, me id.ID) Telling {
	t := Telling{Kind: "freeze_laid", Counterparty: ident(e.By), Package: ident(e.Package), AmountMinor: e.AmountMinor, UntilUnixS: e.UntilUnixS, Reference: e.Reason}
	if me == ident(e.By) {
		t.Counterparty = id.ID{}
	}
	return t
}

func voucherFreezeEnded(e *voucherv1.FreezeEnded, _ id.ID) Telling {
	t := Telling{Kind: "freeze_ended", Package: ident(e.Package)}
	if e.Released {
		t.Kind = "freeze_released"
	}
	return t
}

func accountChanged(e *membersv1.AccountChanged, _ id.ID) Telling {
	return Telling{Kind: "account_changed", Reference: e.What}
}

// recoveryChanged: somebody replaces the account's keys; until UntilUnixS its owner can veto.
func recoveryChanged(e *membersv1.RecoveryChanged, me id.ID) Telling {
	t := Telling{Kind: "recovery_" + e.What, UntilUnixS: e.DueUnixS}
	if of := ident(e.Account); of != me {
		t.Counterparty = of
	}
	return t
}

func settlementChanged(e *membersv1.SettlementChanged, _ id.ID) Telling {
	return Telling{Kind: "settlement_account_" + e.What, Currency: e.Currency, UntilUnixS: e.DueUnixS}
}

// kinds are the words for people of what is told.
var kinds = map[string]string{
	"deposit_received": "Deposit received", "deposit_paid_in": "Paid in at the bank", "deposit_paid": "Deposit passed on",
	"deposit_paid_out": "Paid out by the bank", "deposit_of_customer": "Deposit of a customer", "deposit_blocked": "Deposit blocked",
	"deposit_unblocked": "Deposit free again", "voucher_to_accept": "Voucher waits for you", "voucher_issued": "Voucher issued",
	"voucher_accepted": "Voucher accepted", "voucher_cancelled": "Voucher taken back", "voucher_rejected": "Voucher rejected",
	"voucher_split": "Voucher split", "voucher_merged": "Vouchers merged", "offer_received": "Offer received", "offer_made": "Offer made",
	"offer_rejected": "Offer rejected", "offer_withdrawn": "Offer withdrawn", "offer_lapsed": "Offer lapsed", "offer_frozen": "Offer ended by a freeze",
	"voucher_received": "Voucher received", "voucher_passed_on": "Voucher passed on", "voucher_extinguished": "Voucher extinguished",
	"voucher_paid": "Voucher paid", "voucher_payment_received": "Payment received",
	"voucher_payment_blocked": "Payment blocked", "deposit_stays_blocked": "Deposit stays blocked", "freeze_laid": "Frozen", "freeze_ended": "Freeze ended",
	"freeze_released": "Freeze released", "account_changed": "Account changed", "recovery_pending": "NEW KEYS for the account are pending: veto if you have not lost yours",
	"recovery_vetoed": "Recovery vetoed", "recovery_cancelled": "Recovery cancelled", "recovery_done": "The account has new keys", "recovery_failed": "Recovery failed",
}

// Words are what people read of a kind.
func Words(kind string) string {
	if w := kinds[kind]; w != "" {
		return w
	}
	if kind == "" {
		return "Change"
	}
	return strings.ToUpper(kind[:1]) + strings.ReplaceAll(kind[1:], "_", " ")
}
