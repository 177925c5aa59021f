package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/beevik/ntp"
	"github.com/splittally/splittally/app/node/headers"
)

// address is a port of the configuration.
type address struct{ field, value string }

func (p *patient) addresses() []address {
	all := []address{
		{"gate_listen", p.config.GateListen},
		{"p2p_listen", p.config.P2PListen},
		{"rpc_listen", p.config.RPCListen},
		{"metrics_listen", p.config.MetricsListen},
		{"remote_signer_listen", p.config.RemoteSignerListen},
	}
	return slices.DeleteFunc(all, func(a address) bool { return a.value == "" })
}

// ports judges whether each port is free for a stopped node, or held by the running one.
func ports(ctx context.Context, p *patient) []Finding {
	var found []Finding
	seen := map[string]string{}
	for _, a := range p.addresses() {
		if other, twice := seen[a.value]; twice {
			found = append(found, fault("Give each a port of its own in tallyd.toml.", "%s and %s are both %s", other, a.field, a.value))
			continue
		}
		seen[a.value] = a.field
		found = append(found, p.port(ctx, a)...)
	}
	if p.running() {
		return otherwise(found, "held by the running node")
	}
	return otherwise(found, "free")
}

func (p *patient) port(ctx context.Context, a address) []Finding {
	l, err := net.Listen("tcp", a.value)
	if err == nil {
		_ = l.Close() // it was only tried
		if p.running() {
			return []Finding{warning("Was the configuration changed after the start? Restart the node.", "%s: nothing listens on %s, though the node runs", a.field, a.value)}
		}
		return nil
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return []Finding{fault("Name an address of this machine, and a port above 1023 or one that the node may use.", "%s: %s", a.field, err)}
	}
	if p.locked && p.ours(ctx, a) {
		return nil
	}
	return []Finding{fault("Find it with 'ss -ltnp' and end it, or change "+a.field+".", "%s: another program holds %s", a.field, a.value)}
}

// ours tells whether it is this node that answers on a port, where that can be told.
func (p *patient) ours(ctx context.Context, a address) bool {
	switch a.field {
	case "gate_listen":
		return !errors.Is(p.own.err, headers.ErrPin)
	case "p2p_listen":
		id, err := p.whoIsAt(ctx, a.value)
		return err == nil && (p.nodeID == "" || id == p.nodeID)
	}
	return true
}

func cutPeer(peer string) (id, address string) {
	id, address, _ = strings.Cut(peer, "@")
	return strings.ToLower(id), address
}

// What a clock may be off. Blocks carry the median of the validators' clocks.
const (
	clockWarning = 3 * time.Second
	clockFault   = 10 * time.Second
)

// clock compares this machine's clock with other members' gates, the newest header, and a time server where one may be
// asked.
func clock(_ context.Context, p *patient) []Finding {
	var ahead []time.Duration // of others against ours
	for _, n := range p.others {
		if n.date.known {
			ahead = append(ahead, n.date.ahead)
		}
	}
	if b := p.newest(); b != nil {
		if d := b.Time.Sub(p.o.Now()); d > 0 {
			ahead = append(ahead, d)
		}
	}
	if p.o.NTP != "" {
		r, err := ntp.QueryWithOptions(p.o.NTP, ntp.QueryOptions{Timeout: p.o.Timeout})
		if err == nil {
			err = r.Validate()
		}
		if err != nil {
			return []Finding{warning("Name another server with --ntp, or let UDP port 123 through.", "the time server %s does not answer: %s", p.o.NTP, err)}
		}
		ahead = []time.Duration{r.ClockOffset} // better than all others
	}
	if len(ahead) == 0 {
		return fine("nothing to compare it with; --ntp SERVER asks a time server")
	}
	return judgeClock(ahead)
}

func judgeClock(ahead []time.Duration) []Finding {
	slices.Sort(ahead)
	d := ahead[len(ahead)/2]
	word := "behind"
	if d < 0 {
		word, d = "ahead", -d
	}
	const cure = "Let chrony or systemd-timesyncd keep the clock: 'timedatectl set-ntp true'."
	switch {
	case d > clockFault:
		return []Finding{fault(cure, "this machine's clock is %s %s: its votes and proposals are refused", d.Round(time.Second), word)}
	case d > clockWarning:
		return []Finding{warning(cure, "this machine's clock is %s %s", d.Round(time.Second), word)}
	}
	return fine("within %s of others'", clockWarning)
}

// dataDir is the data folder, or what stands above it while there is none.
func (p *patient) dataDir() string {
	dir := filepath.Dir(p.config.StateDir())
	if _, err := os.Stat(dir); err != nil {
		return p.home
	}
	return dir
}

// syncTries is how many writes are timed; the middle one counts.
const syncTries = 7

func disk(_ context.Context, p *patient) []Finding {
	var found []Finding
	if free, known := freeBytes(p.dataDir()); known {
		freeGiB := float64(free) / (1 << 30)
		const cure = "Make room or grow the disk now: a node whose disk is full ends. 'disk full' in the runbook says how."
		switch need := float64(p.o.MinFreeGiB); {
		case freeGiB < need:
			found = append(found, fault(cure, "%.1f GiB are free where %d GiB are needed", freeGiB, p.o.MinFreeGiB))
		case freeGiB < 2*need:
			found = append(found, warning(cure, "%.1f GiB are free", freeGiB))
		}
	}
	took, err := timeSync(p.dataDir())
	const slow = "Move the home to a disk with a write cache that survives power cuts (NVMe): each block waits for it several times."
	switch {
	case err != nil:
		found = append(found, fault("Let the user that runs the node write to the folder; look whether the disk is mounted read-only.", "nothing can be written to %s: %s", p.dataDir(), err))
	case took > 10*p.o.SlowSync:
		found = append(found, fault(slow, "a write takes %s to reach the disk", took.Round(time.Millisecond)))
	case took > p.o.SlowSync:
		found = append(found, warning(slow, "a write takes %s to reach the disk", took.Round(time.Millisecond)))
	}
	return otherwise(found, "room, and %s for a write to reach it", took.Round(100*time.Microsecond))
}

// timeSync times small writes that must reach the disk.
func timeSync(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = f.Close(), os.Remove(f.Name()) }()
	var took []time.Duration
	page := make([]byte, 4096)
	for range syncTries {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// Open files: state and the engine's databases keep up to 2,500, peers and callers the rest.
const (
	filesFault   = 1024
	filesWarning = 4096
)

func descriptors(_ context.Context, p *patient) []Finding {
	limit, whose := fileLimit(p.pid)
	const cure = "Set LimitNOFILE=65536 in the systemd unit, or 'ulimit -n 65536' before the start."
	switch {
	case limit == 0:
		return nil
	case limit <= filesFault:
		return []Finding{fault(cure, "%s may open %d files", whose, limit)}
	case limit < filesWarning:
		return []Finding{warning(cure, "%s may open %d files", whose, limit)}
	}
	return fine("%s may open %d files", whose, limit)
}

// baseMiB is what a node needs beside the caches that are configured: heap, undo of the proof window, the engine.
const baseMiB = 1024

func memory(_ context.Context, p *patient) []Finding {
	c := p.config
	need := c.NodeCacheMiB + c.BlockCacheMiB + 2*c.WriteBufferMiB + baseMiB
	has := memoryMiB()
	const cure = "Lower node_cache_mib, block_cache_mib and write_buffer_mib, or give the machine more memory."
	switch {
	case has == 0:
		return nil
	case need > has:
		return []Finding{fault(cure, "caches and node need about %d MiB, the machine has %d MiB", need, has)}
	case need*4 > has*3:
		return []Finding{warning(cure, "caches and node need about %d MiB of the machine's %d MiB", need, has)}
	}
	return fine("about %d MiB of %d MiB", need, has)
}

func pidText(pid int) string {
	if pid == 0 {
		return "unknown"
	}
	return strconv.Itoa(pid)
}

func isBusy(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK)
}

// scan calls f with the lines of a small file of the system until it says that it is done.
func scan(file string, f func(line string) (done bool)) {
	r, err := os.Open(filepath.Clean(file))
	if err != nil {
		return
	}
	defer r.Close()
	for s := bufio.NewScanner(r); s.Scan(); {
		if f(s.Text()) {
			return
		}
	}
}

func whoseLimit(pid int) string {
	if pid == 0 {
		return "this shell's node"
	}
	return fmt.Sprintf("the running node (process %d)", pid)
}
