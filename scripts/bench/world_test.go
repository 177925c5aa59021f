package main

import (
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"pgregory.net/rapid"
)

func TestCreditCodes(t *testing.T) {
	seen := map[string]bool{}
	for i := range memberCount {
		code := creditCode(i)
		if !membersv1.ValidUSCC(code) || seen[code] {
			t.Errorf("supplier %d: %s", i, code)
		}
		seen[code] = true
	}
}

// TestLots: the pieces are the parts that were asked for, no package has more than a split can make or fewer than it
// must, and as many accounts hold some as can.
func TestLots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts, accounts := rapid.IntRange(minParts, 200_000).Draw(t, "parts"), rapid.IntRange(1, 1_000).Draw(t, "accounts")
		sum, holders := 0, map[int32]bool{}
		for _, l := range lots(parts, accounts) {
			if l.pieces < 2 || l.pieces > piecesMost || l.minor != int64(l.pieces)*partMinor {
				t.Fatalf("a package of %d pieces, %d minor", l.pieces, l.minor)
			}
			sum, holders[l.holder] = sum+l.pieces, true
		}
		if sum != parts || len(holders) < min(accounts, parts/2) {
			t.Fatalf("%d pieces of %d, over %d accounts of %d", sum, parts, len(holders), accounts)
		}
	})
}

// TestHeadAfter holds the bench's way of reckoning heads to what clients check trails with.
func TestHeadAfter(t *testing.T) {
	p := part{pkg: id.Hash("package"), number: id.Hash("number"), head: id.Hash("head")}
	f := final{hash: id.Hash("transaction"), height: 12, timeUnixS: 1_000}
	head, err := headAfter(f, p, &voucherv1.Endorsement{Step: voucherv1.Step_STEP_SPLIT, Lo: 1, Hi: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := &voucherv1.Endorsement{
		Step: voucherv1.Step_STEP_SPLIT, Lo: 1, Hi: 2, Package: p.pkg.Bytes(), Number: p.number.Bytes(), Height: 12, TimeUnixS: 1_000, Transaction: f.hash.Bytes(),
	}
	b, err := txv1.Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	link, _ := voucherv1.Preimages(p.head, b)
	if head != kernelv1.KeptHash(link) {
		t.Error("the head is not the hash of the entry that a node keeps")
	}
	if again, _ := headAfter(final{hash: f.hash, height: 13, timeUnixS: 1_000}, p, &voucherv1.Endorsement{Lo: 1, Hi: 2}); again == head {
		t.Error("another block gives the same head")
	}
}

func TestChunked(t *testing.T) {
	for _, c := range []struct{ n, size, chunks, last int }{{0, 3, 0, 0}, {1, 3, 1, 1}, {3, 3, 1, 3}, {7, 3, 3, 1}} {
		out := chunked(numbers(c.n), c.size)
		if len(out) != c.chunks || c.chunks > 0 && len(out[c.chunks-1]) != c.last {
			t.Errorf("%d by %d: %v", c.n, c.size, out)
		}
	}
}

func TestMessageOfAnEvent(t *testing.T) {
	b, err := txv1.Encode(&voucherv1.Passed{AmountMinor: 7})
	if err != nil {
		t.Fatal(err)
	}
	f := final{events: []*kernelv1.Event{
		{Type: "splittally.voucher.v1.PartSplit"}, {Type: "splittally.voucher.v1.Passed"}, {Type: "splittally.voucher.v1.Passed", Data: b},
	}}
	if m, err := message[*voucherv1.Passed](f, 1); err != nil || m.AmountMinor != 7 {
		t.Error(m, err)
	}
	if _, err := message[*voucherv1.Passed](f, 2); err == nil {
		t.Error("an event that is not there was found")
	}
	if _, err := message[*voucherv1.Passed](final{events: []*kernelv1.Event{{Type: "no.such.Event"}}}, 0); err == nil || !strings.Contains(err.Error(), "no.such.Event") {
		t.Error(err)
	}
}
