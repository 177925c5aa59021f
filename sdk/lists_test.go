package sdk_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
)

// Each list at each step of a voucher's life: how many records, and the proven sum of their amounts.
func TestEveryListIsComplete(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor, tier1, tier2, bank := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1), chain.Dial(sdktest.Tier2), chain.Dial(sdktest.Bank)
	ctx := t.Context()
	type sums struct {
		count int
		minor int64
	}
	expect := func(what string, got sums, err error, want sums) {
		t.Helper()
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
		}
	}
	holdings := func(c *sdk.Client, read func(*sdk.Client, context.Context) (sdk.Complete[sdk.Holding], error)) (sums, error) {
		got, err := read(c, ctx)
		return sums{len(got.Records), total(got.Totals)}, err
	}
	packages := func(c *sdk.Client, read func(*sdk.Client, context.Context) (sdk.Complete[*voucherv1.Package], error)) (sums, error) {
		got, err := read(c, ctx)
		return sums{len(got.Records), total(got.Totals)}, err
	}
	step := func(name string, held1, offered1, pending1, owed, offers2 sums) {
		t.Helper()
		got, err := holdings(tier1, (*sdk.Client).Holdings)
		expect(name+": held", got, err, held1)
		got, err = holdings(tier1, (*sdk.Client).Offered)
		expect(name+": offered", got, err, offered1)
		got, err = packages(tier1, (*sdk.Client).Pending)
		expect(name+": pending", got, err, pending1)
		got, err = packages(obligor, (*sdk.Client).Owed)
		expect(name+": owed", got, err, owed)
		got, err = holdings(tier2, (*sdk.Client).Offers)
		expect(name+": offers", got, err, offers2)
	}
	none := sums{}
	step("before", none, none, none, none, none)
	o, err := obligor.Do(ctx, &voucherv1.Issue{Items: []*voucherv1.IssueItem{chain.Item(sdktest.Tier1, 1_000, 1), chain.Item(sdktest.Tier1, 200, 2)}})
	if err != nil {
		t.Fatal(err)
	}
	step("issued", none, none, sums{2, 1_200}, sums{2, 1_200}, none)
	if _, err := tier1.Do(ctx, &voucherv1.AcceptPackage{Package: o.Created(0, 0).Bytes()}); err != nil {
		t.Fatal(err)
	}
	step("one accepted", sums{1, 1_000}, none, sums{1, 200}, sums{2, 1_200}, none)
	part := partsOf(t, tier1)[0]
	now, err := tier1.Now(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tier1.Do(ctx, &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
		Part: part.Ref(), To: tier2.Account().Bytes(), AmountMinor: 300,
		Background: &voucherv1.Background{Contract: id.Hash("order").Bytes()}, OfferExpiresUnixS: now.Add(time.Hour).Unix(),
	}}}); err != nil {
		t.Fatal(err)
	}
	step("offered", sums{1, 700}, sums{1, 300}, sums{1, 200}, sums{2, 1_200}, sums{1, 300})
	if _, err := bank.Do(ctx, &depositv1.Mint{To: tier1.Account().Bytes(), AmountMinor: 77, Currency: "EUR"}, &depositv1.Mint{To: tier1.Account().Bytes(), AmountMinor: 5, Currency: "CNY"}); err != nil {
		t.Fatal(err)
	}
	claims, err := tier1.Deposits(ctx)
	expect("deposits", sums{len(claims.Records), total(claims.Totals)}, err, sums{2, 82})
}

func total(lines []*kernelv1.Total) (sum int64) {
	for _, l := range lines {
		sum += l.AmountMinor
	}
	return sum
}

func TestAccountsMembersAndDays(t *testing.T) {
	chain := sdktest.Start(t, 1)
	conf := chain.Config(sdktest.Tier1)
	conf.Account = id.ID{} // found by the key
	tier1, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tier1.Close() }()
	if tier1.Account() != chain.Account(sdktest.Tier1) {
		t.Errorf("account %s", tier1.Account())
	}
	secret := id.Hash("nobody's")
	stranger, err := key.FromSecret(key.Secp256k1, secret[:])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tier1.AccountByKey(t.Context(), stranger.Public()); !errors.Is(err, sdk.ErrNotFound) {
		t.Errorf("a stranger's key: %v", err)
	}
	var names []string
	for m, err := range tier1.Members(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, m.Legal.Name)
	}
	if len(names) != 9 || !slices.Contains(names, "Bank of Linjiang") {
		t.Errorf("members %q", names)
	}
	for a, err := range tier1.Accounts(t.Context(), chain.Member(sdktest.Tier1)) {
		if err != nil || id.Must(a.Id) != tier1.Account() {
			t.Errorf("%v, %v", a, err)
		}
	}
	for _, err := range tier1.Members(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		break // a walk may end early
	}
	if today, err := tier1.Today(t.Context()); err != nil || today != sdktest.Today() {
		t.Errorf("day %d, %v", today, err)
	}
}

func TestEventsFollowWithoutGaps(t *testing.T) {
	chain := sdktest.Start(t, 1)
	tier1 := chain.Dial(sdktest.Tier1)
	o, err := tier1.Do(t.Context(), check("event"))
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Events) != 1 {
		t.Errorf("%d events told with the outcome", len(o.Events))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	next, found := int64(1), false
	for b, err := range tier1.Events(ctx, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if b.Height != next {
			t.Fatalf("block %d where %d follows", b.Height, next)
		}
		for _, tx := range b.Transactions {
			for _, e := range tx.Events {
				m, err := e.Decode()
				checked, ok := m.(*voucherv1.DocumentChecked)
				found = found || err == nil && ok && len(checked.Documents) == 1
			}
		}
		if next++; next > o.Height+3 { // waits for blocks that are not there yet
			break
		}
	}
	if !found {
		t.Error("the event did not come")
	}
	cancel()
	for _, err := range tier1.Events(ctx, 1) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after its context: %v", err)
		}
	}
}
