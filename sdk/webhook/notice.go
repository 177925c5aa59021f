// Package webhook tells what happens to an account as it happens: notices, each proven and none left out, followed from a
// kept place, and posted to a URL.
package webhook

import (
	"fmt"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/statement"
)

// The kinds of notices that no event makes: a day has come.
const (
	KindDue        = "voucher_due" // a part that the account holds is due, or will be in Days
	KindPaymentDue = "payment_due" // a package that the account owes
)

// Notice is one thing that happened to the account. Kind is one of statement's tellings or of the constants here; new ones
// may come. Ids are 64 hex digits; what is not said is left out.
type Notice struct {
	// Key is the same whenever this notice is told, and no other's.
	Key          string `json:"key"`
	Chain        string `json:"chain"`
	Account      string `json:"account"`
	Kind         string `json:"kind"`
	Time         string `json:"time"` // the chain's, RFC 3339
	Entry        uint64 `json:"entry,omitempty"`
	Height       int64  `json:"height"`
	Transaction  string `json:"transaction,omitempty"`
	Counterparty string `json:"counterparty,omitempty"`
	Bank         string `json:"bank,omitempty"`
	Voucher      string `json:"voucher,omitempty"`
	Part         string `json:"part,omitempty"`
	Currency     string `json:"currency,omitempty"`
	AmountMinor  int64  `json:"amount_minor,omitempty"`
	DueDay       string `json:"due_day,omitempty"`
	Days         int32  `json:"days,omitempty"` // until it is due
	Until        string `json:"until,omitempty"`
	Reference    string `json:"reference,omitempty"`
}

func hexOf(one id.ID) string {
	if one.IsZero() {
		return ""
	}
	return one.String()
}

// noticesOf are those of an entry, one for each event that names the account; one at least.
func (f *Follower) noticesOf(e *sdk.Entry) (out []Notice) {
	me := f.client.Account()
	told := make([]statement.Telling, 0, len(e.Events))
	for _, event := range e.Events {
		told = append(told, statement.Tell(event, me))
	}
	if len(told) == 0 {
		told = append(told, statement.Telling{Kind: "changed"})
	}
	for i, t := range told {
		n := Notice{
			Key: fmt.Sprintf("%s-%d-%d", me, e.Number, i), Chain: f.client.Chain(), Account: me.String(), Kind: t.Kind, Time: f.stamp(e.TimeUnixS),
			Entry: e.Number, Height: e.Height, Counterparty: hexOf(t.Counterparty), Bank: hexOf(t.Bank), Voucher: hexOf(t.Package), Part: hexOf(t.Part),
			Currency: t.Currency, AmountMinor: t.AmountMinor, Reference: t.Reference,
		}
		if tx, ok := id.Of(e.Transaction); ok {
			n.Transaction = tx.String()
		}
		if t.DueDay != 0 {
			n.DueDay = dayText(t.DueDay)
		}
		if t.UntilUnixS != 0 {
			n.Until = f.stamp(t.UntilUnixS)
		}
		if n.Currency == "" && n.AmountMinor != 0 {
			n.Currency = currencyOf(e)
		}
		out = append(out, n)
	}
	return out
}

// currencyOf is the currency of an entry's changes, where they are of one.
func currencyOf(e *sdk.Entry) string {
	out := ""
	for _, c := range e.Changes {
		if out != "" && out != c.Currency {
			return ""
		}
		out = c.Currency
	}
	return out
}

func (f *Follower) stamp(unixS int64) string {
	return time.Unix(unixS, 0).In(time.FixedZone("", int(f.offsetS))).Format(time.RFC3339)
}

func dayText(day int32) string {
	return time.Unix(int64(day)*secondsPerDay, 0).UTC().Format(time.DateOnly)
}

const secondsPerDay = 86_400

// due makes the notice that something falls due, as it was to be told so many days ahead.
func (f *Follower) due(one obligation, ahead int32) Notice {
	pkg, _ := id.Of(one.p.Id)
	number, _ := id.Of(one.part.GetNumber())
	n := Notice{
		Key: fmt.Sprintf("%s-due-%s-%s-%d", f.client.Account(), pkg, hexOf(number), ahead), Chain: f.client.Chain(), Account: f.client.Account().String(),
		Kind: one.kind, Time: f.stamp(f.now), Height: one.at.Height, Voucher: pkg.String(), Part: hexOf(number),
		Currency: one.p.Currency, AmountMinor: one.p.Outstanding(), DueDay: dayText(one.p.DueDay), Days: one.p.DueDay - f.today,
	}
	if one.part != nil {
		obligor, _ := id.Of(one.p.Obligor)
		n.AmountMinor, n.Counterparty = one.part.Outstanding(), hexOf(obligor)
	}
	return n
}
