package members

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// The world of the tests: a core enterprise and a bank with seats, an operator without, and a regulator.
var (
	maker     = memberstest.Actor(0, "maker")
	bank      = memberstest.Actor(1, "bank")
	operator  = memberstest.Actor(2, "operator")
	regulator = memberstest.Actor(3, "regulator")
)

func genesis() []proto.Message {
	core, lender := memberstest.Seated("maker", membersv1.RoleCoreEnterprise), memberstest.Seated("bank", membersv1.RoleBank|membersv1.RoleFinancier)
	core.SupplierQuota, lender.SupplierQuota = 2, 1
	memberstest.Limited(lender.Policy, 100, 150)
	return []proto.Message{
		core, lender, memberstest.Admission("operator", membersv1.RoleOperator), memberstest.Admission("regulator", membersv1.RoleRegulator),
	}
}

// till is a module whose one call gives away supplier_quota minor units of CNY: any module's payment.
func till() *kernel.Module {
	gives := func(_ *kernel.Ctx, m *membersv1.SetStanding) ([]money.Amount, error) {
		return []money.Amount{{Minor: int64(m.SupplierQuota), Currency: "CNY"}, {Minor: 1_000_000, Currency: "EUR"}}, nil
	}
	done := func(*kernel.Ctx, *membersv1.SetStanding) error { return nil }
	return &kernel.Module{Name: "till", Routes: []kernel.Route{
		kernel.On("till.Pay", kernel.Need{Roles: membersv1.Trading}, gives, done),
	}}
}

// pay has an actor pay amounts in one transaction.
func pay(c *kerneltest.Chain, a kerneltest.Actor, amounts ...uint32) kernel.Result {
	c.TB.Helper()
	return c.Raw(signedPay(c, a, amounts...))
}

// paying is pay, judged and ready for a block.
func paying(c *kerneltest.Chain, a kerneltest.Actor, amounts ...uint32) *kernel.Tx {
	c.TB.Helper()
	tx, err := c.Judge(signedPay(c, a, amounts...))
	wants(c.TB, err, nil)
	return tx
}

func signedPay(c *kerneltest.Chain, a kerneltest.Actor, amounts ...uint32) []byte {
	c.TB.Helper()
	var calls []*txv1.Call
	for _, n := range amounts {
		call := kerneltest.Call(a, &membersv1.SetStanding{
			Member: a.Member.Bytes(), State: membersv1.MemberState_MEMBER_STATE_ACTIVE, Roles: membersv1.RoleBank, SupplierQuota: n,
		})
		call.Method = "till.Pay"
		calls = append(calls, call)
	}
	return c.Sign(c.Body(a, calls...), a)
}

func newChain(tb testing.TB, more ...proto.Message) *kerneltest.Chain {
	tb.Helper()
	m := New()
	machine := kernel.NewMachine(kerneltest.ChainID, m, m.Module(), till())
	return kerneltest.New(tb, machine, memberstest.Genesis(append(genesis(), more...)...)...)
}

func setup(tb testing.TB) *kerneltest.Chain { return newChain(tb) }

// admitted has the sponsor admit a supplier and returns the invited actor.
func admitted(c *kerneltest.Chain, sponsor kerneltest.Actor, n int, invitation string) kerneltest.Actor {
	c.TB.Helper()
	inv := kerneltest.Signer(invitation)
	r := c.Must(sponsor, &membersv1.AdmitSupplier{
		Legal: memberstest.USCC("Supplier", n), IdentityCheck: id.Hash("check").Bytes(),
		InvitationKind: uint32(inv.Public().Kind), InvitationKey: inv.Public().Bytes,
	})
	e := memberstest.Event[*membersv1.MemberAdmitted](c, r)
	return kerneltest.Actor{ID: id.Must(e.MainAccount), Member: id.Must(e.Member), Signers: []key.Signer{inv}}
}

// joined has an invited actor join with a key of its own.
func joined(c *kerneltest.Chain, invited kerneltest.Actor, name string) kerneltest.Actor {
	c.TB.Helper()
	c.Must(invited, joinWith(invited, kerneltest.Signer(name)))
	invited.Signers = []key.Signer{kerneltest.Signer(name)}
	return invited
}

func joinWith(invited kerneltest.Actor, s key.Signer) *membersv1.Join {
	sig, err := s.Sign(membersv1.JoinDigest(kerneltest.ChainID, invited.ID, s.Public()))
	if err != nil {
		panic(err)
	}
	return &membersv1.Join{Kind: uint32(s.Public().Kind), PublicKey: s.Public().Bytes, Possession: sig}
}

func member(c *kerneltest.Chain, who id.ID) *membersv1.Member {
	c.TB.Helper()
	m, ok := New().Member(c.View(), who)
	if !ok {
		c.TB.Fatalf("no member %s", who)
	}
	return m
}

func account(c *kerneltest.Chain, who id.ID) *membersv1.Account {
	c.TB.Helper()
	a, ok := New().Account(c.View(), who)
	if !ok {
		c.TB.Fatalf("no account %s", who)
	}
	return a
}

func wants(t testing.TB, err error, code *errs.Code) {
	t.Helper()
	if got := errs.CodeOf(err); got != code {
		t.Errorf("want %v, got %v", code, err)
	}
}
