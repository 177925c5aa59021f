package sdktest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
	"google.golang.org/protobuf/proto"
)

// ended tells whether nobody answers at an endpoint.
func ended(e sdk.Endpoint) bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := sdk.AskTrust(ctx, "splittally-dev", e)
	return err != nil
}

// Run leaves nothing behind: no node that answers, no file. That holds too where what it runs fails, which is a panic that
// says what failed: an example has no test to tell.
func TestRunLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for want, run := range map[string]func(c *sdktest.Chain){
		"<nil>": func(*sdktest.Chain) {},
		"LineExceeded": func(c *sdktest.Chain) { // a fen more than 100 million yuan
			c.Issue(c.Dial(sdktest.Obligor), c.Dial(sdktest.Tier1), c.Item(sdktest.Tier1, 10_000_000_001, 1))
		},
	} {
		var at sdk.Endpoint
		told := func() (told any) {
			defer func() { told = recover() }()
			sdktest.Run(func(c *sdktest.Chain) {
				at = c.Endpoint(0)
				if ended(at) {
					t.Errorf("%s: the chain does not answer while it runs", want)
				}
				if conf := c.Config(sdktest.Tier1); !conf.Alone || len(conf.Endpoints) != 1 || conf.Endpoints[0] != at {
					t.Errorf("%+v", conf)
				}
				run(c)
			})
			return nil
		}()
		if !strings.Contains(fmt.Sprint(told), want) {
			t.Errorf("it was told %q, not %s", told, want)
		}
		if at.URL == "" || !ended(at) {
			t.Errorf("%s: %s answers still", want, at.URL)
		}
		if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
			t.Errorf("%s: %v, %v", want, left, err)
		}
	}
}

// On two nodes issues and roles are as on one; a client asks its own node first and has every other as a witness; alone is only who has no other.
func TestTwoNodes(t *testing.T) {
	two := sdktest.Start(t, 2)
	checkItem(t, two)
	checkRoles(t, two)
	for name, own := range map[string]int{sdktest.Obligor: 0, sdktest.Bank: 1, sdktest.Factor: 0, sdktest.Operator: 1} {
		c := two.Config(name)
		if c.Alone || len(c.Endpoints) != 2 || c.Endpoints[0] != two.Endpoint(own) || c.Endpoints[1] != two.Endpoint(1-own) {
			t.Errorf("%s: %+v", name, c.Endpoints)
		}
		if c.Account != two.Account(name) || !c.Signer.Public().Equal(two.Signer(name).Public()) || c.Trust.Height != two.Trust.Height || !bytes.Equal(c.Trust.Hash, two.Trust.Hash) {
			t.Errorf("%s: the config is another's", name)
		}
	}
	if two.Endpoint(0) == two.Endpoint(1) || two.Endpoint(0).Pin == two.Endpoint(1).Pin {
		t.Error("two nodes share an address or a key")
	}
}

// checkItem: Item is an issue's item that the chain's rules allow, and a number determines its invoice.
func checkItem(t *testing.T, chain *sdktest.Chain) {
	t.Helper()
	one, same, other := chain.Item(sdktest.Tier1, 500, 7), chain.Item(sdktest.Tier1, 500, 7), chain.Item(sdktest.Tier1, 500, 8)
	if !proto.Equal(one, same) || bytes.Equal(one.Background.Invoices[0].Fingerprint, other.Background.Invoices[0].Fingerprint) {
		t.Errorf("%v\n%v\n%v", one, same, other)
	}
	if err := (&voucherv1.Issue{Items: []*voucherv1.IssueItem{one, other}}).Validate(); err != nil {
		t.Error(err)
	}
	use := one.Background.Invoices[0]
	if one.AmountMinor != 500 || use.TotalMinor != 500 || use.UsedMinor != 500 || one.DueDay != sdktest.Today()+sdktest.Tenor || use.IssueDay != sdktest.Today()-1 {
		t.Errorf("%v", one)
	}
	if got := time.Unix(int64(sdktest.Today())*86_400-8*3_600, 0); time.Since(got) < 0 || time.Since(got) > 25*time.Hour {
		t.Errorf("today began %s", got)
	}
	// The chain holds an invoice to its first use: the same number twice is the same invoice.
	obligor, tier1 := chain.Dial(sdktest.Obligor), chain.Dial(sdktest.Tier1)
	chain.Issue(obligor, tier1, one)
	if pkg := chain.Issue(obligor, tier1, other); pkg.IsZero() {
		t.Error("a package without an id")
	}
	_, err := obligor.Do(t.Context(), &voucherv1.Issue{Items: []*voucherv1.IssueItem{same}})
	if errs.CodeOf(err) != voucherv1.ErrInvoiceOverused {
		t.Errorf("an invoice was used twice: %v", err)
	}
}

// checkRoles: the bank mints, a supplier may not, and each name acts for a member of its own.
func checkRoles(t *testing.T, chain *sdktest.Chain) {
	t.Helper()
	mint := &depositv1.Mint{To: chain.Account(sdktest.Tier1).Bytes(), AmountMinor: 5, Currency: "CNY"}
	if _, err := chain.Dial(sdktest.Bank).Do(t.Context(), mint); err != nil {
		t.Errorf("the bank: %v", err)
	}
	if _, err := chain.Dial(sdktest.Tier1).Do(t.Context(), mint); err == nil {
		t.Error("a supplier minted")
	}
	members := map[id.ID]string{}
	for _, name := range []string{sdktest.Obligor, sdktest.Bank, sdktest.Factor, sdktest.Operator, sdktest.Tier1, sdktest.Tier2, sdktest.Tier3, sdktest.Regulator} {
		if other, dup := members[chain.Member(name)]; dup || chain.Member(name) == chain.Account(name) {
			t.Errorf("%s is of %s's member", name, other)
		}
		members[chain.Member(name)] = name
	}
}
