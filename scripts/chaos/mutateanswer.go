package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"google.golang.org/protobuf/proto"
)

// Bounds of the mutation of answers.
const (
	answerLanes = 1024 // clients at once: one that tries again sleeps between
	sayEach     = 100_000
	anewShare   = 64 // one question in so many is asked by a new client, which costs a handshake
	single      = 3  // so many of the questions, the first, take one call: half of all are of these
	recordWait  = 2 * time.Second
	questionFor = 20 * time.Second
)

const chainID = devnet.ChainID

// recording is a tape with the questions whose answers are on it.
type recording struct {
	*tape
	trust     sdk.Trust
	role      devnet.Role
	now       time.Time
	questions []question
	ticket    sdk.Ticket
	pkg       id.ID
	number    id.ID
}

// question is what a client asks, and what it holds for true afterwards, as bytes.
type question struct {
	name   string
	anew   bool // by a client that knows nothing yet
	ask    func(context.Context, *sdk.Client, *recording) ([]byte, error)
	honest []byte
	calls  int
}

// questions are all kinds of reading, each by its proofs.
func questions() []question {
	return []question{
		{name: "a record", ask: func(ctx context.Context, c *sdk.Client, r *recording) ([]byte, error) {
			return records(c.GetAll(ctx, voucherv1.PartKey(r.pkg, r.number)))
		}},
		{name: "an absent record", ask: func(ctx context.Context, c *sdk.Client, _ *recording) ([]byte, error) {
			return records(c.GetAll(ctx, voucherv1.PartKey(id.Hash("no"), id.Hash("such"))))
		}},
		{name: "several records", ask: func(ctx context.Context, c *sdk.Client, r *recording) ([]byte, error) {
			return records(c.GetAll(ctx, voucherv1.PartKey(r.pkg, r.number), voucherv1.PackageKey(r.pkg), kernelv1.TotalsKey(r.role.Account), voucherv1.PackageKey(id.Hash("none"))))
		}},
		{name: "holdings", ask: func(ctx context.Context, c *sdk.Client, _ *recording) ([]byte, error) {
			h, err := c.Holdings(ctx)
			out := verified(h.Verified)
			for _, one := range h.Records {
				out = slices.Concat(out, encoded(one.Part), encoded(one.Package))
			}
			return out, err
		}},
		{name: "deposits", ask: func(ctx context.Context, c *sdk.Client, _ *recording) ([]byte, error) {
			d, err := c.Deposits(ctx)
			out := verified(d.Verified)
			for _, one := range d.Records {
				out = append(out, encoded(one)...)
			}
			return out, err
		}},
		{name: "a trail", ask: func(ctx context.Context, c *sdk.Client, r *recording) ([]byte, error) {
			entries, v, err := c.Trail(ctx, r.pkg, r.number)
			out := verified(v)
			for _, one := range entries {
				out = append(out, encoded(one)...)
			}
			return out, err
		}},
		{name: "an outcome", ask: func(ctx context.Context, c *sdk.Client, r *recording) ([]byte, error) {
			o, err := c.Settle(ctx, r.ticket)
			return append(verified(o.Proof), fmt.Sprint(o.Height, o.Code)...), err
		}},
		{name: "headers", anew: true, ask: func(ctx context.Context, c *sdk.Client, r *recording) ([]byte, error) {
			return records(c.GetAll(ctx, kernelv1.TotalsKey(r.role.Account)))
		}},
	}
}

func verified(v sdk.Verified) []byte { return fmt.Append(nil, v.Height, v.Time.UnixNano()) }

func encoded(m proto.Message) []byte {
	b, err := txv1.Encode(m)
	if err != nil {
		panic(err) // it was decoded a moment ago
	}
	return b
}

func records(v sdk.Verified, all [][]byte, err error) ([]byte, error) {
	return append(verified(v), bytes.Join(all, []byte("|"))...), err
}

// record runs a network until there is something of everything to ask for, asks everything once through a tape, and
// stops the network.
func record(ctx context.Context, s *stage) (r *recording, err error) {
	c, err := layOut(s, devnet.Options{Dir: s.dir + "/recorded", Validators: validators})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	r = &recording{role: c.net.Role("tier1")}
	if err := r.makeThings(ctx, c); err != nil {
		return nil, err
	}
	if err := pause(ctx, recordWait); err != nil {
		return nil, err
	}
	honest, err := openSession(ctx, c.net, 0, r.role)
	if err != nil {
		return nil, err
	}
	if r.tape, err = newTape(honest, answerLanes); err != nil {
		return nil, err
	}
	defer r.stop()
	return r, r.askAll(ctx)
}

// makeThings has a voucher issued, accepted, split and looked up, and money paid in.
func (r *recording) makeThings(ctx context.Context, c *cluster) error {
	l, err := prepare(ctx, c, false)
	if err != nil {
		return err
	}
	r.trust = l.trust
	obligor, tier1 := l.client("obligor", nil), l.client("tier1", nil)
	defer obligor.close()
	defer tier1.close()
	day := kernelv1.DayOf(time.Now().Unix(), 8*3600)
	issued, err := obligor.send(ctx, &voucherv1.Issue{Items: []*voucherv1.IssueItem{{
		Creditor: r.role.Account.Bytes(), Currency: currency, AmountMinor: 1_000, DueDay: day + 60,
		Background: &voucherv1.Background{Contract: id.Hash("contract").Bytes(), Invoices: []*voucherv1.InvoiceUse{{
			Fingerprint: id.Hash("invoice").Bytes(), IssueDay: day - 1, TotalMinor: 1_000, UsedMinor: 1_000,
		}}},
	}}})
	if err != nil {
		return err
	}
	r.pkg = issued.Created(0, 0)
	if _, err := tier1.send(ctx, &voucherv1.AcceptPackage{Package: r.pkg.Bytes()}); err != nil {
		return err
	}
	conn, err := tier1.connected(ctx)
	if err != nil {
		return err
	}
	held, err := conn.Holdings(ctx)
	if err != nil || len(held.Records) != 1 {
		return fmt.Errorf("%d parts are held: %w", len(held.Records), err)
	}
	split, err := tier1.send(ctx, &voucherv1.Split{Part: held.Records[0].Part.Ref(), PiecesMinor: []int64{300, 300, 400}})
	if err != nil {
		return err
	}
	r.ticket = split.Ticket
	if held, err = conn.Holdings(ctx); err != nil || len(held.Records) != 3 {
		return fmt.Errorf("%d parts are held: %w", len(held.Records), err)
	}
	r.number = id.Must(held.Records[0].Part.Number)
	_, err = tier1.send(ctx, &depositv1.Transfer{Bank: c.net.Role("bank").Member.Bytes(), To: c.net.Role("tier2").Account.Bytes(), AmountMinor: 5, Currency: currency})
	return err
}

// askAll asks every question once, so that its answers are on the tape, and then once more of the tape alone.
func (r *recording) askAll(ctx context.Context) error {
	r.now = time.Now()
	r.questions = questions()
	for range 2 {
		for i := range r.questions {
			if err := r.askOne(ctx, &r.questions[i]); err != nil {
				return fmt.Errorf("%s: %w", r.questions[i].name, err)
			}
		}
		r.stop()
	}
	return nil
}

func (r *recording) askOne(ctx context.Context, q *question) error {
	r.lanes[0].ask(-1, nil)
	c, err := r.dial(ctx, 0)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing is kept
	if !q.anew {
		if _, err = q.ask(ctx, c, r); err != nil { // headers are known then
			return err
		}
		r.lanes[0].ask(-1, nil)
	}
	q.honest, err = q.ask(ctx, c, r)
	q.calls = r.lanes[0].calls()
	return err
}

// dial is a client that asks the tape in a lane, at the time of the recording.
func (r *recording) dial(ctx context.Context, lane int) (*sdk.Client, error) {
	return sdk.Dial(ctx, sdk.Config{
		Endpoints: []sdk.Endpoint{{URL: r.laneURL(lane), Pin: r.pin}}, Alone: true, Trust: r.trust, Account: r.role.Account, Signer: r.role.Signer,
		MaxAge: time.Hour, Now: func() time.Time { return r.now },
	})
}

// mutateAnswers asks so many questions of a node that bends one answer of each.
func mutateAnswers(ctx context.Context, r *recording, seed uint64, count int, log *logger) (*tally, error) {
	out := newTally()
	errs := make([]error, answerLanes)
	var taken atomic.Int64
	var all sync.WaitGroup
	for w := range answerLanes {
		all.Go(func() {
			a := &asker{r: r, lane: w, rnd: childRand(seed, uint64(2000+w)), t: newTally()}
			for ctx.Err() == nil && errs[w] == nil {
				n := taken.Add(1)
				if n > int64(count) {
					break
				}
				if n%sayEach == 0 {
					log.say("%d answers", n)
				}
				errs[w] = a.one(ctx)
			}
			a.hangUp()
			out.merge(a.t)
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return out, nil // time is over: how many were tried says it
	}
	return out, first(errs)
}

// first is the first error that there is: what one lane meets, all do.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// asker asks in one lane.
type asker struct {
	r    *recording
	lane int
	rnd  *rand.Rand
	t    *tally
	conn *sdk.Client
}

func (a *asker) hangUp() {
	if a.conn != nil {
		_ = a.conn.Close() // nothing is kept
		a.conn = nil
	}
}

// one asks one question until one of its answers was bent, and judges what the client holds for true.
func (a *asker) one(ctx context.Context) error {
	q := a.draw()
	if q.anew {
		a.hangUp()
	} else if err := a.connect(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, questionFor)
	defer cancel()
	var how string
	var sent []byte
	a.r.lanes[a.lane].ask(a.rnd.IntN(q.calls), func(procedure string, honest []byte) []byte {
		how, sent = q.name+", "+procedure, a.bend(procedure, honest)
		return sent
	})
	got, err := a.put(ctx, q, &how)
	a.r.lanes[a.lane].ask(-1, nil)
	a.judge(q, got, err, how, sent)
	return nil
}

// judge holds what the client believes against the truth.
func (a *asker) judge(q question, got []byte, err error, how string, sent []byte) {
	a.t.tried++
	a.t.how[q.name]++
	switch {
	case err != nil:
		a.t.refusals[kindOf(err)]++
	case bytes.Equal(got, q.honest):
		a.t.refusals["same meaning, or asked again"]++
	default:
		a.t.faults = append(a.t.faults, fmt.Sprintf("%s: believed %.200q, the truth is %.200q; the answer was %s", how, got, q.honest, shown(sent)))
	}
}

// bend bends an answer until it differs.
func (a *asker) bend(procedure string, honest []byte) []byte {
	b := &bender{a.rnd, a.r.stock[procedure]}
	for {
		if bent, way := b.bent(honest); !bytes.Equal(bent, honest) {
			a.t.how[way]++
			return bent
		}
		a.t.same++
	}
}

// draw is a question; those that a new client asks stand last.
func (a *asker) draw() question {
	all := a.r.questions
	switch {
	case a.rnd.IntN(anewShare) == 0:
		return all[len(all)-1]
	case a.rnd.IntN(2) == 0:
		return all[a.rnd.IntN(single)]
	}
	return all[a.rnd.IntN(len(all)-1)]
}

// connect dials until it works: a thousand handshakes at once take their time.
func (a *asker) connect(ctx context.Context) (err error) {
	for a.conn == nil {
		a.r.lanes[a.lane].ask(-1, nil)
		if a.conn, err = a.r.dial(ctx, a.lane); err != nil && pause(ctx, retry) != nil {
			return err
		}
	}
	return nil
}

// put asks; a panic is a fault.
func (a *asker) put(ctx context.Context, q question, how *string) (got []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			a.t.faults = append(a.t.faults, fmt.Sprintf("%s: panic: %v\n%s", *how, p, debug.Stack()))
			err = errors.New("panic")
		}
	}()
	if q.anew {
		if a.conn, err = a.r.dial(ctx, a.lane); err != nil {
			return nil, err
		}
	}
	return q.ask(ctx, a.conn, a.r)
}

// kindOf names what the SDK refused with.
func kindOf(err error) string {
	for _, one := range []error{
		sdk.ErrProof, sdk.ErrHeader, sdk.ErrPowerChange, sdk.ErrStale, sdk.ErrIncomplete, sdk.ErrNotVisible, sdk.ErrNotFound, sdk.ErrNeverRan, sdk.ErrUnsettled, sdk.ErrAnswer,
	} {
		if errors.Is(err, one) {
			return fmt.Sprintf("%.40s", one)
		}
	}
	return connect.CodeOf(err).String()
}
