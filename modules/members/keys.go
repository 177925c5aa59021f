package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// takeKeys lets go of the keys that only the old policy had, then points those of the new one to the account. It sets
// each key's height: a key that stays keeps its own, a new one may sign from the next block on.
func takeKeys(c *kernel.Ctx, account id.ID, old, next *membersv1.Policy) error {
	for _, k := range old.GetKeys() {
		if k.Named() && find(next, k) == nil {
			keyUses.Delete(c, k.Public().ID())
		}
	}
	for i, k := range next.GetKeys() {
		if had := find(old, k); had != nil {
			k.SinceHeight = had.SinceHeight
			continue
		}
		k.SinceHeight = c.Height() + 1
		if !k.Named() {
			continue
		}
		name := k.Public().ID()
		if keyUses.Has(c, name) {
			return membersv1.ErrKeyTaken.At("policy.keys", "number %d, %s", i, k.Public())
		}
		keyUses.Insert(c, name, &membersv1.KeyUse{Account: account.Bytes()})
	}
	return nil
}

// find finds a key that is the same and for the same purpose.
func find(p *membersv1.Policy, k *membersv1.Key) *membersv1.Key {
	for _, other := range p.GetKeys() {
		if other.Public().Equal(k.Public()) && other.Purpose == k.Purpose {
			return other
		}
	}
	return nil
}
