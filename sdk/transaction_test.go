package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
)

// check is a transaction that any account may send, and that does little.
func check(n string) *voucherv1.CheckDocument {
	return &voucherv1.CheckDocument{Documents: [][]byte{id.Hash("document", []byte(n)).Bytes()}}
}

// redeem is refused in its block: the account has no deposit.
func redeem(s *stage) *depositv1.Redeem {
	return &depositv1.Redeem{Bank: s.chain.Member(sdktest.Bank).Bytes(), AmountMinor: 1, Currency: "CNY"}
}

func sentCount(t *testing.T, c *sdk.Client) uint64 {
	t.Helper()
	totals, _, err := c.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return totals.SentCount
}

// What a node tells of an outcome is a hint; the proven chain of the sender's transactions decides.
func TestLyingNodeAboutOutcomes(t *testing.T) {
	s := newStage(t, nil)
	s.liar.lies(bends{outcome: func(a *gatev1.OutcomeResponse) { a.Code, a.Log = 0, "all is well" }})
	if o, err := s.tier1.Do(t.Context(), redeem(s)); !errors.Is(err, depositv1.ErrInsufficient) || o.Code != depositv1.ErrInsufficient.Number {
		t.Errorf("a refusal was told as a success: %+v, %v", o, err)
	}
	s.liar.lies(bends{outcome: func(a *gatev1.OutcomeResponse) { a.Code, a.Log = 444, "refused" }})
	if o, err := s.tier1.Do(t.Context(), check("1")); err != nil || o.Code != 0 || o.Events != nil {
		t.Errorf("a success was told as a refusal: %+v, %v", o, err)
	}
	s.liar.lies(bends{outcome: func(a *gatev1.OutcomeResponse) { a.Height += 3 }})
	if _, err := s.tier1.Do(t.Context(), check("2")); err != nil {
		t.Errorf("another height was told: %v", err)
	}
	for name, bend := range map[string]func(*gatev1.SentResponse){
		"a link changed":  func(a *gatev1.SentResponse) { a.Links[0][len(a.Links[0])-1] ^= 1 },
		"newest left out": func(a *gatev1.SentResponse) { a.Links = a.Links[1:] },
		"swapped":         func(a *gatev1.SentResponse) { a.Links[0], a.Links[1] = a.Links[1], a.Links[0] },
		"all left out":    func(a *gatev1.SentResponse) { a.Links = nil },
	} {
		s.liar.lies(bends{sent: bend})
		if o, err := s.tier1.Do(t.Context(), check(name)); !errors.Is(err, sdk.ErrUnsettled) {
			t.Errorf("%s: %+v, %v", name, o, err)
		} else {
			s.liar.lies(bends{})
			if _, err := s.tier1.Settle(t.Context(), o.Ticket); err != nil {
				t.Errorf("%s: settled honestly: %v", name, err)
			}
		}
	}
}

// A node that says a transaction is in a block that never comes, or keeps it, cannot make the client believe that it ran.
func TestLyingNodeKeepsTransactions(t *testing.T) {
	s := newStage(t, nil)
	keep := func(func() (*gatev1.SubmitResponse, error)) (*gatev1.SubmitResponse, error) {
		return &gatev1.SubmitResponse{Results: []*gatev1.Submitted{{}}}, nil
	}
	for name, b := range map[string]bends{
		"and says nothing":   {submit: keep},
		"and says it ran":    {submit: keep, outcome: func(a *gatev1.OutcomeResponse) { a.Found, a.Height = true, a.NodeHeight-1 }},
		"and says it failed": {submit: keep, outcome: func(a *gatev1.OutcomeResponse) { a.Found, a.Height, a.Code = true, a.NodeHeight-1, 401 }},
	} {
		t.Run(name, func(t *testing.T) {
			before := sentCount(t, s.tier1)
			s.liar.lies(b)
			d, err := s.tier1.Draft(t.Context(), time.Second, sdk.Call{Message: check(name)})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Sign(s.chain.Signer(sdktest.Tier1)); err != nil {
				t.Fatal(err)
			}
			p, err := s.tier1.Submit(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			if o, err := p.Wait(t.Context()); !errors.Is(err, sdk.ErrNeverRan) {
				t.Errorf("%+v, %v", o, err)
			}
			if now := sentCount(t, s.tier1); now != before {
				t.Errorf("%d transactions after %d", now, before)
			}
		})
	}
}

// An answer that is lost leads to the same bytes again, and those run once.
func TestLostAnswerRunsOnce(t *testing.T) {
	s := newStage(t, nil)
	before, lost := sentCount(t, s.tier1), 0
	s.liar.lies(bends{submit: func(taken func() (*gatev1.SubmitResponse, error)) (*gatev1.SubmitResponse, error) {
		a, err := taken()
		if lost++; lost <= 3 {
			return nil, connect.NewError(connect.CodeUnavailable, errors.New("connection lost"))
		}
		return a, err
	}})
	if _, err := s.tier1.Do(t.Context(), check("lost")); err != nil || lost != 4 {
		t.Errorf("after %d: %v", lost, err)
	}
	if now := sentCount(t, s.tier1); now != before+1 {
		t.Errorf("%d transactions after %d", now, before)
	}
}

// A program that dies after sending settles by the ticket that it kept.
func TestSettleByTicket(t *testing.T) {
	s := newStage(t, nil)
	gone, cancel := context.WithCancel(t.Context())
	s.liar.lies(bends{submit: func(taken func() (*gatev1.SubmitResponse, error)) (*gatev1.SubmitResponse, error) {
		a, err := taken()
		cancel()
		return a, err
	}})
	o, err := s.tier1.Do(gone, redeem(s))
	if !errors.Is(err, sdk.ErrUnsettled) || o.Ticket == (sdk.Ticket{}) {
		t.Fatalf("%+v, %v", o, err)
	}
	kept, err := json.Marshal(o.Ticket)
	if err != nil {
		t.Fatal(err)
	}
	var ticket sdk.Ticket
	if err := json.Unmarshal(kept, &ticket); err != nil || ticket != o.Ticket {
		t.Fatalf("%s: %v", kept, err)
	}
	for range 20 { // others of the same sender come after it
		if _, err := s.obligor.Do(t.Context(), check("obligor's")); err != nil {
			t.Fatal(err)
		}
		if o, err = s.tier1.Settle(t.Context(), ticket); !errors.Is(err, sdk.ErrUnsettled) {
			break
		}
	}
	var refusal *sdk.Refusal
	if !errors.As(err, &refusal) || !refusal.Proven || refusal.Code != depositv1.ErrInsufficient || o.Height == 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestSettleFindsFarBack(t *testing.T) {
	s := newStage(t, nil)
	first, err := s.tier1.Do(t.Context(), check("first"))
	if err != nil {
		t.Fatal(err)
	}
	var last *sdk.Pending
	for i := range 40 {
		if last, err = s.tier1.Send(t.Context(), check(string(rune('a'+i)))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := last.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if o, err := s.tier1.Settle(t.Context(), first.Ticket); err != nil || o.Height != first.Height {
		t.Errorf("%+v, %v", o, err)
	}
	other := first.Ticket
	other.Body = id.Hash("another")
	if _, err := s.tier1.Settle(t.Context(), other); !errors.Is(err, sdk.ErrNeverRan) {
		t.Errorf("another body under its id: %v", err)
	}
	unknown := first.Ticket
	unknown.TxID[0] ^= 1
	if _, err := s.tier1.Settle(t.Context(), unknown); !errors.Is(err, sdk.ErrUnsettled) {
		t.Errorf("an id that was not sent, before its expiry: %v", err)
	}
	unknown.ExpiresUnixS = time.Now().Unix() - 60
	if _, err := s.tier1.Settle(t.Context(), unknown); !errors.Is(err, sdk.ErrNeverRan) {
		t.Errorf("an id that was not sent, after its expiry: %v", err)
	}
}

// The node's own check refuses before any block: the client says so, and that it is not proven.
func TestRefusedAtTheDoor(t *testing.T) {
	s := newStage(t, nil)
	_, err := s.tier1.Do(t.Context(), &depositv1.Mint{To: s.chain.Account(sdktest.Tier1).Bytes(), AmountMinor: 1, Currency: "CNY"})
	var refusal *sdk.Refusal
	if !errors.As(err, &refusal) || !errors.Is(err, kernelv1.ErrNotPermitted) || refusal.Proven || refusal.Ticket == (sdk.Ticket{}) {
		t.Errorf("%+v, %v", refusal, err)
	}
	if _, err := s.tier1.Do(t.Context(), &voucherv1.CheckDocument{}); !errors.Is(err, voucherv1.ErrField) {
		t.Errorf("an invalid message is refused before it is sent: %v", err)
	}
	if _, err := s.tier1.Do(t.Context()); err == nil {
		t.Error("no calls")
	}
}

// Two accounts act in one transaction, each having read and signed it: all takes effect or none.
func TestDraftOfTwoAccounts(t *testing.T) {
	s := newStage(t, nil)
	bank, tier2 := s.chain.Dial(sdktest.Bank), s.chain.Dial(sdktest.Tier2)
	if _, err := bank.Do(t.Context(), &depositv1.Mint{To: tier2.Account().Bytes(), AmountMinor: 900, Currency: "CNY"}); err != nil {
		t.Fatal(err)
	}
	pay := &depositv1.Transfer{Bank: s.chain.Member(sdktest.Bank).Bytes(), To: s.tier1.Account().Bytes(), AmountMinor: 400, Currency: "CNY"}
	d, err := s.tier1.Draft(t.Context(), 0, sdk.Call{Message: check("both")}, sdk.Call{As: tier2.Account(), Message: pay})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Sign(s.chain.Signer(sdktest.Tier1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.tier1.Submit(t.Context(), d); !errors.Is(err, kernelv1.ErrMissingKey) {
		t.Errorf("with one signature: %v", err)
	}
	b, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := tier2.ReadDraft(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	calls, err := theirs.Calls()
	if err != nil || len(calls) != 2 || calls[1].As != tier2.Account() || calls[1].Message.(*depositv1.Transfer).AmountMinor != 400 {
		t.Fatalf("%v, %v", calls, err)
	}
	for range 2 { // signing twice is signing once
		if err := theirs.Sign(s.chain.Signer(sdktest.Tier2)); err != nil {
			t.Fatal(err)
		}
	}
	p, err := tier2.Submit(t.Context(), theirs)
	if err != nil {
		t.Fatal(err)
	}
	if p.Ticket().Body != d.Ticket().Body {
		t.Error("a signature changed the transaction's name")
	}
	if _, err := s.tier1.Settle(t.Context(), d.Ticket()); err != nil && !errors.Is(err, sdk.ErrUnsettled) {
		t.Error(err)
	}
	claims := func() int64 {
		got, err := s.tier1.Deposits(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Records) == 0 {
			return 0
		}
		return got.Records[0].AmountMinor
	}
	for deadline := time.Now().Add(5 * time.Second); claims() != 400; {
		if time.Now().After(deadline) {
			t.Fatal("the transfer did not come")
		}
	}
}

func TestReadDraftRefuses(t *testing.T) {
	s := newStage(t, nil)
	for name, b := range map[string][]byte{"nothing": nil, "noise": []byte("noise"), "too large": make([]byte, 2<<20)} {
		if _, err := s.tier1.ReadDraft(t.Context(), b); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
