package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// settlementWait is how long a change of a settlement account waits after its second key.
var settlementWait = &kernel.Param{
	Name: membersv1.ParamSettlementWait, Default: membersv1.SettlementWaitS, Min: 3600, Max: 30 * 86_400,
	Source: "the consortium: two keys and 24 hours before money goes elsewhere",
}

// dueSettlement is the kind of the dated item that makes a change; its payload is the member, then the currency.
const dueSettlement = "members.settlement"

// twoKeys is how many signatures are two people's.
const twoKeys = 2

// setSettlementAccount asks for a change. An account of several keys, none of them new, brings both at once; another waits for a
// second account of its member.
func (m *Members) setSettlementAccount(c *kernel.Ctx, msg *membersv1.SetSettlementAccount) error {
	rec, err := mainCaller(c)
	if err != nil {
		return err
	}
	k := kernel.Join(id.Must(rec.Id), kernel.Text(msg.Currency))
	s, had := settlements.Get(c, k)
	switch {
	case s.GetPending() != nil:
		return membersv1.ErrChangeOpen.At("currency", "%s", msg.Currency)
	case msg.Account == nil && !had:
		return membersv1.ErrNoChange.At("currency", "%s", msg.Currency)
	case !had && rec.Settlements >= membersv1.MaxSettlements:
		return membersv1.ErrManySettled.With("%d are there", rec.Settlements)
	case !had:
		s = &membersv1.SettlementAccount{Member: rec.Id, Currency: msg.Currency}
		rec.Settlements++
		members.Update(c, k.A, rec)
	}
	s.Pending = &membersv1.SettlementChange{To: msg.Account, AskedBy: c.Caller().Bytes()}
	if a, _ := caller(c); a.Policy.Threshold >= twoKeys && aged(c, a) {
		if err := bookChange(c, k, s); err != nil {
			return err
		}
	}
	settlements.Save(c, k, s, true)
	tellSettlement(c, s, "asked")
	return nil
}

// confirmSettlementAccount is the second key. It names the change whole, so that nobody confirms what was put in its place.
func (m *Members) confirmSettlementAccount(c *kernel.Ctx, msg *membersv1.ConfirmSettlementAccount) error {
	a, _ := caller(c)
	k := kernel.Join(id.Must(a.Member), kernel.Text(msg.Currency))
	s, _ := settlements.Get(c, k)
	p := s.GetPending()
	switch {
	case p == nil || p.DueUnixS > 0:
		return membersv1.ErrNoChange.At("currency", "none in %s waits for its second key", msg.Currency)
	case id.Must(p.AskedBy) == c.Caller():
		return membersv1.ErrSecondKey
	case !p.To.Same(msg.Account):
		return membersv1.ErrOtherChange.At("account", "in %s", msg.Currency)
	case !aged(c, a):
		return membersv1.ErrNewKeys.With("account %x has a key of the last %d s", a.Id, c.Param(settlementWait))
	}
	p.ConfirmedBy = c.Caller().Bytes()
	if err := bookChange(c, k, s); err != nil {
		return err
	}
	settlements.Update(c, k, s)
	tellSettlement(c, s, "confirmed")
	return nil
}

// aged tells whether all keys that sign for an account have been its own for the whole wait: else who has stolen one key makes the
// second himself.
func aged(c *kernel.Ctx, a *membersv1.Account) bool {
	for _, k := range a.Policy.Keys {
		if k.Purpose == membersv1.KeyPurpose_KEY_PURPOSE_SIGN && k.SinceUnixS > c.Now()-c.Param(settlementWait) {
			return false
		}
	}
	return true
}

// bookChange begins the wait.
func bookChange(c *kernel.Ctx, k inCurrency, s *membersv1.SettlementAccount) error {
	standing, err := c.Standing(c.Caller())
	if err != nil {
		return err
	}
	p := s.Pending
	p.DueUnixS = c.Now() + c.Param(settlementWait)
	p.Item, err = c.Book(p.DueUnixS, standing.Lane, dueSettlement, k.Append(nil))
	return err
}

// cancelSettlementAccount ends a change before it has taken effect.
func (m *Members) cancelSettlementAccount(c *kernel.Ctx, msg *membersv1.CancelSettlementAccount) error {
	rec, err := mainCaller(c)
	if err != nil {
		return err
	}
	k := kernel.Join(id.Must(rec.Id), kernel.Text(msg.Currency))
	s, _ := settlements.Get(c, k)
	if s.GetPending() == nil {
		return membersv1.ErrNoChange.At("currency", "nothing in %s is under way", msg.Currency)
	}
	if s.Pending.DueUnixS > 0 {
		c.Unbook(s.Pending.Item)
	}
	s.Pending = nil
	keepSettlement(c, k, s)
	tellSettlement(c, s, "cancelled")
	return nil
}

// settled makes a change whose time has come.
func (m *Members) settled(c *kernel.Ctx, dueUnixS int64, payload []byte) error {
	k := kernel.Join(id.Must(payload[:id.Size]), kernel.Text(payload[id.Size:]))
	s, ok := settlements.Get(c, k)
	if !ok || s.Pending == nil {
		broken("a change of a settlement account of %s is due and not there", k.A)
	}
	s.Current, s.SinceUnixS, s.Pending = s.Pending.To, dueUnixS, nil
	keepSettlement(c, k, s)
	tellSettlement(c, s, "done")
	return nil
}

// keepSettlement writes a record that has no change under way, or removes it where nothing is left of it.
func keepSettlement(c *kernel.Ctx, k inCurrency, s *membersv1.SettlementAccount) {
	settlements.Save(c, k, s, s.Current != nil)
	if s.Current != nil {
		return
	}
	rec, ok := members.Get(c, k.A)
	if !ok || rec.Settlements == 0 {
		broken("a settlement account of member %s, who is not there or has none", k.A)
	}
	rec.Settlements--
	members.Update(c, k.A, rec)
}

// tellSettlement tells everybody, and puts it into the entries of the member's main account, which can end the change while it
// waits, and of the second key's.
func tellSettlement(c *kernel.Ctx, s *membersv1.SettlementAccount, what string) {
	parties := []id.ID{mainAccount(c, s.Member)}
	if second, ok := id.Of(s.Pending.GetConfirmedBy()); ok {
		parties = append(parties, second)
	}
	c.Emit(&membersv1.SettlementChanged{Member: s.Member, Currency: s.Currency, What: what, DueUnixS: s.Pending.GetDueUnixS()}, parties...)
}
