// Package voucher keeps receivable vouchers: ranges of minor units that an obligor owes, in parts that pass from
// hand to hand until they are paid. See README.md for its rules, errors and guarantees.
package voucher

import (
	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// Vouchers is the module, as later modules use it.
type Vouchers struct {
	members  *members.Members
	deposits *deposit.Deposits
}

// New makes the module over the members it asks about small firms and the deposits it pays in.
func New(m *members.Members, d *deposit.Deposits) *Vouchers {
	return &Vouchers{members: m, deposits: d}
}

var (
	tenorMax = &kernel.Param{
		Name: voucherv1.ParamTenorMax, Default: 183, Min: 1, Max: 3660, Source: "six months [77 art. 11]",
	}
	tenorReviewedMax = &kernel.Param{
		Name: voucherv1.ParamTenorReviewedMax, Default: 366, Min: 0, Max: 3660, Source: "twelve months with a bank's review [77 art. 11]",
	}
	smallFirmDays = &kernel.Param{
		Name: voucherv1.ParamSmallFirmDays, Default: 60, Min: 1, Max: 3660, Source: "payment to small firms [802]",
	}
	depthMax  = &kernel.Param{Name: voucherv1.ParamDepthMax, Default: 16, Min: 1, Max: voucherv1.MaxDepth, Source: "the network"}
	splitsMax = &kernel.Param{Name: voucherv1.ParamSplitsMax, Default: 500, Min: 0, Max: voucherv1.MaxSplits, Source: "[SHCPE]"}
	partsMax  = &kernel.Param{Name: voucherv1.ParamPartsMax, Default: voucherv1.MaxParts, Min: 1, Max: voucherv1.MaxParts, Source: "the network"}

	authorityFreezeMax = &kernel.Param{
		Name: voucherv1.ParamAuthorityFreezeMaxS, Default: 72 * hourS, Min: hourS, Max: 30 * dayS, Source: "72 hours without a vote or case [the network]",
	}
	freezeAgain = &kernel.Param{Name: voucherv1.ParamFreezeAgainDays, Default: 30, Min: 1, Max: 3660, Source: "the network"}
	freezeMax   = &kernel.Param{Name: voucherv1.ParamFreezeMaxS, Default: 366 * dayS, Min: dayS, Max: 3660 * dayS, Source: "the network"}
)

const (
	hourS = 3_600
	dayS  = 24 * hourS
)

// The declared weights of calls that may write many records.
const (
	weightIssue  = 500
	weightPay    = 100
	weightFreeze = 100
)

// The dated items: the end of an offer that nobody answered, of a freeze, and of what is remembered of an authority's
// freeze. Those of freezes are law's.
const (
	kindLapse  = "voucher.lapse"
	kindThaw   = "voucher.thaw"
	kindForget = "voucher.forget"
)

// Module is the table of contents.
func (v *Vouchers) Module() *kernel.Module {
	authority := kernel.Need{Roles: membersv1.RoleAuthority, OrGovernance: true, Weight: weightFreeze}
	anybody := kernel.Need{Roles: kernel.Roles(membersv1.Trading)}
	return &kernel.Module{
		Name: "voucher",
		Collections: []*kernel.Collection{
			packages.Declared(), parts.Declared(), extents.Declared(), invoices.Declared(), flagged.Declared(),
			lines.Declared(), standings.Declared(), checks.Declared(), runChunks.Declared(),
			freezes.Declared(), memories.Declared(),
		},
		Params: []*kernel.Param{tenorMax, tenorReviewedMax, smallFirmDays, depthMax, splitsMax, partsMax, authorityFreezeMax, freezeAgain, freezeMax},
		Routes: []kernel.Route{
			kernel.On("voucher.SetLine", kernel.Need{Roles: membersv1.RoleGuarantor, OrGovernance: true}, givesLine, v.setLine),
			kernel.On("voucher.Issue", kernel.Need{Roles: membersv1.RoleCoreEnterprise, Large: true, Weight: weightIssue}, givesIssue, v.issue),
			kernel.On("voucher.AcceptPackage", anybody, kernel.GivesNothing[*voucherv1.AcceptPackage], v.acceptPackage),
			kernel.On("voucher.RejectPackage", anybody, kernel.GivesNothing[*voucherv1.RejectPackage], v.rejectPackage),
			kernel.On("voucher.CancelPackage", anybody, kernel.GivesNothing[*voucherv1.CancelPackage], v.cancelPackage),
			kernel.On("voucher.Split", anybody, kernel.GivesNothing[*voucherv1.Split], v.split),
			kernel.On("voucher.Merge", anybody, kernel.GivesNothing[*voucherv1.Merge], v.merge),
			kernel.On("voucher.Transfer", anybody, givesTransfer, v.transfer),
			kernel.On("voucher.AcceptOffer", anybody, kernel.GivesNothing[*voucherv1.AcceptOffer], v.acceptOffer),
			kernel.On("voucher.RejectOffer", anybody, kernel.GivesNothing[*voucherv1.RejectOffer], v.rejectOffer),
			kernel.On("voucher.WithdrawOffer", anybody, kernel.GivesNothing[*voucherv1.WithdrawOffer], v.withdrawOffer),
			kernel.On("voucher.SetStandingAcceptance", anybody, kernel.GivesNothing[*voucherv1.SetStandingAcceptance], v.setStandingAcceptance),
			kernel.On("voucher.CheckDocument", anybody, kernel.GivesNothing[*voucherv1.CheckDocument], v.checkDocument),
			kernel.On("voucher.Pay", kernel.Need{Roles: membersv1.Trading, Weight: weightPay}, givesPayment, v.pay),
			kernel.On("voucher.Freeze", authority, kernel.GivesNothing[*voucherv1.Freeze], v.freeze),
			kernel.On("voucher.Release", authority, kernel.GivesNothing[*voucherv1.Release], v.release),
		},
		Due:        map[string]func(*kernel.Ctx, int64, []byte) error{kindLapse: v.lapse, kindThaw: v.thaw, kindForget: v.forget},
		DueWeights: map[string]int{kindThaw: thawStep},
		Invariants: []kernel.Invariant{
			{Name: "ranges", Check: checkRanges},
			{Name: "totals", Check: checkTotals},
			{Name: "lines", Check: checkLines},
			{Name: "invoices", Check: checkInvoices},
			{Name: "offers", Check: checkOffers},
			{Name: "freezes", Check: checkFreezes},
			{Name: "blocked", Check: v.checkBlocked},
		},
	}
}
