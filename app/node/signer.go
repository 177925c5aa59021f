package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/libs/protoio"
	"github.com/cometbft/cometbft/lp2p"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	privvalproto "github.com/cometbft/cometbft/proto/tendermint/privval"
	"github.com/cometbft/cometbft/types"
	lcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

const (
	signerDialWait  = 5 * time.Second
	signerDialAgain = time.Second
	// signerSilence is how long a node may be silent: it asks for a sign of life every 3.3 s.
	signerSilence = 15 * time.Second
)

// signerMessageMax bounds a question as the engine does.
var signerMessageMax = types.MaxVoteExtensionSize + 2*types.MaxSignatureSize + 1024

// Signer holds a validator's key on a machine of its own, and signs for one node. It connects to the node and not the
// other way round, so that its machine needs no open port.
type Signer struct {
	chain   string
	address string
	node    peer.ID
	noise   *noise.Transport
	pv      *privval.FilePV
	lock    storage.Storage
	log     *slog.Logger
}

func (c Config) signerKeyFile() string { return c.path("config", "signer_key.json") }

// SignerKeys are what a node and its signer must know of each other; what a home has not is empty.
type SignerKeys struct {
	Signer    string // its identity, for the node's remote_signer_key
	Validator string // the key that it signs with
	Node      string // a node's identity, for --node
}

// MakeSigner makes a signer's identity in a home, and a validator's key and its memory where there is none.
func MakeSigner(c Config) (SignerKeys, error) {
	e := c.Engine()
	if _, err := os.Stat(c.signerKeyFile()); err == nil {
		return SignerKeys{}, fmt.Errorf("%s is there already: this home has a signer", c.signerKeyFile())
	}
	for _, d := range []string{c.path("config"), c.path("data")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return SignerKeys{}, err
		}
	}
	_, key := os.Stat(e.PrivValidatorKeyFile())
	_, state := os.Stat(e.PrivValidatorStateFile())
	switch {
	case key == nil && state != nil:
		return SignerKeys{}, fmt.Errorf("%s is there and %s is not: bring both from the validator's home, or a key may sign twice", e.PrivValidatorKeyFile(), e.PrivValidatorStateFile())
	case key != nil && state == nil:
		return SignerKeys{}, fmt.Errorf("%s is there and %s is not: bring both", e.PrivValidatorStateFile(), e.PrivValidatorKeyFile())
	case key != nil:
		privval.GenFilePV(e.PrivValidatorKeyFile(), e.PrivValidatorStateFile()).Save()
	}
	if _, err := p2p.LoadOrGenNodeKey(c.signerKeyFile()); err != nil {
		return SignerKeys{}, err
	}
	return ReadSignerKeys(c)
}

// ReadSignerKeys reads what a home has of them.
func ReadSignerKeys(c Config) (out SignerKeys, err error) {
	e := c.Engine()
	if out.Signer, err = identityIn(c.signerKeyFile()); err != nil {
		return out, err
	}
	if out.Node, err = identityIn(e.NodeKeyFile()); err != nil {
		return out, err
	}
	validator, err := validatorPublic(e)
	out.Validator = fmt.Sprintf("%x", validator)
	return out, err
}

func identityIn(file string) (string, error) {
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	key, err := p2p.LoadNodeKey(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return fmt.Sprintf("%x", key.PubKey().Bytes()), nil
}

// OpenSigner opens a home for signing. node is KEY@host:port: the node's key is checked at every connection. Errors: keys or
// memory missing, another signer on the same home.
func OpenSigner(c Config, chain, node string, log *slog.Logger) (*Signer, error) {
	key, address, ok := strings.Cut(node, "@")
	pub, err := parseEd25519(key)
	if _, _, bad := net.SplitHostPort(address); !ok || err != nil || bad != nil {
		return nil, fmt.Errorf("--node %q is not KEY@host:port, the key with 64 hex digits: 'tallyd signer key' shows it in the node's home", node)
	}
	s := &Signer{chain: chain, address: address, log: log}
	if s.node, err = peerID(pub); err != nil {
		return nil, err
	}
	if s.noise, err = identity(c.signerKeyFile()); err != nil {
		return nil, err
	}
	if s.lock, err = storage.OpenFile(c.path("data", "signer.lock"), false); err != nil {
		return nil, fmt.Errorf("another signer runs on this home: %w", err)
	}
	if s.pv, err = openValidator(c.Engine()); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	return s, nil
}

// identity is a signer's side of the channel.
func identity(file string) (*noise.Transport, error) {
	key, err := p2p.LoadNodeKey(file)
	if err != nil {
		return nil, fmt.Errorf("the signer's identity cannot be read; 'tallyd signer init' makes one: %w", err)
	}
	k, err := lp2p.PrivateKeyFromCosmosKey(key.PrivKey)
	if err != nil {
		return nil, err
	}
	return noise.New(noise.ID, k, nil)
}

func libp2pKey(pub ed25519.PubKey) (lcrypto.PubKey, error) {
	return lcrypto.UnmarshalEd25519PublicKey(pub)
}

// Close gives the home back.
func (s *Signer) Close() error { return s.lock.Close() }

// Run signs until the context ends; a connection that breaks is made anew.
func (s *Signer) Run(ctx context.Context) {
	for said := ""; ctx.Err() == nil; {
		err := s.session(ctx)
		if ctx.Err() == nil && err != nil && err.Error() != said {
			said = err.Error()
			s.log.Warn("not connected to the node; trying on", "node", s.address, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(signerDialAgain):
		}
	}
}

// session connects and answers until the connection breaks.
func (s *Signer) session(ctx context.Context) error {
	dial, cancel := context.WithTimeout(ctx, signerDialWait)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(dial, "tcp", s.address)
	if err != nil {
		return err
	}
	conn, err := s.noise.SecureOutbound(dial, raw, s.node)
	if err != nil {
		return errors.Join(fmt.Errorf("the node does not show the key that --node names, or does not take this signer's: %w", err), raw.Close())
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // ends what it waits for
	s.log.Info("signing for the node", "node", s.address, "validator", s.pv.GetAddress())
	return errors.Join(s.answer(conn), conn.Close())
}

func (s *Signer) answer(conn net.Conn) error {
	in, out := protoio.NewDelimitedReader(conn, signerMessageMax), protoio.NewDelimitedWriter(conn)
	for {
		if err := conn.SetDeadline(time.Now().Add(signerSilence)); err != nil {
			return err
		}
		var question privvalproto.Message
		if _, err := in.ReadMsg(&question); err != nil {
			return err
		}
		reply, err := privval.DefaultValidationRequestHandler(s.pv, question, s.chain)
		if err != nil {
			s.log.Warn("refused to sign", "err", err)
		}
		if reply.Sum == nil {
			return errors.New("the node asked something unknown")
		}
		if _, err := out.WriteMsg(&reply); err != nil {
			return err
		}
	}
}
