package store

import (
	"sync"

	"github.com/VictoriaMetrics/fastcache"
	"github.com/syndtr/goleveldb/leveldb"
)

// cacheEntryMax is the size from which fastcache drops an entry silently, and then goes on serving the one before it.
const cacheEntryMax = 64<<10 - 4

// rawCache holds current values and nodes by their database key, off the heap. A value read from the database is put in
// only if no commit began or ended since before the read: otherwise a slow reader would put back an old value.
type rawCache struct {
	entries *fastcache.Cache
	mu      sync.Mutex
	epoch   uint64 // odd while a commit is under way; guarded by mu
}

func newRawCache(mib int) *rawCache { return &rawCache{entries: fastcache.New(mib << 20)} }

// get appends to dst. The answer is not nil if ok, also for an empty value.
func (c *rawCache) get(dst, key []byte) (value []byte, ok bool) {
	value, ok = c.entries.HasGet(dst, key)
	if ok && value == nil {
		value = []byte{}
	}
	return value, ok
}

// Put and Delete make rawCache a leveldb.BatchReplay: the batch just written goes into the cache.
func (c *rawCache) Put(key, value []byte) {
	switch {
	case key[0] != prefixValue && key[0] != prefixNode:
	case len(key)+len(value) >= cacheEntryMax:
		c.entries.Del(key)
	default:
		c.entries.Set(key, value)
	}
}

// Delete forgets a value. A pruned node may stay: nobody asks for it again, and newer entries push it out.
func (c *rawCache) Delete(key []byte) {
	if key[0] == prefixValue {
		c.entries.Del(key)
	}
}

func (c *rawCache) currentEpoch() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

// fill puts in what was read from the database since epoch.
func (c *rawCache) fill(epoch uint64, key, value []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch == epoch && epoch%2 == 0 {
		c.Put(key, value)
	}
}

func (c *rawCache) beginCommit() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
}

// endCommit takes over what batch wrote.
func (c *rawCache) endCommit(batch *leveldb.Batch) error {
	err := batch.Replay(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	return err
}
