package sdk_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// person is a key of nobody's on the chain, always the same.
func person(t testing.TB, n byte) key.Signer {
	t.Helper()
	s, err := key.FromSecret(key.Secp256k1, bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// body is one call of a known sender under a known id.
func body() *txv1.Body {
	call, err := txv1.CallOf(id.ID{}, &depositv1.Transfer{
		Bank: id.Hash("bank").Bytes(), To: id.Hash("to").Bytes(), AmountMinor: 12_345, Currency: "CNY", Reference: "order <17> & more",
	})
	if err != nil {
		panic(err)
	}
	return &txv1.Body{
		ChainId: "golden-1", Sender: id.Hash("sender").Bytes(), Id: bytes.Repeat([]byte{7}, txv1.IDSize), ExpiresUnixS: 1_800_000_000,
		Calls: []*txv1.Call{call},
	}
}

func encoded(t testing.TB, b *txv1.Body, signers ...key.Signer) []byte {
	t.Helper()
	raw, _, err := txv1.Sign(b, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func parsed(t testing.TB, raw []byte) *sdk.Draft {
	t.Helper()
	d, err := sdk.ParseDraft(raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The file has one form, for programs in other languages too.
func TestDraftFileGolden(t *testing.T) {
	const golden = "testdata/draft.golden.json"
	d := parsed(t, encoded(t, body(), person(t, 1), person(t, 2)))
	got, err := d.File([]string{"You pass 123.45 CNY on."})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v\n%s", err, got)
	}
	again, words, err := sdk.ReadDraftFile(bytes.NewReader(want))
	if err != nil || len(words) != 1 || again.Ticket().Body != d.Ticket().Body || len(again.Signers()) != 2 {
		t.Fatalf("%v, %v", words, err)
	}
	if again.Chain() != "golden-1" || again.Sender() != id.Hash("sender") || again.Expires().Unix() != 1_800_000_000 {
		t.Errorf("%s %s %s", again.Chain(), again.Sender(), again.Expires())
	}
}

// Every fault of the bytes is named, in the order of its being looked for.
func TestParseDraftRefuses(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		spoil      func(*txv1.Body)
	}{
		{"no chain", "chain: a name of 0 bytes", func(b *txv1.Body) { b.ChainId = "" }},
		{"long chain", "chain: a name of 51", func(b *txv1.Body) { b.ChainId = strings.Repeat("c", 51) }},
		{"sender", "sender: 31 bytes", func(b *txv1.Body) { b.Sender = b.Sender[:31] }},
		{"id", "id: 3 bytes", func(b *txv1.Body) { b.Id = b.Id[:3] }},
		{"lane", "lane: 1 bytes", func(b *txv1.Body) { b.Lane = []byte{1} }},
		{"no calls", "calls: 0", func(b *txv1.Body) { b.Calls = nil }},
		{"101 calls", "calls: 101", func(b *txv1.Body) {
			for len(b.Calls) < txv1.MaxCalls+1 {
				b.Calls = append(b.Calls, b.Calls[0])
			}
		}},
		{"attachments", "attachments", func(b *txv1.Body) { b.AttachmentsDigest = []byte{1} }},
		{"as", "as: 2 bytes", func(b *txv1.Body) { b.Calls[0].As = []byte{1, 2} }},
		{"method", "does not know \"deposit.Nothing\"", func(b *txv1.Body) { b.Calls[0].Method = "deposit.Nothing" }},
		{"no method", "does not know \"\"", func(b *txv1.Body) { b.Calls[0].Method = "" }},
		{"message", "deposit.Transfer", func(b *txv1.Body) { b.Calls[0].Message = []byte{0xff} }},
		{"hidden field", "not the one encoding", func(b *txv1.Body) { b.Calls[0].Message = append(b.Calls[0].Message, 0xf8, 0x07, 1) }},
		{"hidden in the body", "not the one encoding", func(b *txv1.Body) { b.ProtoReflect().SetUnknown([]byte{0xf8, 0x07, 1}) }},
	} {
		b := body()
		tc.spoil(b)
		if _, err := sdk.ParseDraft(encoded(t, b)); !errors.Is(err, sdk.ErrDraft) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	for name, raw := range map[string][]byte{
		"nothing": nil, "noise": []byte("noise"), "too large": make([]byte, txv1.MaxBytesLarge+1), "hidden behind it": append(encoded(t, body()), 0xf8, 0x07, 1),
	} {
		if _, err := sdk.ParseDraft(raw); !errors.Is(err, sdk.ErrDraft) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Signatures are judged by the bytes: another's, altered, twice, out of order, too many.
func TestDraftSignaturesAreVerified(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		spoil      func(*txv1.Transaction)
	}{
		{"altered", "does not fit", func(tx *txv1.Transaction) { tx.Signatures[0].Signature[5] ^= 1 }},
		{"short", "does not fit", func(tx *txv1.Transaction) { tx.Signatures[0].Signature = tx.Signatures[0].Signature[1:] }},
		{"of another body", "does not fit", func(tx *txv1.Transaction) {
			b := body()
			b.ExpiresUnixS++
			tx.Body = txv1Encode(b)
		}},
		{"no key", "signature number 0", func(tx *txv1.Transaction) { tx.Signatures[0].PublicKey[0] = 9 }},
		{"unknown kind", "signature number 1", func(tx *txv1.Transaction) { tx.Signatures[1].Kind = 99 }},
		{"twice", "twice, or out of order", func(tx *txv1.Transaction) { tx.Signatures[1] = tx.Signatures[0] }},
		{"out of order", "twice, or out of order", func(tx *txv1.Transaction) { tx.Signatures[1], tx.Signatures[0] = tx.Signatures[0], tx.Signatures[1] }},
		{"17", "17 signatures", func(tx *txv1.Transaction) {
			for len(tx.Signatures) < txv1.MaxSignatures+1 {
				tx.Signatures = append(tx.Signatures, tx.Signatures[0])
			}
		}},
	} {
		tx := &txv1.Transaction{}
		if err := proto.Unmarshal(encoded(t, body(), person(t, 1), person(t, 2)), tx); err != nil {
			t.Fatal(err)
		}
		tc.spoil(tx)
		if _, err := sdk.ParseDraft(txv1Encode(tx)); !errors.Is(err, sdk.ErrDraft) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func txv1Encode(m proto.Message) []byte {
	b, err := txv1.Encode(m)
	if err != nil {
		panic(err)
	}
	return b
}

// Combining is a union: in any order, any number of times, it gives the same bytes; another transaction adds nothing.
func TestCombineIsAUnion(t *testing.T) {
	var people []key.Signer
	for n := range txv1.MaxSignatures + 1 {
		people = append(people, person(t, byte(n+1)))
	}
	rapid.Check(t, func(rt *rapid.T) {
		var copies []*sdk.Draft
		signed := map[string]bool{}
		for range rapid.IntRange(1, 5).Draw(rt, "copies") {
			d := parsed(t, encoded(t, body()))
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, txv1.MaxSignatures-1), 0, 6).Draw(rt, "signers") {
				if err := d.Sign(people[n]); err != nil {
					rt.Fatal(err)
				}
				signed[people[n].Public().String()] = true
			}
			copies = append(copies, d)
		}
		first := parsed(t, encoded(t, body()))
		if err := errors.Join(first.Combine(copies...), first.Combine(copies...)); err != nil {
			rt.Fatal(err)
		}
		copies = rapid.Permutation(copies).Draw(rt, "order")
		second := copies[0]
		if err := second.Combine(copies[1:]...); err != nil {
			rt.Fatal(err)
		}
		a, err1 := first.Bytes()
		b, err2 := second.Bytes()
		if err := errors.Join(err1, err2, first.Verify()); err != nil || !bytes.Equal(a, b) || len(first.Signers()) != len(signed) {
			rt.Fatalf("%x\n%x, %d of %d, %v", a, b, len(first.Signers()), len(signed), err)
		}
	})
	d, other := parsed(t, encoded(t, body(), people[0])), body()
	other.ExpiresUnixS++
	if err := d.Combine(parsed(t, encoded(t, body(), people[1])), parsed(t, encoded(t, other, people[2]))); !errors.Is(err, sdk.ErrDraft) || len(d.Signers()) != 1 {
		t.Errorf("another transaction: %d signers, %v", len(d.Signers()), err)
	}
	if err := d.Combine(parsed(t, encoded(t, body(), people[:txv1.MaxSignatures]...))); err != nil {
		t.Error(err)
	}
	if err := d.Sign(people[txv1.MaxSignatures]); !errors.Is(err, sdk.ErrDraft) {
		t.Errorf("the 17th: %v", err)
	}
	d.Leave(people[0].Public(), people[3].Public())
	if len(d.Signers()) != txv1.MaxSignatures-2 || d.HasSigned(people[3].Public()) || !d.HasSigned(people[1].Public()) {
		t.Errorf("%d are left", len(d.Signers()))
	}
}

// No change of a file's bytes passes for the file: it is refused, with a reason.
func TestDraftFileMutated(t *testing.T) {
	whole, err := parsed(t, encoded(t, body(), person(t, 1))).File([]string{"words"})
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(whole, []byte(`"words"`)) // what is in the words is nobody's business
	rapid.Check(t, func(rt *rapid.T) {
		b := bytes.Clone(whole)
		n := rapid.IntRange(0, at-1).Draw(rt, "at")
		b[n] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if _, _, err := sdk.ReadDraftFile(bytes.NewReader(b)); !errors.Is(err, sdk.ErrDraft) {
			rt.Fatalf("byte %d is %q instead of %q: %v", n, b[n], whole[n], err)
		}
	})
	for name, b := range map[string][]byte{
		"cut": whole[:len(whole)-9], "longer": append(bytes.Clone(whole), ' '), "twice": append(bytes.Clone(whole), whole...),
		"lines of another system": bytes.ReplaceAll(whole, []byte("\n"), []byte("\r\n")), "huge": make([]byte, sdk.MaxDraftFile+1),
	} {
		if _, _, err := sdk.ReadDraftFile(bytes.NewReader(b)); !errors.Is(err, sdk.ErrDraft) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := parsed(t, encoded(t, body()))
	if _, err := d.File(make([]string, 201)); !errors.Is(err, sdk.ErrDraft) {
		t.Errorf("201 words: %v", err)
	}
}

// severalKeys gives an account of tier1 three keys, of which two must sign.
func severalKeys(t *testing.T, c *sdk.Client, threshold uint32, people ...key.Signer) {
	t.Helper()
	p := &membersv1.Policy{Threshold: threshold}
	for i, one := range people {
		p.Keys = append(p.Keys, &membersv1.Key{
			Kind: uint32(one.Public().Kind), PublicKey: one.Public().Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: string(rune('A' + i)),
		})
	}
	if _, err := c.Do(t.Context(), &membersv1.SetPolicy{Account: c.Account().Bytes(), Policy: p}); err != nil {
		t.Fatal(err)
	}
}

// Two of three keys sign: what is missing is proven, more than enough is taken, a stranger's signature is left out.
func TestSigningsOfSeveralKeys(t *testing.T) {
	s := newStage(t, nil)
	a, b, c, stranger := person(t, 11), person(t, 12), person(t, 13), person(t, 14)
	severalKeys(t, s.tier1, 2, a, b, c)
	conf := s.chain.Config(sdktest.Tier1)
	conf.Signer = a
	anna, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	defer anna.Close() //nolint:errcheck // a test's
	d, err := anna.Draft(t.Context(), 6*24*time.Hour, sdk.Call{Message: check("several")})
	if err != nil {
		t.Fatal(err)
	}
	counts := func(lacks, signed, missing, needless int) {
		t.Helper()
		all, strange, _, err := anna.Signings(t.Context(), d)
		if err != nil || len(all) != 1 || all[0].Lacks() != lacks || len(all[0].Signed) != signed || len(all[0].Missing) != missing || len(strange) != needless {
			t.Fatalf("%+v, needless %v, %v", all, strange, err)
		}
	}
	counts(2, 0, 3, 0)
	sign(t, d, c, stranger)
	counts(1, 1, 2, 1)
	if _, err := anna.Submit(t.Context(), d); !errors.Is(err, kernelv1.ErrMissingKey) {
		t.Errorf("one of two: %v", err)
	}
	sign(t, d, a, b, a)
	counts(0, 3, 0, 1)
	if _, err := anna.Submit(t.Context(), d); !errors.Is(err, kernelv1.ErrNeedless) {
		t.Errorf("with a stranger's: %v", err)
	}
	d.Leave(stranger.Public())
	o, err := waited(t.Context(), anna, d)
	if err != nil {
		t.Fatalf("three of two: %v", err)
	}
	// Somebody else reads it from its bytes, long after, and finds it.
	raw, err := d.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	late, err := anna.ReadDraft(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := anna.Settle(t.Context(), late.Ticket()); err != nil || found.Height != o.Height {
		t.Errorf("%+v, %v", found, err)
	}
	// Another member may not see whose keys they are.
	if all, _, _, err := s.obligor.Signings(t.Context(), d); err != nil || !all[0].Hidden {
		t.Errorf("%+v, %v", all, err)
	}
}

func sign(t *testing.T, d *sdk.Draft, signers ...key.Signer) {
	t.Helper()
	for _, s := range signers {
		if err := d.Sign(s); err != nil {
			t.Fatal(err)
		}
	}
}

func waited(ctx context.Context, c *sdk.Client, d *sdk.Draft) (sdk.Outcome, error) {
	p, err := c.Submit(ctx, d)
	if err != nil {
		return sdk.Outcome{}, err
	}
	return p.Wait(ctx)
}

func TestDraftForAnotherChain(t *testing.T) {
	s := newStage(t, nil)
	d := parsed(t, encoded(t, body(), person(t, 1)))
	if err := s.tier1.Adopt(t.Context(), d); !errors.Is(err, sdk.ErrDraft) || !strings.Contains(err.Error(), `"golden-1"`) {
		t.Errorf("%v", err)
	}
	if _, err := s.tier1.ReadDraft(t.Context(), encoded(t, body())); !errors.Is(err, sdk.ErrDraft) {
		t.Errorf("%v", err)
	}
}

// A confirmer that took another key keeps nobody from working; it is told, and the others stay.
func TestConfirmerRotatesItsKey(t *testing.T) {
	chain := sdktest.Start(t, 1)
	conf := chain.Config(sdktest.Tier1)
	conf.Dir = t.TempDir()
	for _, name := range []string{sdktest.Bank, sdktest.Regulator, sdktest.Factor} {
		conf.Confirmers = append(conf.Confirmers, sdk.Confirmer{Member: chain.Member(name), Key: chain.Signer(name).Public()})
	}
	severalKeys(t, chain.Dial(sdktest.Bank), 1, person(t, 21))
	c, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	if may, err := c.Confirmers(t.Context()); len(may) != 2 || !errors.Is(err, sdk.ErrNotFound) || !strings.Contains(err.Error(), chain.Member(sdktest.Bank).Short()) {
		t.Errorf("%d may confirm, %v", len(may), err)
	}
	if _, err := c.Do(t.Context(), check("works")); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	conf.Confirmers = conf.Confirmers[:1] // none is left
	if c, err = sdk.Dial(t.Context(), conf); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
