package voucher

import (
	"testing"

	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

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
