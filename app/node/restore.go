package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/cometbft/cometbft/privval"
	"github.com/splittally/splittally/app/files"
	"github.com/splittally/splittally/app/node/headers"
)

const (
	// RestoreMargin is how many blocks above the network's newest a restored validator does not sign either: the old one may
	// have been at work on the next, and a gate may be some blocks behind.
	RestoreMargin = 20
	// restoreFresh is how old the network's newest block may be for it to be the newest.
	restoreFresh = time.Minute
	// SignedBelowMax bounds a height that an operator gives.
	SignedBelowMax = 1 << 40
)

// ErrStale says that the newest block that the gates show is old: the network stands still, or they hide what is newer.
var ErrStale = errors.New("the newest block that the gates show is older than a minute")

// NetworkHeight asks two members' gates for the network's newest height, each header proven from trust, or from the backup's
// genesis where trust is empty.
func (a *Archive) NetworkHeight(ctx context.Context, trust headers.Trust, gates []headers.Gate) (int64, error) {
	if err := headers.CheckMembers(gates); err != nil {
		return 0, fmt.Errorf("gates: %w", err)
	}
	genesis, err := a.Genesis()
	if err != nil {
		return 0, err
	}
	if trust.Height == 0 {
		if trust, err = headers.FromGenesis(ctx, genesis, gates); err != nil {
			return 0, err
		}
	}
	s := headers.New(genesis.ChainID, trust, gates)
	defer s.Close()
	b, err := s.Newest(ctx)
	if err != nil {
		return 0, err
	}
	if age := time.Since(b.Time); age > restoreFresh {
		return b.Height, fmt.Errorf("%w: block %d is %s old", ErrStale, b.Height, age.Round(time.Second))
	}
	return b.Height, nil
}

// Restore writes a backup into a home that has no node, so that its validator signs above signedBelow alone. It is the
// height up to which the old validator may have signed anything; what is signed twice cannot be taken back.
func (a *Archive) Restore(home string, signedBelow int64) (Config, error) {
	if signedBelow < 1 || signedBelow > SignedBelowMax {
		return Config{}, fmt.Errorf("signed-below: %d is outside of 1 to %d", signedBelow, int64(SignedBelowMax))
	}
	c := Config{Home: home}
	if entries, err := os.ReadDir(c.path("data")); err == nil && len(entries) > 0 {
		return c, fmt.Errorf("%s is not empty: restore into a new home, and never over a validator that has signed", c.path("data"))
	}
	for _, f := range backupFiles {
		if _, err := os.Stat(c.path(filepath.FromSlash(f.name))); err == nil {
			return c, fmt.Errorf("%s is there already: restore into a new home", c.path(filepath.FromSlash(f.name)))
		}
	}
	for _, d := range []string{c.path("config"), c.path("data")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return c, err
		}
	}
	// First what keeps it from signing, then what it signs with.
	last := signStateAt(c.Engine().PrivValidatorStateFile(), privval.FilePVLastSignState{Height: signedBelow, Round: neverRound, Step: stepPrecommit})
	last.Save()
	for _, f := range backupFiles {
		if b, ok := a.Files[f.name]; ok {
			if err := files.New(c.path(filepath.FromSlash(f.name)), b); err != nil {
				return c, err
			}
		}
	}
	return Load(home)
}
