package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/splittally/splittally/sdk/lang"
)

// inEnglish are the commands of members' desks whose flags and long texts are English in every language; what they sign, ask
// and refuse is not. Help on JSON and on files that programs write is English too.
var inEnglish = []string{
	"tally gov", "tally account", "tally settlement", "tally recovery", "tally freeze", "tally release", "tally json", "tally policy", "tally calls",
	"tally completion",
}

// english tells whether a command's long texts may be English.
func english(c *cobra.Command) bool {
	for _, one := range inEnglish {
		if c.CommandPath() == one || strings.HasPrefix(c.CommandPath(), one+" ") {
			return true
		}
	}
	return false
}

// everyCommand walks the tree.
func everyCommand(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, one := range c.Commands() {
		everyCommand(one, do)
	}
}

// hasChinese tells whether a text has a Chinese character.
func hasChinese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff })
}

// Every command says what it is in one line of Chinese, and a supplier's commands describe themselves and their flags in it.
func TestHelpIsThereInChinese(t *testing.T) {
	p := &program{lang: lang.Chinese}
	commands := 0
	everyCommand(p.root(), func(c *cobra.Command) {
		commands++
		if !hasChinese(c.Short) {
			t.Errorf("%s: %q", c.CommandPath(), c.Short)
		}
		if english(c) {
			return
		}
		if c.Long != "" && c.Name() != "help" && !hasChinese(c.Long) {
			t.Errorf("%s: %.60q…", c.CommandPath(), c.Long)
		}
		for _, g := range c.Groups() {
			if !hasChinese(g.Title) {
				t.Errorf("group %q", g.Title)
			}
		}
		said := func(f *pflag.Flag) {
			if !hasChinese(f.Usage) && f.Name != "format" {
				t.Errorf("%s --%s: %q", c.CommandPath(), f.Name, f.Usage)
			}
		}
		c.LocalNonPersistentFlags().VisitAll(said)
		c.PersistentFlags().VisitAll(said)
	})
	if commands < 60 {
		t.Error("the walk finds", commands)
	}
}

// Words that are looked up by what a record says.
func TestWordsAreThereInChinese(t *testing.T) {
	for _, one := range hints {
		if !hasChinese(lang.Chinese.Word(one)) {
			t.Errorf("%q", one)
		}
	}
	for _, one := range parameters {
		if !hasChinese(lang.Chinese.Word(one.what)) {
			t.Errorf("%q", one.what)
		}
	}
	for _, one := range classes {
		if !hasChinese(lang.Chinese.Word(one.sum)) {
			t.Errorf("%q", one.sum)
		}
	}
	for _, one := range lineFaults {
		if !hasChinese(lang.Chinese.Word(one.said)) {
			t.Errorf("%q", one.said)
		}
	}
}

// The language comes from the flag, then TALLY_LANG, then the wallet's profile, then the system.
func TestWhichLanguage(t *testing.T) {
	home := t.TempDir()
	b, err := json.Marshal(map[string]string{"lang": "zh"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "profile.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args        []string
		env, system string
		want        lang.Lang
	}{
		{nil, "", "C", lang.English},
		{nil, "", "zh_CN.UTF-8", lang.Chinese},
		{nil, "en", "zh_CN.UTF-8", lang.English},
		{[]string{"--home", home}, "", "C", lang.Chinese},
		{[]string{"--home", home}, "en", "zh_CN", lang.English},
		{[]string{"--home", home, "--lang", "en"}, "zh", "zh_CN", lang.English},
		{[]string{"send", "3fa2", "--amount", "5", "-y", "-o", "json", "--lang=zh"}, "en", "C", lang.Chinese},
		{[]string{"--help", "--lang", "zh"}, "", "C", lang.Chinese},
		{[]string{"--lang", "de", "--home", home}, "", "C", lang.Chinese},
	} {
		t.Setenv("TALLY_LANG", c.env)
		t.Setenv("LC_ALL", c.system)
		p := &program{}
		if p.speak(c.args); p.lang != c.want {
			t.Errorf("%+v: %v", c, p.lang)
		}
	}
}

// Faults of the command line are said in the language; one that nobody knows stays as it is.
func TestFaultsOfTheLine(t *testing.T) {
	for _, c := range []struct{ line, says string }{
		{"--lang zh hoildings", `没有命令 "hoildings"`},
		{"--lang zh send", "至少须有 1 个参数，实有 0 个"},
		{"--lang zh send 3fa2", `缺少必填选项 "to"`},
		{"--lang zh send 3fa2 --to x", "以下选项至少须填一个：contract invoice"},
		{"--lang zh send 3fa2 --to x --contract y --now --expires 7d", "只能填写其中一个：now expires"},
		{"--lang zh send --top", "没有选项 --top"},
		{"--lang zh send -Z", "没有短选项 'Z'"},
		{"--lang zh send --to", "选项缺少值：--to"},
		{"--lang zh pending --timeout soon", `选项 "--timeout" 的值 "soon" 无效`},
		{"--lang zh pending x", "没有命令"},
		{"--lang zh trail", "须有 1 个参数，实有 0 个"},
		{"--lang zh init --devnet x", "以下选项须同时填写：devnet role；缺少 role"},
		{"--lang zh pending --output xml", `--output："xml" 既不是 table 也不是 json`},
		{"--lang de pending", `--lang: the languages are zh and en: "de"`},
	} {
		code, out, errs := tally(t, strings.Fields(c.line)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %q", c.line, code, errs)
		}
	}
}

// Chinese breaks between characters, and never before what ends something.
func TestWrappedChinese(t *testing.T) {
	sentence := strings.Repeat("您将凭证中的份额转让给 Yuhe Forging，", 12) + "可以撤回。"
	lines := strings.Split(wrapped(sentence), "\n  ")
	if len(lines) < 4 {
		t.Fatal(len(lines), "lines")
	}
	for _, line := range lines {
		if w := text.StringWidthWithoutEscSequences(line); w > lineWidth+2 || strings.HasPrefix(line, "，") || strings.HasPrefix(line, "。") || strings.Contains(line, "Yuh\n") {
			t.Errorf("%d: %s", w, line)
		}
	}
	if joined := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); joined != strings.ReplaceAll(sentence, " ", "") {
		t.Error("something is lost:", joined)
	}
	if got := wrapped("short"); got != "short" {
		t.Error(got)
	}
}

// A shell completes values of flags.
func TestCompletes(t *testing.T) {
	for line, want := range map[string][]string{
		"status --lang ":      {"zh", "en"},
		"status --output ":    {"table", "json"},
		"keys new --kind ":    {"secp256k1", "p256", "sm2"},
		"keys import --kind ": {"secp256k1", "p256", "sm2"},
		"statement --format ": {"table", "csv", "pdf", "camt053"},
		"ho":                  {"holdings"},
		"send --con":          {"--contract"},
	} {
		args := append([]string{"__complete"}, strings.Split(line, " ")...)
		_, out, _ := tally(t, args...)
		for _, one := range want {
			if !strings.Contains(out, one) {
				t.Errorf("%q completes to %q, not %s", line, out, one)
			}
		}
	}
}
