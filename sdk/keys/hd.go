package keys

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"math/big"

	"github.com/splittally/splittally/modules/kernel/key"
)

// hardened marks the indices whose children need the private key [BIP-32].
const hardened = 1 << 31

// errUnlucky is what BIP-32 says of a key that is no scalar, with probability 2^-127: the next index is to be used.
var errUnlucky = errors.New("this index gives no key: use the next one")

// order is that of secp256k1 [SEC 2].
var order, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)

// extended is a private key with its chain code [BIP-32].
type extended struct{ secret, chain []byte }

func master(seed []byte) (extended, error) {
	return split([]byte("Bitcoin seed"), seed, new(big.Int))
}

// child is CKDpriv of BIP-32.
func (k extended) child(index uint32) (extended, error) {
	content := append([]byte{0}, k.secret...)
	if index < hardened {
		s, err := key.FromSecret(key.Secp256k1, k.secret)
		if err != nil {
			return extended{}, err
		}
		content = s.Public().Bytes
	}
	return split(k.chain, binary.BigEndian.AppendUint32(content, index), new(big.Int).SetBytes(k.secret))
}

// split is the HMAC whose left half, added to what comes before, is the secret and whose right half is the chain code.
func split(mac, content []byte, before *big.Int) (extended, error) {
	h := hmac.New(sha512.New, mac)
	h.Write(content)
	sum := h.Sum(nil)
	left := new(big.Int).SetBytes(sum[:32])
	secret := new(big.Int).Add(left, before)
	secret.Mod(secret, order)
	if left.Cmp(order) >= 0 || secret.Sign() == 0 {
		return extended{}, errUnlucky
	}
	return extended{secret: secret.FillBytes(make([]byte, 32)), chain: sum[32:]}, nil
}
