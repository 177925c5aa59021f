package sdktest_test

import (
	"testing"

	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/sdktest"
)

// Every name has an account of its own member, and what Issue makes is held.
func TestNamesAndIssue(t *testing.T) {
	chain := sdktest.Start(t, 1)
	for _, name := range []string{
		sdktest.Obligor, sdktest.Bank, sdktest.Factor, sdktest.Operator, sdktest.Tier1, sdktest.Tier2, sdktest.Tier3, sdktest.Regulator,
	} {
		client, account := chain.Dial(name), &membersv1.Account{}
		if _, found, err := client.Get(t.Context(), membersv1.AccountKey(client.Account()), account); err != nil || !found || string(account.Member) != string(chain.Member(name).Bytes()) {
			t.Errorf("%s: %v, %v", name, account, err)
		}
		if got, err := client.AccountByKey(t.Context(), chain.Signer(name).Public()); err != nil || got != client.Account() {
			t.Errorf("%s: key of %s, %v", name, got, err)
		}
	}
	tier2 := chain.Dial(sdktest.Tier2)
	pkg := chain.Issue(chain.Dial(sdktest.Obligor), tier2, chain.Item(sdktest.Tier2, 42, 1))
	held, err := tier2.Holdings(t.Context())
	if err != nil || len(held.Records) != 1 || string(held.Records[0].Package.Id) != string(pkg.Bytes()) {
		t.Errorf("%+v, %v", held, err)
	}
}

func TestRunEndsWhatItStarted(t *testing.T) {
	var chain *sdktest.Chain
	sdktest.Run(func(c *sdktest.Chain) { chain = c })
	if chain.ID == "" || chain.Trust.Height < 1 {
		t.Errorf("%+v", chain.Trust)
	}
}
