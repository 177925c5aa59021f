package voucherv1

import (
	"encoding/binary"

	"github.com/splittally/splittally/modules/kernel/id"
)

// InvoiceDocument is the commitment that an account checks with CheckDocument to say that it has seen an invoice and
// that day (since 1970-01-01), currency and total (minor units) are what the document says. The fingerprint alone would
// let a sender put another total behind it at the first use.
func InvoiceDocument(fingerprint []byte, issueDay int32, currency string, totalMinor int64) id.ID {
	figures := binary.BigEndian.AppendUint32(nil, uint32(issueDay))
	figures = binary.BigEndian.AppendUint64(figures, uint64(totalMinor))
	return id.Hash("invoice document", fingerprint, figures, []byte(currency))
}

// Document is InvoiceDocument of a use in a currency.
func (m *InvoiceUse) Document(currency string) id.ID {
	return InvoiceDocument(m.Fingerprint, m.IssueDay, currency, m.TotalMinor)
}
