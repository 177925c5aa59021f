package governance

import (
	"bytes"
	"slices"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
)

// accused records what a block proves of a validator, and takes its power where the network stands without it.
func (g *Governance) accused(c *kernel.Ctx, e kernel.Misbehaviour) {
	at := governancev1.AccusedAs(e.Address)
	rec, again := accusations.Get(c, at)
	if !again {
		rec = &governancev1.Accusation{Address: e.Address, Offence: governancev1.Offence(e.Offence), Height: e.Height, TimeUnixS: e.TimeUnixS}
	}
	rec.Count++
	if v := g.validatorAt(c, e.Address); v != nil {
		rec.PublicKey, rec.Member = v.PublicKey, v.Member
		rec.Removed = g.remove(c, v)
	}
	accusations.Save(c, at, rec, true)
	c.Emit(&governancev1.ValidatorAccused{
		Address: e.Address, Offence: governancev1.Offence(e.Offence), Height: e.Height, PublicKey: rec.PublicKey, Member: rec.Member, Removed: rec.Removed,
	})
}

func (g *Governance) validatorAt(c *kernel.Ctx, address []byte) *governancev1.Validator {
	set := g.Validators(c)
	i := slices.IndexFunc(set.Validators, func(v *governancev1.Validator) bool {
		return bytes.Equal(governancev1.AddressOf(v.PublicKey), address)
	})
	if i < 0 {
		return nil
	}
	return set.Validators[i]
}

// remove takes a validator's power by the rules that hold for a vote; false where they do not allow it.
func (g *Governance) remove(c *kernel.Ctx, v *governancev1.Validator) bool {
	return c.Try(func(c *kernel.Ctx) error {
		return g.setValidator(c, &governancev1.SetValidator{PublicKey: v.PublicKey, Member: v.Member})
	}) == nil
}
