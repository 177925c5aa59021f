package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/ceremony"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/members/membersv1"
	"google.golang.org/protobuf/encoding/protojson"
)

// configuration reads tallyd.toml as the node does: the first wrong field is named.
func configuration(_ context.Context, p *patient) []Finding {
	c, err := node.Load(p.home)
	if err != nil {
		return []Finding{fault("Correct the field in config/tallyd.toml; where the file is lost, copy that of networks/consortium.", "%s", err)}
	}
	p.config = c
	var found []Finding
	if c.CheckInvariants {
		found = append(found, warning("Set check_invariants = false: it is for tests.", "check_invariants slows every block down"))
	}
	if c.Member == "" {
		found = append(found, warning("Set member to the member's legal name.", "member is empty: other members see a node without a name"))
	}
	return otherwise(found, "%s has known fields with values in their bounds", c.ConfigFile())
}

// secretFiles may be read by their owner alone.
func secretFiles(c node.Config) []string {
	e := c.Engine()
	return []string{e.NodeKeyFile(), e.PrivValidatorKeyFile(), e.PrivValidatorStateFile(), c.GateKeyFile(), ceremony.EncryptionFile(c), ceremony.InvoiceKeyFile(c)}
}

func permissions(_ context.Context, p *patient) []Finding {
	var found []Finding
	for _, f := range secretFiles(p.config) {
		if info, err := os.Stat(f); err == nil && info.Mode().Perm()&0o077 != 0 {
			found = append(found, fault("chmod 600 "+f+"; where others had access, make new keys.", "others may read %s (mode %04o)", f, info.Mode().Perm()))
		}
	}
	for _, d := range []string{p.home, filepath.Dir(p.config.ConfigFile()), filepath.Dir(p.config.StateDir())} {
		info, err := os.Stat(d)
		if err == nil && info.Mode().Perm()&0o022 != 0 {
			found = append(found, fault("chmod go-w "+d, "others may put files into %s (mode %04o)", d, info.Mode().Perm()))
		}
		if err == nil && ownerOf(info) != ownerOfPath(p.home) {
			found = append(found, fault("chown -R the whole home to the user that runs the node.", "%s belongs to another user than %s", d, p.home))
		}
	}
	return otherwise(found, "keys are for their owner alone")
}

// identity judges the files that make the node who it is.
func identity(_ context.Context, p *patient) []Finding {
	e := p.config.Engine()
	var found []Finding
	if p.nodeID == "" {
		found = append(found, fault("Put node_key.json back from your backup. With a new one ('tallyd init' elsewhere) the member must register the new peer id.", "%s is missing or damaged", e.NodeKeyFile()))
	}
	_, err := node.ReadValidatorKey(e.PrivValidatorKeyFile())
	switch remote := p.config.RemoteSignerListen != ""; {
	case remote && !errors.Is(err, os.ErrNotExist):
		found = append(found, fault("Move the file to the signer's machine, with priv_validator_state.json: a key in two places signs twice.", "%s is here, and remote_signer_listen is set", e.PrivValidatorKeyFile()))
	case !remote && err != nil:
		found = append(found, fault("Put priv_validator_key.json back from your backup, and never its state. A lost key is replaced by a vote.", "%s: %v", e.PrivValidatorKeyFile(), err))
	}
	if _, err := os.Stat(ceremony.EncryptionFile(p.config)); err == nil {
		if k, err := ceremony.EncryptionKey(p.config); err != nil {
			found = append(found, fault("Put encryption.key back from your backup: what was sealed to it cannot be read without.", "%s: %s", ceremony.EncryptionFile(p.config), err))
		} else if p.offer != nil && hex.EncodeToString(k.PublicKey().Bytes()) != p.offer.Terms.EncryptionKey {
			found = append(found, fault("Put the encryption.key back that the offer was made with.", "%s is not the key that this home offered at genesis", ceremony.EncryptionFile(p.config)))
		}
	}
	return otherwise(found, "node %s", p.nodeID)
}

// How soon a certificate's end is told of.
const certificateSoon = 30 * 24 * time.Hour

func certificate(_ context.Context, p *patient) []Finding {
	const renew = "Make a new certificate for the same gate.key, so that its pin stays; wallets know the gate by it."
	pair, err := tls.LoadX509KeyPair(p.config.GateCertFile(), p.config.GateKeyFile())
	if err != nil {
		return []Finding{fault("Put gate.crt and gate.key back from your backup; both are of one pair.", "the gate's certificate: %s", err)}
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return []Finding{fault(renew, "the gate's certificate: %s", err)}
	}
	var found []Finding
	now := p.o.Now()
	switch left := cert.NotAfter.Sub(now); {
	case now.Before(cert.NotBefore):
		found = append(found, fault("Set the clock, or make a new certificate for the same key.", "the gate's certificate begins at %s", cert.NotBefore.UTC().Format(time.RFC3339)))
	case left <= 0:
		found = append(found, fault(renew, "the gate's certificate ended at %s", cert.NotAfter.UTC().Format(time.RFC3339)))
	case left < certificateSoon:
		found = append(found, warning(renew, "the gate's certificate ends in %d days", int(left.Hours()/24)))
	}
	if pin, err := node.Pin(p.config.GateCertFile()); err == nil && p.offer != nil && p.offer.Terms.Pin != pin {
		found = append(found, fault("Put the gate.key back that the offer was made with, or tell every wallet the new pin.", "the gate's key is not the one whose pin wallets have (%.16s…)", p.offer.Terms.Pin))
	}
	return otherwise(found, "good until %s", cert.NotAfter.UTC().Format(time.DateOnly))
}

// genesis judges the file, and that the chain that this home has is the one it says.
func genesis(_ context.Context, p *patient) []Finding {
	file := p.config.GenesisFile()
	doc, err := types.GenesisDocFromFile(file)
	if err != nil {
		return []Finding{fault("Copy the network's genesis.json there, and compare its hash with another member's.", "%s: %s", file, err)}
	}
	if _, err := kernel.ParseGenesis(doc.AppState); err != nil {
		return []Finding{fault("Copy the network's genesis.json again; this program may be too old for it.", "%s: %s", file, err)}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return []Finding{fault("Let the user that runs the node read the file.", "%s: %s", file, err)}
	}
	var found []Finding
	const another = "Put the genesis.json back that this chain began with, or the home of the network that you mean."
	if p.network != nil && p.network.Genesis != ceremony.Hash(b) {
		found = append(found, fault(another, "the genesis file is not the one that was installed: its hash is %.16s…, not %.16s…", ceremony.Hash(b), p.network.Genesis))
	} else if why := p.otherGenesis(doc); why != "" {
		found = append(found, fault(another, "the chain in this home did not begin from this genesis file: %s", why))
	}
	return otherwise(found, "chain %s, hash %.16s…", doc.ChainID, ceremony.Hash(b))
}

// otherGenesis compares the file with what the engine began from, or the running node says.
func (p *patient) otherGenesis(doc *types.GenesisDoc) string {
	if p.running() && p.own.hello.ChainId != doc.ChainID {
		return "the running node is of chain " + p.own.hello.ChainId
	}
	if p.stored == nil || p.stored.genesis == nil {
		return ""
	}
	return differ(doc, p.stored.genesis)
}

// genesisPeers lists the peer ids that genesis registers.
func genesisPeers(doc *types.GenesisDoc) []string {
	var out []string
	if doc == nil {
		return nil
	}
	g, err := kernel.ParseGenesis(doc.AppState)
	if err != nil {
		return nil
	}
	for _, call := range g.Calls {
		m := &membersv1.AdmitMember{}
		if call.Method == "members.AdmitMember" && protojson.Unmarshal(call.Message, m) == nil {
			for _, n := range m.Nodes {
				out = append(out, hexOf(n))
			}
		}
	}
	return out
}
