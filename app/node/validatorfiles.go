package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	cfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/privval"
)

// ReadValidatorKey reads a validator's key file. The engine's own reader ends the process on a file that is damaged.
func ReadValidatorKey(file string) (*privval.FilePVKey, error) {
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, err
	}
	k := &privval.FilePVKey{}
	if err := cmtjson.Unmarshal(b, k); err != nil {
		return nil, err
	}
	if k.PubKey == nil || k.PrivKey == nil || !bytes.Equal(k.PrivKey.PubKey().Bytes(), k.PubKey.Bytes()) {
		return nil, errors.New("its public key is not that of its secret key")
	}
	return k, nil
}

// ReadSignState reads what a validator signed last. A file that is not there is an error, because it is what keeps a
// validator from signing twice.
func ReadSignState(file string) (last privval.FilePVLastSignState, err error) {
	b, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return last, err
	}
	return last, cmtjson.Unmarshal(b, &last)
}

// readSignState is ReadSignState for a node or signer that starts.
func readSignState(file string) (privval.FilePVLastSignState, error) {
	last, err := ReadSignState(file)
	if err != nil {
		err = fmt.Errorf("what this validator signed last cannot be read: %s: %w; 'tallyd restore' makes a safe one anew", file, err)
	}
	return last, err
}

// openValidator opens a validator's key with its memory, both read before the engine reads them.
func openValidator(e *cfg.Config) (*privval.FilePV, error) {
	if _, err := ReadValidatorKey(e.PrivValidatorKeyFile()); err != nil {
		return nil, fmt.Errorf("the validator's key cannot be read: %s: %w; put it back from a backup", e.PrivValidatorKeyFile(), err)
	}
	if _, err := readSignState(e.PrivValidatorStateFile()); err != nil {
		return nil, err
	}
	return privval.LoadFilePV(e.PrivValidatorKeyFile(), e.PrivValidatorStateFile()), nil
}

// validatorPublic is the public key in a home's validator key file; empty where there is none.
func validatorPublic(e *cfg.Config) ([]byte, error) {
	k, err := ReadValidatorKey(e.PrivValidatorKeyFile())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("the validator's key cannot be read: %s: %w", e.PrivValidatorKeyFile(), err)
	}
	return k.PubKey.Bytes(), nil
}

// signStateAt is a sign state that can be saved in a file.
func signStateAt(file string, last privval.FilePVLastSignState) privval.FilePVLastSignState {
	own := privval.NewFilePV(ed25519.GenPrivKey(), "", file).LastSignState // nobody else sets the file
	own.Height, own.Round, own.Step, own.Signature, own.SignBytes = last.Height, last.Round, last.Step, last.Signature, last.SignBytes
	return own
}
