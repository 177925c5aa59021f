package node

import (
	"testing"

	cfg "github.com/cometbft/cometbft/config"
)

// The engine's routines may read after everything has stopped: they find nothing, and nothing panics.
func TestDatabasesAfterTheirEnd(t *testing.T) {
	c := cfg.DefaultConfig()
	c.SetRoot(t.TempDir())
	d := &databases{}
	db, err := d.open(&cfg.DBContext{ID: "blockstore", Config: c})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetSync([]byte("k"), []byte("v")); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err := db.Get([]byte("k")); err != nil || string(v) != "v" {
		t.Fatalf("the engine's own close ended it: %q, %v", v, err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	v, err := db.Get([]byte("k"))
	has, hasErr := db.Has([]byte("k"))
	if v != nil || err != nil || has || hasErr != nil {
		t.Errorf("after its end: %q, %v, %v, %v", v, err, has, hasErr)
	}
	again := &databases{}
	if _, err := again.open(&cfg.DBContext{ID: "blockstore", Config: c}); err != nil {
		t.Errorf("it is not free for the next start: %v", err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
}
