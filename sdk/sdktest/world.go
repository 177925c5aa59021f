package sdktest

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
)

// Tenor is the time to the due day of what Item makes, in days.
const Tenor = 60

const (
	secondsPerDay = 86_400
	chainOffsetS  = 8 * 3600 // of a development chain's dates
)

// Today is the chain's day on a chain whose clock was not shifted: days since 1970-01-01.
func Today() int32 { return int32((time.Now().Unix() + chainOffsetS) / secondsPerDay) }

// Item is an item of an issue to a creditor over an invoice that a number determines, of the same amount in minor units.
func (c *Chain) Item(creditor string, amountMinor int64, invoice uint64) *voucherv1.IssueItem {
	n := binary.BigEndian.AppendUint64(nil, invoice)
	fingerprint, contract := id.Hash("test invoice", n), id.Hash("test contract")
	return &voucherv1.IssueItem{
		Creditor: c.Account(creditor).Bytes(), Currency: "CNY", AmountMinor: amountMinor, DueDay: Today() + Tenor,
		Background: &voucherv1.Background{
			Invoices: []*voucherv1.InvoiceUse{{
				Fingerprint: fingerprint.Bytes(), IssueDay: Today() - 1, TotalMinor: amountMinor, UsedMinor: amountMinor,
			}},
			Contract: contract.Bytes(),
		},
	}
}

// Issue has the obligor issue one package to a creditor, who accepts it: the creditor holds its only part then.
func (c *Chain) Issue(obligor, creditor *sdk.Client, item *voucherv1.IssueItem) (pkg id.ID) {
	c.tb.Helper()
	ctx := context.Background()
	o, err := obligor.Do(ctx, &voucherv1.Issue{Items: []*voucherv1.IssueItem{item}})
	if err != nil {
		c.tb.Fatal(err)
	}
	pkg = o.Created(0, 0)
	if _, err := creditor.Do(ctx, &voucherv1.AcceptPackage{Package: pkg.Bytes()}); err != nil {
		c.tb.Fatal(err)
	}
	return pkg
}
