package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher"
	"github.com/splittally/splittally/sdk/invoice"
	"github.com/splittally/splittally/sdk/keys"
	"github.com/splittally/splittally/sdk/wallet"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tally": func() {
		keyCost = keys.Light
		main()
	}})
}

// Each script runs against a network of its own, whose folder is $NET; wallets of its roles are made by 'tally init'.
// $GATE, $PIN and $GENESIS are the first node's.
// Scripts use, beside testscript's commands:
//
//	invoice FILE NUMBER SELLER BUYER AMOUNT [DUE-DAYS]   writes a UBL invoice between two roles, or NAME=CREDENTIAL
//	shift DAYS                                           moves the network's clock forward
//	day NAME DAYS                                        sets $NAME to the chain's day so many days ahead of the real one
//	grab NAME PATTERN                                    sets $NAME to the first group of a match in the last stdout, or
//	                                                     to the word after a text without a group
//	exits CODE COMMAND...                                runs a command that must end with this code and an empty stdout
//	uscc NAME NUMBER                                     sets $NAME to a credit code whose check character fits
//	table FILE ROWS [MINOR]                              writes a table of invoices of tier1 for 'tally issue --csv'
//	fill FROM TO                                         copies a text with $NAMEs filled in
//	network FILE                                         writes the network's network.json
//	rolekey ROLE HOME PASSPHRASE-FILE                    puts a role's key into a wallet's folder
//	swap FROM TO OLD NEW                                 copies a text with OLD replaced by NEW, which must be there
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			n := apptest.Start(t, apptest.Validators(validatorsOf(t, file)))
			testscript.Run(t, testscript.Params{
				Files: []string{file}, RequireUniqueNames: true,
				Setup: func(e *testscript.Env) error {
					url, pin := n.Endpoint(0)
					e.Setenv("NET", n.Dir)
					e.Setenv("GATE", url)
					e.Setenv("PIN", pin)
					e.Setenv("GENESIS", n.Nodes[0].GenesisFile())
					e.Setenv("TALLY_HOME", filepath.Join(e.WorkDir, "home"))
					return nil
				},
				Cmds: commandsFor(n),
			})
		})
	}
}

// validatorsOf reads how many validators a script wants, from its first line.
func validatorsOf(t *testing.T, file string) int {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 1
	if _, err := fmt.Sscanf(string(b), "# validators: %d", &n); err != nil {
		return 1
	}
	return n
}

type scriptCommands = map[string]func(*testscript.TestScript, bool, []string)

func commandsFor(n *apptest.Network) scriptCommands {
	return scriptCommands{
		"invoice": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), invoiceOf(ts.Fatalf, n, args[1:]), 0o600))
		},
		"shift": func(ts *testscript.TestScript, _ bool, args []string) {
			days, err := strconv.ParseInt(args[0], 10, 64)
			ts.Check(err)
			ts.Check(shiftClock(n.Dir, ts.MkAbs("shift-"+args[0]), days))
		},
		"day": func(ts *testscript.TestScript, _ bool, args []string) {
			days, err := strconv.Atoi(args[1])
			ts.Check(err)
			ts.Setenv(args[0], wallet.Day(chainDay()+int32(days)))
		},
		"grab": grab,
		"table": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), tableOf(ts.Fatalf, args[1:]), 0o600))
		},
		"fill": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
		},
		"swap": func(ts *testscript.TestScript, _ bool, args []string) {
			text := ts.ReadFile(args[0])
			if !strings.Contains(text, args[2]) {
				ts.Fatalf("%s has no %q", args[0], args[2])
			}
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Replace(text, args[2], args[3], 1)), 0o600))
		},
		"exits": exits,
		"network": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(writeNetworkJSON(n, ts.MkAbs(args[0])))
		},
		"rolekey": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Check(roleKey(n, args[0], ts.MkAbs(args[1]), ts.MkAbs(args[2])))
		},
		"uscc": func(ts *testscript.TestScript, _ bool, args []string) {
			ts.Setenv(args[0], uscc(args[1]))
		},
	}
}

// grab sets a variable to the text that follows a marker in the last output, up to a quote, blank or end of line.
func grab(ts *testscript.TestScript, _ bool, args []string) {
	if strings.Contains(args[1], "(") {
		found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
		if len(found) < 2 {
			ts.Fatalf("%q is not in the output", args[1])
		}
		ts.Setenv(args[0], found[1])
		return
	}
	_, rest, ok := strings.Cut(ts.ReadFile("stdout"), args[1])
	if !ok {
		ts.Fatalf("%q is not in the output", args[1])
	}
	ts.Setenv(args[0], strings.Trim(strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("\" \n,", r) })[0], ": "))
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var ended *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); !errors.As(err, &ended) || ended.ExitCode() != want {
		ts.Fatalf("%s: %v, want exit code %d", strings.Join(args[1:], " "), err, want)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("with exit code %d there is output: %s", want, out)
	}
}

func chainDay() int32 { return int32((time.Now().Unix() + 8*3600) / 86_400) }

func uscc(number string) string {
	base := fmt.Sprintf("91310000MA2DEM%03s", number)
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if membersv1.ValidUSCC(base + string(c)) {
			return base + string(c)
		}
	}
	panic("no check character fits " + base)
}

// party is a role of the network, or NAME=CREDENTIAL.
func party(n *apptest.Network, text string) invoice.Party {
	if name, credential, ok := strings.Cut(text, "="); ok {
		return invoice.Party{Name: name, TaxID: credential}
	}
	return invoice.Party{Name: n.Role(text).Title}
}

func invoiceOf(fatalf func(string, ...any), n *apptest.Network, args []string) []byte {
	minor, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		fatalf("%v", err)
	}
	spec := invoice.Spec{
		Number: args[0], IssueDate: invoice.Day(chainDay() - 1), Currency: "CNY", Seller: party(n, args[1]), Buyer: party(n, args[2]),
		Lines: []invoice.Line{{Name: "goods", Quantity: 1, PriceMinor: minor * 100}},
	}
	if len(args) > 4 {
		days, err := strconv.Atoi(args[4])
		if err != nil {
			fatalf("%v", err)
		}
		spec.DueDate, spec.HasDueDate = invoice.Day(int(chainDay())+days), true
	}
	b, err := invoice.Generate(spec)
	if err != nil {
		fatalf("%v", err)
	}
	return b
}

// shiftClock has the operator, which has a seat, move the development clock.
func shiftClock(net, home string, days int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p, err := wallet.Development(ctx, net, "operator")
	if err != nil {
		return err
	}
	w, err := wallet.Create(home, p)
	if err != nil {
		return err
	}
	s, err := w.Connect(ctx)
	if err != nil {
		return err
	}
	defer s.Close() //nolint:errcheck // a test's
	m := &governancev1.ShiftClock{ForwardS: days * 86_400}
	words, err := s.Preview(ctx, m)
	if err != nil {
		return err
	}
	_, err = s.Do(ctx, words, m)
	return err
}

// tally runs a command line in this process.
func tally(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func mustTally(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := tally(t, args...)
	if code != exitDone {
		t.Fatalf("tally %s: exit %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out
}

// The table of parameters is a copy of what the modules declare, for a wallet does not import them.
func TestParametersAreTheModules(t *testing.T) {
	d, v := deposit.New(members.New()).Module(), voucher.New(members.New(), nil).Module()
	declared := slices.Concat(members.New().Module().Params, v.Params, d.Params)
	if len(declared) != len(parameters) {
		t.Fatalf("%d parameters, the modules declare %d", len(parameters), len(declared))
	}
	for _, one := range declared {
		i := slices.IndexFunc(parameters, func(p parameter) bool { return p.name == one.Name })
		if i < 0 || parameters[i].initial != one.Default {
			t.Errorf("%s is %d in the module", one.Name, one.Default)
		}
	}
}
