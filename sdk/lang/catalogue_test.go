package lang

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/splittally/splittally/modules/deposit/depositv1"
	_ "github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/errs"
	_ "github.com/splittally/splittally/modules/kernel/gatev1"
	_ "github.com/splittally/splittally/modules/kernel/kernelv1"
	_ "github.com/splittally/splittally/modules/members/membersv1"
	_ "github.com/splittally/splittally/modules/voucher/voucherv1"
)

// verbs are the verbs of a format, in the order in which they stand.
func verbs(format string) []string {
	return verb.FindAllString(strings.ReplaceAll(format, "%%", ""), -1)
}

// taking is which argument each verb of a format takes, counted from 1, as fmt counts; an error and its text are one.
func taking(t *testing.T, format string) map[int]string {
	t.Helper()
	out := map[int]string{}
	next := 1
	for _, v := range verbs(format) {
		if i := strings.Index(v, "]"); i > 0 {
			n, err := strconv.Atoi(v[2:i])
			if err != nil {
				t.Fatal(err)
			}
			next, v = n, "%"+v[i+1:]
		}
		out[next] = strings.ReplaceAll(v, "w", "s")
		next++
	}
	return out
}

// Every sentence that the source says has its Chinese.
func TestEverySentenceIsThere(t *testing.T) {
	all := formats(t)
	if len(all) < 500 {
		t.Fatal("the search finds", len(all))
	}
	for _, f := range all {
		if _, ok := find(f.format); !ok && !silent(f.format) && f.format != "%v" {
			t.Errorf("%s: no Chinese for %q", f.where, f.format)
		}
	}
}

// Every refusal that the chain can give has its rule and its cure.
func TestEveryCodeIsThere(t *testing.T) {
	all := errs.All()
	if len(all) < 100 {
		t.Fatal("there are", len(all))
	}
	for _, c := range all {
		for _, text := range []string{c.Rule, c.Do} {
			if _, ok := find(text); !ok {
				t.Errorf("%s (%d): no Chinese for %q", c.Name, c.Number, text)
			}
		}
		said := Chinese.Error(c.At("amount_minor", "%d of %d", 3, 2))
		if !strings.Contains(said, c.Name+"（amount_minor）：") || !strings.Contains(said, "3 of 2") || !strings.HasSuffix(said, "。") {
			t.Error(said)
		}
	}
}

// A translation takes the same arguments, in whatever order.
func TestVerbsFit(t *testing.T) {
	for _, area := range areas {
		for english, said := range area {
			if want, got := taking(t, english), taking(t, said); !maps.Equal(want, got) {
				t.Errorf("%q takes %v, %q takes %v", english, want, said, got)
			}
			if strings.Contains(said, "%!") || strings.TrimSpace(said) == "" {
				t.Errorf("%q is said as %q", english, said)
			}
		}
	}
}

// libraries are sentences of libraries and of folders that the search does not read.
var libraries = []string{
	"Help about any command", "Generate the autocompletion script for the specified shell", "Generate the autocompletion script for bash",
	"Generate the autocompletion script for fish", "Generate the autocompletion script for powershell", "Generate the autocompletion script for zsh",
	"disable completion descriptions", "context deadline exceeded", "context canceled",
}

// No entry is there that nobody says any more, or twice.
func TestNoDeadEntries(t *testing.T) {
	said := literals(t, append(spoken, "..", "../internal/light", "../internal/proof", "../../app", "../../modules/members/membersv1", "../keys", "../keys/token",
		"../invoice", "../webhook", "../../modules/kernel/key", "../../modules/kernel/money", "../../modules/kernel/id")...)
	for _, c := range errs.All() {
		said[c.Rule], said[c.Do] = true, true
	}
	for _, one := range libraries {
		said[one] = true
	}
	times := map[string]int{}
	for _, area := range areas {
		for english := range area {
			times[english]++
			state, isState := strings.CutPrefix(english, "is ")
			if !said[english] && !(isState && said[state]) {
				t.Errorf("nobody says %q", english)
			}
		}
	}
	for english, n := range times {
		if n > 1 {
			t.Errorf("%q stands in %d areas", english, n)
		}
	}
}

// foreign are the Latin words that may stand in Chinese: names, standards, codes, file names, units.
var foreign = regexp.MustCompile(`^(tally|tallyd|json|JSON|table|csv|CSV|pdf|PDF|camt053|camt|zh|en|yes|no|README|SDK|LEI|ISO|GB|UBL|UTF-8|SHA-256|SHCPE|art|KiB|MiB|RFC|` +
	`HMAC-SHA256|PIN|PKCS|SM2|SM3|BIP-39|BIP-44|SLIP-10|INDEX|Go|bash|fish|zsh|powershell|https|hex|kind|url|CNY|EUR|N|IBAN|BIC|Web3|Secret|Storage|` +
	`MEMBER|KIND|HEX|ACCOUNT|FILE|OUT|TALLY_[A-Z_]+|key_file|development_secret|token|trust|lang|secp256k1|p256|sm2|x25519|node|example|profile|genesis|network|key|` +
	`names-seen|checkpoint|chain|tickets|runs|members|governance|membersv1|deposit|voucher|allow_below_four|SetStanding|SetValidator|JoinDigest|allowed|obligor|tier1|` +
	`issue|accept|init|invite|join|import|merge|pay|send|split|statement|watch|build|combine|show|sign|pkcs11|tags|proto|calls|as|method|message|account|policy|` +
	`tx|help|use|make|point|march|status|view|encrypt|module|Message|SetPolicy|command|y|d|h|m|s|bank|` +
	`f|l|T|T10|fa2|payables|config|FOLDER|cgo|number|issue_date|seller|currency|amount|seller_tax_id|seller_id|buyer|buyer_tax_id|buyer_id|due_date|delivered|creditor|contract|bank_review|usr|local|share|man|man1)$`)

var (
	quoted = regexp.MustCompile("'[^'\n]*'|“[^”]*”|--[a-z-]+|\"[^\"]*\"|[a-z-]+\\.(json|pdf|tx|md|xml)|[a-z_]+\\.[A-Za-z_]+|(?m)^  .*$|m/44'/60'/0'/0/INDEX")
	latin  = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_-]*`)
)

// What is said in Chinese has no English left in it.
func TestNoEnglishLeft(t *testing.T) {
	for _, area := range areas {
		for english, said := range area {
			if strings.Contains(said, "。 ") || strings.ContainsFunc(said, func(r rune) bool { return r == '﹐' }) {
				t.Errorf("%q: blanks in %q", english, said)
			}
			bare := verb.ReplaceAllString(said, "")
			if !strings.Contains(said, "\n\n") {
				bare = quoted.ReplaceAllString(bare, "")
			} else {
				bare = quoted.ReplaceAllString(said, "")
			}
			for _, word := range latin.FindAllString(bare, -1) {
				if !foreign.MatchString(word) {
					t.Errorf("%q in %q", word, said)
				}
			}
		}
	}
}

// The help's texts fit a screen: 114 columns, two for each Chinese character.
func TestTopicsFit(t *testing.T) {
	const most = 114
	for _, said := range chineseTopics {
		for _, line := range strings.Split(said, "\n") {
			width := 0
			for _, r := range line {
				if width++; r > 0x2e00 {
					width++
				}
			}
			if width > most {
				t.Errorf("%d columns: %s", width, line)
			}
		}
	}
}

// A sentence is said with its arguments: as they are, or as they say themselves.
func TestF(t *testing.T) {
	refusal := errs.All()[0]
	for want, got := range map[string]string{
		"no":           English.F("no"),
		"否":            Chinese.F("no"),
		"\n否\n":        Chinese.F("\nno\n"),
		"unheard of 3": Chinese.F("unheard of %d", 3),
		"提案的第 2 个调用：" + Chinese.Error(refusal): Chinese.Error(Errorf("call %d of the proposal: %w", 2, refusal)),
		"1 笔交易":          Chinese.N(1, "%d transaction", "%d transactions"),
		"2 transactions": English.N(2, "%d transaction", "%d transactions"),
		"甲、乙":            Chinese.List([]string{"甲", "乙"}),
		"a, b":           English.List([]string{"a", "b"}),
		"已到期":            Chinese.State("due"),
		"due":            English.State("due"),
		"odd":            Chinese.State("odd"),
		"至您":             Chinese.F("until %s", T("you")),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for want, got := range map[string]string{
		"您变更您的签名人":          tight("您变更 %s 的签名人", []any{"您"}),
		"您变更 Yuhe 的签名人":     tight("您变更 %s 的签名人", []any{"Yuhe"}),
		"甲（乙）转让 3 笔给丙 丁，x%": tight("%[2]s 转让 %[1]d 笔给 %[3]s，x%%", []any{3, "甲（乙）", "丙 丁"}),
		"须您他":                tight("须 %s %s", []any{"您", "他"}),
		"只有 %!d(string=x) 个": tight("只有 %d 个", []any{"x"}),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if said := T("%d key", 1); said.String() != "1 key" || said.In(Chinese) != "1 把密钥" {
		t.Error(said)
	}
}

// Nothing that is said depends on the order in which areas are searched.
func TestAreasAreSearched(t *testing.T) {
	for i, area := range areas {
		for _, english := range slices.Sorted(maps.Keys(area))[:1] {
			if said, ok := find(english); !ok || said != area[english] {
				t.Error(i, fmt.Sprint(english))
			}
		}
	}
}
