// Package keys makes and keeps the keys of accounts: words that can be written down, and encrypted files. Keys in tokens
// and remote machines need nothing of it: key.FromCrypto takes any crypto.Signer.
package keys

import (
	"errors"
	"fmt"
	"strings"

	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/tyler-smith/go-bip39"
)

// wordsEntropy is 256 bits: 24 words.
const wordsEntropy = 256

// coinType is Ethereum's [SLIP-44], so that any BIP-44 wallet derives the same secp256k1 keys from the same words, and any
// with SLIP-10 the same P-256 keys.
const coinType = 60

// NewWords makes 24 words [BIP-39, English] from fresh randomness. Who has them has every key made from them.
func NewWords() (string, error) {
	entropy, err := bip39.NewEntropy(wordsEntropy)
	if err != nil {
		return "", err
	}
	return bip39.NewMnemonic(entropy)
}

// FromWords derives the secp256k1 key m/44'/60'/0'/0/index [BIP-32, BIP-44] from words and the passphrase that was chosen
// with them, empty for none. Another passphrase gives other keys, and no error.
func FromWords(words, passphrase string, index uint32) (key.Signer, error) {
	return FromWordsOf(key.Secp256k1, words, passphrase, index)
}

// FromWordsOf is FromWords for any kind [SLIP-10]. Keys of several kinds from the same words have nothing in common.
func FromWordsOf(kind key.Kind, words, passphrase string, index uint32) (key.Signer, error) {
	words = strings.Join(strings.Fields(strings.ToLower(words)), " ")
	seed, err := bip39.NewSeedWithErrorChecking(words, passphrase)
	if err != nil {
		return nil, fmt.Errorf("the words are not right: 12 to 24 of the English list, in order, the last fits the others: %w", err)
	}
	if index >= hardened {
		return nil, errors.New("a key's index is less than 2^31")
	}
	k, err := master(kind, seed)
	for _, i := range []uint32{44 | hardened, coinType | hardened, 0 | hardened, 0, index} {
		if err == nil {
			k, err = k.child(i)
		}
	}
	if err != nil {
		return nil, err
	}
	return k.signer, nil
}
