package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
	"github.com/splittally/splittally/sdk/webhook"
)

func kindsOf(batches []webhook.Batch) (out []string) {
	for _, b := range batches {
		for _, n := range b.Notices {
			out = append(out, n.Kind)
		}
	}
	return out
}

// issue has the obligor issue and tier1 accept a voucher.
func issue(t *testing.T, chain *sdktest.Chain, obligor, tier1 *sdk.Client, n uint64) {
	t.Helper()
	chain.Issue(obligor, tier1, chain.Item(sdktest.Tier1, int64(1_000+n), n))
}

// Everything is told once, in order, over restarts at any place, with the same keys whenever it is told again.
func TestFollowerNeitherMissesNorDoubles(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor, tier1 := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1)
	first, err := webhook.Follow(t.Context(), tier1, nil, []int32{0, sdktest.Tenor})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := first.Next(t.Context()); err != nil || len(kindsOf(got)) != 0 {
		t.Fatalf("nothing happened yet: %v, %v", kindsOf(got), err)
	}
	begin, err := webhook.Follow(t.Context(), tier1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint64(4) {
		issue(t, chain, obligor, tier1, n)
	}
	all, err := first.Next(t.Context())
	// It falls due in Tenor days, and the day on which that is told of had been told when it came.
	want := slices.Repeat([]string{"voucher_to_accept", "voucher_accepted", "voucher_due"}, 4)
	if err != nil || !slices.Equal(kindsOf(all), want) {
		t.Fatalf("%v, %v", kindsOf(all), err)
	}
	if n := all[1].Notices[1]; n.Days != sdktest.Tenor || n.AmountMinor != 1_000 || n.Part == "" || n.Currency != "CNY" {
		t.Errorf("%+v", n)
	}
	if again, err := first.Next(t.Context()); err != nil || len(again) != 0 {
		t.Errorf("told twice: %v, %v", kindsOf(again), err)
	}
	for i := range all {
		file := filepath.Join(t.TempDir(), "place")
		if err := all[i].Place.Keep(file); err != nil {
			t.Fatal(err)
		}
		at, err := webhook.ReadPlace(file)
		if err != nil {
			t.Fatal(err)
		}
		f, err := webhook.Follow(t.Context(), tier1, at, nil)
		if err != nil {
			t.Fatal(err)
		}
		rest, err := f.Next(t.Context())
		if err != nil || len(rest) != len(all)-i-1 {
			t.Fatalf("from %d: %v, %v", i, kindsOf(rest), err)
		}
		for j, b := range rest {
			if b.Notices[0] != all[i+1+j].Notices[0] {
				t.Errorf("from %d: another notice %v", i, b.Notices[0])
			}
		}
	}
	ofDays, err := begin.Next(t.Context()) // it began a day before today was told
	if err != nil || len(ofDays) < 8 {
		t.Errorf("%v, %v", kindsOf(ofDays), err)
	}
}

// A part that is as many days from its due day as was asked for is told of, by holder and obligor.
func TestDueDays(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor, tier1 := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1)
	issue(t, chain, obligor, tier1, 1)
	for kind, c := range map[string]*sdk.Client{webhook.KindDue: tier1, webhook.KindPaymentDue: obligor} {
		f, err := webhook.Follow(t.Context(), c, nil, []int32{0, sdktest.Tenor, 5})
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Next(t.Context())
		if err != nil || len(got) != 1 || len(got[0].Notices) != 1 || got[0].Notices[0].Kind != kind || got[0].Notices[0].Days != sdktest.Tenor || got[0].Notices[0].AmountMinor != 1_001 {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
	}
	if _, err := webhook.Follow(t.Context(), tier1, nil, []int32{-1}); err == nil {
		t.Error("days gone by can be told of")
	}
}

func TestPlaces(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor, tier1 := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1)
	issue(t, chain, obligor, tier1, 1)
	f, err := webhook.Follow(t.Context(), tier1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	batches, err := f.Next(t.Context())
	if err != nil || len(batches) != 1 {
		t.Fatal(batches, err)
	}
	good := batches[0].Place
	for name, change := range map[string]func(*webhook.Place){
		"another chain":   func(p *webhook.Place) { p.Chain = "other" },
		"another account": func(p *webhook.Place) { p.Account = obligor.Account().String() },
		"another head":    func(p *webhook.Place) { p.Head = "00" + p.Head[2:] },
		"later":           func(p *webhook.Place) { p.Entry += 5 },
		"earlier":         func(p *webhook.Place) { p.Entry-- },
	} {
		at := good
		change(&at)
		f, err := webhook.Follow(t.Context(), tier1, &at, nil)
		if err == nil {
			_, err = f.Next(t.Context())
		}
		if !errors.Is(err, webhook.ErrPlace) {
			t.Errorf("%s: %v", name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "place")
	if p, err := webhook.ReadPlace(file); p != nil || err != nil {
		t.Error(p, err)
	}
	for _, bad := range []string{"", "{", string(make([]byte, 9_000))} {
		if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := webhook.ReadPlace(file); err == nil {
			t.Errorf("%q: %v", bad[:min(len(bad), 5)], p)
		}
	}
}

// A follower that runs tells what happens while it waits; what could not be told is told again.
func TestRun(t *testing.T) {
	chain := sdktest.Start(t, 1)
	obligor, tier1 := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1)
	f, err := webhook.Follow(t.Context(), tier1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan webhook.Notice, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- f.Run(ctx, func(_ context.Context, b webhook.Batch) error {
			for _, n := range b.Notices {
				told <- n
			}
			return nil
		}, func(err error) { t.Log(err) })
	}()
	item := chain.Item(sdktest.Tier1, 77, 1)
	if _, err := obligor.Do(t.Context(), &voucherv1.Issue{Items: []*voucherv1.IssueItem{item}}); err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-told:
		if n.Kind != "voucher_to_accept" || n.AmountMinor != 77 || n.Currency != "CNY" || n.DueDay == "" {
			t.Errorf("%+v", n)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing was told")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	refuse := errors.New("not now")
	f, err = webhook.Follow(t.Context(), tier1, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	outage, server := 0, []error{
		fmt.Errorf("%w after 8 tries: %w", webhook.ErrUndelivered, errors.New("the server answered 502 Bad Gateway")),
		fmt.Errorf("%w after 8 tries: %w", webhook.ErrUndelivered, context.DeadlineExceeded),
		fmt.Errorf("%w: %w", webhook.ErrRejected, context.DeadlineExceeded),
	}
	err = f.Run(t.Context(), func(context.Context, webhook.Batch) error { outage++; return server[outage-1] }, func(error) {})
	if !errors.Is(err, webhook.ErrRejected) || outage != len(server) {
		t.Errorf("an outage of the server: %d tries, %v", outage, err)
	}
	tries := 0
	for range 2 {
		err := f.Run(t.Context(), func(context.Context, webhook.Batch) error { tries++; return refuse }, func(error) {})
		if !errors.Is(err, refuse) {
			t.Error(err)
		}
	}
	if tries != 2 {
		t.Errorf("%d tries", tries)
	}
}
