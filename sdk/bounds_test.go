package sdk

import (
	"errors"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// The chunks of a run cover all items, each fits a transaction, and a resumed run cuts at the same places.
func TestChunksFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		invoices := rapid.IntRange(1, voucherv1.MaxInvoices).Draw(t, "invoices")
		n := rapid.IntRange(1, 1_300).Draw(t, "items")
		hash := id.Hash("x").Bytes()
		item := &voucherv1.IssueItem{Creditor: hash, Currency: "CNY", AmountMinor: 1 << 49, DueDay: 30_000, Background: &voucherv1.Background{Contract: hash}}
		for range invoices {
			item.Background.Invoices = append(item.Background.Invoices, &voucherv1.InvoiceUse{
				Fingerprint: hash, Secondary: [][]byte{hash, hash, hash, hash}, IssueDay: 30_000, TotalMinor: 1 << 49, UsedMinor: 1 << 49,
			})
		}
		list := make([]*voucherv1.IssueItem, n)
		for i := range list {
			list[i] = item
		}
		for rest := list; len(rest) > 0; {
			size := chunkSize(rest)
			if size < 1 || size > ChunkItems {
				t.Fatalf("a chunk of %d items", size)
			}
			if b := proto.Size(&voucherv1.Issue{Run: make([]byte, 16), Chunk: 1 << 31, Items: rest[:size]}); b > txv1.MaxBytesLarge-4_096 {
				t.Fatalf("a chunk of %d bytes", b)
			}
			rest = rest[size:]
		}
	})
}

func TestHintsAreBounded(t *testing.T) {
	h := newHints()
	if err := h.add([][]byte{{1}, {2}, {1}}); err != nil || len(h.keys) != 2 {
		t.Errorf("%d keys, %v", len(h.keys), err)
	}
	for _, bad := range [][]byte{nil, make([]byte, maxKeySize+1)} {
		if err := h.add([][]byte{bad}); !errors.Is(err, ErrAnswer) {
			t.Errorf("a key of %d bytes: %v", len(bad), err)
		}
	}
	for len(h.keys) < maxListed {
		h.keys = append(h.keys, nil)
	}
	if err := h.add([][]byte{{3}}); !errors.Is(err, ErrAnswer) {
		t.Errorf("one more than %d: %v", maxListed, err)
	}
}

func TestLinksMustFit(t *testing.T) {
	link := &kernelv1.Link{Number: 7, Id: make([]byte, 16), Height: 3}
	b, err := txv1.Encode(link)
	if err != nil {
		t.Fatal(err)
	}
	head := kernelv1.LinkHash(b)
	if got, err := readLink(head[:], 7, b); err != nil || got.Height != 3 {
		t.Errorf("%v, %v", got, err)
	}
	for name, tc := range map[string]struct {
		head   []byte
		number uint64
		b      []byte
	}{
		"another head":   {id.Hash("other").Bytes(), 7, b},
		"no head":        {nil, 7, b},
		"another number": {head[:], 6, b},
		"a changed link": {head[:], 7, append(b[:len(b):len(b)], 1)},
		"no link":        {head[:], 7, nil},
	} {
		if got, err := readLink(tc.head, tc.number, tc.b); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestRefusalsRead(t *testing.T) {
	known := refused(kernelv1.ErrExpired.Number, "", Ticket{}, true)
	if !errors.Is(known, kernelv1.ErrExpired) || known.Error() != kernelv1.ErrExpired.Error() {
		t.Error(known)
	}
	if told := refused(kernelv1.ErrExpired.Number, "the node's words", Ticket{}, false); told.Error() != "the node's words" {
		t.Error(told)
	}
	if unknown := refused(9_999, "", Ticket{}, true); unknown.Unwrap() != nil || unknown.Error() == "" {
		t.Error(unknown)
	}
	if long := refused(1, string(make([]byte, 1<<20)), Ticket{}, true); len(long.Told) > maxTold {
		t.Errorf("%d bytes of a node's words", len(long.Told))
	}
}
