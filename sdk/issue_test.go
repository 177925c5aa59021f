package sdk_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/sdktest"
	"google.golang.org/protobuf/proto"
)

func items(chain *sdktest.Chain, n int) (out []*voucherv1.IssueItem) {
	for i := range n {
		out = append(out, chain.Item(sdktest.Tier1, 100+int64(i), uint64(i)))
	}
	return out
}

// A run that stops in the middle goes on where it stopped: every item is issued once, and its package can be named.
func TestIssueRunResumes(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor := chain.Dial(sdktest.Obligor)
	list, run := items(chain, 2*sdk.ChunkItems+7), sdk.RunID{1}
	stop := errors.New("the power went")
	var first []sdk.Issued
	err := obligor.IssueRun(t.Context(), run, list, func(i sdk.Issued) error {
		if first = append(first, i); len(first) == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || len(first) != 2 || first[0].Before || first[1].First != sdk.ChunkItems {
		t.Fatalf("%d chunks, %v", len(first), err)
	}
	var packages []id.ID
	var before []bool
	err = obligor.IssueRun(t.Context(), run, list, func(i sdk.Issued) error {
		packages, before = append(packages, i.Packages...), append(before, i.Before)
		return nil
	})
	if err != nil || len(packages) != len(list) || len(before) != 3 || !before[0] || !before[1] { // the third may have been on its way
		t.Fatalf("%d packages, before %v, %v", len(packages), before, err)
	}
	owed, err := obligor.Owed(t.Context())
	if err != nil || len(owed.Records) != len(list) {
		t.Fatalf("%d packages owed, %v", len(owed.Records), err)
	}
	for i, at := range []int{0, sdk.ChunkItems, len(list) - 1} {
		pkg := &voucherv1.Package{}
		if _, found, err := obligor.Get(t.Context(), voucherv1.PackageKey(packages[at]), pkg); err != nil || !found || pkg.AmountMinor != list[at].AmountMinor {
			t.Errorf("%d: item %d has package %v, %v", i, at, pkg, err)
		}
	}
	if done, err := obligor.IssuedOfRun(t.Context(), run, list); err != nil || slices.Contains(done, false) {
		t.Errorf("%v", err)
	}
	runDiffers(t, obligor, run, list)
}

// runDiffers gives a run that is on the chain other items: each is refused with its place, and nothing is sent.
func runDiffers(t *testing.T, c *sdk.Client, run sdk.RunID, list []*voucherv1.IssueItem) {
	t.Helper()
	for _, tc := range []struct {
		name  string
		alter func([]*voucherv1.IssueItem) []*voucherv1.IssueItem
		item  int
	}{
		{"an amount", func(l []*voucherv1.IssueItem) []*voucherv1.IssueItem {
			l[503].AmountMinor, l[503].Background.Invoices[0].UsedMinor = 50, 50
			return l
		}, 503},
		{"a due day", func(l []*voucherv1.IssueItem) []*voucherv1.IssueItem { l[0].DueDay++; return l }, 0},
		{"an invoice", func(l []*voucherv1.IssueItem) []*voucherv1.IssueItem {
			l[7].Background.Invoices[0].Fingerprint = id.Hash("other").Bytes()
			return l
		}, 7},
		{"fewer", func(l []*voucherv1.IssueItem) []*voucherv1.IssueItem { return l[:1002] }, 1002},
		{"a chunk fewer", func(l []*voucherv1.IssueItem) []*voucherv1.IssueItem { return l[:1000] }, 1000},
		{"more", func(l []*voucherv1.IssueItem) []*voucherv1.IssueItem { return append(l, l[0]) }, 1007},
		{"swapped", func(l []*voucherv1.IssueItem) []*voucherv1.IssueItem { l[600], l[601] = l[601], l[600]; return l }, 600},
	} {
		var other []*voucherv1.IssueItem
		for _, one := range list {
			other = append(other, proto.CloneOf(one))
		}
		err := c.IssueRun(t.Context(), run, tc.alter(other), func(sdk.Issued) error { return nil })
		var differs *sdk.RunDiffers
		if !errors.As(err, &differs) || !errors.Is(err, voucherv1.ErrRunChunkDiffers) || differs.Item != tc.item {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// A chunk that is refused ends the run; those that were on the way beside it are reported.
func TestIssueRunRefusedInTheMiddle(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor := chain.Dial(sdktest.Obligor)
	list := items(chain, 8*sdk.ChunkItems)
	bad := list[sdk.ChunkItems+1]
	bad.AmountMinor, bad.Background.Invoices[0].UsedMinor, bad.Background.Invoices[0].TotalMinor = 1<<49, 1<<49, 1<<49
	var told []uint32
	err := obligor.IssueRun(t.Context(), sdk.RunID{3}, list, func(i sdk.Issued) error {
		if i.Err == nil {
			told = append(told, i.Chunk)
		} else if i.Chunk != 2 || !errors.Is(i.Err, voucherv1.ErrLineExceeded) {
			t.Errorf("chunk %d: %v", i.Chunk, i.Err)
		}
		return nil
	})
	if !errors.Is(err, voucherv1.ErrLineExceeded) || !strings.HasPrefix(err.Error(), "chunk 2 (items 500 to 999)") || len(told) < 1 || slices.Contains(told, 2) {
		t.Errorf("told %v, %v", told, err)
	}
	done, err := obligor.IssuedOfRun(t.Context(), sdk.RunID{3}, list)
	if err != nil {
		t.Fatal(err)
	}
	for i, is := range done {
		if is != slices.Contains(told, uint32(i/sdk.ChunkItems+1)) {
			t.Fatalf("item %d is issued: %v, and told were %v", i, is, told)
		}
	}
	if err := obligor.IssueRun(t.Context(), sdk.RunID{4}, nil, nil); err == nil {
		t.Error("a run of nothing")
	}
}

// Where one chunk is refused and the answer to the next is lost, the caller is told of both: the second may be on the chain.
func TestIssueRunTellsOfEachChunk(t *testing.T) {
	chain := sdktest.Start(t, 1)
	conf := chain.Config(sdktest.Obligor)
	l := newLiar(t, conf)
	conf.Endpoints = []sdk.Endpoint{l.Endpoint}
	obligor, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	defer obligor.Close() //nolint:errcheck // of a test
	l.lies(bends{submit: func(taken func() (*gatev1.SubmitResponse, error)) (*gatev1.SubmitResponse, error) {
		a, err := taken()
		if err == nil && a.Results[0].Code == 0 {
			return nil, connect.NewError(connect.CodeInternal, errors.New("lost"))
		}
		return a, err
	}})
	list := items(chain, sdk.ChunkItems+1)
	bad := list[0]
	bad.AmountMinor, bad.Background.Invoices[0].UsedMinor, bad.Background.Invoices[0].TotalMinor = -1, -1, -1 // refused before it is sent
	var ends []sdk.Issued
	err = obligor.IssueRun(t.Context(), sdk.RunID{5}, list, func(i sdk.Issued) error { ends = append(ends, i); return nil })
	if err == nil || errors.Is(err, sdk.ErrUnsettled) || len(ends) != 2 {
		t.Fatalf("%v, %d ends", err, len(ends))
	}
	if one := ends[0]; one.First != 0 || one.Items != sdk.ChunkItems || one.Err == nil || errors.Is(one.Err, sdk.ErrUnsettled) {
		t.Errorf("%+v", one)
	}
	if one := ends[1]; one.Chunk != 2 || one.First != sdk.ChunkItems || one.Items != 1 || !errors.Is(one.Err, sdk.ErrUnsettled) {
		t.Errorf("%+v", one)
	}
}

func TestIssueRunSaysWhichChunkIsRefused(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor := chain.Dial(sdktest.Obligor)
	list := items(chain, 3)
	list[2].AmountMinor = 1 << 49
	list[2].Background.Invoices[0].UsedMinor, list[2].Background.Invoices[0].TotalMinor = 1<<49, 1<<49
	err := obligor.IssueRun(t.Context(), sdk.RunID{2}, list, func(sdk.Issued) error { return nil })
	if !errors.Is(err, voucherv1.ErrLineExceeded) || !strings.HasPrefix(err.Error(), "chunk 1 (items 0 to 2)") {
		t.Errorf("%v", err)
	}
}

func TestItemFromInvoice(t *testing.T) {
	inv := &invoice.Invoice{
		Number: "A-1", IssueDate: 20_000, DueDate: 20_060, HasDueDate: true, Currency: "CNY", PayableMinor: 12_345,
		Seller: invoice.Party{Name: "Dingsheng", TaxID: "91310000X"}, Buyer: invoice.Party{Name: "Hanhai", TaxID: "91310000Y"},
	}
	secret, creditor, contract := [32]byte{1}, id.Hash("creditor"), id.Hash("contract")
	item, err := sdk.ItemFromInvoice(inv, secret, creditor, contract, 0)
	if err != nil {
		t.Fatal(err)
	}
	use, primary := item.Background.Invoices[0], invoice.Primary(secret, inv)
	if item.DueDay != 20_060 || item.AmountMinor != 12_345 || use.UsedMinor != 12_345 || id.Must(use.Fingerprint) != primary || len(use.Secondary) != invoice.Secondaries {
		t.Errorf("%v", item)
	}
	if err := (&voucherv1.Issue{Items: []*voucherv1.IssueItem{item}}).Validate(); err != nil {
		t.Errorf("the chain would refuse it: %v", err)
	}
	inv.HasDueDate = false
	if _, err := sdk.ItemFromInvoice(inv, secret, creditor, contract, 0); err == nil {
		t.Error("no due day")
	}
	if item, err := sdk.ItemFromInvoice(inv, secret, creditor, contract, 20_090); err != nil || item.DueDay != 20_090 {
		t.Errorf("%v", err)
	}
}
