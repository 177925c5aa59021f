package doctor_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/doctor"
	"github.com/splittally/splittally/app/node"
	"github.com/syndtr/goleveldb/leveldb/storage"
)

// broken are set-ups that are really broken, each in its own way.
var broken = []struct {
	name  string
	spoil func(t *testing.T, w *world, c node.Config) doctor.Options
	check string
	level doctor.Level
	says  string
}{
	{"a field that nobody knows", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		edit(t, c.ConfigFile(), "gate_listen", "gate_listens")
		return calm
	}, "configuration", doctor.Fault, "gate_listens"},
	{"no configuration", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		remove(t, c.ConfigFile())
		return calm
	}, "configuration", doctor.Fault, "tallyd.toml"},
	{"a field out of bounds", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		edit(t, c.ConfigFile(), "proof_heights = 100", "proof_heights = 1")
		return calm
	}, "configuration", doctor.Fault, "proof_heights"},
	{"checks that are for tests", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		c.CheckInvariants = true
		save(t, c)
		return calm
	}, "configuration", doctor.Warning, "check_invariants"},
	{"a key that others may read", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		chmod(t, c.Engine().PrivValidatorKeyFile(), 0o644)
		return calm
	}, "permissions", doctor.Fault, "priv_validator_key.json"},
	{"a folder that others may write", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		chmod(t, filepath.Dir(c.ConfigFile()), 0o777)
		return calm
	}, "permissions", doctor.Fault, "others may put files into"},
	{"no node key", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		remove(t, c.Engine().NodeKeyFile())
		return calm
	}, "keys", doctor.Fault, "node_key.json"},
	{"a validator key that is garbage", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		write(t, c.Engine().PrivValidatorKeyFile(), "garbage")
		return calm
	}, "keys", doctor.Fault, "priv_validator_key.json"},
	{"a gate key of another pair", func(t *testing.T, w *world, c node.Config) doctor.Options {
		replaceBy(t, c.GateKeyFile(), w.net.Nodes[1].GateKeyFile())
		return calm
	}, "certificate", doctor.Fault, "gate's certificate"},
	{"a certificate that has ended", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		certify(t, c, -time.Hour)
		return calm
	}, "certificate", doctor.Fault, "ended at"},
	{"a certificate that ends soon", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		certify(t, c, 10*24*time.Hour)
		return calm
	}, "certificate", doctor.Warning, "ends in"},
	{"no genesis", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		remove(t, c.GenesisFile())
		return calm
	}, "genesis", doctor.Fault, "genesis.json"},
	{"a genesis that is another than the installed one", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		edit(t, c.GenesisFile(), "Dingsheng", "Dingshang")
		return calm
	}, "genesis", doctor.Fault, "not the one that was installed"},
	{"a genesis that is another than the chain's", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		edit(t, c.GenesisFile(), "Dingsheng", "Dingshang")
		b, err := os.ReadFile(c.GenesisFile())
		if err != nil {
			t.Fatal(err)
		}
		field(t, filepath.Join(c.Home, "config", "network.json"), "genesis_sha256", hashOf(b))
		return calm
	}, "genesis", doctor.Fault, "another app_state"},
	{"a node key that nobody registered", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		other := c
		other.Home = filepath.Join(t.TempDir(), "other")
		if _, err := node.MakeHome(other); err != nil {
			t.Fatal(err)
		}
		replaceBy(t, c.Engine().NodeKeyFile(), other.Engine().NodeKeyFile())
		return calm
	}, "registration", doctor.Fault, "no member with node"},
	{"data that somebody else holds", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		s, err := storage.OpenFile(c.StateDir(), false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		c.P2PListen, c.GateListen = "127.0.0.1:0", "127.0.0.1:0"
		return calm
	}, "database", doctor.Fault, "holds the data"},
	{"data that is damaged", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		write(t, filepath.Join(c.StateDir(), "CURRENT"), "MANIFEST-999999\n")
		return calm
	}, "database", doctor.Fault, "cannot be read"},
	{"state and blocks of different times", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		if err := os.RemoveAll(c.StateDir()); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(c.StateDir(), 0o700); err != nil {
			t.Fatal(err)
		}
		return calm
	}, "database", doctor.Fault, "they are of different times"},
	{"a snapshot that was cut off", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		if err := os.MkdirAll(filepath.Join(c.Home, "data", "snapshots", "7.part"), 0o700); err != nil {
			t.Fatal(err)
		}
		return calm
	}, "database", doctor.Warning, "cut off"},
	{"a validator's key in two places", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		c.RemoteSignerListen, c.RemoteSignerKey = "127.0.0.1:26659", strings.Repeat("ab", 32)
		save(t, c)
		return calm
	}, "keys", doctor.Fault, "remote_signer_listen is set"},
	{"no signing state", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		remove(t, c.Engine().PrivValidatorStateFile())
		return calm
	}, "signing", doctor.Fault, "is missing"},
	{"an old signing state", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		write(t, c.Engine().PrivValidatorStateFile(), `{"height":"1","round":0,"step":3}`)
		return calm
	}, "signing", doctor.Fault, "the blocks here have its signature"},
	{"a port that another program holds", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		l, err := net.Listen("tcp", c.P2PListen)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return calm
	}, "ports", doctor.Fault, "another program holds"},
	{"one port for two things", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		c.MetricsListen = c.GateListen
		save(t, c)
		return calm
	}, "ports", doctor.Fault, "are both"},
	{"an address of another machine", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		c.P2PListen = "192.0.2.7:26656" // RFC 5737: nobody's
		save(t, c)
		return calm
	}, "ports", doctor.Fault, "p2p_listen"},
	{"no peers", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		c.Peers = []string{}
		save(t, c)
		return calm
	}, "peers", doctor.Fault, "no peers are configured"},
	{"a peer that does not answer", func(t *testing.T, w *world, c node.Config) doctor.Options {
		c.Peers[0] = w.net.IDs[1].PeerID + "@127.0.0.1:1"
		save(t, c)
		return calm
	}, "peers", doctor.Warning, "does not answer"},
	{"a peer that is another", func(t *testing.T, w *world, c node.Config) doctor.Options {
		c.Peers[0] = w.net.IDs[1].PeerID + "@" + w.net.Nodes[2].P2PListen
		save(t, c)
		return calm
	}, "peers", doctor.Warning, "and peers says"},
	{"a peer that is no member's", func(t *testing.T, w *world, c node.Config) doctor.Options {
		c.Peers[0] = strings.Repeat("ab", 20) + "@" + w.net.Nodes[1].P2PListen
		save(t, c)
		return calm
	}, "peers", doctor.Warning, "is no member's node"},
	{"a clock that is behind", func(*testing.T, *world, node.Config) doctor.Options {
		o := calm
		o.Now = func() time.Time { return time.Now().Add(-time.Minute) }
		return o
	}, "clock", doctor.Fault, "behind"},
	{"a clock that is a little ahead", func(*testing.T, *world, node.Config) doctor.Options {
		o := calm
		o.Now = func() time.Time { return time.Now().Add(6 * time.Second) }
		return o
	}, "clock", doctor.Warning, "ahead"},
	{"a time server that does not answer", func(*testing.T, *world, node.Config) doctor.Options {
		o := calm
		o.NTP, o.Timeout = "127.0.0.1:1", time.Second
		return o
	}, "clock", doctor.Warning, "does not answer"},
	{"a disk with too little room", func(*testing.T, *world, node.Config) doctor.Options {
		o := calm
		o.MinFreeGiB = 1 << 30
		return o
	}, "disk", doctor.Fault, "GiB are needed"},
	{"a disk that is too slow", func(*testing.T, *world, node.Config) doctor.Options {
		o := calm
		o.SlowSync = time.Nanosecond
		return o
	}, "disk", doctor.Fault, "to reach the disk"},
	{"caches that the machine has not", func(t *testing.T, _ *world, c node.Config) doctor.Options {
		c.NodeCacheMiB = 1 << 20
		save(t, c)
		return calm
	}, "memory", doctor.Fault, "caches and node need"},
}

// Each broken set-up is found by its own check, and nothing else is found falsely.
func TestBrokenSetups(t *testing.T) {
	w := newWorld(t)
	if found := examine(t, w.copied(t).Home, calm); len(found) > 0 {
		t.Fatalf("a stopped node that is well: %+v", found)
	}
	for _, tc := range broken {
		t.Run(tc.name, func(t *testing.T) {
			c := w.copied(t)
			o := tc.spoil(t, w, c)
			only(t, examine(t, c.Home, o), tc.check, tc.level, tc.says)
		})
	}
	t.Run("a validator key of another", func(t *testing.T) { stolenKey(t, w) })
	t.Run("two that sign with one key", func(t *testing.T) { twins(t, w) })
	t.Run("a running node whose configuration changed", func(t *testing.T) { changed(t, w) })
	t.Run("a chain that stands still", func(t *testing.T) { halted(t, w) })
}

// stolenKey: key and signing state do not belong together, which the last signature shows.
func stolenKey(t *testing.T, w *world) {
	c := w.copied(t)
	replaceBy(t, c.Engine().PrivValidatorKeyFile(), w.net.Nodes[1].Engine().PrivValidatorKeyFile())
	only(t, examine(t, c.Home, calm), "signing", doctor.Fault, "not of this validator's key")
}

// twins: the home was copied to a second machine, where it runs.
func twins(t *testing.T, w *world) {
	c, twin := w.copied(t), w.copied(t)
	twin.GateListen, twin.P2PListen, twin.RPCListen = "127.0.0.1:0", freePort(t), ""
	n, err := node.Start(twin, "test", node.NewLog(os.Stderr, node.Config{LogLevel: "error"}))
	if err != nil {
		t.Fatal(err)
	}
	address := ed25519.PubKey(w.net.IDs[0].Validator).Address()
	began := w.running[1].App().Status().Height
	waitFor(t, "the twin signs", func() bool {
		b, err := w.running[1].LightBlock(t.Context(), w.running[1].App().Status().Height-1)
		return err == nil && b.Height > began && slices.ContainsFunc(b.Commit.Signatures, func(s types.CommitSig) bool {
			return s.BlockIDFlag == types.BlockIDFlagCommit && bytes.Equal(s.ValidatorAddress, address)
		})
	})
	only(t, examine(t, c.Home, calm), "signing", doctor.Fault, "another process signs")
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func changed(t *testing.T, w *world) {
	c := w.net.Nodes[1]
	before, err := os.ReadFile(c.ConfigFile())
	if err != nil {
		t.Fatal(err)
	}
	next := c
	next.RPCListen = "127.0.0.1:1987"
	save(t, next)
	found := examine(t, c.Home, calm)
	delete(found, "peers") // the patient is away
	only(t, found, "ports", doctor.Warning, "nothing listens on 127.0.0.1:1987")
	write(t, c.ConfigFile(), string(before))
}

// halted: two of four validators are away. It ends the world.
func halted(t *testing.T, w *world) {
	for _, n := range w.running[2:3] {
		if err := n.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	o := calm
	o.Now = func() time.Time { return time.Now().Add(2 * time.Minute) } // rather than to wait for them
	found := examine(t, w.net.Nodes[1].Home, o)
	f := found["lag"]
	if f.Level != doctor.Fault || !strings.Contains(f.What, "the newest block is") {
		t.Errorf("%+v", f)
	}
	if f := found["peers"]; f.Level != doctor.Warning {
		t.Errorf("two peers are away: %+v", f)
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, file string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
}

func replaceBy(t *testing.T, file, other string) {
	t.Helper()
	b, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(b))
}

// certify makes a certificate of the home's own key that ends so long from now.
func certify(t *testing.T, c node.Config, left time.Duration) {
	t.Helper()
	b, err := os.ReadFile(c.GateKeyFile())
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	priv, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	k := priv.(*ecdsa.PrivateKey)
	cert := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(left)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	write(t, c.GateCertFile(), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}
