package keys

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/splittally/splittally/modules/kernel/key"
)

// Bounds of a key file.
const (
	version = 3
	maxFile = 64 << 10
	// minPassphrase is in bytes; scrypt makes each guess cost about a second of one core.
	minPassphrase = 8
	// maxScryptBytes and maxScryptRounds bound what opening a file may cost, whoever wrote it.
	maxScryptBytes  = 1 << 30
	maxScryptRounds = 16
	saltBytes       = 32
	derivedBytes    = 32
	secretBytes     = 32
	ivBytes         = 16
)

// file is a key in the Web3 Secret Storage format, version 3, with the kind and the public key in place of an address,
// so that a file can be told from another without its passphrase.
type file struct {
	Version int                 `json:"version"`
	Kind    string              `json:"kind"`
	Public  string              `json:"public"` // kind:hex
	Crypto  keystore.CryptoJSON `json:"crypto"`
}

// Cost is the work that a guess of the passphrase takes.
type Cost struct{ n, p int }

// Standard is for keys that matter: 256 MB and about a second. Light is for tests and development.
var (
	Standard = Cost{keystore.StandardScryptN, keystore.StandardScryptP}
	Light    = Cost{keystore.LightScryptN >> 2, keystore.LightScryptP}
)

// Save writes a key, encrypted under a passphrase, to a new file. A key that is kept elsewhere, such as in a token, has
// no secret to save.
func Save(path, passphrase string, s key.Signer, cost Cost) error {
	local, ok := s.(interface{ Secret() []byte })
	if !ok {
		return errors.New("this key's secret is not in this process: it is kept where it is")
	}
	if len(passphrase) < minPassphrase {
		return fmt.Errorf("a passphrase has at least %d bytes", minPassphrase)
	}
	c, err := keystore.EncryptDataV3(local.Secret(), []byte(passphrase), cost.n, cost.p)
	if err != nil {
		return err
	}
	pub := s.Public()
	b, err := json.MarshalIndent(file{Version: version, Kind: pub.Kind.String(), Public: pub.String(), Crypto: c}, "", " ")
	if err != nil {
		return err
	}
	return writeNew(path, append(b, '\n'))
}

// writeNew never replaces a file: it could be the only copy of another key.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half a key is none, and would be in the way
	}
	return nil
}

// Load reads a key that Save wrote.
func Load(path, passphrase string) (key.Signer, error) {
	f, kind, err := read(path)
	if err != nil {
		return nil, err
	}
	if err := checkCrypto(f.Crypto); err != nil {
		return nil, fmt.Errorf("%s: the file is damaged: %w", path, err)
	}
	secret, err := keystore.DecryptDataV3(f.Crypto, passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: the passphrase is wrong, or the file is damaged: %w", path, err)
	}
	s, err := key.FromSecret(kind, secret)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.Public().String() != f.Public {
		return nil, fmt.Errorf("%s: the key inside is not the one that the file names", path)
	}
	return s, nil
}

// Public reads whose key a file has, which needs no passphrase and is not proven until Load.
func Public(path string) (key.Public, error) {
	f, _, err := read(path)
	if err != nil {
		return key.Public{}, err
	}
	return key.ParseString(f.Public)
}

func read(path string) (*file, key.Kind, error) {
	opened, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer opened.Close() // it was only read
	b, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err != nil {
		return nil, 0, err
	}
	f := &file{}
	if len(b) > maxFile || json.Unmarshal(b, f) != nil || f.Version != version {
		return nil, 0, fmt.Errorf("%s is no key file of version %d", path, version)
	}
	kind, err := key.KindOf(f.Kind)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return f, kind, nil
}

// checkCrypto refuses what the library would panic at, or take all memory for.
func checkCrypto(c keystore.CryptoJSON) error {
	if c.Cipher != "aes-128-ctr" || c.KDF != "scrypt" {
		return fmt.Errorf("%.40q under %.40q is not the form that Save writes", c.Cipher, c.KDF)
	}
	salt, _ := c.KDFParams["salt"].(string)
	for _, field := range []struct {
		name, digits string
		size         int
	}{{"salt", salt, saltBytes}, {"iv", c.CipherParams.IV, ivBytes}, {"ciphertext", c.CipherText, secretBytes}, {"mac", c.MAC, derivedBytes}} {
		if b, err := hex.DecodeString(field.digits); err != nil || len(b) != field.size {
			return fmt.Errorf("its %s is not %d bytes in hex", field.name, field.size)
		}
	}
	n, r, p := c.KDFParams["n"], c.KDFParams["r"], c.KDFParams["p"]
	cost := [3]float64{}
	for i, v := range []any{n, r, p} {
		cost[i], _ = v.(float64)
		if cost[i] < 1 || cost[i] != math.Trunc(cost[i]) {
			return errors.New("scrypt's n, r and p are whole numbers from 1")
		}
	}
	if 128*cost[0]*cost[1] > maxScryptBytes || cost[2] > maxScryptRounds || c.KDFParams["dklen"] != float64(derivedBytes) {
		return fmt.Errorf("scrypt would take more than %d MB, or %d rounds, or give no %d bytes", maxScryptBytes>>20, maxScryptRounds, derivedBytes)
	}
	return nil
}
