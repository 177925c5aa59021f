package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/wallet"
)

// testMerging: what is no neighbour, not held, on offer or another's is not merged; a voucher split and merged is whole.
func (g *stage) testMerging(t *testing.T) {
	voucher, whole := g.held(t, "M-1", "tier1", 100_000)
	_, other := g.held(t, "M-2", "tier1", 50_000)
	g.says(t, "tier1", "split", whole, "100", "200", "300")
	a, b, c, d := g.partOf(t, "tier1", voucher, 10_000), g.partOf(t, "tier1", voucher, 20_000), g.partOf(t, "tier1", voucher, 30_000), g.partOf(t, "tier1", voucher, 40_000)
	g.refuses(t, exitUsage, "2 arg", "tier1", "merge", a)
	g.refuses(t, exitUsage, other[:8], "tier1", "merge", a, other)
	g.refuses(t, exitUsage, "parts", "tier1", "merge", a, a)
	g.refuses(t, exitUsage, "zzzz", "tier1", "merge", a, "zzzz")
	g.refuses(t, exitNotFound, "", "tier1", "merge", a, strings.Repeat("0", 64))
	g.refuses(t, exitNotFound, "", "tier1", "merge", a, voucher)
	g.refuses(t, exitNotFound, "", "tier2", "merge", a, b)
	g.refuses(t, exitRefused, "NotAdjacent", "tier1", "merge", a, c)
	g.refuses(t, exitRefused, "NotAdjacent", "tier1", "merge", a, b, d)
	g.says(t, "tier1", "send", b, "--to", "tier2", "--contract", g.path("contract"))
	g.refuses(t, exitNotFound, "", "tier1", "merge", a, b)
	g.says(t, "tier1", "withdraw", b)
	g.says(t, "tier1", "merge", c, a, d, b)
	merged := g.partOf(t, "tier1", voucher, 100_000)
	if parts := g.partsOf(t, "tier1", voucher); len(parts) != 1 {
		t.Errorf("it is in %d parts", len(parts))
	}
	steps := at(g.gives(t, "tier1", "trail", merged), "steps").([]any)
	if last := steps[len(steps)-1]; at(last, "step") != "merged" || at(steps[0], "step") != "issued" {
		t.Errorf("its trail is %v", steps)
	}
	g.refuses(t, exitNotFound, "", "tier1", "show", a)
	g.refuses(t, exitUsage, "amount", "tier1", "split", merged, "999.99", "0.02")
	g.refuses(t, exitUsage, "amount", "tier1", "split", merged, "0")
	g.refuses(t, exitUsage, "pieces", "tier1", "split", merged, "1000.00")
}

// testFreezes: the court freezes units for hours, who holds them sees it, and the court alone releases them.
func (g *stage) testFreezes(t *testing.T) {
	voucher, part := g.held(t, "F-1", "tier1", 110_000)
	short := voucher[:8]
	g.refuses(t, exitRefused, "NotPermitted", "tier1", "freeze", voucher, "--reason", "x", "--until", "1h")
	g.refuses(t, exitNotFound, "", "court", "freeze", short, "--reason", "x", "--until", "1h") // it does not see it but by its whole id
	g.refuses(t, exitNotFound, "", "court", "freeze", strings.Repeat("0", 64), "--reason", "x", "--until", "1h")
	for _, c := range []struct {
		code int
		why  string
		args []string
	}{
		{exitUsage, "units", []string{"--units", "0-5", "--reason", "x", "--until", "1h"}},
		{exitUsage, "units", []string{"--units", "1-110001", "--reason", "x", "--until", "1h"}},
		{exitUsage, "units", []string{"--units", "5-4", "--reason", "x", "--until", "1h"}},
		{exitUsage, "until", []string{"--reason", "x", "--until", "soon"}},
		{exitUsage, "until", []string{"--reason", "x", "--until", "0d"}},
		{exitUsage, "case", []string{"--reason", "x", "--until", "1h", "--case", "nowhere.pdf"}},
		{exitUsage, "reason", []string{"--reason", strings.Repeat("x", 501), "--until", "1h"}},
		{exitUsage, "reason", []string{"--reason", "", "--until", "1h"}},
		{exitRefused, "FreezeUntil", []string{"--reason", "x", "--until", "4d"}},
		{exitRefused, "FreezeUntil", []string{"--reason", "x", "--until", "2020-01-01"}},
	} {
		g.refuses(t, c.code, c.why, "court", append([]string{"freeze", voucher}, c.args...)...)
	}
	if length(g.gives(t, "tier1", "freezes", short), "freezes") != 0 {
		t.Error("what was refused froze")
	}
	laid := g.gives(t, "court", "freeze", voucher, "--units", "1-30000", "--reason", "order 12", "--case", g.path("contract"), "--until", "48h")
	freeze := word(t, laid, "created.freeze")
	wants(t, laid, "created.voucher", voucher)
	court := object{"account": g.net.Role("court").Account.String(), "member": g.net.Role("court").Member.String(), "name": g.net.Role("court").Title}
	for path, shown := range map[string]object{"freezes": g.gives(t, "tier1", "freezes", short), "laid": g.gives(t, "court", "freezes")} {
		wants(t, shown, path+".0.freeze", freeze, path+".0.voucher", voucher, path+".0.lo", 1, path+".0.hi", 30_000, path+".0.reason", "order 12", path+".0.stands", true)
		if by := at(shown, path+".0.by"); !reflect.DeepEqual(by, court) {
			t.Errorf("it is by %v", by)
		}
		from, err := time.Parse(time.RFC3339, word(t, shown, path+".0.from"))
		until, uerr := time.Parse(time.RFC3339, word(t, shown, path+".0.until"))
		if hours := until.Sub(from); err != nil || uerr != nil || hours > 48*time.Hour || hours < 48*time.Hour-10*time.Minute {
			t.Errorf("it is for %s, %v, %v", hours, err, uerr)
		}
	}
	own := g.gives(t, "tier1", "freezes")
	wants(t, own, "freezes.0.freeze", freeze, "totals_frozen.0.amount_minor", 30_000, "totals_frozen.0.count", 1, "totals_frozen.0.currency", "CNY", "blocked", "[]", "laid", "[]")
	wants(t, g.gives(t, "tier2", "freezes"), "freezes", "[]", "laid", "[]")
	g.refuses(t, exitNotFound, "", "tier2", "freezes", short)
	g.refuses(t, exitNotFound, "", "tier1", "show", part) // it was cut
	ice, free := g.partOf(t, "tier1", voucher, 30_000), g.partOf(t, "tier1", voucher, 80_000)
	if at(g.gives(t, "tier1", "show", ice), "part.frozen_until") == nil || at(g.gives(t, "tier1", "show", free), "part.frozen_until") != nil {
		t.Error("the wrong part is shown as frozen")
	}
	for _, args := range [][]string{{"send", ice, "--to", "tier2", "--contract", g.path("contract")}, {"split", ice, "1"}, {"merge", ice, free}} {
		g.refuses(t, exitRefused, "Frozen", "tier1", args...)
	}
	g.says(t, "tier1", "split", free, "100")

	g.refuses(t, exitNotFound, "", "tier1", "release", freeze)
	g.refuses(t, exitNotFound, "", "regulator", "release", freeze)
	g.says(t, "court", "release", freeze[:8])
	wants(t, g.gives(t, "court", "freezes"), "laid", "[]")
	g.refuses(t, exitNotFound, "", "court", "release", freeze)
	wants(t, g.gives(t, "tier1", "freezes"), "freezes", "[]", "totals_frozen", "[]")
	g.refuses(t, exitRefused, "Freeze", "court", "freeze", voucher, "--reason", "again, and longer", "--until", "73h")
	g.says(t, "tier1", "merge", ice, g.partOf(t, "tier1", voucher, 10_000))
}

// testDrafts builds many commands for others to sign: the file says the call, runs nothing, and reads back the same.
func (g *stage) testDrafts(t *testing.T) {
	voucher, part := g.held(t, "D-1", "tier1", 90_000)
	_, offered := g.held(t, "D-2", "tier1", 40_000)
	g.says(t, "tier1", "send", offered, "--to", "tier2", "--contract", g.path("contract"))
	waits := g.issued(t, "D-3", "tier1", 10_000)
	g.says(t, "bank", "deposit", "mint", "100", "--to", "tier1")
	proposal := g.proposed(t, "upgrade", "cancel", "--title", "to be voted on")
	contract, due := g.path("contract"), wallet.Day(chainDay()+60)
	table := g.file(t, "run.csv", string(tableOf(t.Fatalf, []string{"3"})))
	for _, c := range []struct {
		who     string
		args    []string
		methods []string
		says    []string // in the decoded bytes
	}{
		{"obligor", []string{"issue", "--invoice", g.invoice(t, "D-4", "tier1", "obligor", 5_000), "--to", "tier1", "--contract", contract, "--due", due}, []string{"voucher.Issue"}, []string{"amount_minor: 50.00 CNY", `currency: "CNY"`}},
		{"obligor", []string{"issue", "--csv", table, "--run", "drafts", "--contract", contract, "--due", due}, []string{"voucher.Issue"}, []string{"amount_minor: 100.01 CNY", "chunk: 1"}},
		{"tier1", []string{"accept", waits}, []string{"voucher.AcceptPackage"}, []string{waits}},
		{"tier2", []string{"accept", offered}, []string{"voucher.AcceptOffer"}, nil},
		{"tier1", []string{"reject", waits, "--reason", "wrong price"}, []string{"voucher.RejectPackage"}, []string{"wrong price"}},
		{"tier2", []string{"reject", offered, "--reason", "wrong order"}, []string{"voucher.RejectOffer"}, []string{"wrong order"}},
		{"obligor", []string{"cancel", waits, "--reason", "no"}, []string{"voucher.CancelPackage"}, []string{waits}},
		{"tier1", []string{"withdraw", offered}, []string{"voucher.WithdrawOffer"}, nil},
		{"tier1", []string{"send", part, "--to", "tier2", "--amount", "100.05", "--contract", contract, "--recourse"}, []string{"voucher.Transfer"}, []string{"amount_minor: 10005 ", "recourse: true", g.net.Role("tier2").Account.String()}},
		{"tier1", []string{"split", part, "100", "200"}, []string{"voucher.Split"}, []string{"60000"}},
		{"tier1", []string{"standing", "set", "--checker", "bank", "--max", "400", "--until", "20d"}, []string{"voucher.SetStandingAcceptance"}, []string{"max_minor: 400.00 CNY"}},
		{"tier1", []string{"standing", "end"}, []string{"voucher.SetStandingAcceptance"}, nil},
		{"tier1", []string{"check", "--contract", contract, "--contract", strings.Repeat("ab", 32)}, []string{"voucher.CheckDocument"}, []string{strings.Repeat("ab", 32)}},
		{"obligor", []string{"pay", voucher, "--bank", "bank", "--amount", "5"}, []string{"voucher.Pay"}, []string{"amount_minor: 500 ", voucher}},
		{"bank", []string{"deposit", "mint", "5.01", "--to", "tier2", "--reference", "box 7"}, []string{"deposit.Mint"}, []string{"amount_minor: 5.01 CNY", "box 7"}},
		{"tier1", []string{"deposit", "redeem", "5", "--bank", "bank"}, []string{"deposit.Redeem"}, []string{"amount_minor: 5.00 CNY"}},
		{"tier1", []string{"deposit", "transfer", "5", "--bank", "bank", "--to", "tier2"}, []string{"deposit.Transfer"}, []string{g.net.Role("tier2").Account.String()}},
		{"court", []string{"freeze", voucher, "--reason", "order 1", "--until", "1h"}, []string{"voucher.Freeze"}, []string{"order 1"}},
		{"obligor", []string{"suspend", "tier2", "--reason", "late"}, []string{"members.SuspendSupplier"}, []string{"late"}},
		{"bank", []string{"gov", "vote", proposal, "yes"}, []string{"governance.Vote"}, []string{proposal, "yes: true"}},
		{"bank", []string{"gov", "propose", "upgrade", "cancel"}, []string{"governance.Propose"}, []string{"governance.CancelUpgrade"}},
		{"tier1", []string{"account", "open", "second", "--key", "secp256k1:" + annKey}, []string{"members.OpenAccount"}, []string{annKey}},
		{"tier1", []string{"account", "limits", "main", "--set", "CNY=5/50"}, []string{"members.SetPolicy"}, []string{"per_day_minor: 50.00 CNY"}},
		{"tier1", []string{"account", "encryption-key", "none"}, []string{"members.SetEncryptionKey"}, nil},
		{"tier1", []string{"settlement", "set", "EUR", "--bank", "b", "--bic", "DEUTDEFF", "--iban", "DE89370400440532013000", "--holder", "h"}, []string{"members.SetSettlementAccount"}, []string{"DE89370400440532013000"}},
	} {
		sent := word(t, g.gives(t, c.who, "status"), "sent")
		file, view := g.built(t, c.who, c.args...)
		wants(t, view, "file", file, "chain", g.net.Genesis.ChainID, "sender", g.net.Role(c.who).Account.String(), "signatures", "[]", "accounts.0.lacks", 1, "accounts.0.threshold", 1)
		if got := plain(t, at(view, "methods")); !reflect.DeepEqual(got, plain(t, c.methods)) {
			t.Errorf("tx build -- %s has the methods %v", strings.Join(c.args, " "), got)
		}
		decoded := fmt.Sprint(at(view, "decoded"))
		for _, one := range c.says {
			if !strings.Contains(decoded, one) {
				t.Errorf("tx build -- %s: its bytes do not say %q: %s", strings.Join(c.args, " "), one, decoded)
			}
		}
		shown := g.gives(t, c.who, "tx", "show", file)
		for _, field := range []string{"transaction", "chain", "sender", "expires", "methods", "decoded", "builder_words", "signatures", "state"} {
			if !reflect.DeepEqual(at(shown, field), at(view, field)) {
				t.Errorf("tx show %s: %s is %v, built was %v", c.args[0], field, at(shown, field), at(view, field))
			}
		}
		if after := word(t, g.gives(t, c.who, "status"), "sent"); after != sent {
			t.Errorf("tx build -- %s sent something", strings.Join(c.args, " "))
		}
		b, err := os.ReadFile(file)
		g.refuses(t, exitUsage, regexp.QuoteMeta(file), c.who, append([]string{"tx", "build", file, "--"}, c.args...)...)
		if again, _ := os.ReadFile(file); err != nil || string(again) != string(b) {
			t.Errorf("%s was written again, %v", file, err)
		}
	}
	g.sentOnce(t, part)
	for _, line := range []string{
		"holdings", "show " + part, "members", "status", "names", "keys show", "version", "checkpoint make", "tx show x", "gov list", "account show", "settlement", "recovery",
		"line", "freezes", "statement", "watch --once", "invite --name X --uscc 91310000MA1DEM0047 --identity-check " + contract + " --out i.json", "man x", "help", "completion bash",
	} {
		file := g.fresh(".tx")
		code, out, _ := tally(t, g.args(t, "tier1", append([]string{"tx", "build", file, "--"}, strings.Fields(line)...))...)
		if _, err := os.Stat(file); code != exitUsage && code != exitRefused || out != "" || err == nil {
			t.Errorf("tx build -- %s: exit %d, %q; the file is there: %v", line, code, out, err == nil)
		}
	}
}

// sentOnce: a draft that is signed and sent twice ran once.
func (g *stage) sentOnce(t *testing.T, part string) {
	t.Helper()
	file, view := g.built(t, "tier1", "split", part, "100", "200")
	g.refuses(t, exitRefused, "0 of 1|signature", "tier1", "tx", "send", file)
	g.says(t, "tier1", "tx", "sign", file)
	wants(t, g.gives(t, "tier1", "tx", "show", file), "state", "complete", "transaction", at(view, "transaction"))
	first := g.gives(t, "tier1", "tx", "send", file)
	wants(t, g.gives(t, "tier1", "tx", "send", file), "transaction", first["transaction"], "height", first["height"])
	wants(t, g.gives(t, "tier1", "tx", "show", file), "state", "done")
	g.refuses(t, exitUsage, "account", "obligor", "tx", "send", file)
}

// testTableFaults: each fault of a table of invoices is told with the line where it stands and its column, and nothing is sent.
func (g *stage) testTableFaults(t *testing.T) {
	seller, day, due := g.net.Role("tier1").Title, invoice.Day(chainDay()-1).String(), wallet.Day(chainDay()+60)
	row := func(number, amount string) string {
		return fmt.Sprintf("%s,%s,%q,CNY,%s\n", number, day, seller, amount)
	}
	const head = "number,issue_date,seller,currency,amount\n"
	owed := word(t, g.gives(t, "obligor", "owed"), "verified.height")
	many := head
	for i := range 60 {
		many += row(fmt.Sprint("X-", i), "0")
	}
	for name, c := range map[string]struct {
		table string
		want  string // line and column of each fault, in order
	}{
		"amounts":        {head + row("A", "1.00") + row("B", "0") + row("C", "-1") + row("D", "1.234") + row("E", "1e3") + row("F", "99999999999999999999"), "3 amount, 4 amount, 5 amount, 6 amount, 7 amount"},
		"empty fields":   {head + ",,,,\n", "2 number, 2 issue_date, 2 seller, 2 currency, 2 amount"},
		"days":           {head + strings.ReplaceAll(row("A", "1"), day, "2026-02-30") + strings.ReplaceAll(row("B", "1"), day, "31.01.2026"), "2 issue_date, 3 issue_date"},
		"currencies":     {head + strings.ReplaceAll(row("A", "1"), "CNY", "cny") + strings.ReplaceAll(row("B", "1"), "CNY", "XXQ"), "2 currency, 3 currency"},
		"sellers":        {head + strings.ReplaceAll(row("A", "1"), seller, "Nobody and Sons") + strings.ReplaceAll(row("B", "1"), seller, g.net.Role("obligor").Title), "2 creditor, 3 creditor"},
		"columns":        {head + "A,B\n" + row("C", "1") + row("D", "1,5"), "2 columns, 4 columns"},
		"lines in cells": {head + row("A", "1") + strings.ReplaceAll(row("B", "1"), seller, "two\nlines") + row("C", "0"), "3 creditor, 5 amount"},
		"with a mark":    {"\ufeff" + head + row("A", "0"), "2 amount"},
		"of Windows":     {strings.ReplaceAll(head+row("A", "1")+row("B", "0"), "\n", "\r\n"), "3 amount"},
		"semicolons":     {strings.ReplaceAll(head, ",", ";") + "A;" + day + ";" + seller + ";CNY;0\n", "2 amount"},
		"twice":          {head + row("A", "1") + row("B", "1") + row("A", "2") + row("a", "3"), "4 number, 5 number"},
		"empty lines":    {head + "\n" + row("A", "1") + "\n" + row("B", "0"), "5 amount"},
		"not UTF-8":      {head + row("A\xff", "1"), "2 number"},
		"a long number":  {head + row(strings.Repeat("9", 2_001), "1"), "2 number"},
		"due days":       {"due_date," + head + "2020-01-01," + row("A", "1") + "2099-01-01," + row("B", "1") + "soon," + row("C", "1") + "," + row("D", "1"), "2 due_date, 3 due_date, 4 due_date"},
		"contracts":      {"contract," + head + "nowhere.pdf," + row("A", "1") + strings.Repeat("ab", 32) + "," + row("B", "1"), "2 contract"},
		"buyers":         {"buyer," + head + "Somebody Else," + row("A", "1"), "2 buyer"},
		"a quote":        {head + row("A", "1") + "B,\"x\"y," + day + "\n", "3 quotes"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := tally(t, g.args(t, "obligor", []string{"issue", "--csv", g.file(t, "faults.csv", c.table), "--run", "faults", "--contract", g.path("contract"), "--due", due, "-o", "json"})...)
			var told []string
			for _, found := range regexp.MustCompile(`(?m)^line (\d+): (\w+): `).FindAllStringSubmatch(errs, -1) {
				told = append(told, found[1]+" "+found[2])
			}
			if got := strings.Join(told, ", "); code != exitUsage || out != "" || got != c.want {
				t.Errorf("exit %d, %q, faults in %s, want %s\n%s", code, out, got, c.want, errs)
			}
		})
	}
	for name, table := range map[string]string{
		"nothing": "", "a head alone": head, "no amount": "number,issue_date,seller,currency\nA,B,C,D\n", "another column": "colour," + head + "red," + row("A", "1"),
		"a column twice": "number," + head + "A," + row("A", "1"),
	} {
		t.Run(name, func(t *testing.T) {
			g.refuses(t, exitUsage, "faults.csv", "obligor", "issue", "--csv", g.file(t, "faults.csv", table), "--run", "faults", "--contract", g.path("contract"), "--due", due)
		})
	}
	_, _, errs := tally(t, g.args(t, "obligor", []string{"issue", "--csv", g.file(t, "faults.csv", many), "--run", "faults", "--contract", g.path("contract"), "--due", due})...)
	if n := strings.Count(errs, ": amount: "); n != invoice.MaxFaults || !strings.Contains(errs, "60 faults") || !strings.Contains(errs, "and 10 more") {
		t.Errorf("%d of 60 faults are told: %s", n, errs)
	}
	if _, err := os.Stat(g.path("faults.result.csv")); err == nil {
		t.Error("a refused table has results")
	}
	for _, one := range at(g.gives(t, "obligor", "owed"), "vouchers").([]any) {
		if at(one, "amount_minor") == json.Number("100") {
			t.Errorf("a row of a refused table was issued after height %s: %v", owed, one)
		}
	}
}
