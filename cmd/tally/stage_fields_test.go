package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/sdk/wallet"
)

// A shape says what an answer of --output json has: fields with their shapes, where a name with '?' may be missing; a list with
// the shape of its items; or one of the words below. What a shape does not name must not be there.
type shape = any

// fields and list are shapes.
type (
	fields map[string]shape
	list   struct{ of shape }
)

// The words for values.
const (
	anID    = "64 hex digits"
	aHash   = "hex digits, or nothing"
	aDay    = "2026-05-31"
	aTime   = "RFC 3339"
	figure  = "integer"
	truth   = "true or false"
	wording = "text"
	someone = "text that is not empty"
	nothing = "null"
	any0    = "anything"
)

var idText, hexText = regexp.MustCompile(`^[0-9a-f]{64}$`), regexp.MustCompile(`^[0-9a-f]*$`)

// fits tells for each word whether a value is one.
var fits = map[string]func(any) bool{
	anID:    func(v any) bool { s, ok := v.(string); return ok && idText.MatchString(s) },
	aHash:   func(v any) bool { s, ok := v.(string); return ok && hexText.MatchString(s) },
	aDay:    func(v any) bool { s, _ := v.(string); _, err := time.Parse("2006-01-02", s); return err == nil },
	aTime:   func(v any) bool { s, _ := v.(string); _, err := time.Parse(time.RFC3339, s); return err == nil },
	figure:  func(v any) bool { n, ok := v.(json.Number); return ok && !strings.ContainsAny(n.String(), ".eE") },
	truth:   func(v any) bool { _, ok := v.(bool); return ok },
	wording: func(v any) bool { _, ok := v.(string); return ok },
	someone: func(v any) bool { s, ok := v.(string); return ok && s != "" },
	nothing: func(v any) bool { return v == nil },
	any0:    func(any) bool { return true },
}

// misfits lists where a value has not its shape.
func misfits(path string, want shape, v any) (out []string) {
	switch w := want.(type) {
	case string:
		if check := fits[w]; check != nil && !check(v) || check == nil && !slices.Contains(strings.Split(w, "|"), fmt.Sprint(v)) {
			return []string{fmt.Sprintf("%s is %v, not %s", path, v, w)}
		}
	case list:
		items, ok := v.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, no list", path, v)}
		}
		for i, one := range items {
			out = append(out, misfits(fmt.Sprintf("%s[%d]", path, i), w.of, one)...)
		}
	case fields:
		o, ok := v.(object)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, no object", path, v)}
		}
		for name, inner := range w {
			bare, may := strings.CutSuffix(name, "?")
			if one, there := o[bare]; there {
				out = append(out, misfits(path+"."+bare, inner, one)...)
			} else if !may {
				out = append(out, path+"."+bare+" is missing")
			}
		}
		for name := range o {
			if w[name] == nil && w[name+"?"] == nil {
				out = append(out, path+"."+name+" is in no table of fields")
			}
		}
	}
	return out
}

// What several answers have.
var (
	proven    = fields{"height": figure, "time": aTime, "clock_shift_s": figure}
	aParty    = fields{"account": anID, "member?": anID, "name?": someone}
	noOrParty = fields{"account": aHash, "member?": anID, "name?": someone}
	sum       = fields{"currency": "CNY", "count": figure, "amount_minor": figure}
	totals    = list{sum}
	anOffer   = fields{"to": aParty, "expires": aTime, "recourse": truth, "invoices": list{anID}, "contract?": anID}
	aPart     = fields{
		"part": anID, "voucher": anID, "obligor": aParty, "holder": aParty, "amount_minor": figure, "currency": "CNY", "due": aDay, "state": "held|on offer|due",
		"frozen_until?": someone, "offer?": anOffer,
	}
	aVoucher = fields{
		"voucher": anID, "obligor": aParty, "creditor": aParty, "amount_minor": figure, "outstanding_minor": figure, "currency": "CNY", "issued": aDay, "due": aDay,
		"state": someone, "invoices": list{anID}, "contract?": anID, "over_60_days": truth, "extinguished_minor?": figure, "freezes?": figure,
	}
	aMember = fields{
		"member": anID, "name": someone, "credential": someone, "state": "active|suspended|left|invited", "roles": list{someone}, "seat": truth, "small_firm": truth,
		"sponsor?": anID, "account": anID,
	}
	aPolicy = fields{
		"threshold": figure, "keys": list{fields{"key": someone, "holder?": someone, "purpose?": "sign|view|encrypt", "since_height?": figure}},
		"limits?": list{fields{"currency": someone, "per_transaction": someone, "per_day": someone}}, "methods?": list{someone},
	}
	aRecovery = fields{"account": anID, "state": "pending|failed", "due": aTime, "reason": someone, "policy": aPolicy, "code?": figure}
	anAccount = fields{
		"account": anID, "name": someone, "state": "active|closed", "main": truth, "yours": truth, "policy": aPolicy,
		"used_today?": list{fields{"currency": someone, "used_minor": figure, "left_minor": figure}}, "recovery?": aRecovery,
	}
	aProposal = fields{
		"proposal": anID, "title": someone, "proposer": anID, "state": "open|expired|executed|failed|rejected", "expires": aTime, "yes": figure, "no": figure,
		"seats": figure, "needed": figure, "code?": figure, "voted": truth,
	}
	atBank       = fields{"bank": someone, "bic": someone, "iban?": someone, "number?": someone, "holder": someone}
	aPayee       = fields{"currency": someone, "current?": atBank, "since?": aTime, "pending?": fields{"to?": atBank, "asked_by": anID, "confirmed_by?": anID, "due?": aTime}}
	aFreeze      = fields{"freeze": anID, "voucher": anID, "lo": figure, "hi": figure, "by": noOrParty, "reason": someone, "case?": anID, "from": aTime, "until": aTime, "stands": truth}
	blockedMoney = fields{"bank": anID, "bank_name": someone, "amount_minor": figure, "currency": "CNY", "voucher": anID, "part": anID}
	aKey         = fields{"file?": someone, "token?": someone, "label?": someone, "kind": "secp256k1|p256|sm2", "public": someone, "id": anID}
	aDone        = fields{"transaction": anID, "what": list{someone}, "height": figure, "verified": proven}
	aSigner      = list{fields{"key": someone, "holder?": someone}}
	aDraft       = fields{
		"file": someone, "transaction": anID, "chain": someone, "sender": anID, "expires": aTime, "methods": list{someone}, "decoded": list{wording}, "builder_words": list{someone},
		"signatures": list{someone}, "verified?": proven, "what?": list{someone}, "needless?": list{someone}, "state": "open|complete|expired|done|refused|never_ran|unknown",
		"accounts?": list{fields{"account": anID, "member?": anID, "name?": someone, "threshold": figure, "lacks": figure, "signed": aSigner, "missing": aSigner, "hidden?": truth}},
	}
	aBalance  = fields{"count": figure, "amount_minor": figure}
	aMovement = fields{
		"entry": figure, "height": figure, "time": aTime, "transaction?": anID, "kind": someone, "counterparty?": anID, "counterparty_name?": someone, "voucher?": anID,
		"reference?": wording, "count": figure, "amount_minor": figure, "balance": aBalance,
	}
	aStatus = fields{
		"verified": proven, "chain": someone, "development": truth, "home": someone, "account": anID, "account_name": someone, "account_state": "active|closed", "member": aMember,
		"endpoints": list{fields{"url": someone, "pin?": anID, "member?": someone}}, "sent": figure, "recovery": any0,
		"settled": list{fields{"transaction": anID, "what": list{someone}, "outcome": "done|refused|never_ran|unknown", "height?": figure, "code?": figure, "text": someone}},
	}
)

// making is what is signed and makes something.
func making(created fields) fields {
	out := fields{"created": created}
	for name, one := range aDone {
		out[name] = one
	}
	return out
}

// testFields runs each command that answers with --output json where there is something to show, and compares fields and types.
func (g *stage) testFields(t *testing.T) {
	voucher, _ := g.held(t, "J-1", "tier1", 120_000)
	_, offered := g.held(t, "J-2", "tier1", 20_000)
	g.says(t, "tier1", "send", offered, "--to", "tier2", "--contract", g.path("contract"))
	waits := g.issued(t, "J-3", "tier1", 10_000)
	freeze := word(t, g.gives(t, "court", "freeze", voucher, "--units", "1-100", "--reason", "order", "--case", g.path("contract"), "--until", "2h"), "created.freeze")
	g.says(t, "bank", "deposit", "mint", "9", "--to", "tier1", "--reference", "box")
	g.says(t, "tier1", "settlement", "set", "JPY", "--bank", "b", "--bic", "DEUTDEFF", "--number", "1", "--holder", "h")
	g.says(t, "tier1", "account", "limits", "main", "--set", "EUR=5/50")
	recovering := g.agreed(t, "recover", "tier1", "--key", "secp256k1:"+annKey, "--reason", "lost")
	part := g.partOf(t, "tier1", voucher, 119_900)
	draft, point := g.fresh(".tx"), g.fresh(".json")
	tried, seen := map[string]bool{}, map[string]bool{}
	for _, c := range []struct {
		who, line string
		want      fields
	}{
		{"tier1", "holdings", fields{"verified": proven, "parts": list{aPart}, "totals": totals, "totals_on_offer": totals, "totals_frozen": totals}},
		{"tier1", "offers", fields{"verified": proven, "incoming": list{aPart}, "outgoing": list{aPart}, "totals": totals}},
		{"tier2", "offers", fields{"verified": proven, "incoming": list{aPart}, "outgoing": list{aPart}, "totals": totals}},
		{"tier1", "pending", fields{"verified": proven, "vouchers": list{aVoucher}, "totals": totals}},
		{"obligor", "owed", fields{"verified": proven, "vouchers": list{aVoucher}, "totals": totals}},
		{"tier1", "deposits", fields{"verified": proven, "deposits": list{fields{"bank": anID, "bank_name": someone, "amount_minor": figure, "currency": "CNY"}}, "totals": totals, "blocked": list{blockedMoney}}},
		{"tier1", "show " + part, fields{"verified": proven, "kind": "part", "part": aPart}},
		{"tier1", "show " + voucher, fields{"verified": proven, "kind": "voucher", "voucher": aVoucher}},
		{"tier1", "show tier2", fields{"verified": proven, "kind": "member", "member": aMember}},
		{"tier1", "show " + g.net.Role("tier1").Account.String(), fields{
			"verified": proven, "kind": "account", "account": aParty, "account_name": someone, "state": "active", "threshold": figure, "keys": list{someone},
		}},
		{"tier1", "trail " + part, fields{"verified": proven, "part": anID, "voucher": anID, "steps": list{fields{
			"step": someone, "from": noOrParty, "to": noOrParty, "amount_minor": figure, "lo": figure, "hi": figure, "recourse": truth, "time": aTime, "height": figure,
			"invoices": list{anID}, "contract?": anID, "transaction": anID,
		}}}},
		{"tier1", "members", fields{"verified": proven, "members": list{aMember}}},
		{"tier1", "params", fields{"verified": proven, "parameters": list{fields{
			"name": someone, "value": figure, "source?": someone, "what": someone, "values": list{fields{"from": aDay, "value": figure, "source": someone}},
		}}}},
		{"obligor", "line", fields{"verified": proven, "obligor": aParty, "currency": "CNY", "limit_minor": figure, "outstanding_minor": figure, "guarantor": aHash}},
		{"tier1", "freezes", fields{
			"verified": proven, "freezes": list{aFreeze}, "laid": list{aFreeze}, "totals_frozen": totals,
			"blocked": list{blockedMoney},
		}},
		{"tier1", "freezes " + voucher, fields{"verified": proven, "voucher": anID, "freezes": list{aFreeze}}},
		{"tier1", "statement --from 2020-01-01", fields{
			"verified": proven, "account": anID, "from": aDay, "to": aDay, "entries": any0, "sections": list{fields{
				"class": someone, "currency": "CNY", "bank?": anID, "bank_name?": someone, "opening": aBalance, "closing": aBalance, "movements": list{aMovement},
			}},
		}},
		{"tier1", "statement --format csv --out " + g.fresh(".csv"), fields{"file": someone, "format": "csv", "height": figure}},
		{"tier1", "standing set --checker bank --max 5 --until 20d", aDone},
		{"tier1", "standing", fields{"verified": proven, "currency": "CNY", "max_minor": figure, "checker?": aParty, "until?": aTime}},
		{"tier1", "standing end", aDone},
		{"tier1", "check --contract " + g.path("contract"), aDone},
		{"tier1", "status", aStatus},
		{"tier1", "names add forge tier2", fields{"name": "forge", "account": aParty}},
		{"tier1", "names", fields{"names": any0}},
		{"tier1", "version", fields{"version": someone, "go": someone, "os": someone, "arch": someone}},
		{"tier1", "checkpoint make", fields{"chain": someone, "height": figure, "hash": anID, "signatures": any0}},
		{"ben", "keys show", aKey},
		{"tier1", "gov list --all", fields{"verified": proven, "proposals": list{aProposal}}},
		{"tier1", "gov show " + recovering, fields{
			"verified": proven, "proposal": aProposal, "what": list{someone}, "calls": list{fields{"method": someone, "message": any0}},
			"ballots": list{fields{"member": anID, "name": someone, "vote": "yes|no|", "seat": truth}},
		}},
		{"tier1", "gov parameters", fields{"verified": proven, "parameters": any0}},
		{"tier1", "gov validators", fields{"verified": proven, "power": figure, "validators": list{fields{"key": anID, "power": figure, "member": anID, "name": someone}}}},
		{"tier1", "gov upgrade", fields{"verified": proven, "protocol": figure, "planned?": fields{"protocol": figure, "height": figure, "info": wording}}},
		{"tier1", "account list", fields{"verified": proven, "accounts": list{anAccount}}},
		{"tier1", "account show", fields{"verified": proven, "account": anAccount}},
		{"tier1", "recovery", fields{"verified": proven, "recoveries": list{aRecovery}}},
		{"tier1", "settlement", fields{"verified": proven, "member": anID, "settlements": list{aPayee}}},
		{"tier1", "tx build " + draft + " -- split " + part + " 5", aDraft},
		{"tier1", "tx show " + draft, aDraft},
		{"tier1", "tx show --offline " + draft, aDraft},
		{"tier1", "tx sign " + draft, aDraft},
		{"tier1", "tx combine " + g.fresh(".tx") + " " + draft, aDraft},
		{"tier1", "tx send " + draft, aDone},
		{"obligor", "issue --invoice " + g.invoice(t, "J-4", "tier1", "obligor", 5_000) + " --to tier1 --contract " + g.path("contract") + " --due " + dueDay(), making(fields{"vouchers": list{anID}})},
		{"obligor", "issue --csv " + g.file(t, "fields.csv", string(tableOf(t.Fatalf, []string{"2"}))) + " --run fields --contract " + g.path("contract") + " --due " + dueDay(), fields{
			"run": "fields", "run_id": someone, "rows": "2", "issued": "2", "issued_before": "0", "totals": totals, "seconds": any0, "result": someone,
		}},
		{"obligor", "cancel " + waits, aDone},
		{"tier2", "accept " + offered, aDone},
		{"tier2", "send " + offered + " --to tier1 --contract " + g.path("contract"), aDone},
		{"tier2", "withdraw " + offered, aDone},
		{"bank", "deposit mint 5 --to tier2", aDone},
		{"tier2", "deposit redeem 5 --bank bank", aDone},
		{"court", "release " + freeze, aDone},
		{"court", "freeze " + voucher + " --units 101-200 --reason x --until 1h", making(fields{"freeze": anID, "voucher": anID})},
		{"tier1", "account open clerk --key " + g.anotherKey(t), making(fields{"account": anID})},
		{"tier1", "account close clerk", aDone},
		{"operator", "gov propose upgrade cancel", making(fields{"proposal": anID})},
		{"tier1", "recovery veto", aDone},
		{"tier1", "settlement cancel JPY", aDone},
		{"obligor", "invite --name Beishan --uscc " + uscc("077") + " --identity-check " + g.path("contract") + " --out " + point, making(fields{"member": anID, "account": anID, "invitation": someone})},
	} {
		words := strings.Fields(c.line)
		got := g.gives(t, c.who, words...)
		gather(seen, got)
		for _, one := range misfits(strings.Join(words[:min(2, len(words))], " "), c.want, any(got)) {
			t.Error(one)
		}
		if found, _, err := (&program{}).root().Find(words); err == nil {
			tried[found.CommandPath()] = true
		}
	}
	documentedSeen(t, seen)
	for _, n := range g.noticesOf(t, "tier2") {
		for _, one := range misfits("watch", fields{
			"key": someone, "chain": someone, "account": anID, "kind": someone, "time": aTime, "entry?": figure, "height": figure, "transaction?": anID, "counterparty?": anID, "bank?": anID,
			"voucher?": anID, "part?": anID, "currency?": "CNY", "amount_minor?": figure, "due_day?": aDay, "days?": figure, "until?": aTime, "reference?": wording,
		}, any(n)) {
			t.Error(one)
		}
	}
	everyCommand((&program{}).root(), func(c *cobra.Command) {
		if name := c.CommandPath(); c.Runnable() && !inherited(c) && !tried[name] && !slices.Contains(untried, name) && !strings.HasPrefix(name, "tally gov propose ") {
			t.Errorf("the fields of %q are in no table", name)
		}
	})
}

// untried are commands whose answers other tests read: those that are signed alone, make keys and wallets, or write for people.
var untried = []string{
	"tally gov propose", "tally reject", "tally split", "tally merge", "tally line set", "tally pay", "tally deposit transfer", "tally suspend", "tally reinstate", "tally gov vote", "tally account policy",
	"tally account limits", "tally account rotate", "tally account encryption-key", "tally settlement set", "tally settlement remove", "tally settlement confirm",
	"tally keys new", "tally keys import", "tally keys export", "tally keys list", "tally init", "tally join", "tally watch", "tally names remove", "tally checkpoint sign", "tally checkpoint use", "tally man",
}

func dueDay() string { return wallet.Day(chainDay() + 60) }

// gather notes the names of all fields of an answer.
func gather(into map[string]bool, v any) {
	switch one := v.(type) {
	case object:
		for name, inner := range one {
			into[name] = true
			gather(into, inner)
		}
	case []any:
		for _, inner := range one {
			gather(into, inner)
		}
	}
}

// rarely are documented fields that nothing here brings about: keys that may not be read, signatures too many, failures.
var rarely = []string{"hidden", "needless", "code"}

// documentedSeen wants each field that 'tally help json' names in some answer.
func documentedSeen(t *testing.T, seen map[string]bool) {
	t.Helper()
	documented := regexp.MustCompile(`"([a-z_0-9]+)"`).FindAllStringSubmatch(jsonHelp, -1)
	for _, one := range documented {
		if !seen[one[1]] && !slices.Contains(rarely, one[1]) {
			t.Errorf("help json names the field %q, which no answer has", one[1])
		}
	}
	if len(documented) < 60 {
		t.Error("help json names", len(documented), "fields")
	}
}
