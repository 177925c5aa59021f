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
	ChunkItems    = 500
	chunkBytes    = 900 << 10 // below the chain's 1 MiB, with room for the rest of a transaction
	chunkAttempts = 10
	// chunkBefore is how many blocks before now the very same transaction of a chunk may stand, from a run that was stopped
	// in the same second: those of an hour of the fastest blocks.
	chunkBefore = 100_000
)

// RunID names an issue run: chosen once, kept by the ERP, and used again to resume.
type RunID [voucherv1.RunSize]byte

// Issued is a chunk of a run that is on the chain.
type Issued struct {
	Chunk uint32
	// First is the place of its first item in the run's items; Packages has the id for each item from there on.
	First    int
	Packages []id.ID
	// Before: an earlier attempt had issued it.
	Before bool
}

// IssueRun issues packages for any number of items in chunks, each all or none, and reports each chunk when it is
// proven. Called again with the same run and the same items in the same order it goes on where it stopped: what was
// issued is not issued again. An error of the progress function stops the run.
func (c *Client) IssueRun(ctx context.Context, run RunID, items []*voucherv1.IssueItem, progress func(Issued) error) error {
	chunk := uint32(0)
	for first := 0; first < len(items); {
		chunk++
		part := items[first : first+chunkSize(items[first:])]
		done, err := c.issueChunk(ctx, &voucherv1.Issue{Run: run[:], Chunk: chunk, Items: part})
		if err != nil {
			return fmt.Errorf("chunk %d (items %d to %d): %w", chunk, first, first+len(part)-1, err)
		}
		done.First = first
		if err := progress(done); err != nil {
			return err
		}
		first += len(part)
	}
	return nil
}

// chunkSize is how many items the next chunk takes: a pure function of the items, so that a resumed run has the same chunks.
func chunkSize(items []*voucherv1.IssueItem) int {
	size := 0
	for n, item := range items[:min(ChunkItems, len(items))] {
		if size += proto.Size(item) + 4; size > chunkBytes && n > 0 {
			return n
		}
	}
	return min(ChunkItems, len(items))
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

// issuedBefore proves that a chunk is on the chain with this content, and finds the attempt that issued it: the one whose
// first package is there.
func (c *Client) issuedBefore(ctx context.Context, m *voucherv1.Issue) (Issued, error) {
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
	if err := sameChunk(raws[0], m); err != nil {
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
func sameChunk(raw []byte, m *voucherv1.Issue) error {
	if raw == nil {
		return fmt.Errorf("%w: the chunk is not on the chain; run it again in 10 minutes", ErrUnsettled)
	}
	known := &voucherv1.RunChunk{}
	b, err := txv1.Encode(m)
	if err := errors.Join(err, kernelv1.Unframe(raw, known)); err != nil {
		return err
	}
	if h := id.Hash("issue", b); !bytes.Equal(known.MessageHash, h[:]) {
		return voucherv1.ErrRunChunkDiffers.At("chunk", "%d, issued at height %d", m.Chunk, known.Height)
	}
	return nil
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
