package members

import (
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// The world of the tests: a core enterprise and a bank with seats, an operator without, and a regulator.
var (
	maker     = actor(0, "maker")
	bank      = actor(1, "bank")
	operator  = actor(2, "operator")
	regulator = actor(3, "regulator")
)

// leis are the legal numbers of the world's members.
var leis = []string{"5493001KJTIIGC8Y1R12", "529900T8BM49AURSDO55", "HWUPKR0MPOU8FGXBT394"}

func actor(call uint32, name string) kerneltest.Actor {
	seed := kernelv1.GenesisSeed(kerneltest.ChainID)
	return kerneltest.Actor{
		Member: kernelv1.CreatedID(seed, call, 0), ID: kernelv1.CreatedID(seed, call, 1),
		Signers: []key.Signer{kerneltest.Signer(name)},
	}
}

func lei(name, number string) *membersv1.Legal {
	return &membersv1.Legal{Name: name, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_LEI, Credential: number}
}

// uscc is a legal entity with the number n, completed by its check character.
func uscc(name string, n int) *membersv1.Legal {
	return &membersv1.Legal{
		Name: name, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: complete(fmt.Sprintf("9135010000%07d", n)),
	}
}

// complete finds the check character of 17 characters.
func complete(body string) string {
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if s := body + string(c); membersv1.ValidUSCC(s) {
			return s
		}
	}
	panic("no check character fits " + body)
}

func signKey(name string) *membersv1.Key {
	p := kerneltest.Signer(name).Public()
	return &membersv1.Key{Kind: uint32(p.Kind), PublicKey: p.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN}
}

func policy(threshold uint32, names ...string) *membersv1.Policy {
	p := &membersv1.Policy{Threshold: threshold}
	for _, n := range names {
		p.Keys = append(p.Keys, signKey(n))
	}
	return p
}

func limited(p *membersv1.Policy, perTransaction, perDay int64) *membersv1.Policy {
	p.Limits = []*membersv1.Limit{{Currency: "CNY", PerTransactionMinor: perTransaction, PerDayMinor: perDay}}
	return p
}

func genesis() []proto.Message {
	return []proto.Message{
		&membersv1.AdmitMember{Legal: lei("Maker", leis[0]), Roles: membersv1.RoleCoreEnterprise, Seat: true, SupplierQuota: 2, Policy: policy(1, "maker")},
		&membersv1.AdmitMember{Legal: lei("Bank", leis[1]), Roles: membersv1.RoleBank | membersv1.RoleFinancier, Seat: true, SupplierQuota: 1, Policy: limited(policy(1, "bank"), 100, 150)},
		&membersv1.AdmitMember{Legal: lei("Operator", leis[2]), Roles: membersv1.RoleOperator, Policy: policy(1, "operator")},
		&membersv1.AdmitMember{Legal: uscc("Regulator", 0), Roles: membersv1.RoleRegulator, Policy: policy(1, "regulator")},
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
	var calls []*txv1.Call
	for _, n := range amounts {
		call := kerneltest.Call(a, &membersv1.SetStanding{
			Member: a.Member.Bytes(), State: membersv1.MemberState_MEMBER_STATE_ACTIVE, Roles: membersv1.RoleBank, SupplierQuota: n,
		})
		call.Method = "till.Pay"
		calls = append(calls, call)
	}
	return c.Raw(c.Sign(c.Body(a, calls...), a))
}

func newChain(tb testing.TB, more ...proto.Message) *kerneltest.Chain {
	tb.Helper()
	m := New()
	var calls []kernel.GenesisCall
	for _, msg := range append(genesis(), more...) {
		calls = append(calls, kerneltest.GenesisCall(msg))
	}
	return kerneltest.New(tb, kernel.NewMachine(kerneltest.ChainID, m, m.Module(), till()), calls...)
}

func setup(tb testing.TB) *kerneltest.Chain { return newChain(tb) }

// govern makes a context in which governance's calls run on committed state, and commits what they change.
func govern(c *kerneltest.Chain, msg proto.Message) error {
	c.TB.Helper()
	state := kernel.NewOverlay(c.Mem)
	run := c.M.Begin(state, kernel.Info{Height: c.Height + 1, TimeUnixS: c.Time + 1, Hash: id.Hash("governed").Bytes()}, c.IDs)
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(msg)
	if err != nil {
		c.TB.Fatal(err)
	}
	ctx := run.Context()
	err = ctx.Try(func(ctx *kernel.Ctx) error { return ctx.Run(kerneltest.Method(msg), raw) })
	c.Height, c.Time = c.Height+1, c.Time+1
	c.Mem.Apply(run.End().Changes)
	return err
}

// admitted has the sponsor admit a supplier and returns the invited actor.
func admitted(c *kerneltest.Chain, sponsor kerneltest.Actor, n int, invitation string) kerneltest.Actor {
	c.TB.Helper()
	inv := kerneltest.Signer(invitation)
	r := c.Must(sponsor, &membersv1.AdmitSupplier{
		Legal: uscc("Supplier", n), IdentityCheck: id.Hash("check").Bytes(),
		InvitationKind: uint32(inv.Public().Kind), InvitationKey: inv.Public().Bytes,
	})
	e := event[*membersv1.MemberAdmitted](c, r)
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

// event is the first event of its type that a transaction left.
func event[E proto.Message](c *kerneltest.Chain, r kernel.Result) E {
	c.TB.Helper()
	for _, e := range r.Events {
		if m, err := e.Decode(); err == nil {
			if found, ok := m.(E); ok {
				return found
			}
		}
	}
	var none E
	c.TB.Fatalf("no event %T", none)
	return none
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

// judged is an actor's transaction, judged against committed state and ready for a block.
func judged(c *kerneltest.Chain, a kerneltest.Actor, msg proto.Message) *kernel.Tx {
	c.TB.Helper()
	tx, err := c.Judge(c.Sign(c.Body(a, kerneltest.Call(a, msg)), a))
	if err != nil {
		c.TB.Fatal(err)
	}
	return tx
}
