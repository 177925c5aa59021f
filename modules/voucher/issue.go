package voucher

import (
	"bytes"

	"github.com/splittally/splittally/modules/deposit"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

// spreadRule names how a payment is spread over what is outstanding: see share.
const spreadRule = "range-floor/1"

// issue makes packages that wait for their creditors. The chunk of a run is remembered by its content, so that a
// client that lost the answer may send it again.
func (v *Vouchers) issue(c *kernel.Ctx, m *voucherv1.Issue) error {
	if err := rememberChunk(c, m); err != nil {
		return err
	}
	s, err := c.Standing(c.Caller())
	if err != nil {
		return err
	}
	for i, item := range m.Items {
		if err := v.issueItem(c, s, m.Run, item); err != nil {
			return voucherv1.Item("items", i, err)
		}
	}
	return nil
}

func givesIssue(_ *kernel.Ctx, m *voucherv1.Issue) (given []money.Amount, err error) {
	for _, item := range m.Items {
		if given, err = plus(given, item.Currency, item.AmountMinor); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// plus adds an amount to a short list of sums by currency.
func plus(sums []money.Amount, currency string, minor int64) ([]money.Amount, error) {
	for i := range sums {
		if sums[i].Currency == currency {
			sum, err := money.Add(sums[i].Minor, minor)
			if err != nil {
				return nil, kernel.ErrOverflow.With("%s", err)
			}
			sums[i].Minor = sum
			return sums, nil
		}
	}
	return append(sums, money.Amount{Minor: minor, Currency: currency}), nil
}

// rememberChunk refuses a chunk that has been issued.
func rememberChunk(c *kernel.Ctx, m *voucherv1.Issue) error {
	if len(m.Run) == 0 {
		return nil
	}
	b, err := txv1.Encode(m)
	if err != nil {
		broken("an issue cannot be encoded: %v", err)
	}
	hash := id.Hash("issue", b)
	k := kernel.Join(c.Caller(), kernel.Text(voucherv1.RunChunkName(m.Run, m.Chunk)))
	if old, done := runChunks.Get(c, k); done {
		if !bytes.Equal(old.MessageHash, hash[:]) {
			return voucherv1.ErrRunChunkDiffers.At("chunk", "%d, issued at height %d", m.Chunk, old.Height)
		}
		return voucherv1.ErrRunChunkDone.At("chunk", "%d, issued at height %d", m.Chunk, old.Height)
	}
	runChunks.Insert(c, k, &voucherv1.RunChunk{MessageHash: hash.Bytes(), Height: c.Height()})
	return nil
}

func (v *Vouchers) issueItem(c *kernel.Ctx, obligor kernel.Standing, run []byte, item *voucherv1.IssueItem) error {
	if err := tenorAllowed(c, item); err != nil {
		return err
	}
	creditor, err := receiver(c, item.Creditor, obligor.Member)
	if err != nil {
		return err
	}
	if err := useLine(c, c.Caller(), item.Currency, item.AmountMinor); err != nil {
		return err
	}
	t, err := judge(c, item.Background, item.Currency, item.AmountMinor)
	if err != nil {
		return err
	}
	pkg := &voucherv1.Package{
		Id: c.NewID().Bytes(), Obligor: c.Caller().Bytes(), ObligorMember: obligor.Member.Bytes(), Creditor: item.Creditor,
		Currency: item.Currency, AmountMinor: item.AmountMinor, IssueDay: c.Today(), DueDay: item.DueDay,
		State: voucherv1.PackageState_PACKAGE_STATE_PENDING_ACCEPTANCE, Background: item.Background, SpreadRule: spreadRule,
		DepthMax: uint32(c.Param(depthMax)), Run: run, BankReview: item.BankReview, Over_60Days: v.paidLate(c, creditor.Member, item),
	}
	packages.Insert(c, id.Must(pkg.Id), pkg)
	c.Emit(&voucherv1.Issued{
		Package: pkg.Id, Obligor: pkg.Obligor, Creditor: pkg.Creditor, AmountMinor: pkg.AmountMinor,
		Currency: pkg.Currency, DueDay: pkg.DueDay, Flags: t.flags,
	}, c.Caller(), creditor.Account)
	if err := tallyPending(c, pkg, 1); err != nil {
		return err
	}
	return deposit.Room(c, creditor.Account, pkg.Currency)
}

// tallyPending adds (1) or takes away (−1) a package that waits for acceptance.
func tallyPending(c *kernel.Ctx, pkg *voucherv1.Package, sign int64) error {
	if err := c.Tally(id.Must(pkg.Creditor), voucherv1.ClassPending, pkg.Currency, sign, sign*pkg.AmountMinor); err != nil {
		return err
	}
	return c.Tally(id.Must(pkg.Obligor), voucherv1.ClassOwed, pkg.Currency, sign, sign*pkg.AmountMinor)
}

// tenorAllowed judges the due day by the law of today [77 art. 11].
func tenorAllowed(c *kernel.Ctx, item *voucherv1.IssueItem) error {
	days := int64(item.DueDay) - int64(c.Today())
	if days <= 0 {
		return voucherv1.ErrDueDay.At("due_day", "%d, today is %d", item.DueDay, c.Today())
	}
	most := c.Param(tenorMax)
	if len(item.BankReview) > 0 {
		most = max(most, c.Param(tenorReviewedMax))
	}
	if days > most {
		return voucherv1.ErrTenor.At("due_day", "%d days, %d are allowed", days, most)
	}
	return nil
}

// paidLate flags what a small firm waits for longer than the ordinance wants [802]. It is a flag and no refusal.
func (v *Vouchers) paidLate(c *kernel.Ctx, creditor id.ID, item *voucherv1.IssueItem) bool {
	if item.DeliveryDay == 0 || int64(item.DueDay)-int64(item.DeliveryDay) <= c.Param(smallFirmDays) {
		return false
	}
	m, ok := v.members.Member(c, creditor)
	return ok && m.Legal.SmallFirm
}

// receiver is the standing of an account that an obligor's member is to owe.
func receiver(c *kernel.Ctx, account []byte, obligor id.ID) (kernel.Standing, error) {
	s, err := c.Active(id.Must(account))
	if err == nil && s.Member == obligor {
		return s, voucherv1.ErrToObligor.With("account %s", s.Account)
	}
	return s, err
}
