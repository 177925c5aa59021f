package ceremony

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/splittally/splittally/modules/kernel/id"
)

// InvoiceKeys is the key of invoice fingerprints, sealed to each member [RFC 9180]: the file beside genesis.
type InvoiceKeys struct {
	Version int    `json:"splittally_invoice_keys"`
	Chain   string `json:"chain"`
	// Commitment is a digest of the key. Every acceptance names it, so that no member is given another key.
	Commitment string   `json:"commitment"`
	Sealed     []Sealed `json:"sealed"`
}

// Sealed is the copy of one member, in hex.
type Sealed struct {
	Credential string `json:"credential"`
	Ciphertext string `json:"ciphertext"`
}

// The parts of RFC 9180 that seal the key: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
var (
	sealKDF  = hpke.HKDFSHA256()
	sealAEAD = hpke.AES256GCM()
)

const sealDomain = "splittally invoice key/v1"

// commitment is unguessable as the key is: it has 256 bits.
func commitment(chain string, secret []byte) string {
	return id.Hash("invoice key commitment", []byte(chain), secret).String()
}

func sealInfo(chain, commitment, credential string) []byte {
	return id.Hash(sealDomain, []byte(chain), []byte(commitment), []byte(credential)).Bytes()
}

// MakeInvoiceKeys makes the key of a new network and seals it to every member. Whoever runs it does not keep the key
// but in its own sealed copy.
func MakeInvoiceKeys(c *Ceremony) (*InvoiceKeys, error) {
	secret := make([]byte, id.Size)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	out := &InvoiceKeys{Version: formVersion, Chain: c.Chain, Commitment: commitment(c.Chain, secret)}
	for i := range c.Offers {
		t := &c.Offers[i].Terms
		sealed, err := seal(t.EncryptionKey, sealInfo(c.Chain, out.Commitment, t.Credential), secret)
		if err != nil {
			return nil, fmt.Errorf("offer of %s: encryption_key: %w", t.Name, err)
		}
		out.Sealed = append(out.Sealed, Sealed{Credential: t.Credential, Ciphertext: sealed})
	}
	return out, nil
}

func seal(to string, info, secret []byte) (string, error) {
	b, err := hex.DecodeString(to)
	if err != nil {
		return "", err
	}
	pub, err := ecdh.X25519().NewPublicKey(b)
	if err != nil {
		return "", err
	}
	recipient, err := hpke.NewDHKEMPublicKey(pub)
	if err != nil {
		return "", err
	}
	out, err := hpke.Seal(recipient, sealKDF, sealAEAD, info, secret)
	return hex.EncodeToString(out), err
}

// Open takes out a member's copy with its X25519 key: the 32 bytes of the invoice key. Refused where the copy is
// missing, for another key, or not the key that the commitment names.
func (k *InvoiceKeys) Open(credential string, private *ecdh.PrivateKey) ([]byte, error) {
	own, err := hpke.NewDHKEMPrivateKey(private)
	if err != nil {
		return nil, err
	}
	for _, s := range k.Sealed {
		if s.Credential != credential {
			continue
		}
		b, err := hex.DecodeString(s.Ciphertext)
		if err != nil {
			return nil, fmt.Errorf("invoice key: %w", err)
		}
		secret, err := hpke.Open(own, sealKDF, sealAEAD, sealInfo(k.Chain, k.Commitment, credential), b)
		if err != nil {
			return nil, errors.New("invoice key: the copy sealed to you does not open with the encryption key of this home: ask who assembled the genesis to run it again")
		}
		if len(secret) != id.Size || commitment(k.Chain, secret) != k.Commitment {
			return nil, errors.New("invoice key: the copy sealed to you is another key than the others have: do not accept this genesis")
		}
		return secret, nil
	}
	return nil, fmt.Errorf("invoice key: no copy is sealed to %s", credential)
}
