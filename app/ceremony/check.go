package ceremony

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/store"
)

// Report is what a check of a genesis has found.
type Report struct {
	// Hash is the SHA-256 of the genesis file, hex: what members read to each other.
	Hash     string   `json:"hash"`
	Words    []string `json:"words"`
	Faults   []string `json:"faults"`
	Warnings []string `json:"warnings"`
}

// Hash is the SHA-256 of a genesis file, hex.
func Hash(genesis []byte) string {
	h := sha256.Sum256(genesis)
	return hex.EncodeToString(h[:])
}

// Check judges a genesis file against the ceremony that it is said to come from: every offer and signature, that the
// file is what these offers make and nothing else, that it runs, and that each offer known, such as one's own, is in it
// unchanged.
func Check(genesis []byte, c *Ceremony, known ...*Offer) *Report {
	r := &Report{Hash: Hash(genesis), Words: []string{}}
	faults, warnings := c.Check()
	r.Faults, r.Warnings = append([]string{}, faults...), append([]string{}, warnings...)
	r.Faults = append(r.Faults, c.missing(known)...)
	doc, err := types.GenesisDocFromJSON(genesis)
	if err != nil {
		r.Faults = append(r.Faults, "this is no genesis file: "+err.Error())
		return r
	}
	words, err := read(doc)
	if err != nil {
		r.Faults = append(r.Faults, err.Error())
		return r
	}
	r.Words = words
	r.Faults = append(r.Faults, c.differences(genesis, words)...)
	if err := dryRun(doc); err != nil {
		r.Faults = append(r.Faults, "it does not run: "+err.Error())
	}
	return r
}

// missing names the offers that are known and are not among the ceremony's as they are.
func (c *Ceremony) missing(known []*Offer) []string {
	var out []string
	for _, o := range known {
		i := slices.IndexFunc(c.Offers, func(x Offer) bool { return x.Terms.Credential == o.Terms.Credential })
		switch {
		case i < 0:
			out = append(out, fmt.Sprintf("the offer of %s is not in it", o.Terms.Name))
		case !bytes.Equal(c.Offers[i].Terms.content(), o.Terms.content()):
			out = append(out, fmt.Sprintf("the offer of %s was changed: it is not the one in this folder", o.Terms.Name))
		}
	}
	return out
}

// differences names what the genesis says and the offers do not, and the other way round.
func (c *Ceremony) differences(genesis []byte, words []string) []string {
	made, err := c.Genesis()
	if err != nil {
		return []string{"the offers make no genesis: " + err.Error()}
	}
	if bytes.Equal(made, genesis) {
		return nil
	}
	doc, err := types.GenesisDocFromJSON(made)
	if err != nil {
		return []string{"the offers make no genesis: " + err.Error()}
	}
	ours, err := read(doc)
	if err != nil {
		return []string{"the offers make no genesis: " + err.Error()}
	}
	var out []string
	for _, line := range words {
		if !slices.Contains(ours, line) {
			out = append(out, "the genesis says, and the offers do not: "+line)
		}
	}
	for _, line := range ours {
		if !slices.Contains(words, line) {
			out = append(out, "the offers say, and the genesis does not: "+line)
		}
	}
	if len(out) == 0 {
		out = append(out, "the genesis is not, byte for byte, what 'tallyd genesis assemble' makes of these offers")
	}
	return out
}

// The caches of a chain of one block.
const dryCacheMiB = 32

// dryRun begins the chain on a folder that is thrown away: genesis, one empty block, every invariant.
func dryRun(doc *types.GenesisDoc) (err error) {
	dir, err := os.MkdirTemp("", "tallyd-genesis-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a, err := app.Open(app.Options{
		Chain: doc.ChainID, Fail: func(string) {},
		Store: store.Options{Dir: dir, NoSync: true, NodeCacheMiB: dryCacheMiB, BlockCacheMiB: dryCacheMiB, WriteBufferMiB: dryCacheMiB},
	})
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		err = errors.Join(err, a.Close())
	}()
	return firstBlock(a, doc)
}

func firstBlock(a *app.App, doc *types.GenesisDoc) error {
	listed := make([]*types.Validator, len(doc.Validators))
	for i, v := range doc.Validators {
		listed[i] = types.NewValidator(v.PubKey, v.Power)
	}
	x, params := app.NewABCI(a), doc.ConsensusParams.ToProto()
	began, err := x.InitChain(context.Background(), &abci.RequestInitChain{
		Validators: types.TM2PB.ValidatorUpdates(types.NewValidatorSet(listed)), ChainId: doc.ChainID, Time: doc.GenesisTime,
		AppStateBytes: doc.AppState, InitialHeight: doc.InitialHeight, ConsensusParams: &params,
	})
	if err != nil {
		return err
	}
	if len(began.Validators) == 0 {
		return errors.New("it makes no validators")
	}
	hash := sha256.Sum256(doc.AppState)
	if _, err := x.FinalizeBlock(context.Background(), &abci.RequestFinalizeBlock{Height: 1, Time: doc.GenesisTime, Hash: hash[:]}); err != nil {
		return err
	}
	if _, err := x.Commit(context.Background(), &abci.RequestCommit{}); err != nil {
		return err
	}
	return a.CheckInvariants()
}
