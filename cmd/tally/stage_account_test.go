package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// keyOfKind makes a wallet folder with a key of a kind, and returns the public key.
func (g *stage) keyOfKind(t *testing.T, who, kind string) string {
	t.Helper()
	g.homes[who] = g.path("home-" + who)
	made := parsed(t, mustTally(t, "keys", "new", "--home", g.homes[who], "--kind", kind, "--words-file", g.fresh(".words"), "-o", "json"))
	wants(t, made, "kind", kind, "file", g.homes[who]+"/key.json")
	public := word(t, made, "public")
	if !strings.HasPrefix(public, kind+":") {
		t.Errorf("%s is no key of kind %s", public, kind)
	}
	if shown := parsed(t, mustTally(t, "keys", "show", "--home", g.homes[who], "-o", "json")); !reflect.DeepEqual(shown, made) {
		t.Errorf("shown is %v, made was %v", shown, made)
	}
	return public
}

// begin makes the wallet of who has a key of an account, which it finds by the key.
func (g *stage) begin(t *testing.T, who string) object {
	t.Helper()
	url, pin := g.net.Endpoint(0)
	return parsed(t, mustTally(t, "init", "--home", g.homes[who], "--gate", url, "--pin", pin, "--genesis", g.net.Nodes[0].GenesisFile(), "--alone", "-o", "json"))
}

// built writes a command's transaction to a file.
func (g *stage) built(t *testing.T, who string, args ...string) (string, object) {
	t.Helper()
	file := g.fresh(".tx")
	return file, g.gives(t, who, append([]string{"tx", "build", file, "--"}, args...)...)
}

// signed has others sign copies of a file, in any order, and returns the file of all.
func (g *stage) signed(t *testing.T, file string, all ...string) string {
	t.Helper()
	var copies []string
	for _, who := range all {
		copies = append(copies, g.fresh(".tx"))
		g.says(t, who, "tx", "sign", file, "--out", copies[len(copies)-1])
	}
	out := g.fresh(".tx")
	g.says(t, all[0], append([]string{"tx", "combine", out}, copies...)...)
	return out
}

// together has a command's transaction built by the first, signed by all and sent by the last.
func (g *stage) together(t *testing.T, all []string, args ...string) object {
	t.Helper()
	file, view := g.built(t, all[0], args...)
	wants(t, view, "state", "open")
	return g.gives(t, all[len(all)-1], "tx", "send", g.signed(t, file, all...))
}

// testTwoOfThree has tier3's main account, of which two of three keys of three kinds sign, change accounts.
func (g *stage) testTwoOfThree(t *testing.T) {
	g.homes["ann"] = g.home(t, "tier3")
	ann, ben, cora := g.net.Role("tier3").Signer.Public().String(), g.keyOfKind(t, "ben", "p256"), g.keyOfKind(t, "cora", "sm2")
	for _, c := range []struct {
		code int
		why  string
		args []string
	}{
		{exitUsage, "4 of 3|threshold", []string{"policy", "main", "--threshold", "4", "--key", ann, "--key", ben, "--key", cora}},
		{exitUsage, "threshold", []string{"policy", "main", "--threshold", "0", "--key", ann}},
		{exitUsage, "twice|key", []string{"policy", "main", "--threshold", "2", "--key", ann, "--key", ann}},
		{exitUsage, "holder", []string{"policy", "main", "--key", ann + "=" + strings.Repeat("x", 101)}},
		{exitUsage, "key", []string{"policy", "main", "--key", ann[:60]}},
		{exitNotFound, "", []string{"policy", "nothing", "--key", ann}},
	} {
		g.refuses(t, c.code, c.why, "tier3", append([]string{"account"}, c.args...)...)
	}
	g.says(t, "tier3", "account", "policy", "main", "--threshold", "2", "--key", ann+"=Ann", "--key", ben+"=Ben", "--key", cora+"=Cora")
	for _, who := range []string{"ben", "cora"} {
		wants(t, g.begin(t, who), "account", g.net.Role("tier3").Account.String(), "account_name", "main", "member.name", g.net.Role("tier3").Title)
	}

	// Alone nobody can; two can, whichever they are.
	kay, lee, mia := g.keyOfKind(t, "kay", "sm2"), g.keyOfKind(t, "lee", "secp256k1"), g.keyOfKind(t, "mia", "p256")
	file := g.file(t, "treasury.json", `{"threshold": 2, "keys": [{"key": "`+kay+`", "holder": "Kay"}, {"key": "`+lee+`", "holder": "Lee"}, {"key": "`+mia+`", "holder": "Mia", "purpose": "view"}],
		"limits": [{"currency": "CNY", "per_transaction": "500.00", "per_day": "2000.00"}, {"currency": "EUR", "per_transaction": "1.00", "per_day": "1.00"}], "methods": ["voucher.Transfer", "voucher.Split"]}`)
	for _, args := range [][]string{
		{"account", "open", "treasury", "--file", file},
		{"account", "limits", "main", "--set", "CNY=1/1"},
		{"account", "close", "main"},
		{"settlement", "remove", "CNY"},
		{"standing", "end"},
		{"account", "encryption-key", "none"},
	} {
		g.refuses(t, exitUsage, "tx build", "ann", args...)
	}
	draft, _ := g.built(t, "ann", "account", "open", "treasury", "--file", file)
	g.refuses(t, exitRefused, "1 of 2", "ann", "tx", "send", g.signed(t, draft, "cora"))
	opened := g.gives(t, "ben", "tx", "send", g.signed(t, draft, "cora", "ben"))
	policy := func(name string) object {
		t.Helper()
		shown := g.gives(t, "ben", "account", "show", name)
		wants(t, shown, "account.main", false, "account.yours", false)
		p := at(shown, "account.policy").(object)
		for _, k := range p["keys"].([]any) {
			if fmt.Sprint(at(k, "since_height")) == "0" {
				t.Errorf("%v is a key since no block", k)
			}
			delete(k.(object), "since_height")
		}
		return p
	}
	key := func(k, holder, purpose string) object { return object{"key": k, "holder": holder, "purpose": purpose} }
	limit := func(currency, once, daily string) object {
		return object{"currency": currency, "per_transaction": once, "per_day": daily}
	}
	same := func(what string, want object) {
		t.Helper()
		if got := policy("treasury"); !reflect.DeepEqual(plain(t, got), plain(t, want)) {
			t.Errorf("%s: the policy is\n%v\nwant\n%v", what, got, want)
		}
	}
	methods := []string{"voucher.Transfer", "voucher.Split"}
	three := []object{key(kay, "Kay", "sign"), key(lee, "Lee", "sign"), key(mia, "Mia", "view")}
	same("opened", object{"threshold": 2, "keys": three, "limits": []object{limit("CNY", "500.00", "2000.00"), limit("EUR", "1.00", "1.00")}, "methods": methods})
	if word(t, opened, "height") == "0" {
		t.Error(opened)
	}

	// Limits, and nothing else.
	g.together(t, []string{"ann", "ben"}, "account", "limits", "treasury", "--remove", "EUR", "--set", "CNY=9/90", "--set", "JPY=7/70")
	same("limits", object{"threshold": 2, "keys": three, "limits": []object{limit("CNY", "9.00", "90.00"), limit("JPY", "7", "70")}, "methods": methods})
	for _, c := range []struct{ set, why string }{
		{"CNY", "set"},
		{"CNY=5", "set"},
		{"CNY=5/", "per_day"},
		{"CNY=/5", "per_transaction"},
		{"CNY=0/5", "per_transaction"},
		{"CNY=5/x", "per_day"},
		{"JPY=1.5/5", "per_transaction"},
		{"XXQ=5/5", "currency"},
		{"=5/5", "currency"},
		{"CNY=9/5", "limit|per_day"},
	} {
		g.refuses(t, exitUsage, c.why, "ann", "tx", "build", g.fresh(".tx"), "--", "account", "limits", "treasury", "--set", c.set)
	}
	g.refuses(t, exitUsage, "remove", "ann", "tx", "build", g.fresh(".tx"), "--", "account", "limits", "treasury", "--remove", "USD")

	// Keys, and nothing else; those that stay keep the block since which they are there.
	dora := g.keyOfKind(t, "dora", "p256")
	since := word(t, g.gives(t, "ann", "account", "show", "treasury"), "account.policy.keys.0.since_height")
	g.together(t, []string{"cora", "ben"}, "account", "rotate", "treasury", "--remove", "Lee", "--add", dora+"=Dora", "--threshold", "1")
	after := g.gives(t, "ann", "account", "show", "treasury")
	wants(t, after, "account.policy.keys.0.since_height", since)
	same("rotated", object{
		"threshold": 1, "keys": []object{key(kay, "Kay", "sign"), key(mia, "Mia", "view"), key(dora, "Dora", "sign")},
		"limits": []object{limit("CNY", "9.00", "90.00"), limit("JPY", "7", "70")}, "methods": methods,
	})
	wants(t, g.begin(t, "dora"), "account_name", "treasury")
	for _, c := range []struct {
		why  string
		args []string
	}{
		{"remove", []string{"--remove", "Nobody"}},
		{"remove", []string{"--remove", ""}},
		{"key", []string{"--add", "secp256k1:00"}},
		{"key|twice", []string{"--add", kay + "=Eve"}},
		{"threshold|3 of 2", []string{"--remove", "Mia", "--threshold", "3"}},
	} {
		g.refuses(t, exitUsage, c.why, "ann", append([]string{"tx", "build", g.fresh(".tx"), "--", "account", "rotate", "treasury"}, c.args...)...)
	}

	// A policy replaced whole has nothing of the old one.
	g.together(t, []string{"ann", "cora"}, "account", "policy", "treasury", "--key", kay)
	same("replaced", object{"threshold": 1, "keys": []object{{"key": kay, "purpose": "sign"}}})

	// Closed for good.
	g.together(t, []string{"ben", "ann"}, "account", "close", "treasury")
	states := map[any]any{}
	for _, one := range at(g.gives(t, "cora", "account", "list"), "accounts").([]any) {
		states[at(one, "name")] = at(one, "state")
	}
	if !reflect.DeepEqual(states, map[any]any{"main": "active", "treasury": "closed"}) {
		t.Errorf("the accounts are %v", states)
	}
	for _, args := range [][]string{{"account", "close", "treasury"}, {"account", "limits", "treasury", "--set", "CNY=1/1"}, {"account", "close", "main"}} {
		file, _ := g.built(t, "ann", args...)
		g.refuses(t, exitRefused, "", "ann", "tx", "send", g.signed(t, file, "ann", "ben"))
	}
	for _, file := range []string{file, draft} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
}

// testSettlement: two keys and a day bring a settlement account, and each step can be stopped where it should.
func (g *stage) testSettlement(t *testing.T) {
	second := g.keyOfKind(t, "second", "secp256k1")
	g.says(t, "tier1", "account", "open", "desk", "--key", second+"=Sue")
	g.begin(t, "second")
	usual := []string{"settlement", "set", "CNY", "--bank", "Bank of Linjiang", "--bic", "LJBKCNBJ", "--number", "6222-0212", "--holder", "Dingsheng"}
	with := func(flag, value string) []string {
		args := append([]string{}, usual...)
		for i := range args {
			if args[i] == flag {
				args[i+1] = value
			}
		}
		return args
	}
	for _, c := range []struct {
		args []string
		why  string
	}{
		{with("set", "XXQ"), "currency"},
		{with("--bic", "LJBK"), "bic"},
		{with("--bic", "ljbkcnbj"), "bic"},
		{with("--bank", ""), "bank"},
		{with("--bank", strings.Repeat("x", 201)), "bank"},
		{with("--holder", ""), "holder"},
		{with("--number", strings.Repeat("1", 41)), "number"},
		{[]string{"settlement", "set", "EUR", "--bank", "b", "--bic", "DEUTDEFF", "--iban", "DE89370400440532013001", "--holder", "h"}, "iban"},
		{[]string{"settlement", "set", "EUR", "--bank", "b", "--bic", "DEUTDEFF", "--iban", "DE8937", "--holder", "h"}, "iban"},
		{[]string{"settlement", "confirm", "yuan"}, "currency"},
		{[]string{"settlement", "cancel", "XXQ"}, "currency"},
		{[]string{"settlement", "remove", ""}, "currency"},
	} {
		g.refuses(t, exitUsage, c.why, "tier1", c.args...)
	}
	of := func(who string, member ...string) object {
		t.Helper()
		shown := g.gives(t, who, append([]string{"settlement"}, member...)...)
		wants(t, shown, "member", g.net.Role("tier1").Member.String())
		return shown
	}
	if length(of("tier1"), "settlements") != 0 {
		t.Error("a settlement account is there from the beginning")
	}
	g.refuses(t, exitNotFound, "", "second", "settlement", "confirm", "CNY")
	g.refuses(t, exitRefused, "NoSettlement", "tier1", "settlement", "cancel", "CNY")
	g.refuses(t, exitRefused, "NotMainAccount|NotPermitted", "second", usual...)

	g.says(t, "tier1", usual...)
	wants(t, of("bank", "tier1"), "settlements.0.currency", "CNY", "settlements.0.current", nil, "settlements.0.pending.to.bank", "Bank of Linjiang",
		"settlements.0.pending.to.bic", "LJBKCNBJ", "settlements.0.pending.to.number", "6222-0212", "settlements.0.pending.to.holder", "Dingsheng",
		"settlements.0.pending.asked_by", g.net.Role("tier1").Account.String(), "settlements.0.pending.confirmed_by", nil, "settlements.0.pending.due", nil)
	g.refuses(t, exitRefused, "SecondKey", "tier1", "settlement", "confirm", "CNY")
	g.refuses(t, exitRefused, "NewKeys", "second", "settlement", "confirm", "CNY")
	g.says(t, "tier1", "settlement", "cancel", "CNY")
	g.refuses(t, exitNotFound, "", "second", "settlement", "confirm", "CNY")

	g.shift(t, 2)
	g.says(t, "tier1", usual...)
	g.says(t, "second", "settlement", "confirm", "CNY")
	confirmed := of("tier1")
	due, err := time.Parse(time.RFC3339, word(t, confirmed, "settlements.0.pending.due"))
	now, nerr := time.Parse(time.RFC3339, word(t, confirmed, "verified.time"))
	if wait := due.Sub(now); err != nil || nerr != nil || wait > 24*time.Hour || wait < 24*time.Hour-10*time.Minute {
		t.Errorf("it takes effect in %s, %v, %v", due.Sub(now), err, nerr)
	}
	g.refuses(t, exitRefused, "NotMainAccount|NotPermitted", "second", "settlement", "cancel", "CNY")
	g.shift(t, 2)
	wants(t, of("bank", "tier1"), "settlements.0.current.number", "6222-0212", "settlements.0.pending", nil)
	if _, err := time.Parse(time.RFC3339, word(t, of("tier1"), "settlements.0.since")); err != nil {
		t.Error(err)
	}

	// A removal waits too, and ends before its time where it is cancelled.
	g.says(t, "tier1", "settlement", "remove", "CNY")
	wants(t, of("tier1"), "settlements.0.current.number", "6222-0212", "settlements.0.pending.to", nil)
	g.says(t, "second", "settlement", "confirm", "CNY")
	g.says(t, "tier1", "settlement", "cancel", "CNY")
	g.shift(t, 2)
	wants(t, of("tier1"), "settlements.0.current.number", "6222-0212", "settlements.0.pending", nil)
}

// testRecovery: whose keys are said to be lost sees it everywhere, and stops it.
func (g *stage) testRecovery(t *testing.T) {
	account := g.net.Role("tier2").Account.String()
	wants(t, g.gives(t, "tier2", "recovery"), "recoveries", "[]")
	g.refuses(t, exitNotFound, account[:8], "tier2", "recovery", "veto")
	g.agreed(t, "recover", "tier2", "--key", "secp256k1:"+annKey+"=Ann", "--reason", "the safe burnt")
	shown := g.gives(t, "tier2", "recovery")
	for where, one := range map[string]any{
		"recovery": at(shown, "recoveries.0"), "status": g.gives(t, "tier2", "status")["recovery"], "account show": at(g.gives(t, "tier2", "account", "show"), "account.recovery"),
	} {
		wants(t, one, "account", account, "state", "pending", "reason", "the safe burnt", "policy.threshold", 1, "policy.keys.0.key", "secp256k1:"+annKey,
			"policy.keys.0.holder", "Ann", "policy.keys.0.purpose", "sign", "code", nil)
		due, err := time.Parse(time.RFC3339, word(t, one, "due"))
		now, nerr := time.Parse(time.RFC3339, word(t, shown, "verified.time"))
		if wait := due.Sub(now); err != nil || nerr != nil || wait > 72*time.Hour || wait < 72*time.Hour-10*time.Minute {
			t.Errorf("%s: it comes in %s, %v, %v", where, wait, err, nerr)
		}
	}
	for _, said := range []string{g.says(t, "tier2", "status"), g.says(t, "tier2", "recovery"), g.says(t, "tier2", "account", "show")} {
		if !strings.Contains(said, "tally recovery veto "+account[:8]) || !strings.Contains(said, "the safe burnt") {
			t.Errorf("it is not told of: %s", said)
		}
	}
	g.refuses(t, exitNotFound, "", "tier1", "recovery", "veto", account)
	wants(t, g.gives(t, "tier1", "recovery"), "recoveries", "[]")
	g.says(t, "tier2", "recovery", "veto", account[:8])
	wants(t, g.gives(t, "tier2", "recovery"), "recoveries", "[]")
	g.refuses(t, exitNotFound, account[:8], "tier2", "recovery", "veto")
	g.shift(t, 4)
	wants(t, g.gives(t, "tier2", "account", "show"), "account.recovery", nil, "account.yours", true)

	// What the members take back does not come either.
	g.agreed(t, "recover", "tier2", "--key", "secp256k1:"+annKey+"=Ann", "--reason", "again")
	g.agreed(t, "recover", "cancel", "tier2")
	wants(t, g.gives(t, "tier2", "recovery"), "recoveries", "[]")
}
