package node

import (
	"errors"
	"sync"

	dbm "github.com/cometbft/cometbft-db"
	cfg "github.com/cometbft/cometbft/config"
	"github.com/syndtr/goleveldb/leveldb/opt"
)

// engineWriteBuffer holds some blocks before they go into tables.
const engineWriteBuffer = 16 << 20

// databases are the engine's. It closes them while its routines still read, which panics; and some of its routines for
// peers read once more after it has stopped. So they are closed by the node, last, and then answer that they have
// nothing.
type databases struct{ all []*database }

type database struct {
	dbm.DB
	mu     sync.RWMutex
	closed bool
}

// Close is the engine's and does nothing.
func (d *database) Close() error { return nil }

// Get answers nothing once the database is closed.
func (d *database) Get(key []byte) ([]byte, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return nil, nil
	}
	return d.DB.Get(key)
}

// Has answers no once the database is closed.
func (d *database) Has(key []byte) (bool, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return false, nil
	}
	return d.DB.Has(key)
}

func (d *database) end() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return d.DB.Close()
}

func (d *databases) open(c *cfg.DBContext) (dbm.DB, error) {
	db, err := dbm.NewGoLevelDBWithOpts(c.ID, c.Config.DBDir(), &opt.Options{
		Compression: opt.NoCompression, // transactions are keys, hashes and signatures
		WriteBuffer: engineWriteBuffer,
	})
	if err != nil {
		return nil, err
	}
	one := &database{DB: db}
	d.all = append(d.all, one)
	return one, nil
}

func (d *databases) close() error {
	var errs []error
	for _, db := range d.all {
		errs = append(errs, db.end())
	}
	return errors.Join(errs...)
}
