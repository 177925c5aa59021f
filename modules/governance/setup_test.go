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
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// The world of the tests: four members with seats and a validator each, one member without a seat, a regulator.
var (
	ann       = memberstest.Actor(0, keyName(0))
	ben       = memberstest.Actor(1, keyName(1))
	cleo      = memberstest.Actor(2, keyName(2))
	dora      = memberstest.Actor(3, keyName(3))
	seatless  = memberstest.Actor(4, keyName(4))
	regulator = memberstest.Actor(5, keyName(5))
)

const (
	open     = governancev1.ProposalState_PROPOSAL_STATE_OPEN
	executed = governancev1.ProposalState_PROPOSAL_STATE_EXECUTED
	failed   = governancev1.ProposalState_PROPOSAL_STATE_FAILED
	rejected = governancev1.ProposalState_PROPOSAL_STATE_REJECTED
)

// fee is a parameter of some other module.
var fee = &kernel.Param{Name: "till.fee_minor", Default: 1, Min: 0, Max: 100, Source: "the house"}

func admission(call int, roles uint32, seat bool) *membersv1.AdmitMember {
	m := memberstest.Admission(keyName(call), roles)
	m.Seat = seat
	return m
}

func keyName(call int) string { return fmt.Sprintf("actor %d", call) }

// node is the validator key with a number.
func node(n byte) []byte { return bytes.Repeat([]byte{n}, governancev1.KeySize) }

func validator(n byte, power int64, of kerneltest.Actor) *governancev1.SetValidator {
	return &governancev1.SetValidator{PublicKey: node(n), Power: power, Member: of.Member.Bytes()}
}

func genesisCalls(more ...proto.Message) []kernel.GenesisCall {
	return memberstest.Genesis(append([]proto.Message{
		admission(0, membersv1.RoleBank, true), admission(1, membersv1.RoleBank, true),
		admission(2, membersv1.RoleFinancier, true), admission(3, membersv1.RoleOperator, true),
		admission(4, membersv1.RoleWarehouse, false), admission(5, membersv1.RoleRegulator, false),
		validator(1, 10, ann), validator(2, 10, ben), validator(3, 10, cleo), validator(4, 10, dora),
	}, more...)...)
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
	return id.Must(memberstest.Event[*governancev1.Proposed](c, c.Must(ann, proposal(c, calls...))).Proposal)
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
