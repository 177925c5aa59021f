package main

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"

	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/pool"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// forge makes transactions with the keys of a development network, right ones and wrong ones.
type forge struct {
	chain string
	rnd   *rand.Rand
	cast  map[string]devnet.Role
	now   int64 // block time
	ran   []ranAt
}

// ranAt is a transaction that stands in a block.
type ranAt struct {
	raw []byte
	at  int64
}

// Times of forged transactions, in seconds.
const (
	forgedFor   = 120
	replayYoung = 60 // what ran longer ago may have expired
	forgedRan   = 100
)

func newForge(chain string, cast []devnet.Role, rnd *rand.Rand) *forge {
	f := &forge{chain: chain, rnd: rnd, cast: map[string]devnet.Role{}}
	for _, r := range cast {
		f.cast[r.Name] = r
	}
	return f
}

// forget drops what ran too long ago to be a replay rather than expired.
func (f *forge) forget(now int64) {
	for len(f.ran) > 0 && (len(f.ran) > forgedRan || f.ran[0].at < now-replayYoung) {
		f.ran = f.ran[1:]
	}
}

func (f *forge) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.rnd.Uint32())
	}
	return b
}

// body is a right body of a role's calls.
func (f *forge) body(role string, ms ...proto.Message) *txv1.Body {
	b := &txv1.Body{ChainId: f.chain, Sender: f.cast[role].Account.Bytes(), Id: f.bytes(txv1.IDSize), ExpiresUnixS: f.now + forgedFor}
	for _, m := range ms {
		call, err := txv1.CallOf(id.ID{}, m)
		if err != nil {
			panic(err) // the messages are this package's own
		}
		b.Calls = append(b.Calls, call)
	}
	return b
}

func (f *forge) sign(b *txv1.Body, roles ...string) []byte {
	var signers []key.Signer
	for _, name := range roles {
		signers = append(signers, f.cast[name].Signer)
	}
	raw, _, err := txv1.Sign(b, signers...)
	if err != nil {
		panic(err) // keys in memory sign everything
	}
	return raw
}

func (f *forge) pay() proto.Message {
	return &depositv1.Transfer{Bank: f.cast["bank"].Member.Bytes(), To: f.cast["tier2"].Account.Bytes(), AmountMinor: 1, Currency: currency}
}

// good is a transaction that every node takes.
func (f *forge) good() []byte { return f.sign(f.body("tier1", f.pay()), "tier1") }

// bent is a good one with its body changed before it is signed.
func (f *forge) bent(change func(*txv1.Body)) []byte {
	b := f.body("tier1", f.pay())
	change(b)
	return f.sign(b, "tier1")
}

// signedBent is a good one with its outer form changed after it was signed.
func (f *forge) signedBent(change func(*txv1.Transaction)) []byte {
	tx := &txv1.Transaction{}
	if err := proto.Unmarshal(f.good(), tx); err != nil {
		panic(err) // it was encoded a moment ago
	}
	change(tx)
	raw, err := txv1.Encode(tx)
	if err != nil {
		panic(err) // it is a message of the chain's own
	}
	return raw
}

// issue is an issue run of so many items, about 280 bytes each.
func (f *forge) issue(items int) []byte {
	m := &voucherv1.Issue{}
	day := kernelv1.DayOf(f.now, 8*3600)
	for range items {
		m.Items = append(m.Items, &voucherv1.IssueItem{
			Creditor: f.cast["tier1"].Account.Bytes(), Currency: currency, AmountMinor: 1, DueDay: day + 30,
			Background: &voucherv1.Background{Contract: f.bytes(32), Invoices: []*voucherv1.InvoiceUse{{
				Fingerprint: f.bytes(32), Secondary: [][]byte{f.bytes(32), f.bytes(32), f.bytes(32), f.bytes(32)}, IssueDay: day - 1, TotalMinor: 1, UsedMinor: 1,
			}}},
		})
	}
	return f.sign(f.body("obligor", m), "obligor")
}

// garbageKind is one way in which a proposal is wrong.
type garbageKind struct {
	name string
	make func(*forge) [][]byte
	good bool // the control: it must be decided
}

// largeItems make an issue run of nearly a mebibyte.
const largeItems = 1_000

// garbage is every kind, the control first.
var garbage = []garbageKind{
	{"control", func(f *forge) [][]byte { return [][]byte{f.good(), f.good()} }, true},
	{"random bytes", func(f *forge) [][]byte { return [][]byte{f.good(), f.bytes(200)} }, false},
	{"an empty transaction", func(f *forge) [][]byte { return [][]byte{{}} }, false},
	{"a transaction cut short", func(f *forge) [][]byte { r := f.good(); return [][]byte{r[:len(r)-1]} }, false},
	{"an unknown field", func(f *forge) [][]byte { return [][]byte{append(f.good(), 0x7a, 1, 0)} }, false},
	{"another encoding", func(f *forge) [][]byte { return [][]byte{overlong(f.good())} }, false},
	{"a transaction that ran", (*forge).replay, false},
	{"one transaction twice", func(f *forge) [][]byte { r := f.good(); return [][]byte{r, r} }, false},
	{"one id for two bodies", func(f *forge) [][]byte {
		a, b := f.body("tier1", f.pay()), f.body("tier1", f.pay(), f.pay())
		b.Id = a.Id
		return [][]byte{f.sign(a, "tier1"), f.sign(b, "tier1")}
	}, false},
	{"expired", func(f *forge) [][]byte { return [][]byte{f.bent(func(b *txv1.Body) { b.ExpiresUnixS = f.now })} }, false},
	{"expires too far ahead", func(f *forge) [][]byte {
		return [][]byte{f.bent(func(b *txv1.Body) { b.ExpiresUnixS = f.now + txv1.WindowS + 60 })}
	}, false},
	{"a signature with a bit changed", func(f *forge) [][]byte {
		return [][]byte{f.signedBent(func(t *txv1.Transaction) { t.Signatures[0].Signature[f.rnd.IntN(64)] ^= 1 << f.rnd.IntN(8) })}
	}, false},
	{"a high S", func(f *forge) [][]byte {
		return [][]byte{f.signedBent(func(t *txv1.Transaction) { flipS(t.Signatures[0].Signature) })}
	}, false},
	{"signed by another", func(f *forge) [][]byte { return [][]byte{f.sign(f.body("tier1", f.pay()), "tier2")} }, false},
	{"signed by one more", func(f *forge) [][]byte { return [][]byte{f.sign(f.body("tier1", f.pay()), "tier1", "tier2")} }, false},
	{"not signed", func(f *forge) [][]byte { return [][]byte{f.sign(f.body("tier1", f.pay()))} }, false},
	{"of another chain", func(f *forge) [][]byte { return [][]byte{f.bent(func(b *txv1.Body) { b.ChainId = "other" })} }, false},
	{"of an unknown account", func(f *forge) [][]byte { return [][]byte{f.bent(func(b *txv1.Body) { b.Sender = f.bytes(32) })} }, false},
	{"one lane over half", func(f *forge) [][]byte {
		return append(f.fill(app.MaxBlockBytes/2+1), f.good())
	}, false},
	{"more bytes than a block", func(f *forge) [][]byte { return f.fill(app.MaxBlockBytes + 1) }, false},
	{"more weight than a block", func(f *forge) [][]byte {
		var out [][]byte
		for weight := 0; weight <= pool.MaxWeight; weight += weightOfIssue {
			out = append(out, f.issue(1))
		}
		return out
	}, false},
}

// weightOfIssue is what the chain declares an issue to weigh.
const weightOfIssue = 500

// replay is a transaction that stands in a block already and has not expired.
func (f *forge) replay() [][]byte {
	if len(f.ran) == 0 {
		return [][]byte{f.bytes(10)} // nothing ran: garbage all the same
	}
	return [][]byte{f.ran[f.rnd.IntN(len(f.ran))].raw}
}

// fill is issue runs of one lane, of so many bytes or a little more.
func (f *forge) fill(size int) (out [][]byte) {
	for sum := 0; sum < size; sum += len(out[len(out)-1]) {
		out = append(out, f.issue(largeItems))
	}
	return out
}

// overlong writes the length of the first field, which is the body, with a byte more than it needs.
func overlong(raw []byte) []byte {
	length, n := binary.Uvarint(raw[1:])
	out := append([]byte{raw[0]}, binary.AppendUvarint(nil, length)...)
	out[len(out)-1] |= 0x80
	return append(append(out, 0), raw[1+n:]...)
}

// order is that of the curve secp256k1.
var order, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)

// flipS makes the other signature (r, n-s) that plain ECDSA finds as good as (r, s).
func flipS(sig []byte) {
	s := new(big.Int).SetBytes(sig[32:64])
	copy(sig[32:64], new(big.Int).Sub(order, s).FillBytes(make([]byte, 32)))
}
