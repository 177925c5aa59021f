package app

import (
	"fmt"
	"slices"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// RegulatorRole is the role whose accounts read everything.
const RegulatorRole = kernel.Roles(membersv1.RoleRegulator)

var nodeErrors = errs.NewSet("node", 9_100)

// What a node refuses beside the chain: these codes are in no block.
var (
	// ErrNoHistory says that a node which joined from a snapshot has not what was before.
	ErrNoHistory = nodeErrors.New("NoHistory", "this node joined the network from a snapshot, and has no events and outcomes of the blocks before",
		"Ask a node that has all blocks, or for newer ones.")
)

// Bounds of trails, and the parts of their steps: a step is a tag and hashes.
const (
	// MaxTrail bounds the steps of one walk, entries and joins.
	MaxTrail  = 1 << 15
	tagSize   = 4
	entrySize = tagSize + 2*id.Size
)

// HistoryFrom is the first height whose events and outcomes this node has: 1, unless it joined from a snapshot.
func (a *App) HistoryFrom() int64 { return a.store.Base() + 1 }

// noHistory refuses what was at a height before the node's first.
func (a *App) noHistory(height int64) error {
	return ErrNoHistory.With("its history begins at block %d, asked was %d", a.HistoryFrom(), height)
}

// outcomeBefore is what a node says of a transaction that it does not find: it may be in a block before its history.
func (a *App) outcomeBefore() error {
	if a.HistoryFrom() == 1 {
		return nil
	}
	return a.noHistory(a.HistoryFrom() - 1)
}

// Trail walks a record's trail back from its head: after the first skip steps at most limit, each hash once. A step is what
// nodes keep of it: an entry with its content, or a join, after which the walk goes on at the heads that had something of the
// record. The reader must be one who may read the record.
func (a *App) Trail(r Reader, stateKey []byte, head id.ID, skip, limit int) ([][]byte, error) {
	through, err := a.mayWalk(r, stateKey, head)
	if err != nil {
		return nil, err
	}
	side := a.store.Side()
	defer side.Release()
	var out [][]byte
	seen := map[id.ID]bool{{}: true} // zeros: before the first entry
	for next := []id.ID{head}; len(next) > 0 && len(out) < limit; {
		at := next[len(next)-1]
		if next = next[:len(next)-1]; seen[at] {
			continue
		}
		if seen[at] = true; len(seen) > MaxTrail {
			return nil, fmt.Errorf("the trail from %s has over %d steps", head, MaxTrail)
		}
		step, before, err := stepAt(side, at, through)
		if err != nil {
			return nil, err
		}
		if next = append(next, before...); len(seen)-1 > skip {
			out = append(out, step)
		}
	}
	return out, nil
}

// stepAt reads a step as readers get it, and where the walk goes on.
func stepAt(side index.Source, at id.ID, through func(join []byte) ([]id.ID, error)) (step []byte, before []id.ID, err error) {
	node, err := index.Kept(side, at)
	if err != nil {
		return nil, nil, err
	}
	if len(node) > tagSize && string(node[:tagSize]) == kernelv1.TagJoin {
		before, err = through(node)
		return slices.Clone(node), before, err
	}
	if len(node) != entrySize {
		return nil, nil, fmt.Errorf("this node has no step %s of a trail", at)
	}
	content, err := index.Kept(side, id.ID(node[tagSize+id.Size:]))
	return slices.Concat(node, content[min(tagSize, len(content)):]), []id.ID{id.ID(node[tagSize:])}, err
}

// mayWalk judges whether a reader may walk from a head: the record has it, or had it when its proof window began. It returns
// where the walk goes on behind a join.
func (a *App) mayWalk(r Reader, stateKey []byte, head id.ID) (through func(join []byte) ([]id.ID, error), err error) {
	col := a.machine.CollectionOf(stateKey)
	if col == nil || col.Trail == nil {
		return nil, kernel.ErrNotPermitted.With("no record at %x has a trail", stateKey)
	}
	for _, height := range []int64{a.head.Load().height, a.provable()} {
		view, err := a.store.At(height)
		if err != nil {
			return nil, err
		}
		v, ok, err := view.Get(stateKey)
		if err != nil || !ok {
			continue
		}
		record := col.New()
		if err := kernelv1.Unframe(v, record); err != nil {
			return nil, err
		}
		at, has := col.Trail(record)
		if may, err := a.mayRead(r, stateKey, v, true); err == nil && may && has && at == head {
			return func(join []byte) ([]id.ID, error) { return col.Through(record, join) }, nil
		}
	}
	return nil, kernel.ErrNotPermitted.With("the record is not visible to you, or its trail has another head now")
}

// Sent walks an account's chain of sent transactions back from a head, newest first, at most limit links. The head is
// the account's own, now or at the newest height that can be proven, or a link below one of them that a page ended with.
func (a *App) Sent(r Reader, account, head id.ID, limit int) ([][]byte, error) {
	if !a.isOf(r, account) {
		return nil, kernel.ErrNotPermitted.With("account %s is not yours", account)
	}
	side := a.store.Side()
	defer side.Release()
	var out [][]byte
	for at := head; !at.IsZero() && len(out) < limit; {
		kept, err := index.Kept(side, at)
		if err != nil {
			return nil, err
		}
		link := &kernelv1.Link{}
		if len(kept) < tagSize || string(kept[:tagSize]) != kernelv1.TagSent || proto.Unmarshal(kept[tagSize:], link) != nil || string(link.Sender) != string(account[:]) {
			return nil, fmt.Errorf("this node has no link %s of this account", at)
		}
		out = append(out, kept[tagSize:])
		at, _ = id.Of(link.Prev)
	}
	return out, nil
}
