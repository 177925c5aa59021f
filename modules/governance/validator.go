package governance

import (
	"bytes"
	"slices"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// setValidator gives a key power, changes it, or with power 0 takes the key out of the set.
func (g *Governance) setValidator(c *kernel.Ctx, msg *governancev1.SetValidator) error {
	set := g.Validators(c)
	at, found := slices.BinarySearchFunc(set.Validators, msg.PublicKey, func(v *governancev1.Validator, k []byte) int {
		return bytes.Compare(v.PublicKey, k)
	})
	var before int64
	if found {
		before = set.Validators[at].Power
	}
	if err := g.mayOwn(c, set, at, found, msg); err != nil {
		return err
	}
	if err := mayHold(c, set, found, msg); err != nil {
		return err
	}
	if err := countChange(c, set, msg.Power-before); err != nil {
		return err
	}
	if found {
		set.Validators = slices.Delete(set.Validators, at, at+1)
	}
	if msg.Power > 0 {
		set.Validators = slices.Insert(set.Validators, at, &governancev1.Validator{PublicKey: msg.PublicKey, Power: msg.Power, Member: msg.Member})
	}
	validators.Save(c, kernel.None{}, set, true)
	note(c, msg.PublicKey, before, msg.Power)
	c.Emit(&governancev1.ValidatorChanged{PublicKey: msg.PublicKey, Power: msg.Power, Member: msg.Member})
	return nil
}

// mayOwn judges whose the key is: an active member's, and the same one's as long as the key is in the set.
func (g *Governance) mayOwn(c *kernel.Ctx, set *governancev1.ValidatorSet, at int, found bool, msg *governancev1.SetValidator) error {
	member := id.Must(msg.Member)
	rec, ok := g.members.Member(c, member)
	switch {
	case !ok:
		return governancev1.ErrNoMember.At("member", "%s is not there", member)
	case found && id.Must(set.Validators[at].Member) != member:
		return governancev1.ErrNoMember.At("member", "the key is that of %x", set.Validators[at].Member)
	case msg.Power > 0 && rec.State != membersv1.MemberState_MEMBER_STATE_ACTIVE:
		return governancev1.ErrNoMember.At("member", "%s is %s", member, rec.State)
	}
	return nil
}

// allThere judges that no validator is of a member that has left: who leaves takes its validators along.
func (g *Governance) allThere(c *kernel.Ctx) error {
	for _, v := range g.Validators(c).Validators {
		if !g.there(c, v) {
			return governancev1.ErrValidatorStays.With("%x of %x", v.PublicKey, v.Member)
		}
	}
	return nil
}

func (g *Governance) there(c *kernel.Ctx, v *governancev1.Validator) bool {
	member, _ := id.Of(v.Member)
	rec, ok := g.members.Member(c, member)
	return ok && rec.State != membersv1.MemberState_MEMBER_STATE_LEFT
}

// mayHold judges the number of validators that would remain.
func mayHold(c *kernel.Ctx, set *governancev1.ValidatorSet, found bool, msg *governancev1.SetValidator) error {
	n, address := len(set.Validators), governancev1.AddressOf(msg.PublicKey)
	switch {
	case msg.Power > 0 && accusations.Has(c, governancev1.AccusedAs(address)):
		return governancev1.ErrAccused.At("public_key", "%x", msg.PublicKey)
	case msg.Power > 0 && !found && n >= governancev1.MaxValidators:
		return governancev1.ErrManySet.With("there are %d", n)
	case msg.Power == 0 && !found:
		return governancev1.ErrNoValidator.At("public_key", "%x", msg.PublicKey)
	case msg.Power == 0 && n == 1:
		return governancev1.ErrFewSet.With("it is the last one")
	case msg.Power == 0 && n <= governancev1.FewValidators && !msg.AllowBelowFour && !genesis(c):
		return governancev1.ErrFewSet.At("allow_below_four", "%d would remain", n-1)
	}
	return nil
}

// countChange counts what changes of the power in this block and refuses a third of what was there before it.
// Genesis is no change of anything.
func countChange(c *kernel.Ctx, set *governancev1.ValidatorSet, delta int64) error {
	if genesis(c) {
		return nil
	}
	if set.ChangedHeight != c.Height() {
		set.ChangedHeight, set.ChangedPower, set.PowerBefore = c.Height(), 0, set.Power()
	}
	set.ChangedPower += max(delta, -delta)
	if set.ChangedPower*3 >= set.PowerBefore {
		return governancev1.ErrThird.At("power", "%d of %d would change in this block", set.ChangedPower, set.PowerBefore)
	}
	return nil
}

// note remembers for the end of the block what the engine must be told, once for each key.
func note(c *kernel.Ctx, publicKey []byte, before, power int64) {
	rec, ok := changes.Get(c, kernel.None{})
	if !ok {
		rec = &governancev1.ValidatorChanges{}
	}
	i := slices.IndexFunc(rec.Changes, func(ch *governancev1.ValidatorChange) bool { return bytes.Equal(ch.PublicKey, publicKey) })
	if i < 0 {
		rec.Changes = append(rec.Changes, &governancev1.ValidatorChange{PublicKey: publicKey, PowerBefore: before})
		i = len(rec.Changes) - 1
	}
	rec.Changes[i].Power = power
	changes.Save(c, kernel.None{}, rec, true)
}

// engineSet is the whole set as the engine takes it at the chain's beginning.
func (g *Governance) engineSet(c *kernel.Ctx) []kernel.ValidatorUpdate {
	var out []kernel.ValidatorUpdate
	for _, v := range g.Validators(c).Validators {
		out = append(out, kernel.ValidatorUpdate{PublicKey: v.PublicKey, Power: v.Power})
	}
	return out
}

// endBlock tells the engine what changed in the block. A key that came and went tells it nothing: the engine stops
// at the removal of a key that it does not know.
func endBlock(c *kernel.Ctx) []kernel.ValidatorUpdate {
	rec, ok := changes.Get(c, kernel.None{})
	if !ok {
		return nil
	}
	changes.Delete(c, kernel.None{})
	var out []kernel.ValidatorUpdate
	for _, ch := range rec.Changes {
		if ch.Power != ch.PowerBefore {
			out = append(out, kernel.ValidatorUpdate{PublicKey: ch.PublicKey, Power: ch.Power})
		}
	}
	return out
}
