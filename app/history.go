package app

import (
	"fmt"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// RegulatorRole is the role whose accounts read everything.
const RegulatorRole = kernel.Roles(membersv1.RoleRegulator)

// Sizes of the hashes that a trail's node is made of, and of the tag before every kept preimage.
const (
	tagSize  = 4
	nodeSize = tagSize + 2*id.Size
)

// Trail walks a part's trail back from a head, newest first, at most limit entries: each is its node of hashes with
// the endorsement behind it. The reader must be one who may read the part.
func (a *App) Trail(r Reader, pkg, number, head id.ID, limit int) ([][]byte, error) {
	if err := a.mayWalk(r, pkg, number, head); err != nil {
		return nil, err
	}
	side := a.store.Side()
	defer side.Release()
	var out [][]byte
	for at := head; !at.IsZero() && len(out) < limit; {
		node, err := index.Kept(side, at)
		if err != nil {
			return nil, err
		}
		if len(node) != nodeSize {
			return nil, fmt.Errorf("this node has no entry %s", at)
		}
		endorsement, err := index.Kept(side, id.ID(node[tagSize+id.Size:]))
		if err != nil {
			return nil, err
		}
		out = append(out, append(append([]byte(nil), node...), endorsement[min(tagSize, len(endorsement)):]...))
		at = id.ID(node[tagSize:])
	}
	return out, nil
}

// mayWalk judges whether a reader may walk from a head: the part has it, or had it when its proof window began.
func (a *App) mayWalk(r Reader, pkg, number, head id.ID) error {
	for _, height := range []int64{a.head.Load().height, a.provable()} {
		view, err := a.store.At(height)
		if err != nil {
			return err
		}
		stateKey := voucherv1.PartKey(pkg, number)
		v, ok, err := view.Get(stateKey)
		if err != nil || !ok {
			continue
		}
		part := &voucherv1.Part{}
		if err := kernelv1.Unframe(v, part); err != nil {
			return err
		}
		if may, err := a.mayRead(r, stateKey, v, true); err == nil && may && string(part.Head) == string(head[:]) {
			return nil
		}
	}
	return kernel.ErrNotPermitted.With("part %s is not visible to you, or has another head now", number.Short())
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
