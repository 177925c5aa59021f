package app

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// registryGood is how old the head may be for its registry to be the whole truth.
const registryGood = time.Minute

// AdmitsPeer tells whether a peer id belongs to a node of an active member. While this node is behind, because it is
// new or was cut off, its registry is old: the peers that its operator lists are admitted too.
func (a *App) AdmitsPeer(peer string) bool {
	behind := time.Since(time.Unix(a.head.Load().time, 0)) > registryGood
	listed := func(p string) bool { return strings.EqualFold(p, peer) }
	return behind && slices.ContainsFunc(a.o.Peers, listed) || slices.Contains(a.RegisteredPeers(), strings.ToLower(peer))
}

// RegisteredPeers lists the peer ids of active members' nodes, in hex. It walks the members: for the rare moments
// at which a peer connects or the connections are swept.
func (a *App) RegisteredPeers() []string {
	a.life.RLock()
	defer a.life.RUnlock()
	if a.gone { // the engine still asks while it stops
		return nil
	}
	var out []string
	start := kernelv1.StateKey(membersv1.PrefixMember)
	a.store.Range(start, kernel.After(start), func(_, v []byte) bool {
		m := &membersv1.Member{}
		if kernelv1.Unframe(v, m) == nil && m.State == membersv1.MemberState_MEMBER_STATE_ACTIVE {
			for _, n := range m.Nodes {
				out = append(out, hex.EncodeToString(n))
			}
		}
		return true
	})
	return out
}
