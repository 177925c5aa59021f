package wallet

import (
	"context"

	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/proto"
)

// Preview says in plain words what messages would do if the wallet's account signed them: one or more sentences for each.
// Amounts, parties and dates are read from the chain by proof, not taken from whoever made the message. A message that
// this version has no words for is an error: do not sign what you cannot read.
func (s *Session) Preview(ctx context.Context, messages ...proto.Message) ([]string, error) {
	var out []string
	for _, m := range messages {
		if v, ok := m.(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return nil, err
			}
		}
		words, err := s.words(ctx, m)
		if err != nil {
			return nil, err
		}
		out = append(out, words...)
	}
	return out, nil
}

// words tries each module's vocabulary.
func (s *Session) words(ctx context.Context, m proto.Message) ([]string, error) {
	for _, vocabulary := range []func(context.Context, proto.Message) ([]string, error){
		s.voucherWords, s.answerWords, s.depositWords, s.membersWords, s.governanceWords,
	} {
		if words, err := vocabulary(ctx, m); err != nil || words != nil {
			return words, err
		}
	}
	return nil, lang.Errorf("%w: %s", ErrNoWords, txv1.MethodOf(m))
}

// say makes the one sentence of most messages.
func (s *Session) say(err error, format string, args ...any) ([]string, error) {
	if err != nil {
		return nil, err
	}
	return []string{s.Lang.F(format, args...)}, nil
}

// packageOf reads a package by proof.
func (s *Session) packageOf(ctx context.Context, b []byte) (*voucherv1.Package, error) {
	pkg, ok := id.Of(b)
	if !ok {
		return nil, input("voucher", lang.T("an id of %d bytes", len(b)), lang.T("Name a voucher."))
	}
	p := &voucherv1.Package{}
	_, found, err := s.Client.Get(ctx, voucherv1.PackageKey(pkg), p)
	if err == nil && !found {
		err = noMatch("there is no voucher %s", pkg.Short())
	}
	return p, err
}

// holdingOf reads a part and its package by proof, and refuses a reference that is out of date.
func (s *Session) holdingOf(ctx context.Context, r *voucherv1.PartRef) (sdk.Holding, error) {
	pkg, ok1 := id.Of(r.GetPackage())
	number, ok2 := id.Of(r.GetNumber())
	h := sdk.Holding{Part: &voucherv1.Part{}, Package: &voucherv1.Package{}}
	if !ok1 || !ok2 {
		return h, input("part", lang.T("its ids have not 32 bytes"), lang.T("Name a part."))
	}
	_, raws, err := s.Client.GetAll(ctx, voucherv1.PartKey(pkg, number), voucherv1.PackageKey(pkg))
	if err != nil {
		return h, err
	}
	if raws[0] == nil || raws[1] == nil {
		return h, noMatch("there is no part %s of voucher %s", number.Short(), pkg.Short())
	}
	if err := kernelv1.Unframe(raws[0], h.Part); err != nil {
		return h, err
	}
	if err := kernelv1.Unframe(raws[1], h.Package); err != nil {
		return h, err
	}
	if string(h.Part.Head) != string(r.Head) {
		return h, voucherv1.ErrStaleHead.At("part", "%s", number.Short())
	}
	return h, nil
}

// owed names a voucher as sentences do: "voucher 3fa2c1b0 (owed by Hanhai Automotive, due 2026-05-31)".
func (s *Session) owed(ctx context.Context, p *voucherv1.Package) (string, error) {
	obligor, err := s.Party(ctx, p.Obligor)
	return s.Lang.F("voucher %s (owed by %s, due %s)", Short(p.Id), obligor, Day(p.DueDay)), err
}

func (s *Session) depositWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *depositv1.Mint:
		to, err := s.Party(ctx, m.To)
		return s.say(err, "You record that your bank owes %s %s more.%s", to.Full(), Money(m.AmountMinor, m.Currency), reference(s.Lang, m.Reference))
	case *depositv1.Redeem:
		bank, err := s.MemberName(ctx, m.Bank)
		return s.say(err, "You give a claim of %s back to %s, which pays it out to you.%s", Money(m.AmountMinor, m.Currency), bank, reference(s.Lang, m.Reference))
	case *depositv1.Transfer:
		bank, err := s.MemberName(ctx, m.Bank)
		if err != nil {
			return nil, err
		}
		to, err := s.Party(ctx, m.To)
		return s.say(err, "You pass %s, deposited at %s, on to %s. It cannot be taken back.%s", Money(m.AmountMinor, m.Currency), bank, to.Full(), reference(s.Lang, m.Reference))
	}
	return nil, nil
}

func reference(l lang.Lang, text string) string {
	if text == "" {
		return ""
	}
	return l.F(" Reference: %q.", text)
}
