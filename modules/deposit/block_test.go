package deposit_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// claim is what acme pays zeta for a thing that is frozen.
func claim(of kerneltest.Actor, minor int64, number string) *depositv1.BlockedClaim {
	return &depositv1.BlockedClaim{
		Bank: of.Member.Bytes(), Holder: zeta.ID.Bytes(), Currency: "CNY", AmountMinor: minor, Package: id.Hash("package").Bytes(),
		Number: id.Hash(number).Bytes(), Extent: []byte{1}, Freeze: id.Hash("freeze").Bytes(),
	}
}

func classes(c *kernel.Ctx, a kerneltest.Actor) (held, blocked, claims int64) {
	t := c.Totals(a.ID)
	return t.Total(depositv1.ClassHeld, "CNY").AmountMinor, t.Total(depositv1.ClassBlocked, "CNY").AmountMinor, int64(t.Total(depositv1.ClassBlocked, "CNY").Count)
}

// What is blocked has left the payer, is no balance of the holder's yet, and adds up for each thing and bank.
func TestBlockAndUnblock(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 100))
	w.Must(otherBank, mint(acme, 100))
	c := w.View()
	for _, one := range []*depositv1.BlockedClaim{claim(bank, 10, "a"), claim(bank, 5, "a"), claim(bank, 7, "b"), claim(otherBank, 1, "a")} {
		if err := w.deposits.Block(c, acme.ID, one); err != nil {
			t.Fatal(err)
		}
	}
	if held, _, _ := classes(c, acme); held != 177 {
		t.Error("the payer has", held)
	}
	if held, blocked, claims := classes(c, zeta); held != 0 || blocked != 23 || claims != 3 {
		t.Error("the holder has", held, blocked, claims)
	}
	if bad := w.M.CheckInvariants(c); len(bad) > 0 {
		t.Fatal(bad)
	}
	all := w.deposits.Blocked(c, id.Hash("package"))
	if len(all) != 3 || len(w.deposits.Blocked(c, id.Hash("another"))) != 0 {
		t.Fatal(all)
	}
	for _, one := range all {
		if err := w.deposits.Unblock(c, one); err != nil {
			t.Fatal(err)
		}
	}
	if held, blocked, claims := classes(c, zeta); held != 23 || blocked != 0 || claims != 0 {
		t.Error("the holder has", held, blocked, claims)
	}
	if bad := w.M.CheckInvariants(c); len(bad) > 0 {
		t.Error(bad)
	}
}

func TestBlockRefusals(t *testing.T) {
	w := newWorld(t)
	w.Must(bank, mint(acme, 100))
	for _, tc := range []struct {
		minor int64
		want  *errs.Code
	}{{101, depositv1.ErrInsufficient}, {100, nil}} {
		if err := w.deposits.Block(w.View(), acme.ID, claim(bank, tc.minor, "a")); errs.CodeOf(err) != tc.want {
			t.Errorf("%d: want %v, got %v", tc.minor, tc.want, err)
		}
	}
	c := w.View()
	if err := w.deposits.Block(c, acme.ID, claim(bank, 100, "a")); err != nil {
		t.Fatal(err)
	}
	one := w.deposits.Blocked(c, id.Hash("package"))[0]
	w.NoInvariants = true
	w.Plant(kernelv1.TotalsKey(zeta.ID), totals(1, math.MaxInt64-99))
	late := w.View()
	if err := errors.Join(w.deposits.Block(late, acme.ID, claim(bank, 100, "a")), w.deposits.Unblock(late, one)); !errors.Is(err, kernel.ErrOverflow) {
		t.Error("a total that cannot be counted:", err)
	}
	w.forbid()
	if err := w.deposits.Block(w.View(), acme.ID, claim(bank, 1, "a")); !errors.Is(err, depositv1.ErrForbidden) {
		t.Error(err)
	}
}

func TestBlockOfNothingIsFatal(t *testing.T) {
	w := newWorld(t)
	defer func() {
		if _, fatal := recover().(kernel.Fatal); !fatal {
			t.Error("no Fatal")
		}
	}()
	_ = w.deposits.Block(w.View(), acme.ID, claim(bank, 0, "a"))
}

func TestInvariantsCatchBlockedClaims(t *testing.T) {
	key := depositv1.BlockedKey(id.Hash("package"), id.Hash("a"), bank.Member)
	for name, tc := range map[string]struct {
		change func(*depositv1.BlockedClaim)
		want   []string
	}{
		"out of nothing":       {func(*depositv1.BlockedClaim) {}, []string{"deposit/issued", "deposit/totals"}},
		"of nothing":           {func(b *depositv1.BlockedClaim) { b.AmountMinor = 0 }, []string{"the blocked claim at"}},
		"under another's key":  {func(b *depositv1.BlockedClaim) { b.Number = id.Hash("b").Bytes() }, []string{"the blocked claim at"}},
		"more than is counted": {func(b *depositv1.BlockedClaim) { b.AmountMinor = math.MaxInt64 }, []string{"deposit/issued"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Must(bank, mint(acme, 100))
			b := claim(bank, 10, "a")
			tc.change(b)
			w.Plant(key, b)
			got := strings.Join(w.M.CheckInvariants(w.View()), "\n")
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("want %s in:\n%s", want, got)
				}
			}
		})
	}
}

// Who may read a blocked claim, which list finds it, and that its key is what clients ask for.
func TestReadersOfBlockedClaims(t *testing.T) {
	w := newWorld(t)
	one := claim(bank, 10, "a")
	col := w.M.CollectionOf(depositv1.BlockedKey(id.Hash("package"), id.Hash("a"), bank.Member))
	who := col.Readers(one)
	if who.Public || len(who.Parties) != 1 || who.Parties[0] != zeta.ID || len(who.Members) != 1 || who.Members[0] != bank.Member {
		t.Errorf("%+v", who)
	}
	if l := col.Lists[0]; l.Name != depositv1.ListBlocked || l.Public || l.Subjects(proto.CloneOf(one))[0] != zeta.ID {
		t.Error(l)
	}
}
