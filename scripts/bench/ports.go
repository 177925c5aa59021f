package main

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"

	"github.com/splittally/splittally/app/node"
)

// Ports of nodes are taken from below those that the system gives to outgoing connections: of four nodes that start
// together, one's connection to another could else hold the port that a third is about to listen on.
const (
	portFirst = 20_000
	portLast  = 32_000
	portTries = 1_000
)

// ports hands out addresses that nobody listens on, none of them twice.
type ports struct{ used map[string]bool }

func newPorts() *ports { return &ports{used: map[string]bool{}} }

func (p *ports) next() (string, error) {
	for range portTries {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(portFirst+rand.IntN(portLast-portFirst))) //nolint:gosec // no secret
		l, err := net.Listen("tcp", address)
		if err != nil || p.used[address] {
			if l != nil {
				l.Close()
			}
			continue
		}
		l.Close()
		p.used[address] = true
		return address, nil
	}
	return "", errors.New("no free port from 20000 to 32000: stop what listens there")
}

// set gives a node its addresses.
func (p *ports) set(c *node.Config) error {
	for _, address := range []*string{&c.GateListen, &c.P2PListen, &c.RPCListen} {
		next, err := p.next()
		if err != nil {
			return err
		}
		*address = next
	}
	return nil
}
