package node

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	cfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// signerWait is how long a node waits at its start for its signer.
	signerWait = time.Minute
	// A question to the signer is asked again so often, so long apart.
	signerRetries   = 50
	signerRetryWait = 100 * time.Millisecond
	// firstStartBlocks is how many last blocks a restored validator looks for its own signature in, before it joins.
	firstStartBlocks = 10
)

// neverRound stands in the sign state that a restore makes: no round of its height, and no height before, is signed.
const neverRound = math.MaxInt32

// Steps of a round as the sign state numbers them.
const (
	stepPropose   = 1
	stepPrevote   = 2
	stepPrecommit = 3
)

// validator gives what signs for the node: the key in its home, or the signer that connects.
func (n *Node) validator(e *cfg.Config, chain string, key *p2p.NodeKey) (types.PrivValidator, error) {
	last, err := readSignState(e.PrivValidatorStateFile())
	if err != nil {
		return nil, err
	}
	if last.Round == neverRound {
		n.log.Info("a restored validator: it signs above this height alone, and not while its key has signed lately", "height", last.Height)
		e.Consensus.DoubleSignCheckHeight = max(e.Consensus.DoubleSignCheckHeight, firstStartBlocks)
	}
	_, missing := os.Stat(e.PrivValidatorKeyFile())
	switch {
	case n.config.RemoteSignerListen == "" && missing != nil:
		return nil, fmt.Errorf("the validator's key cannot be read; 'tallyd init' makes one, remote_signer_listen does without: %w", missing)
	case n.config.RemoteSignerListen == "":
		return openValidator(e)
	case missing == nil:
		return nil, fmt.Errorf("%s is there, and remote_signer_listen is set: a key in two places signs twice; move the file to the signer's machine, with %s", e.PrivValidatorKeyFile(), e.PrivValidatorStateFile())
	}
	return n.remoteValidator(chain, key, last, e.PrivValidatorStateFile())
}

// remoteValidator listens for the one signer that the configuration names, over an encrypted channel on which both show
// their keys.
func (n *Node) remoteValidator(chain string, key *p2p.NodeKey, last privval.FilePVLastSignState, stateFile string) (types.PrivValidator, error) {
	endpoint, err := ListenForSigner(n.config.RemoteSignerKey, n.config.RemoteSignerListen, key.PrivKey, engineLog{n.log.With("part", "signer"), n.fail, &n.stopping})
	if err != nil {
		return nil, fmt.Errorf("configuration: remote_signer_listen: %w", err)
	}
	client, err := privval.NewSignerClient(endpoint, chain)
	if err != nil {
		return nil, err
	}
	n.signer = endpoint
	n.log.Info("waiting for the signer", "listen", n.config.RemoteSignerListen, "within", signerWait)
	if err := client.WaitForConnection(signerWait); err != nil {
		return nil, fmt.Errorf("no signer with the key remote_signer_key came within %s: is 'tallyd signer' running? %w", signerWait, err)
	}
	g := &guarded{next: privval.NewRetrySignerClient(client, signerRetries, signerRetryWait), last: signStateAt(stateFile, last)}
	if g.pub, err = g.next.GetPubKey(); err != nil {
		return nil, fmt.Errorf("the signer does not tell its validator key; is it set to chain %q? %w", chain, err)
	}
	return g, nil
}

// ListenForSigner listens for the one signer of a key, 64 hex digits, at IP:port; own is what the node shows to it.
func ListenForSigner(signer, listen string, own crypto.PrivKey, log log.Logger) (*privval.SignerListenerEndpoint, error) {
	pub, err := parseEd25519(signer)
	if err != nil {
		return nil, err
	}
	id, err := peerID(pub)
	if err != nil {
		return nil, err
	}
	return privval.NewSignerListenerFromAddr("noise://"+id.String()+"@"+listen, own, log)
}

func peerID(pub ed25519.PubKey) (peer.ID, error) {
	p, err := libp2pKey(pub)
	if err != nil {
		return "", err
	}
	return peer.IDFromPublicKey(p)
}

// guarded asks a signer, and remembers itself what was signed: another signer, with an older memory, that takes the
// place of the first one cannot be made to sign twice for this node.
type guarded struct {
	next *privval.RetrySignerClient
	pub  crypto.PubKey

	mu   sync.Mutex
	last privval.FilePVLastSignState
}

var errSignedOther = errors.New("something else was signed at this height, round and step")

// Close ends waiting questions, so that the engine can stop.
func (g *guarded) Close() error { return g.next.Close() }

// GetPubKey is the key that the signer had at the node's start.
func (g *guarded) GetPubKey() (crypto.PubKey, error) { return g.pub, nil }

// SignVote has a vote signed.
func (g *guarded) SignVote(chain string, v *cmtproto.Vote) error {
	step := int8(stepPrevote)
	if v.Type == cmtproto.PrecommitType {
		step = stepPrecommit
	}
	return g.sign(v.Height, v.Round, step, func() ([]byte, []byte, error) {
		err := g.next.SignVote(chain, v)
		return types.VoteSignBytes(chain, v), v.Signature, err
	})
}

// SignProposal has a proposal signed.
func (g *guarded) SignProposal(chain string, p *cmtproto.Proposal) error {
	return g.sign(p.Height, p.Round, stepPropose, func() ([]byte, []byte, error) {
		err := g.next.SignProposal(chain, p)
		return types.ProposalSignBytes(chain, p), p.Signature, err
	})
}

// sign lets nothing go out that is at or below what went out before, unless it is the very same. The signer may answer a
// repeated question with its earlier signature, and with the time that stood in it.
func (g *guarded) sign(height int64, round int32, step int8, ask func() (signed, signature []byte, err error)) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	again, err := g.last.CheckHRS(height, round, step)
	if err != nil {
		return err
	}
	signed, signature, err := ask()
	switch {
	case err != nil:
		return err
	case !g.pub.VerifySignature(signed, signature):
		return errors.New("the signer's signature is not of the key that it showed first: was it changed?")
	case again && !bytes.Equal(signed, g.last.SignBytes):
		return errSignedOther
	}
	g.last.Height, g.last.Round, g.last.Step, g.last.SignBytes, g.last.Signature = height, round, step, signed, signature
	g.last.Save()
	return nil
}
