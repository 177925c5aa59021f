package statement_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
	"github.com/splittally/splittally/sdk/statement"
	"google.golang.org/protobuf/proto"
)

// workload makes people of a chain do things to each other at random.
type workload struct {
	t       *testing.T
	r       *rand.Rand
	chain   *sdktest.Chain
	clients map[string]*sdk.Client
	invoice uint64
}

var suppliers = []string{sdktest.Tier1, sdktest.Tier2, sdktest.Tier3}

// do sends a call; a refusal is part of the game, for the steps do not look whether they may.
func (w *workload) do(who string, m proto.Message) {
	w.t.Helper()
	if _, err := w.clients[who].Do(w.t.Context(), m); err != nil {
		w.t.Logf("%s %T: %.80v", who, m, err)
	}
}

func (w *workload) step() {
	who := suppliers[w.r.IntN(len(suppliers))]
	c, to := w.clients[who], suppliers[w.r.IntN(len(suppliers))]
	switch w.r.IntN(9) {
	case 0, 1:
		w.invoice++
		w.do(sdktest.Obligor, &voucherv1.Issue{Items: []*voucherv1.IssueItem{w.chain.Item(who, 100+w.r.Int64N(900), w.invoice)}})
	case 2, 3:
		if p, err := c.Pending(w.t.Context()); err == nil && len(p.Records) > 0 {
			if w.r.IntN(4) == 0 {
				w.do(who, &voucherv1.RejectPackage{Package: p.Records[0].Id, Reason: "no"})
			} else {
				w.do(who, &voucherv1.AcceptPackage{Package: p.Records[0].Id})
			}
		}
	case 4, 5:
		if h, err := c.Holdings(w.t.Context()); err == nil && len(h.Records) > 0 {
			p := h.Records[w.r.IntN(len(h.Records))].Part
			w.do(who, &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
				Part: p.Ref(), To: w.chain.Account(to).Bytes(), AmountMinor: w.r.Int64N(p.Outstanding() + 1), OfferExpiresUnixS: time.Now().Unix() + 2 + 1_000*w.r.Int64N(2),
				Background: &voucherv1.Background{Contract: w.chain.Account(who).Bytes()},
			}}})
		}
	case 6, 7:
		if o, err := c.Offers(w.t.Context()); err == nil && len(o.Records) > 0 {
			p := o.Records[0].Part
			if w.r.IntN(3) == 0 {
				w.do(who, &voucherv1.RejectOffer{Part: p.Ref()})
			} else {
				w.do(who, &voucherv1.AcceptOffer{Part: p.Ref()})
			}
		}
	default:
		w.money(who, to)
	}
}

func (w *workload) money(who, to string) {
	bank := w.chain.Member(sdktest.Bank).Bytes()
	switch w.r.IntN(3) {
	case 0:
		w.do(sdktest.Bank, &depositv1.Mint{To: w.chain.Account(who).Bytes(), AmountMinor: 1 + w.r.Int64N(500), Currency: "CNY", Reference: "in"})
	case 1:
		w.do(who, &depositv1.Transfer{Bank: bank, To: w.chain.Account(to).Bytes(), AmountMinor: 1 + w.r.Int64N(200), Currency: "CNY"})
	default:
		w.do(who, &depositv1.Redeem{Bank: bank, AmountMinor: 1 + w.r.Int64N(200), Currency: "CNY"})
	}
}

// Whatever people do, every account's statement closes with its proven holdings, by class, currency and bank.
func TestStatementsMatchHoldings(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("SEED=%d", seed)
	w := &workload{t: t, r: rand.New(rand.NewPCG(seed, 1)), chain: sdktest.Start(t, 1), clients: map[string]*sdk.Client{}} //nolint:gosec // of a test
	for _, who := range append([]string{sdktest.Obligor, sdktest.Bank}, suppliers...) {
		w.clients[who] = w.chain.Dial(who)
	}
	for range 60 {
		w.step()
	}
	time.Sleep(4 * time.Second) // until the short offers have lapsed: nothing moves any more
	moved := 0
	for who, c := range w.clients {
		today, err := c.Today(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range []int32{today, today - 30} {
			s, err := statement.Make(t.Context(), c, statement.Period{FromDay: from, ToDay: today, OffsetS: 8 * 3600}, "")
			if err != nil {
				t.Fatalf("%s: %v", who, err)
			}
			moved += w.compare(who, c, s)
		}
		before, err := statement.Make(t.Context(), c, statement.Period{FromDay: today - 9, ToDay: today - 8, OffsetS: 8 * 3600}, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range before.Sections {
			if one.Opening != one.Closing || len(one.Movements) > 0 {
				t.Errorf("%s: something moved before the chain began: %v", who, one)
			}
		}
	}
	if moved < 20 {
		t.Errorf("%d movements are too few to show anything", moved)
	}
}

// compare holds a statement against the proven lists of the same account.
func (w *workload) compare(who string, c *sdk.Client, s *statement.Statement) (movements int) {
	w.t.Helper()
	want := map[statement.Key]statement.Balance{}
	add := func(class uint32, lines []*kernelv1.Total, err error) {
		if err != nil {
			w.t.Fatal(err)
		}
		for _, l := range lines {
			want[statement.Key{Class: class, Currency: l.Currency}] = statement.Balance{Count: int64(l.Count), AmountMinor: l.AmountMinor}
		}
	}
	ctx := w.t.Context()
	held, err := c.Holdings(ctx)
	add(voucherv1.ClassHeld, held.Totals, err)
	offered, err := c.Offered(ctx)
	add(voucherv1.ClassOffered, offered.Totals, err)
	offers, err := c.Offers(ctx)
	add(voucherv1.ClassIncoming, offers.Totals, err)
	pending, err := c.Pending(ctx)
	add(voucherv1.ClassPending, pending.Totals, err)
	owed, err := c.Owed(ctx)
	add(voucherv1.ClassOwed, owed.Totals, err)
	deposits, err := c.Deposits(ctx)
	add(0, nil, err)
	for _, d := range deposits.Records {
		want[statement.Key{Class: depositv1.ClassHeld, Currency: d.Currency, Bank: [32]byte(d.Bank)}] = statement.Balance{Count: 1, AmountMinor: d.AmountMinor}
	}
	for _, one := range s.Sections {
		if one.Closing != want[one.Key] {
			w.t.Errorf("%s: %v closes with %v, proven is %v", who, one.Key, one.Closing, want[one.Key])
		}
		delete(want, one.Key)
		movements += len(one.Movements)
	}
	if len(want) > 0 {
		w.t.Errorf("%s: the statement leaves out %v", who, want)
	}
	return movements
}
