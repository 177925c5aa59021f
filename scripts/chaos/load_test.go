package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
)

func loadFor(t *testing.T) *load {
	t.Helper()
	c := clusterFor(t, devnet.Options{Validators: 1})
	l := &load{ledger: newLedger(), c: c, end: make(chan struct{})}
	for i := range holderCount {
		l.holders = append(l.holders, id.Hash("holder", []byte{byte(i), byte(i >> 8)}))
	}
	return l
}

// A heavy transaction pays a hundred different accounts; the same seed pays the same.
func TestHeavy(t *testing.T) {
	l := loadFor(t)
	a, b := l.heavy(childRand(1, 1)), l.heavy(childRand(1, 1))
	for range 5 {
		seen := map[string]bool{}
		x, y := a(), b()
		for i, m := range x {
			mint := m.(*depositv1.Mint)
			seen[string(mint.To)] = true
			if mint.AmountMinor < 1 || mint.Validate() != nil || !bytes.Equal(mint.To, y[i].(*depositv1.Mint).To) {
				t.Fatalf("%v", mint)
			}
		}
		if len(seen) != mintCalls {
			t.Fatalf("%d accounts", len(seen))
		}
	}
}

// A light transaction never pays its own sender, and all others now and then.
func TestLight(t *testing.T) {
	l := loadFor(t)
	for _, from := range payers {
		next, seen := l.light(childRand(2, 2), from), map[string]bool{}
		own := l.c.net.Role(from).Account
		for range 200 {
			m := next()[0].(*depositv1.Transfer)
			seen[string(m.To)] = true
			if bytes.Equal(m.To, own.Bytes()) || m.AmountMinor < 1 {
				t.Fatalf("%s pays %v", from, m)
			}
		}
		if len(seen) != len(payers)-1 {
			t.Errorf("%s pays %d others", from, len(seen))
		}
	}
}

func TestClientTurns(t *testing.T) {
	l := loadFor(t)
	c := l.client("obligor", nil)
	if len(c.ends) != 1 || c.at != 0 {
		t.Errorf("%+v", c)
	}
	c.ends = append(c.ends, c.ends[0], c.ends[0])
	for want := range 7 {
		if c.at != want%3 {
			t.Errorf("asks node %d", c.at)
		}
		c.turn()
	}
	c.close() // nothing is open
}

func TestSecretsAreOfTheirNames(t *testing.T) {
	a, b := secret("x", 1).Public(), secret("x", 1).Public()
	if !a.Equal(b) || a.Equal(secret("x", 2).Public()) || a.Equal(secret("y", 1).Public()) {
		t.Error("a name and a number do not name a key")
	}
	if p := policy(secret("x", 1)); p.Threshold != 1 || !bytes.Equal(p.Keys[0].PublicKey, a.Bytes) {
		t.Errorf("%v", p)
	}
}

func TestJournalBytes(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"000001.log": 100, "000002.log": 20, "000003.ldb": 4_000} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := journalBytes(dir); got != 120 {
		t.Error(got)
	}
	if got := journalBytes("/nowhere"); got != 0 {
		t.Error(got)
	}
}
