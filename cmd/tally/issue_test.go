package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/invoice"
)

// tableOf is a table of so many invoices of tier1, of 100.00 and rising by a fen, or each of so many minor units.
func tableOf(fatalf func(string, ...any), args []string) []byte {
	rows, err := strconv.Atoi(args[0])
	minor := 0
	if err == nil && len(args) > 1 {
		minor, err = strconv.Atoi(args[1])
	}
	if err != nil {
		fatalf("%v", err)
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, "number,issue_date,seller,currency,amount")
	for i := range rows {
		one := 10_000 + i
		if minor > 0 {
			one = minor
		}
		fmt.Fprintf(&b, "T-%05d,%s,\"Dingsheng Gearbox Co., Ltd.\",CNY,%d.%02d\n", i+1, invoice.Day(chainDay()-1), one/100, one%100)
	}
	return b.Bytes()
}

// Runs whose process is killed again and again, at any moment, issue each row once.
func TestIssueRunKilled(t *testing.T) {
	const runs, rows, most = 2, 6_000, 6
	n := apptest.Start(t)
	dir, seed := t.TempDir(), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	home, result := filepath.Join(dir, "ob"), filepath.Join(dir, "run.result.csv")
	mustTally(t, "init", "--home", home, "--devnet", n.Dir, "--role", "obligor")
	for run := range runs {
		file := filepath.Join(dir, "run.csv")
		table := bytes.ReplaceAll(tableOf(t.Fatalf, []string{fmt.Sprint(rows)}), []byte("\nT-"), []byte(fmt.Sprintf("\nT-%d-", run)))
		if err := os.WriteFile(file, table, 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{
			"issue", "--home", home, "--csv", file, "--run", fmt.Sprint("killed ", run), "--contract", fmt.Sprintf("%064x", 1),
			"--due", invoice.Day(chainDay() + 60).String(), "--yes", "--output", "json",
		}
		var counts []int
		span := 100 * time.Millisecond // from the first transaction on; guessed, and longer where nothing was issued in it
		for len(counts) < most && !killed(t, home, time.Duration(random.Int64N(int64(span))), args) {
			if counts = append(counts, owedBy(t, home)-run*rows); counts[len(counts)-1] == 0 {
				span += span / 2
			}
		}
		var out runJSON
		if err := json.Unmarshal([]byte(mustTally(t, args...)), &out); err != nil || out.Issued != rows {
			t.Fatalf("%+v, %v", out, err)
		}
		t.Logf("of %d rows there were issued after each kill %v, before the last attempt %d", rows, counts, out.IssuedBefore)
		issuedOnce(t, home, result, rows, run)
	}
}

// killed runs a command line that is killed so long after it began to send; true where it came to its end before.
func killed(t *testing.T, home string, after time.Duration, args []string) (ended bool) {
	t.Helper()
	before := newestRun(home)
	cmd := exec.Command("tally", args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		for deadline := time.Now().Add(10 * time.Second); newestRun(home).Equal(before) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		select {
		case <-done:
		case <-time.After(after):
			_ = cmd.Process.Kill()
		}
	}()
	err := cmd.Wait()
	close(done)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != -1) {
		t.Fatalf("it ended by itself: %v", err)
	}
	return err == nil
}

// newestRun is when the home last noted the beginning of a run: just before its first transaction.
func newestRun(home string) (newest time.Time) {
	files, _ := filepath.Glob(filepath.Join(home, "runs", "*.json")) // the pattern is good
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	return newest
}

// owedBy is how many vouchers the account owes, by its proven totals.
func owedBy(t *testing.T, home string) (count int) {
	t.Helper()
	out := mustTally(t, "status", "--home", home)
	if _, rest, ok := strings.Cut(out, " CNY in "); ok {
		if _, err := fmt.Sscanf(rest, "%d owed by you", &count); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return count
}

// issuedOnce wants as many vouchers on the chain as rows of all runs, each of the last named once in its table of results.
func issuedOnce(t *testing.T, home, result string, rows, runsBefore int) {
	t.Helper()
	var owed struct {
		Vouchers []struct {
			Voucher string `json:"voucher"`
			Amount  int64  `json:"amount_minor"`
		} `json:"vouchers"`
	}
	if err := json.Unmarshal([]byte(mustTally(t, "owed", "--home", home, "--output", "json")), &owed); err != nil || len(owed.Vouchers) != rows*(runsBefore+1) {
		t.Fatalf("%d vouchers are owed, %v", len(owed.Vouchers), err)
	}
	amounts := map[string]string{}
	for _, v := range owed.Vouchers {
		amounts[v.Voucher] = fmt.Sprintf("%d.%02d", v.Amount/100, v.Amount%100)
	}
	b, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	table, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(table) != rows+1 {
		t.Fatalf("%d lines, %v", len(table), err)
	}
	for _, r := range table[1:] {
		if r[6] != rowIssued || amounts[r[7]] != r[4] {
			t.Fatalf("%v: the voucher is over %s", r, amounts[r[7]])
		}
		delete(amounts, r[7])
	}
}

// One table of 5,000 rows from the command line to the last proof, on one validator in this process.
func BenchmarkIssueTable(b *testing.B) {
	const rows = 5_000
	n := apptest.Start(b, apptest.Tune(func(c *node.Config) { c.CheckInvariants = false }))
	dir := b.TempDir()
	home, file := filepath.Join(dir, "ob"), filepath.Join(dir, "run.csv")
	tool := func(args ...string) string {
		var out, errs bytes.Buffer
		if code := run(b.Context(), args, strings.NewReader(""), &out, &errs); code != exitDone {
			b.Fatalf("tally %s: exit %d\n%s", strings.Join(args, " "), code, errs.String())
		}
		return out.String()
	}
	tool("init", "--home", home, "--devnet", n.Dir, "--role", "obligor")
	var issuing float64
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		table := bytes.ReplaceAll(tableOf(b.Fatalf, []string{fmt.Sprint(rows), "100"}), []byte("\nT-"), []byte(fmt.Sprintf("\nT-%d-", i)))
		if err := os.WriteFile(file, table, 0o600); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		var out runJSON
		err := json.Unmarshal([]byte(tool("issue", "--home", home, "--csv", file, "--run", fmt.Sprint("bench", i), "--contract", fmt.Sprintf("%064x", 1),
			"--due", invoice.Day(chainDay()+60).String(), "--yes", "--output", "json")), &out)
		if err != nil || out.Issued != rows {
			b.Fatalf("%+v, %v", out, err)
		}
		issuing += out.Seconds
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "vouchers/s")
	b.ReportMetric(rows*float64(b.N)/issuing, "vouchers/s-sending")
}

// A row's state is what is known: unknown is not "not issued".
func TestRowState(t *testing.T) {
	for want, end := range map[string]error{
		rowIssued:  nil,
		rowUnknown: fmt.Errorf("%w: %w", sdk.ErrUnsettled, errors.New("the answer was lost")),
		rowNot:     &sdk.Refusal{Number: 1},
	} {
		if got := rowState(sdk.Issued{Err: end}); got != want {
			t.Errorf("%v: %q, want %q", end, got, want)
		}
	}
}
