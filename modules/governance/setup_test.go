package governance

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// The world of the tests: four members with seats and a validator each, one member without a seat, a regulator.
var (
	ann       = actor(0)
	ben       = actor(1)
	cleo      = actor(2)
	dora      = actor(3)
	seatless  = actor(4)
	regulator = actor(5)
)

const (
	open     = governancev1.ProposalState_PROPOSAL_STATE_OPEN
	executed = governancev1.ProposalState_PROPOSAL_STATE_EXECUTED
	failed   = governancev1.ProposalState_PROPOSAL_STATE_FAILED
	rejected = governancev1.ProposalState_PROPOSAL_STATE_REJECTED
)

// fee is a parameter of some other module.
var fee = &kernel.Param{Name: "till.fee_minor", Default: 1, Min: 0, Max: 100, Source: "the house"}

func actor(call uint32) kerneltest.Actor {
	seed := kernelv1.GenesisSeed(kerneltest.ChainID)
	return kerneltest.Actor{
		Member: kernelv1.CreatedID(seed, call, 0), ID: kernelv1.CreatedID(seed, call, 1),
		Signers: []key.Signer{kerneltest.Signer(keyName(call))},
	}
}

func keyName(call uint32) string { return fmt.Sprintf("actor %d", call) }

func admission(call, roles uint32, seat bool) *membersv1.AdmitMember {
	pub := kerneltest.Signer(keyName(call)).Public()
	return &membersv1.AdmitMember{
		Legal: legal(call), Roles: roles, Seat: seat,
		Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{
			{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN},
		}},
	}
}

// legal is a legal entity with the number n, completed by its check character.
func legal(n uint32) *membersv1.Legal {
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if s := fmt.Sprintf("9135010000%07d%c", n, c); membersv1.ValidUSCC(s) {
			return &membersv1.Legal{Name: "Member", CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: s}
		}
	}
	panic("no check character fits")
}

// node is the validator key with a number.
func node(n byte) []byte { return bytes.Repeat([]byte{n}, governancev1.KeySize) }

func validator(n byte, power int64, of kerneltest.Actor) *governancev1.SetValidator {
	return &governancev1.SetValidator{PublicKey: node(n), Power: power, Member: of.Member.Bytes()}
}

func genesisCalls(more ...proto.Message) []kernel.GenesisCall {
	msgs := []proto.Message{
		admission(0, membersv1.RoleBank, true), admission(1, membersv1.RoleBank, true),
		admission(2, membersv1.RoleFinancier, true), admission(3, membersv1.RoleOperator, true),
		admission(4, membersv1.RoleWarehouse, false), admission(5, membersv1.RoleRegulator, false),
		validator(1, 10, ann), validator(2, 10, ben), validator(3, 10, cleo), validator(4, 10, dora),
	}
	var calls []kernel.GenesisCall
	for _, m := range append(msgs, more...) {
		calls = append(calls, kerneltest.GenesisCall(m))
	}
	return calls
}

func machine() (*kernel.Machine, *Governance) {
	m := members.New()
	g := New(m)
	till := &kernel.Module{Name: "till", Params: []*kernel.Param{fee}}
	return kernel.NewMachine(kerneltest.ChainID, m, m.Module(), g.Module(), till), g
}

func setup(tb testing.TB) *kerneltest.Chain {
	tb.Helper()
	m, _ := machine()
	return kerneltest.New(tb, m, genesisCalls()...)
}

// proposal is a proposal of calls that stays open for a day.
func proposal(c *kerneltest.Chain, calls ...proto.Message) *governancev1.Propose {
	p := &governancev1.Propose{Title: "a change", ExpiresUnixS: c.View().Now() + 86_400}
	for _, m := range calls {
		call := kerneltest.Call(kerneltest.Actor{}, m)
		call.As = nil
		p.Calls = append(p.Calls, call)
	}
	return p
}

// proposed has ann propose calls, and returns the proposal's id.
func proposed(c *kerneltest.Chain, calls ...proto.Message) id.ID {
	c.TB.Helper()
	for _, e := range c.Must(ann, proposal(c, calls...)).Events {
		if m, err := e.Decode(); err == nil {
			if p, ok := m.(*governancev1.Proposed); ok {
				return id.Must(p.Proposal)
			}
		}
	}
	c.TB.Fatal("no event says what was proposed")
	return id.ID{}
}

// agree has ann, ben and cleo agree on calls and returns what became of them.
func agree(c *kerneltest.Chain, calls ...proto.Message) *governancev1.Proposal {
	c.TB.Helper()
	p := proposed(c, calls...)
	c.Must(ben, ballot(p, true))
	c.Must(cleo, ballot(p, true))
	return read(c, p)
}

func ballot(p id.ID, yes bool) *governancev1.Vote {
	return &governancev1.Vote{Proposal: p.Bytes(), Yes: yes}
}

func read(c *kerneltest.Chain, p id.ID) *governancev1.Proposal {
	c.TB.Helper()
	rec, ok := (&Governance{}).Proposal(c.View(), p)
	if !ok {
		c.TB.Fatalf("no proposal %s", p)
	}
	return rec
}

// became fails the test unless the proposal is in the state, with the code where it failed.
func became(t *testing.T, p *governancev1.Proposal, state governancev1.ProposalState, code *errs.Code) {
	t.Helper()
	var number uint32
	if code != nil {
		number = code.Number
	}
	if p.State != state || p.FailedCode != number {
		t.Errorf("want %s %d, got %s %d", state, number, p.State, p.FailedCode)
	}
}

func wants(t *testing.T, err error, code *errs.Code) {
	t.Helper()
	if got := errs.CodeOf(err); got != code {
		t.Errorf("want %v, got %v", code, err)
	}
}

func with(b *txv1.Body, change func(*txv1.Body)) *txv1.Body {
	out := proto.CloneOf(b)
	change(out)
	return out
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
