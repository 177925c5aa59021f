package pool

import (
	"fmt"

	"github.com/splittally/splittally/modules/kernel/id"
)

// Room is how much a block may hold.
type Room struct {
	Bytes  int64 // of transactions, with their framing
	Weight int64 // declared
	// Enough is the weight at which a proposer stops, once every lane has had its turn that far; 0 for none.
	Enough int64
}

// framing is what an encoded block adds to each transaction, in bytes, at most.
const framing = 8

// MaxWeight is the declared weight that a block may hold.
const MaxWeight = 20_000

// Use is what of a block one lane or all take.
type Use struct{ Bytes, Weight int64 }

func (u *Use) add(e *Entry) {
	u.Bytes += int64(len(e.Raw)) + framing
	u.Weight += e.Tx.Weight
}

// Fits tells whether a block can carry the transaction whatever else waits: half of the room is one lane's share.
func (e *Entry) Fits(r Room) bool {
	var u Use
	u.add(e)
	return u.within(r.half())
}

func (u Use) within(r Room) bool { return u.Bytes <= r.Bytes && u.Weight <= r.Weight }

// CheckLanes judges the rule of a block: it fits, and where it carries more than one lane, none has more than half
// of the room's bytes or weight.
func CheckLanes(entries []*Entry, room Room) error {
	var all Use
	lanes := map[id.ID]*Use{}
	for _, e := range entries {
		u := lanes[e.Lane]
		if u == nil {
			u = &Use{}
			lanes[e.Lane] = u
		}
		u.add(e)
		all.add(e)
	}
	if !all.within(room) {
		return fmt.Errorf("the block has %d bytes and weight %d; %d and %d are allowed", all.Bytes, all.Weight, room.Bytes, room.Weight)
	}
	for member, u := range lanes {
		if len(lanes) > 1 && !u.within(room.half()) {
			return fmt.Errorf("the lane of member %s has %d bytes and weight %d, more than half of the block", member, u.Bytes, u.Weight)
		}
	}
	return nil
}

func (r Room) half() Room { return Room{Bytes: r.Bytes / 2, Weight: r.Weight / 2} }

// pick takes one from each lane in turn while it fits. Where more than one lane has something each keeps to half.
func pick(lanes [][]*Entry, room Room, fit func(*Entry) bool) []*Entry {
	share := room
	if len(lanes) > 1 {
		share = room.half()
	}
	var out []*Entry
	var all Use
	uses := make([]Use, len(lanes))
	for open := len(lanes); open > 0 && (room.Enough == 0 || all.Weight < room.Enough); {
		open = 0
		for i := range lanes {
			if len(lanes[i]) == 0 {
				continue
			}
			e := lanes[i][0]
			lanes[i] = lanes[i][1:]
			one, whole := uses[i], all
			one.add(e)
			whole.add(e)
			if !one.within(share) || !whole.within(room) {
				lanes[i] = nil
				continue
			}
			open++
			if fit(e) {
				uses[i], all, out = one, whole, append(out, e)
			}
		}
	}
	return out
}
