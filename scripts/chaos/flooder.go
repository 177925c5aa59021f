package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/cometbft/cometbft/crypto/ed25519"
	p2pconn "github.com/cometbft/cometbft/p2p/conn"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/gatev1/gatev1connect"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
)

// What a flooder does at once.
const (
	floodSenders   = 4
	floodCallers   = 8
	floodBodies    = 2
	floodIdle      = 300 // connections to a gate that say nothing
	floodStrangers = 60  // connections to a node's port for other nodes, of each kind
	floodBatch     = 64
	floodBody      = 19 << 20
	floodPause     = 200 * time.Millisecond // between rounds of connections
)

// flooder is a member that wants all for itself.
type flooder struct {
	net     *devnet.Net
	role    devnet.Role
	gates   []int // the nodes that it floods
	weapons []string
	rnd     *rand.Rand
	mu      sync.Mutex
	did     counts
}

// The ways of flooding.
const (
	weaponSend      = "transactions"
	weaponCall      = "calls"
	weaponBody      = "bodies"
	weaponConnect   = "connections"
	weaponStrangers = "strangers" // at the ports for other nodes
)

var weapons = []string{weaponSend, weaponCall, weaponBody, weaponConnect, weaponStrangers}

// counts is what was done.
type counts struct{ sent, taken, calls, answered, bodies, connections, strangers atomic.Int64 }

func (c *counts) String() string {
	return fmt.Sprintf("sent %d, taken %d, calls %d, answered %d, bodies %d, connections %d, strangers %d",
		c.sent.Load(), c.taken.Load(), c.calls.Load(), c.answered.Load(), c.bodies.Load(), c.connections.Load(), c.strangers.Load())
}

// flood runs until the context ends and writes what it has done once a second.
func (f *flooder) flood(ctx context.Context, out io.Writer) {
	var all sync.WaitGroup
	for _, node := range f.gates {
		for _, w := range f.weapons {
			f.use(ctx, &all, node, w)
		}
	}
	for ctx.Err() == nil {
		_ = pause(ctx, time.Second)
		fmt.Fprintln(out, &f.did)
	}
	all.Wait()
}

// use begins one way of flooding one node.
func (f *flooder) use(ctx context.Context, all *sync.WaitGroup, node int, weapon string) {
	several := func(n int, do func(context.Context, *caller) error) {
		for range n {
			all.Go(func() { f.again(ctx, node, do) })
		}
	}
	conf := f.net.Nodes[node]
	switch weapon {
	case weaponSend:
		several(floodSenders, f.send)
	case weaponCall:
		several(floodCallers, f.call)
	case weaponBody:
		several(floodBodies, f.body)
	case weaponConnect:
		all.Go(func() { f.hold(ctx, conf.GateListen, floodIdle, &f.did.connections, silent) })
	case weaponStrangers:
		all.Go(func() { f.hold(ctx, conf.P2PListen, floodStrangers, &f.did.strangers, silent) })
		all.Go(func() { f.hold(ctx, conf.P2PListen, floodStrangers, &f.did.strangers, stranger) })
	}
}

// again does something with a connection of its own, until the context ends; a new connection where it fails.
func (f *flooder) again(ctx context.Context, node int, do func(context.Context, *caller) error) {
	for ctx.Err() == nil {
		c, err := openSession(ctx, f.net, node, f.role)
		for err == nil && ctx.Err() == nil {
			err = do(ctx, c)
		}
		if c != nil {
			c.transport.CloseIdleConnections()
		}
		_ = pause(ctx, pollStep)
	}
}

// send hands in right transactions of the flooder's own lane, as many as there is room for in a call.
func (f *flooder) send(ctx context.Context, c *caller) error {
	var batch [][]byte
	f.mu.Lock()
	forge := newForge(devnet.ChainID, f.net.Roles, childRand(f.rnd.Uint64(), 3))
	f.mu.Unlock()
	forge.now = time.Now().Unix()
	for range floodBatch {
		batch = append(batch, forge.sign(forge.body(f.role.Name, forge.pay()), f.role.Name))
	}
	r, err := c.gate.Submit(ctx, connect.NewRequest(&gatev1.SubmitRequest{Transactions: batch}))
	f.did.sent.Add(floodBatch)
	if err != nil {
		return passing(err)
	}
	for _, one := range r.Msg.Results {
		if one.Code == 0 {
			f.did.taken.Add(1)
		}
	}
	return nil
}

// call asks what costs the node most: proofs of many records, and lists.
func (f *flooder) call(ctx context.Context, c *caller) error {
	var keys [][]byte
	for _, r := range f.net.Roles {
		for range 256 / len(f.net.Roles) {
			keys = append(keys, kernelv1.TotalsKey(r.Account))
		}
	}
	f.did.calls.Add(1)
	_, err := c.gate.Read(ctx, connect.NewRequest(&gatev1.ReadRequest{Keys: keys}))
	if err == nil {
		f.did.answered.Add(1)
	}
	return passing(err)
}

// body hands in nearly as much as a request may hold, all of it nonsense.
func (f *flooder) body(ctx context.Context, c *caller) error {
	_, err := c.gate.Submit(ctx, connect.NewRequest(&gatev1.SubmitRequest{Transactions: [][]byte{make([]byte, floodBody)}}))
	f.did.bodies.Add(1)
	return passing(err)
}

// passing drops a refusal that the next call may not meet: a flooder does not mind.
func passing(err error) error {
	switch connect.CodeOf(err) {
	case connect.CodeResourceExhausted, connect.CodeInvalidArgument:
		return nil
	}
	return err
}

// hold keeps so many connections to a port open, and opens new ones where they are ended.
func (f *flooder) hold(ctx context.Context, address string, count int, counter *atomic.Int64, use func(context.Context, net.Conn)) {
	var all sync.WaitGroup
	for range count {
		all.Go(func() {
			for ctx.Err() == nil {
				c, err := net.DialTimeout("tcp", address, askTime)
				if err == nil {
					counter.Add(1)
					use(ctx, c)
					c.Close()
				}
				_ = pause(ctx, floodPause)
			}
		})
	}
	all.Wait()
}

// silent says nothing and waits until the other side has had enough.
func silent(ctx context.Context, c net.Conn) {
	end := context.AfterFunc(ctx, func() { c.Close() })
	defer end()
	_, _ = io.Copy(io.Discard, c)
}

// stranger shakes hands as another node would, with a key that no member has, and then says nothing.
func stranger(ctx context.Context, c net.Conn) {
	secret, err := p2pconn.MakeSecretConnection(c, ed25519.GenPrivKey())
	if err != nil {
		return
	}
	silent(ctx, secret)
}

// caller is a session with one gate.
type caller struct {
	url       string
	gate      gatev1connect.GateClient
	transport *http.Transport
	token     string
}

// openSession opens a session for a role of the network.
func openSession(ctx context.Context, net *devnet.Net, node int, role devnet.Role) (*caller, error) {
	c := &caller{url: "https://" + net.Nodes[node].GateListen, transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}}} //nolint:gosec // our own network
	c.gate = gatev1connect.NewGateClient(&http.Client{Transport: c.transport, Timeout: time.Minute}, c.url,
		connect.WithInterceptors(connect.UnaryInterceptorFunc(c.authenticate)))
	hello, err := c.gate.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		return c, err
	}
	pin, err := hex.DecodeString(net.IDs[node].Pin)
	if err != nil {
		return c, err
	}
	pub := role.Signer.Public()
	sig, err := role.Signer.Sign(key.Digest(devnet.ChainID, "session", slices.Concat(hello.Msg.Challenge, role.Account[:], pin)))
	if err != nil {
		return c, err
	}
	r, err := c.gate.OpenSession(ctx, connect.NewRequest(&gatev1.OpenSessionRequest{
		Account: role.Account.Bytes(), Challenge: hello.Msg.Challenge, Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Signature: sig,
	}))
	if err != nil {
		return c, fmt.Errorf("no session for %s: %w", role.Name, err)
	}
	c.token = r.Msg.Token
	return c, nil
}

func (c *caller) authenticate(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
		if c.token != "" {
			req.Header().Set("Authorization", "Bearer "+c.token)
		}
		return next(ctx, req)
	}
}

// runFlooder is a child process that floods until it is told to stop: its own node, or with others all but its own.
func runFlooder(ctx context.Context, dir string, seed uint64, attack string, out io.Writer) error {
	n, err := devnet.Open(dir)
	if err != nil {
		return err
	}
	f := &flooder{net: n, role: n.Role(floodRole), rnd: childRand(seed, 9)}
	f.gates, f.weapons = aim(attack, f.role.Node, len(n.Nodes))
	f.flood(ctx, out)
	return nil
}

// aim reads an attack: "own" floods the flooder's own node with everything but strangers; "others" all other nodes with
// everything; a weapon's name all other nodes with that alone.
func aim(attack string, own, nodes int) (gates []int, with []string) {
	if attack == attackOwn {
		return []int{own}, weapons[:len(weapons)-1]
	}
	for i := range nodes {
		if i != own {
			gates = append(gates, i)
		}
	}
	if slices.Contains(weapons, attack) {
		return gates, []string{attack}
	}
	return gates, weapons
}

// Attacks that are no single weapon.
const (
	attackOwn    = "own"
	attackOthers = "others"
)

// lastLine is the end of what a child wrote.
func lastLine(said string) string {
	lines := bytes.Split(bytes.TrimSpace([]byte(said)), []byte("\n"))
	return string(lines[len(lines)-1])
}

// floodRole is the member that floods.
const floodRole = "bank"

var errNoBaseline = errors.New("the others do not reach the rate that they are to send at, without any flood: the machine is too busy, or --rate too high")
