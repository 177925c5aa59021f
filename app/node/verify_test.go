package node_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/syndtr/goleveldb/leveldb"
)

// ran is the home of a node that has run some blocks with transactions, and stopped.
func ran(t *testing.T) (node.Config, int64) {
	t.Helper()
	n := apptest.Start(t)
	today := kernelv1.DayOf(time.Now().Unix(), 8*3600)
	tier1 := n.Role("tier1").Account.Bytes()
	sent := int64(0)
	for i := range int64(3) {
		send(t, n, "bank", mint(n, 100+i))
		send(t, n, "obligor", &voucherv1.Issue{Items: []*voucherv1.IssueItem{{
			Creditor: tier1, Currency: "CNY", AmountMinor: 5_000, DueDay: today + 60,
			Background: &voucherv1.Background{Contract: tier1, Invoices: []*voucherv1.InvoiceUse{
				{Fingerprint: bytes.Repeat([]byte{byte(i + 1)}, 32), IssueDay: today - 1, TotalMinor: 5_000, UsedMinor: 5_000},
			}},
		}}})
		sent += 2
	}
	verifyFails(t, n.Nodes[0], "still running")
	if err := n.Running[0].Stop(); err != nil {
		t.Fatal(err)
	}
	return n.Nodes[0], sent
}

func verify(c node.Config) (node.Verification, error) {
	return node.Verify(c, func(int64, int64) {})
}

// verifyFails wants an error, and words in it where some are given.
func verifyFails(t *testing.T, c node.Config, words string) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("it panics: %.200v", p)
		}
	}()
	v, err := verify(c)
	if err == nil {
		t.Errorf("verified: %+v", v)
	} else if !strings.Contains(err.Error(), words) {
		t.Errorf("%v, want %q in it", err, words)
	}
}

// copied is a copy of a home, for a test to spoil.
func copied(t *testing.T, c node.Config) node.Config {
	t.Helper()
	home := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(home, os.DirFS(c.Home)); err != nil {
		t.Fatal(err)
	}
	c.Home = home
	return c
}

func TestVerify(t *testing.T) {
	c, sent := ran(t)
	var last int64
	v, err := node.Verify(c, func(done, all int64) {
		if done != last+1 || done > all {
			t.Errorf("progress %d of %d after %d", done, all, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if v.Transactions != sent || v.Blocks != last || v.Height != v.Blocks-1 || len(v.AppHash) != 64 {
		t.Errorf("%+v, %d transactions were sent in %d blocks", v, sent, last)
	}
	if again, err := verify(c); err != nil || again != v {
		t.Errorf("a second time: %+v %v", again, err)
	}
	t.Run("blocks", func(t *testing.T) { spoilBlocks(t, c, v.Blocks) })
	t.Run("state", func(t *testing.T) { spoilState(t, c) })
	t.Run("genesis", func(t *testing.T) { spoilGenesis(t, c) })
	t.Run("export", func(t *testing.T) {
		state, content, height, err := node.Export(c)
		if err != nil || height != v.Blocks || len(content) != 64 || !bytes.Contains(state, []byte("voucher.packages")) {
			t.Errorf("%d bytes, content %s, height %d, %v", len(state), content, height, err)
		}
	})
}

// spoilBlocks turns bytes of what the engine keeps of blocks: each must be found, with a message.
func spoilBlocks(t *testing.T, c node.Config, blocks int64) {
	middle := blocks / 2
	for _, key := range []string{fmt.Sprintf("P:%d:0", middle), fmt.Sprintf("H:%d", middle), fmt.Sprintf("C:%d", middle), "P:1:0", fmt.Sprintf("SC:%d", blocks)} {
		for _, place := range []int{1, 3, 4, 7, 8} { // eighths of the record: header, hashes, content, signature
			t.Run(fmt.Sprintf("%s at %d/8", key, place), func(t *testing.T) {
				spoilt := copied(t, c)
				db, err := dbm.NewDB("blockstore", dbm.GoLevelDBBackend, filepath.Join(spoilt.Home, "data"))
				if err != nil {
					t.Fatal(err)
				}
				v, err := db.Get([]byte(key))
				if err != nil || len(v) == 0 {
					t.Fatalf("no record: %v", err)
				}
				v[(len(v)-1)*place/8] ^= 1
				if err := db.SetSync([]byte(key), v); err != nil {
					t.Fatal(err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				verifyFails(t, spoilt, "")
			})
		}
	}
}

// spoilState changes a current value in the node's own state, as a thief with the disk in hand would.
func spoilState(t *testing.T, c node.Config) {
	spoilt := copied(t, c)
	db, err := leveldb.OpenFile(spoilt.StateDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	it := db.NewIterator(nil, nil)
	for it.Next() {
		if k := it.Key(); len(k) > 3 && k[0] == 'F' && k[1] == 3 && k[2] == 1 { // a balance of deposits
			v := bytes.Clone(it.Value())
			v[len(v)-1] ^= 1
			if err := db.Put(bytes.Clone(k), v, nil); err != nil {
				t.Fatal(err)
			}
			changed++
		}
	}
	it.Release()
	if err := db.Close(); err != nil || changed == 0 {
		t.Fatalf("%d balances found: %v", changed, err)
	}
	verifyFails(t, spoilt, "")
}

func spoilGenesis(t *testing.T, c node.Config) {
	for name, words := range map[string][2]string{
		"a line's limit":      {`"10000000000"`, `"10000000001"`},
		"a name":              {"Bank of Linjiang", "Bank of Linjianh"},
		"development":         {`"development": true`, `"development":false`},
		"the chain":           {`"splittally-dev"`, `"splittally-dew"`},
		"the time":            {`"genesis_time": "2`, `"genesis_time": "3`},
		"the size of blocks":  {`"max_bytes": "9437184"`, `"max_bytes": "9437185"`},
		"the offset":          {`"utc_offset_s": 28800`, `"utc_offset_s": 28801`},
		"a validator's power": {`"power": "10"`, `"power": "11"`},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := copied(t, c)
			b, err := os.ReadFile(spoilt.GenesisFile())
			if err != nil {
				t.Fatal(err)
			}
			after := strings.Replace(string(b), words[0], words[1], 1)
			if after == string(b) {
				t.Fatalf("the genesis has no %s", words[0])
			}
			if err := os.WriteFile(spoilt.GenesisFile(), []byte(after), 0o600); err != nil {
				t.Fatal(err)
			}
			verifyFails(t, spoilt, "")
		})
	}
}

func TestVerifyNeedsAHome(t *testing.T) {
	c := node.DefaultConfig()
	c.Home = t.TempDir()
	verifyFails(t, c, "genesis")
}
