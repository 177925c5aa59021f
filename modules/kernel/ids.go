package kernel

import (
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
)

// MaxOpenSeveral bounds the ids that an account of several keys has open for longer than 10 minutes, before a block that
// takes one more; within one block only its size bounds them. What expires sooner is never refused for it, so that one of
// several signers cannot keep the others from acting.
const MaxOpenSeveral = 1_000

// ReplayKey names a (sender, id) in the record of a block.
type ReplayKey [16]byte

func replayKey(sender id.ID, txID []byte) ReplayKey {
	h := id.Hash("replay", sender[:], txID)
	return ReplayKey(h[:16])
}

// The two classes of records: ids that expire within 10 minutes, and those of accounts of several keys that expire later,
// which carry their sender.
const (
	classShort = 0
	classLong  = 1
)

var entrySize = [2]int{classShort: 16, classLong: 16 + id.Size}

// IDSet is the consumed ids that have not expired, as the records in state say. It is rebuilt from them at start.
type IDSet struct {
	used map[ReplayKey]struct{}
	open map[id.ID]int
}

// LoadIDs reads the set from state.
func LoadIDs(c *Ctx) *IDSet {
	s := &IDSet{used: map[ReplayKey]struct{}{}, open: map[id.ID]int{}}
	blockIDs.Each(c, nil, func(k []byte, rec *kernelv1.BlockIDs) bool {
		s.each(int(k[7]), rec, s.add)
		return true
	})
	return s
}

// Has tells whether an id is consumed.
func (s *IDSet) Has(k ReplayKey) bool { _, ok := s.used[k]; return ok }

// Len is how many ids are remembered.
func (s *IDSet) Len() int { return len(s.used) }

func (s *IDSet) each(class int, rec *kernelv1.BlockIDs, fn func(ReplayKey, id.ID)) {
	for b, n := rec.Keys, entrySize[class]; len(b) >= n; b = b[n:] {
		sender, _ := id.Of(b[16:n])
		fn(ReplayKey(b[:16]), sender)
	}
}

func (s *IDSet) add(k ReplayKey, sender id.ID) {
	s.used[k] = struct{}{}
	if !sender.IsZero() {
		s.open[sender]++
	}
}

func (s *IDSet) remove(k ReplayKey, sender id.ID) {
	delete(s.used, k)
	if s.open[sender]--; s.open[sender] <= 0 {
		delete(s.open, sender)
	}
}

// Apply brings the set to the state after a block.
func (s *IDSet) Apply(d *IDChanges) {
	for class := range d.removed {
		for _, rec := range d.removed[class] {
			s.each(class, rec, s.remove)
		}
		s.each(class, &d.added[class], s.add)
	}
}

// IDChanges is what a block consumed, and what expired in it.
type IDChanges struct {
	added   [2]kernelv1.BlockIDs
	removed [2][]*kernelv1.BlockIDs
}

func (d *IDChanges) consume(tx *Tx, class int) {
	k := tx.replay
	d.added[class].Keys = append(d.added[class].Keys, k[:]...)
	if class == classLong {
		d.added[class].Keys = append(d.added[class].Keys, tx.Sender[:]...)
	}
}

// maxExpiredRecords bounds how many blocks' records one block forgets.
const maxExpiredRecords = 100

// expireIDs forgets the records whose every id has expired.
func (c *Ctx) expireIDs(d *IDChanges) {
	for class := range d.removed {
		var gone []*kernelv1.BlockIDs
		blockIDs.Each(c, Uint64(class), func(_ []byte, rec *kernelv1.BlockIDs) bool {
			if rec.UntilUnixS >= c.BlockTime() || len(gone) == maxExpiredRecords {
				return false
			}
			gone = append(gone, rec)
			return true
		})
		for _, rec := range gone {
			blockIDs.Delete(c, Join(Uint64(class), Uint64(rec.Height)))
		}
		d.removed[class] = gone
	}
}

// saveIDs writes the block's records, one for each class that has any.
func (c *Ctx) saveIDs(d *IDChanges) {
	for class, window := range [2]int64{txv1.WindowS, txv1.WindowSeveralS} {
		rec := &d.added[class]
		if len(rec.Keys) > 0 {
			rec.Height, rec.UntilUnixS = c.info.Height, c.BlockTime()+window
			blockIDs.Insert(c, Join(Uint64(class), Uint64(rec.Height)), rec)
		}
	}
}
