package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/sdk/keys"
	"github.com/splittally/splittally/sdk/wallet"
)

// stage is one network on which many tests act, each with members of its own where it changes them: a start is costly.
type stage struct {
	net   *apptest.Network
	dir   string
	homes map[string]string
	count int
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Setenv("TALLY_LANG", "en")
	usual := keyCost
	keyCost = keys.Light
	t.Cleanup(func() { keyCost = usual })
	g := &stage{net: apptest.Start(t), dir: t.TempDir(), homes: map[string]string{}}
	g.file(t, "pass", "correct horse battery\n")
	g.file(t, "contract", "frame contract 2026/17\n")
	t.Setenv("TALLY_PASSPHRASE_FILE", g.path("pass"))
	return g
}

func (g *stage) path(name string) string { return filepath.Join(g.dir, name) }

// file writes a file of the stage and returns its path.
func (g *stage) file(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.WriteFile(g.path(name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return g.path(name)
}

// fresh names a file that is not there.
func (g *stage) fresh(suffix string) string {
	g.count++
	return g.path(fmt.Sprintf("%d%s", g.count, suffix))
}

// home is the folder of a role's wallet, or of a wallet that a test made.
func (g *stage) home(t *testing.T, who string) string {
	t.Helper()
	if g.homes[who] == "" {
		g.homes[who] = g.path("home-" + who)
		mustTally(t, "init", "--home", g.homes[who], "--devnet", g.net.Dir, "--role", who)
	}
	return g.homes[who]
}

func (g *stage) args(t *testing.T, who string, args []string) []string {
	t.Helper()
	return append([]string{"--home", g.home(t, who), "--yes"}, args...)
}

// says runs a command, which must be done, and returns what it says on standard output.
func (g *stage) says(t *testing.T, who string, args ...string) string {
	t.Helper()
	return mustTally(t, g.args(t, who, args)...)
}

// object is an answer of --output json.
type object = map[string]any

// gives runs a command with --output json, which must give one object and nothing else.
func (g *stage) gives(t *testing.T, who string, args ...string) object {
	t.Helper()
	return parsed(t, mustTally(t, append([]string{"-o", "json"}, g.args(t, who, args)...)...))
}

func parsed(t *testing.T, text string) object {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	out := object{}
	if err := d.Decode(&out); err != nil || d.More() {
		t.Fatalf("no single JSON object: %v\n%s", err, text)
	}
	return out
}

// refuses runs a command with --output json, which must end with the code, leave standard output empty and say why.
func (g *stage) refuses(t *testing.T, code int, why, who string, args ...string) {
	t.Helper()
	got, out, errs := tally(t, append([]string{"-o", "json"}, g.args(t, who, args)...)...)
	if got != code || out != "" || !regexp.MustCompile(why).MatchString(errs) {
		t.Errorf("tally %s: exit %d, want %d for %q; on standard output %q\n%s", strings.Join(args, " "), got, code, why, out, errs)
	}
}

// at follows a path such as "parts.0.amount_minor" into an answer; nil where it ends.
func at(v any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch one := v.(type) {
		case object:
			v = one[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(one) {
				return nil
			}
			v = one[i]
		default:
			return nil
		}
	}
	return v
}

// word is the text or number at a path.
func word(t *testing.T, v any, path string) string {
	t.Helper()
	found := at(v, path)
	if found == nil {
		t.Fatalf("there is no %s in %v", path, v)
	}
	return fmt.Sprint(found)
}

// wants compares what stands at paths of an answer, given as path, value, path, value.
func wants(t *testing.T, v any, pairs ...any) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		path := pairs[i].(string)
		if got := at(v, path); fmt.Sprint(got) != fmt.Sprint(pairs[i+1]) {
			t.Errorf("%s is %v, want %v", path, got, pairs[i+1])
		}
	}
}

// length is how many a list at a path has; -1 where it is none.
func length(v any, path string) int {
	if list, ok := at(v, path).([]any); ok {
		return len(list)
	}
	return -1
}

// invoice writes an invoice between two roles.
func (g *stage) invoice(t *testing.T, number, seller, buyer string, minor int64) string {
	t.Helper()
	b := invoiceOf(t.Fatalf, g.net, []string{number, seller, buyer, fmt.Sprint(minor / 100)})
	return g.file(t, number+".xml", string(bytes.TrimSpace(b)))
}

// issued has the obligor issue a voucher to a role, in 60 days.
func (g *stage) issued(t *testing.T, number, to string, minor int64) string {
	t.Helper()
	out := g.gives(t, "obligor", "issue", "--invoice", g.invoice(t, number, to, "obligor", minor), "--to", to, "--contract", g.path("contract"), "--due", wallet.Day(chainDay()+60))
	return word(t, out, "created.vouchers.0")
}

// held is a part that a role holds of a new voucher over so much.
func (g *stage) held(t *testing.T, number, to string, minor int64) (voucher, part string) {
	t.Helper()
	voucher = g.issued(t, number, to, minor)
	g.says(t, to, "accept", voucher)
	parts := g.partsOf(t, to, voucher)
	if len(parts) != 1 {
		t.Fatal(parts)
	}
	return voucher, word(t, parts[0], "part")
}

// partsOf are the parts of a voucher that somebody holds.
func (g *stage) partsOf(t *testing.T, who, voucher string) (out []object) {
	t.Helper()
	for _, one := range at(g.gives(t, who, "holdings"), "parts").([]any) {
		if at(one, "voucher") == voucher {
			out = append(out, one.(object))
		}
	}
	return out
}

// partOf is the part of a voucher with so much in it.
func (g *stage) partOf(t *testing.T, who, voucher string, minor int64) string {
	t.Helper()
	for _, one := range g.partsOf(t, who, voucher) {
		if fmt.Sprint(one["amount_minor"]) == fmt.Sprint(minor) {
			return word(t, one, "part")
		}
	}
	t.Fatalf("%s holds no part of %d of voucher %s", who, minor, voucher)
	return ""
}

// proposed puts something to the vote, as the operator, and returns its id.
func (g *stage) proposed(t *testing.T, args ...string) string {
	t.Helper()
	return word(t, g.gives(t, "operator", append([]string{"gov", "propose"}, args...)...), "created.proposal")
}

// agreed proposes something and has it voted through: three of four seats.
func (g *stage) agreed(t *testing.T, args ...string) string {
	t.Helper()
	id := g.proposed(t, args...)
	g.says(t, "bank", "gov", "vote", id, "yes")
	g.says(t, "factor", "gov", "vote", id, "yes")
	return id
}

// shift moves the network's clock forward, and has a block follow so that what is due is done.
func (g *stage) shift(t *testing.T, days int64) {
	t.Helper()
	if err := shiftClock(g.net.Dir, g.fresh("-shift"), days); err != nil {
		t.Fatal(err)
	}
	g.says(t, "bank", "check", "--contract", g.path("contract"))
}
