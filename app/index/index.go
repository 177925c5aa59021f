// Package index keeps what lists and history are answered from: derived from blocks, written in the same batch as
// their state, never part of consensus, and rebuilt by replaying the blocks.
package index

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/splittally/splittally/app/index/indexv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

// The kinds of index records, by the first byte of their key.
const (
	kindBlock = 'B' // height → Block
	kindTx    = 'E' // height, number → Tx
	kindHash  = 'T' // hash of a transaction → height, number
	kindKept  = 'K' // hash of a preimage → height, number, position
	kindList  = 'L' // list, subject, state key → nothing
)

// blockLevel is the number under which a block's own preimages are found.
const blockLevel = ^uint32(0)

// Change is one index record to write with a block; a nil Value deletes it.
type Change struct{ Key, Value []byte }

// Index knows which collections have lists.
type Index struct {
	collections map[kernel.Prefix]*kernel.Collection
}

// New makes the index of a machine's collections.
func New(collections []*kernel.Collection) *Index {
	x := &Index{collections: map[kernel.Prefix]*kernel.Collection{}}
	for _, c := range collections {
		if len(c.Lists) > 0 {
			x.collections[c.Prefix] = c
		}
	}
	return x
}

// Block is what the index learns of an executed block.
type Block struct {
	Height    int64
	TimeUnixS int64
	Results   []kernel.Result
	Outcome   *kernel.Outcome
	// Before reads state as it was before the block.
	Before func(key []byte) ([]byte, bool)
}

// Changes lists the records that a block writes, sorted by key, each once.
func (x *Index) Changes(b Block) ([]Change, error) {
	w := &writer{height: b.Height}
	for i := range b.Results {
		if err := w.tx(uint32(i), &b.Results[i]); err != nil {
			return nil, err
		}
	}
	rec := &indexv1.Block{TimeUnixS: b.TimeUnixS, Transactions: uint32(len(b.Results)), Events: b.Outcome.Events, Kept: b.Outcome.Kept}
	if err := w.message(blockKey(b.Height), rec); err != nil {
		return nil, err
	}
	w.kept(blockLevel, rec.Kept)
	for _, c := range b.Outcome.Changes {
		if err := x.lists(w, c, b.Before); err != nil {
			return nil, err
		}
	}
	return w.sorted(), nil
}

type writer struct {
	height int64
	out    []Change
}

func (w *writer) put(key, value []byte) { w.out = append(w.out, Change{Key: key, Value: value}) }

func (w *writer) message(key []byte, m proto.Message) error {
	v, err := txv1.Encode(m)
	w.put(key, v)
	return err
}

func (w *writer) tx(number uint32, r *kernel.Result) error {
	rec := &indexv1.Tx{Hash: r.Hash.Bytes(), Code: r.Code, Events: r.Events, Kept: r.Kept}
	if r.Err != nil {
		rec.Log = r.Err.Error()
		for _, a := range r.Accounts {
			rec.Accounts = append(rec.Accounts, a.Bytes())
		}
	}
	w.put(hashKey(r.Hash), place(w.height, number, 0))
	w.kept(number, r.Kept)
	return w.message(txKey(w.height, number), rec)
}

func (w *writer) kept(number uint32, kept [][]byte) {
	for i, b := range kept {
		w.put(keptKey(kernelv1.KeptHash(b)), place(w.height, number, uint32(i)))
	}
}

// sorted orders by key; the last of two writes to a key stands.
func (w *writer) sorted() []Change {
	slices.SortStableFunc(w.out, func(a, b Change) int { return bytes.Compare(a.Key, b.Key) })
	out := w.out[:0]
	for i, c := range w.out {
		if i+1 == len(w.out) || !bytes.Equal(c.Key, w.out[i+1].Key) {
			out = append(out, c)
		}
	}
	return out
}

// lists brings the lists of a changed record up to date.
func (x *Index) lists(w *writer, c kernel.Change, before func([]byte) ([]byte, bool)) error {
	if len(c.Key) < 2 {
		return nil
	}
	col := x.collections[kernel.Prefix(c.Key[:2])]
	if col == nil {
		return nil
	}
	old, _ := before(c.Key)
	was, err := entries(col, c.Key, old)
	if err != nil {
		return err
	}
	is, err := entries(col, c.Key, c.Value)
	if err != nil {
		return err
	}
	for _, k := range missing(was, is) {
		w.put(k, nil)
	}
	for _, k := range missing(is, was) {
		w.put(k, []byte{})
	}
	return nil
}

// entries are the list keys of a stored record; none where there is no record.
func entries(col *kernel.Collection, stateKey, raw []byte) ([][]byte, error) {
	if raw == nil {
		return nil, nil
	}
	m := col.New()
	if err := kernelv1.Unframe(raw, m); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, l := range col.Lists {
		for _, subject := range l.Subjects(m) {
			out = append(out, append(listPrefix(l.Name, subject), stateKey...))
		}
	}
	return out, nil
}

func missing(from, in [][]byte) [][]byte {
	var out [][]byte
	for _, k := range from {
		if !slices.ContainsFunc(in, func(o []byte) bool { return bytes.Equal(o, k) }) {
			out = append(out, k)
		}
	}
	return out
}

func blockKey(height int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindBlock}, uint64(height))
}

func txKey(height int64, number uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64([]byte{kindTx}, uint64(height)), number)
}

func hashKey(h id.ID) []byte { return append([]byte{kindHash}, h[:]...) }

func keptKey(h id.ID) []byte { return append([]byte{kindKept}, h[:]...) }

func place(height int64, number, position uint32) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(height))
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, number), position)
}

func listPrefix(name string, subject id.ID) []byte {
	key := append([]byte{kindList, byte(len(name))}, name...)
	return append(key, subject[:]...)
}
