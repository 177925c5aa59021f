package invoice

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	resend   = "Ask the sender for a correct UBL 2.1 file."
	noCredit = "Give the invoice that the buyer is to pay; a credit lowers what an invoice is worth and carries no voucher."
)

// bounded hands on at most MaxBytes and remembers why it stopped, so that a failing disk is not called a bad file.
type bounded struct {
	r    io.Reader
	left int
	err  error
}

var errTooLarge = errors.New("too large")

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p[:min(len(p), b.left+1)])
	if n > b.left {
		n, err = b.left, errTooLarge
	}
	b.left -= n
	b.err = err
	return n, err
}

// tree is the document while it is read: the open elements, nil for those passed over.
type tree struct {
	root *element
	open []*element
}

// readTree reads a document, keeping what invoiceShape names. Memory and time grow with the document's bytes only.
func readTree(r io.Reader) (*element, error) {
	src := &bounded{r: r, left: MaxBytes}
	dec := xml.NewDecoder(skipMark(src))
	t := &tree{}
	for { // ends: every turn takes bytes of a bounded reader
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && errors.Is(src.err, io.EOF) {
			return t.whole()
		}
		if err != nil {
			return nil, explain(err, src.err)
		}
		if err := t.take(tok); err != nil {
			return nil, err
		}
	}
}

// skipMark passes over the byte order mark that some editors write.
func skipMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(len(mark))
	}
	return b
}

func explain(err, source error) error {
	if errors.Is(source, errTooLarge) {
		return malformed("document", "Take embedded attachments out of the file.", "it is larger than %d bytes", MaxBytes)
	}
	if source != nil && !errors.Is(source, io.EOF) {
		return fmt.Errorf("the invoice could not be read: %w", source)
	}
	return malformed("document", "Ask the sender for well-formed XML in UTF-8.", "%s", shorten(err.Error()))
}

func (t *tree) whole() (*element, error) {
	if t.root == nil {
		return nil, malformed("document", resend, "it holds no element")
	}
	return t.root, nil
}

func (t *tree) take(tok xml.Token) error {
	switch tok := tok.(type) {
	case xml.Directive:
		return malformed("document", "Ask the sender for a file without a document type.", "it carries a DTD, which could define entities")
	case xml.StartElement:
		return t.start(tok)
	case xml.EndElement:
		return t.end()
	case xml.CharData:
		return t.characters(tok)
	}
	return nil // comments and processing instructions say nothing
}

func (t *tree) start(s xml.StartElement) error {
	if len(t.open) == MaxDepth {
		return malformed(t.path(), resend, "elements lie more than %d deep", MaxDepth)
	}
	if len(t.open) == 0 {
		return t.startRoot(s)
	}
	parent := t.open[len(t.open)-1]
	e, err := t.within(parent, s)
	if err != nil {
		return err
	}
	t.open = append(t.open, e)
	return nil
}

func (t *tree) startRoot(s xml.StartElement) error {
	switch {
	case t.root != nil:
		return malformed("document", resend, "a second document %s follows the first", quote(s.Name.Local))
	case s.Name == xml.Name{Space: nsCreditNote, Local: "CreditNote"}:
		return unfit("CreditNote", noCredit, "the document is a credit note")
	case s.Name != invoiceShape.name:
		return malformed(shorten(s.Name.Local), "Export the invoice as UBL 2.1 Invoice.",
			"the root is %s in namespace %s, no UBL 2.1 Invoice", quote(s.Name.Local), quote(s.Name.Space))
	}
	t.root = &element{shape: invoiceShape}
	t.open = append(t.open, t.root)
	return nil
}

// within opens an element below a parent; nil, nil where it is one to pass over.
func (t *tree) within(parent *element, s xml.StartElement) (*element, error) {
	if parent == nil {
		return nil, nil
	}
	if parent.shape.text > 0 {
		return nil, malformed(t.path(), resend, "it holds the element %s where a text belongs", quote(s.Name.Local))
	}
	sh := parent.shape.kid(s.Name)
	if sh == nil {
		return nil, nil
	}
	if parent.count(sh) == sh.times {
		return nil, malformed(t.path(sh.name.Local), resend, "it stands more than %d times", sh.times)
	}
	e := &element{shape: sh}
	parent.kids = append(parent.kids, e)
	return e, t.attribute(e, s.Attr)
}

// attribute keeps the one attribute that counts; encoding/xml lets it stand twice, other readers may take the other.
func (t *tree) attribute(e *element, attrs []xml.Attr) error {
	seen := 0
	for _, a := range attrs {
		if e.shape.attr != "" && a.Name.Local == e.shape.attr && a.Name.Space == "" {
			seen, e.attr = seen+1, collapse(a.Value)
		}
	}
	field := t.path(e.shape.name.Local) + "/@" + e.shape.attr
	if seen > 1 {
		return malformed(field, resend, "it stands more than once")
	}
	if len(e.attr) > maxCode {
		return malformed(field, resend, "it is longer than %d bytes", maxCode)
	}
	return nil
}

func (t *tree) characters(text xml.CharData) error {
	if len(t.open) == 0 {
		if len(bytes.TrimSpace(text)) > 0 {
			return malformed("document", resend, "text stands outside of the root element")
		}
		return nil
	}
	if e := t.open[len(t.open)-1]; e != nil && e.shape.text > 0 {
		e.text = append(e.text, text...)
	}
	return nil
}

func (t *tree) end() error {
	e := t.open[len(t.open)-1]
	field := ""
	if e != nil {
		field = t.path()
	}
	t.open = t.open[:len(t.open)-1]
	if e == nil || e.shape.text == 0 {
		return nil
	}
	if e.value = collapse(string(e.text)); e.shape.name.Local == "Note" {
		e.value = strings.TrimSpace(string(e.text)) // a note keeps its lines
	}
	e.text = nil
	if len(e.value) > e.shape.text {
		return malformed(field, resend, "it is longer than %d bytes", e.shape.text)
	}
	return nil
}

// path names the open elements below the root, and more below them.
func (t *tree) path(more ...string) string {
	var names []string
	for _, e := range t.open {
		if e != nil && e != t.root {
			names = append(names, e.shape.name.Local)
		}
	}
	if names = append(names, more...); len(names) == 0 {
		return invoiceShape.name.Local
	}
	return strings.Join(names, "/")
}

// collapse makes every run of white space one space and trims the ends, as XML Schema does for a token.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }
