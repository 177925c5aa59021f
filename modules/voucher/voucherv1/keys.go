package voucherv1

import (
	"encoding/binary"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// The prefixes of the module's collections; module number 4.
var (
	PrefixPackage            = kernelv1.Prefix{4, 1}
	PrefixPart               = kernelv1.Prefix{4, 2}
	PrefixExtent             = kernelv1.Prefix{4, 3}
	PrefixInvoice            = kernelv1.Prefix{4, 4}
	PrefixInvoiceFlag        = kernelv1.Prefix{4, 5}
	PrefixLine               = kernelv1.Prefix{4, 6}
	PrefixStandingAcceptance = kernelv1.Prefix{4, 7}
	PrefixDocumentCheck      = kernelv1.Prefix{4, 8}
	PrefixRunChunk           = kernelv1.Prefix{4, 9}
	PrefixFreeze             = kernelv1.Prefix{4, 10}
	PrefixFreezeMemory       = kernelv1.Prefix{4, 11}
)

// The classes of an account's totals, each by currency. Each part is in exactly one of held and offered of its holder's,
// and frozen is a further figure; amounts are minor units that are not paid.
const (
	ClassHeld     = 401 // parts held and not on offer
	ClassOffered  = 402 // parts held and on offer
	ClassIncoming = 405 // parts on offer to the account
	ClassPending  = 406 // packages that wait for the account's acceptance as creditor
	ClassOwed     = 407 // packages that the account owes and that have not ended, waiting ones too
	ClassFrozen   = 408 // of parts held or on offer: those that a freeze meets
	ClassLaid     = 409 // freezes that the account laid and that have not ended; no amount
)

// The lists; the subject of each is an account, but for the freezes of a package, whose subject is the package.
const (
	ListHeld     = "vouchers.held"     // parts by holder, not on offer
	ListOffered  = "vouchers.offered"  // parts by holder, on offer
	ListIncoming = "vouchers.incoming" // parts by the account that they are on offer to
	ListPending  = "vouchers.pending"  // packages by creditor, waiting for acceptance
	ListOwed     = "vouchers.owed"     // packages by obligor, not ended
	ListFreezes  = "vouchers.freezes"  // freezes by package; as many as the package says
	ListLaid     = "vouchers.laid"     // freezes by the account that laid them
)

// The parameters.
const (
	ParamTenorMax         = "voucher.tenor_max_days"
	ParamTenorReviewedMax = "voucher.tenor_reviewed_max_days"
	ParamSmallFirmDays    = "voucher.small_firm_days"
	ParamDepthMax         = "voucher.depth_max"
	ParamSplitsMax        = "voucher.splits_max"
	ParamPartsMax         = "voucher.parts_max"
	// ParamAuthorityFreezeMaxS bounds an authority's freezes of a unit, in seconds from the first.
	ParamAuthorityFreezeMaxS = "voucher.authority_freeze_max_s"
	// ParamFreezeAgainDays is after how many days more an authority may freeze a unit again.
	ParamFreezeAgainDays = "voucher.freeze_again_days"
	// ParamFreezeMaxS bounds a freeze by governance, in seconds.
	ParamFreezeMaxS = "voucher.freeze_max_s"
)

// PackageKey is the state key of a Package.
func PackageKey(pkg id.ID) []byte { return kernelv1.StateKey(PrefixPackage, pkg[:]) }

// PartKey is the state key of a Part.
func PartKey(pkg, number id.ID) []byte { return kernelv1.StateKey(PrefixPart, pkg[:], number[:]) }

// ExtentKey is the state key of the Extent of a package that begins at unit lo.
func ExtentKey(pkg id.ID, lo int64) []byte {
	return kernelv1.StateKey(PrefixExtent, pkg[:], binary.BigEndian.AppendUint64(nil, uint64(lo)))
}

// InvoiceKey is the state key of an Invoice by its primary fingerprint.
func InvoiceKey(fingerprint id.ID) []byte { return kernelv1.StateKey(PrefixInvoice, fingerprint[:]) }

// InvoiceFlagKey is the state key of an InvoiceFlag by a secondary fingerprint.
func InvoiceFlagKey(secondary id.ID) []byte {
	return kernelv1.StateKey(PrefixInvoiceFlag, secondary[:])
}

// LineKey is the state key of an obligor's Line in a currency.
func LineKey(obligor id.ID, currency string) []byte {
	return kernelv1.StateKey(PrefixLine, obligor[:], []byte(currency))
}

// StandingAcceptanceKey is the state key of an account's StandingAcceptance in a currency.
func StandingAcceptanceKey(account id.ID, currency string) []byte {
	return kernelv1.StateKey(PrefixStandingAcceptance, account[:], []byte(currency))
}

// DocumentCheckKey is the state key of the DocumentCheck that a checker made of a document.
func DocumentCheckKey(checker, document id.ID) []byte {
	return kernelv1.StateKey(PrefixDocumentCheck, checker[:], document[:])
}

// RunChunkKey is the state key of a chunk of an obligor's issue run of 16 bytes.
func RunChunkKey(obligor id.ID, run []byte, chunk uint32) []byte {
	return kernelv1.StateKey(PrefixRunChunk, obligor[:], RunChunkName(run, chunk))
}

// RunChunkName is what names a chunk beside its obligor: the run, and the number in 4 bytes, big-endian.
func RunChunkName(run []byte, chunk uint32) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, RunSize+4), run...), chunk)
}

// FreezeKey is the state key of a StandingFreeze of a package.
func FreezeKey(pkg, freeze id.ID) []byte { return kernelv1.StateKey(PrefixFreeze, pkg[:], freeze[:]) }

// FreezeMemoryKey is the state key of the FreezeMemory of a member's freeze of a package.
func FreezeMemoryKey(pkg, member, freeze id.ID) []byte {
	return kernelv1.StateKey(PrefixFreezeMemory, pkg[:], member[:], freeze[:])
}
