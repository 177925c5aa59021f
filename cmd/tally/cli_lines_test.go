package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/splittally/splittally/sdk/lang"
)

// wrongLines are command lines that no wallet and no node is needed to refuse, each with a word that names the fault.
var wrongLines = []struct{ line, names string }{
	{"holdings more", `"more"`},
	{"offers more", `"more"`},
	{"pending more", `"more"`},
	{"owed more", `"more"`},
	{"holdings --all", "--all"},
	{"ls more", `"more"`},
	{"hoildings", `"hoildings"`},
	{"issue", "invoice csv"},
	{"issue more --invoice x", `"more"`},
	{"issue --invoice x", "--to and --contract"},
	{"issue --invoice x --to y", "--contract"},
	{"issue --csv x", "run"},
	{"issue --csv x --run r --invoice y", "csv invoice"},
	{"issue --invoice", "--invoice"},
	{"accept", "1 arg"},
	{"reject", "1 arg"},
	{"cancel", "1 arg"},
	{"withdraw", "1 arg"},
	{"reject 3fa2 --because x", "--because"},
	{"send", "1 arg"},
	{"send 3fa2", `"to"`},
	{"send 3fa2 --to x", "contract invoice"},
	{"send 3fa2 --to x --contract y --now --expires 7d", "expires now"},
	{"split 3fa2", "2 arg"},
	{"merge 3fa2", "2 arg"},
	{"merge", "2 arg"},
	{"standing more", `"more"`},
	{"standing set", `"checker", "max"`},
	{"standing set --checker x", `"max"`},
	{"standing set x --checker y --max 5", `"x"`},
	{"standing end more", `"more"`},
	{"check", "invoice contract"},
	{"check x --contract y", `"x"`},
	{"show", "1 arg"},
	{"show a b", "received 2"},
	{"trail", "1 arg"},
	{"trail a b", "received 2"},
	{"members more", `"more"`},
	{"params more", `"more"`},
	{"line a b", "received 2"},
	{"line set a", "received 1"},
	{"line set a b c", "received 3"},
	{"freezes a b", "received 2"},
	{"statement more", `"more"`},
	{"statement --format xls", "format"},
	{"statement --format pdf", "out"},
	{"statement --from 2026-02-30", "from"},
	{"statement --to 31.01.2026", "to"},
	{"watch more", `"more"`},
	{"watch --days x", "--days"},
	{"watch --webhook https://a.example", "webhook-secret-file"},
	{"pay", "1 arg"},
	{"pay 3fa2", `"bank"`},
	{"deposits more", `"more"`},
	{"deposit mint", "1 arg"},
	{"deposit mint 5", `"to"`},
	{"deposit redeem 5", `"bank"`},
	{"deposit transfer 5", `"bank", "to"`},
	{"deposit transfer 5 --bank x", `"to"`},
	{"keys new more", `"more"`},
	{"keys new", "words-file"},
	{"keys new --kind rsa --words-file x", "kind"},
	{"keys import", "words-file"},
	{"keys import --index -1", "--index"},
	{"keys import --words-file nowhere", "words-file"},
	{"keys export", "1 arg"},
	{"keys show more", `"more"`},
	{"keys list", "token-module"},
	{"keys list more", `"more"`},
	{"init more", `"more"`},
	{"init --devnet x", "role"},
	{"init --devnet x --role y --gate z", "gate"},
	{"init --trust-height x", "--trust-height"},
	{"join", "1 arg"},
	{"join nowhere.json", "invitation"},
	{"join a b", "received 2"},
	{"join a --token-module x", "token-label"},
	{"status more", `"more"`},
	{"names more", `"more"`},
	{"names add x", "received 1"},
	{"names add 3fa2c1b0 x", "3fa2c1b0"},
	{"names remove", "1 arg"},
	{"checkpoint make more", `"more"`},
	{"checkpoint sign", "1 arg"},
	{"checkpoint use", "1 arg"},
	{"checkpoint use nowhere.json", "nowhere.json"},
	{"tx build", "1 arg"},
	{"tx build x.tx", "COMMAND"},
	{"tx build x.tx --lifetime soon -- owed", "lifetime"},
	{"tx build x.tx -- members", "members"},
	{"tx build x.tx -- status", "status"},
	{"tx build x.tx -- nonsense", "nonsense"},
	{"tx build x.tx --lifetime -5m -- owed", "lifetime"},
	{"tx show", "1 arg"},
	{"tx show nowhere.tx", "nowhere.tx"},
	{"tx sign", "1 arg"},
	{"tx sign nowhere.tx", "nowhere.tx"},
	{"tx combine x.tx", "2 arg"},
	{"tx combine x.tx nowhere.tx", "nowhere.tx"},
	{"tx send", "1 arg"},
	{"man", "1 arg"},
	{"man a b", "received 2"},
	{"version more", `"more"`},
	{"invite", `"identity-check", "name", "out"`},
	{"invite --name x --identity-check y --out z", "uscc lei"},
	{"invite --name x --identity-check y --out z --uscc a --lei b", "lei uscc"},
	{"suspend", "1 arg"},
	{"suspend x", `"reason"`},
	{"reinstate", "1 arg"},
	{"freeze", "1 arg"},
	{"freeze 3fa2", `"reason", "until"`},
	{"freeze 3fa2 --reason x", `"until"`},
	{"release", "1 arg"},
	{"release a b", "received 2"},
	{"gov list more", `"more"`},
	{"gov show", "1 arg"},
	{"gov vote 3fa2", "received 1"},
	{"gov vote 3fa2 perhaps", "perhaps"},
	{"gov vote 3fa2 YES", "YES"},
	{"gov parameters more", `"more"`},
	{"gov validators more", `"more"`},
	{"gov upgrade more", `"more"`},
	{"gov propose", "call"},
	{"gov propose --call nowhere.json", "nowhere.json"},
	{"gov propose admit", `"file"`},
	{"gov propose admit x --file y", `"x"`},
	{"gov propose suspend", "1 arg"},
	{"gov propose suspend x", `"reason"`},
	{"gov propose reinstate x", `"reason"`},
	{"gov propose leave x", `"reason"`},
	{"gov propose standing", "1 arg"},
	{"gov propose standing x", "roles seat quota"},
	{"gov propose standing x --seat perhaps", "seat"},
	{"gov propose standing x --quota -1", "--quota"},
	{"gov propose sponsor x", "received 1"},
	{"gov propose recover", "1 arg"},
	{"gov propose recover x --reason y", "file key"},
	{"gov propose recover x --key y", `"reason"`},
	{"gov propose recover cancel", "1 arg"},
	{"gov propose parameter x", "received 1"},
	{"gov propose parameter x 5", `"from", "source"`},
	{"gov propose validator add x", "received 1"},
	{"gov propose validator add x y --power many", "--power"},
	{"gov propose validator remove", "1 arg"},
	{"gov propose upgrade", `"height", "protocol"`},
	{"gov propose upgrade --protocol -2 --height 5", "--protocol"},
	{"gov propose upgrade cancel more", `"more"`},
	{"account list more", `"more"`},
	{"account show a b", "received 2"},
	{"account open", "1 arg"},
	{"account open x", "file key"},
	{"account open x --key secp256k1:00", "key"},
	{"account open x --key rsa:00", "rsa:00"},
	{"account open x --file nowhere.json", "nowhere.json"},
	{"account open x --key y --file z", "file key"},
	{"account open x --file z --threshold 2", "file threshold"},
	{"account policy x", "file key"},
	{"account policy x --key y", "key"},
	{"account limits x", "set remove"},
	{"account limits", "1 arg"},
	{"account rotate x", "remove add"},
	{"account rotate x --add y --threshold -1", "--threshold"},
	{"account encryption-key", "1 arg"},
	{"account encryption-key secp256k1:00", "x25519"},
	{"account close", "1 arg"},
	{"recovery more", `"more"`},
	{"recovery veto a b", "received 2"},
	{"settlement a b", "received 2"},
	{"settlement set", "1 arg"},
	{"settlement set CNY", `"bank", "bic", "holder"`},
	{"settlement set CNY --bank a --bic b --holder c", "iban number"},
	{"settlement set CNY --bank a --bic b --holder c --iban d --number e", "iban number"},
	{"settlement remove", "1 arg"},
	{"settlement confirm", "1 arg"},
	{"settlement cancel", "1 arg"},
	{"status --output xml", "--output"},
	{"status --timeout -1s", "--timeout"},
	{"status --timeout 5", "--timeout"},
}

// Every wrong line ends with exit 2, leaves standard output to programs, and names what is wrong; each command has one.
func TestWrongLines(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TALLY_PASSPHRASE_FILE", "")
	tested := map[string]bool{}
	for _, c := range wrongLines {
		words := strings.Fields(c.line)
		if found, _, err := (&program{}).root().Find(words); err == nil {
			tested[found.CommandPath()] = true
		}
		code, out, errs := tally(t, append([]string{"--home", "none", "--lang", "en", "-o", "json"}, words...)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.names) || !strings.HasPrefix(errs, "tally: ") {
			t.Errorf("tally %s: exit %d, on standard output %q\n%s", c.line, code, out, errs)
		}
	}
	everyCommand((&program{}).root(), func(c *cobra.Command) {
		if c.Runnable() && !inherited(c) && !tested[c.CommandPath()] {
			t.Errorf("no wrong line of %q is tried", c.CommandPath())
		}
	})
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("something was written: %v, %v", left, err)
	}
}

// inherited tells whether a command is the library's own.
func inherited(c *cobra.Command) bool {
	return c.Name() == "help" || c.Name() == "completion" || c.HasParent() && c.Parent().Name() == "completion"
}

// No command that needs a wallet does anything where there is none: exit 7, and it says how to come by one.
func TestNoWallet(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, line := range []string{
		"holdings", "offers", "pending", "owed", "deposits", "status", "members", "params", "freezes", "statement", "watch --once", "standing", "standing end",
		"accept 3fa2", "reject 3fa2", "cancel 3fa2", "withdraw 3fa2", "split 3fa2 5", "merge 3fa2 3fa3", "show 3fa2", "trail 3fa2", "line", "line set x 5",
		"send 3fa2 --to x --contract y", "issue --invoice x --to y --contract z", "issue --csv x --run y", "pay 3fa2 --bank x", "deposit mint 5 --to x",
		"deposit redeem 5 --bank x", "deposit transfer 5 --bank x --to y", "check --contract x", "standing set --checker x --max 5", "names", "names add forge x",
		"names remove forge", "checkpoint make", "keys show", "keys export x", "invite --name x --uscc y --identity-check z --out o", "suspend x --reason y",
		"reinstate x", "freeze 3fa2 --reason x --until 1h", "release 3fa2", "gov list", "gov show 3fa2", "gov vote 3fa2 yes", "gov parameters", "gov validators",
		"gov upgrade", "gov propose suspend x --reason y", "gov propose upgrade cancel", "account list", "account show", "account limits x --remove CNY",
		"account rotate x --remove y", "account close x", "account encryption-key none", "recovery", "recovery veto", "settlement", "settlement remove CNY",
		"settlement confirm CNY", "settlement cancel CNY", "tx build x.tx -- pay 3fa2 --bank x", "settlement set CNY --bank a --bic b --number c --holder d",
	} {
		code, out, errs := tally(t, append([]string{"--home", "none", "--lang", "en", "-o", "json", "--yes", "--passphrase-file", "none"}, strings.Fields(line)...)...)
		if code != exitWallet && !(code == exitUsage && strings.Contains(errs, "passphrase-file")) || out != "" {
			t.Errorf("tally %s: exit %d, %q\n%s", line, code, out, errs)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("something was written: %v, %v", left, err)
	}
}

// Each command has its page, with all its flags; pages are the same bytes each time.
func TestManPages(t *testing.T) {
	first, second := t.TempDir(), filepath.Join(t.TempDir(), "made", "for", "it")
	mustTally(t, "man", first, "--lang", "en")
	mustTally(t, "man", second, "--lang", "en")
	expected := map[string]bool{}
	p := &program{lang: lang.English}
	everyCommand(p.root(), func(c *cobra.Command) {
		if !c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			return
		}
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		expected[name] = true
		b, err := os.ReadFile(filepath.Join(first, name))
		if err != nil {
			t.Error(err)
			return
		}
		page := strings.ReplaceAll(string(b), `\-`, "-")
		for _, heading := range []string{".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"} {
			if !strings.Contains(page, heading) {
				t.Errorf("%s has no %s", name, heading)
			}
		}
		c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && !strings.Contains(page, "--"+f.Name) {
				t.Errorf("%s does not tell of --%s", name, f.Name)
			}
		})
		if again, err := os.ReadFile(filepath.Join(second, name)); err != nil || string(again) != string(b) {
			t.Errorf("%s is not the same twice: %v", name, err)
		}
	})
	written, err := os.ReadDir(first)
	if err != nil || len(written) != len(expected) {
		t.Errorf("%d pages of %d commands, %v", len(written), len(expected), err)
	}
	for _, one := range written {
		if !expected[one.Name()] {
			t.Errorf("%s is the page of no command", one.Name())
		}
	}
}

// A page cannot be written where a file stands, and then nothing says that it was.
func TestManPagesIntoAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := tally(t, "man", file); code == exitDone || out != "" || !strings.Contains(errs, file) {
		t.Errorf("exit %d, %q, %s", code, out, errs)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "kept" {
		t.Errorf("%q, %v", b, err)
	}
}

// Shells complete every command under its parent, and every flag of it.
func TestCompletesEveryCommand(t *testing.T) {
	completed := func(words ...string) []string {
		_, out, _ := tally(t, append([]string{"__complete"}, words...)...)
		var all []string
		for line := range strings.Lines(out) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			all = append(all, name)
		}
		return all
	}
	p := &program{lang: lang.English}
	everyCommand(p.root(), func(c *cobra.Command) {
		if !c.IsAvailableCommand() && c.HasParent() {
			return
		}
		path := strings.Fields(c.CommandPath())[1:]
		if c.HasAvailableSubCommands() {
			offered := completed(append(slices.Clone(path), "")...)
			for _, child := range c.Commands() {
				if child.IsAvailableCommand() && !slices.Contains(offered, child.Name()) {
					t.Errorf("%q does not complete to %q", c.CommandPath(), child.Name())
				}
			}
		}
		if inherited(c) {
			return
		}
		c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || f.Hidden {
				return
			}
			// Where one of a group is needed, that is offered first.
			offered := completed(append(slices.Clone(path), "--"+f.Name[:1])...)
			if !slices.Contains(offered, "--"+f.Name) && !slices.ContainsFunc(offered, func(name string) bool { return neededFlag(c, name) }) {
				t.Errorf("%q does not complete --%s, but %q", c.CommandPath(), f.Name, offered)
			}
		})
	})
}

// neededFlag tells whether a command cannot do without a flag, or without one of its group.
func neededFlag(c *cobra.Command, name string) bool {
	f := c.Flags().Lookup(strings.TrimPrefix(name, "--"))
	return f != nil && (f.Annotations[cobra.BashCompOneRequiredFlag] != nil || f.Annotations["cobra_annotation_one_required"] != nil)
}

// A script for each shell calls the program back.
func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		b, err := exec.Command("tally", "completion", shell).Output() // it writes past the program's own streams
		if out := string(b); err != nil || !strings.Contains(out, "__complete") || !strings.Contains(out, "tally") || len(out) < 1_000 {
			t.Errorf("%s: %d bytes, %v", shell, len(out), err)
		}
	}
}

// Every command and topic has a help of its own, which exits 0 and goes to standard output.
func TestHelpOfEveryCommand(t *testing.T) {
	p := &program{lang: lang.English}
	everyCommand(p.root(), func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())[1:]
		out := mustTally(t, append(slices.Clone(path), "--help", "--lang", "en")...)
		if c.Runnable() && !strings.Contains(out, c.CommandPath()) {
			t.Errorf("the help of %q does not name it", c.CommandPath())
		}
		if same := mustTally(t, append([]string{"--lang", "en", "help"}, path...)...); c.Name() != "help" && same != out {
			t.Errorf("'tally help %s' and --help differ", strings.Join(path, " "))
		}
	})
}
