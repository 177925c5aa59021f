package app

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// AdmitsPeer tells whether a peer id belongs to a node of an active member. The peers that this node's operator
// lists are admitted always: a node that is new knows no registry yet.
func (a *App) AdmitsPeer(peer string) bool {
	return slices.ContainsFunc(a.o.Peers, func(p string) bool { return strings.EqualFold(p, peer) }) ||
		slices.Contains(a.RegisteredPeers(), strings.ToLower(peer))
}

// RegisteredPeers lists the peer ids of active members' nodes, in hex. It walks the members: for the rare moments
// at which a peer connects or the connections are swept.
func (a *App) RegisteredPeers() []string {
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
