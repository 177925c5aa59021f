package wallet

import (
	"context"
	"strings"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// voucherWords has the words for what an account does with vouchers of its own.
func (s *Session) voucherWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *voucherv1.Issue:
		return s.issueWords(ctx, m)
	case *voucherv1.Transfer:
		return s.transferWords(ctx, m)
	case *voucherv1.Split:
		return s.splitWords(ctx, m)
	case *voucherv1.Merge:
		return s.mergeWords(ctx, m)
	case *voucherv1.Pay:
		return s.payWords(ctx, m)
	case *voucherv1.CancelPackage:
		return s.endWords(ctx, m.Package, "You cancel %s issued by %s to %s, before it is accepted: it ends.%s", m.Reason)
	case *voucherv1.WithdrawOffer:
		return s.offerWords(ctx, m.Part, "You take back your offer of %s of %s to %s. You hold it freely again.%s", "")
	case *voucherv1.SetLine:
		to, err := s.Party(ctx, m.Obligor)
		return s.say(err, "You set the line of %s to %s: it may have vouchers of that much outstanding, for which you stand.", to.Full(), Money(m.LimitMinor, m.Currency))
	case *voucherv1.CheckDocument:
		var shown []string
		for _, d := range m.Documents {
			shown = append(shown, Short(d))
		}
		return s.say(nil, "You declare that you have seen and checked %s: %s. Others rely on your word.", s.Lang.N(len(m.Documents), "%d document", "%d documents"), s.Lang.List(shown))
	case *voucherv1.SetStandingAcceptance:
		return s.standingWords(ctx, m)
	}
	return s.freezeWords(ctx, m)
}

func (s *Session) issueWords(ctx context.Context, m *voucherv1.Issue) ([]string, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, item := range m.Items {
		to, err := s.Party(ctx, item.Creditor)
		if err != nil {
			return nil, err
		}
		out = append(out, s.Lang.F("You issue a voucher: you owe %s %s, to be paid on %s, in %s. It rests on %s. It counts once they accept it; until then you can cancel it.",
			to.Full(), Money(item.AmountMinor, item.Currency), Day(item.DueDay), s.Lang.N(int(item.DueDay-s.Clock.Day(now)), "%d day", "%d days"), background(s.Lang, item.Background)))
	}
	return out, nil
}

func (s *Session) transferWords(ctx context.Context, m *voucherv1.Transfer) ([]string, error) {
	out := []string{}
	for _, item := range m.Items {
		words, err := s.itemWords(ctx, item)
		if err != nil {
			return nil, err
		}
		out = append(out, words)
	}
	return out, nil
}

func (s *Session) itemWords(ctx context.Context, item *voucherv1.TransferItem) (string, error) {
	h, err := s.holdingOf(ctx, item.Part)
	if err != nil {
		return "", err
	}
	of, err := s.owed(ctx, h.Package)
	if err != nil {
		return "", err
	}
	to, err := s.Party(ctx, item.To)
	if err != nil {
		return "", err
	}
	amount := item.AmountMinor
	if amount == 0 {
		amount = h.Part.Outstanding()
	}
	words := s.Lang.F("You pass %s of %s to %s, for %s.", Money(amount, h.Package.Currency), of, to.Full(), background(s.Lang, item.Background))
	if rest := h.Part.Outstanding() - amount; rest > 0 {
		words += s.Lang.F(" %s of it stay yours.", Money(rest, h.Package.Currency))
	}
	if who, err := s.Party(ctx, h.Package.Obligor); err == nil && sameMember(who, to) {
		words += s.Lang.F(" They owe it themselves: once they take it, that much of the debt is extinguished, without money.")
	}
	if item.OfferExpiresUnixS == 0 {
		words += s.Lang.F(" It goes at once under their standing acceptance, or not at all.")
	} else {
		words += s.Lang.F(" They must accept by %s; until then you can take the offer back.", s.Clock.Minute(s.Clock.Unix(item.OfferExpiresUnixS)))
	}
	if item.Recourse {
		words += s.Lang.F(" If it is not paid when due, they can turn to you for the money (recourse).")
	}
	return words, nil
}

func (s *Session) splitWords(ctx context.Context, m *voucherv1.Split) ([]string, error) {
	h, err := s.holdingOf(ctx, m.Part)
	if err != nil {
		return nil, err
	}
	of, err := s.owed(ctx, h.Package)
	var pieces []string
	for _, p := range m.PiecesMinor {
		pieces = append(pieces, Figure(p, h.Package.Currency))
	}
	return s.say(err, "You split your part %s of %s, %s, into %d pieces: %s. All stay yours.", Short(h.Part.Number), of,
		Money(h.Part.Outstanding(), h.Package.Currency), len(pieces), strings.Join(pieces, " + "))
}

func (s *Session) payWords(ctx context.Context, m *voucherv1.Pay) ([]string, error) {
	p, err := s.packageOf(ctx, m.Package)
	if err != nil {
		return nil, err
	}
	bank, err := s.MemberName(ctx, m.Bank)
	if err != nil {
		return nil, err
	}
	of, err := s.owed(ctx, p)
	words := s.Lang.F("You pay %s of %s from your deposits at %s, spread over all who hold parts of it.", Money(m.AmountMinor, p.Currency), of, bank)
	if rest := p.Outstanding() - m.AmountMinor; rest > 0 {
		words += s.Lang.F(" %s remain to be paid.", Money(rest, p.Currency))
	} else {
		words += s.Lang.F(" It is paid in full then.")
	}
	return []string{words}, err
}

func (s *Session) standingWords(ctx context.Context, m *voucherv1.SetStandingAcceptance) ([]string, error) {
	if m.MaxMinor == 0 {
		return s.say(nil, "You end your standing acceptance in %s: from now on you are asked for every part.", m.Currency)
	}
	checker, err := s.Party(ctx, m.Checker)
	until := s.Lang.F("until you end it")
	if m.UntilUnixS > 0 {
		until = s.Lang.F("until %s", s.Clock.Minute(s.Clock.Unix(m.UntilUnixS)))
	}
	return s.say(err, "From now on, %s, parts of up to %s come to you without your being asked, where %s has checked the documents behind them.",
		until, Money(m.MaxMinor, m.Currency), checker.Full())
}

// answerWords has the words for answers to what others issue and offer.
func (s *Session) answerWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *voucherv1.AcceptPackage:
		words, err := s.endWords(ctx, m.Package, "You accept %s from %s to %s: it is a debt to you from then on, and you can pass it on.%s", "")
		return s.withFlags(words, m.Flags), err
	case *voucherv1.RejectPackage:
		return s.endWords(ctx, m.Package, "You reject %s from %s to %s: it ends.%s", m.Reason)
	case *voucherv1.AcceptOffer:
		words, err := s.takeWords(ctx, m)
		return s.withFlags(words, m.Flags), err
	case *voucherv1.RejectOffer:
		return s.offerWords(ctx, m.Part, "You turn down %s of %s from %s. It stays theirs.%s", m.Reason)
	}
	return nil, nil
}

// takeWords say what becomes of a part that is taken: yours, or, where you owe it, nothing.
func (s *Session) takeWords(ctx context.Context, m *voucherv1.AcceptOffer) ([]string, error) {
	h, err := s.holdingOf(ctx, m.Part)
	if err != nil {
		return nil, err
	}
	who, err := s.Parties(ctx, h.Package.Obligor, h.Part.GetOffer().GetTo())
	if err != nil {
		return nil, err
	}
	if sameMember(who[0], who[1]) {
		return s.offerWords(ctx, m.Part, "You take back %s of %s from %s. You owe it yourself: that much of your debt is extinguished, without money.%s", "")
	}
	return s.offerWords(ctx, m.Part, "You take %s of %s from %s. It is yours then.%s", "")
}

// sameMember tells whether two parties are accounts of one member.
func sameMember(a, b Party) bool {
	return a.Member != nil && b.Member != nil && string(a.Member.Id) == string(b.Member.Id)
}

// endWords fills a sentence with a package and amount, its obligor, its creditor and a reason.
func (s *Session) endWords(ctx context.Context, pkg []byte, format, reason string) ([]string, error) {
	p, err := s.packageOf(ctx, pkg)
	if err != nil {
		return nil, err
	}
	parties, err := s.Parties(ctx, p.Obligor, p.Creditor)
	if err != nil {
		return nil, err
	}
	what := s.Lang.F("voucher %s over %s, due %s,", Short(p.Id), Money(p.AmountMinor, p.Currency), Day(p.DueDay))
	return s.say(nil, format, what, parties[0].Full(), parties[1].Full(), because(s.Lang, reason))
}

// offerWords fills a sentence with amount, voucher and the other side of an offer: its receiver for the holder, its
// holder for the receiver.
func (s *Session) offerWords(ctx context.Context, r *voucherv1.PartRef, format, reason string) ([]string, error) {
	h, err := s.holdingOf(ctx, r)
	if err != nil {
		return nil, err
	}
	of, err := s.owed(ctx, h.Package)
	if err != nil {
		return nil, err
	}
	holder := h.Part.Holder.ID()
	other := holder[:]
	if holder == s.Account() {
		other = h.Part.GetOffer().GetTo()
	}
	if _, ok := id.Of(other); !ok {
		return nil, voucherv1.ErrNotOffered.At("part", "%s", Short(h.Part.Number))
	}
	party, err := s.Party(ctx, other)
	return s.say(err, format, Money(h.Part.Outstanding(), h.Package.Currency), of, party.Full(), because(s.Lang, reason))
}

func (s *Session) withFlags(words []string, flags [][]byte) []string {
	for _, f := range flags {
		words = append(words, s.Lang.F("You go on although an invoice behind it looks like one that is known under another number (flag %s).", Short(f)))
	}
	return words
}
