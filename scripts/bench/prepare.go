package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// What is issued.
const (
	currency      = "CNY"
	partMinor     = 1_000 // of a part
	tenorDays     = 90
	invoiceAge    = 5 // days
	chunkItems    = 500
	piecesMost    = voucherv1.MaxPieces
	contractCount = 100
)

// On the way at once while the state is prepared: no more than a block should carry.
const (
	smallMost = 2_000
	chunkMost = 4
	partsMost = 10_000
)

// acceptMinor and acceptFor are what the standing acceptances take.
const (
	acceptMinor = 1_000_000_000
	acceptFor   = 30 * 24 * time.Hour
)

func randomID() []byte {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // it never fails
	return b
}

func (w *world) submit(ctx context.Context, sender int, raws [][]byte) ([]*gatev1.Submitted, error) {
	return w.senders[sender].submit(ctx, raws)
}

// prepare brings the chain to its starting state: accounts, acceptances, and parts live parts spread over them.
func (w *world) prepare(ctx context.Context, parts int, log *logger) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"accounts opened", w.openAccounts},
		{"standing acceptances left, trade background checked", w.welcome},
	} {
		if err := errors.Join(step.do(ctx), w.level(ctx)); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		log.say("%s", step.name)
	}
	if err := w.issueParts(ctx, parts, log); err != nil {
		return err
	}
	return w.checkSample(ctx)
}

// level waits until every node has the blocks that were seen: one that lags knows not yet who was just admitted.
func (w *world) level(ctx context.Context) error {
	for _, s := range w.senders {
		if err := s.reach(ctx, w.follow.height.Load()); err != nil {
			return err
		}
	}
	return nil
}

// openAccounts gives every supplier its accounts, in one transaction each.
func (w *world) openAccounts(ctx context.Context) error {
	w.holders = make([]actor, accountsCount)
	return w.driver.run(ctx, pace{most: smallMost}, listed(numbers(memberCount), func(m int) (*order, error) {
		var calls []proto.Message
		for j := range accountsEach {
			place := j*memberCount + m
			w.holders[place].signer = secret("holder", place)
			calls = append(calls, &membersv1.OpenAccount{Name: fmt.Sprintf("account %d", j), Policy: policy(w.holders[place].signer)})
		}
		o, seed, err := w.order(w.members[m], nil, calls...)
		for j := range accountsEach {
			w.holders[j*memberCount+m].account = kernelv1.CreatedID(seed, uint32(j), 0)
		}
		return o, err
	}))
}

// welcome has every account take parts without asking where the checker has checked the contract, which it does.
func (w *world) welcome(ctx context.Context) error {
	until := time.Now().Add(acceptFor).Unix()
	err := w.driver.run(ctx, pace{most: smallMost}, listed(w.holders, func(h actor) (*order, error) {
		o, _, err := w.order(h, nil, &voucherv1.SetStandingAcceptance{
			Checker: w.checker.account.Bytes(), Currency: currency, MaxMinor: acceptMinor, UntilUnixS: until,
		})
		return o, err
	}))
	if err != nil {
		return err
	}
	checked := &voucherv1.CheckDocument{}
	for i := range contractCount {
		checked.Documents = append(checked.Documents, contract(i))
	}
	return w.driver.run(ctx, pace{most: 1}, listed(numbers(1), func(int) (*order, error) {
		o, _, err := w.order(w.checker, nil, checked)
		return o, err
	}))
}

// contract is the hash of a document behind endorsements.
func contract(i int) []byte { return id.Hash("bench contract", fmt.Append(nil, i)).Bytes() }

// lot is a package on its way to being pieces of one account.
type lot struct {
	holder int32
	pieces int
	minor  int64
	back   *voucherv1.Background
	pkg    id.ID
	whole  part // before it is split
}

// lots plans packages whose pieces are the parts wanted, spread over as many accounts as there are packages for.
func lots(parts, accounts int) []*lot {
	count := max((parts+piecesMost-1)/piecesMost, min(accounts, parts/2), 1)
	out := make([]*lot, count)
	for i := range out {
		pieces := parts / count
		if i < parts%count {
			pieces++
		}
		out[i] = &lot{holder: int32(i % accounts), pieces: pieces, minor: int64(pieces) * partMinor}
	}
	return out
}

// issueParts issues the packages, has their creditors accept them, and splits them.
func (w *world) issueParts(ctx context.Context, parts int, log *logger) error {
	all := lots(parts, accountsCount)
	chunks := chunked(all, chunkItems)
	if err := w.driver.run(ctx, pace{most: chunkMost}, listed(chunks, w.issueLots)); err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	log.say("%d packages issued", len(all))
	if err := w.driver.run(ctx, pace{most: smallMost}, listed(all, w.acceptLot)); err != nil {
		return fmt.Errorf("acceptance: %w", err)
	}
	log.say("%d packages accepted", len(all))
	most := max(partsMost/all[0].pieces, 1)
	progress := log.every(parts, "parts split off")
	split := func(l *lot) (*order, error) { return w.splitLot(l, progress) }
	if err := w.driver.run(ctx, pace{most: most}, listed(all, split)); err != nil {
		return fmt.Errorf("split: %w", err)
	}
	log.say("%d parts over %d accounts", parts, min(len(all), accountsCount))
	return nil
}

func (w *world) issueLots(chunk []*lot) (*order, error) {
	m := &voucherv1.Issue{}
	for _, l := range chunk {
		item := w.item(l.holder, l.minor)
		l.back = item.Background
		m.Items = append(m.Items, item)
	}
	o, _, err := w.order(w.obligor, func(f final) error {
		for i, l := range chunk {
			e, err := message[*voucherv1.Issued](f, i)
			if err != nil {
				return err
			}
			l.pkg = id.Must(e.Package)
		}
		return nil
	}, m)
	return o, err
}

// item is one package to issue, against an invoice of its own.
func (w *world) item(holder int32, minor int64) *voucherv1.IssueItem {
	n := fmt.Append(nil, w.invoices.Add(1))
	return &voucherv1.IssueItem{
		Creditor: w.holders[holder].account.Bytes(), Currency: currency, AmountMinor: minor, DueDay: genesisDay() + tenorDays,
		Background: &voucherv1.Background{Contract: contract(0), Invoices: []*voucherv1.InvoiceUse{{
			Fingerprint: id.Hash("bench invoice", n).Bytes(), Secondary: [][]byte{id.Hash("bench invoice copy", n).Bytes()},
			IssueDay: genesisDay() - invoiceAge, TotalMinor: minor, UsedMinor: minor,
		}}},
	}
}

func (w *world) acceptLot(l *lot) (*order, error) {
	o, _, err := w.order(w.holders[l.holder], func(f final) error {
		e, err := message[*voucherv1.Accepted](f, 0)
		if err != nil {
			return err
		}
		l.whole = part{pkg: l.pkg, number: id.Must(e.Number), holder: l.holder}
		l.whole.head, err = headAfter(f, l.whole, &voucherv1.Endorsement{
			Step: voucherv1.Step_STEP_ISSUED, From: w.obligor.account.Bytes(), To: w.holders[l.holder].account.Bytes(), Lo: 1, Hi: l.minor, Background: l.back,
		})
		return err
	}, &voucherv1.AcceptPackage{Package: l.pkg.Bytes()})
	return o, err
}

func (w *world) splitLot(l *lot, progress func(int)) (*order, error) {
	m := &voucherv1.Split{Part: l.whole.ref()}
	for range l.pieces {
		m.PiecesMinor = append(m.PiecesMinor, partMinor)
	}
	o, _, err := w.order(w.holders[l.holder], func(f final) error {
		e, err := message[*voucherv1.PartSplit](f, 0)
		if err != nil || len(e.Children) != l.pieces {
			return fmt.Errorf("a split has %d of %d pieces: %w", len(e.GetChildren()), l.pieces, err)
		}
		for i, number := range e.Children {
			if err := w.addPiece(f, l, i, id.Must(number)); err != nil {
				return err
			}
		}
		progress(l.pieces)
		return nil
	}, m)
	return o, err
}

func (w *world) addPiece(f final, l *lot, i int, number id.ID) error {
	p, holder := l.whole, w.holders[l.holder].account.Bytes()
	p.number = number
	head, err := headAfter(f, p, &voucherv1.Endorsement{
		Step: voucherv1.Step_STEP_SPLIT, From: holder, To: holder, Lo: int64(i)*partMinor + 1, Hi: int64(i+1) * partMinor,
	})
	p.head = head
	w.model.add(p)
	return err
}

// headAfter is a part's head after an entry that call number 0 of a transaction made; p has the head before.
func headAfter(f final, p part, e *voucherv1.Endorsement) (id.ID, error) {
	e.Package, e.Number = p.pkg.Bytes(), p.number.Bytes()
	e.Height, e.TimeUnixS, e.Transaction = f.height, f.timeUnixS, f.hash.Bytes()
	b, err := txv1.Encode(e)
	return voucherv1.EntryHash(p.head, b), err
}

func (p part) ref() *voucherv1.PartRef {
	return &voucherv1.PartRef{Package: p.pkg.Bytes(), Number: p.number.Bytes(), Head: p.head.Bytes()}
}

// sampled is how many parts are compared with the chain's.
const sampled = 64

// checkSample reads some parts, so that a model that differs from the chain is found before anything is measured.
func (w *world) checkSample(ctx context.Context) error {
	if err := w.provable(ctx); err != nil {
		return err
	}
	var keys [][]byte
	step := max(len(w.model.parts)/sampled, 1)
	for i := 0; i < len(w.model.parts); i += step {
		keys = append(keys, voucherv1.PartKey(w.model.parts[i].pkg, w.model.parts[i].number))
	}
	found, err := read[voucherv1.Part](ctx, w.reader, keys)
	if err != nil {
		return err
	}
	for i, p := range found {
		if want := w.model.parts[i*step]; id.Must(p.Head) != want.head || p.Holder.ID() != w.holders[want.holder].account {
			return fmt.Errorf("part %s is not as the bench reckons: its way of making trails differs from the chain's", want.number)
		}
	}
	return w.checkCounts(ctx)
}

// provable waits until the newest state that was seen can be read: its root stands in the next header.
func (w *world) provable(ctx context.Context) error {
	r, err := w.reader.gate.Hello(ctx, connect.NewRequest(&gatev1.HelloRequest{}))
	if err != nil {
		return err
	}
	_, err = w.reader.gate.Events(ctx, connect.NewRequest(&gatev1.EventsRequest{FromHeight: r.Msg.Height + 1, Blocks: 1, WaitMs: uint32(followWait.Milliseconds())}))
	return err
}

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func chunked[T any](all []T, size int) [][]T {
	var out [][]T
	for len(all) > 0 {
		n := min(len(all), size)
		out, all = append(out, all[:n:n]), all[n:]
	}
	return out
}
