package app

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/splittally/splittally/app/store"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const hotChain = "hot-1"

// hot is an application without an engine, with holders who pass parts on to each other.
type hot struct {
	b       testing.TB
	app     *App
	at      int64
	number  uint64
	obligor id.ID
	keys    []key.Signer
	holders []id.ID
	parts   []*voucherv1.Part
}

var hotContract = id.Hash("a contract")

func newHot(b testing.TB, holders, parts int) *hot {
	h := &hot{b: b, at: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).Unix()}
	a, err := Open(Options{Chain: hotChain, Store: store.Options{Dir: b.TempDir(), NodeCacheMiB: 1024}})
	if err != nil {
		b.Fatal(err)
	}
	h.app = a
	b.Cleanup(func() { _ = a.Close() })
	h.genesis(holders)
	h.prepare(parts)
	return h
}

func hotKey(i int) key.Signer {
	secret := id.Hash("hot key", binary.BigEndian.AppendUint64(nil, uint64(i)))
	s, err := key.FromSecret(key.Secp256k1, secret[:])
	if err != nil {
		panic(err)
	}
	return s
}

func (h *hot) genesis(holders int) {
	var calls []kernel.GenesisCall
	add := func(m proto.Message) {
		b, err := protojson.Marshal(m)
		if err != nil {
			h.b.Fatal(err)
		}
		calls = append(calls, kernel.GenesisCall{Method: txv1.MethodOf(m), Message: b})
	}
	seed := kernelv1.GenesisSeed(hotChain)
	for i := range holders + 1 {
		roles := uint32(membersv1.RoleSupplier)
		if i == 0 {
			roles = uint32(membersv1.RoleCoreEnterprise)
		}
		s := hotKey(i)
		h.keys, h.holders = append(h.keys, s), append(h.holders, kernelv1.CreatedID(seed, uint32(i), 1))
		add(&membersv1.AdmitMember{
			Legal: &membersv1.Legal{Name: fmt.Sprint("member ", i), CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_LEI, Credential: lei(i)}, Roles: roles,
			Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{{Kind: uint32(s.Public().Kind), PublicKey: s.Public().Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN}}},
		})
	}
	h.obligor = h.holders[0]
	add(&voucherv1.SetLine{Obligor: h.obligor.Bytes(), Currency: "CNY", LimitMinor: money.Max})
	state, err := json.Marshal(&kernel.Genesis{Calls: calls})
	if err != nil {
		h.b.Fatal(err)
	}
	if _, _, _, err := h.app.initChain(genesis{chain: hotChain, height: 1, time: time.Unix(h.at, 0), maxBlockBytes: MaxBlockBytes + EngineBytes, state: state}); err != nil {
		h.b.Fatal(err)
	}
	h.run()
}

// lei makes a Legal Entity Identifier with right check digits.
func lei(i int) string {
	for c := range 100 {
		if s := fmt.Sprintf("5493%014d%02d", i, c); membersv1.ValidLEI(s) {
			return s
		}
	}
	panic("no check digits")
}

// prepare gives every holder its share of the parts, and a standing acceptance.
func (h *hot) prepare(parts int) {
	day := kernelv1.DayOf(h.at, 0)
	const each = 100
	for n := range parts / each {
		i := 1 + n%(len(h.holders)-1)
		h.run(h.tx(0, &voucherv1.Issue{Items: []*voucherv1.IssueItem{{
			Creditor: h.holders[i].Bytes(), Currency: "CNY", AmountMinor: int64(each) * 1000, DueDay: day + 90,
			Background: &voucherv1.Background{Contract: hotContract.Bytes(), Invoices: []*voucherv1.InvoiceUse{{
				Fingerprint: id.Hash("invoice", []byte(fmt.Sprint(n))).Bytes(), IssueDay: day - 1, TotalMinor: int64(each) * 1000, UsedMinor: int64(each) * 1000,
			}}},
		}}}))
		pkg := kernelv1.CreatedID(kernelv1.SeedOf(h.obligor, h.txID()), 0, 0)
		h.run(h.tx(i, &voucherv1.AcceptPackage{Package: pkg.Bytes()}))
		h.run(h.tx(i, &voucherv1.SetStandingAcceptance{Checker: h.holders[i].Bytes(), Currency: "CNY", MaxMinor: 1 << 40, UntilUnixS: h.at + 1e7}),
			h.tx(i, &voucherv1.CheckDocument{Documents: [][]byte{hotContract.Bytes()}}))
		h.splitAll(i, pkg, each)
	}
	h.readParts()
}

// splitAll cuts a holder's one part into each parts.
func (h *hot) splitAll(holder int, pkg id.ID, each int) {
	p := &voucherv1.Part{}
	start := kernelv1.StateKey(voucherv1.PrefixPart, pkg[:])
	h.app.store.Range(start, kernel.After(start), func(_, v []byte) bool { return kernelv1.Unframe(v, p) != nil })
	pieces := make([]int64, each)
	for i := range pieces {
		pieces[i] = 1000
	}
	h.run(h.tx(holder, &voucherv1.Split{Part: hotRef(p), PiecesMinor: pieces}))
}

func hotRef(p *voucherv1.Part) *voucherv1.PartRef {
	return &voucherv1.PartRef{Package: p.Package, Number: p.Number, Head: p.Head}
}

func (h *hot) readParts() {
	h.parts = h.parts[:0]
	start := kernelv1.StateKey(voucherv1.PrefixPart)
	h.app.store.Range(start, kernel.After(start), func(_, v []byte) bool {
		p := &voucherv1.Part{}
		if err := kernelv1.Unframe(v, p); err != nil {
			h.b.Fatal(err)
		}
		h.parts = append(h.parts, p)
		return true
	})
}

func (h *hot) txID() []byte {
	b := make([]byte, txv1.IDSize)
	binary.BigEndian.PutUint64(b, h.number)
	return b
}

func (h *hot) tx(holder int, m proto.Message) []byte {
	h.number++
	call, err := txv1.CallOf(id.ID{}, m)
	if err != nil {
		h.b.Fatal(err)
	}
	raw, _, err := txv1.Sign(&txv1.Body{ChainId: hotChain, Sender: h.holders[holder].Bytes(), Id: h.txID(), ExpiresUnixS: h.at + 300, Calls: []*txv1.Call{call}}, h.keys[holder])
	if err != nil {
		h.b.Fatal(err)
	}
	return raw
}

// run takes transactions the whole way, without an engine.
func (h *hot) run(raws ...[]byte) {
	for _, raw := range raws {
		if _, err := h.app.Accept(raw); err != nil {
			h.b.Fatal(err)
		}
	}
	h.block(raws)
}

func (h *hot) block(raws [][]byte) {
	h.at++
	height := h.app.store.Height() + 1
	if err := h.app.checkProposal(height, time.Unix(h.at, 0), raws, MaxBlockBytes); err != nil {
		h.b.Fatal(err)
	}
	hash := id.Hash("block", binary.BigEndian.AppendUint64(nil, uint64(height)))
	results, _, _, err := h.app.execute(kernel.Info{Height: height, TimeUnixS: h.at, Hash: hash.Bytes()}, raws)
	if err != nil {
		h.b.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			h.b.Fatal(r.Err)
		}
	}
	if err := h.app.commit(); err != nil {
		h.b.Fatal(err)
	}
}

// BenchmarkTransfer takes transfers of whole parts the whole way of one node, engine and gate left out: checked,
// proposed, judged, executed, committed with one fsync a block.
func BenchmarkTransfer(b *testing.B) {
	for _, perBlock := range []int{200, 1000} {
		b.Run(fmt.Sprintf("block=%d", perBlock), func(b *testing.B) {
			h := newHot(b, 200, 100_000)
			h.readParts()
			owner := map[id.ID]int{}
			for i, a := range h.holders {
				owner[a] = i
			}
			r := rand.New(rand.NewPCG(1, 2))
			r.Shuffle(len(h.parts), func(i, j int) { h.parts[i], h.parts[j] = h.parts[j], h.parts[i] })
			next := 0
			b.ResetTimer()
			for n := 0; n < b.N; n += perBlock {
				b.StopTimer()
				raws := make([][]byte, 0, perBlock)
				for range perBlock {
					p := h.parts[next%len(h.parts)]
					next++
					to := 1 + r.IntN(len(h.holders)-1)
					from := owner[p.Holder.ID()]
					if to == from {
						to = 1 + from%(len(h.holders)-1)
					}
					raws = append(raws, h.tx(from, &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
						Part: hotRef(p), To: h.holders[to].Bytes(), Background: &voucherv1.Background{Contract: hotContract.Bytes()},
					}}}))
				}
				b.StartTimer()
				for _, raw := range raws {
					if _, err := h.app.Accept(raw); err != nil {
						b.Fatal(err)
					}
				}
				h.app.propose(h.app.store.Height()+1, time.Unix(h.at+1, 0), MaxBlockBytes)
				h.block(raws)
			}
		})
	}
}
