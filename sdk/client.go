package sdk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/internal/light"
)

// Endpoint is a node's public port.
type Endpoint struct {
	// URL such as https://node.example:9443; always https.
	URL string
	// Pin is the SHA-256 of the SubjectPublicKeyInfo of the node's certificate, in hex. Empty: the certificate must be
	// one that this machine trusts for the URL's host.
	Pin string
}

// Trust is a header that is known to be the chain's, from the network's description or a member.
type Trust struct {
	Chain  string
	Height int64
	Hash   []byte // 32 bytes
}

// DefaultMaxAge is how old the newest state that a node answers from may be.
const DefaultMaxAge = 60 * time.Second

// Config of a Client.
type Config struct {
	// Endpoints: the first is read from and sent to; the others, nodes of other members, confirm its headers.
	Endpoints []Endpoint
	// Alone allows a single endpoint, with no witness against it: for a node of one's own, and for development.
	Alone bool
	Trust Trust
	// Account is who reads and sends. Zero: the account of Signer's key, by proof, where a node tells it without a session.
	Account id.ID
	// Signer opens the session and signs what Do sends. Nil with a Certificate: a client that reads alone.
	Signer key.Signer
	// Certificate opens mutual TLS instead of a session: its P-256 key is one of the account's.
	Certificate *tls.Certificate
	// Dir keeps the newest trusted header between runs. Empty: nothing is kept, and Trust must be newer than 14 days.
	Dir string
	// Confirmers are keys of other members' main accounts whose checkpoints this client will take after 14 days without
	// contact: at least two, of different members. They are proven and kept in Dir while there is contact; Client.Confirmers
	// tells how that stands.
	Confirmers []Confirmer
	// Checkpoint is taken instead of Trust where the kept header has expired.
	Checkpoint *Checkpoint
	// MaxAge bounds the age of what a node answers from; 0 means DefaultMaxAge.
	MaxAge time.Duration
	// Now is this machine's clock; nil means time.Now.
	Now func() time.Time
}

// The names of the files in Config.Dir.
const (
	fileTrusted    = "trusted-header"
	fileConfirmers = "confirmers"
)

// Client is one account's connection to the chain. It is safe for concurrent use.
type Client struct {
	conf    Config
	chain   string
	account id.ID
	nodes   []*node
	light   *light.Client
	floor   atomic.Int64 // the highest height that was read: reads do not go back

	entriesOnce sync.Once
	entries     *entryCache

	clockMu sync.Mutex
	seen    anchor // of the chain's time
}

// Dial connects to the first endpoint and brings its headers up to date. Close the client when done.
func Dial(ctx context.Context, conf Config) (*Client, error) {
	if err := conf.complete(); err != nil {
		return nil, err
	}
	c := &Client{conf: conf, chain: conf.Trust.Chain, account: conf.Account}
	for _, e := range conf.Endpoints {
		n, err := newNode(c, e)
		if err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, n)
	}
	if err := c.open(ctx); err != nil {
		c.disconnect()
		return nil, err
	}
	return c, nil
}

// complete fills defaults in and refuses what cannot work.
func (conf *Config) complete() error {
	if conf.MaxAge == 0 {
		conf.MaxAge = DefaultMaxAge
	}
	if conf.Now == nil {
		conf.Now = time.Now
	}
	switch n := len(conf.Endpoints); {
	case n == 0:
		return errors.New("Endpoints: name at least one node")
	case n == 1 && !conf.Alone:
		return errors.New("Endpoints: name a second node, of another member, as witness; or set Alone for a node of your own")
	case len(conf.Confirmers) > maxConfirmers:
		return fmt.Errorf("Confirmers: at most %d", maxConfirmers)
	case conf.Trust.Chain == "":
		return errors.New("Trust: name the chain")
	case conf.Account.IsZero() && conf.Signer == nil:
		return errors.New("Account: name the account, or give a Signer whose account is to be found")
	}
	if conf.Dir == "" {
		return nil
	}
	return os.MkdirAll(conf.Dir, 0o700)
}

func (c *Client) open(ctx context.Context) error {
	root, err := c.trustedRoot()
	if err != nil {
		return err
	}
	o := light.Options{Chain: c.chain, Root: root, File: c.file(fileTrusted), Now: c.conf.Now}
	for _, n := range c.nodes {
		o.Sources = append(o.Sources, n.lightBlock)
	}
	if c.light, err = light.New(ctx, o); err != nil {
		return err
	}
	if err := c.catchUp(ctx); err != nil {
		return err
	}
	if c.account.IsZero() {
		if c.account, err = c.AccountByKey(ctx, c.conf.Signer.Public()); err != nil {
			return fmt.Errorf("the account of this key: %w", err)
		}
	}
	_, _ = c.Confirmers(ctx) // one of them may have left: that must not keep this client from working
	return nil
}

// catchUp verifies the node's newest header and refuses one that is old.
func (c *Client) catchUp(ctx context.Context) error {
	b, err := c.light.Newest(ctx)
	if err != nil {
		return headerError(err)
	}
	if err := c.fresh(b.Time); err != nil {
		return err
	}
	c.raise(b.Height - 1)
	c.see(b.Time)
	return nil
}

// Account is who reads and sends.
func (c *Client) Account() id.ID { return c.account }

// Chain is the id of the chain.
func (c *Client) Chain() string { return c.chain }

// Close keeps the newest trusted header and ends the connections.
func (c *Client) Close() error {
	defer c.disconnect()
	return c.light.Close()
}

func (c *Client) disconnect() {
	for _, n := range c.nodes {
		n.transport.CloseIdleConnections()
	}
}

func (c *Client) file(name string) string {
	if c.conf.Dir == "" {
		return ""
	}
	return filepath.Join(c.conf.Dir, name)
}
