package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// takeKeys lets go of the keys that only the old policy had, then points those of the new one to the account. It sets
// each key's height and time: a key that stays keeps its own, a new one may sign from the next block on. Keys that wait in a
// recovery of the account stay its own.
func takeKeys(c *kernel.Ctx, account id.ID, old, next *membersv1.Policy) error {
	letGo(c, account, old, next)
	for i, k := range next.GetKeys() {
		if had := find(old, k); had != nil {
			k.SinceHeight, k.SinceUnixS = had.SinceHeight, had.SinceUnixS
			continue
		}
		if k.SinceHeight = c.Height() + 1; c.Height() > 0 {
			k.SinceUnixS = c.Now()
		}
		if !k.Named() {
			continue
		}
		if isOthers(c, account, k) {
			return membersv1.ErrKeyTaken.At("policy.keys", "number %d, %s", i, k.Public())
		}
		keyUses.Save(c, k.Public().ID(), &membersv1.KeyUse{Account: account.Bytes()}, true)
	}
	return nil
}

// letGo frees the keys that only the old policy had; one that a recovery of the account waits with goes on waiting.
func letGo(c *kernel.Ctx, account id.ID, old, next *membersv1.Policy) {
	waiting := waitingPolicy(c, account)
	for _, k := range old.GetKeys() {
		if !k.Named() || names(next, k) {
			continue
		}
		keep := names(waiting, k)
		keyUses.Save(c, k.Public().ID(), &membersv1.KeyUse{Account: account.Bytes(), Waits: keep}, keep)
	}
}

// reserve keeps the new keys of a recovery that begins for its account: else whoever has an account could end it by
// naming one of them in a policy of his.
func reserve(c *kernel.Ctx, account id.ID, now, next *membersv1.Policy) {
	for _, k := range next.GetKeys() {
		if k.Named() && !names(now, k) {
			keyUses.Insert(c, k.Public().ID(), &membersv1.KeyUse{Account: account.Bytes(), Waits: true})
		}
	}
}

// unreserve frees the keys that a recovery which has ended waited with.
func unreserve(c *kernel.Ctx, now, waited *membersv1.Policy) {
	for _, k := range waited.GetKeys() {
		if k.Named() && !names(now, k) {
			keyUses.Delete(c, k.Public().ID())
		}
	}
}

// isOthers tells whether a key is another account's, or kept for one.
func isOthers(c *kernel.Ctx, account id.ID, k *membersv1.Key) bool {
	u, taken := keyUses.Get(c, k.Public().ID())
	return taken && id.Must(u.Account) != account
}

// waitingPolicy is what a recovery of the account waits to put in place; nil where none waits.
func waitingPolicy(c *kernel.Ctx, account id.ID) *membersv1.Policy {
	r, ok := recoveries.Get(c, account)
	if !ok || r.State != membersv1.RecoveryState_RECOVERY_STATE_PENDING {
		return nil
	}
	return r.Policy
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

// names tells whether a policy has the key to sign or to view.
func names(p *membersv1.Policy, k *membersv1.Key) bool {
	for _, other := range p.GetKeys() {
		if other.Named() && other.Public().Equal(k.Public()) {
			return true
		}
	}
	return false
}
