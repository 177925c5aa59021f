package ceremony

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/kernel/key"
)

const testChain = "linjiang-1"

// player is a member with all its secrets, the same in every run.
type player struct {
	offer     *Offer
	signers   []key.Signer
	validator ed25519.PrivKey
	private   *ecdh.PrivateKey
}

func seed(name string, i int) []byte {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %d", name, i))
	return h[:]
}

// newPlayer makes member number i, whose account has so many keys of which threshold sign.
func newPlayer(t testing.TB, i, keys int, threshold uint32) *player {
	t.Helper()
	p := &player{validator: ed25519.GenPrivKeyFromSecret(seed("validator", i))}
	var err error
	if p.private, err = ecdh.X25519().NewPrivateKey(seed("encryption", i)); err != nil {
		t.Fatal(err)
	}
	terms := Terms{
		Chain: testChain, Name: fmt.Sprintf("Member %d", i), CredentialKind: "uscc", Credential: devnet.Credential(i),
		Roles: []string{"financier", "bank"}, Seat: true, SupplierQuota: 10, Threshold: threshold,
		EncryptionKey: hex.EncodeToString(p.private.PublicKey().Bytes()), Nodes: []string{hex.EncodeToString(seed("node", i)[:20])},
		P2P: fmt.Sprintf("node%d.example:26656", i), Gate: fmt.Sprintf("https://node%d.example:26443", i), Pin: hex.EncodeToString(seed("pin", i)),
		Validator: hex.EncodeToString(p.validator.PubKey().Bytes()), Power: 10,
	}
	for k := range keys {
		s, err := key.FromSecret(key.Secp256k1, seed("account", 100*i+k))
		if err != nil {
			t.Fatal(err)
		}
		p.signers = append(p.signers, s)
		terms.Keys = append(terms.Keys, AccountKey{Key: s.Public().String(), Holder: fmt.Sprintf("Holder %d", k)})
	}
	p.offer = NewOffer(terms)
	p.sign(t)
	return p
}

func (p *player) sign(t testing.TB) {
	t.Helper()
	for _, s := range p.signers {
		if err := p.offer.Sign(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.offer.SignValidator(p.validator.Sign); err != nil {
		t.Fatal(err)
	}
}

// consortium is four members, the second with an account of two of three.
func consortium(t testing.TB) ([]*player, *Ceremony) {
	t.Helper()
	all := []*player{newPlayer(t, 0, 1, 1), newPlayer(t, 1, 3, 2), newPlayer(t, 2, 1, 1), newPlayer(t, 3, 1, 1)}
	c := &Ceremony{Chain: testChain, Time: time.Date(2027, 1, 4, 1, 0, 0, 0, time.UTC), UTCOffsetS: 8 * 3600, Parameters: []Parameter{
		{Name: "voucher.tenor_max_days", Value: 180, Source: "six months [77 art. 11]"}, {Name: "voucher.depth_max", Value: 12, Source: "the members"},
	}}
	for _, p := range all {
		c.Offers = append(c.Offers, *p.offer)
	}
	c.Settle()
	return all, c
}

func genesisOf(t testing.TB, c *Ceremony) []byte {
	t.Helper()
	b, err := c.Genesis()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
