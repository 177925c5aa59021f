package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/sdk"
)

// The nodes of the equivocate scenario: two processes with one validator key, each with some of the others as peers.
const (
	twinA = 3
	twinB = 4
)

// peersOf is who connects to whom: the twins never to each other.
var peersOf = [][]int{{1, 2, twinA}, {0, 2, twinB}, {0, 1, twinB}, {0}, {1, 2}}

func runEquivocate(ctx context.Context, s *stage) error {
	c, err := layOut(s, devnet.Options{Validators: validators, FullNode: true})
	if err != nil {
		return err
	}
	if err := c.makeTwins(); err != nil {
		return err
	}
	err = playEquivocate(ctx, s, c)
	return errors.Join(err, c.stop())
}

// makeTwins gives the full node the key of a validator, and each node the peers that it is to have.
func (c *cluster) makeTwins() error {
	key, err := os.ReadFile(c.net.Nodes[twinA].Engine().PrivValidatorKeyFile())
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.net.Nodes[twinB].Engine().PrivValidatorKeyFile(), key, 0o600); err != nil {
		return err
	}
	return c.connect(peersOf)
}

// connect writes who is whose peer into the nodes' configurations.
func (c *cluster) connect(peers [][]int) error {
	for i, list := range peers {
		c.net.Nodes[i].Peers = []string{}
		for _, j := range list {
			c.net.Nodes[i].Peers = append(c.net.Nodes[i].Peers, c.net.IDs[j].PeerID+"@"+c.net.Nodes[j].P2PListen)
		}
		if err := c.net.Nodes[i].Save(); err != nil {
			return err
		}
	}
	return nil
}

func playEquivocate(ctx context.Context, s *stage, c *cluster) error {
	honest := []int{0, 1, 2}
	if err := c.start(); err != nil {
		return err
	}
	if err := errors.Join(c.ready(ctx, honest...), c.reach(ctx, readyWithin, 2, honest...)); err != nil {
		return err
	}
	l, err := prepare(ctx, c, false)
	if err != nil {
		return err
	}
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	l.begin(work, s.seed, 0, 2)
	began := time.Now()
	found, err := awaitEvidence(ctx, s, c)
	if len(found) > 0 {
		s.accused(ctx, c, l)
	}
	l.stop()
	s.verdict.figure("blocks with evidence", len(found))
	s.verdict.figure("evidence after, s", float64(time.Since(began).Milliseconds())/1000)
	s.verdict.figure("load", l.ledger.String())
	if len(found) == 0 {
		s.broken("no evidence stands in a block after %s", s.time)
	}
	if err := errors.Join(err, c.advance(ctx, readyWithin, 3, honest...)); err != nil {
		s.broken("the chain does not go on: %v", err)
		return err
	}
	if err := c.agree(ctx, 1<<20, honest...); err != nil {
		s.broken("%v", err)
	}
	if err := c.stop(); err != nil {
		s.broken("%v", err)
	}
	return judgeTwins(s, c, l.ledger.all())
}

// accused judges that the chain has written the offence down: a record that an honest node proves. Of four validators none is
// removed for it.
func (s *stage) accused(ctx context.Context, c *cluster, l *load) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	address, rec := ed25519.PubKey(c.net.IDs[twinA].Validator).Address(), &governancev1.Accusation{}
	role := c.net.Role("regulator")
	conn, err := sdk.Dial(ctx, sdk.Config{Endpoints: []sdk.Endpoint{c.endpoint(0), c.endpoint(1)}, Trust: l.trust, Account: role.Account, Signer: role.Signer})
	if err != nil {
		s.broken("an honest node cannot be asked: %v", err)
		return
	}
	defer conn.Close() //nolint:errcheck // nothing is kept
	var found bool
	err = until(ctx, answerWithin, "no record", func() bool {
		var err error
		_, found, err = conn.Get(ctx, governancev1.AccusationKey(address), rec)
		return err == nil && found
	})
	switch {
	case err != nil || !found:
		s.broken("no record of the offence is proven: %v", err)
	case !bytes.Equal(rec.Address, address) || rec.Count < 1 || rec.Removed || !bytes.Equal(rec.PublicKey, c.net.IDs[twinA].Validator):
		s.broken("the record of the offence says something else: %v", rec)
	default:
		s.verdict.figure("proven offences", rec.Count)
	}
}

// awaitEvidence follows the chain until enough of its headers say that their blocks have evidence.
func awaitEvidence(ctx context.Context, s *stage, c *cluster) (found []int64, err error) {
	none := types.EvidenceList(nil).Hash()
	end := time.Now().Add(s.time)
	for h := int64(2); len(found) < s.count && time.Now().Before(end); {
		b, err := c.gates[0].block(ctx, h)
		if err != nil {
			if err := pause(ctx, pollStep); err != nil {
				return found, err
			}
			continue
		}
		if !bytes.Equal(b.EvidenceHash, none) {
			found = append(found, h)
			s.log.say("evidence in block %d", h)
		}
		h++
	}
	return found, nil
}

// judgeTwins judges the honest nodes' chains, and that the harness saw what it set up: signatures that exclude each other.
func judgeTwins(s *stage, c *cluster, acks []ack) error {
	v := newVotes()
	var all []*archive
	defer func() { closeArchives(all) }()
	for i := range c.nodes {
		a, err := openArchive(c.nodes[i].name, c.net.Nodes[i])
		if err != nil {
			return err
		}
		all = append(all, a)
		if err := v.read(c.net.Nodes[i].Home); err != nil {
			return err
		}
	}
	out, err := compareChains(all)
	if err != nil {
		s.broken("%v", err)
	}
	for _, a := range all[:3] {
		if err := keptBy(a, acks); err != nil {
			s.broken("%v", err)
		}
	}
	s.verdict.figure("blocks compared", out.heights)
	s.verdict.figure("pieces of evidence", out.evidence)
	s.verdict.figure("blocks of more than one round", out.rounds)
	s.verdict.figure("signed twice", len(v.doubles()))
	for i, a := range all {
		s.verdict.figure("height of "+c.nodes[i].name, a.blocks.Height())
	}
	if len(v.doubles()) == 0 {
		return fmt.Errorf("the twins never signed for two blocks: this shows nothing")
	}
	return nil
}
