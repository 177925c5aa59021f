// Package memberstest makes members for the tests of modules: actors, legal numbers whose check digits fit, keys, policies and
// the calls of a genesis that admits them. Whatever a name determines is the same in every run.
package memberstest

import (
	"fmt"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/proto"
)

// Actor is the main account of the member that the genesis call with this number admits, whose one key is that of the name.
func Actor(call uint32, name string) kerneltest.Actor {
	seed := kernelv1.GenesisSeed(kerneltest.ChainID)
	return kerneltest.Actor{
		Member: kernelv1.CreatedID(seed, call, 0), ID: kernelv1.CreatedID(seed, call, 1), Signers: Signers(name),
	}
}

// Signers are the keys of names.
func Signers(names ...string) (out []key.Signer) {
	for _, n := range names {
		out = append(out, kerneltest.Signer(n))
	}
	return out
}

// Admission admits a member with a LEI and one key, both determined by its name.
func Admission(name string, roles uint32) *membersv1.AdmitMember {
	return &membersv1.AdmitMember{Legal: LEI(name), Roles: roles, Policy: Policy(1, name)}
}

// Seated is an admission with a seat.
func Seated(name string, roles uint32) *membersv1.AdmitMember {
	m := Admission(name, roles)
	m.Seat = true
	return m
}

// Genesis makes the calls of a genesis.
func Genesis(messages ...proto.Message) (out []kernel.GenesisCall) {
	for _, m := range messages {
		out = append(out, kerneltest.GenesisCall(m))
	}
	return out
}

// LEI is a legal entity whose identifier its name determines [ISO 17442].
func LEI(name string) *membersv1.Legal {
	digits := fmt.Sprintf("%X", id.Hash(name).Bytes())[:18]
	for check := range 100 {
		if s := fmt.Sprintf("%s%02d", digits, check); membersv1.ValidLEI(s) {
			return &membersv1.Legal{Name: name, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_LEI, Credential: s}
		}
	}
	panic("no check digits fit " + digits)
}

// USCC is a legal entity with the unified social credit code number n, completed by its check character [GB 32100].
func USCC(name string, n int) *membersv1.Legal {
	digits := fmt.Sprintf("9135010000%07d", n)
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if s := digits + string(c); membersv1.ValidUSCC(s) {
			return &membersv1.Legal{Name: name, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: s}
		}
	}
	panic("no check character fits " + digits)
}

// Key is a name's key as a policy has it, for signing.
func Key(name string) *membersv1.Key {
	p := kerneltest.Signer(name).Public()
	return &membersv1.Key{Kind: uint32(p.Kind), PublicKey: p.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN}
}

// Viewer is a name's key for looking alone.
func Viewer(name string) *membersv1.Key {
	k := Key(name)
	k.Purpose = membersv1.KeyPurpose_KEY_PURPOSE_VIEW
	return k
}

// Policy wants so many of the named keys.
func Policy(threshold uint32, names ...string) *membersv1.Policy {
	p := &membersv1.Policy{Threshold: threshold}
	for _, n := range names {
		p.Keys = append(p.Keys, Key(n))
	}
	return p
}

// Limited gives a policy a limit in CNY, in minor units, and returns it.
func Limited(p *membersv1.Policy, perTransaction, perDay int64) *membersv1.Policy {
	p.Limits = append(p.Limits, &membersv1.Limit{Currency: "CNY", PerTransactionMinor: perTransaction, PerDayMinor: perDay})
	return p
}

// Opened has a main account open another with the policy; its signers are the named keys.
func Opened(c *kerneltest.Chain, main kerneltest.Actor, p *membersv1.Policy, signers ...string) kerneltest.Actor {
	c.TB.Helper()
	e := Event[*membersv1.AccountChanged](c, c.Must(main, &membersv1.OpenAccount{Name: "treasury", Policy: p}))
	return kerneltest.Actor{ID: id.Must(e.Account), Member: main.Member, Signers: Signers(signers...)}
}

// Event is the first event of its type that a transaction left.
func Event[E proto.Message](c *kerneltest.Chain, r kernel.Result) E {
	c.TB.Helper()
	for _, e := range r.Events {
		if m, err := e.Decode(); err == nil {
			if found, ok := m.(E); ok {
				return found
			}
		}
	}
	var none E
	c.TB.Fatalf("no event %T", none)
	return none
}

// Judged is an actor's call, judged against committed state and ready for a block.
func Judged(c *kerneltest.Chain, a kerneltest.Actor, msg proto.Message) *kernel.Tx {
	c.TB.Helper()
	tx, err := c.Judge(c.Sign(c.Body(a, kerneltest.Call(a, msg)), a))
	if err != nil {
		c.TB.Fatal(err)
	}
	return tx
}
