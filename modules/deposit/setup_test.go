package deposit_test

import (
	"testing"

	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// The actors of the small world: genesis call i makes member and account i.
var (
	bank      = memberstest.Actor(0, "bank")
	otherBank = memberstest.Actor(1, "other bank")
	acme      = memberstest.Actor(2, "acme")
	zeta      = memberstest.Actor(3, "zeta")
	regulator = memberstest.Actor(4, "regulator")
	stranger  = kerneltest.Actor{ID: id.Hash("stranger"), Signers: []key.Signer{kerneltest.Signer("stranger")}}
)

// world is a chain with two banks, two firms and a regulator; zeta gives away at most 5.00 CNY at once.
type world struct {
	*kerneltest.Chain
	deposits *deposit.Deposits
}

func newWorld(tb testing.TB) *world {
	m := members.New()
	d := deposit.New(m)
	machine := kernel.NewMachine(kerneltest.ChainID, m, m.Module(), d.Module())
	first, limited := memberstest.Seated("bank", membersv1.RoleBank), memberstest.Admission("zeta", membersv1.RoleSupplier|membersv1.RoleBank)
	first.SupplierQuota = 1
	memberstest.Limited(limited.Policy, 500, 500)
	return &world{deposits: d, Chain: kerneltest.New(tb, machine, memberstest.Genesis(
		first, memberstest.Seated("other bank", membersv1.RoleBank|membersv1.RoleFinancier), memberstest.Admission("acme", membersv1.RoleCoreEnterprise),
		limited, memberstest.Admission("regulator", membersv1.RoleRegulator),
	)...)}
}

func mint(to kerneltest.Actor, minor int64) *depositv1.Mint {
	return &depositv1.Mint{To: to.ID.Bytes(), AmountMinor: minor, Currency: "CNY", Reference: "received"}
}

func redeem(of kerneltest.Actor, minor int64) *depositv1.Redeem {
	return &depositv1.Redeem{Bank: of.Member.Bytes(), AmountMinor: minor, Currency: "CNY"}
}

func transfer(of, to kerneltest.Actor, minor int64) *depositv1.Transfer {
	return &depositv1.Transfer{Bank: of.Member.Bytes(), To: to.ID.Bytes(), AmountMinor: minor, Currency: "CNY", Reference: "order 7"}
}

// forbid sets deposit.allowed to 0 as a vote does, from the chain's first day on.
func (w *world) forbid() {
	w.Plant(kernelv1.ParameterKey(depositv1.ParamAllowed), &kernelv1.Parameter{Values: []*kernelv1.ParameterValue{{FromDay: 0, Value: 0}}})
}

// balance is what a bank owes a holder in CNY; 0 where there is no record.
func (w *world) balance(of, holder kerneltest.Actor) int64 {
	w.TB.Helper()
	b := &depositv1.Balance{}
	w.Read(depositv1.BalanceKey(of.Member, holder.ID, "CNY"), b)
	return b.AmountMinor
}

func (w *world) issued(of kerneltest.Actor) int64 {
	w.TB.Helper()
	i := &depositv1.Issued{}
	w.Read(depositv1.IssuedKey(of.Member, "CNY"), i)
	return i.AmountMinor
}

// held checks an account's totals of class 301 in CNY.
func (w *world) held(holder kerneltest.Actor, count uint64, minor int64) {
	w.TB.Helper()
	if t := w.Totals(holder.ID).Total(depositv1.ClassHeld, "CNY"); t.Count != count || t.AmountMinor != minor {
		w.TB.Errorf("totals: %d balances of %d, want %d of %d", t.Count, t.AmountMinor, count, minor)
	}
}

// moved checks the one event of a transaction: what it says and who may see it.
func (w *world) moved(r kernel.Result, want *depositv1.Moved, parties ...kerneltest.Actor) {
	w.TB.Helper()
	if len(r.Events) != 1 || len(r.Events[0].Parties) != len(parties) || r.Events[0].Visibility != kernelv1.Visibility_VISIBILITY_PARTY {
		w.TB.Fatalf("events: %v", r.Events)
	}
	for i, p := range parties {
		if string(r.Events[0].Parties[i]) != string(p.ID[:]) {
			w.TB.Errorf("party %d is %x", i, r.Events[0].Parties[i])
		}
	}
	if got, err := r.Events[0].Decode(); err != nil || !proto.Equal(got, want) {
		w.TB.Errorf("event %v, want %v (%v)", got, want, err)
	}
}
