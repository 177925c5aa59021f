package main

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/splittally/splittally/sdk/wallet"
)

// hostile are texts that would clear a screen, turn the direction of writing, or fill a terminal.
var hostile = []string{
	"\x1b[2J\x1b[1;1Hpaid in full", "\x1b]0;title\x07\a", "back\b\b\b\bspace", "two\nlines\r\nand\ta tab", "\u202Ereversed\u2066\u2069", "\u009b31mred", "nul\x00byte\x7f",
	strings.Repeat("very long ", 13), strings.Repeat("长", 46), "=cmd|' /C calc'!A0",
}

// mayBeRead tells what in an output a terminal would act on; empty for nothing.
func mayBeRead(out string) string {
	if !utf8.ValidString(out) {
		return "no UTF-8"
	}
	for _, r := range out {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}

// testHostileTexts puts texts of others where people read them: either the chain's rules refuse them, or they stay harmless.
func (g *stage) testHostileTexts(t *testing.T) {
	_, part := g.held(t, "H-1", "tier1", 10_000)
	taken, made := 0, regexp.MustCompile(`(?m)[0-9a-f]{64}$`)
	var proposals []string
	for i, text := range hostile {
		for _, c := range []struct {
			who  string
			args []string
		}{
			{"bank", []string{"deposit", "mint", "1", "--to", "tier3", "--reference", text}},
			{"operator", []string{"gov", "propose", "upgrade", "cancel", "--title", text}},
			{"operator", []string{"gov", "propose", "suspend", "tier2", "--reason", text}},
			{"tier1", []string{"account", "open", text, "--key", g.anotherKey(t) + "=" + text}},
			{"obligor", []string{"settlement", "set", "USD", "--bank", text, "--bic", "DEUTDEFF", "--number", "1", "--holder", text}},
			{"tier1", []string{"names", "add", text, "tier2"}},
			{"tier1", []string{"send", part, "--to", text, "--contract", g.path("contract")}},
			{"tier1", []string{"show", text}},
			{"tier1", []string{"gov", "show", text}},
			{"obligor", []string{"issue", "--invoice", text, "--to", text, "--contract", text}},
			{"tier1", []string{text}},
			{"tier1", []string{"--output", text, "status"}},
		} {
			if strings.Contains(text, "\x00") && c.args[0] == "issue" {
				continue
			}
			code, out, errs := tally(t, g.args(t, c.who, c.args)...)
			if code == exitOther || code == exitProof || code == exitUnknown {
				t.Errorf("%s with text %d: exit %d\n%s", c.args[0], i, code, errs)
			}
			if bad := mayBeRead(out) + mayBeRead(errs); bad != "" {
				t.Errorf("%s with text %d prints %s: %q", c.args[0], i, bad, out+errs)
			}
			if code == exitDone {
				taken++
			}
			if code == exitDone && c.who == "operator" {
				proposals = append(proposals, made.FindString(out))
			}
		}
	}
	if taken < 3*len(hostile) {
		t.Errorf("%d texts were taken: nothing is tried", taken)
	}
	for who, lines := range map[string][]string{
		"tier1": {"names", "account list", "account show", "settlement", "holdings", "status"}, "operator": {"gov list", "gov list --all", "settlement obligor"}, "bank": {"settlement obligor", "gov list"},
	} {
		for _, line := range lines {
			if out := g.says(t, who, strings.Fields(line)...); mayBeRead(out) != "" {
				t.Errorf("%s prints %s: %q", line, mayBeRead(out), out)
			}
			g.gives(t, who, strings.Fields(line)...)
		}
	}
	for _, id := range proposals {
		if out := g.says(t, "bank", "gov", "show", id); mayBeRead(out) != "" {
			t.Errorf("gov show prints %s: %q", mayBeRead(out), out)
		}
	}
	g.says(t, "ben", "deposits")
	if out := g.says(t, "ben", "statement"); mayBeRead(out) != "" {
		t.Errorf("a statement prints %s", mayBeRead(out))
	}
	if out := g.says(t, "ben", "statement", "--format", "csv"); !strings.Contains(out, "'=cmd") || strings.Contains(out, ",=cmd") {
		t.Errorf("a spreadsheet would take a reference for a formula: %s", out)
	}
	var doc struct{ XMLName xml.Name }
	if err := xml.Unmarshal([]byte(g.says(t, "ben", "statement", "--format", "camt053")), &doc); err != nil || doc.XMLName.Local != "Document" {
		t.Error(doc, err)
	}
	titles := map[any]bool{}
	for _, one := range at(g.gives(t, "bank", "gov", "list"), "proposals").([]any) {
		titles[at(one, "title")] = true
	}
	if long := hostile[7]; !titles[long] && !titles[strings.TrimSpace(long)] {
		t.Error("programs do not read a title as it was given")
	}
}

// anotherKey is a public key that no account has.
func (g *stage) anotherKey(t *testing.T) string {
	t.Helper()
	g.count++
	return g.keyOfKind(t, fmt.Sprint("nobody", g.count), "secp256k1")
}

// sectionSum is a section of a statement as any form of it can be read.
type sectionSum struct {
	opening, closing, moved int64
	movements, entries      int // entries are the movements of an amount, and not of a count alone
}

func number(t *testing.T, v any, path string) int64 {
	t.Helper()
	n, err := at(v, path).(json.Number).Int64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// sectionsOf reads a statement's JSON, and checks that each section adds up.
func sectionsOf(t *testing.T, statement object) map[string]sectionSum {
	t.Helper()
	out := map[string]sectionSum{}
	for _, one := range at(statement, "sections").([]any) {
		f := sectionSum{opening: number(t, one, "opening.amount_minor"), closing: number(t, one, "closing.amount_minor")}
		balance := f.opening
		for _, m := range at(one, "movements").([]any) {
			f.moved, f.movements = f.moved+number(t, m, "amount_minor"), f.movements+1
			if number(t, m, "amount_minor") != 0 {
				f.entries++
			}
			if balance += number(t, m, "amount_minor"); balance != number(t, m, "balance.amount_minor") {
				t.Errorf("the balance after %v is not %d", m, balance)
			}
		}
		if balance != f.closing {
			t.Errorf("%v closes with %d, what moved makes it %d", at(one, "class"), f.closing, balance)
		}
		out[word(t, one, "class")+" "+word(t, one, "currency")] = f
	}
	return out
}

// testStatements: periods of no day, one day and a whole life, in every form, written once.
func (g *stage) testStatements(t *testing.T) {
	today, yesterday, tomorrow, long := wallet.Day(chainDay()), wallet.Day(chainDay()-1), wallet.Day(chainDay()+1), "2020-01-01"
	for _, args := range [][]string{
		{"--from", tomorrow}, {"--from", today, "--to", yesterday}, {"--from", tomorrow, "--to", tomorrow}, {"--from", "2026-02-29"}, {"--to", "today"}, {"--format", "CSV"},
	} {
		g.refuses(t, exitUsage, "from|to|format", "tier1", append([]string{"statement"}, args...)...)
	}
	wants(t, g.gives(t, "tier1", "statement", "--from", long, "--to", yesterday), "sections", "[]", "from", long, "to", yesterday)
	wants(t, g.gives(t, "regulator", "statement", "--from", long), "sections", "[]")
	wants(t, g.gives(t, "tier1", "statement", "--from", long, "--currency", "USD"), "sections", "[]")

	life := g.gives(t, "tier1", "statement", "--from", long)
	wants(t, life, "from", long, "to", today, "account", g.net.Role("tier1").Account.String())
	one := g.gives(t, "tier1", "statement", "--from", today, "--to", today)
	whole := sectionsOf(t, life)
	if !reflect.DeepEqual(whole, sectionsOf(t, one)) || len(whole) < 3 {
		t.Errorf("all happened today, and the day has %v, the life %v", sectionsOf(t, one), whole)
	}
	for class, f := range whole {
		if f.opening != 0 || f.moved != f.closing || f.movements == 0 {
			t.Errorf("%s: %+v", class, f)
		}
	}
	held := g.gives(t, "tier1", "holdings")
	if whole["voucher_held CNY"].closing != number(t, held, "totals.0.amount_minor") {
		t.Errorf("%+v are not the holdings of %v", whole["voucher_held CNY"], at(held, "totals"))
	}
	deposits := int64(0)
	for class, f := range whole {
		if strings.HasPrefix(class, "deposit") {
			deposits += f.closing
		}
	}
	if want := number(t, g.gives(t, "tier1", "deposits"), "totals.0.amount_minor"); deposits != want {
		t.Errorf("deposits close with %d, there are %d", deposits, want)
	}
	g.csvStatement(t, long, whole)
	g.camtStatement(t, long, whole)
	for _, form := range []string{"table", "csv", "pdf", "camt053"} {
		g.writtenOnce(t, form)
	}
}

// csvStatement: a row for each movement and two for each section, which add up to the same.
func (g *stage) csvStatement(t *testing.T, from string, want map[string]sectionSum) {
	rows, err := csv.NewReader(strings.NewReader(g.says(t, "tier1", "statement", "--from", from, "--format", "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	got := map[string]sectionSum{}
	for _, r := range rows[1:] {
		name := r[column["class"]] + " " + r[column["currency"]]
		f, minor := got[name], int64(0)
		cell := r[column["balance_minor"]]
		if r[0] == "movement" {
			cell = r[column["amount_minor"]]
		}
		if _, err := fmt.Sscan(cell, &minor); err != nil {
			t.Fatalf("%v: %v", r, err)
		}
		switch r[0] {
		case "opening":
			f.opening = minor
		case "closing":
			f.closing = minor
		default:
			if f.moved, f.movements = f.moved+minor, f.movements+1; minor != 0 {
				f.entries++
			}
		}
		got[name] = f
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the table has %+v, the JSON %+v", got, want)
	}
}

// camtStatement: well-formed XML with a statement for each section and an entry for each movement.
func (g *stage) camtStatement(t *testing.T, from string, want map[string]sectionSum) {
	var doc struct {
		Statements []struct {
			Entries []struct {
				Amount string `xml:"Amt"`
			} `xml:"Ntry"`
			Balances []struct {
				Code string `xml:"Tp>CdOrPrtry>Cd"`
			} `xml:"Bal"`
		} `xml:"BkToCstmrStmt>Stmt"`
	}
	if err := xml.Unmarshal([]byte(g.says(t, "tier1", "statement", "--from", from, "--format", "camt053")), &doc); err != nil || len(doc.Statements) != len(want) {
		t.Fatalf("%d statements of %d sections, %v", len(doc.Statements), len(want), err)
	}
	entries, expected := 0, 0
	for _, s := range doc.Statements {
		entries += len(s.Entries)
		if len(s.Balances) < 2 || s.Balances[0].Code != "OPBD" {
			t.Errorf("balances %+v", s.Balances)
		}
	}
	for _, f := range want {
		expected += f.entries
	}
	if entries != expected {
		t.Errorf("%d entries, want %d", entries, expected)
	}
}

// writtenOnce: a file is there whole, for its owner alone, and is not overwritten.
func (g *stage) writtenOnce(t *testing.T, form string) {
	file := g.fresh("." + form)
	wants(t, g.gives(t, "tier1", "statement", "--format", form, "--out", file), "file", file, "format", form)
	b, err := os.ReadFile(file)
	info, serr := os.Stat(file)
	if err != nil || serr != nil || len(b) < 100 || info.Mode().Perm() != 0o600 {
		t.Fatalf("%s: %d bytes, %v, %v", file, len(b), err, serr)
	}
	if form == "pdf" && !strings.HasPrefix(string(b), "%PDF-") {
		t.Errorf("%s is no PDF", file)
	}
	code, out, errs := tally(t, g.args(t, "tier1", []string{"statement", "--format", form, "--out", file})...)
	if again, _ := os.ReadFile(file); code == exitDone || out != "" || !strings.Contains(errs, file) || string(again) != string(b) {
		t.Errorf("%s a second time: exit %d, %q, %s", form, code, out, errs)
	}
}

// noticesOf are the lines of watch.
func (g *stage) noticesOf(t *testing.T, who string, args ...string) (out []object) {
	t.Helper()
	for line := range strings.Lines(mustTally(t, append([]string{"-o", "json"}, g.args(t, who, append([]string{"watch", "--once"}, args...))...)...)) {
		out = append(out, parsed(t, line))
	}
	return out
}

// testWatching: each thing is told once, in order, whatever comes between; each place goes on for itself.
func (g *stage) testWatching(t *testing.T) {
	other := g.fresh(".place")
	if first := g.noticesOf(t, "tier2"); len(first) != 0 {
		t.Errorf("what was before is told: %v", first)
	}
	g.noticesOf(t, "tier2", "--place", other)
	told := map[string]bool{}
	kinds := func(notices []object) (out []string) {
		for _, n := range notices {
			key := word(t, n, "key")
			if told[key] {
				t.Errorf("%v is told twice", n)
			}
			told[key] = true
			wants(t, n, "chain", g.net.Genesis.ChainID, "account", g.net.Role("tier2").Account.String())
			out = append(out, word(t, n, "kind"))
		}
		return out
	}
	expect := func(want ...string) {
		t.Helper()
		if got := kinds(g.noticesOf(t, "tier2")); !reflect.DeepEqual(got, want) {
			t.Errorf("told is %v, want %v", got, want)
		}
	}
	_, part := g.held(t, "W-1", "tier1", 15_000)
	expect()
	g.says(t, "tier1", "send", part, "--to", "tier2", "--contract", g.path("contract"))
	expect("offer_received")
	expect()
	g.says(t, "bank", "deposit", "mint", "1", "--to", "tier2", "--reference", "box 1")
	g.says(t, "bank", "deposit", "mint", "2", "--to", "tier2", "--reference", "box 2")
	kept, err := os.ReadFile(g.home(t, "tier2") + "/" + fileWatched)
	if err != nil {
		t.Fatal(err)
	}
	expect("deposit_paid_in", "deposit_paid_in")
	expect()

	// After a crash before the place was kept, the same keys come again, for a receiver to drop.
	g.file(t, "kept", string(kept))
	again := g.noticesOf(t, "tier2", "--place", g.path("kept"))
	if len(again) != 2 || !told[word(t, again[0], "key")] || at(again[0], "reference") != "box 1" || at(again[1], "reference") != "box 2" || number(t, again[1], "amount_minor") != 200 {
		t.Errorf("told is %v", again)
	}
	if all := g.noticesOf(t, "tier2", "--place", other); len(all) != 3 || len(g.noticesOf(t, "tier2", "--place", other)) != 0 {
		t.Errorf("another place tells %v", all)
	}
	g.refuses(t, exitWallet, "", "tier1", "watch", "--once", "--place", other)
	g.refuses(t, exitWallet, "", "tier2", "watch", "--once", "--place", g.file(t, "broken", "{"))
	g.refuses(t, exitUsage, "https", "tier2", "watch", "--once", "--webhook", "http://erp.example", "--webhook-secret-file", g.path("pass"))
	g.refuses(t, exitUsage, "secret", "tier2", "watch", "--once", "--webhook", "https://erp.example", "--webhook-secret-file", g.file(t, "short", "short\n"))
}
