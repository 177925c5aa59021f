package light

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
)

// MaxBlockBytes bounds an encoded light block: a hundred validators need about 30 KB.
const MaxBlockBytes = 1 << 20

// Decode reads an encoded light block of a chain and checks its form.
func Decode(chain string, b []byte) (*types.LightBlock, error) {
	if len(b) > MaxBlockBytes {
		return nil, fmt.Errorf("%w: a light block of %d bytes", ErrForged, len(b))
	}
	pb := &cmtproto.LightBlock{}
	if err := pb.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	}
	block, err := types.LightBlockFromProto(pb)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForged, err)
	}
	return block, checkForm(block, chain)
}

// checkForm checks that the parts of a block fit each other; its signatures are judged elsewhere. A validator's address
// is in no hash, so that it must be the one of its key.
func checkForm(b *types.LightBlock, chain string) error {
	if err := b.ValidateBasic(chain); err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	for _, v := range b.ValidatorSet.Validators {
		if !bytes.Equal(v.Address, v.PubKey.Address()) {
			return fmt.Errorf("%w: a validator has another address than its key", ErrForged)
		}
	}
	return nil
}

// Encode writes a light block as Decode reads it.
func Encode(b *types.LightBlock) ([]byte, error) {
	pb, err := b.ToProto()
	if err != nil {
		return nil, err
	}
	return pb.Marshal()
}

// Load reads the trusted block of a file; nil where there is none.
func Load(file, chain string) (*types.LightBlock, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	block, err := Decode(chain, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove the file to begin again from a trusted header", file, err)
	}
	return block, nil
}

func save(file string, b *types.LightBlock) error {
	if file == "" {
		return nil
	}
	raw, err := Encode(b)
	if err != nil {
		return err
	}
	return WriteFile(file, raw)
}

// WriteFile replaces a file whole, so that a crash leaves the old one or the new one.
func WriteFile(file string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already where all went well
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
