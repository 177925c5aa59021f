package members

import (
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/memberstest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"pgregory.net/rapid"
)

// held is what the model knows of an account: one key, and the key that a recovery waits to give it.
type held struct {
	actor  kerneltest.Actor
	key    string
	closed bool
	next   string
	due    int64
}

// model is the maker's accounts in a few lines: the first is the main one.
type model struct {
	c        *kerneltest.Chain
	accounts []*held
}

// free tells whether an account may have a key: its own, or one that no open account has or waits for.
func (m *model) free(key string, of *held) bool {
	if key == "bank" || key == "operator" || key == "regulator" {
		return false
	}
	for _, a := range m.accounts {
		if !a.closed && (a.key == key || a.next == key) && a != of {
			return false
		}
	}
	return true
}

func (m *model) as(a *held) kerneltest.Actor {
	a.actor.Signers = memberstest.Signers(a.key)
	return a.actor
}

// pass lets time pass to the chain's: what is due is done, in order.
func (m *model) pass() {
	for {
		var first *held
		for _, a := range m.accounts {
			if a.next != "" && a.due <= m.c.Time && (first == nil || a.due < first.due) {
				first = a
			}
		}
		if first == nil {
			return
		}
		first.key, first.next = first.next, ""
	}
}

// step makes one random call, and wants it to come out as the model says.
func (m *model) step(r *rapid.T) {
	a := rapid.SampledFrom(m.accounts).Draw(r, "account")
	key := rapid.SampledFrom([]string{"maker", "ann", "ben", "cleo", "dora", "bank"}).Draw(r, "key")
	main := m.accounts[0]
	var err error
	var want bool
	switch rapid.IntRange(0, 6).Draw(r, "call") {
	case 0:
		want = m.free(key, nil) && len(m.accounts) < 6
		if want {
			m.accounts = append(m.accounts, &held{actor: memberstest.Opened(m.c, m.as(main), memberstest.Policy(1, key)), key: key})
			m.pass()
		}
		return
	case 1:
		want = !a.closed && a != main
		err = m.c.Do(m.as(main), &membersv1.CloseAccount{Account: a.actor.ID.Bytes()}).Err
		if want {
			a.closed, a.next = true, ""
		}
	case 2:
		want = !a.closed && m.free(key, a)
		err = m.c.Do(m.as(main), &membersv1.SetPolicy{Account: a.actor.ID.Bytes(), Policy: memberstest.Policy(1, key)}).Err
		if want {
			a.key = key
		}
	case 3:
		want = !a.closed && m.free(key, a) && a.next == ""
		err = kerneltest.Govern(m.c, &membersv1.Recover{Account: a.actor.ID.Bytes(), Policy: memberstest.Policy(1, key), Reason: "lost"})
		if want {
			a.next, a.due = key, m.c.Time+wait
		}
	case 4:
		by := rapid.SampledFrom([]*held{a, main}).Draw(r, "by")
		want = !by.closed && a.next != ""
		err = m.c.Do(m.as(by), &membersv1.VetoRecovery{Account: a.actor.ID.Bytes()}).Err
		if want {
			a.next = ""
		}
	case 5:
		want = a.next != ""
		err = kerneltest.Govern(m.c, &membersv1.CancelRecovery{Account: a.actor.ID.Bytes()})
		if want {
			a.next = ""
		}
	default:
		want = true
		m.c.Advance(int64(rapid.IntRange(1, 40).Draw(r, "hours")) * 3600)
	}
	if want != (err == nil) {
		r.Fatalf("the model says %v, the chain %v", want, err)
	}
	m.pass()
}

// Whatever is opened, closed, rotated, recovered and vetoed, in whatever order: every account has the key that the model says,
// signs with it and with no other, and the invariants hold after every block.
func TestKeysAgainstAModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := &model{c: setup(t), accounts: []*held{{actor: maker, key: "maker"}}}
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			m.step(r)
			for _, a := range m.accounts {
				rec := account(m.c, a.actor.ID)
				if got := fmt.Sprintf("%x", rec.Policy.Keys[0].PublicKey); got != fmt.Sprintf("%x", memberstest.Key(a.key).PublicKey) || closed(rec) != a.closed {
					r.Fatalf("the account %s is %v, and has the key %s by the model", a.actor.ID, rec, a.key)
				}
			}
		}
		for _, a := range m.accounts {
			other := a.actor
			other.Signers = memberstest.Signers("somebody else")
			if err := pay(m.c, m.as(a), 1).Err; (err == nil) == a.closed {
				r.Errorf("closed %v: %v", a.closed, err)
			}
			if pay(m.c, other, 1).Err == nil {
				r.Error("another key signs")
			}
		}
	})
}
