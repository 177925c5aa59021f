package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// commandExists judges one line: a command of this program with flags that it has.
func commandExists(line string) error {
	words := strings.Fields(line)
	c, rest, err := root().Find(words[1:])
	if err != nil || c == root() || !c.Runnable() {
		return fmt.Errorf("%q is no command of tallyd", line)
	}
	if c.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return fmt.Errorf("%q: %s has no %s", line, c.CommandPath(), rest[0])
	}
	for _, name := range flagsOf(words) {
		if c.Flags().Lookup(name) == nil {
			return fmt.Errorf("%q: %s has no flag --%s", line, c.CommandPath(), name)
		}
	}
	return nil
}

func flagsOf(words []string) (out []string) {
	for _, w := range words {
		if name, ok := strings.CutPrefix(w, "--"); ok && name != "" {
			name, _, _ = strings.Cut(name, "=")
			out = append(out, name)
		}
	}
	return out
}

var (
	block    = regexp.MustCompile("(?s)```sh\n(.*?)```")
	inQuotes = regexp.MustCompile(`'[^']*'|"[^"]*"`)
)

// commandsIn are the lines of a document's shell examples that call a program; what is in quotes is one word.
func commandsIn(t *testing.T, file, program string) (out []string) {
	t.Helper()
	for _, b := range block.FindAllStringSubmatch(read(t, file), -1) {
		for line := range strings.Lines(strings.ReplaceAll(b[1], "\\\n", " ")) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			line = strings.TrimPrefix(line, "sudo -u tallyd ")
			if strings.HasPrefix(line, program+" ") {
				out = append(out, inQuotes.ReplaceAllString(line, "TEXT"))
			}
		}
	}
	return out
}

var documents = []string{"consortium/RUNBOOK.md", "consortium/README.md", "local/README.md"}

// Every command of tallyd in the documents exists, with each of its flags.
func TestRunbookCommands(t *testing.T) {
	count := 0
	for _, d := range documents {
		for _, line := range commandsIn(t, filepath.Join(networksDir, d), "tallyd") {
			count++
			if err := commandExists(line); err != nil {
				t.Errorf("%s: %v", d, err)
			}
		}
	}
	if count < 25 {
		t.Errorf("%d commands were found", count)
	}
	for _, wrong := range []string{"tallyd dance", "tallyd genesis dance", "tallyd start --loud"} {
		if commandExists(wrong) == nil {
			t.Errorf("%q is taken for a command", wrong)
		}
	}
}

// Every command of tally in the documents exists, with each of its flags, by the help of the program itself.
func TestRunbookWalletCommands(t *testing.T) {
	tally := filepath.Join(t.TempDir(), "tally")
	if out, err := exec.Command("go", "build", "-o", tally, "../tally").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	count, helps := 0, map[string][]byte{}
	for _, d := range documents {
		for _, line := range commandsIn(t, filepath.Join(networksDir, d), "tally") {
			count++
			walletCommand(t, tally, helps, d, line)
		}
	}
	unit := regexp.MustCompile(`/usr/local/bin/(tally watch .*)`).FindStringSubmatch(read(t, filepath.Join(networksDir, "consortium", "systemd", "tally-watch@.service")))
	if unit == nil {
		t.Fatal("tally-watch@.service does not watch")
	}
	walletCommand(t, tally, helps, "tally-watch@.service", unit[1])
	if count < 15 {
		t.Errorf("%d commands were found", count)
	}
}

// usageOf is what stands in a help under Usage.
func usageOf(help string) string {
	_, rest, _ := strings.Cut(help, "Usage:\n")
	usage, _, _ := strings.Cut(rest, "\n\n")
	return usage
}

// walletCommand finds the longest command that the line's words name, and its flags.
func walletCommand(t *testing.T, tally string, helps map[string][]byte, document, line string) {
	t.Helper()
	words := strings.Fields(line)
	var path []string
	var help string
	for _, w := range words[1:] {
		next := strings.Join(append(append([]string{"tally"}, path...), w), " ")
		if strings.HasPrefix(w, "-") {
			break
		}
		out, asked := helps[next]
		if !asked {
			out, _ = exec.Command(tally, append(append([]string{}, path...), w, "--help")...).Output() // none is no command
			helps[next] = out
		}
		if !regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(next) + `( |$)`).MatchString(usageOf(string(out))) {
			break
		}
		path, help = append(path, w), string(out)
	}
	if runs := regexp.MustCompile(`(?m)^  tally ` + regexp.QuoteMeta(strings.Join(path, " ")) + ` .*\[flags\]$`); len(path) == 0 || !runs.MatchString(usageOf(help)) {
		t.Errorf("%s: %q is no command of tally", document, line)
		return
	}
	for _, name := range flagsOf(words) {
		if !strings.Contains(help, "--"+name+" ") && !strings.Contains(help, "--"+name+"\n") {
			t.Errorf("%s: %q: 'tally %s' has no flag --%s", document, line, strings.Join(path, " "), name)
		}
	}
}
