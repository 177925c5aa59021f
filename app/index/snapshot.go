package index

import (
	"bytes"
	"fmt"

	"github.com/splittally/splittally/app/index/indexv1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/encoding/protowire"
)

// importedHeight is where preimages of a snapshot stand: before the first block, each as a transaction's only one.
const importedHeight = 0

// Preimages calls fn with every kept preimage, in the order of its hash, which is the same on every node. An error of fn
// ends it.
func Preimages(s Source, fn func(preimage []byte) error) error {
	var bad error
	err := s.Range([]byte{kindKept}, []byte{kindKept + 1}, false, func(k, _ []byte) bool {
		bad = preimage(s, k, fn)
		return bad == nil
	})
	if bad != nil {
		return bad
	}
	return err
}

func preimage(s Source, key []byte, fn func([]byte) error) error {
	hash, ok := id.Of(key[1:])
	if !ok {
		return fmt.Errorf("index: a key %x where a hash has 32 bytes", key)
	}
	b, err := rawKept(s, hash)
	if err != nil {
		return err
	}
	if got := kernelv1.KeptHash(b); b == nil || got != hash {
		return fmt.Errorf("index: the preimage of %s is missing or damaged", hash)
	}
	return fn(b)
}

// The fields of Tx and Block that preimages stand in.
const (
	txKeptField    = 5
	blockKeptField = 4
)

// rawKept is Kept for who reads them all: a record with hundreds of them is not decoded for each one.
func rawKept(s Source, hash id.ID) ([]byte, error) {
	p, position, ok, err := placeAt(s, keptKey(hash))
	if err != nil || !ok {
		return nil, err
	}
	key, field := txKey(p.Height, p.Number), protowire.Number(txKeptField)
	if p.Number == blockLevel {
		key, field = blockKey(p.Height), blockKeptField
	}
	raw, _, err := s.Get(key)
	for err == nil && len(raw) > 0 {
		number, kind, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		size := protowire.ConsumeFieldValue(number, kind, raw[n:])
		if size < 0 {
			return nil, protowire.ParseError(size)
		}
		if number == field && kind == protowire.BytesType {
			if position == 0 {
				b, _ := protowire.ConsumeBytes(raw[n:])
				return b, nil
			}
			position--
		}
		raw = raw[n+size:]
	}
	return nil, err
}

// ImportPreimage is what a snapshot's preimage number n writes. Its hash is computed, so that nothing is believed.
func ImportPreimage(n uint32, preimage []byte) ([]Change, error) {
	w := &writer{height: importedHeight}
	w.kept(n, [][]byte{preimage})
	err := w.message(txKey(importedHeight, n), &indexv1.Tx{Kept: [][]byte{preimage}})
	return w.out, err
}

// ImportLists is what the lists of a snapshot's record write: they follow from the record.
func (x *Index) ImportLists(stateKey, value []byte) ([]Change, error) {
	w := &writer{height: importedHeight}
	err := x.lists(w, kernel.Change{Key: bytes.Clone(stateKey), Value: value}, func([]byte) ([]byte, bool) { return nil, false })
	return w.out, err
}
