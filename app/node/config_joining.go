package node

import (
	"encoding/hex"
	"fmt"
	"net"

	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/splittally/splittally/app/node/headers"
)

const hashBytes = 32

// checkStateSync judges what a node begins from.
func (c Config) checkStateSync() error {
	if len(c.StateSyncGates) > headers.GatesMax {
		return fieldError("state_sync_gates", "%d are listed, at most %d", len(c.StateSyncGates), headers.GatesMax)
	}
	gates, err := c.Gates()
	if err != nil {
		return err
	}
	if hash, err := hex.DecodeString(c.StateSyncTrustHash); err != nil || len(hash) != hashBytes && c.StateSyncTrustHash != "" {
		return fieldError("state_sync_trust_hash", "%q is no hash of a header: write 64 hex digits", c.StateSyncTrustHash)
	}
	switch {
	case (c.StateSyncTrustHeight == 0) != (c.StateSyncTrustHash == ""):
		return fieldError("state_sync_trust_hash", "it and state_sync_trust_height name one header: set both, or none")
	case c.StateSyncTrustHeight == 0:
		return nil
	}
	if err := headers.CheckMembers(gates); err != nil {
		return fieldError("state_sync_gates", "%s", err)
	}
	return nil
}

// Gates are the gates that headers are asked of.
func (c Config) Gates() ([]headers.Gate, error) {
	var out []headers.Gate
	for i, s := range c.StateSyncGates {
		g, err := headers.ParseGate(s)
		if err != nil {
			return nil, fieldError(fmt.Sprintf("state_sync_gates[%d]", i), "%s", err)
		}
		out = append(out, g)
	}
	return out, nil
}

// trust is the header that the operator trusts.
func (c Config) trust() headers.Trust {
	hash, _ := hex.DecodeString(c.StateSyncTrustHash) // Check has judged it
	return headers.Trust{Height: int64(c.StateSyncTrustHeight), Hash: hash}
}

// checkSigner judges where the validator's key is.
func (c Config) checkSigner() error {
	if (c.RemoteSignerListen == "") != (c.RemoteSignerKey == "") {
		return fieldError("remote_signer_key", "it and remote_signer_listen belong together: set both, or none")
	}
	if c.RemoteSignerListen == "" {
		return nil
	}
	if host, _, _ := net.SplitHostPort(c.RemoteSignerListen); net.ParseIP(host) == nil {
		return fieldError("remote_signer_listen", "%q names no IP address: write it as 10.0.0.5:26659", c.RemoteSignerListen)
	}
	if _, err := parseEd25519(c.RemoteSignerKey); err != nil {
		return fieldError("remote_signer_key", "%q: %s: 'tallyd signer key' shows it on the signer's machine", c.RemoteSignerKey, err)
	}
	return nil
}

func parseEd25519(s string) (ed25519.PubKey, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != ed25519.PubKeySize {
		return nil, fmt.Errorf("not %d hex digits", 2*ed25519.PubKeySize)
	}
	return b, nil
}
