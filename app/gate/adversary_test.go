package gate_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// A session ends with the key that opened it: a thief whose key was rotated out, or a viewer who was let go, reads no more.
func TestASessionEndsWithItsKey(t *testing.T) {
	w := newWorld(t)
	tier1 := w.as("tier1")
	next, err := key.Generate(key.Secp256k1, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tier1.must(&membersv1.SetPolicy{Account: tier1.role.Account.Bytes(), Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{{
		Kind: uint32(next.Public().Kind), PublicKey: next.Public().Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN,
	}}}})
	w.WaitHeight(t, w.Running[0].App().Status().Height+2)
	reads := func() bool {
		rec, err := tier1.read(kernelv1.TotalsKey(tier1.role.Account))
		return err == nil && rec.MayRead
	}
	for deadline := time.Now().Add(15 * time.Second); reads(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the session of a key that is none of the account's any more still reads")
		}
	}
}

// One holder of a key, a viewer say, does not end the sessions of the account's other keys.
func TestAViewerDoesNotEndTheSessionsOfOthers(t *testing.T) {
	w := newWorld(t)
	tier1 := w.as("tier1")
	viewer, err := key.Generate(key.P256, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var keys []*membersv1.Key
	for purpose, pub := range map[membersv1.KeyPurpose]key.Public{
		membersv1.KeyPurpose_KEY_PURPOSE_SIGN: tier1.role.Signer.Public(), membersv1.KeyPurpose_KEY_PURPOSE_VIEW: viewer.Public(),
	} {
		keys = append(keys, &membersv1.Key{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: purpose})
	}
	tier1.must(&membersv1.SetPolicy{Account: tier1.role.Account.Bytes(), Policy: &membersv1.Policy{Threshold: 1, Keys: keys}})
	w.WaitHeight(t, w.Running[0].App().Status().Height+2)
	other := w.nobody()
	for range 40 {
		if _, err := other.open(tier1.role.Account, viewer, other.challenge()); err != nil {
			break
		}
	}
	if _, err := tier1.list("vouchers.held", tier1.role.Account); err != nil {
		t.Errorf("the owner's session is over: %v", err)
	}
}
