package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/sdk"
)

// upgradesIn is how many blocks after its vote the test's upgrade comes: enough for the vote itself.
const upgradesIn = 60

// buildNext builds the program that knows one protocol more.
func buildNext(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tallyd-next")
	if out, err := exec.Command("go", "build", "-tags", "rehearsal", "-o", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return file
}

// voting is a network of four whose seats vote.
type voting struct {
	t   *testing.T
	net *devnet.Net
	ctx context.Context
}

func (v *voting) client(role string) *sdk.Client {
	v.t.Helper()
	s := &story{ctx: v.ctx, net: v.net, dir: v.t.TempDir()}
	c, err := s.dial(v.net.Role(role))
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = c.Close() })
	return c
}

// agree has three of four seats vote for an upgrade, and returns its height.
func (v *voting) agree() int64 {
	v.t.Helper()
	proposer := v.client("operator")
	clock, err := proposer.BlockTime(v.ctx)
	if err != nil {
		v.t.Fatal(err)
	}
	at := v.height() + upgradesIn
	call, err := txv1.CallOf(id.ID{}, &governancev1.ScheduleUpgrade{Protocol: 2, Height: at, Info: "the rehearsal's program"})
	if err != nil {
		v.t.Fatal(err)
	}
	o, err := proposer.Do(v.ctx, &governancev1.Propose{Title: "Rehearse", Calls: []*txv1.Call{call}, ExpiresUnixS: clock.Add(time.Hour).Unix()})
	if err != nil {
		v.t.Fatal(err)
	}
	for _, role := range []string{"obligor", "bank"} {
		if _, err := v.client(role).Do(v.ctx, &governancev1.Vote{Proposal: o.Ticket.Created(0, 0).Bytes(), Yes: true}); err != nil {
			v.t.Fatal(err)
		}
	}
	return at
}

// height asks by proof, so that the newest header is one that two thirds signed.
func (v *voting) height() int64 {
	v.t.Helper()
	return query(v.t, v.net.Dir, "tier1").Height
}

func (v *voting) start(program string, nodes ...int) []*process {
	v.t.Helper()
	var out []*process
	for _, i := range nodes {
		out = append(out, launchProgram(v.t, program, "start", "--home", v.net.Nodes[i].Home))
	}
	return out
}

func (v *voting) ready(nodes ...int) {
	v.t.Helper()
	client := readinessClient()
	defer client.CloseIdleConnections()
	for _, i := range nodes {
		waitFor(v.t, "a node is ready", func() bool { return ready(v.ctx, client, v.net.Nodes[i].GateListen) })
	}
}

// leftBehind wants a process that ended for the upgrade, said so, and had no failure.
func leftBehind(t *testing.T, p *process) {
	t.Helper()
	p.end(t, readyWithin, exitUpgrade)
	told := p.errs.String()
	if !strings.Contains(told, "from block") || !strings.Contains(told, "runs by protocol 2, this program knows 1") || !strings.Contains(told, "the rehearsal's program") {
		t.Errorf("it does not say what to do:\n%s", told)
	}
	if strings.Contains(told, "CONSENSUS FAILURE") || strings.Contains(told, "panic") {
		t.Errorf("it did not stop cleanly:\n%s", told)
	}
}

// Four validators reach the height: the three that run the old program stop cleanly before it, one that has the new
// program early waits for them; with two more of the new the chain goes on, and the one that was left behind stops again
// until it has the new program, with which it catches up. Offline verification replays both protocols.
func TestUpgradeAtAHeight(t *testing.T) {
	next := buildNext(t)
	net, err := devnet.Make(devnet.Options{Dir: filepath.Join(t.TempDir(), "net"), Validators: 4, Tune: func(c *node.Config) {
		c.IdleWaitMS, c.NodeCacheMiB, c.BlockCacheMiB, c.WriteBufferMiB = 50, 32, 8, 8
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	v := &voting{t: t, net: net, ctx: ctx}
	old, early := v.start("tallyd", 0, 1, 2), v.start(next, 3)
	v.ready(0, 1, 2, 3)
	at := v.agree()
	for _, p := range old {
		leftBehind(t, p)
	}
	leftBehind(t, v.start("tallyd", 0)[0]) // started again it says the same

	v.start(next, 0, 1)
	v.ready(0, 1)
	waitFor(t, "the chain goes on", func() bool { return v.height() > at+5 })
	rules := &kernelv1.Protocol{}
	c := v.client("tier1")
	if _, _, err := c.Get(ctx, kernelv1.ProtocolKey(), rules); err != nil || rules.Number != 2 || rules.Plan != nil {
		t.Errorf("proven: %v, %v", rules, err)
	}
	leftBehind(t, v.start("tallyd", 2)[0])
	behind := v.start(next, 2)[0]
	v.ready(2)
	waitFor(t, "the one left behind catches up", func() bool {
		reached, _, err := v.client("tier3").Get(ctx, kernelv1.ProtocolKey(), rules)
		return err == nil && reached.Height > at+5
	})
	for _, p := range []*process{behind, early[0]} {
		p.signal(t, syscall.SIGTERM)
		p.end(t, endsWithin, 0)
	}
	out, err := exec.Command(next, "verify", "--home", net.Nodes[2].Home).CombinedOutput()
	if err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}
