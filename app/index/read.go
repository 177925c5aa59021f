package index

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/splittally/splittally/app/index/indexv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// Source is where index records are read from: a snapshot of a node's store.
type Source interface {
	Get(key []byte) ([]byte, bool, error)
	Range(start, end []byte, reverse bool, fn func(key, value []byte) bool) error
}

// Place is where a transaction stands.
type Place struct {
	Height int64
	Number uint32
}

// Outcome finds a transaction by its hash; nil where the index knows none.
func Outcome(s Source, hash id.ID) (*indexv1.Tx, Place, error) {
	p, _, ok, err := placeAt(s, hashKey(hash))
	if err != nil || !ok {
		return nil, p, err
	}
	tx := &indexv1.Tx{}
	_, err = get(s, txKey(p.Height, p.Number), tx)
	return tx, p, err
}

// Kept finds the preimage of a hash; nil where the index has none.
func Kept(s Source, hash id.ID) ([]byte, error) {
	p, position, ok, err := placeAt(s, keptKey(hash))
	if err != nil || !ok {
		return nil, err
	}
	kept, _, err := leftAt(s, p)
	if err != nil || int(position) >= len(kept) {
		return nil, err
	}
	return kept[position], nil
}

// leftAt is what a transaction, or a block by itself, left: preimages and events.
func leftAt(s Source, p Place) ([][]byte, []*kernelv1.Event, error) {
	if p.Number == blockLevel {
		b := &indexv1.Block{}
		_, err := get(s, blockKey(p.Height), b)
		return b.Kept, b.Events, err
	}
	tx := &indexv1.Tx{}
	_, err := get(s, txKey(p.Height, p.Number), tx)
	return tx.Kept, tx.Events, err
}

// Entry finds an entry of an account's chain by its hash, encoded, with the events that name the account; nil where the
// index has none of this account.
func Entry(s Source, account, hash id.ID) (encoded []byte, events []*kernelv1.Event, err error) {
	p, position, ok, err := placeAt(s, keptKey(hash))
	if err != nil || !ok {
		return nil, nil, err
	}
	kept, all, err := leftAt(s, p)
	if err != nil || int(position) >= len(kept) || !isEntryOf(kept[position], account) {
		return nil, nil, err
	}
	for _, e := range all {
		if e.Names(account) && e.Visibility != kernelv1.Visibility_VISIBILITY_REGULATOR {
			events = append(events, e)
		}
	}
	return kept[position][len(kernelv1.TagEntry):], events, nil
}

func isEntryOf(kept []byte, account id.ID) bool {
	encoded, ok := bytes.CutPrefix(kept, []byte(kernelv1.TagEntry))
	e := &kernelv1.Entry{}
	return ok && proto.Unmarshal(encoded, e) == nil && bytes.Equal(e.Account, account[:])
}

// List returns state keys of a list after a key (nil: from the start), at most limit, and whether there are more.
func List(s Source, name string, subject id.ID, after []byte, limit int) (keys [][]byte, more bool, err error) {
	prefix := listPrefix(name, subject)
	start, end := prefix, kernel.After(prefix)
	if len(after) > 0 {
		start = append(append(append([]byte(nil), prefix...), after...), 0)
	}
	err = s.Range(start, end, false, func(k, _ []byte) bool {
		if len(keys) == limit {
			more = true
			return false
		}
		keys = append(keys, append([]byte(nil), k[len(prefix):]...))
		return true
	})
	return keys, more, err
}

// BlockAt reads what a block left; nil where the index does not reach.
func BlockAt(s Source, height int64) (*indexv1.Block, []*indexv1.Tx, error) {
	b := &indexv1.Block{}
	ok, err := get(s, blockKey(height), b)
	if err != nil || !ok {
		return nil, nil, err
	}
	var txs []*indexv1.Tx
	var bad error
	err = s.Range(txKey(height, 0), txKey(height+1, 0), false, func(_, v []byte) bool {
		tx := &indexv1.Tx{}
		bad = proto.Unmarshal(v, tx)
		txs = append(txs, tx)
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	return b, txs, err
}

func placeAt(s Source, key []byte) (p Place, position uint32, ok bool, err error) {
	v, ok, err := s.Get(key)
	if err != nil || !ok {
		return p, 0, false, err
	}
	if len(v) != 16 {
		return p, 0, false, fmt.Errorf("index: %d bytes where a place has 16", len(v))
	}
	return Place{int64(binary.BigEndian.Uint64(v)), binary.BigEndian.Uint32(v[8:])}, binary.BigEndian.Uint32(v[12:]), true, nil
}

func get(s Source, key []byte, into proto.Message) (bool, error) {
	v, ok, err := s.Get(key)
	if err != nil || !ok {
		return false, err
	}
	return true, proto.Unmarshal(v, into)
}
