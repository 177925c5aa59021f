package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// wire is a network of network namespaces: each node has one, with a link to the other nodes over a bridge and a second
// link over which its clients come, which is never cut. Who is on one bridge can talk; a partition moves links to others.
type wire struct {
	tag   string // begins every name
	net   int    // third byte of the addresses
	nodes int
}

// Addresses of a wire: nodes among themselves, and clients to nodes.
const (
	peersNet   = "10.231"
	clientsNet = "10.232"
	firstHost  = 10
)

func newWire(nodes int) *wire {
	n := os.Getpid()%200 + 20
	return &wire{tag: fmt.Sprintf("ch%d", n), net: n, nodes: nodes}
}

func (w *wire) space(i int) string   { return fmt.Sprintf("%sn%d", w.tag, i) }
func (w *wire) link(i int) string    { return fmt.Sprintf("%sp%d", w.tag, i) }
func (w *wire) control(i int) string { return fmt.Sprintf("%sc%d", w.tag, i) }
func (w *wire) bridge(i int) string  { return fmt.Sprintf("%sb%d", w.tag, i) }
func (w *wire) clients() string      { return w.tag + "m" }

func (w *wire) peerIP(i int) string { return fmt.Sprintf("%s.%d.%d", peersNet, w.net, firstHost+i) }

func (w *wire) clientIP(i int) string { return fmt.Sprintf("%s.%d.%d", clientsNet, w.net, firstHost+i) }

// up makes everything, with all nodes on one bridge.
func (w *wire) up(ctx context.Context) error {
	lines := []string{
		"link add " + w.clients() + " type bridge", fmt.Sprintf("addr add %s.%d.1/24 dev %s", clientsNet, w.net, w.clients()), "link set " + w.clients() + " up",
	}
	for i := range w.nodes {
		lines = append(lines, "link add "+w.bridge(i)+" type bridge", "link set "+w.bridge(i)+" up")
	}
	for i := range w.nodes {
		lines = append(lines, w.nodeLines(i)...)
	}
	for _, line := range lines {
		if err := run(ctx, "ip "+line); err != nil {
			return errors.Join(err, w.down())
		}
	}
	return nil
}

func (w *wire) nodeLines(i int) []string {
	in := "-n " + w.space(i) + " "
	return []string{
		"netns add " + w.space(i),
		"link add " + w.link(i) + " type veth peer name peers netns " + w.space(i),
		"link add " + w.control(i) + " type veth peer name clients netns " + w.space(i),
		"link set " + w.link(i) + " master " + w.bridge(0), "link set " + w.link(i) + " up",
		"link set " + w.control(i) + " master " + w.clients(), "link set " + w.control(i) + " up",
		in + "link set lo up", in + "link set peers up", in + "link set clients up",
		in + "addr add " + w.peerIP(i) + "/24 dev peers", in + "addr add " + w.clientIP(i) + "/24 dev clients",
	}
}

// down removes everything that is there.
func (w *wire) down() error {
	ctx := context.Background()
	have, err := output(ctx, "", "ip", "netns", "list")
	if err != nil {
		return err
	}
	var errs []error
	for i := range w.nodes {
		if strings.Contains(have, w.space(i)) {
			errs = append(errs, run(ctx, "ip netns del "+w.space(i)))
		}
	}
	links, err := output(ctx, "", "ip", "-o", "link", "show", "type", "bridge")
	errs = append(errs, err)
	for _, name := range append([]string{w.clients()}, w.bridges()...) {
		if strings.Contains(links, " "+name+":") {
			errs = append(errs, run(ctx, "ip link del "+name))
		}
	}
	return errors.Join(errs...)
}

func (w *wire) bridges() (out []string) {
	for i := range w.nodes {
		out = append(out, w.bridge(i))
	}
	return out
}

// split puts each node on the bridge of its group: those of one group can talk to each other and to nobody else.
func (w *wire) split(ctx context.Context, group []int) error {
	var errs []error
	for i, g := range group {
		errs = append(errs, run(ctx, "ip link set "+w.link(i)+" master "+w.bridge(g)))
	}
	return errors.Join(errs...)
}

// whole puts all nodes together again.
func (w *wire) whole(ctx context.Context) error { return w.split(ctx, make([]int, w.nodes)) }
