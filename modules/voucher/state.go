package voucher

import (
	"bytes"
	"fmt"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

type (
	partKey   = kernel.Pair[id.ID, id.ID]
	extentKey = kernel.Pair[id.ID, kernel.Uint64]
	textKey   = kernel.Pair[id.ID, kernel.Text]
	memoryKey = kernel.Pair[id.ID, kernel.Pair[id.ID, id.ID]]
)

var (
	packages = kernel.NewMap[id.ID]("voucher.packages", voucherv1.PrefixPackage, packageReaders,
		kernel.ListOf(voucherv1.ListPending, func(p *voucherv1.Package) []id.ID { return only(pending(p), p.Creditor) }),
		kernel.ListOf(voucherv1.ListOwed, func(p *voucherv1.Package) []id.ID { return only(!p.Ended(), p.Obligor) }))
	parts = kernel.NewMap[partKey]("voucher.parts", voucherv1.PrefixPart, partReaders,
		kernel.ListOf(voucherv1.ListHeld, func(p *voucherv1.Part) []id.ID { return holderIf(!offered(p), p) }),
		kernel.ListOf(voucherv1.ListOffered, func(p *voucherv1.Part) []id.ID { return holderIf(offered(p), p) }),
		kernel.ListOf(voucherv1.ListIncoming, func(p *voucherv1.Part) []id.ID { return only(offered(p), p.GetOffer().GetTo()) })).
		WithTrail(func(p *voucherv1.Part) (id.ID, bool) { return id.Of(p.Head) }, through)
	extents   = kernel.NewMap[extentKey]("voucher.extents", voucherv1.PrefixExtent, nobody[*voucherv1.Extent])
	invoices  = kernel.NewMap[id.ID]("voucher.invoices", voucherv1.PrefixInvoice, whoeverHasTheKey[*voucherv1.Invoice])
	flagged   = kernel.NewMap[id.ID]("voucher.invoice_flags", voucherv1.PrefixInvoiceFlag, whoeverHasTheKey[*voucherv1.InvoiceFlag])
	lines     = kernel.NewMap[textKey]("voucher.lines", voucherv1.PrefixLine, lineReaders).OwnedBy(kernel.FirstID)
	standings = kernel.NewMap[textKey]("voucher.standing_acceptances", voucherv1.PrefixStandingAcceptance, standingReaders).OwnedBy(kernel.FirstID)
	checks    = kernel.NewMap[partKey]("voucher.document_checks", voucherv1.PrefixDocumentCheck, whoeverHasTheKey[*voucherv1.DocumentCheck])
	runChunks = kernel.NewMap[textKey]("voucher.run_chunks", voucherv1.PrefixRunChunk, whoeverHasTheKey[*voucherv1.RunChunk])
	freezes   = kernel.NewMap[partKey]("voucher.freezes", voucherv1.PrefixFreeze, whoeverHasTheKey[*voucherv1.StandingFreeze],
		kernel.PublicListOf(voucherv1.ListFreezes, func(f *voucherv1.StandingFreeze) []id.ID { return only(true, f.Package) }),
		kernel.ListOf(voucherv1.ListLaid, func(f *voucherv1.StandingFreeze) []id.ID { return only(true, f.By) }))
	memories = kernel.NewMap[memoryKey]("voucher.freeze_memories", voucherv1.PrefixFreezeMemory, nobody[*voucherv1.FreezeMemory])
)

// through is where the trail of a part goes on behind a join: at the parents that had units of it. The others' trade is none
// of its holder's business.
func through(p *voucherv1.Part, join []byte) ([]id.ID, error) {
	l, err := voucherv1.ReadLink(join)
	if err != nil {
		return nil, err
	}
	return l.Through(p.Lo, p.Hi), nil
}

// packageReaders: until it is accepted a package is its two parties'. Then whoever holds a part of it must know
// what it is a part of; its id is a hash that those have who were shown it, and its invoices are no longer there.
func packageReaders(p *voucherv1.Package) kernel.Audience {
	if p.State == voucherv1.PackageState_PACKAGE_STATE_PENDING_ACCEPTANCE || p.State == voucherv1.PackageState_PACKAGE_STATE_CANCELLED {
		return kernel.Audience{Parties: []id.ID{id.Must(p.Obligor), id.Must(p.Creditor)}}
	}
	return kernel.Public
}

// partReaders are the holder and, while it is on offer, the receiver.
func partReaders(p *voucherv1.Part) kernel.Audience {
	parties := holderIf(true, p)
	if offered(p) {
		parties = append(parties, id.Must(p.Offer.To))
	}
	return kernel.Audience{Parties: parties}
}

func lineReaders(l *voucherv1.Line) kernel.Audience {
	a := kernel.Audience{Parties: []id.ID{id.Must(l.Obligor)}}
	if guarantor, ok := id.Of(l.Guarantor); ok {
		a.Members = []id.ID{guarantor}
	}
	return a
}

// standingReaders are who left it and whom it names. A sender learns by trying whether it covers a part.
func standingReaders(s *voucherv1.StandingAcceptance) kernel.Audience {
	return kernel.Audience{Parties: []id.ID{id.Must(s.Account), id.Must(s.Checker)}}
}

// whoeverHasTheKey: the record's key is a hash, or has a part, that only those know who may read.
func whoeverHasTheKey[V any](V) kernel.Audience { return kernel.Public }

// nobody: a directory of parts would show who else holds some; who needs it, asks for their parts.
func nobody[V any](V) kernel.Audience { return kernel.Audience{} }

func only(is bool, account []byte) []id.ID {
	if !is {
		return nil
	}
	return []id.ID{id.Must(account)}
}

func holderIf(is bool, p *voucherv1.Part) []id.ID {
	if !is {
		return nil
	}
	return []id.ID{p.Holder.ID()}
}

func pending(p *voucherv1.Package) bool {
	return p.State == voucherv1.PackageState_PACKAGE_STATE_PENDING_ACCEPTANCE
}

func offered(p *voucherv1.Part) bool { return p.State == voucherv1.PartState_PART_STATE_OFFERED }

func keyOf(p *voucherv1.Part) partKey { return kernel.Join(id.Must(p.Package), id.Must(p.Number)) }

func freezeAt(f *voucherv1.StandingFreeze) partKey {
	return kernel.Join(id.Must(f.Package), id.Must(f.Id))
}

func memoryOf(f *voucherv1.StandingFreeze) memoryKey {
	return kernel.Join(id.Must(f.Package), kernel.Join(id.Must(f.Member), id.Must(f.Id)))
}

func extentAt(pkg id.ID, lo int64) extentKey { return kernel.Join(pkg, kernel.Uint64(lo)) }

func inCurrency(account id.ID, currency string) textKey {
	return kernel.Join(account, kernel.Text(currency))
}

// packageAt loads a package that a call names.
func packageAt(c *kernel.Ctx, b []byte) (*voucherv1.Package, error) {
	p, ok := packages.Get(c, id.Must(b))
	if !ok {
		return nil, voucherv1.ErrNoPackage.With("%x", b)
	}
	return p, nil
}

// partAt loads the part that a call names as its caller last saw it, and its package.
func partAt(c *kernel.Ctx, ref *voucherv1.PartRef) (*voucherv1.Package, *voucherv1.Part, error) {
	pkg, err := packageAt(c, ref.Package)
	if err != nil {
		return nil, nil, err
	}
	p, ok := parts.Get(c, kernel.Join(id.Must(ref.Package), id.Must(ref.Number)))
	if !ok {
		return nil, nil, voucherv1.ErrNoPart.With("%x", ref.Number)
	}
	if !bytes.Equal(p.Head, ref.Head) {
		return nil, nil, voucherv1.ErrStaleHead.At("part.head", "%x, it is %x", ref.Head, p.Head)
	}
	return pkg, p, nil
}

// is tells whether a field names the account.
func is(field []byte, account id.ID) bool { return bytes.Equal(field, account[:]) }

// broken stops the process: state is not what the module's invariants say.
func broken(format string, args ...any) {
	panic(kernel.Fatal{Err: fmt.Errorf("voucher: "+format, args...)})
}
