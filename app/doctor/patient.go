package doctor

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/ceremony"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// patient is what is known of a node: its home, and itself and its neighbours where they answer.
type patient struct {
	home   string
	o      Options
	config node.Config

	genesis   *types.GenesisDoc // nil where it cannot be read
	nodeID    string            // empty where the key cannot be read
	validator ed25519.PublicKey // nil where the key cannot be read
	offer     *ceremony.Offer   // nil where the home has none
	network   *ceremony.Network // nil where the home has none

	locked bool // a process holds the state
	pid    int  // which one; 0 where the system does not tell
	own    *neighbour
	others []*neighbour // other members' gates, from network.json

	stored *stored // of a stopped node with blocks
}

// neighbour is a gate that was asked.
type neighbour struct {
	member, url string
	pin         [sha256.Size]byte
	hello       *gatev1.HelloResponse // nil where it does not answer
	newest      *types.LightBlock     // nil where it does not tell
	date        offsetOf
	err         error
}

// meet reads the home and asks whom it can. What cannot be read stays empty: the checks say so.
func (p *patient) meet(ctx context.Context) {
	p.genesis, _ = types.GenesisDocFromFile(p.config.GenesisFile()) // the check of genesis says what is wrong
	if k, err := p2p.LoadNodeKey(p.config.Engine().NodeKeyFile()); err == nil {
		p.nodeID = string(k.ID())
	}
	if k, err := node.ReadValidatorKey(p.config.Engine().PrivValidatorKeyFile()); err == nil {
		p.validator = k.PubKey.Bytes()
	}
	p.offer = readIf[ceremony.Offer](ceremony.OfferFile(p.config))
	if p.config.RemoteSignerListen != "" && p.offer != nil && p.validator == nil {
		p.validator, _ = hex.DecodeString(p.offer.Terms.Validator) // empty where it offered none
	}
	p.network = readIf[ceremony.Network](ceremony.NetworkFile(p.config))
	p.locked, p.pid = lockedBy(p.config.StateDir())
	pin, _ := node.Pin(p.config.GateCertFile()) // the check of the certificate says what is wrong
	p.askAll(ctx, pin)
	if !p.locked {
		p.stored = openStored(p)
	}
}

// askAll asks the node itself and its neighbours at once: one that is silent costs its own time alone.
func (p *patient) askAll(ctx context.Context, pin string) {
	var done sync.WaitGroup
	done.Go(func() { p.own = p.ask(ctx, p.config.Member, "https://"+p.config.GateListen, pin) })
	nodes := slices.DeleteFunc(slices.Clone(p.networkNodes()), func(n ceremony.NetworkNode) bool { return n.Pin == pin })
	p.others = make([]*neighbour, len(nodes))
	for i, n := range nodes {
		done.Go(func() { p.others[i] = p.ask(ctx, n.Member, n.URL, n.Pin) })
	}
	done.Wait()
}

func (p *patient) networkNodes() []ceremony.NetworkNode {
	if p.network == nil {
		return nil
	}
	return p.network.Nodes[:min(len(p.network.Nodes), ceremony.MaxOffers)]
}

func (p *patient) leave() {
	if p.stored != nil {
		p.stored.close()
	}
}

// running tells whether the node runs: its state is held and its gate answers with its own key.
func (p *patient) running() bool { return p.locked && p.own.hello != nil }

// newest is the newest block that anybody asked knows of: own first.
func (p *patient) newest() *types.LightBlock {
	var out *types.LightBlock
	for _, n := range append([]*neighbour{p.own}, p.others...) {
		if n.newest != nil && (out == nil || n.newest.Height > out.Height) {
			out = n.newest
		}
	}
	return out
}

// validators is the newest set that is known; nil where none is.
func (p *patient) validators() *types.ValidatorSet {
	if b := p.newest(); b != nil {
		return b.ValidatorSet
	}
	if p.stored != nil && p.stored.validators != nil {
		return p.stored.validators
	}
	if p.genesis == nil {
		return nil
	}
	var all []*types.Validator
	for _, v := range p.genesis.Validators {
		all = append(all, types.NewValidator(v.PubKey, v.Power))
	}
	return types.NewValidatorSet(all)
}

func (p *patient) isValidator() bool {
	set := p.validators()
	return set != nil && slices.ContainsFunc(set.Validators, func(v *types.Validator) bool { return bytes.Equal(v.PubKey.Bytes(), p.validator) })
}

// readIf reads one of the ceremony's files; nil where it is not there or damaged.
func readIf[T any](file string) *T {
	v := new(T)
	if ceremony.Read(file, v) != nil {
		return nil
	}
	return v
}

// lockedBy tells whether a process holds a database, and which.
func lockedBy(dir string) (locked bool, pid int) {
	s, err := storage.OpenFile(dir, true)
	if err == nil {
		_ = s.Close() // nothing was written
		return false, 0
	}
	if errors.Is(err, os.ErrNotExist) || !isBusy(err) {
		return false, 0
	}
	return true, lockOwner(dir)
}

// registered lists the peer ids of the members' nodes that are known, and where from.
func (p *patient) registered() (ids []string, from string) {
	if p.stored != nil && p.stored.peers != nil {
		return p.stored.peers, "the chain's state"
	}
	return genesisPeers(p.genesis), "the genesis"
}

func contains(ids []string, peer string) bool {
	return slices.ContainsFunc(ids, func(s string) bool { return strings.EqualFold(s, peer) })
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }
