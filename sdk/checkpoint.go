package sdk

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/sdk/internal/light"
)

// checkpointPurpose is what a checkpoint is signed for.
const checkpointPurpose = "checkpoint"

// Bounds of a checkpoint.
const (
	minConfirmations = 2
	maxConfirmations = 16
	maxCheckpoint    = 64 << 10 // bytes of its JSON
)

// Checkpoint is a header that members vouch for, for clients that had no contact for more than 14 days.
type Checkpoint struct {
	Chain  string `json:"chain"`
	Height int64  `json:"height"`
	// Hash of the header, 64 hex digits.
	Hash       string         `json:"hash"`
	Signatures []Confirmation `json:"signatures"`
}

// Confirmation is one member's signature, by a key of its main account.
type Confirmation struct {
	Member    id.ID  `json:"member"`
	Key       string `json:"key"` // kind:hex
	Signature string `json:"signature"`
}

// Confirmer is a member, and a key of its main account, whose checkpoints a client will take.
type Confirmer struct {
	Member id.ID
	Key    key.Public
}

// Checkpoint makes an unsigned checkpoint of the newest verified header.
func (c *Client) Checkpoint(ctx context.Context) (*Checkpoint, error) {
	if err := c.catchUp(ctx); err != nil {
		return nil, err
	}
	b, err := c.light.Last(ctx)
	if err != nil {
		return nil, err
	}
	return &Checkpoint{Chain: c.chain, Height: b.Height, Hash: hex.EncodeToString(b.Hash())}, nil
}

// CheckpointAt makes an unsigned checkpoint of the verified header of a height: what a second member compares with the
// one that it is asked to sign. Headers from before what this client trusted first are ErrStale.
func (c *Client) CheckpointAt(ctx context.Context, height int64) (*Checkpoint, error) {
	b, err := c.light.At(ctx, height)
	if err != nil {
		return nil, headerError(err)
	}
	return &Checkpoint{Chain: c.chain, Height: b.Height, Hash: hex.EncodeToString(b.Hash())}, nil
}

// ReadCheckpoint reads a checkpoint's JSON.
func ReadCheckpoint(b []byte) (*Checkpoint, error) {
	p := &Checkpoint{}
	if len(b) > maxCheckpoint {
		return nil, fmt.Errorf("a checkpoint of %d bytes is none", len(b))
	}
	return p, json.Unmarshal(b, p)
}

// Sign adds a member's confirmation. Sign only what a client of one's own shows for that height.
func (p *Checkpoint) Sign(member id.ID, s key.Signer) error {
	digest, _, err := p.digest()
	if err != nil {
		return err
	}
	sig, err := s.Sign(digest)
	if err != nil {
		return err
	}
	p.Signatures = append(p.Signatures, Confirmation{Member: member, Key: s.Public().String(), Signature: hex.EncodeToString(sig)})
	return nil
}

// digest is what is signed: chain, height in 8 bytes, hash.
func (p *Checkpoint) digest() (digest, hash []byte, err error) {
	hash, err = hex.DecodeString(p.Hash)
	if err != nil || len(hash) != id.Size || p.Height < 1 {
		return nil, nil, errors.New("a checkpoint has a height from 1 and a hash of 64 hex digits")
	}
	content := append(binary.BigEndian.AppendUint64(nil, uint64(p.Height)), hash...)
	return key.Digest(p.Chain, checkpointPurpose, content), hash, nil
}

// check counts the different members among the confirmers whose signatures fit.
func (p *Checkpoint) check(chain string, known []Confirmer) (light.Root, error) {
	digest, hash, err := p.digest()
	if err != nil {
		return light.Root{}, err
	}
	if p.Chain != chain || len(p.Signatures) > maxConfirmations {
		return light.Root{}, fmt.Errorf("the checkpoint is of chain %.40q, or has over %d signatures", p.Chain, maxConfirmations)
	}
	vouched := map[id.ID]bool{}
	for _, s := range p.Signatures {
		for _, k := range known {
			if sig, err := hex.DecodeString(s.Signature); err == nil && k.Member == s.Member && k.Key.String() == s.Key &&
				key.Verify(k.Key, digest, sig) == nil {
				vouched[k.Member] = true
			}
		}
	}
	if len(vouched) < minConfirmations {
		return light.Root{}, fmt.Errorf("the checkpoint is confirmed by %d of the members that this client knew at its last contact, %d are needed",
			len(vouched), minConfirmations)
	}
	return light.Root{Height: p.Height, Hash: hash}, nil
}

// trustedRoot is what the client begins from: the checkpoint where one was given and the kept header has expired.
func (c *Client) trustedRoot() (light.Root, error) {
	root := light.Root{Height: c.conf.Trust.Height, Hash: c.conf.Trust.Hash}
	if c.conf.Checkpoint == nil {
		return root, nil
	}
	kept, err := light.Load(c.file(fileTrusted), c.chain)
	if err != nil {
		return root, err
	}
	if kept == nil {
		return root, errors.New("a checkpoint is checked against what was trusted last, and Dir has nothing: begin from a Trust instead")
	}
	if c.conf.Now().Sub(kept.Time) < light.TrustingPeriod {
		return root, nil // what is kept still carries on by itself
	}
	known, err := c.knownConfirmers()
	if err != nil {
		return root, err
	}
	return c.conf.Checkpoint.check(c.chain, known)
}
