package key

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
)

// sm2UserID is the identity in ZA, the same for all: the standard's own default [GM/T 0009, 10; RFC 8998, 3.2.1].
// Who a key belongs to is on the chain, not in the signature.
const sm2UserID = "1234567812345678"

// minusG is the public key of the secret n-1, which the standard leaves out of 1..n-2 [GB/T 32918.1, 6.1]: under it
// sG + (r+s)P is -rG whatever s is, so one signature would have as many forms as there are scalars.
var minusG = func() []byte {
	p := elliptic.MarshalCompressed(sm2.P256(), sm2.P256().Params().Gx, sm2.P256().Params().Gy)
	p[0] ^= 1
	return p
}()

// sm2Public is nil where the bytes are no public key.
func sm2Public(pub []byte) *ecdsa.PublicKey {
	x, y := elliptic.UnmarshalCompressed(sm2.P256(), pub)
	if x == nil || bytes.Equal(pub, minusG) {
		return nil
	}
	k, err := sm2.ParseUncompressedPublicKey(uncompressed(x, y))
	if err != nil {
		return nil
	}
	return k
}

func checkSM2(pub []byte) error {
	if sm2Public(pub) == nil {
		return ErrPublic
	}
	return nil
}

// verifySM2 takes the digest as the message M of GB/T 32918.2, so that e = SM3(ZA ‖ digest): what any token, machine or
// library signs that is given the digest as the message and the default identity.
//
// There is no rule of the lower half here. In ECDSA s and n-s both fit, for R and -R have the same x. Here
// sG + (r+s)P = R holds s twice, and the other s, which gives -R, is -s - 2rd/(1+d): only who knows the secret d finds
// it, as he may sign again anyway. So n-s fits nothing, folding s down would spoil half of all signatures, and what is
// left to others is to write r or s unreduced, as r+n, where that has 32 bytes: refused, as is r+s = n.
func verifySM2(pub, digest, sig []byte) bool {
	k := sm2Public(pub)
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	if k == nil || !sm2Scalars(r, s) {
		return false
	}
	der, err := asASN1(r, s)
	return err == nil && sm2.VerifyASN1WithSM2(k, []byte(sm2UserID), digest, der)
}

// sm2Scalars is steps B1, B2 and B5 of GB/T 32918.2, 7.1.
func sm2Scalars(r, s *big.Int) bool {
	n := sm2.P256().Params().N
	return inOrder(r, n) && inOrder(s, n) && new(big.Int).Add(r, s).Cmp(n) != 0
}

func restoreSM2(secret []byte) (Signer, error) {
	if len(secret) != 32 {
		return nil, fmt.Errorf("key: the secret is no scalar of %s", SM2)
	}
	priv, err := sm2.ParseRawPrivateKey(secret)
	if err != nil {
		return nil, fmt.Errorf("key: the secret is no scalar of %s", SM2)
	}
	pub, err := compressed(&priv.PublicKey)
	if err != nil {
		return nil, err
	}
	return &local{
		pub: Public{Kind: SM2, Bytes: pub}, secret: bytes.Clone(secret),
		sign: func(digest []byte) ([]byte, error) {
			der, err := priv.Sign(nil, digest, sm2Options) // nil: the nonce of RFC 6979 with HMAC-SM3 over d and e
			if err != nil {
				return nil, err
			}
			return oneForm(SM2, der)
		},
	}, nil
}

// sm2Options has a crypto.Signer take what it is given as the message.
var sm2Options = sm2.NewSM2SignerOption(true, []byte(sm2UserID))
