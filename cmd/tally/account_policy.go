package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/lang"
)

// maxPolicyFile bounds a file that a person writes, in bytes.
const maxPolicyFile = 1 << 20

const policyHelp = `A policy file says who signs for an account and what it may do:

  {
    "threshold": 2,
    "keys": [
      {"key": "secp256k1:02a1…", "holder": "Ann"},
      {"key": "sm2:03b2…", "holder": "Ben"},
      {"key": "p256:03c3…", "holder": "the auditor", "purpose": "view"}
    ],
    "limits": [{"currency": "CNY", "per_transaction": "500000.00", "per_day": "2000000.00"}],
    "methods": ["voucher.Transfer", "voucher.AcceptOffer"]
  }

A key is as 'tally keys show' prints it; its purpose is sign (where nothing is said), view, or encrypt (x25519:…).
Without limits there are none; without methods all are allowed. 'tally account show -o json' prints what holds in
this form, under "policy".`

// policyJSON is a policy as people write it.
type policyJSON struct {
	Threshold uint32            `json:"threshold"`
	Keys      []policyKeyJSON   `json:"keys"`
	Limits    []policyLimitJSON `json:"limits,omitempty"`
	Methods   []string          `json:"methods,omitempty"`
}

type policyKeyJSON struct {
	Key     string `json:"key"`
	Holder  string `json:"holder,omitempty"`
	Purpose string `json:"purpose,omitempty"`
	// SinceHeight is shown, and overread where it is given back.
	SinceHeight int64 `json:"since_height,omitempty"`
}

type policyLimitJSON struct {
	Currency       string `json:"currency"`
	PerTransaction string `json:"per_transaction"`
	PerDay         string `json:"per_day"`
}

// purposes are the words for what a key is for.
var purposes = map[string]membersv1.KeyPurpose{
	"": membersv1.KeyPurpose_KEY_PURPOSE_SIGN, "sign": membersv1.KeyPurpose_KEY_PURPOSE_SIGN,
	"view": membersv1.KeyPurpose_KEY_PURPOSE_VIEW, "encrypt": membersv1.KeyPurpose_KEY_PURPOSE_ENCRYPT,
}

func purposeName(p membersv1.KeyPurpose) string {
	for name, one := range purposes {
		if one == p && name != "" {
			return name
		}
	}
	return "unknown"
}

func policyOf(p *membersv1.Policy) policyJSON {
	out := policyJSON{Threshold: p.GetThreshold(), Keys: []policyKeyJSON{}, Methods: p.GetMethods()}
	for _, k := range p.GetKeys() {
		text := k.Public().String()
		if k.Purpose == membersv1.KeyPurpose_KEY_PURPOSE_ENCRYPT {
			text = encryptionPrefix + hex.EncodeToString(k.PublicKey)
		}
		out.Keys = append(out.Keys, policyKeyJSON{Key: text, Holder: k.Holder, Purpose: purposeName(k.Purpose), SinceHeight: k.SinceHeight})
	}
	for _, l := range p.GetLimits() {
		out.Limits = append(out.Limits, policyLimitJSON{
			Currency: l.Currency, PerTransaction: money.Format(l.PerTransactionMinor, l.Currency), PerDay: money.Format(l.PerDayMinor, l.Currency),
		})
	}
	return out
}

// message is the policy as a call carries it.
func (j *policyJSON) message() (*membersv1.Policy, error) {
	p := &membersv1.Policy{Threshold: j.Threshold, Methods: j.Methods}
	for _, one := range j.Keys {
		k, err := one.message()
		if err != nil {
			return nil, err
		}
		p.Keys = append(p.Keys, k)
	}
	for _, one := range j.Limits {
		l, err := one.message()
		if err != nil {
			return nil, err
		}
		p.Limits = append(p.Limits, l)
	}
	return p, p.Check()
}

// encryptionPrefix stands before a key that documents are encrypted to.
const encryptionPrefix = "x25519:"

func (j *policyKeyJSON) message() (*membersv1.Key, error) {
	purpose, ok := purposes[j.Purpose]
	if !ok {
		return nil, wrong("purpose", lang.T("%.40q is no purpose of a key", j.Purpose), lang.T("Use sign, view or encrypt."))
	}
	k := &membersv1.Key{Purpose: purpose, Holder: j.Holder}
	if digits, found := strings.CutPrefix(j.Key, encryptionPrefix); found {
		var err error
		if k.PublicKey, err = hex.DecodeString(digits); err != nil {
			return nil, wrong("key", lang.T("%.90q is no key", j.Key), lang.T("After x25519: 64 hex digits follow."))
		}
		return k, nil
	}
	if purpose == membersv1.KeyPurpose_KEY_PURPOSE_ENCRYPT {
		return nil, wrong("key", lang.T("%.90q is no key to encrypt to", j.Key), lang.T("Write it as x25519: and 64 hex digits."))
	}
	pub, err := publicKey(j.Key)
	k.Kind, k.PublicKey = uint32(pub.Kind), pub.Bytes
	return k, err
}

// publicKey reads a key as 'tally keys show' prints it.
func publicKey(text string) (key.Public, error) {
	const do = "Copy it whole from 'tally keys show', as secp256k1:02…"
	name, digits, _ := strings.Cut(strings.TrimSpace(text), ":")
	kind, err := key.KindOf(name)
	if err != nil {
		return key.Public{}, wrong("key", lang.T("%.90q is no public key", text), lang.T(do))
	}
	b, err := hex.DecodeString(digits)
	if err != nil {
		return key.Public{}, wrong("key", lang.T("%.90q is no public key", text), lang.T(do))
	}
	pub, err := key.Parse(kind, b)
	if err != nil {
		return key.Public{}, wrong("key", lang.T("%.90q: %s", text, err), lang.T(do))
	}
	return pub, nil
}

func (j *policyLimitJSON) message() (*membersv1.Limit, error) {
	if err := knownCurrency(j.Currency); err != nil {
		return nil, err
	}
	once, err := amount("per_transaction", j.PerTransaction, j.Currency)
	if err != nil {
		return nil, err
	}
	daily, err := amount("per_day", j.PerDay, j.Currency)
	return &membersv1.Limit{Currency: j.Currency, PerTransactionMinor: once, PerDayMinor: daily}, err
}

// readStrict reads a JSON file that a person wrote: a field that nobody knows is refused by its name.
func readStrict(field, path string, into any) error {
	b, err := readBounded(path, maxPolicyFile)
	if err != nil {
		return wrong(field, lang.T("%s", err), lang.T("Name another file."))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return wrong(field, lang.T("%s: %s", path, err), lang.T("Mend what is named."))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return wrong(field, lang.T("%s: there is something behind its end", path), lang.T("Take it away."))
	}
	return nil
}

// policyFlags are the two ways to say who signs: a file, or keys on the command line.
type policyFlags struct {
	file      string
	keys      []string
	threshold uint32
}

func (f *policyFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.file, "file", "", "a policy file: 'tally help policy' shows its form")
	c.Flags().StringArrayVar(&f.keys, "key", nil, "a key that signs, as KEY or KEY=HOLDER; several times for several")
	c.Flags().Uint32Var(&f.threshold, "threshold", 1, "how many of the keys must sign")
	c.MarkFlagsOneRequired("file", "key")
	c.MarkFlagsMutuallyExclusive("file", "key")
	c.MarkFlagsMutuallyExclusive("file", "threshold")
}

func (f *policyFlags) policy() (*membersv1.Policy, error) {
	j := &policyJSON{Threshold: f.threshold}
	if f.file != "" {
		j.Threshold = 0
		if err := readStrict("file", f.file, j); err != nil {
			return nil, err
		}
		return j.message()
	}
	for _, one := range f.keys {
		text, holder, _ := strings.Cut(one, "=")
		j.Keys = append(j.Keys, policyKeyJSON{Key: text, Holder: holder})
	}
	return j.message()
}
