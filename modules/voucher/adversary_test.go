package voucher

import (
	"math"
	"testing"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// flooded is a world whose second bank, the warden, is there, and a package of 500 of which beta holds a unit.
func flooded(t *testing.T) (*world, *voucherv1.Package) {
	t.Helper()
	w := newWorld(t)
	if _, err := w.voted(&membersv1.SetStanding{
		Member: warden.Member.Bytes(), State: membersv1.MemberState_MEMBER_STATE_ACTIVE, Roles: membersv1.RoleBank,
	}); err != nil {
		t.Fatal(err)
	}
	pkg, p := w.active(500, "a")
	w.handed(alpha, beta, p, 1)
	w.mint(acme, 1_000)
	w.untilDue(0)
	return w, pkg
}

func flood(to kerneltest.Actor) *depositv1.Mint {
	return &depositv1.Mint{To: to.ID.Bytes(), AmountMinor: math.MaxInt64, Currency: "CNY"}
}

// A bank mints to whom it likes, unasked. What it mints to one holder must not keep all holders of a package from being paid.
func TestAMintDoesNotJamThePaymentsOfOthers(t *testing.T) {
	w, pkg := flooded(t)
	w.Do(warden, flood(beta))
	if r := w.Do(acme, payment(pkg, 500)); r.Err != nil {
		t.Errorf("nobody is paid: %v", r.Err)
	}
}

// Nor keep what is blocked from its holders when the freeze is over: its end is not tried again.
func TestAMintDoesNotKeepClaimsBlocked(t *testing.T) {
	w, pkg := flooded(t)
	w.frozen(court, pkg.Id, 1, 500, 1)
	w.Must(acme, payment(pkg, 500))
	w.blocked(alpha, 1, 499)
	w.NoInvariants = true
	w.Do(warden, flood(beta))
	w.Advance(2 * hours)
	w.blocked(alpha, 0, 0)
	w.Do(beta, &depositv1.Redeem{Bank: warden.Member.Bytes(), AmountMinor: math.MaxInt64, Currency: "CNY"})
	w.Advance(30 * 24 * hours)
	w.blocked(alpha, 0, 0)
	if bad := w.M.CheckInvariants(w.View()); len(bad) > 0 {
		t.Error(bad)
	}
}

// A part that cannot be cut stands still whole, whichever of its units is frozen. An authority must not freeze it for ever by
// freezing one unit after the other.
func TestUnitAfterUnitIsNoLongerFreeze(t *testing.T) {
	w := newWorld(t)
	w.NoInvariants = true
	pkg, p := w.active(500, "a")
	p.Trail = voucherv1.MaxMergedTrail // 272 parts, passed 15 times each between two friends, merged, and passed on
	w.Plant(voucherv1.PartKey(id.Must(pkg.Id), id.Must(p.Number)), p)
	w.frozen(court, pkg.Id, 1, 1, 72)
	w.Advance(72 * hours)
	w.Do(court, w.freezing(pkg.Id, 2, 2, 72))
	if r := w.Do(alpha, items(w.give(w.again(p), beta, 0))); r.Err != nil {
		t.Errorf("after one authority's 72 hours the part stands still: %v", r.Err)
	}
}

// owesTooMuch has omega owe an account all that 63 bits can count, where the chain lets it.
func (w *world) owesTooMuch(to kerneltest.Actor) *voucherv1.Part {
	w.TB.Helper()
	huge := item(to, math.MaxInt64, "huge")
	huge.Background.Invoices[0].TotalMinor, huge.Background.Invoices[0].UsedMinor = math.MaxInt64, math.MaxInt64
	w.Do(guard, setLine(omega, math.MaxInt64))
	r := w.Do(omega, issueOf(huge))
	if r.Err != nil {
		return nil
	}
	pkg := event[*voucherv1.Issued](w, r, 0).Package
	if r = w.Do(to, &voucherv1.AcceptPackage{Package: pkg}); r.Err != nil {
		return nil
	}
	return w.part(pkg, event[*voucherv1.Accepted](w, r, 0).Number)
}

// What a supplier offers must not keep others from offering to the same receiver.
func TestAnOfferDoesNotJamItsReceiver(t *testing.T) {
	w := newWorld(t)
	_, honest := w.active(500, "a")
	if p := w.owesTooMuch(gamma); p != nil {
		w.Do(gamma, items(w.give(p, beta, 0)))
	}
	if r := w.Do(alpha, items(w.give(honest, beta, 0))); r.Err != nil {
		t.Errorf("beta can be offered nothing: %v", r.Err)
	}
}

// An authority can always freeze, and a receiver always reject, however much a holder has let a friend owe it.
func TestAHolderOfTooMuchIsFrozen(t *testing.T) {
	w := newWorld(t)
	pkg, p := w.active(500, "a")
	w.Must(alpha, items(w.give(p, beta, 0)))
	w.owesTooMuch(alpha)
	if r := w.Do(court, w.freezing(pkg.Id, 1, 150, 1)); r.Err != nil {
		t.Errorf("it is not frozen: %v", r.Err)
		if r := w.Do(beta, &voucherv1.RejectOffer{Part: w.again(p).Ref()}); r.Err != nil {
			t.Errorf("beta does not get rid of the offer: %v", r.Err)
		}
	}
}

// Parts move, merge, split, are frozen again and paid while a freeze of more than one step ends: what is counted stays right.
func TestAThawOfManyStepsMeetsAPackageThatMoves(t *testing.T) {
	for name, play := range map[string]func(w *world, pkg []byte){
		"merge across": func(w *world, pkg []byte) { w.Must(alpha, w.merging(w.parts(pkg)[95:105]...)) },
		"split, merge all": func(w *world, pkg []byte) {
			w.Must(alpha, w.merging(w.parts(pkg)[90:180]...))
			w.Must(alpha, splitInto(w.parts(pkg)[90].Ref(), 100, 700, 100))
		},
		"pass": func(w *world, pkg []byte) {
			w.Must(alpha, items(w.give(w.parts(pkg)[99], beta, 0), w.give(w.parts(pkg)[100], beta, 4)))
		},
		"frozen again": func(w *world, pkg []byte) {
			w.Must(alpha, w.merging(w.parts(pkg)[95:105]...))
			w.frozen(police, pkg, 975, 1_005, 1)
		},
		"paid": func(w *world, pkg []byte) {
			w.mint(acme, 10_000)
			w.Must(acme, payment(w.pkg(pkg), 1_500))
			w.Must(acme, payment(w.pkg(pkg), 1_000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			pkg, p := w.active(5_000, "a")
			var lens []int64
			for range 99 {
				lens = append(lens, 10)
			}
			w.Must(alpha, splitInto(p.Ref(), append(lens, 5_000-990)...))
			for range 2 {
				all := w.parts(pkg.Id)
				last := all[len(all)-1]
				w.Must(alpha, splitInto(last.Ref(), append(lens[:99:99], last.Units()-990)...))
			}
			if name == "paid" {
				w.untilDue(0)
			}
			f := w.frozen(court, pkg.Id, 1, 5_000, 1)
			w.Time = f.UntilUnixS
			w.Block()
			play(w, pkg.Id)
			for range 8 {
				w.Block()
			}
			w.Advance(2 * hours)
			w.Block()
			w.total(alpha, voucherv1.ClassFrozen, 0, 0)
			if n := w.pkg(pkg.Id).Freezes; n != 0 {
				t.Errorf("%d freezes are left", n)
			}
		})
	}
}
