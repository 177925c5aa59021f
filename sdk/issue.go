package sdk

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/invoice"
	"google.golang.org/protobuf/proto"
)

// Bounds of an issue run.
const (
	ChunkItems = 500
	// MaxRunItems bounds a run.
	MaxRunItems   = 100_000
	chunkBytes    = 900 << 10 // below the chain's 1 MiB, with room for the rest of a transaction
	chunkAttempts = 10
	// chunksAtOnce is how many chunks are on the way: enough that each block has some, while the next are signed and the
	// last are proven, and well below half a block's bytes.
	chunksAtOnce = 8
	// chunkBefore is how many blocks before now the very same transaction of a chunk may stand, from a run that was stopped
	// in the same second: those of an hour of the fastest blocks.
	chunkBefore = 100_000
)

// RunID names an issue run: chosen once, kept by the ERP, and used again to resume.
type RunID [voucherv1.RunSize]byte

// Issued is the end of a chunk of a run: it is on the chain, unless Err says otherwise.
type Issued struct {
	Chunk uint32
	// First is the place of its first item in the run's items, of which it has Items; Packages has the id for each of them.
	// Packages is empty where another program issued the chunk under this run.
	First, Items int
	Packages     []id.ID
	// Before: an earlier attempt had issued it.
	Before bool
	// Err is why it is not known to be on the chain. Where it matches ErrUnsettled, the chunk may be there all the same, or
	// come there; any other says that this attempt did not issue it.
	Err error
}

// RunDiffers says that what is on the chain under a run is not what these items are: nothing was sent. It matches
// voucherv1.ErrRunChunkDiffers.
type RunDiffers struct {
	Chunk uint32
	// Item is the place of the first item that is not the one that was issued; the number of items where the chain has
	// more; -1 where another program issued the chunk, so that it is not known which.
	Item int
	// Height is where the chunk was issued.
	Height int64
}

// Error tells the item, and what to do.
func (e *RunDiffers) Error() string {
	return voucherv1.ErrRunChunkDiffers.At("chunk", "%d, issued at height %d; the first item that differs is number %d, from 0", e.Chunk, e.Height, e.Item).Error()
}

// Unwrap gives the chain's code for it.
func (e *RunDiffers) Unwrap() error { return voucherv1.ErrRunChunkDiffers }

// chunk is one transaction of a run.
type chunk struct {
	first int
	m     *voucherv1.Issue
}

// chunksOf cuts items into chunks: a pure function of the items, so that a resumed run has the same ones.
func chunksOf(run RunID, items []*voucherv1.IssueItem) (out []chunk) {
	for first := 0; first < len(items); {
		n := chunkSize(items[first:])
		out = append(out, chunk{first, &voucherv1.Issue{Run: run[:], Chunk: uint32(len(out) + 1), Items: items[first : first+n]}})
		first += n
	}
	return out
}

// chunkSize is how many items the next chunk takes.
func chunkSize(items []*voucherv1.IssueItem) int {
	size := 0
	for n, item := range items[:min(ChunkItems, len(items))] {
		if size += proto.Size(item) + 4; size > chunkBytes && n > 0 {
			return n
		}
	}
	return min(ChunkItems, len(items))
}

// IssueRun issues packages for any number of items in chunks, each all or none, several on the way at once, and reports each
// chunk that was begun, in order, when its end is known: issued or, with Issued.Err, not. Called again with the same run and the same items in the same order it goes on
// where it stopped: what was issued is not issued again. Where the chain has other items under the run, it is a
// *RunDiffers, and nothing is sent. An error of the progress function stops the run, and is the last that it is told; an
// error of a chunk too, once those that were on the way are known. The first error is returned; the chunks on the way
// beside it may have others, which progress alone is told.
func (c *Client) IssueRun(ctx context.Context, run RunID, items []*voucherv1.IssueItem, progress func(Issued) error) error {
	all := chunksOf(run, items)
	there, err := c.chunksThere(ctx, run, all)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ways := make([]chan Issued, len(all))
	var failed, stopped error
	for i, started := 0, 0; i < len(all) && (failed == nil || i < started); i++ {
		for ; failed == nil && started < min(len(all), i+chunksAtOnce); started++ {
			ways[started] = c.sendChunk(ctx, all[started], there[started])
		}
		got := <-ways[i]
		if got.Err != nil && failed == nil {
			failed = fmt.Errorf("chunk %d (items %d to %d): %w", i+1, got.First, got.First+got.Items-1, got.Err)
		}
		if stopped == nil {
			if stopped = progress(got); stopped != nil {
				cancel()
			}
		}
		if failed == nil {
			failed = stopped
		}
	}
	return failed
}

func (c *Client) sendChunk(ctx context.Context, one chunk, there bool) chan Issued {
	out := make(chan Issued, 1)
	go func() {
		send := c.issueChunk
		if there {
			send = c.issuedBefore
		}
		end, err := send(ctx, one.m)
		end.Chunk, end.First, end.Items, end.Err = one.m.Chunk, one.first, len(one.m.Items), err
		out <- end
	}()
	return out
}

// IssuedOfRun tells, by proof, which of a run's items are on the chain; *RunDiffers where those that are there are others.
func (c *Client) IssuedOfRun(ctx context.Context, run RunID, items []*voucherv1.IssueItem) ([]bool, error) {
	all := chunksOf(run, items)
	there, err := c.chunksThere(ctx, run, all)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(items))
	for i, one := range all {
		for j := range one.m.Items {
			out[one.first+j] = there[i]
		}
	}
	return out, nil
}

// chunksThere tells which chunks are on the chain, with this content.
func (c *Client) chunksThere(ctx context.Context, run RunID, all []chunk) ([]bool, error) {
	items := 0
	var keys [][]byte
	for i := range len(all) + 1 { // and that there is none beyond
		keys = append(keys, voucherv1.RunChunkKey(c.account, run[:], uint32(i+1)))
	}
	if len(all) > 0 {
		items = all[len(all)-1].first + len(all[len(all)-1].m.Items)
	}
	if items == 0 || items > MaxRunItems {
		return nil, fmt.Errorf("a run has 1 to %d items, not %d: divide it", MaxRunItems, items)
	}
	_, raws, err := c.GetAll(ctx, keys...)
	if err != nil {
		return nil, err
	}
	there := make([]bool, len(all))
	for i, one := range all {
		if there[i] = raws[i] != nil; !there[i] {
			continue
		}
		if err := c.sameChunk(ctx, raws[i], one); err != nil {
			return nil, err
		}
	}
	if raws[len(all)] != nil {
		return nil, &RunDiffers{Chunk: uint32(len(all) + 1), Item: items}
	}
	return there, nil
}

// issueChunk sends a chunk under the first of its ids that is free. The ids come from run and chunk, so that the
// packages of a chunk whose answer was lost can be named.
func (c *Client) issueChunk(ctx context.Context, m *voucherv1.Issue) (Issued, error) {
	newest, err := c.light.Last(ctx)
	if err != nil {
		return Issued{}, err
	}
	for attempt := range uint32(chunkAttempts) {
		d, err := c.draft(ctx, chunkID(c.account, m, attempt), 0, chunkBefore, []Call{{Message: m}})
		if err != nil {
			return Issued{}, err
		}
		o, err := c.signAndWait(ctx, d)
		switch {
		case err == nil:
			return issued(d.ticket, m, o.Height <= newest.Height), nil
		case errors.Is(err, voucherv1.ErrRunChunkDone):
			return c.issuedBefore(ctx, m)
		case errors.Is(err, kernelv1.ErrIDReused), errors.Is(err, ErrNeverRan):
			continue
		default:
			return Issued{}, err
		}
	}
	return c.issuedBefore(ctx, m)
}

func (c *Client) signAndWait(ctx context.Context, d *Draft) (Outcome, error) {
	if c.conf.Signer == nil {
		return Outcome{}, errReadsAlone
	}
	if err := d.Sign(c.conf.Signer); err != nil {
		return Outcome{}, err
	}
	p, err := c.Submit(ctx, d)
	if err != nil {
		return Outcome{Ticket: d.ticket}, err
	}
	return p.Wait(ctx)
}

func chunkID(account id.ID, m *voucherv1.Issue, attempt uint32) [txv1.IDSize]byte {
	n := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, m.Chunk), attempt)
	h := id.Hash("issue run", account[:], m.Run, n)
	return [txv1.IDSize]byte(h[:txv1.IDSize])
}

func issued(t Ticket, m *voucherv1.Issue, before bool) Issued {
	out := Issued{Chunk: m.Chunk, Before: before}
	for i := range m.Items {
		out.Packages = append(out.Packages, t.Created(0, uint32(i)))
	}
	return out
}

// issuedBefore finds a chunk that is, or may be, on the chain: an error other than *RunDiffers leaves that unknown.
func (c *Client) issuedBefore(ctx context.Context, m *voucherv1.Issue) (Issued, error) {
	out, err := c.findIssued(ctx, m)
	if err != nil && !errors.Is(err, ErrUnsettled) && !errors.Is(err, voucherv1.ErrRunChunkDiffers) {
		err = unsettled(err)
	}
	return out, err
}

// findIssued proves that a chunk is on the chain with this content, and finds the attempt that issued it: the one whose
// first package is there.
func (c *Client) findIssued(ctx context.Context, m *voucherv1.Issue) (Issued, error) {
	var tickets []Ticket
	keys := [][]byte{voucherv1.RunChunkKey(c.account, m.Run, m.Chunk)}
	for attempt := range uint32(chunkAttempts) {
		t := Ticket{Sender: c.account, TxID: chunkID(c.account, m, attempt)}
		tickets, keys = append(tickets, t), append(keys, voucherv1.PackageKey(t.Created(0, 0)))
	}
	_, raws, err := c.GetAll(ctx, keys...)
	if err != nil {
		return Issued{}, err
	}
	if raws[0] == nil {
		return Issued{}, fmt.Errorf("%w: the chunk is not on the chain; run it again in 10 minutes", ErrUnsettled)
	}
	if err := c.sameChunk(ctx, raws[0], chunk{m: m}); err != nil {
		return Issued{}, err
	}
	for i, raw := range raws[1:] {
		if raw != nil {
			return issued(tickets[i], m, true), nil
		}
	}
	return Issued{Chunk: m.Chunk, Before: true}, nil // issued by another program, under ids that are not known here
}

// sameChunk compares a chunk with what the chain remembers of it.
func (c *Client) sameChunk(ctx context.Context, raw []byte, one chunk) error {
	known := &voucherv1.RunChunk{}
	b, err := txv1.Encode(one.m)
	if err := errors.Join(err, kernelv1.Unframe(raw, known)); err != nil {
		return err
	}
	if h := id.Hash("issue", b); bytes.Equal(known.MessageHash, h[:]) {
		return nil
	}
	item, err := c.differing(ctx, one)
	if err != nil {
		return err
	}
	return &RunDiffers{Chunk: one.m.Chunk, Item: item, Height: known.Height}
}

// differing finds the first item of a chunk that is not the package that was issued in its place.
func (c *Client) differing(ctx context.Context, one chunk) (int, error) {
	for attempt := range uint32(chunkAttempts) {
		t := Ticket{Sender: c.account, TxID: chunkID(c.account, one.m, attempt)}
		var keys [][]byte
		for i := range len(one.m.Items) + 1 {
			keys = append(keys, voucherv1.PackageKey(t.Created(0, uint32(i))))
		}
		_, raws, err := c.GetAll(ctx, keys...)
		if err != nil {
			return 0, err
		}
		if raws[0] == nil {
			continue
		}
		for i, item := range one.m.Items {
			if same, err := samePackage(raws[i], item); err != nil || !same {
				return one.first + i, err
			}
		}
		return one.first + len(one.m.Items), nil // it had more, or another day of delivery, which no package keeps
	}
	return -1, nil
}

func samePackage(raw []byte, item *voucherv1.IssueItem) (bool, error) {
	pkg := &voucherv1.Package{}
	if raw == nil {
		return false, nil
	}
	err := kernelv1.Unframe(raw, pkg)
	return bytes.Equal(pkg.Creditor, item.Creditor) && pkg.Currency == item.Currency && pkg.AmountMinor == item.AmountMinor &&
		pkg.DueDay == item.DueDay && proto.Equal(pkg.Background, item.Background) && bytes.Equal(pkg.BankReview, item.BankReview), err
}

// ItemFromInvoice makes an item of an issue from an invoice: the whole amount, with the fingerprints under the
// consortium's key. contract is the hash of the contract or order. Its due day is the invoice's where it has one, which
// a zero dueDay asks for.
func ItemFromInvoice(inv *invoice.Invoice, fingerprints [32]byte, creditor, contract id.ID, dueDay int32) (*voucherv1.IssueItem, error) {
	if dueDay == 0 {
		if !inv.HasDueDate {
			return nil, errors.New("DueDate: the invoice has none: give a due day")
		}
		dueDay = int32(inv.DueDate)
	}
	primary := invoice.Primary(fingerprints, inv)
	use := &voucherv1.InvoiceUse{
		Fingerprint: primary.Bytes(), IssueDay: int32(inv.IssueDate), TotalMinor: inv.PayableMinor, UsedMinor: inv.PayableMinor,
	}
	for _, s := range invoice.Secondary(fingerprints, inv) {
		use.Secondary = append(use.Secondary, s.Bytes())
	}
	return &voucherv1.IssueItem{
		Creditor: creditor.Bytes(), Currency: inv.Currency, AmountMinor: inv.PayableMinor, DueDay: dueDay,
		Background: &voucherv1.Background{Invoices: []*voucherv1.InvoiceUse{use}, Contract: contract.Bytes()},
	}, nil
}
