package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/cometbft/cometbft/consensus"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
)

// ballot is one thing that a validator may sign once.
type ballot struct {
	who    string // address; empty for the proposer of the round
	height int64
	round  int32
	step   cmtproto.SignedMsgType
}

// votes are what was signed, as everybody's write-ahead logs have it: what a node signed itself, and what it saw of others.
type votes struct {
	signed map[ballot][][]byte // the blocks' hashes
	count  int
}

func newVotes() *votes { return &votes{signed: map[ballot][][]byte{}} }

// add takes one signature down.
func (v *votes) add(b ballot, block []byte) {
	v.count++
	if !slices.ContainsFunc(v.signed[b], func(have []byte) bool { return bytes.Equal(have, block) }) {
		v.signed[b] = append(v.signed[b], bytes.Clone(block))
	}
}

// doubles lists what was signed twice.
func (v *votes) doubles() (out []string) {
	for b, blocks := range v.signed {
		if len(blocks) > 1 {
			who := "validator " + b.who
			if b.who == "" {
				who = "the proposer"
			}
			out = append(out, fmt.Sprintf("%s signed %s of height %d, round %d for %d blocks: %X", who, b.step, b.height, b.round, len(blocks), blocks))
		}
	}
	slices.Sort(out)
	return out
}

// read takes down what one node's write-ahead log has, in all its files. A torn end, as a kill leaves it, ends a file.
func (v *votes) read(home string) error {
	files, err := filepath.Glob(filepath.Join(home, "data", "cs.wal", "wal*"))
	if err != nil || len(files) == 0 {
		return errors.Join(err, fmt.Errorf("%s has no write-ahead log", home))
	}
	for _, name := range files {
		f, err := os.Open(name) //nolint:gosec // a network of our own
		if err != nil {
			return err
		}
		v.decode(f)
		f.Close()
	}
	return nil
}

func (v *votes) decode(r io.Reader) {
	d := consensus.NewWALDecoder(r)
	for {
		m, err := d.Decode()
		if err != nil {
			return
		}
		v.take(m.Msg)
	}
}

func (v *votes) take(m consensus.WALMessage) {
	// The engine does not name the type of what it received, but encodes it.
	pb, err := consensus.WALToProto(m)
	if err != nil {
		return
	}
	info := pb.GetMsgInfo()
	if info == nil {
		return
	}
	if vote := info.Msg.GetVote(); vote != nil && vote.Vote != nil {
		one := vote.Vote
		v.add(ballot{types.Address(one.ValidatorAddress).String(), one.Height, one.Round, one.Type}, one.BlockID.Hash)
	}
	if p := info.Msg.GetProposal(); p != nil {
		v.add(ballot{"", p.Proposal.Height, p.Proposal.Round, p.Proposal.Type}, p.Proposal.BlockID.Hash)
	}
}

// signedOnce judges that no validator of a cluster has signed twice.
func (c *cluster) signedOnce(s *stage) error {
	v := newVotes()
	for _, conf := range c.net.Nodes {
		if err := v.read(conf.Home); err != nil {
			return err
		}
	}
	for _, d := range v.doubles() {
		s.broken("signed twice: %s", d)
	}
	s.verdict.figure("votes and proposals compared", v.count)
	return nil
}
