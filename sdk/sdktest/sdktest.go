// Package sdktest runs a development chain inside a test, so that a program that uses the SDK is tested against the real
// thing: real blocks, real proofs, every invariant checked after every block. It starts in about a second.
package sdktest

import (
	"context"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk"
)

// The names of the accounts that a development chain has: a core enterprise with a line of 100 million CNY, a bank that is
// guarantor and financier too, a factor, an operator, suppliers of three tiers, a regulator.
const (
	Obligor   = "obligor"
	Bank      = "bank"
	Factor    = "factor"
	Operator  = "operator"
	Tier1     = "tier1"
	Tier2     = "tier2"
	Tier3     = "tier3"
	Regulator = "regulator"
)

// dialTimeout bounds the connecting of a client in a test.
const dialTimeout = 30 * time.Second

// Chain is a running chain; it ends with the test.
type Chain struct {
	ID    string
	Trust sdk.Trust
	tb    testing.TB
	net   *apptest.Network
}

// Start runs a chain with 1 to 4 validators, each with its node.
func Start(tb testing.TB, validators int) *Chain {
	tb.Helper()
	n := apptest.Start(tb, apptest.Validators(validators))
	c := &Chain{ID: n.Genesis.ChainID, tb: tb, net: n}
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	trust, err := sdk.AskTrust(ctx, c.ID, c.Endpoint(0))
	if err != nil {
		tb.Fatal(err)
	}
	c.Trust = trust
	return c
}

// Endpoint is a node's public port.
func (c *Chain) Endpoint(node int) sdk.Endpoint {
	url, pin := c.net.Endpoint(node)
	return sdk.Endpoint{URL: url, Pin: pin}
}

// Account is the account of a name.
func (c *Chain) Account(name string) id.ID { return c.net.Role(name).Account }

// Member is the member of a name.
func (c *Chain) Member(name string) id.ID { return c.net.Role(name).Member }

// Signer is the key of a name's account.
func (c *Chain) Signer(name string) key.Signer { return c.net.Role(name).Signer }

// Config is what Dial needs to be a name: its own node first, the others as witnesses.
func (c *Chain) Config(name string) sdk.Config {
	role := c.net.Role(name)
	conf := sdk.Config{
		Endpoints: []sdk.Endpoint{c.Endpoint(role.Node)}, Alone: len(c.net.Running) == 1,
		Trust: c.Trust, Account: role.Account, Signer: role.Signer,
	}
	for i := range c.net.Running {
		if i != role.Node {
			conf.Endpoints = append(conf.Endpoints, c.Endpoint(i))
		}
	}
	return conf
}

// Dial is a client of a name; it is closed with the test.
func (c *Chain) Dial(name string) *sdk.Client {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	client, err := sdk.Dial(ctx, c.Config(name))
	if err != nil {
		c.tb.Fatal(err)
	}
	c.tb.Cleanup(func() { _ = client.Close() })
	return client
}
