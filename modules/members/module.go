// Package members knows who belongs to the network: members with their roles and seats, accounts with their keys,
// limits and methods. It is the registry that every permission is asked of.
package members

import (
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// Members is the module. It has no state of its own.
type Members struct{}

// New makes the module.
func New() *Members { return &Members{} }

// Module is the module's table of contents. No call of it gives value away.
func (m *Members) Module() *kernel.Module {
	var (
		governed = kernel.Need{Governance: true}
		sponsor  = kernel.Need{Roles: membersv1.Sponsorship}
		invited  = kernel.Need{Invited: true}
		trading  = kernel.Need{Roles: membersv1.Trading}
	)
	return &kernel.Module{
		Name: "members",
		Collections: []*kernel.Collection{
			members.Declared(), accounts.Declared(), keyUses.Declared(),
			credentials.Declared(), dayUses.Declared(), seats.Declared(),
			recoveries.Declared(), settlements.Declared(),
		},
		Params: []*kernel.Param{recoveryWait, settlementWait},
		Routes: []kernel.Route{
			kernel.On("members.AdmitMember", governed, kernel.GivesNothing[*membersv1.AdmitMember], m.admitMember),
			kernel.On("members.SetStanding", governed, kernel.GivesNothing[*membersv1.SetStanding], m.setStanding),
			kernel.On("members.SetSponsor", governed, kernel.GivesNothing[*membersv1.SetSponsor], m.setSponsor),
			kernel.On("members.Recover", governed, kernel.GivesNothing[*membersv1.Recover], m.beginRecovery),
			kernel.On("members.CancelRecovery", governed, kernel.GivesNothing[*membersv1.CancelRecovery], m.cancelRecovery),
			kernel.On("members.VetoRecovery", trading, kernel.GivesNothing[*membersv1.VetoRecovery], m.vetoRecovery),
			kernel.On("members.AdmitSupplier", sponsor, kernel.GivesNothing[*membersv1.AdmitSupplier], m.admitSupplier),
			kernel.On("members.SuspendSupplier", sponsor, kernel.GivesNothing[*membersv1.SuspendSupplier], m.suspendSupplier),
			kernel.On("members.ReinstateSupplier", sponsor, kernel.GivesNothing[*membersv1.ReinstateSupplier], m.reinstateSupplier),
			kernel.On("members.Join", invited, kernel.GivesNothing[*membersv1.Join], m.join),
			kernel.On("members.OpenAccount", trading, kernel.GivesNothing[*membersv1.OpenAccount], m.openAccount),
			kernel.On("members.SetPolicy", trading, kernel.GivesNothing[*membersv1.SetPolicy], m.setPolicy),
			kernel.On("members.SetNodes", trading, kernel.GivesNothing[*membersv1.SetNodes], m.setNodes),
			kernel.On("members.SetEncryptionKey", trading, kernel.GivesNothing[*membersv1.SetEncryptionKey], m.setEncryptionKey),
			kernel.On("members.CloseAccount", trading, kernel.GivesNothing[*membersv1.CloseAccount], m.closeAccount),
			kernel.On("members.SetSettlementAccount", trading, kernel.GivesNothing[*membersv1.SetSettlementAccount], m.setSettlementAccount),
			kernel.On("members.ConfirmSettlementAccount", trading, kernel.GivesNothing[*membersv1.ConfirmSettlementAccount], m.confirmSettlementAccount),
			kernel.On("members.CancelSettlementAccount", trading, kernel.GivesNothing[*membersv1.CancelSettlementAccount], m.cancelSettlementAccount),
		},
		Due: map[string]func(*kernel.Ctx, int64, []byte) error{dueRecovery: m.recovered, dueSettlement: m.settled},
		Invariants: []kernel.Invariant{
			{Name: "accounts", Check: checkAccounts},
			{Name: "keys", Check: checkKeys},
			{Name: "credentials", Check: checkCredentials},
			{Name: "counts", Check: checkCounts},
			{Name: "roles", Check: checkRoles},
			{Name: "uses", Check: checkUses},
			{Name: "recoveries", Check: checkRecoveries},
			{Name: "settlements", Check: checkSettlements},
		},
	}
}
