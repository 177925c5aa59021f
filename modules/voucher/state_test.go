package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

func TestWhoReads(t *testing.T) {
	account := func(a kernel.Audience, who kerneltest.Actor) bool {
		for _, p := range a.Parties {
			if p == who.ID {
				return true
			}
		}
		return a.Public
	}
	w := newWorld(t)
	waiting := w.pending(100, "w")
	pkg, p := w.active(500, "a")
	w.Must(alpha, items(w.give(p, beta, 0)))
	p = w.again(p)
	standing := &voucherv1.StandingAcceptance{Account: beta.ID.Bytes(), Checker: bank.ID.Bytes()}
	for _, tc := range []struct {
		what string
		a    kernel.Audience
		who  kerneltest.Actor
		may  bool
	}{
		{"a waiting package", packageReaders(waiting), gamma, false},
		{"a waiting package", packageReaders(waiting), alpha, true},
		{"a waiting package", packageReaders(waiting), acme, true},
		{"a package", packageReaders(pkg), gamma, true},
		{"a part", partReaders(p), alpha, true},
		{"a part", partReaders(p), beta, true},
		{"a part", partReaders(p), gamma, false},
		{"a part", partReaders(p), acme, false},
		{"a line", lineReaders(w.lineOf(acme)), acme, true},
		{"a line", lineReaders(w.lineOf(acme)), alpha, false},
		{"a standing acceptance", standingReaders(standing), beta, true},
		{"a standing acceptance", standingReaders(standing), bank, true},
		{"a standing acceptance", standingReaders(standing), alpha, false},
		{"the directory", nobody(p), alpha, false},
	} {
		if account(tc.a, tc.who) != tc.may {
			t.Errorf("%s: %v", tc.what, tc.a)
		}
	}
	w.Must(guard, setLine(omega, 5))
	if a := lineReaders(w.lineOf(omega)); len(a.Members) != 1 || a.Members[0] != guard.Member {
		t.Error(a)
	}
}
