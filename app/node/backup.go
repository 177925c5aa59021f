package node

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/files"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/scrypt"
)

// A backup in one file: the magic, a salt, a nonce, and the sealed content, which is JSON. The key is scrypt's of the
// passphrase and the salt (N 2^17, r 8, p 1: 128 MiB and about half a second a guess), the seal XChaCha20-Poly1305 over the
// content with all before it. It has never what the validator signed last: put back, that would be old.
const (
	backupMagic     = "STBACK1\n"
	backupSaltBytes = 32
	backupHeadBytes = len(backupMagic) + backupSaltBytes + chacha20poly1305.NonceSizeX
	backupBytesMax  = 256 << 20
	scryptN         = 1 << 17
	scryptR         = 8
	scryptP         = 1
	passphraseMin   = 8
)

// backupFiles are what a backup may hold, and what of it must be there.
var backupFiles = []struct {
	name string
	must bool
}{
	{"config/tallyd.toml", true},
	{"config/genesis.json", true},
	{"config/node_key.json", true},
	{"config/gate.key", true},
	{"config/gate.crt", true},
	{"config/priv_validator_key.json", false}, // a remote signer may have it
	{"config/signer_key.json", false},
}

// ErrBackup says that a file is no backup, or is damaged, or that the passphrase is another.
var ErrBackup = errors.New("the passphrase is wrong, or the file is no backup or is damaged")

// Archive is what a backup holds.
type Archive struct {
	Chain     string            `json:"chain"`
	Member    string            `json:"member"`
	MadeUnixS int64             `json:"made_unix_s"`
	Files     map[string][]byte `json:"files"`
}

// Backup writes a home's keys, configuration and genesis into a new file, sealed under a passphrase of at least 8 bytes.
// The node may run. The data is not in it: a restored node gets it from its peers.
func Backup(c Config, passphrase, file string) (*Archive, error) {
	a, err := gatherBackup(c)
	if err != nil {
		return nil, err
	}
	b, err := a.seal(passphrase)
	if err != nil {
		return nil, err
	}
	return a, files.New(file, b)
}

func gatherBackup(c Config) (*Archive, error) {
	a := &Archive{Member: c.Member, MadeUnixS: time.Now().Unix(), Files: map[string][]byte{}}
	for _, f := range backupFiles {
		b, err := os.ReadFile(c.path(filepath.FromSlash(f.name)))
		switch {
		case err == nil:
			a.Files[f.name] = b
		case f.must || !errors.Is(err, os.ErrNotExist):
			return nil, err
		}
	}
	genesis, err := types.GenesisDocFromJSON(a.Files["config/genesis.json"])
	if err != nil {
		return nil, fmt.Errorf("the genesis file cannot be read: %w", err)
	}
	a.Chain = genesis.ChainID
	return a, a.check()
}

func (a *Archive) seal(passphrase string) ([]byte, error) {
	if len(passphrase) < passphraseMin {
		return nil, fmt.Errorf("a passphrase has at least %d bytes", passphraseMin)
	}
	content, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	head := append([]byte(backupMagic), make([]byte, backupHeadBytes-len(backupMagic))...)
	if _, err := rand.Read(head[len(backupMagic):]); err != nil {
		return nil, err
	}
	key, err := scrypt.Key([]byte(passphrase), saltOf(head), scryptN, scryptR, scryptP, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return sealWith(key, head, content)
}

func saltOf(head []byte) []byte { return head[len(backupMagic):][:backupSaltBytes] }

func nonceOf(head []byte) []byte { return head[len(backupMagic)+backupSaltBytes : backupHeadBytes] }

func sealWith(key, head, content []byte) ([]byte, error) {
	box, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	return box.Seal(bytes.Clone(head), nonceOf(head), content, head), nil
}

// OpenBackup reads a backup. ErrBackup: it cannot be opened.
func OpenBackup(r io.Reader, passphrase string) (*Archive, error) {
	b, err := io.ReadAll(io.LimitReader(r, backupBytesMax+1))
	if err != nil {
		return nil, err
	}
	if err := checkBackupHead(b); err != nil {
		return nil, err
	}
	key, err := scrypt.Key([]byte(passphrase), saltOf(b), scryptN, scryptR, scryptP, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return openWith(key, b)
}

func checkBackupHead(b []byte) error {
	if len(b) > backupBytesMax || len(b) < backupHeadBytes+chacha20poly1305.Overhead || string(b[:len(backupMagic)]) != backupMagic {
		return ErrBackup
	}
	return nil
}

func openWith(key, b []byte) (*Archive, error) {
	if err := checkBackupHead(b); err != nil {
		return nil, err
	}
	box, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	content, err := box.Open(nil, nonceOf(b), b[backupHeadBytes:], b[:backupHeadBytes])
	if err != nil {
		return nil, ErrBackup
	}
	return parseArchive(content)
}

func parseArchive(content []byte) (*Archive, error) {
	a := &Archive{}
	if err := files.DecodeJSON(content, a); err != nil {
		return nil, fmt.Errorf("%w: its content cannot be read: %w", ErrBackup, err)
	}
	return a, a.check()
}

// check judges that a backup holds what a node needs, and nothing that would be written elsewhere.
func (a *Archive) check() error {
	for _, f := range backupFiles {
		if f.must && len(a.Files[f.name]) == 0 {
			return fmt.Errorf("%w: it has no %s", ErrBackup, f.name)
		}
	}
	for name := range a.Files {
		if !slices.ContainsFunc(backupFiles, func(f struct {
			name string
			must bool
		},
		) bool {
			return f.name == name
		}) {
			return fmt.Errorf("%w: it has a file %.100q", ErrBackup, name)
		}
	}
	if b, ok := a.Files["config/priv_validator_key.json"]; ok {
		if err := cmtjson.Unmarshal(b, &privval.FilePVKey{}); err != nil {
			return fmt.Errorf("%w: its validator key cannot be read: %w", ErrBackup, err)
		}
	}
	return nil
}

// Genesis is the network's genesis in the backup.
func (a *Archive) Genesis() (*types.GenesisDoc, error) {
	g, err := types.GenesisDocFromJSON(a.Files["config/genesis.json"])
	if err != nil {
		return nil, fmt.Errorf("%w: its genesis: %w", ErrBackup, err)
	}
	return g, nil
}
