package app

import (
	"errors"

	"github.com/splittally/splittally/app/index"
	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// ErrNoEntry says that this node's index has no such entry of the account. It joined from a snapshot, or the chain began from an
// export, after the entry's block; or nobody's chain has it.
var ErrNoEntry = errors.New("this node has no such entry of the account")

// maxEntriesBytes bounds the events in one answer; one entry is always given.
const maxEntriesBytes = 4 << 20

// Entries walks an account's chain of entries back from a head, newest first, at most limit: each with the events that
// name the account. The reader is the account, another of its member, or a regulator. A walk that meets what this node
// does not have ends there; ErrNoEntry where that is the head itself.
func (a *App) Entries(r Reader, account, head id.ID, limit int) ([]*gatev1.AccountEntry, error) {
	if !a.isOf(r, account) {
		return nil, kernel.ErrNotPermitted.With("the entries of account %s", account)
	}
	side := a.store.Side()
	defer side.Release()
	return entriesFrom(side, account, head, limit)
}

func entriesFrom(side *store.Side, account, head id.ID, limit int) (out []*gatev1.AccountEntry, err error) {
	more := true
	for at, size := head, 0; more && len(out) < limit && size < maxEntriesBytes; {
		one := &gatev1.AccountEntry{}
		if one.Entry, one.Events, err = index.Entry(side, account, at); err != nil {
			return nil, err
		}
		if one.Entry == nil {
			break
		}
		e := &kernelv1.Entry{}
		if err := proto.Unmarshal(one.Entry, e); err != nil {
			return nil, err
		}
		out, size = append(out, one), size+proto.Size(one)
		at, more = id.Of(e.Prev)
	}
	if len(out) == 0 {
		return nil, ErrNoEntry
	}
	return out, nil
}
