package wallet

import (
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/keys/token"
	"github.com/splittally/splittally/sdk/lang"
)

// Bounds of a profile.
const (
	maxEndpoints  = 8
	maxConfirmers = 32
	maxNames      = 10_000
	maxNameBytes  = 200
	maxChainBytes = 50
)

// Profile is a wallet's settings, the file profile.json of its home. Nothing in it is secret but InvoiceKey, and
// DevelopmentSecret, which is no secret.
type Profile struct {
	Chain   string `json:"chain"`
	Account id.ID  `json:"account"`
	// Endpoints: the first node is read from and sent to, the others, of other members, confirm its headers.
	Endpoints []Endpoint `json:"endpoints"`
	// Alone allows a single endpoint, with no witness.
	Alone bool  `json:"alone,omitempty"`
	Trust Trust `json:"trust"`
	// KeyFile is the keystore; a relative path is below the home.
	KeyFile string `json:"key_file,omitempty"`
	// Token is where the key is if it is in a PKCS#11 token, instead of KeyFile.
	Token *token.Config `json:"token,omitempty"`
	// DevelopmentSecret is a development network's key, hex, which everybody knows.
	DevelopmentSecret string `json:"development_secret,omitempty"`
	// InvoiceKey is the consortium's key of invoice fingerprints, 64 hex digits. Who issues, accepts or passes on against
	// invoices needs it.
	InvoiceKey string `json:"invoice_key,omitempty"`
	// Confirmers may vouch for a checkpoint after 14 days without contact.
	Confirmers []Confirmer `json:"confirmers,omitempty"`
	// Lang is the language of what its owner reads, zh or en; what the machine is set to where it is empty.
	Lang string `json:"lang,omitempty"`
	// Names is the owner's address book.
	Names map[string]id.ID `json:"names,omitempty"`
}

// Endpoint is a node's public port and the pin of its key.
type Endpoint struct {
	URL string `json:"url"`
	// Pin is the SHA-256 of the certificate's public key, 64 hex digits; empty where the machine trusts the certificate.
	Pin string `json:"pin,omitempty"`
	// Member is whose node it is, for people.
	Member string `json:"member,omitempty"`
}

// Trust is the header that the wallet began from.
type Trust struct {
	Height int64  `json:"height"`
	Hash   string `json:"hash"` // 64 hex digits
}

// Confirmer is a member with a key of its main account, kind:hex.
type Confirmer struct {
	Member id.ID  `json:"member"`
	Key    string `json:"key"`
}

// TrustOf writes a trusted header as a profile keeps it.
func TrustOf(t sdk.Trust) Trust { return Trust{Height: t.Height, Hash: hex.EncodeToString(t.Hash)} }

// Check refuses a profile that cannot work, naming the field.
func (p *Profile) Check() error {
	switch {
	case p.Chain == "" || len(p.Chain) > maxChainBytes:
		return input("chain", lang.T("it is empty or too long"), lang.T("Name the chain as its genesis file does."))
	case len(p.Endpoints) == 0 || len(p.Endpoints) > maxEndpoints:
		return input("endpoints", lang.T("there are %d", len(p.Endpoints)), lang.T("Name 1 to %d nodes.", maxEndpoints))
	case len(p.Endpoints) == 1 && !p.Alone:
		return input("endpoints", lang.T("there is no witness"), lang.T("Name the node of another member as witness, or say that this one stands alone."))
	case len(p.Confirmers) > maxConfirmers:
		return input("confirmers", lang.T("there are %d", len(p.Confirmers)), lang.T("Name at most %d.", maxConfirmers))
	}
	if _, err := lang.Parse(p.Lang); p.Lang != "" && err != nil {
		return input("lang", lang.T("%.20q is no language of this version", p.Lang), lang.T("Write zh or en, or leave it out."))
	}
	return errors.Join(p.checkEndpoints(), p.checkTrust(), p.checkKeys(), p.checkNames())
}

func (p *Profile) checkEndpoints() error {
	for _, e := range p.Endpoints {
		if !strings.HasPrefix(e.URL, "https://") || len(e.URL) > maxNameBytes {
			return input("endpoints", lang.T("%.80q is no https address", e.URL), lang.T("Write it as https://node.example:9443."))
		}
		if e.Pin != "" {
			if _, err := unhex32("pin", e.Pin); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Profile) checkTrust() error {
	if p.Trust.Height < 1 {
		return input("trust height", lang.T("%v", p.Trust.Height), lang.T("Heights count from 1; ask a member for a height and the hash of its header."))
	}
	_, err := unhex32("trust hash", p.Trust.Hash)
	return err
}

func (p *Profile) checkKeys() error {
	if p.Token != nil {
		if p.KeyFile != "" || p.DevelopmentSecret != "" {
			return input("token", lang.T("there is another key beside it"), lang.T("Leave out key_file and development_secret, or token: a wallet has one key."))
		}
		if err := p.Token.Check(); err != nil {
			return input("token", lang.T("%s", err), lang.T("Name the library, the token's label and the key's label."))
		}
	}
	if p.InvoiceKey != "" {
		if _, err := unhex32("invoice key", p.InvoiceKey); err != nil {
			return err
		}
	}
	for _, c := range p.Confirmers {
		if _, err := key.ParseString(c.Key); err != nil {
			return input("confirmers", lang.T("%s", err), lang.T("A key is written kind:hex, as 'tally keys show' prints it."))
		}
	}
	return nil
}

// CheckInvited refuses what is for the owner of a machine to say and not for who invites him: which key signs, and above
// all which library is loaded to reach it.
func (p *Profile) CheckInvited() error {
	for _, one := range []struct {
		field string
		said  bool
	}{{"token", p.Token != nil}, {"key_file", p.KeyFile != ""}, {"development_secret", p.DevelopmentSecret != ""}} {
		if one.said {
			return input(one.field, lang.T("an invitation does not name the key that signs"), lang.T("Do not use this file; ask your sponsor how it came to be."))
		}
	}
	return p.Check()
}

func (p *Profile) checkNames() error {
	if len(p.Names) > maxNames {
		return input("names", lang.T("there are %d", len(p.Names)), lang.T("Keep at most %d.", maxNames))
	}
	for name := range p.Names {
		if err := CheckName(name); err != nil {
			return err
		}
	}
	return nil
}

// CheckName judges a name for the address book: 1 to 200 bytes that do not look like an id.
func CheckName(name string) error {
	if name == "" || len(name) > maxNameBytes || strings.TrimSpace(name) != name {
		return input("name", lang.T("%.40q is empty, too long or has blanks at its ends", name), lang.T("Use 1 to 200 bytes."))
	}
	if isHex(name) && len(name) >= minPrefix {
		return input("name", lang.T("%.40q looks like an id", name), lang.T("Use a name with a letter beyond f."))
	}
	return nil
}

// LangIn is the language that a home's profile names; empty where it names none or cannot be read, which Open tells.
func LangIn(home string) string {
	p := struct {
		Lang string `json:"lang"`
	}{}
	if readJSON(filepath.Join(home, fileProfile), &p) != nil {
		return ""
	}
	return p.Lang
}

// config is what the SDK needs of the profile.
func (p *Profile) config() (sdk.Config, error) {
	hash, err := unhex32("trust hash", p.Trust.Hash)
	if err != nil {
		return sdk.Config{}, err
	}
	conf := sdk.Config{Alone: p.Alone, Account: p.Account, Trust: sdk.Trust{Chain: p.Chain, Height: p.Trust.Height, Hash: hash[:]}}
	for _, e := range p.Endpoints {
		conf.Endpoints = append(conf.Endpoints, sdk.Endpoint{URL: e.URL, Pin: e.Pin})
	}
	for _, c := range p.Confirmers {
		pub, err := key.ParseString(c.Key)
		if err != nil {
			return conf, err
		}
		if c.Member != (id.ID{}) {
			conf.Confirmers = append(conf.Confirmers, sdk.Confirmer{Member: c.Member, Key: pub})
		}
	}
	return conf, nil
}

func unhex32(field, s string) (out [32]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(out) {
		return out, input(field, lang.T("%.80q", s), lang.T("Give 64 hex digits."))
	}
	return [32]byte(b), nil
}
