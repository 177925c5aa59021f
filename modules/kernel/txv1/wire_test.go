package txv1_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

func body() *txv1.Body {
	return &txv1.Body{
		ChainId: "c", Sender: []byte{1}, Id: []byte{2}, ExpiresUnixS: 300, Lane: []byte{3},
		Calls: []*txv1.Call{{As: []byte{4}, Method: "a.B", Message: []byte{5}}}, AttachmentsDigest: []byte{6},
	}
}

// The body's bytes, for other languages: fields in order of number, defaults left out.
func TestBodyGolden(t *testing.T) {
	b, err := txv1.Encode(body())
	const want = "0a0163" + "120101" + "1a0102" + "20ac02" + "2a0103" + "320b" + "0a0104" + "1203612e42" + "1a0105" + "3a0106"
	if err != nil || hex.EncodeToString(b) != want {
		t.Errorf("%x, want %s (%v)", b, want, err)
	}
}

// Hash and digest are domain-separated hashes of the bytes; the digest binds chain and purpose too.
func TestHashAndDigest(t *testing.T) {
	b := []byte("body")
	if txv1.Hash(b) != id.Hash("transaction", b) {
		t.Error("hash")
	}
	d := txv1.Digest("c", b)
	if want := id.Hash("splittally/sign/v1", []byte("c"), []byte("transaction"), b); !bytes.Equal(d, want[:]) {
		t.Errorf("digest %x", d)
	}
	if bytes.Equal(d, txv1.Digest("d", b)) || bytes.Equal(d, key.Digest("c", "session", b)) {
		t.Error("chain or purpose play no part")
	}
}

func signers(t *testing.T) []key.Signer {
	t.Helper()
	var out []key.Signer
	for i, k := range []key.Kind{key.P256, key.Secp256k1, key.Secp256k1, key.P256} {
		secret := make([]byte, 32)
		secret[31] = byte(i) + 1
		s, err := key.FromSecret(k, secret)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// Signatures stand in their one order, whoever signs first, and each fits.
func TestSign(t *testing.T) {
	all := signers(t)
	raw, name, err := txv1.Sign(body(), all...)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := txv1.Sign(body(), all[3], all[2], all[1], all[0])
	if err != nil || !bytes.Equal(raw, again) {
		t.Error("another order of signers makes other bytes", err)
	}
	tx := &txv1.Transaction{}
	if err := proto.Unmarshal(raw, tx); err != nil || txv1.Hash(tx.Body) != name || len(tx.Signatures) != 4 {
		t.Fatal(err, tx)
	}
	var last []byte
	for _, s := range tx.Signatures {
		order := append([]byte{byte(s.Kind)}, s.PublicKey...)
		if bytes.Compare(last, order) >= 0 {
			t.Errorf("%x stands behind %x", order, last)
		}
		last = order
		if err := key.Verify(key.Public{Kind: key.Kind(s.Kind), Bytes: s.PublicKey}, txv1.Digest("c", tx.Body), s.Signature); err != nil {
			t.Error(err)
		}
	}
}

// refusing is a signer whose token is gone.
type refusing struct{ key.Signer }

var errGone = errors.New("the token is gone")

func (refusing) Sign([]byte) ([]byte, error) { return nil, errGone }

func TestSignFails(t *testing.T) {
	if _, _, err := txv1.Sign(body(), signers(t)[0], refusing{}); !errors.Is(err, errGone) {
		t.Error(err)
	}
	b := body()
	b.Calls[0].Method = "\xff"
	if _, _, err := txv1.Sign(b); err == nil {
		t.Error("a body that cannot be encoded was signed")
	}
}

func TestCallOf(t *testing.T) {
	m := &txv1.Signature{Kind: 1}
	if got := txv1.MethodOf(m); got != "tx.Signature" {
		t.Error(got)
	}
	as := id.Hash("account")
	c, err := txv1.CallOf(as, m)
	if err != nil || c.Method != "tx.Signature" || !bytes.Equal(c.As, as[:]) || !bytes.Equal(c.Message, []byte{8, 1}) {
		t.Error(c, err)
	}
	if c, err = txv1.CallOf(id.ID{}, m); err != nil || c.As != nil {
		t.Error("the sender is named by nothing:", c, err)
	}
}
