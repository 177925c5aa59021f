package node_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// stranger is a node whose peer id no member has registered, pointed at the first node of a network.
func stranger(t *testing.T, n *apptest.Network) node.Config {
	t.Helper()
	c := n.Nodes[0]
	c.Home = filepath.Join(t.TempDir(), "stranger")
	c.GateListen, c.P2PListen, c.RPCListen = "127.0.0.1:0", "127.0.0.1:0", freePort(t)
	c.Peers = []string{n.IDs[0].PeerID + "@" + n.Nodes[0].P2PListen}
	if _, err := node.MakeHome(c); err != nil {
		t.Fatal(err)
	}
	if err := n.Genesis.SaveAs(c.GenesisFile()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestUnregisteredNodeIsRefused(t *testing.T) {
	n := apptest.Start(t)
	c := stranger(t, n)
	running := startNode(t, c)
	if within(2*time.Second, func() bool { return peers(n.Nodes[0]) > 0 || running.App().Status().Height > 0 }) {
		t.Errorf("a stranger has a connection; it is at height %d", running.App().Status().Height)
	}
	if got := peers(n.Nodes[0]); got != 0 {
		t.Errorf("the validator has %d peers", got)
	}
	if running.Ready() {
		t.Error("a node without blocks says that it is ready")
	}
	if b, err := running.LightBlock(context.Background(), 0); err == nil {
		t.Errorf("a node without blocks has the light block %v", b)
	}
}

// A member's node is let in once its peer id is registered, and a suspended member's loses its live connection, though
// every node lists every other.
func TestSuspendedMembersNodeIsCutOff(t *testing.T) {
	n := apptest.Start(t, fullNode)
	if !within(5*time.Second, func() bool { return peers(n.Nodes[0]) == 1 }) {
		t.Fatalf("the full node is not connected: %d peers", peers(n.Nodes[0]))
	}
	operator := n.Role("operator")
	standing := &membersv1.SetStanding{Member: operator.Member.Bytes(), State: membersv1.MemberState_MEMBER_STATE_SUSPENDED, Roles: uint32(membersv1.RoleOperator)}
	vote(t, n, standing)
	if !within(10*time.Second, func() bool { return peers(n.Nodes[0]) == 0 }) {
		t.Fatal("its connection lives on")
	}
	if within(2*time.Second, func() bool { return peers(n.Nodes[0]) > 0 }) {
		t.Error("it came back")
	}
	at := n.Running[1].App().Status().Height
	standing.State = membersv1.MemberState_MEMBER_STATE_ACTIVE
	vote(t, n, standing)
	if !within(20*time.Second, func() bool { return n.Running[1].App().Status().Height > at+5 }) {
		t.Errorf("active again, it does not follow: height %d, it was cut off at %d, peers %d", n.Running[1].App().Status().Height, at, peers(n.Nodes[0]))
	}
}

// A node whose peer's name is found nowhere starts, makes blocks and stops in time.
func TestStartsWithoutAPeersName(t *testing.T) {
	n := apptest.Start(t)
	at := n.Running[0].App().Status().Height
	if err := n.Running[0].Stop(); err != nil {
		t.Fatal(err)
	}
	c := n.Nodes[0]
	c.Peers = []string{peer[:41] + "node.hanhai.invalid:26656"}
	if err := c.Save(); err != nil {
		t.Fatal(err)
	}
	c, err := node.Load(c.Home)
	if err != nil || len(c.Peers) != 1 {
		t.Fatal(c.Peers, err)
	}
	running := startNode(t, c)
	if !within(20*time.Second, func() bool { return running.App().Status().Height > at+3 }) {
		t.Errorf("it is at height %d, and was at %d before", running.App().Status().Height, at)
	}
	began := time.Now()
	if err := running.Stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it stopped after %s", took)
	}
}

func TestLookUp(t *testing.T) {
	for address, want := range map[string]string{"127.0.0.1:26656": "127.0.0.1:26656", "[::1]:1": "[::1]:1", "localhost:26656": "", "nobody.invalid:1": "-", "127.0.0.1": "-", "127.0.0.1:x": "-"} {
		a, err := node.LookUp(address)
		switch {
		case (err != nil) != (want == "-"):
			t.Errorf("%s: %v", address, err)
		case want == "" && !a.IP.IsLoopback():
			t.Errorf("%s: %v", address, a.IP)
		case err == nil && want != "" && a.DialString() != want:
			t.Errorf("%s: %s, want %s", address, a.DialString(), want)
		}
	}
}
