package doctor

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/ceremony"
)

func TestJudgeClock(t *testing.T) {
	const s = time.Second
	for name, tc := range map[string]struct {
		ahead []time.Duration
		level Level
		says  string
	}{
		"together":                   {[]time.Duration{0, s / 2, -s / 2}, OK, "within"},
		"at the bound":               {[]time.Duration{3 * s}, OK, "within"},
		"a little behind":            {[]time.Duration{4 * s}, Warning, "4s behind"},
		"a little ahead":             {[]time.Duration{-4 * s}, Warning, "4s ahead"},
		"far behind":                 {[]time.Duration{11 * s, 12 * s, 60 * s}, Fault, "12s behind"},
		"far ahead":                  {[]time.Duration{-time.Hour}, Fault, "1h0m0s ahead"},
		"one of the others is wrong": {[]time.Duration{0, time.Hour, s}, OK, "within"},
	} {
		if f := judgeClock(tc.ahead); len(f) != 1 || f[0].Level != tc.level || !strings.Contains(f[0].What, tc.says) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// timeServer answers as a time server [RFC 5905] whose clock is ahead.
func timeServer(t *testing.T, ahead time.Duration) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		b := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if n >= 48 {
				_, _ = c.WriteTo(timeAnswer(b[40:48], time.Now().Add(ahead)), from)
			}
		}
	}()
	return c.LocalAddr().String()
}

// timeAnswer is a server's packet of version 4, stratum 2, to a question that was sent at asked.
func timeAnswer(asked []byte, now time.Time) []byte {
	const since1900 = 2_208_988_800
	stamp := func(at time.Time) uint64 {
		return uint64(at.Unix()+since1900)<<32 | uint64(at.Nanosecond())<<32/1_000_000_000
	}
	b := make([]byte, 48)
	b[0], b[1], b[2], b[3] = 4<<3|4, 2, 6, 0xec
	binary.BigEndian.PutUint64(b[16:], stamp(now.Add(-time.Minute)))
	copy(b[24:], asked)
	binary.BigEndian.PutUint64(b[32:], stamp(now))
	binary.BigEndian.PutUint64(b[40:], stamp(now))
	return b
}

// A time server is believed before everybody else.
func TestTimeServer(t *testing.T) {
	for ahead, want := range map[time.Duration]Level{0: OK, 5 * time.Second: Warning, -time.Minute: Fault} {
		p := &patient{own: &neighbour{}, o: Options{NTP: timeServer(t, ahead)}.withDefaults()}
		p.others = []*neighbour{{date: offsetOf{known: true, ahead: time.Hour}}}
		if f := clock(t.Context(), p); len(f) != 1 || f[0].Level != want {
			t.Errorf("a server that is %s ahead: %+v", ahead, f)
		}
	}
}

func TestNothingToCompareWith(t *testing.T) {
	p := &patient{own: &neighbour{}, o: Options{}.withDefaults()}
	if f := clock(t.Context(), p); len(f) != 1 || f[0].Level != OK || !strings.Contains(f[0].What, "--ntp") {
		t.Errorf("%+v", f)
	}
}

func TestDiffer(t *testing.T) {
	doc := func(change func(*types.GenesisDoc)) *types.GenesisDoc {
		d := &types.GenesisDoc{ChainID: "a", GenesisTime: time.Unix(1_800_000_000, 0), AppState: []byte(`{"x": 1}`)}
		change(d)
		return d
	}
	same := doc(func(*types.GenesisDoc) {})
	for name, tc := range map[string]struct {
		change func(*types.GenesisDoc)
		want   string
	}{
		"the same":      {func(*types.GenesisDoc) {}, ""},
		"other blanks":  {func(d *types.GenesisDoc) { d.AppState = []byte(`{ "x":1 }`) }, ""},
		"another chain": {func(d *types.GenesisDoc) { d.ChainID = "b" }, "chain b, not a"},
		"another time":  {func(d *types.GenesisDoc) { d.GenesisTime = d.GenesisTime.Add(1) }, "it began at"},
		"another state": {func(d *types.GenesisDoc) { d.AppState = []byte(`{"x": 2}`) }, "another app_state"},
		"no JSON":       {func(d *types.GenesisDoc) { d.AppState = []byte(`{`) }, "another app_state"},
	} {
		if got := differ(same, doc(tc.change)); !strings.HasPrefix(got, tc.want) && !strings.Contains(got, tc.want) || (tc.want == "") != (got == "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Something that is no node, no gate and no lock.
func TestStrangers(t *testing.T) {
	p := &patient{o: Options{Timeout: time.Second}.withDefaults()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			_ = c.Close()
		}
	}()
	if id, err := p.whoIsAt(t.Context(), l.Addr().String()); err == nil {
		t.Errorf("it is taken for node %s", id)
	}
	if n := p.ask(t.Context(), "", "https://"+l.Addr().String(), strings.Repeat("00", 32)); n.hello != nil || n.err == nil {
		t.Errorf("it is taken for a gate: %+v", n)
	}
	if locked, pid := lockedBy(t.TempDir()); locked || pid != 0 {
		t.Error("an empty folder is held by a process")
	}
}

// Neighbours that are silent cost the time of one, not of each.
func TestNeighboursAreAskedAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // what takes connections and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := &patient{o: Options{Timeout: 300 * time.Millisecond, Now: time.Now}, network: &ceremony.Network{}}
	p.config.GateListen = l.Addr().String()
	own := strings.Repeat("00", 32)
	for n := range 20 {
		p.network.Nodes = append(p.network.Nodes, ceremony.NetworkNode{Member: "other", URL: "https://" + l.Addr().String(), Pin: fmt.Sprintf("%064x", n)})
	}
	began := time.Now()
	p.askAll(t.Context(), own)
	if took := time.Since(began); took > 3*time.Second || len(p.others) != 19 || p.own.err == nil {
		t.Errorf("%d others took %s", len(p.others), took)
	}
	for _, n := range p.others {
		if n == nil || n.err == nil {
			t.Errorf("%+v answers", n)
		}
	}
}
