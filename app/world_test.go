package app_test

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// anyone reads everything.
var anyone = app.Reader{Regulator: true, Member: id.ID{1}}

var suppliers = []string{"tier1", "tier2", "tier3"}

func account(role string) []byte { return laid().Role(role).Account.Bytes() }

func mint(to string, minor int64) proto.Message {
	return &depositv1.Mint{To: account(to), AmountMinor: minor, Currency: "CNY"}
}

func pass(to string, minor int64) proto.Message {
	return &depositv1.Transfer{Bank: laid().Role("bank").Member.Bytes(), To: account(to), AmountMinor: minor, Currency: "CNY"}
}

// today is the day of the test chains' genesis.
var today = kernelv1.DayOf(begun.Unix(), 8*3600)

func fingerprint(n uint64) []byte {
	return id.Hash("test invoice", binary.BigEndian.AppendUint64(nil, n)).Bytes()
}

// issue issues packages to a supplier, each over an invoice of its own, counted from first.
func issue(creditor string, items int, first uint64) *voucherv1.Issue {
	m := &voucherv1.Issue{}
	for i := range uint64(items) {
		minor := int64(1_000 + i%977)
		m.Items = append(m.Items, &voucherv1.IssueItem{
			Creditor: account(creditor), Currency: "CNY", AmountMinor: minor, DueDay: today + 60,
			Background: &voucherv1.Background{Contract: fingerprint(1 << 40), Invoices: []*voucherv1.InvoiceUse{{
				Fingerprint: fingerprint(first + i), IssueDay: today - 3, TotalMinor: minor, UsedMinor: minor,
			}}},
		})
	}
	return m
}

// readAll reads the records of a role's list as a regulator.
func readAll[T proto.Message](r *rig, list, role string, fresh func() T) []T {
	r.tb.Helper()
	_, keys, _, err := r.a.List(anyone, list, laid().Role(role).Account, nil, 1_000)
	if err != nil {
		r.tb.Fatal(err)
	}
	_, records, err := r.a.ReadAt(anyone, r.height(), keys)
	if err != nil {
		r.tb.Fatal(err)
	}
	var out []T
	for _, rec := range records {
		m := fresh()
		if err := kernelv1.Unframe(rec.Value, m); err != nil {
			r.tb.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func newPart() *voucherv1.Part       { return &voucherv1.Part{} }
func newPackage() *voucherv1.Package { return &voucherv1.Package{} }

// work is a block's worth of a small consortium's business, some of it refused, chosen by a seeded source.
func work(r *rig, rnd *rand.Rand, most int) [][]byte {
	r.tb.Helper()
	var out [][]byte
	for range rnd.IntN(most + 1) {
		who := suppliers[rnd.IntN(len(suppliers))]
		to := suppliers[rnd.IntN(len(suppliers))]
		switch rnd.IntN(8) {
		case 0:
			out = append(out, r.tx("bank", mint(who, 1+rnd.Int64N(100_000))))
		case 1:
			out = append(out, r.tx(who, pass(to, 1+rnd.Int64N(100_000))))
		case 2:
			out = append(out, r.tx("obligor", issue(who, 1+rnd.IntN(4), rnd.Uint64N(1<<30))))
		case 3:
			for _, p := range readAll(r, voucherv1.ListPending, who, newPackage) {
				out = append(out, r.tx(who, &voucherv1.AcceptPackage{Package: p.Id}))
			}
		case 4:
			out = append(out, movePart(r, rnd, who, to)...)
		default:
			out = append(out, answerOffers(r, rnd, who)...)
		}
	}
	return out
}

func movePart(r *rig, rnd *rand.Rand, who, to string) [][]byte {
	held := readAll(r, voucherv1.ListHeld, who, newPart)
	if len(held) == 0 {
		return nil
	}
	p := held[rnd.IntN(len(held))]
	if half := p.Units() / 2; half > 0 && rnd.IntN(3) == 0 {
		return [][]byte{r.tx(who, &voucherv1.Split{Part: p.Ref(), PiecesMinor: []int64{half, p.Units() - half}})}
	}
	return [][]byte{r.tx(who, &voucherv1.Transfer{Items: []*voucherv1.TransferItem{{
		Part: p.Ref(), To: account(to), AmountMinor: rnd.Int64N(p.Outstanding() + 1), OfferExpiresUnixS: r.at().Unix() + 2 + rnd.Int64N(20),
		Background: &voucherv1.Background{Contract: fingerprint(1 << 40)},
	}}})}
}

func answerOffers(r *rig, rnd *rand.Rand, who string) (out [][]byte) {
	for _, p := range readAll(r, voucherv1.ListIncoming, who, newPart) {
		switch rnd.IntN(3) {
		case 0:
			out = append(out, r.tx(who, &voucherv1.AcceptOffer{Part: p.Ref()}))
		case 1:
			out = append(out, r.tx(who, &voucherv1.RejectOffer{Part: p.Ref(), Reason: "not ordered"}))
		}
	}
	return out
}

// otherSignature signs a digest so that its bytes are not those of the cast's keys.
func p256(name string) key.Signer {
	secret := id.Hash("test p256 key", []byte(name))
	s, err := key.FromSecret(key.P256, secret[:])
	if err != nil {
		panic(err)
	}
	return s
}
