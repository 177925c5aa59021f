package sdk

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// fileEntries is the name of the file in Config.Dir; maxEntriesFile bounds it, in bytes: over it the newest half stays.
const (
	fileEntries    = "entries-"
	maxEntriesFile = 64 << 20
	frameSize      = 4
)

// entryCache has entries that were walked before, by their hashes: length, AccountEntry, again and again. Nothing in it
// is believed: whoever takes an entry from it checks it like a node's.
type entryCache struct {
	file string
	most int

	mu     sync.Mutex
	loaded bool
	torn   bool // the file has what cannot be read: it is written anew
	size   int
	all    []*gatev1.AccountEntry
	byHash map[id.ID]*gatev1.AccountEntry
}

// entryCache is this client's, of its account; without Config.Dir it forgets when the client ends.
func (c *Client) entryCache() *entryCache {
	c.entriesOnce.Do(func() {
		c.entries = &entryCache{most: maxEntriesFile, byHash: map[id.ID]*gatev1.AccountEntry{}}
		if c.conf.Dir != "" {
			c.entries.file = c.file(fileEntries + c.account.String())
		}
	})
	return c.entries
}

func (e *entryCache) find(head []byte) *gatev1.AccountEntry {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.load()
	hash, _ := id.Of(head)
	return e.byHash[hash]
}

// load reads the file once; what cannot be read is not there.
func (e *entryCache) load() {
	if e.loaded || e.file == "" {
		return
	}
	e.loaded = true
	if f, err := os.Stat(e.file); err == nil && f.Size() > 2*int64(e.most) {
		e.torn = true // what is longer than this program writes is begun anew
		return
	}
	b, err := os.ReadFile(e.file)
	if err != nil {
		return
	}
	for len(b) >= frameSize {
		n := int(binary.BigEndian.Uint32(b))
		one := &gatev1.AccountEntry{}
		if n > len(b)-frameSize || proto.Unmarshal(b[frameSize:frameSize+n], one) != nil {
			break
		}
		e.add(one, n)
		b = b[frameSize+n:]
	}
	e.torn = len(b) > 0
}

func (e *entryCache) add(one *gatev1.AccountEntry, size int) {
	e.all = append(e.all, one)
	e.byHash[kernelv1.EntryHash(one.Entry)] = one
	e.size += frameSize + size
}

// keep adds entries that were checked, newest first as a walk meets them, to the file too; over the bound the oldest go.
func (e *entryCache) keep(fresh []*gatev1.AccountEntry) error {
	if len(fresh) == 0 {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := len(fresh) - 1; i >= 0; i-- {
		e.add(fresh[i], proto.Size(fresh[i]))
	}
	added, anew := e.all[len(e.all)-len(fresh):], e.torn
	if e.size > e.most {
		e.drop()
		anew = true
	}
	if anew {
		added = e.all
	}
	if e.file == "" {
		return nil
	}
	b, err := framed(added)
	if err == nil && anew {
		e.torn = false
		return replaceFile(e.file, b)
	}
	if err != nil {
		return err
	}
	return appendFile(e.file, b)
}

func framed(list []*gatev1.AccountEntry) (b []byte, err error) {
	for _, one := range list {
		b = binary.BigEndian.AppendUint32(b, uint32(proto.Size(one)))
		if b, err = (proto.MarshalOptions{}).MarshalAppend(b, one); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendFile(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// drop forgets all but what was added last, up to half of the bound.
func (e *entryCache) drop() {
	all, from, left := e.all, len(e.all), e.most/2
	for from > 0 && left >= frameSize+proto.Size(all[from-1]) {
		from--
		left -= frameSize + proto.Size(all[from])
	}
	e.all, e.size, e.byHash = nil, 0, map[id.ID]*gatev1.AccountEntry{}
	for _, one := range all[from:] {
		e.add(one, proto.Size(one))
	}
}

// replaceFile writes a file so that a reader finds the old one or the new.
func replaceFile(name string, b []byte) error {
	next := name + ".new"
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return err
	}
	if err := os.Rename(next, name); err != nil && !errors.Is(err, fs.ErrNotExist) { // another process was faster
		return err
	}
	return nil
}
