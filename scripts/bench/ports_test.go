package main

import (
	"net"
	"strconv"
	"testing"

	"github.com/splittally/splittally/app/node"
)

func TestPortsAreFreeAndOnce(t *testing.T) {
	p, seen := newPorts(), map[string]bool{}
	for range 20 {
		var c node.Config
		if err := p.set(&c); err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{c.GateListen, c.P2PListen, c.RPCListen} {
			_, text, err := net.SplitHostPort(address)
			port, err2 := strconv.Atoi(text)
			if err != nil || err2 != nil || port < portFirst || port >= portLast || seen[address] {
				t.Fatalf("%s: %v %v, twice: %v", address, err, err2, seen[address])
			}
			seen[address] = true
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
		}
	}
}
