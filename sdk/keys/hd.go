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

// maxTries bounds the search for a scalar, of which one in 2^32 fails at most.
const maxTries = 32

var errUnlucky = errors.New("no key was found for this index: use the next one")

// salts keep one seed's keys of one kind apart from those of another [SLIP-10]: one secret under two kinds that derive their
// nonces alike could be computed from two signatures. The one of SM2, which SLIP-10 does not name, is ours.
var salts = map[key.Kind]string{key.Secp256k1: "Bitcoin seed", key.P256: "Nist256p1 seed", key.SM2: "SM2 seed"}

// extended is a private key with its chain code [BIP-32, SLIP-10].
type extended struct {
	signer        key.Signer
	secret, chain []byte
}

// master is the key of a seed; where the hash is no scalar, the hash of the hash [SLIP-10].
func master(kind key.Kind, seed []byte) (extended, error) {
	if salts[kind] == "" {
		return extended{}, key.ErrKind
	}
	for range maxTries {
		sum := hash([]byte(salts[kind]), seed)
		if k, ok := scalar(kind, sum, new(big.Int)); ok {
			return k, nil
		}
		seed = sum
	}
	return extended{}, errUnlucky
}

// child is CKDpriv of BIP-32, with the further tries of SLIP-10.
func (k extended) child(index uint32) (extended, error) {
	content := append([]byte{0}, k.secret...)
	if index < hardened {
		content = k.signer.Public().Bytes
	}
	for range maxTries {
		sum := hash(k.chain, binary.BigEndian.AppendUint32(content[:len(content):len(content)], index))
		if next, ok := scalar(k.signer.Public().Kind, sum, new(big.Int).SetBytes(k.secret)); ok {
			return next, nil
		}
		content = append([]byte{1}, sum[32:]...)
	}
	return extended{}, errUnlucky
}

func hash(mac, content []byte) []byte {
	h := hmac.New(sha512.New, mac)
	h.Write(content)
	return h.Sum(nil)
}

// scalar takes the left half of a hash, added to what comes before, as the secret and the right half as the chain code.
func scalar(kind key.Kind, sum []byte, before *big.Int) (extended, bool) {
	n, left := kind.Order(), new(big.Int).SetBytes(sum[:32])
	if left.Cmp(n) >= 0 {
		return extended{}, false
	}
	secret := new(big.Int).Add(left, before)
	k := extended{secret: secret.Mod(secret, n).FillBytes(make([]byte, 32)), chain: sum[32:]}
	var err error
	k.signer, err = key.FromSecret(kind, k.secret)
	return k, err == nil
}
