package formtest

import (
	"bytes"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
)

type partKey = kernel.Pair[id.ID, id.ID]

var (
	oneTimes = kernel.NewMap[id.ID]("sealed.one_times", prefixOneTime, func(*OneTime) kernel.Audience { return kernel.Public })
	parts    = kernel.NewMap[partKey]("sealed.parts", prefixPart, partReaders,
		kernel.ListOf(listHeld, func(p *Part) []id.ID { return only(!p.offered(), p.Holder) }),
		kernel.ListOf(listOffered, func(p *Part) []id.ID { return only(p.offered(), p.Holder) }),
		kernel.ListOf(listIncoming, func(p *Part) []id.ID { return only(p.offered(), p.OfferTo) }))
	places = kernel.NewMap[partKey]("sealed.places", prefixPlace, func(*Place) kernel.Audience { return kernel.Audience{} })
)

func only(is bool, account []byte) []id.ID {
	if !is {
		return nil
	}
	return []id.ID{id.Must(account)}
}

func partReaders(p *Part) kernel.Audience {
	return kernel.Audience{Parties: append(only(true, p.Holder), only(p.offered(), p.OfferTo)...)}
}

// The dated items.
const (
	kindLapse = "sealed.lapse"
	kindThaw  = "sealed.thaw"
)

// Sealed is the module. It stands before the members as the registry, because it knows accounts that they do not.
type Sealed struct{ members *members.Members }

// Standing of a one-time account is that of nobody who is active: other modules give it nothing, and it may call
// what this module lets such accounts call.
func (s *Sealed) Standing(c *kernel.Ctx, account id.ID) (kernel.Standing, bool) {
	if known, ok := s.members.Standing(c, account); ok {
		return known, true
	}
	a, ok := oneTimes.Get(c, account)
	if !ok {
		return kernel.Standing{}, false
	}
	return kernel.Standing{
		Account: account, Member: account, Lane: id.Must(a.Lane), Methods: []string{"sealed.Offer", "sealed.Accept"},
		Keys: []key.Public{{Kind: key.Kind(a.Kind), Bytes: a.PublicKey}}, Threshold: 1,
	}, true
}

// Charge is the members': one-time accounts give nothing that can be counted.
func (s *Sealed) Charge(c *kernel.Ctx, account id.ID, given []money.Amount) error {
	return s.members.Charge(c, account, given)
}

// Module is the table of contents.
func (s *Sealed) Module() *kernel.Module {
	oneTime := kernel.Need{Invited: true}
	return &kernel.Module{
		Name:        "sealed",
		Collections: []*kernel.Collection{oneTimes.Declared(), parts.Declared(), places.Declared()},
		Routes: []kernel.Route{
			kernel.On("sealed.Open", kernel.Need{Roles: membersv1.Trading}, kernel.GivesNothing[*Open], s.open),
			kernel.On("sealed.Issue", kernel.Need{Roles: membersv1.RoleCoreEnterprise}, s.givesSealed, s.issue),
			kernel.On("sealed.Offer", oneTime, kernel.GivesNothing[*Offer], s.offer),
			kernel.On("sealed.Accept", oneTime, kernel.GivesNothing[*Accept], s.accept),
			kernel.On("sealed.Freeze", kernel.Need{Roles: membersv1.RoleAuthority}, kernel.GivesNothing[*Freeze], s.freeze),
		},
		Due:        map[string]func(*kernel.Ctx, int64, []byte) error{kindLapse: s.lapse, kindThaw: s.thaw},
		Invariants: []kernel.Invariant{{Name: "totals", Check: checkTotals}, {Name: "places", Check: checkPlaces}},
	}
}

// givesSealed refuses accounts whose limits would have to be charged with an amount that nobody sees.
func (s *Sealed) givesSealed(c *kernel.Ctx, _ *Issue) ([]money.Amount, error) {
	if a, ok := s.members.Account(c, c.Caller()); ok && len(a.Policy.GetLimits()) > 0 {
		return nil, errNotVisible
	}
	return nil, nil
}

func (s *Sealed) open(c *kernel.Ctx, m *Open) error {
	account := oneTimeOf(key.Public{Kind: key.Kind(m.Kind), Bytes: m.PublicKey})
	if oneTimes.Has(c, account) {
		return errOpened
	}
	payer, err := c.Standing(c.Caller())
	if err != nil {
		return err
	}
	oneTimes.Insert(c, account, &OneTime{Kind: m.Kind, PublicKey: m.PublicKey, Lane: payer.Lane.Bytes()})
	c.Emit(&Opened{Account: account.Bytes()})
	return nil
}

func (s *Sealed) issue(c *kernel.Ctx, m *Issue) error {
	holder := id.Must(m.Holder)
	if !oneTimes.Has(c, holder) {
		return errNoAccount
	}
	p := &Part{Package: c.NewID().Bytes(), Number: c.NewID().Bytes(), Extent: m.Extent, Holder: m.Holder}
	endorse(c, p, &Endorsement{From: c.Caller().Bytes(), To: m.Holder, Contract: m.Contract})
	parts.Insert(c, p.key(), p)
	places.Insert(c, kernel.Join(id.Must(p.Package), id.Must(p.Extent)), &Place{Number: p.Number})
	c.Emit(&Issued{
		Package: p.Package, Number: p.Number, Obligor: c.Caller().Bytes(), Holder: p.Holder, Extent: p.Extent,
	}, c.Caller(), holder)
	return tally(c, p, 1)
}

func (s *Sealed) offer(c *kernel.Ctx, m *Offer) error {
	p, err := partAt(c, m.Part)
	switch {
	case err != nil:
		return err
	case !bytes.Equal(p.Holder, c.Caller().Bytes()):
		return errNotHolder
	case p.offered():
		return errOnOffer
	case len(p.Order) > 0:
		return errFrozen
	case !oneTimes.Has(c, id.Must(m.To)):
		return errNoAccount
	case m.ExpiresUnixS <= c.Now():
		return errLapsed
	}
	payer, err := c.Standing(c.Caller())
	if err != nil {
		return err
	}
	lapse, err := c.Book(m.ExpiresUnixS, payer.Lane, kindLapse, p.key().Append(nil))
	if err != nil {
		return err
	}
	if err := tally(c, p, -1); err != nil {
		return err
	}
	p.OfferTo, p.OfferExpiresUnixS, p.Lapse = m.To, m.ExpiresUnixS, lapse
	parts.Update(c, p.key(), p)
	c.Emit(&Offered{Number: p.Number, To: m.To, ExpiresUnixS: m.ExpiresUnixS}, c.Caller(), id.Must(m.To))
	return tally(c, p, 1)
}

func (s *Sealed) accept(c *kernel.Ctx, m *Accept) error {
	p, err := partAt(c, m.Part)
	switch {
	case err != nil:
		return err
	case !p.offered():
		return errNotOffered
	case !bytes.Equal(p.OfferTo, c.Caller().Bytes()):
		return errNotReceiver
	case c.Now() >= p.OfferExpiresUnixS:
		return errLapsed
	case len(p.Order) > 0:
		return errFrozen
	}
	if err := tally(c, p, -1); err != nil {
		return err
	}
	c.Unbook(p.Lapse)
	from := id.Must(p.Holder)
	p.Holder, p.OfferTo, p.OfferExpiresUnixS, p.Lapse = p.OfferTo, nil, 0, nil
	endorse(c, p, &Endorsement{From: from.Bytes(), To: p.Holder})
	parts.Update(c, p.key(), p)
	c.Emit(&Passed{Number: p.Number, From: from.Bytes(), To: p.Holder, Head: p.Head}, from, c.Caller())
	return tally(c, p, 1)
}

func (s *Sealed) freeze(c *kernel.Ctx, m *Freeze) error {
	place, ok := places.Get(c, kernel.Join(id.Must(m.Package), id.Must(m.Extent)))
	if !ok {
		return errNoPart
	}
	p, err := partIn(c, m.Package, place.Number)
	if err != nil {
		return err
	}
	if len(p.Order) > 0 {
		return errFrozen
	}
	p.Order = m.Order
	parts.Update(c, p.key(), p)
	c.Emit(&Frozen{Number: p.Number, Order: m.Order}, id.Must(p.Holder))
	_, err = c.Book(m.UntilUnixS, kernel.LawLane, kindThaw, p.key().Append(nil))
	return err
}

func (s *Sealed) lapse(c *kernel.Ctx, _ int64, payload []byte) error {
	p, err := partIn(c, payload[:id.Size], payload[id.Size:])
	if err != nil {
		return err
	}
	if err := tally(c, p, -1); err != nil {
		return err
	}
	to := id.Must(p.OfferTo)
	p.OfferTo, p.OfferExpiresUnixS, p.Lapse = nil, 0, nil
	parts.Update(c, p.key(), p)
	c.Emit(&OfferEnded{Number: p.Number}, id.Must(p.Holder), to)
	return tally(c, p, 1)
}

func (s *Sealed) thaw(c *kernel.Ctx, _ int64, payload []byte) error {
	p, err := partIn(c, payload[:id.Size], payload[id.Size:])
	if err != nil {
		return err
	}
	p.Order = nil
	parts.Update(c, p.key(), p)
	c.Emit(&Thawed{Number: p.Number}, id.Must(p.Holder))
	return nil
}

// partAt loads the part that a holder's call names as its caller last saw it.
func partAt(c *kernel.Ctx, ref *voucherv1.PartRef) (*Part, error) {
	p, err := partIn(c, ref.Package, ref.Number)
	if err == nil && !bytes.Equal(p.Head, ref.Head) {
		return nil, errStaleHead
	}
	return p, err
}

func partIn(c *kernel.Ctx, pkg, number []byte) (*Part, error) {
	p, ok := parts.Get(c, kernel.Join(id.Must(pkg), id.Must(number)))
	if !ok {
		return nil, errNoPart
	}
	return p, nil
}

// endorse appends to the trail as vouchers do: a head is the hash of the head before it and of an entry's hash.
func endorse(c *kernel.Ctx, p *Part, e *Endorsement) {
	e.Number, e.Extent, e.Height = p.Number, p.Extent, c.Height()
	b, err := txv1.Encode(e)
	if err != nil {
		panic(kernel.Fatal{Err: err})
	}
	prev, _ := id.Of(p.Head)
	link, endorsed := voucherv1.Preimages(prev, b)
	c.Keep(link)
	c.Keep(endorsed)
	p.Head = kernelv1.KeptHash(link).Bytes()
}

// tally counts a part: no currency, no sum.
func tally(c *kernel.Ctx, p *Part, count int64) error {
	if !p.offered() {
		return c.Tally(id.Must(p.Holder), classHeld, "", count, 0)
	}
	if err := c.Tally(id.Must(p.Holder), classOffered, "", count, 0); err != nil {
		return err
	}
	return c.Tally(id.Must(p.OfferTo), classIncoming, "", count, 0)
}

type line struct {
	account id.ID
	class   uint32
}

// checkTotals: every account's counts are those of its parts, and there is no sum.
func checkTotals(c *kernel.Ctx, violated func(string, ...any)) {
	want, order := map[line]uint64{}, []line{}
	count := func(account []byte, class uint32) {
		l := line{id.Must(account), class}
		if want[l]++; want[l] == 1 {
			order = append(order, l)
		}
	}
	parts.Each(c, nil, func(_ []byte, p *Part) bool {
		if p.offered() {
			count(p.Holder, classOffered)
			count(p.OfferTo, classIncoming)
		} else {
			count(p.Holder, classHeld)
		}
		return true
	})
	var have uint64
	c.EachTotals(func(account id.ID, t *kernelv1.Totals) bool {
		for _, l := range t.Lines {
			if l.Class/100 != classHeld/100 {
				continue
			}
			if have++; want[line{account, l.Class}] != l.Count || l.AmountMinor != 0 || l.Currency != "" {
				violated("account %s class %d: %d with %d, its parts are %d", account, l.Class, l.Count, l.AmountMinor, want[line{account, l.Class}])
			}
		}
		return true
	})
	if have != uint64(len(order)) {
		violated("%d lines of totals, the parts have %d", have, len(order))
	}
}

// checkPlaces: the directory and the parts name each other.
func checkPlaces(c *kernel.Ctx, violated func(string, ...any)) {
	parts.Each(c, nil, func(_ []byte, p *Part) bool {
		if place, ok := places.Get(c, kernel.Join(id.Must(p.Package), id.Must(p.Extent))); !ok || !bytes.Equal(place.Number, p.Number) {
			violated("part %x is not where its extent says", p.Number)
		}
		return true
	})
}
