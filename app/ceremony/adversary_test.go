package ceremony

import (
	"testing"

	"github.com/splittally/splittally/modules/kernel/key"
)

// Who assembles hands out the ceremony beside the genesis. One that says that a member's key is another than the genesis says
// must not make others believe that the member has accepted.
func TestAForgedCeremonyCollectsNoAcceptance(t *testing.T) {
	players, c := consortium(t)
	genesis := genesisOf(t, c)
	keys, err := MakeInvoiceKeys(c)
	if err != nil {
		t.Fatal(err)
	}
	thief, err := key.FromSecret(key.Secp256k1, seed("thief", 1))
	if err != nil {
		t.Fatal(err)
	}
	victim := players[1].offer.Terms.Credential
	t1 := c.termsOf(victim)
	t1.Threshold, t1.Keys = 1, []AccountKey{{Key: thief.Public().String()}}
	a := NewAcceptance(genesis, keys, t1)
	if err := a.Sign(thief); err != nil {
		t.Fatal(err)
	}
	all, faults := Collect(genesis, c, keys, []Acceptance{*a})
	for _, s := range all {
		if s.Credential == victim && s.Accepted && len(faults) == 0 {
			t.Errorf("%s has accepted, it says, by a key that is not in the genesis", s.Member)
		}
	}
}
