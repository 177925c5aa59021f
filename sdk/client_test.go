package sdk_test

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
)

// One voucher's life as two clients see it: issue, acceptance, offer, refusal, acceptance, and the trail of it.
func TestVoucherFromIssueToTrail(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor, tier1, tier2 := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1), chain.Dial(sdktest.Tier2)
	ctx := t.Context()
	pkg := chain.Issue(obligor, tier1, chain.Item(sdktest.Tier1, 100_000, 1))
	held, err := tier1.Holdings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(held.Records) != 1 || held.Records[0].Part.Outstanding() != 100_000 || held.Records[0].Package.Currency != "CNY" {
		t.Fatalf("holdings %+v", held)
	}
	part := held.Records[0].Part
	transfer := &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
		Part: part.Ref(), To: chain.Account(sdktest.Tier2).Bytes(), AmountMinor: 30_000,
		Background: &voucherv1.Background{Contract: id.Hash("order").Bytes()}, OfferExpiresUnixS: int64(sdktest.Today()+2) * 86_400,
	}}}
	if _, err := tier1.Do(ctx, transfer); err != nil {
		t.Fatal(err)
	}
	var refusal *sdk.Refusal
	if o, err := tier1.Do(ctx, transfer); !errors.Is(err, voucherv1.ErrNoPart) || !errors.As(err, &refusal) || !refusal.Proven || o.Code == 0 {
		t.Fatalf("a second transfer of the same part: %v, %+v", err, o)
	}
	offers, err := tier2.Offers(ctx)
	if err != nil || len(offers.Records) != 1 {
		t.Fatalf("offers %+v, %v", offers, err)
	}
	if _, err := tier2.Do(ctx, &voucherv1.AcceptOffer{Part: offers.Records[0].Part.Ref()}); err != nil {
		t.Fatal(err)
	}
	trail, _, err := tier2.Trail(ctx, pkg, id.Must(offers.Records[0].Part.Number))
	if err != nil {
		t.Fatal(err)
	}
	var steps []voucherv1.Step
	for _, e := range trail {
		steps = append(steps, e.Step)
	}
	if len(steps) != 3 || steps[0] != voucherv1.Step_STEP_ISSUED || steps[2] != voucherv1.Step_STEP_PASSED {
		t.Errorf("trail %v", steps)
	}
}
