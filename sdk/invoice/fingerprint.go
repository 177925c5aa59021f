package invoice

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/splittally/splittally/modules/kernel/id"
)

// Domains of the fingerprints: one for each combination of fields, so that none can pass for another.
const (
	domainPrimary     = "splittally/invoice/primary/v1"
	domainOtherNumber = "splittally/invoice/other-number/v1"
	domainOtherBuyer  = "splittally/invoice/other-buyer/v1"
	domainOtherIDs    = "splittally/invoice/other-ids/v1"
)

// Secondaries is how many fingerprints Secondary gives.
const Secondaries = 3

// Primary is the fingerprint by which no invoice is used twice: HMAC-SHA256 under the consortium's key over a domain
// and the normalised seller, buyer and number, each after its length in 8 bytes, big-endian. Whoever has the key can
// try guesses, so it hides an invoice from outsiders only.
func Primary(key [32]byte, inv *Invoice) id.ID {
	return digest(key, domainPrimary, inv.Seller.identity(), inv.Buyer.identity(), Normalise(inv.Number))
}

// Secondary are the fingerprints that an altered copy still shares with its original. They flag; they do not prove.
// In this order, always Secondaries of them:
//
//	0  seller, buyer, date, amount, currency: a copy under another number
//	1  seller, number, amount, currency: a copy under another spelling of the buyer
//	2  seller's name, number, amount, currency: a copy whose tax or registration numbers were left out or changed
func Secondary(key [32]byte, inv *Invoice) []id.ID {
	seller, buyer, number := inv.Seller.identity(), inv.Buyer.identity(), Normalise(inv.Number)
	date := string(binary.BigEndian.AppendUint32(nil, uint32(inv.IssueDate)))
	amount := string(binary.BigEndian.AppendUint64(nil, uint64(inv.PayableMinor)))
	return []id.ID{
		digest(key, domainOtherNumber, seller, buyer, date, amount, inv.Currency),
		digest(key, domainOtherBuyer, seller, number, amount, inv.Currency),
		digest(key, domainOtherIDs, inv.Seller.byName(), number, amount, inv.Currency),
	}
}

// identity is what a party is known by: its tax number, else its registration number, else its name. The scheme is
// left out, since invoices that agree on a number differ in whether they name the scheme. The kind stands before it,
// so that a company called 123 is not the one registered as 123.
func (p Party) identity() string {
	for _, number := range []string{p.TaxID, p.ID} {
		if n := Normalise(number); strings.ContainsAny(n, "0123456789") { // "n/a" and "none" are no numbers
			return "id:" + n
		}
	}
	return p.byName()
}

func (p Party) byName() string { return "name:" + Normalise(p.Name) }

func digest(key [32]byte, domain string, fields ...string) id.ID {
	h := hmac.New(sha256.New, key[:])
	for _, f := range append([]string{domain}, fields...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(f))))
		h.Write([]byte(f))
	}
	return id.Must(h.Sum(nil))
}
