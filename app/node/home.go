package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
)

// Identity is what a node shows to others.
type Identity struct {
	PeerID    string // 40 hex digits
	Validator []byte // Ed25519 public key; none where a remote signer has it
	Pin       string // sha256 of the gate certificate's public key, hex
}

// certificateLife is long: clients pin the key, and nobody else vouches for it.
const certificateLife = 10 * 365 * 24 * time.Hour

// MakeHome makes a node's folder with new keys. It refuses a folder that has keys already: overwriting a validator's
// key loses it, and its state is what keeps it from signing twice.
func MakeHome(c Config) (Identity, error) {
	if err := c.Check(); err != nil {
		return Identity{}, err
	}
	e := c.Engine()
	for _, f := range []string{e.NodeKeyFile(), e.PrivValidatorKeyFile(), e.PrivValidatorStateFile(), c.GateKeyFile()} {
		if _, err := os.Stat(f); err == nil {
			return Identity{}, fmt.Errorf("%s is there already: choose another --home, or move the old node away", f)
		}
	}
	for _, d := range []string{c.path("config"), c.path("data")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return Identity{}, err
		}
	}
	if _, err := p2p.LoadOrGenNodeKey(e.NodeKeyFile()); err != nil {
		return Identity{}, err
	}
	privval.GenFilePV(e.PrivValidatorKeyFile(), e.PrivValidatorStateFile()).Save()
	if err := makeCertificate(c); err != nil {
		return Identity{}, err
	}
	return ReadIdentity(c)
}

// ReadIdentity reads what MakeHome made.
func ReadIdentity(c Config) (Identity, error) {
	e := c.Engine()
	key, err := p2p.LoadNodeKey(e.NodeKeyFile())
	if err != nil {
		return Identity{}, err
	}
	ident := Identity{PeerID: string(key.ID())}
	if ident.Validator, err = validatorPublic(e); err != nil {
		return Identity{}, err
	}
	ident.Pin, err = Pin(c.GateCertFile())
	return ident, err
}

// Pin is the sha256 of the public key of a certificate file: what clients know a gate by.
func Pin(file string) (string, error) {
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return "", fmt.Errorf("%s holds no certificate", file)
	}
	pin, err := pinOf(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return hex.EncodeToString(pin[:]), nil
}

func pinOf(der []byte) ([32]byte, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(cert.RawSubjectPublicKeyInfo), nil
}

// makeCertificate makes the gate's key and a certificate that signs itself.
func makeCertificate(c Config) error {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(c.GateListen)
	if err != nil {
		return err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "splittally gate"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"},
	}
	if ip := net.ParseIP(host); ip != nil {
		t.IPAddresses = []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, priv.Public(), priv)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.GateKeyFile(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(c.GateCertFile(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return err
	}
	_, err = tls.LoadX509KeyPair(c.GateCertFile(), c.GateKeyFile())
	return err
}
