package kernel_test

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
)

// Who must sign is the sender, the lane's account, and whoever calls act as; of each, as many keys as it says. One
// line a case: what before the block and in it is refused alike.
func TestThresholds(t *testing.T) {
	one := func(a kerneltest.Actor) func(*world) *txv1.Body {
		return func(w *world) *txv1.Body { return w.Body(a, w.call(a, "toy.Do", nil)) }
	}
	acting := func(sender kerneltest.Actor, as ...kerneltest.Actor) func(*world) *txv1.Body {
		return func(w *world) *txv1.Body {
			b := w.Body(sender)
			for _, a := range as {
				b.Calls = append(b.Calls, w.call(a, "toy.Do", nil))
			}
			return b
		}
	}
	laned := func(w *world) *txv1.Body {
		b := one(alice)(w)
		b.Lane = pair.ID.Bytes()
		return b
	}
	type actors = []kerneltest.Actor
	for name, tc := range map[string]struct {
		body    func(*world) *txv1.Body
		signers actors
		want    error
	}{
		"2 of 3: the first two":                 {one(board), actors{with(board, 0, 1)}, nil},
		"2 of 3: the last two":                  {one(board), actors{with(board, 2, 1)}, nil},
		"2 of 3: all three":                     {one(board), actors{board}, nil},
		"2 of 3: one":                           {one(board), actors{with(board, 2)}, kernel.ErrMissingKey},
		"2 of 3: one and a stranger":            {one(board), actors{with(board, 2), bob}, kernel.ErrMissingKey},
		"2 of 3: two and a stranger":            {one(board), actors{with(board, 0, 2), bob}, kernel.ErrNeedless},
		"2 of 2: one":                           {one(pair), actors{with(pair, 1)}, kernel.ErrMissingKey},
		"2 of 2":                                {one(pair), actors{pair}, nil},
		"one key: another's":                    {one(alice), actors{bob}, kernel.ErrMissingKey},
		"one key and a needless":                {one(alice), actors{alice, bob}, kernel.ErrNeedless},
		"acting: both have signed":              {acting(alice, bob), actors{alice, bob}, nil},
		"acting: the sender has not":            {acting(alice, bob), actors{bob}, kernel.ErrMissingKey},
		"acting: the actor has not":             {acting(alice, bob), actors{alice}, kernel.ErrMissingKey},
		"acting: the last of three has not":     {acting(alice, alice, bob, carol), actors{alice, bob}, kernel.ErrMissingKey},
		"acting: 2 of 3 beside the sender":      {acting(alice, board, alice), actors{alice, with(board, 0, 1)}, nil},
		"acting: 1 of 3 beside the sender":      {acting(alice, board), actors{alice, with(board, 0)}, kernel.ErrMissingKey},
		"acting: a sender without calls":        {acting(alice, bob, carol), actors{alice, bob, carol}, nil},
		"acting: as an unknown account":         {acting(alice, nobody), actors{alice, nobody}, kernel.ErrUnknown},
		"lane: its account has signed":          {laned, actors{alice, pair}, nil},
		"lane: its account has not":             {laned, actors{alice}, kernel.ErrMissingKey},
		"lane: one of its two keys":             {laned, actors{alice, with(pair, 1)}, kernel.ErrMissingKey},
		"a sponsor's lane needs no signature":   {one(carol), actors{carol}, nil},
		"a sponsor that signs is needless then": {one(carol), actors{carol, alice}, kernel.ErrNeedless},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			raw := w.Sign(tc.body(w), tc.signers...)
			tx, err := w.M.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.M.Judge(w.View(), tx, w.IDs, key.Verify); !errors.Is(err, tc.want) {
				t.Errorf("before the block: want %v, got %v", tc.want, err)
			}
			if r := w.Block(tx)[0]; tc.want != nil && !errors.Is(r.Err, tc.want) || tc.want == nil && r.Err != nil {
				t.Errorf("in the block: want %v, got %v", tc.want, r.Err)
			}
		})
	}
}

// Keys and policies are those that the transaction meets: a key revoked earlier in the block signs no more, and the
// id is consumed all the same.
func TestAKeyRevokedInTheBlock(t *testing.T) {
	w := newWorld(t)
	revoke := w.call(alice, "toy.Do", func(*kernel.Ctx) error {
		w.reg.put(with(pair, 0), 1, func(*kernel.Standing) {})
		return nil
	})
	body := w.Body(pair, w.call(pair, "toy.Do", insert(1)))
	got := w.Block(w.parse(w.Body(alice, revoke), alice), w.parse(body, pair))
	if got[0].Err != nil || !errors.Is(got[1].Err, kernel.ErrNeedless) {
		t.Fatal(got[0].Err, got[1].Err)
	}
	if n := w.Totals(pair.ID).SentCount; n != 1 || !w.IDs.Has(w.parse(body, pair).ReplayKey()) {
		t.Error("the id is not consumed:", n)
	}
}

// A transaction that was good before its block stands in the block, so it is done with, whatever an earlier one of
// the block has made of its sender: also where the sender's window has become the shorter one.
func TestInclusionConsumesWhateverTheSenderHasBecome(t *testing.T) {
	w := newWorld(t)
	revoke := w.call(alice, "toy.Do", func(*kernel.Ctx) error {
		w.reg.put(with(pair, 0), 1, func(*kernel.Standing) {})
		return nil
	})
	body := w.Body(pair, w.call(pair, "toy.Do", insert(1)))
	body.ExpiresUnixS = w.Time + txv1.WindowSeveralS/2
	tx, err := w.Judge(w.Sign(body, pair))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Block(w.parse(w.Body(alice, revoke), alice), tx); got[1].Err == nil {
		t.Fatal("a revoked key signs")
	}
	if !w.IDs.Has(tx.ReplayKey()) || w.Totals(pair.ID).SentCount != 1 {
		t.Error("the transaction stands in a block, and its id can be used again")
	}
}

// An account that has no key, a contract's, can be named by nobody.
func TestAnAccountWithoutKeysIsNotForTheTaking(t *testing.T) {
	w := newWorld(t)
	keyless := actor("keyless")
	w.reg.put(keyless, 0, func(*kernel.Standing) {})
	if r := w.Raw(w.Sign(w.Body(alice, w.call(keyless, "toy.Do", insert(1))), alice)); !errors.Is(r.Err, kernel.ErrMissingKey) {
		t.Error(r.Err)
	}
}

// Signatures of every kind of key, checked by cryptography.
func TestRealSignatures(t *testing.T) {
	w := newWorld(t)
	secret := make([]byte, 32)
	secret[31] = 5
	mixed := kerneltest.Actor{ID: actor("mixed").ID}
	for _, kind := range []key.Kind{key.Secp256k1, key.P256, key.SM2} {
		s, err := key.FromSecret(kind, secret)
		if err != nil {
			t.Fatal(err)
		}
		mixed.Signers = append(mixed.Signers, s)
	}
	w.reg.put(mixed, 3, func(*kernel.Standing) {})
	body := w.Body(mixed, w.call(mixed, "toy.Do", nil))
	if r := w.Raw(w.Sign(body, mixed)); r.Err != nil {
		t.Error(r.Err)
	}
	elsewhere := w.Body(mixed, w.call(mixed, "toy.Do", nil))
	wire := &txv1.Transaction{Body: encode(elsewhere)}
	for _, s := range mixed.Signers { // signatures for the same body on another chain
		sig, err := s.Sign(txv1.Digest("test-2", wire.Body))
		if err != nil {
			t.Fatal(err)
		}
		wire.Signatures = append(wire.Signatures, &txv1.Signature{Kind: uint32(s.Public().Kind), PublicKey: s.Public().Bytes, Signature: sig})
	}
	txv1.SortSignatures(wire)
	if r := w.Raw(encode(wire)); !errors.Is(r.Err, kernel.ErrBadSignature) {
		t.Error(r.Err)
	}
}
