package wallet

import (
	"context"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
)

// freezeWords has the words for freezes.
func (s *Session) freezeWords(ctx context.Context, m proto.Message) ([]string, error) {
	switch m := m.(type) {
	case *voucherv1.Freeze:
		return s.layWords(ctx, m)
	case *voucherv1.Release:
		return s.releaseWords(ctx, m)
	}
	return nil, nil
}

func (s *Session) layWords(ctx context.Context, m *voucherv1.Freeze) ([]string, error) {
	p, err := s.packageOf(ctx, m.Package)
	if err != nil {
		return nil, err
	}
	of, err := s.owed(ctx, p)
	if err != nil {
		return nil, err
	}
	units, err := s.unitsOf(p, m.Extent)
	if err != nil {
		return nil, err
	}
	words := s.Lang.F("%s of %s are frozen until %s: whoever holds them, they are not passed on, split or merged, and money paid for them is blocked.%s",
		units, of, s.Clock.Minute(s.Clock.Unix(m.UntilUnixS)), because(s.Lang, m.Reason))
	if len(m.Case) > 0 {
		words += s.Lang.F(" Case: %s.", Short(m.Case))
	}
	return []string{words}, nil
}

// unitsOf names an extent of a package.
func (s *Session) unitsOf(p *voucherv1.Package, extent []byte) (string, error) {
	lo, hi, ok := voucherv1.ReadRange(extent)
	if !ok || hi > p.AmountMinor {
		return "", voucherv1.ErrExtent.At("extent", "%x of %d units", extent, p.AmountMinor)
	}
	if lo == 1 && hi == p.AmountMinor {
		return s.Lang.F("All %s", Money(p.AmountMinor, p.Currency)), nil
	}
	return s.Lang.F("The units %d to %d (%s)", lo, hi, Money(hi-lo+1, p.Currency)), nil
}

func (s *Session) releaseWords(ctx context.Context, m *voucherv1.Release) ([]string, error) {
	p, err := s.packageOf(ctx, m.Package)
	if err != nil {
		return nil, err
	}
	of, err := s.owed(ctx, p)
	if err != nil {
		return nil, err
	}
	freeze, ok := id.Of(m.Freeze)
	f := &voucherv1.StandingFreeze{}
	if ok {
		_, ok, err = s.Client.Get(ctx, voucherv1.FreezeKey(id.Must(p.Id), freeze), f)
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, voucherv1.ErrNoFreeze.At("freeze", "%s", Short(m.Freeze))
	}
	units, err := s.unitsOf(p, f.Extent)
	return s.say(err, "%s of %s are released from freeze %s: where no other freeze stands, they go again, and blocked money goes to its holders.", units, of, Short(f.Id))
}

func (s *Session) mergeWords(ctx context.Context, m *voucherv1.Merge) ([]string, error) {
	var sum int64
	var of, currency string
	for i, ref := range m.Parts {
		h, err := s.holdingOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if of, err = s.owed(ctx, h.Package); err != nil {
				return nil, err
			}
			currency = h.Package.Currency
		}
		sum += h.Part.Outstanding()
	}
	return s.say(nil, "You make one part of %d neighbours of %s, %s in all. It stays yours.", len(m.Parts), of, Money(sum, currency))
}

// FindFreeze finds a freeze that the account laid by its id, or the beginning of it.
func (s *Session) FindFreeze(ctx context.Context, short string) (*voucherv1.StandingFreeze, error) {
	list, err := s.Client.Laid(ctx)
	if err != nil {
		return nil, err
	}
	return pick("freeze", short, list.Records, func(f *voucherv1.StandingFreeze) []byte { return f.Id })
}
