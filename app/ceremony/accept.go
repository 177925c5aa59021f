package ceremony

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/splittally/splittally/modules/kernel/key"
)

// Acceptance is a member's word that it has checked a genesis, by keys of its main account. Holders of several keys
// write one each.
type Acceptance struct {
	Version int    `json:"splittally_acceptance"`
	Chain   string `json:"chain"`
	Genesis string `json:"genesis_sha256"`
	// InvoiceKey is the commitment of the key that the member found sealed to it.
	InvoiceKey string      `json:"invoice_key"`
	Credential string      `json:"credential"`
	Signatures []Signature `json:"signatures"`
}

// NewAcceptance is an acceptance that nobody has signed yet.
func NewAcceptance(genesis []byte, keys *InvoiceKeys, t *Terms) *Acceptance {
	return &Acceptance{Version: formVersion, Chain: t.Chain, Genesis: Hash(genesis), InvoiceKey: keys.Commitment, Credential: t.Credential}
}

// Sign adds a key's signature.
func (a *Acceptance) Sign(s key.Signer) error {
	b, err := s.Sign(a.digest())
	if err != nil {
		return err
	}
	a.Signatures = withSignature(a.Signatures, s.Public().String(), b)
	return nil
}

func (a *Acceptance) digest() []byte {
	b, err := json.Marshal([]any{a.Version, a.Chain, a.Genesis, a.InvoiceKey, a.Credential})
	if err != nil {
		panic(err) // numbers and strings
	}
	return key.Digest(a.Chain, purposeAccept, b)
}

// Standing is how far a member's acceptance has come.
type Standing struct {
	Member     string `json:"member"`
	Credential string `json:"credential"`
	Signed     int    `json:"signed"`
	Needed     int    `json:"needed"`
	Accepted   bool   `json:"accepted"`
}

// Collect counts the acceptances of a genesis. Faults name the files' members and what does not fit. The ceremony comes from
// whoever assembled: unless the genesis is what it makes, its keys are nobody's, and nobody has accepted.
func Collect(genesis []byte, c *Ceremony, keys *InvoiceKeys, all []Acceptance) (out []Standing, faults []string) {
	faults = Check(genesis, c).Faults
	sound := len(faults) == 0
	signed := map[string][]string{} // the keys, by credential
	for i := range all {
		a := &all[i]
		t := c.termsOf(a.Credential)
		if t == nil {
			faults = append(faults, fmt.Sprintf("an acceptance is of %.40q, who has made no offer", a.Credential))
			continue
		}
		if bad := a.faults(genesis, keys, t); len(bad) > 0 {
			faults = append(faults, bad...)
			continue
		}
		for _, s := range a.Signatures {
			if !slices.Contains(signed[a.Credential], s.Key) {
				signed[a.Credential] = append(signed[a.Credential], s.Key)
			}
		}
	}
	for i := range c.Offers {
		t := &c.Offers[i].Terms
		n := len(signed[t.Credential])
		out = append(out, Standing{Member: t.Name, Credential: t.Credential, Signed: n, Needed: int(t.Threshold), Accepted: sound && n >= int(t.Threshold)})
	}
	return out, faults
}

func (c *Ceremony) termsOf(credential string) *Terms {
	for i := range c.Offers {
		if c.Offers[i].Terms.Credential == credential {
			return &c.Offers[i].Terms
		}
	}
	return nil
}

func (a *Acceptance) faults(genesis []byte, keys *InvoiceKeys, t *Terms) []string {
	switch {
	case a.Version != formVersion || a.Chain != t.Chain:
		return []string{fmt.Sprintf("the acceptance of %s is of another version or chain", t.Name)}
	case a.Genesis != Hash(genesis):
		return []string{fmt.Sprintf("%s has accepted another genesis, %.16s…: read the hash to each other", t.Name, a.Genesis)}
	case a.InvoiceKey != keys.Commitment:
		return []string{fmt.Sprintf("%s was given another invoice key: assemble again", t.Name)}
	}
	var out []string
	for _, s := range a.Signatures {
		if !slices.ContainsFunc(t.Keys, func(k AccountKey) bool { return k.Key == s.Key }) {
			out = append(out, fmt.Sprintf("the acceptance of %s is signed by %.100s, which is none of its keys", t.Name, s.Key))
		} else if err := verify(s, a.digest()); err != nil {
			out = append(out, fmt.Sprintf("the acceptance of %s: %s", t.Name, err))
		}
	}
	return out
}
