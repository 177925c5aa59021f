package sdk

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
)

// Bounds of a draft's file.
const (
	MaxDraftFile  = 4 << 20 // bytes
	maxDraftWords = 200
	maxDraftWord  = 4 << 10 // bytes
)

const (
	draftFormat = 1
	draftAbout  = "A transaction that is collecting signatures. See what it does with 'tally tx show', sign it with 'tally tx sign'."
	wordsAbout  = "Words of who built it. Nothing proves them; the body alone is signed."
)

// draftFile is the file's JSON, in this order, indented by two blanks, with nothing else. All but Body, Signatures and
// Words repeats, for people, what Body says: a file where they differ is refused.
type draftFile struct {
	About  string `json:"about"`
	Format int    `json:"format"`
	Chain  string `json:"chain"`
	// Transaction is its name: the hash of the body.
	Transaction string   `json:"transaction"`
	Sender      string   `json:"sender"`
	Expires     string   `json:"expires"` // RFC 3339, UTC, in block time
	Calls       []string `json:"calls"`   // their methods
	// Body is the encoded txv1.Body, base64: what is signed.
	Body       string           `json:"body"`
	Signatures []draftSignature `json:"signatures"`
	Words      []string         `json:"words"`
	WordsAbout string           `json:"words_about"`
}

type draftSignature struct {
	Key       string `json:"key"`       // kind:hex
	Signature string `json:"signature"` // hex
}

// File writes the draft as a file that says in clear text what it is. Words are its builder's, for whoever cannot read the
// chain, and are not proven by anything.
func (d *Draft) File(words []string) ([]byte, error) {
	for i, w := range words {
		if i >= maxDraftWords || len(w) > maxDraftWord {
			return nil, fmt.Errorf("%w: words: at most %d of %d bytes", ErrDraft, maxDraftWords, maxDraftWord)
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(d.file(words))
	return b.Bytes(), err
}

func (d *Draft) file(words []string) *draftFile {
	f := &draftFile{
		About: draftAbout, Format: draftFormat, Chain: d.body.ChainId, Transaction: d.ticket.Body.String(), Sender: d.ticket.Sender.String(),
		Expires: d.Expires().Format(time.RFC3339), Body: base64.StdEncoding.EncodeToString(d.tx.Body),
		Signatures: []draftSignature{}, Words: append([]string{}, words...), WordsAbout: wordsAbout,
	}
	for _, call := range d.body.Calls {
		f.Calls = append(f.Calls, call.Method)
	}
	for i, pub := range d.Signers() {
		f.Signatures = append(f.Signatures, draftSignature{Key: pub.String(), Signature: hex.EncodeToString(d.tx.Signatures[i].Signature)})
	}
	return f
}

// ReadDraftFile reads what File wrote, with no chain at hand, and its builder's words. A file that is not exactly what File
// writes, or whose signatures do not fit, is ErrDraft, which names the field.
func ReadDraftFile(r io.Reader) (*Draft, []string, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxDraftFile+1))
	if err != nil {
		return nil, nil, err
	}
	f := &draftFile{}
	if err := f.decode(b); err != nil {
		return nil, nil, err
	}
	d, err := f.draft()
	if err != nil {
		return nil, nil, err
	}
	if err := f.differs(d.file(f.Words)); err != nil {
		return nil, nil, err
	}
	if again, err := d.File(f.Words); err != nil || !bytes.Equal(again, b) {
		return nil, nil, errors.Join(fmt.Errorf("%w: its layout is not the one that it was written in: take the file as it was sent", ErrDraft), err)
	}
	return d, f.Words, nil
}

func (f *draftFile) decode(b []byte) error {
	if len(b) > MaxDraftFile {
		return fmt.Errorf("%w: the file has more than %d bytes", ErrDraft, MaxDraftFile)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(f); err != nil {
		return fmt.Errorf("%w: this is no file of a transaction: %w", ErrDraft, err)
	}
	if f.Format != draftFormat {
		return fmt.Errorf("%w: format: %d, this version reads %d: use a newer one", ErrDraft, f.Format, draftFormat)
	}
	return nil
}

// draft assembles the transaction, which ParseDraft judges.
func (f *draftFile) draft() (*Draft, error) {
	body, err := base64.StdEncoding.DecodeString(f.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: body: %w", ErrDraft, err)
	}
	tx := &txv1.Transaction{Body: body}
	if len(f.Signatures) > txv1.MaxSignatures {
		return nil, fmt.Errorf("%w: signatures: %d, at most %d are allowed", ErrDraft, len(f.Signatures), txv1.MaxSignatures)
	}
	for i, s := range f.Signatures {
		pub, err := key.ParseString(s.Key)
		sig, err2 := hex.DecodeString(s.Signature)
		if err := errors.Join(err, err2); err != nil {
			return nil, fmt.Errorf("%w: signatures[%d]: %w", ErrDraft, i, err)
		}
		tx.Signatures = append(tx.Signatures, &txv1.Signature{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Signature: sig})
	}
	raw, err := txv1.Encode(tx)
	if err != nil {
		return nil, err
	}
	return ParseDraft(raw)
}

// differs names the field in which a file does not say what its body says.
func (f *draftFile) differs(body *draftFile) error {
	for _, field := range []struct{ name, told, is string }{
		{"about", f.About, body.About},
		{"chain", f.Chain, body.Chain},
		{"transaction", f.Transaction, body.Transaction},
		{"sender", f.Sender, body.Sender},
		{"expires", f.Expires, body.Expires},
		{"words_about", f.WordsAbout, body.WordsAbout},
	} {
		if field.told != field.is {
			return fmt.Errorf("%w: %s: the file says %.80q, its body says %.80q", ErrDraft, field.name, field.told, field.is)
		}
	}
	if !slices.Equal(f.Calls, body.Calls) {
		return fmt.Errorf("%w: calls: the file says %.200q, its body says %.200q", ErrDraft, f.Calls, body.Calls)
	}
	return nil
}
