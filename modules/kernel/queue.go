package kernel

import (
	"encoding/binary"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// Bounds of the dated queue. Law and freezes have half of a block's items for themselves.
const (
	QueuePerBlock = 2_000
	QueuePerLane  = 1_000_000
)

// LawLane is the lane of items that law and freezes book.
var LawLane = id.Hash("law lane")

// queueKey orders items by (law or not, due, round, hash).
type queueKey struct {
	law        bool
	due, round uint64
	hash       id.ID
}

func (k queueKey) Append(dst []byte) []byte {
	class := byte(1)
	if k.law {
		class = 0
	}
	dst = append(dst, class)
	dst = binary.BigEndian.AppendUint64(dst, k.due)
	dst = binary.BigEndian.AppendUint64(dst, k.round)
	return k.hash.Append(dst)
}

func dueText(due int64) Text { return Text(binary.BigEndian.AppendUint64(nil, uint64(due))) }

// Book books work that must write at a time: kind names its handler, lane the member whose item it is (LawLane for
// law). It returns the item's key, by which Unbook takes it back.
func (c *Ctx) Book(dueUnixS int64, lane id.ID, kind string, payload []byte) ([]byte, error) {
	if c.m.due[kind] == nil {
		fatal("a dated item of kind %q, which no module handles", kind)
	}
	if dueUnixS < 0 {
		return nil, ErrDueTime.With("%d", dueUnixS)
	}
	open := c.laneCount(lane, "")
	if open >= QueuePerLane && lane != LawLane {
		return nil, ErrQueueFull.With("%d items", open)
	}
	round := c.laneCount(lane, dueText(dueUnixS))
	item := &kernelv1.QueueItem{
		DueUnixS: dueUnixS, Round: round, Hash: c.NewID().Bytes(), Lane: lane.Bytes(), Kind: kind, Payload: payload, Mark: c.mark[:],
	}
	k := keyOf(item)
	queue.Insert(c, k, item)
	c.countLane(lane, item.DueUnixS, 1)
	return k.Append(nil), nil
}

// Unbook takes an item back; a key that is not booked any more changes nothing.
func (c *Ctx) Unbook(key []byte) {
	k, ok := parseQueueKey(key)
	if !ok {
		fatal("%x is no key of the dated queue", key)
	}
	if item, ok := queue.Get(c, k); ok {
		c.drop(k, item)
	}
}

func (c *Ctx) drop(k queueKey, item *kernelv1.QueueItem) {
	queue.Delete(c, k)
	c.countLane(id.Must(item.Lane), item.DueUnixS, -1)
}

func keyOf(i *kernelv1.QueueItem) queueKey {
	return queueKey{law: id.Must(i.Lane) == LawLane, due: uint64(i.DueUnixS), round: i.Round, hash: id.Must(i.Hash)}
}

func parseQueueKey(b []byte) (queueKey, bool) {
	if len(b) != 1+8+8+id.Size {
		return queueKey{}, false
	}
	return queueKey{law: b[0] == 0, due: binary.BigEndian.Uint64(b[1:]), round: binary.BigEndian.Uint64(b[9:]), hash: id.ID(b[17:])}, true
}

func (c *Ctx) laneCount(lane id.ID, due Text) uint64 {
	n, _ := queueLanes.Get(c, Join(lane, due))
	return n.GetCount()
}

func (c *Ctx) countLane(lane id.ID, due, by int64) {
	for _, t := range []Text{"", dueText(due)} {
		n := uint64(int64(c.laneCount(lane, t)) + by)
		queueLanes.Save(c, Join(lane, t), &kernelv1.Count{Count: n}, n > 0)
	}
}

// runDue runs the items that are due, by their weights at most QueuePerBlock: law's first, and at most half for all others.
// An item that fails is rolled back alone, recorded and not tried again: what others can make fail, a handler tries itself.
func (c *Ctx) runDue() {
	law, left := c.dueItems(true, QueuePerBlock)
	others, _ := c.dueItems(false, min(left, QueuePerBlock/2))
	for _, item := range append(law, others...) {
		c.runItem(item)
	}
}

// dueItems are the first items that are due and weigh no more than most together, and what of it they leave.
func (c *Ctx) dueItems(law bool, most int) (out []*kernelv1.QueueItem, left int) {
	queue.Between(c, queueKey{law: law}, queueKey{law: law, due: uint64(max(c.Now(), 0)) + 1}, func(_ []byte, i *kernelv1.QueueItem) bool {
		weight := c.m.dueWeights[i.Kind]
		if weight > most {
			return false
		}
		out, most = append(out, i), most-weight
		return most > 0
	})
	return out, most
}

func (c *Ctx) runItem(item *kernelv1.QueueItem) {
	k := keyOf(item)
	if !queue.Has(c, k) { // an earlier item of this block took it back
		return
	}
	sub := *c
	sub.tx, sub.seed, sub.caller, sub.call, sub.item = id.Must(item.Hash), id.Must(item.Hash), id.ID{}, 0, 0
	mark := id.Hash("item mark", item.Mark, item.Hash)
	copy(sub.mark[:], mark[:])
	sub.drop(k, item)
	err := sub.Try(func(c *Ctx) error { return c.m.due[item.Kind](c, item.DueUnixS, item.Payload) })
	sub.Emit(&kernelv1.ItemDone{Kind: item.Kind, Item: item.Hash, Code: CodeNumber(err)})
}
