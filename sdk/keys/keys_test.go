package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	ethcrypto "github.com/ethereum/go-ethereum/crypto"
	"github.com/splittally/splittally/modules/kernel/key"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The private keys and chain codes of BIP-32's test vectors 1 to 3, as its xprv strings have them.
func TestBIP32Vectors(t *testing.T) {
	const h = hardened
	for name, tc := range map[string]struct {
		seed          string
		path          []uint32
		secret, chain string
	}{
		"1: m": {
			"000102030405060708090a0b0c0d0e0f", nil,
			"e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35", "873dff81c02f525623fd1fe5167eac3a55a049de3d314bb42ee227ffed37d508",
		},
		"1: m/0'": {
			"000102030405060708090a0b0c0d0e0f",
			[]uint32{0 | h},
			"edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea", "47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141",
		},
		"1: m/0'/1/2'/2/1000000000": {
			"000102030405060708090a0b0c0d0e0f",
			[]uint32{0 | h, 1, 2 | h, 2, 1000000000},
			"471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8", "c783e67b921d2beb8f6b389cc646d7263b4145701dadd2161548a8b078e65e9e",
		},
		"3: m, leading zeros kept": {
			"4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be",
			[]uint32{},
			"00ddb80b067e0d4993197fe10f2657a844a384589847602d56f0c629c81aae32", "01d28a3e53cffa419ec122c968b3259e16b65076495494d97cae10bbfec3c36f",
		},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := master(key.Secp256k1, unhex(t, tc.seed))
			for _, i := range tc.path {
				if err == nil {
					k, err = k.child(i)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(k.secret, unhex(t, tc.secret)) || !bytes.Equal(k.chain, unhex(t, tc.chain)) {
				t.Errorf("secret %x, chain code %x", k.secret, k.chain)
			}
		})
	}
}

// The well-known words of Ethereum's development tools, and the addresses that every wallet shows for them.
func TestFromWordsIsWhatWalletsDerive(t *testing.T) {
	const words = "test test test test test test test test test test test junk"
	for index, address := range []string{
		"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
	} {
		s, err := FromWords("  "+strings.ToUpper(words)+"\n", "", uint32(index))
		if err != nil {
			t.Fatal(err)
		}
		pub, err := ethcrypto.DecompressPubkey(s.Public().Bytes)
		if err != nil || ethcrypto.PubkeyToAddress(*pub).Hex() != address {
			t.Errorf("index %d: not %s", index, address)
		}
	}
}

func TestFromWordsRefuses(t *testing.T) {
	const words = "test test test test test test test test test test test"
	for name, tc := range map[string]struct {
		words string
		index uint32
	}{
		"too few":                {words, 0},
		"last word does not fit": {words + " test", 0},
		"no word of the list":    {words + " splittally", 0},
		"index too large":        {words + " junk", hardened},
	} {
		if _, err := FromWords(tc.words, "", tc.index); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNewWordsGiveAKeyAndDiffer(t *testing.T) {
	one, err := NewWords()
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewWords()
	if err != nil || one == other || len(strings.Fields(one)) != 24 {
		t.Fatalf("%v; %d words", err, len(strings.Fields(one)))
	}
	plain, err := FromWords(one, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	salted, err := FromWords(one, "passphrase", 0)
	if err != nil || plain.Public().Equal(salted.Public()) {
		t.Error("the passphrase changes nothing", err)
	}
}

func TestSaveAndLoad(t *testing.T) {
	for _, kind := range []key.Kind{key.Secp256k1, key.P256, key.SM2} {
		t.Run(kind.String(), func(t *testing.T) {
			s, err := key.Generate(kind, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "key.json")
			if err := Save(path, "long enough", s, Light); err != nil {
				t.Fatal(err)
			}
			if err := Save(path, "long enough", s, Light); !errors.Is(err, os.ErrExist) {
				t.Errorf("a key file was replaced: %v", err)
			}
			got, err := Load(path, "long enough")
			if err != nil || !got.Public().Equal(s.Public()) {
				t.Fatalf("%v", err)
			}
			if pub, err := Public(path); err != nil || !pub.Equal(s.Public()) {
				t.Errorf("%v", err)
			}
			if _, err := Load(path, "long enougH"); err == nil {
				t.Error("another passphrase opened it")
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestLoadRefusesAnotherKeysFile(t *testing.T) {
	dir := t.TempDir()
	one, _ := key.Generate(key.P256, rand.Reader)
	other, _ := key.Generate(key.P256, rand.Reader)
	path := filepath.Join(dir, "key.json")
	if err := Save(path, "long enough", one, Light); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	b = bytes.Replace(b, []byte(one.Public().String()), []byte(other.Public().String()), 1)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, "long enough"); err == nil || !strings.Contains(err.Error(), "not the one") {
		t.Errorf("%v", err)
	}
}

// A file from somebody else can neither end the program nor take all memory.
func TestLoadRefusesHostileFiles(t *testing.T) {
	s, _ := key.Generate(key.SM2, rand.Reader)
	path := filepath.Join(t.TempDir(), "key.json")
	if err := Save(path, "long enough", s, Light); err != nil {
		t.Fatal(err)
	}
	good, _ := os.ReadFile(path)
	for name, change := range map[string][2]string{
		"no version":    {`"version": 3`, `"version": 4`},
		"unknown kind":  {`"kind": "sm2"`, `"kind": "sm9"`},
		"another kind":  {`"kind": "sm2"`, `"kind": "p256"`},
		"cipher":        {"aes-128-ctr", "none"},
		"kdf":           {`"scrypt"`, `"pbkdf2"`},
		"no salt":       {`"salt"`, `"sugar"`},
		"no n":          {`"n": 1024`, `"m": 1024`},
		"n as text":     {`"n": 1024`, `"n": "1024"`},
		"n in parts":    {`"n": 1024`, `"n": 1024.5`},
		"n of a bomb":   {`"n": 1024`, `"n": 1073741824`},
		"n beyond int":  {`"n": 1024`, `"n": 1e300`},
		"r of a bomb":   {`"r": 8`, `"r": 1073741824`},
		"r negative":    {`"r": 8`, `"r": -8`},
		"p of a bomb":   {`"p": 6`, `"p": 1000000`},
		"short derived": {`"dklen": 32`, `"dklen": 8`},
		"long derived":  {`"dklen": 32`, `"dklen": 1e18`},
		"short iv":      {`"iv": "`, `"iv": "00", "v": "`},
		"no mac":        {`"mac"`, `"cam"`},
	} {
		b := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(b, good) {
			t.Fatalf("%s changes nothing in %s", name, good)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path, "long enough"); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(path, append(good, bytes.Repeat([]byte(" "), maxFile)...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, "long enough"); err == nil {
		t.Error("a file without end was read")
	}
}

func TestSaveRefuses(t *testing.T) {
	s, _ := key.Generate(key.Secp256k1, rand.Reader)
	if err := Save(filepath.Join(t.TempDir(), "k"), "short", s, Light); err == nil {
		t.Error("a short passphrase was taken")
	}
	if err := Save(filepath.Join(t.TempDir(), "k"), "long enough", token{s}, Light); err == nil {
		t.Error("a token's key was saved")
	}
	if _, err := Load(filepath.Join("testdata", "none"), "long enough"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// token is a key whose secret is elsewhere.
type token struct{ key.Signer }
