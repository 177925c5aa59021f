package deposit_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func TestEveryRoute(t *testing.T) {
	row := func(as, wrong kerneltest.Actor, do proto.Message) kerneltest.Row {
		return kerneltest.Row{Wrong: wrong, Make: func(c *kerneltest.Chain) (kerneltest.Actor, proto.Message) {
			c.Must(bank, mint(acme, 10))
			return as, do
		}}
	}
	kerneltest.Routes(t, new(deposit.Deposits).Module(), func(tb testing.TB) *kerneltest.Chain { return newWorld(tb).Chain }, map[string]kerneltest.Row{
		"deposit.Mint":     row(bank, acme, mint(acme, 1)),
		"deposit.Redeem":   row(acme, regulator, redeem(bank, 1)),
		"deposit.Transfer": row(acme, regulator, transfer(bank, zeta, 1)),
	})
}

// Any sequence of mints, redemptions and transfers agrees with a model of balances in a map; the chain checks its
// invariants after every block.
func TestAgainstAModel(t *testing.T) {
	banks, holders := []kerneltest.Actor{bank, otherBank}, []kerneltest.Actor{acme, bank, otherBank}
	rapid.Check(t, func(rt *rapid.T) {
		w, model := newWorld(t), map[[2]int]int64{}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			of, from, to := rapid.IntRange(0, 1).Draw(rt, "bank"), rapid.IntRange(0, 2).Draw(rt, "from"), rapid.IntRange(0, 2).Draw(rt, "to")
			minor, as := rapid.Int64Range(1, 20).Draw(rt, "minor"), holders[from]
			var do proto.Message
			fits := model[[2]int{of, from}] >= minor
			switch rapid.IntRange(0, 2).Draw(rt, "verb") {
			case 0:
				do, as, fits = mint(holders[to], minor), banks[of], true
				model[[2]int{of, to}] += minor
			case 1:
				do = redeem(banks[of], minor)
				if fits {
					model[[2]int{of, from}] -= minor
				}
			default:
				do = transfer(banks[of], holders[to], minor)
				if fits = fits && from != to; fits {
					model[[2]int{of, from}] -= minor
					model[[2]int{of, to}] += minor
				}
			}
			if r := w.Do(as, do); (r.Err == nil) != fits {
				rt.Fatalf("%v: fits %v, got %v", do, fits, r.Err)
			}
		}
		for k, want := range model {
			if got := w.balance(banks[k[0]], holders[k[1]]); got != want {
				rt.Fatalf("balance %v is %d, want %d", k, got, want)
			}
		}
	})
}

// Who may read what, and which list finds it.
func TestReadersAndLists(t *testing.T) {
	w := newWorld(t)
	b := w.M.CollectionOf(depositv1.BalanceKey(bank.Member, acme.ID, "CNY"))
	rec := &depositv1.Balance{Bank: bank.Member.Bytes(), Holder: acme.ID.Bytes(), Currency: "CNY", AmountMinor: 1}
	who := b.Readers(rec)
	if who.Public || len(who.Parties) != 1 || who.Parties[0] != acme.ID || len(who.Members) != 1 || who.Members[0] != bank.Member {
		t.Errorf("a balance is read by %+v", who)
	}
	if l := b.Lists[0]; l.Name != depositv1.ListDeposits || len(b.Lists) != 1 || l.Subjects(rec)[0] != acme.ID {
		t.Error("lists")
	}
	i := w.M.CollectionOf(depositv1.IssuedKey(bank.Member, "CNY"))
	if who = i.Readers(&depositv1.Issued{Bank: bank.Member.Bytes()}); who.Public || who.Parties != nil || who.Members[0] != bank.Member {
		t.Errorf("issued is read by %+v", who)
	}
}

// The keys that clients ask for are those that the module writes.
func TestKeysMeetState(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 3))
	found := 0
	w.Mem.Range([]byte{3}, []byte{4}, func(k, _ []byte) bool {
		found++
		if !bytes.Equal(k, depositv1.BalanceKey(bank.Member, acme.ID, "CNY")) && !bytes.Equal(k, depositv1.IssuedKey(bank.Member, "CNY")) {
			t.Errorf("a record at %x", k)
		}
		return true
	})
	if found != 2 {
		t.Error(found, "records")
	}
}

// Each planted fault is caught, by the invariant that is named.
func TestInvariantsCatch(t *testing.T) {
	balanceOf := func(b, h id.ID, minor int64) *depositv1.Balance {
		return &depositv1.Balance{Bank: b.Bytes(), Holder: h.Bytes(), Currency: "CNY", AmountMinor: minor}
	}
	key, issuedKey := depositv1.BalanceKey(bank.Member, acme.ID, "CNY"), depositv1.IssuedKey(bank.Member, "CNY")
	for name, tc := range map[string]struct {
		key  []byte
		m    proto.Message
		want []string
	}{
		"a balance grew":               {key, balanceOf(bank.Member, acme.ID, 11), []string{"deposit/issued", "deposit/totals"}},
		"a balance is below zero":      {key, balanceOf(bank.Member, acme.ID, -1), []string{"deposit/issued", "deposit/totals"}},
		"a balance is gone":            {key, nil, []string{"deposit/issued", "deposit/totals"}},
		"a balance is another's":       {key, balanceOf(bank.Member, zeta.ID, 10), []string{"deposit/issued", "deposit/totals"}},
		"a balance that cannot be":     {depositv1.BalanceKey(bank.Member, zeta.ID, "CNY"), balanceOf(bank.Member, zeta.ID, 1<<63-1), []string{"deposit/issued: the balances of"}},
		"issued says more":             {issuedKey, &depositv1.Issued{Bank: bank.Member.Bytes(), Currency: "CNY", AmountMinor: 11}, []string{"deposit/issued"}},
		"issued is gone":               {issuedKey, nil, []string{"deposit/issued"}},
		"issued without balances":      {depositv1.IssuedKey(zeta.Member, "CNY"), &depositv1.Issued{Bank: zeta.Member.Bytes(), Currency: "CNY", AmountMinor: 1}, []string{"deposit/issued"}},
		"issued under another's key":   {issuedKey, &depositv1.Issued{Bank: zeta.Member.Bytes(), Currency: "CNY", AmountMinor: 10}, []string{"deposit/issued"}},
		"totals are gone":              {kernelv1.TotalsKey(acme.ID), nil, []string{"deposit/totals"}},
		"totals of who holds nothing":  {kernelv1.TotalsKey(zeta.ID), totals(1, 10), []string{"deposit/totals"}},
		"totals count another balance": {kernelv1.TotalsKey(acme.ID), totals(2, 10), []string{"deposit/totals"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Must(bank, mint(acme, 10))
			w.Plant(tc.key, tc.m)
			got := strings.Join(w.M.CheckInvariants(w.View()), "\n")
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("want %s in:\n%s", want, got)
				}
			}
		})
	}
}

func totals(count uint64, minor int64) *kernelv1.Totals {
	return &kernelv1.Totals{Lines: []*kernelv1.Total{{Class: depositv1.ClassHeld, Currency: "CNY", Count: count, AmountMinor: minor}}}
}
