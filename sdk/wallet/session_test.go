package wallet

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// world is a development chain with wallets of its roles.
type world struct {
	*apptest.Network
	t    *testing.T
	open map[string]*Session
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{Network: apptest.Start(t), t: t, open: map[string]*Session{}}
}

// as is a role's session, over a home of its own.
func (w *world) as(role string) *Session {
	w.t.Helper()
	if s := w.open[role]; s != nil {
		return s
	}
	p, err := Development(w.t.Context(), w.Dir, role)
	if err != nil {
		w.t.Fatal(err)
	}
	one, err := Create(filepath.Join(w.t.TempDir(), role), p)
	if err != nil {
		w.t.Fatal(err)
	}
	w.open[role] = w.connect(one)
	return w.open[role]
}

func (w *world) connect(one *Wallet) *Session {
	w.t.Helper()
	s, err := one.Connect(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.Close() })
	return s
}

// do previews and does.
func (w *world) do(role string, messages ...proto.Message) (sdk.Outcome, error) {
	w.t.Helper()
	s := w.as(role)
	words, err := s.Preview(w.t.Context(), messages...)
	if err != nil {
		w.t.Fatal(err)
	}
	return s.Do(w.t.Context(), words, messages...)
}

func (w *world) must(role string, messages ...proto.Message) sdk.Outcome {
	w.t.Helper()
	o, err := w.do(role, messages...)
	if err != nil {
		w.t.Fatalf("%s: %v", role, err)
	}
	return o
}

func today() int32 { return kernelv1.DayOf(time.Now().Unix(), 8*3600) }

// item is a voucher over an invoice of the same amount.
func (w *world) item(number byte, amountMinor int64) *voucherv1.IssueItem {
	return &voucherv1.IssueItem{
		Creditor: w.Role("tier1").Account.Bytes(), Currency: "CNY", AmountMinor: amountMinor, DueDay: today() + 60,
		Background: &voucherv1.Background{Contract: id.Hash("contract").Bytes(), Invoices: []*voucherv1.InvoiceUse{{
			Fingerprint: id.Hash("invoice", []byte{number}).Bytes(), IssueDay: today(), TotalMinor: amountMinor, UsedMinor: amountMinor,
		}}},
	}
}

// holding has tier1 hold one part of a voucher.
func (w *world) holding(number byte, amountMinor int64) sdk.Holding {
	w.t.Helper()
	o := w.must("obligor", &voucherv1.Issue{Items: []*voucherv1.IssueItem{w.item(number, amountMinor)}})
	pkg := o.Created(0, 0)
	w.must("tier1", &voucherv1.AcceptPackage{Package: pkg.Bytes()})
	g, err := w.as("tier1").Look(w.t.Context(), Held)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, h := range g.Held {
		if string(h.Part.Package) == string(pkg[:]) {
			return h
		}
	}
	w.t.Fatal("the accepted voucher is not held")
	return sdk.Holding{}
}

// Whatever an account can sign has words, and what nobody signs has none.
func TestEveryMessageHasWords(t *testing.T) {
	s := newWorld(t).as("obligor")
	count := 0
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		m := mt.New().Interface()
		_, call := m.(interface{ Validate() error })
		if !strings.HasPrefix(string(mt.Descriptor().FullName()), "splittally.") || !call {
			return true
		}
		count++
		if _, err := s.words(t.Context(), m); errors.Is(err, ErrNoWords) {
			t.Errorf("%s has no words", mt.Descriptor().FullName())
		}
		return true
	})
	if count < 28 {
		t.Errorf("%d messages were found, there are at least 28", count)
	}
	if _, err := s.Preview(t.Context(), &voucherv1.Issued{}); !errors.Is(err, ErrNoWords) {
		t.Errorf("an event: %v", err)
	}
}

// The words of a voucher's life, as they are.
func TestPreview(t *testing.T) {
	w := newWorld(t)
	h := w.holding(1, 100_000_000)
	tier1, tier2, bank := w.Role("tier1"), w.Role("tier2"), w.Role("bank")
	trade := &voucherv1.Background{Contract: id.Hash("contract").Bytes()}
	due, v := Day(today()+60), Short(h.Part.Package)
	expires := (int64(today()) + 3) * 86_400
	until := Clock{OffsetS: 8 * 3600}.Minute(time.Unix(expires, 0))
	from, to := "Dingsheng Gearbox Co., Ltd. (91310000MA1DEM0047, account 31ae87e5)", "Yuhe Forging Co., Ltd. (91310000MA1DEM005A, account "+tier2.Account.Short()+")"
	of := fmt.Sprintf("voucher %s (owed by Hanhai Automotive Co., Ltd., due %s)", v, due)
	contract := Short(trade.Contract)
	proposal := &governancev1.Propose{Title: "longer", ExpiresUnixS: expires, Calls: []*txv1.Call{callOf(t, &governancev1.SetParameter{
		Name: voucherv1.ParamTenorMax, FromDay: 20_900, Value: 365, Source: "a vote",
	})}}
	for _, c := range []struct {
		role string
		m    proto.Message
		want string
	}{
		{"obligor", &voucherv1.Issue{Items: []*voucherv1.IssueItem{w.item(2, 5_000)}}, "You issue a voucher: you owe " + from + " 50.00 CNY, to be paid on " + due + ", in 60 days. It rests on invoice " + Short(id.Hash("invoice", []byte{2}).Bytes()) + ", contract " + contract + ". It counts once they accept it; until then you can cancel it."},
		{"tier1", &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{Part: h.Part.Ref(), To: tier2.Account.Bytes(), AmountMinor: 30_000_000, Background: trade, OfferExpiresUnixS: expires}}}, "You pass 300,000.00 CNY of " + of + " to " + to + ", for contract " + contract + ". 700,000.00 CNY of it stay yours. They must accept by " + until + "; until then you can take the offer back."},
		{"tier1", &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{Part: h.Part.Ref(), To: tier2.Account.Bytes(), Background: trade, Recourse: true}}}, "You pass 1,000,000.00 CNY of " + of + " to " + to + ", for contract " + contract + ". It goes at once under their standing acceptance, or not at all. If it is not paid when due, they can turn to you for the money (recourse)."},
		{"tier1", &voucherv1.Split{Part: h.Part.Ref(), PiecesMinor: []int64{1, 99_999_999}}, "You split your part " + Short(h.Part.Number) + " of " + of + ", 1,000,000.00 CNY, into 2 pieces: 0.01 + 999,999.99. All stay yours."},
		{"obligor", &voucherv1.Pay{Package: h.Part.Package, AmountMinor: 40_000_000, Bank: bank.Member.Bytes()}, "You pay 400,000.00 CNY of voucher " + v + " (owed by you, due " + due + ") from your deposits at Bank of Linjiang, spread over all who hold parts of it. 600,000.00 CNY remain to be paid."},
		{"bank", &depositv1.Mint{To: tier1.Account.Bytes(), AmountMinor: 100, Currency: "CNY", Reference: "r"}, "You record that your bank owes " + from + ` 1.00 CNY more. Reference: "r".`},
		{"bank", &voucherv1.SetStandingAcceptance{Currency: "CNY"}, "You end your standing acceptance in CNY: from now on you are asked for every part."},
		{"operator", &governancev1.ShiftClock{ForwardS: 61 * 86_400}, "You move this development network's clock forward by 61 days, for everybody. It cannot be moved back."},
		{"operator", proposal, `You put "longer" to the vote, with your yes. If more than two thirds of the seats agree by ` + until + ", this is done:\n(1) The parameter voucher.tenor_max_days is 365 from 2027-03-23 on, by a vote."},
	} {
		got, err := w.as(c.role).Preview(t.Context(), c.m)
		if text := strings.Join(got, "\n"); err != nil || text != c.want {
			t.Errorf("%s:\n got %s\nwant %s\n%v", txv1.MethodOf(c.m), text, c.want, err)
		}
	}
	stale := h.Part.Ref()
	stale.Head = id.Hash("another").Bytes()
	if _, err := w.as("tier1").Preview(t.Context(), &voucherv1.WithdrawOffer{Part: stale}); !errors.Is(err, voucherv1.ErrStaleHead) {
		t.Errorf("a part that was passed on since: %v", err)
	}
	if _, err := w.as("tier1").Preview(t.Context(), &voucherv1.AcceptPackage{Package: id.Hash("none").Bytes()}); !errors.Is(err, ErrNoMatch) {
		t.Errorf("no such voucher: %v", err)
	}
}

func callOf(t *testing.T, m proto.Message) *txv1.Call {
	t.Helper()
	c, err := txv1.CallOf(id.ID{}, m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A process that dies after it has sent sends nothing a second time: the same again gives the first one's outcome.
func TestLostAnswer(t *testing.T) {
	w := newWorld(t)
	s := w.as("bank")
	m := &depositv1.Mint{To: w.Role("tier1").Account.Bytes(), AmountMinor: 100, Currency: "CNY"}
	words, err := s.Preview(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	calls, err := hashOf([]proto.Message{m})
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.draft(t.Context(), Kept{What: words, Calls: calls}, before{}, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Do(t.Context(), words, m); !errors.Is(err, ErrOnItsWay) {
		t.Fatalf("before it is known that the first never left: %v", err)
	}
	p, err := s.Client.Submit(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.Wallet.Home)
	if err != nil {
		t.Fatal(err)
	}
	o, err := w.connect(again).Do(t.Context(), words, m)
	if err != nil || o.Ticket.Body != d.Ticket().Body {
		t.Fatalf("%+v, %v", o, err)
	}
	if kept, err := again.Unsettled(); err != nil || len(kept) != 0 {
		t.Errorf("still kept: %v, %v", kept, err)
	}
	if list, err := w.as("tier1").Client.Deposits(t.Context()); err != nil || len(list.Records) != 1 || list.Records[0].AmountMinor != 100 {
		t.Errorf("deposits %+v, %v", list.Records, err)
	}
	w.must("bank", m) // now it is known, and is a second one
	if list, err := w.as("tier1").Client.Deposits(t.Context()); err != nil || list.Records[0].AmountMinor != 200 {
		t.Errorf("deposits %+v, %v", list.Records, err)
	}
}

// What a node only said that it refused goes out again under the same id.
func TestRefusedGoesOutUnderTheSameID(t *testing.T) {
	w := newWorld(t)
	m := &depositv1.Mint{To: w.Role("tier2").Account.Bytes(), AmountMinor: 100, Currency: "CNY"}
	var bodies, ids []string
	for range 2 {
		o, err := w.do("tier1", m)
		var r *sdk.Refusal
		if !errors.As(err, &r) || r.Proven {
			t.Fatalf("a supplier mints: %v", err)
		}
		bodies, ids = append(bodies, o.Ticket.Body.String()), append(ids, fmt.Sprintf("%x", o.Ticket.TxID))
		time.Sleep(2500 * time.Millisecond) // for another expiry by block time, which makes another body
	}
	if bodies[0] == bodies[1] || ids[0] != ids[1] {
		t.Errorf("bodies %v, ids %v", bodies, ids)
	}
	kept, err := w.as("tier1").Wallet.Unsettled()
	if err != nil || len(kept) != 2 || !kept[0].Refused {
		t.Fatalf("%+v, %v", kept, err)
	}
	if err := w.as("tier1").Wallet.dropID(kept[0].Ticket, true); err != nil {
		t.Fatal(err)
	}
	if kept, err := w.as("tier1").Wallet.Unsettled(); err != nil || len(kept) != 0 {
		t.Errorf("one of an id ran, and its others are kept: %v, %v", kept, err)
	}
}

// A file that says that an account is another's changes nothing.
func TestNamesAreProven(t *testing.T) {
	w := newWorld(t)
	s := w.as("bank")
	tier1, obligor := w.Role("tier1"), w.Role("obligor")
	s.names.hints[tier1.Account] = obligor.Member
	p, err := s.Party(t.Context(), tier1.Account[:])
	if err != nil || p.String() != tier1.Title || p.Nickname != "tier1" {
		t.Errorf("%v, %v", p, err)
	}
	unknown := id.Hash("nobody's")
	if p, err := s.Party(t.Context(), unknown[:]); err != nil || p.String() != "account "+unknown.Short() {
		t.Errorf("%v, %v", p, err)
	}
	if p, err := s.Party(t.Context(), s.Own.Id); err != nil || p.String() != "you" {
		t.Errorf("%v, %v", p, err)
	}
	for text, want := range map[string]id.ID{
		"tier1": tier1.Account, tier1.Title: tier1.Account, "dingsheng": tier1.Account, tier1.Account.String(): tier1.Account,
		tier1.Account.Short(): tier1.Account, tier1.Member.Short(): tier1.Account,
	} {
		if got, err := s.FindAccount(t.Context(), text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got.Short(), err)
		}
	}
	for _, text := range []string{"nobody", "ffffffff"} {
		if _, err := s.FindAccount(t.Context(), text); !errors.Is(err, ErrNoMatch) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// An own further account has its name for oneself, and none for others.
func TestFurtherAccount(t *testing.T) {
	w := newWorld(t)
	pub := w.Role("regulator").Signer.Public()
	fresh := append([]byte(nil), pub.Bytes...)
	fresh[0] ^= 1 // the other point with this x: a key of nobody's
	o := w.must("tier1", &membersv1.OpenAccount{Name: "treasury", Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{
		{Kind: uint32(pub.Kind), PublicKey: fresh, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN},
	}}})
	account := o.Created(0, 0)
	if p, err := w.as("tier1").Party(t.Context(), account[:]); err != nil || p.String() != "your account treasury" {
		t.Errorf("%s, %v", p, err)
	}
	if p, err := w.as("tier2").Party(t.Context(), account[:]); err != nil || p.Member != nil {
		t.Errorf("%s, %v", p, err)
	}
}
