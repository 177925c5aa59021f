// Package governance lets the seats decide: proposals of ordinary calls that run when more than two thirds agree,
// parameters with their dates, the validators, upgrades, and a development network's clock.
package governance

import (
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/members"
)

// Governance is the module. It has no state of its own.
type Governance struct{ members *members.Members }

// New makes the module over the members whose seats vote.
func New(m *members.Members) *Governance { return &Governance{members: m} }

// Module is the module's table of contents. No call of it gives value away.
func (g *Governance) Module() *kernel.Module {
	seat, governed := kernel.Need{Seat: true}, kernel.Need{Governance: true}
	return &kernel.Module{
		Name:        "governance",
		Collections: []*kernel.Collection{proposals.Declared(), validators.Declared(), changes.Declared(), accusations.Declared()},
		Routes: []kernel.Route{
			kernel.On("governance.Propose", seat, kernel.GivesNothing[*governancev1.Propose], g.propose),
			kernel.On("governance.Vote", seat, kernel.GivesNothing[*governancev1.Vote], g.vote),
			kernel.On("governance.ShiftClock", seat, kernel.GivesNothing[*governancev1.ShiftClock], g.shiftClock),
			kernel.On("governance.SetParameter", governed, kernel.GivesNothing[*governancev1.SetParameter], g.setParameter),
			kernel.On("governance.SetValidator", governed, kernel.GivesNothing[*governancev1.SetValidator], g.setValidator),
			kernel.On("governance.ScheduleUpgrade", governed, kernel.GivesNothing[*governancev1.ScheduleUpgrade], g.scheduleUpgrade),
			kernel.On("governance.CancelUpgrade", governed, kernel.GivesNothing[*governancev1.CancelUpgrade], g.cancelUpgrade),
		},
		Invariants: []kernel.Invariant{
			{Name: "proposals", Check: checkProposals},
			{Name: "validators", Check: g.checkValidators},
			{Name: "changes", Check: checkChanges},
		},
		Misbehaviour: g.accused,
		EndBlock:     endBlock,
		Validators:   g.engineSet,
	}
}
