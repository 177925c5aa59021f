package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/splittally/splittally/app/node"
)

// database judges whether the data can be opened, and who holds it.
func database(_ context.Context, p *patient) []Finding {
	if p.locked && p.own.hello == nil {
		return []Finding{fault("Look what the process does: 'tallyd verify' and 'export' hold the data too. End it, then start the node.",
			"process %s holds the data, and the node's gate does not answer: %v", pidText(p.pid), p.own.err)}
	}
	if p.locked {
		return fine("held by the running node, process %s, at height %d", pidText(p.pid), p.own.hello.Height)
	}
	if p.stored == nil {
		return fine("there is none yet: the node has not run")
	}
	if p.stored.err != nil {
		return []Finding{fault("Put a snapshot or backup in its place as the runbook says under 'restore'; keep priv_validator_state.json.", "the data cannot be read: %s", p.stored.err)}
	}
	if d := p.stored.blocks - p.stored.height; d != 0 && d != 1 && p.stored.blocks > 0 { // none: it began from a snapshot
		return []Finding{fault("Restore state and blocks together, from one snapshot or backup.", "the state is of height %d and the last block is %d: they are of different times", p.stored.height, p.stored.blocks)}
	}
	if u := p.stored.upgrade; u != nil {
		return []Finding{fault("Install the program of that protocol and start it; nothing else is to be done.", "%s", u)}
	}
	if half, err := filepath.Glob(filepath.Join(filepath.Dir(p.config.StateDir()), "snapshots", "*.part")); err == nil && len(half) > 0 {
		return []Finding{warning("Nothing: the next start throws it away and goes on.", "a snapshot was cut off while it was made: %s", half[0])}
	}
	return fine("it opens, at height %d", p.stored.height)
}

// registration judges whether other members let this node in.
func registration(ctx context.Context, p *patient) []Finding {
	if p.nodeID == "" || p.genesis == nil {
		return nil // told already
	}
	const cure = "The member's main account registers the peer id (members.SetNodes); or put the node_key.json back that is registered."
	if yes, known := p.admits(ctx, p.nodeID); known {
		if !yes {
			return []Finding{fault(cure, "the chain has no active member with node %s: others end its connections", p.nodeID)}
		}
		return fine("node %s is an active member's by the chain's state", p.nodeID)
	}
	ids, from := p.registered()
	if !contains(ids, p.nodeID) {
		return []Finding{fault(cure, "%s has no member with node %s: others refuse it", from, p.nodeID)}
	}
	return fine("node %s is a member's by %s", p.nodeID, from)
}

// validator judges whether the key is in the set, where it should be.
func validator(_ context.Context, p *patient) []Finding {
	set := p.validators()
	if p.validator == nil || set == nil {
		return nil // told already
	}
	if p.offer != nil && p.offer.Terms.Validator != "" && p.offer.Terms.Validator != hexOf(p.validator) && !p.isValidator() {
		return []Finding{fault("Put the priv_validator_key.json back that the offer was made with; a key that is lost is replaced by a vote.",
			"the validator's key is not the one that this home offered at genesis, and it is not in the set")}
	}
	s, err := node.ReadSignState(p.config.Engine().PrivValidatorStateFile())
	if err == nil && s.Height > 0 && !p.isValidator() {
		return []Finding{warning("If a vote took it out, that is as it should be; otherwise put the right key back.", "the validator's key has signed at height %d and is not in the set", s.Height)}
	}
	for _, v := range set.Validators {
		if string(v.PubKey.Bytes()) == string(p.validator) {
			return fine("in the set with power %d of %d", v.VotingPower, set.TotalVotingPower())
		}
	}
	return fine("not in the set: the node follows and does not vote on blocks")
}

// signing judges what keeps the validator from signing twice, and whether somebody else signs with its key.
func signing(ctx context.Context, p *patient) []Finding {
	if p.validator == nil {
		return nil // told already
	}
	onChain := p.signedOnChain(ctx) // before the file is read: a running node goes on meanwhile
	file := p.config.Engine().PrivValidatorStateFile()
	s, err := node.ReadSignState(file)
	if errors.Is(err, os.ErrNotExist) {
		return []Finding{fault("Never start with an empty one while the key may have signed elsewhere. On a new home run 'tallyd init'; otherwise restore as the runbook says under 'a lost machine'.", "%s is missing: nothing would keep the validator from signing twice", file)}
	}
	if err != nil {
		return []Finding{fault("Restore as the runbook says under 'a lost machine': it is written before each signature, so it was damaged from outside.", "%s: %s", file, err)}
	}
	if len(s.Signature) > 0 && !ed25519.PubKey(p.validator).VerifySignature(s.SignBytes, s.Signature) {
		return []Finding{fault("Put the priv_validator_key.json back that belongs to this home; key and state move together.", "the last signature in %s is not of this validator's key", file)}
	}
	return p.double(s.Height, onChain)
}

// double compares the last height that this home has signed with what the chain has of its signatures.
func (p *patient) double(signed, onChain int64) []Finding {
	if p.stored != nil {
		if h := p.stored.signed(ed25519.PubKey(p.validator).Address()); h > signed {
			return []Finding{fault("An old file was put back. Set double_sign_check_blocks = 10, wait until no copy runs, and restore as the runbook says under 'a lost machine'.",
				"priv_validator_state.json is of height %d, and the blocks here have its signature at %d", signed, h)}
		}
	}
	if onChain > signed {
		return []Finding{fault("Stop the other one at once: two that sign with one key are taken for a fraud.", "another process signs with this validator's key: height %d is signed, and here the last was %d", onChain, signed)}
	}
	if !p.isValidator() {
		return fine("nothing to sign")
	}
	return fine("last signed height %d, and nobody else signs with the key", signed)
}

// maxAsked bounds how many gates are asked for commits.
const maxAsked = 3

// signedOnChain is the newest height that gates show with this validator's signature; 0 where there is none.
func (p *patient) signedOnChain(ctx context.Context) int64 {
	address := ed25519.PubKey(p.validator).Address()
	asked := 0
	var found int64
	for _, n := range append([]*neighbour{p.own}, p.others...) {
		if n.newest == nil || asked == maxAsked {
			continue
		}
		asked++
		for h := n.newest.Height; h > max(found, 0, n.newest.Height-commitsBack); h-- {
			if b := p.blockOf(ctx, n, h); b != nil && signedHeight(b.Commit, address) > 0 {
				found = h
			}
		}
	}
	return found
}

// lagBlocks is how many blocks behind others are no cause for worry.
const lagBlocks = 20

// stalledS is how old the newest block of a chain that runs may be, in seconds.
const stalledS = 60

// lag compares the node's height with its neighbours'.
func lag(_ context.Context, p *patient) []Finding {
	var best int64
	for _, n := range p.others {
		if n.hello != nil {
			best = max(best, n.hello.Height)
		}
	}
	if !p.running() {
		if p.stored == nil || best == 0 {
			return fine("the node is stopped")
		}
		return fine("the node is stopped at height %d, others are at %d", p.stored.height, best)
	}
	h := p.own.hello
	switch age := p.o.Now().Unix() - h.BlockTimeUnixS; {
	case best > h.Height+lagBlocks:
		return []Finding{warning("It catches up by itself; where it does not, look at its peers, disk and CPU.", "the node is at height %d, others are at %d", h.Height, best)}
	case age > stalledS && h.Height > 0 && best <= h.Height:
		return []Finding{fault("See 'chain halted' in the runbook: more than a third of the voting power is away, or this node is cut off.", "the newest block is %d s old", age)}
	case !h.Ready:
		return []Finding{warning("Wait; where it lasts, look at its peers.", "the node is not ready: it catches up, at height %d", h.Height)}
	}
	return fine("at height %d, ready", h.Height)
}

// peers judges each configured peer: it answers, it is who it should be, and members let it in.
func peers(ctx context.Context, p *patient) []Finding {
	if len(p.config.Peers) == 0 {
		if set := p.validators(); set != nil && set.Size() > 1 {
			return []Finding{fault("Name other members' nodes under peers: 'tallyd genesis install' does.", "no peers are configured, and the network has %d validators", set.Size())}
		}
		return fine("none are configured, and none are needed")
	}
	var found []Finding
	reached := 0
	ids, _ := p.registered()
	for i, peer := range p.config.Peers {
		if i >= maxPeersAsked {
			break
		}
		bad := p.peer(ctx, peer, ids)
		found = append(found, bad...)
		if len(bad) == 0 {
			reached++
		}
	}
	if reached == 0 {
		return append([]Finding{fault("Look at this machine's network and firewall first.", "none of %d peers can be used", len(p.config.Peers))}, found...)
	}
	return otherwise(found, "%d reached, each with its key", reached)
}

// maxPeersAsked bounds the time that an examination takes.
const maxPeersAsked = 50

func (p *patient) peer(ctx context.Context, peer string, ids []string) []Finding {
	id, address := cutPeer(peer)
	if admitted, known := p.admits(ctx, id); known && !admitted || !known && p.genesis != nil && !contains(ids, id) {
		return []Finding{warning("Ask its member; take it out of peers if it has left.", "peer %s at %s is no member's node: connections with it are ended", id, address)}
	}
	at, err := p.whoIsAt(ctx, address)
	if err != nil {
		return []Finding{warning("Ask its operator; look at firewalls on both sides.", "peer %s at %s does not answer: %s", id, address, err)}
	}
	if at != id {
		return []Finding{warning("Ask its operator, over another way, for its peer id, and correct peers.", "at %s is node %s, and peers says %s", address, at, id)}
	}
	return nil
}
