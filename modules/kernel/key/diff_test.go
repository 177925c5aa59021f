package key_test

import (
	"crypto/elliptic"
	"math/big"
	"testing"

	decred "github.com/decred/dcrd/dcrec/secp256k1/v4"
	decredecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/emmansun/gmsm/sm2"
	ethcrypto "github.com/ethereum/go-ethereum/crypto"
	"github.com/splittally/splittally/modules/kernel/key"
	tjfoc "github.com/tjfoc/gmsm/sm2"
	"pgregory.net/rapid"
)

// second is another implementation of a kind, with no code in common with the first. Its verdict knows nothing of low s.
type second struct {
	// parse tells whether the bytes are a compressed point.
	parse  func(pub []byte) bool
	verify func(pub, digest []byte, r, s *big.Int) bool
}

var seconds = map[key.Kind]second{
	key.Secp256k1: {
		parse:  func(pub []byte) bool { return len(pub) == 33 && decredKey(pub) != nil },
		verify: verifyDecred,
	},
	key.P256: {
		parse: func(pub []byte) bool {
			x, _ := decompress(elliptic.P256().Params(), big.NewInt(-3), pub)
			return x != nil
		},
		verify: verifyTextbook,
	},
	key.SM2: {
		parse: func(pub []byte) bool {
			x, _ := decompress(tjfoc.P256Sm2().Params(), big.NewInt(-3), pub)
			return x != nil
		},
		verify: verifyTjfoc,
	},
}

func decredKey(pub []byte) *decred.PublicKey {
	k, err := decred.ParsePubKey(pub)
	if err != nil {
		return nil
	}
	return k
}

func verifyDecred(pub, digest []byte, r, s *big.Int) bool {
	k := decredKey(pub)
	var rs, ss decred.ModNScalar
	if k == nil || r.BitLen() > 256 || s.BitLen() > 256 || rs.SetByteSlice(r.Bytes()) || ss.SetByteSlice(s.Bytes()) {
		return false
	}
	return decredecdsa.NewSignature(&rs, &ss).Verify(digest, k)
}

func verifyTjfoc(pub, digest []byte, r, s *big.Int) bool {
	c := tjfoc.P256Sm2()
	x, y := decompress(c.Params(), big.NewInt(-3), pub)
	if x == nil {
		return false
	}
	return tjfoc.Sm2Verify(&tjfoc.PublicKey{Curve: c, X: x, Y: y}, digest, nil, r, s)
}

// decompress solves y² = x³ + ax + b.
func decompress(c *elliptic.CurveParams, a *big.Int, pub []byte) (x, y *big.Int) {
	if len(pub) != 33 || pub[0]&^1 != 2 {
		return nil, nil
	}
	if x = new(big.Int).SetBytes(pub[1:]); x.Cmp(c.P) >= 0 {
		return nil, nil
	}
	y2 := new(big.Int).Exp(x, big.NewInt(3), c.P)
	y2.Add(y2, new(big.Int).Mul(a, x)).Add(y2, c.B).Mod(y2, c.P)
	if y = new(big.Int).ModSqrt(y2, c.P); y == nil {
		return nil, nil
	}
	if byte(y.Bit(0)) != pub[0]&1 {
		y.Sub(c.P, y)
	}
	return x, y
}

// verifyTextbook is ECDSA on P-256 [FIPS 186-4, 6.4] over the generic arithmetic of elliptic.CurveParams, which shares
// nothing with the assembly that crypto/ecdsa uses.
func verifyTextbook(pub, digest []byte, r, s *big.Int) bool {
	own := *elliptic.P256().Params()
	c := &own // a copy is not exchanged for the fast curve
	x, y := decompress(c, big.NewInt(-3), pub)
	if x == nil || r.Sign() <= 0 || s.Sign() <= 0 || r.Cmp(c.N) >= 0 || s.Cmp(c.N) >= 0 {
		return false
	}
	w := new(big.Int).ModInverse(s, c.N)
	mod := func(v *big.Int) []byte { return new(big.Int).Mod(v, c.N).Bytes() }
	u1, u2 := mod(new(big.Int).Mul(new(big.Int).SetBytes(digest), w)), mod(new(big.Int).Mul(r, w))
	x1, y1 := c.ScalarBaseMult(u1)   //nolint:staticcheck // meant
	x2, y2 := c.ScalarMult(x, y, u2) //nolint:staticcheck // meant
	sum, _ := c.Add(x1, y1, x2, y2)  //nolint:staticcheck // meant
	return sum.Mod(sum, c.N).Cmp(r) == 0
}

// lowS is the one rule that the second implementations do not have.
func lowS(k key.Kind, s *big.Int) bool {
	return k == key.SM2 || s.Cmp(new(big.Int).Rsh(orders[k], 1)) <= 0
}

// agree fails where the two implementations judge differently.
func agree(t rapid.TB, k key.Kind, pub, digest, sig []byte) bool {
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	ours := key.Verify(key.Public{Kind: k, Bytes: pub}, digest, sig) == nil
	if theirs := seconds[k].verify(pub, digest, r, s) && lowS(k, s); ours != theirs {
		t.Fatalf("%s: here %v, there %v; key %x, digest %x, signature %x", k, ours, theirs, pub, digest, sig)
	}
	return ours
}

// mutations change a good case in the ways that matter to one of the kinds.
var mutations = map[string]func(t *rapid.T, n *big.Int, pub, digest, sig []byte){
	"none":         func(*rapid.T, *big.Int, []byte, []byte, []byte) {},
	"bit of key":   func(t *rapid.T, _ *big.Int, pub, _, _ []byte) { turn(t, pub) },
	"bit of text":  func(t *rapid.T, _ *big.Int, _, digest, _ []byte) { turn(t, digest) },
	"bit of proof": func(t *rapid.T, _ *big.Int, _, _, sig []byte) { turn(t, sig) },
	"sign of key":  func(_ *rapid.T, _ *big.Int, pub, _, _ []byte) { pub[0] ^= 1 },
	"n-s":          func(_ *rapid.T, n *big.Int, _, _, sig []byte) { put(sig[32:], new(big.Int).Sub(n, get(sig[32:]))) },
	"n-r":          func(_ *rapid.T, n *big.Int, _, _, sig []byte) { put(sig[:32], new(big.Int).Sub(n, get(sig[:32]))) },
	"r+n":          func(_ *rapid.T, n *big.Int, _, _, sig []byte) { put(sig[:32], new(big.Int).Add(n, get(sig[:32]))) },
	"s+n":          func(_ *rapid.T, n *big.Int, _, _, sig []byte) { put(sig[32:], new(big.Int).Add(n, get(sig[32:]))) },
	"s is n-r":     func(_ *rapid.T, n *big.Int, _, _, sig []byte) { put(sig[32:], new(big.Int).Sub(n, get(sig[:32]))) },
	"r and s": func(_ *rapid.T, _ *big.Int, _, _, sig []byte) {
		copy(sig, append(append([]byte{}, sig[32:]...), sig[:32]...))
	},
	"r edge":      func(t *rapid.T, n *big.Int, _, _, sig []byte) { put(sig[:32], edge(t, n)) },
	"s edge":      func(t *rapid.T, n *big.Int, _, _, sig []byte) { put(sig[32:], edge(t, n)) },
	"digest edge": func(t *rapid.T, n *big.Int, _, digest, _ []byte) { put(digest, edge(t, n)) },
}

func turn(t *rapid.T, b []byte) {
	bit := rapid.IntRange(0, len(b)*8-1).Draw(t, "bit")
	b[bit/8] ^= 1 << (bit % 8)
}

func get(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

// put writes the last 32 bytes of what may be longer.
func put(b []byte, v *big.Int) {
	wide := new(big.Int).Mod(v, new(big.Int).Lsh(big.NewInt(1), 256))
	wide.FillBytes(b)
}

func edge(t *rapid.T, n *big.Int) *big.Int {
	by := big.NewInt(rapid.Int64Range(-2, 2).Draw(t, "by"))
	return rapid.SampledFrom([]*big.Int{big.NewInt(2), new(big.Int).Add(n, by), new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)), {}, big.NewInt(1)}).Draw(t, "edge")
}

// Both implementations give every signature, good or changed, the same verdict, but for high s.
func TestSecondImplementations(t *testing.T) {
	names := rapid.SampledFrom(mutationNames())
	for _, k := range all {
		t.Run(k.String(), func(t *testing.T) {
			good := 0
			rapid.Check(t, func(t *rapid.T) {
				s, err := key.FromSecret(k, rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret"))
				if err != nil {
					t.Skip("no scalar")
				}
				digest := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest")
				sig, err := s.Sign(digest)
				if err != nil {
					t.Fatal(err)
				}
				pub := append([]byte{}, s.Public().Bytes...)
				if !agree(t, k, pub, digest, sig) {
					t.Fatal("a good signature is refused by both")
				}
				good++
				name := names.Draw(t, "mutation")
				mutations[name](t, orders[k], pub, digest, sig)
				if agree(t, k, pub, digest, sig) && name != "none" && name != "digest edge" && name != "r edge" && name != "s edge" {
					t.Fatalf("%s: still accepted", name)
				}
			})
			if good < 50 && !testing.Short() {
				t.Errorf("%d cases: too few", good)
			}
		})
	}
}

func mutationNames() []string {
	return []string{
		"none", "bit of key", "bit of text", "bit of proof", "sign of key", "n-s", "n-r", "r+n", "s+n", "s is n-r", "r and s",
		"r edge", "s edge", "digest edge",
	}
}

func TestMutationsAreAllNamed(t *testing.T) {
	if len(mutationNames()) != len(mutations) {
		t.Errorf("%d names, %d mutations", len(mutationNames()), len(mutations))
	}
}

// What the second implementation signs is accepted here.
func TestSecondSigns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "secret")
		digest := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "digest")
		if s, err := key.FromSecret(key.SM2, secret); err == nil {
			c := tjfoc.P256Sm2()
			priv := &tjfoc.PrivateKey{D: get(secret)}
			priv.Curve = c
			priv.X, priv.Y = c.ScalarBaseMult(secret) //nolint:staticcheck // that library has no other way
			r, v, err := tjfoc.Sm2Sign(priv, digest, nil, chaff(digest))
			if err != nil {
				t.Fatal(err)
			}
			sig := make([]byte, 64)
			put(sig[:32], r)
			put(sig[32:], v)
			if err := key.Verify(s.Public(), digest, sig); err != nil {
				t.Fatalf("sm2: %v: %x", err, sig)
			}
		}
		if s, err := key.FromSecret(key.Secp256k1, secret); err == nil {
			sig := decredecdsa.Sign(decred.PrivKeyFromBytes(secret), digest)
			r, v := sig.R(), sig.S()
			raw := r.Bytes()
			low := v.Bytes()
			if err := key.Verify(s.Public(), digest, append(raw[:], low[:]...)); err != nil {
				t.Fatalf("secp256k1: %v", err)
			}
		}
	})
}

// chaff is a stream that rapid can repeat.
func chaff(seed []byte) *stream { return &stream{state: append([]byte{}, seed...)} }

type stream struct{ state []byte }

func (s *stream) Read(b []byte) (int, error) {
	for i := range b {
		if i%32 == 0 {
			s.state = ethcrypto.Keccak256(s.state)
		}
		b[i] = s.state[i%32]
	}
	return len(b), nil
}

// primes are p of each field.
var primes = map[key.Kind]*big.Int{
	key.Secp256k1: ethcrypto.S256().Params().P, key.P256: elliptic.P256().Params().P, key.SM2: sm2.P256().Params().P,
}

// Both read the same bytes as public keys, but for -G of SM2.
func TestSecondParses(t *testing.T) {
	for _, k := range all {
		t.Run(k.String(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				pub := rapid.SliceOfN(rapid.Byte(), 33, 33).Draw(t, "point")
				pub[0] = rapid.SampledFrom([]byte{2, 3, 2, 3, 0, 1, 4, 5, 6, 7, 0xff}).Draw(t, "form")
				if rapid.Bool().Draw(t, "beyond p") {
					put(pub[1:], new(big.Int).Add(primes[k], big.NewInt(rapid.Int64Range(-50, 50).Draw(t, "by"))))
				}
				_, err := key.Parse(k, pub)
				if ours, theirs := err == nil, seconds[k].parse(pub); ours != theirs {
					t.Fatalf("%x: here %v, there %v", pub, ours, theirs)
				}
			})
		})
	}
}
