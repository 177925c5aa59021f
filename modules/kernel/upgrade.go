package kernel

import (
	"fmt"

	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// UpgradeNotice is how many blocks ahead an upgrade is planned at least, so that it can still be cancelled.
const UpgradeNotice = 20

// Upgrade takes a chain from one protocol to the next. Migrate writes what the new rules need that the old state has not;
// nil for nothing. It runs once, before anything else of the first block by the new rules.
type Upgrade struct {
	Migrate func(c *Ctx)
}

// WithUpgrades teaches the machine the protocols after the first, in order: upgrades[0] leads to protocol 2.
func (m *Machine) WithUpgrades(upgrades ...Upgrade) *Machine {
	m.upgrades = upgrades
	return m
}

// Protocol is the newest protocol that this machine can run.
func (m *Machine) Protocol() uint32 { return uint32(1 + len(m.upgrades)) }

// Protocol is the rules by which this block runs: what a handler asks that does otherwise since an upgrade.
func (c *Ctx) Protocol() uint32 {
	if p := c.rules.GetPlan(); p != nil && c.info.Height >= p.Height {
		return p.Protocol
	}
	return max(1, c.rules.GetNumber())
}

// Plan is the upgrade that was agreed and has not come yet; nil for none.
func (c *Ctx) Plan() *kernelv1.UpgradePlan {
	rules, _ := protocols.Get(c, None{})
	return rules.GetPlan()
}

// PlanUpgrade books the change to the next protocol at a height, which is that of the first block by the new rules.
func (c *Ctx) PlanUpgrade(protocol uint32, height int64, info string) error {
	now, soonest := c.Protocol(), c.Height()+UpgradeNotice
	switch plan := c.Plan(); {
	case plan != nil:
		return ErrUpgrade.With("protocol %d is planned for height %d already", plan.Protocol, plan.Height)
	case protocol != now+1:
		return ErrUpgrade.At("protocol", "%d, the next one is %d", protocol, now+1)
	case height < soonest:
		return ErrUpgrade.At("height", "%d, the soonest is %d", height, soonest)
	}
	protocols.Save(c, None{}, &kernelv1.Protocol{Number: now, Plan: &kernelv1.UpgradePlan{Protocol: protocol, Height: height, Info: info}}, true)
	return nil
}

// CancelUpgrade takes the plan back.
func (c *Ctx) CancelUpgrade() error {
	if c.Plan() == nil {
		return ErrUpgrade.With("none is planned")
	}
	protocols.Save(c, None{}, &kernelv1.Protocol{Number: c.Protocol()}, true)
	return nil
}

// upgrade begins the planned protocol where this is its block. The node has asked Protocol before it began the block.
func (m *Machine) upgrade(c *Ctx) *Ctx {
	plan := c.rules.GetPlan()
	if plan == nil || c.info.Height < plan.Height {
		return c
	}
	if plan.Protocol > m.Protocol() {
		fatal("block %d runs by protocol %d, this program knows %d", c.info.Height, plan.Protocol, m.Protocol())
	}
	protocols.Save(c, None{}, &kernelv1.Protocol{Number: plan.Protocol}, true)
	if migrate := m.upgrades[plan.Protocol-2].Migrate; migrate != nil {
		migrate(c)
	}
	next := m.context(c.state, c.info)
	next.seed, next.tx, next.mark, next.out, next.begun = c.seed, c.tx, c.mark, c.out, plan.Protocol
	next.item = c.item // what Migrate created keeps its names
	return next
}

// beginProtocol sets the rules that genesis asks for.
func (m *Machine) beginProtocol(c *Ctx, protocol uint32) error {
	if protocol > m.Protocol() {
		return fmt.Errorf("the genesis begins with protocol %d, this program knows %d: use a newer one", protocol, m.Protocol())
	}
	if protocol > 1 {
		protocols.Save(c, None{}, &kernelv1.Protocol{Number: protocol}, true)
	}
	return nil
}

// known refuses a method that the rules of the block do not have yet.
func known(c *Ctx, tx *Tx) error {
	for _, call := range tx.calls {
		if err := call.known(c); err != nil {
			return err
		}
	}
	return nil
}

func (p parsedCall) known(c *Ctx) error {
	if since := p.route.Need.Since; since > c.Protocol() {
		return ErrUnknownMethod.With("%s, before protocol %d", p.route.Method, since)
	}
	return nil
}
