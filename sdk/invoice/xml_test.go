package invoice_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/splittally/splittally/sdk/invoice"
)

func TestParseRefusesDocuments(t *testing.T) {
	const root = `<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">`
	for _, c := range []struct {
		name, doc string
		class     error
		field     string
		says      string
	}{
		{"nothing", "", invoice.ErrMalformed, "document", "no element"},
		{"only a declaration", `<?xml version="1.0"?>`, invoice.ErrMalformed, "document", "no element"},
		{"no XML", "%PDF-1.7", invoice.ErrMalformed, "document", "outside of the root"},
		{"cut off", minimal[:len(minimal)/2], invoice.ErrMalformed, "document", "unexpected EOF"},
		{"crossed tags", root + "<a><b></a></b></Invoice>", invoice.ErrMalformed, "document", "closed by"},
		{"a document type", "<!DOCTYPE Invoice>" + minimal, invoice.ErrMalformed, "document", "DTD"},
		{"a bomb of entities", `<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>` + root + "&b;</Invoice>", invoice.ErrMalformed, "document", "DTD"},
		{"an external entity", root + "&xxe;</Invoice>", invoice.ErrMalformed, "document", "entity"},
		{"another encoding", strings.Replace(minimal, "UTF-8", "GB18030", 1), invoice.ErrMalformed, "document", "UTF-8"},
		{"bytes that are no UTF-8", strings.Replace(minimal, "Buyer", "\xc4\xe3", 1), invoice.ErrMalformed, "document", "UTF-8"},
		{"a control character", strings.Replace(minimal, "Buyer", "\x01", 1), invoice.ErrMalformed, "document", "illegal character"},
		{"two roots", minimal + root + "</Invoice>", invoice.ErrMalformed, "document", "a second document"},
		{"text after the root", minimal + "x", invoice.ErrMalformed, "document", "outside of the root"},
		{"another kind", `<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>`, invoice.ErrMalformed, "Order", "no UBL 2.1 Invoice"},
		{"an invoice of no namespace", "<Invoice/>", invoice.ErrMalformed, "Invoice", `namespace ""`},
		{"a cross-industry invoice", `<r:CrossIndustryInvoice xmlns:r="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>`, invoice.ErrMalformed, "CrossIndustryInvoice", "no UBL 2.1 Invoice"},
		{"a credit note", `<CreditNote xmlns="urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"/>`, invoice.ErrUnfit, "CreditNote", "credit note"},
		{"an empty invoice", root + "</Invoice>", invoice.ErrMalformed, "ID", "no number"},
	} {
		t.Run(c.name, func(t *testing.T) { refuses(t, c.doc, c.class, c.field, c.says) })
	}
}

func TestDepthIsBounded(t *testing.T) {
	nested := func(n int) string {
		return with(t, "</Invoice>", strings.Repeat("<x>", n)+strings.Repeat("</x>", n)+"</Invoice>")
	}
	parse(t, nested(invoice.MaxDepth-1)) // the root is one
	refuses(t, nested(invoice.MaxDepth), invoice.ErrMalformed, "Invoice", "64 deep")
}

func TestSizeIsBounded(t *testing.T) {
	padded := func(size int) string { return minimal + strings.Repeat(" ", size-len(minimal)) }
	parse(t, padded(invoice.MaxBytes))
	refuses(t, padded(invoice.MaxBytes+1), invoice.ErrMalformed, "document", "larger than 4194304 bytes")
}

// endless never stops; whoever reads it must.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "<a>"[(e.read+i)%3]
	}
	e.read += len(p)
	return len(p), nil
}

func TestEndlessInputIsLeft(t *testing.T) {
	for name, head := range map[string]string{
		"a comment": "<!--", "a text": minimal[:strings.Index(minimal, "2026-0017")] + "<![CDATA[", "a name": "<", "elements": "",
	} {
		e := &endless{}
		_, err := invoice.Parse(io.MultiReader(strings.NewReader(head), e))
		if !errors.Is(err, invoice.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
		if e.read > invoice.MaxBytes+4096 {
			t.Errorf("%s: %d bytes were read", name, e.read)
		}
	}
}

// What a refusal repeats of a document is bounded and printable.
func TestRefusalsAreShort(t *testing.T) {
	long := strings.Repeat("语", 100_000)
	for name, doc := range map[string]string{
		"root":     "<" + long + "/>",
		"crossed":  "<" + long + "></a>",
		"entity":   "<a>&" + long + ";</a>",
		"currency": with(t, currencyLine, "<cbc:DocumentCurrencyCode>\x7f\u202e</cbc:DocumentCurrencyCode>"),
		"element":  with(t, "2026-0017", "<"+long+"/>"),
		"type":     with(t, ">380<", ">"+long+"<"),
	} {
		_, err := invoice.Parse(strings.NewReader(doc))
		if err == nil || len(err.Error()) > 600 || !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\x7f\u202e") {
			t.Errorf("%s: %.700q", name, err)
		}
	}
}

// An error of the source is no fault of the document.
func TestReadErrorIsNoRefusal(t *testing.T) {
	disk := errors.New("the disk is gone")
	for _, at := range []int{0, 10, len(minimal) / 2, len(minimal)} {
		_, err := invoice.Parse(io.MultiReader(strings.NewReader(minimal[:at]), iotest.ErrReader(disk)))
		var r *invoice.Refusal
		if !errors.Is(err, disk) || errors.As(err, &r) {
			t.Errorf("after %d bytes: %v", at, err)
		}
	}
}

func TestReadsInSmallPieces(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"bytes":         iotest.OneByteReader(strings.NewReader("\ufeff" + minimal)),
		"halves":        iotest.HalfReader(strings.NewReader(minimal)),
		"data with EOF": iotest.DataErrReader(strings.NewReader(minimal)),
	} {
		got, err := invoice.Parse(r)
		if diff := cmp.Diff(minimalInvoice(t), got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}
