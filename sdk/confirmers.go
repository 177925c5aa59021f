package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"connectrpc.com/connect"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/internal/light"
	"google.golang.org/protobuf/proto"
)

// vouching are the roles whose members may confirm checkpoints without having a seat.
const vouching = membersv1.RoleRegulator | membersv1.RoleAuthority

// Bounds of confirmers.
const (
	maxConfirmers     = 64
	maxConfirmersFile = 4 << 20 // bytes
)

// errConfirmer is wrapped with what is wrong with one of them.
var errConfirmer = errors.New("a checkpoint is confirmed by the main account of an active member with a seat, or of a regulator or authority")

// keys are the two records that say whose a confirmer's key is.
func (k Confirmer) keys() [2][]byte {
	return [2][]byte{membersv1.KeyUseKey(k.Key.ID()), membersv1.MemberKey(k.Member)}
}

// Confirmers proves which of the configured confirmers may confirm a checkpoint today, and keeps that in Dir; the error
// tells why the others may not. Dial does it too, and goes on whatever comes of it: where fewer than two are left, what
// was kept before stays.
func (c *Client) Confirmers(ctx context.Context) (may []Confirmer, err error) {
	var keys [][]byte
	for _, k := range c.conf.Confirmers {
		pair := k.keys()
		keys = append(keys, pair[:]...)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	err = again(ctx, func() error {
		r, err := c.nodes[0].gate.Read(ctx, connect.NewRequest(&gatev1.ReadRequest{Keys: keys}))
		if err != nil {
			return err
		}
		if _, _, err := c.rootOf(ctx, r.Msg.Height); err != nil {
			return err
		}
		b, err := c.light.At(ctx, r.Msg.Height+1)
		if err != nil {
			return err
		}
		for i := range min(len(keys), len(r.Msg.Records)) {
			r.Msg.Records[i].Key = keys[i]
		}
		var doubts error
		may, doubts = c.confirmersAt(b, r.Msg.Records)
		if len(may) < minConfirmations || c.conf.Dir == "" {
			return doubts
		}
		return errors.Join(doubts, c.keepConfirmers(b, r.Msg))
	})
	return may, err
}

// confirmersAt gives those configured confirmers whom the records prove against a verified block.
func (c *Client) confirmersAt(b *types.LightBlock, records []*gatev1.Record) (may []Confirmer, doubts error) {
	for _, k := range c.conf.Confirmers {
		if err := k.proven(b.AppHash, records); err != nil {
			doubts = errors.Join(doubts, fmt.Errorf("confirmer %s: %w", k.Member.Short(), err))
			continue
		}
		may = append(may, k)
	}
	return may, doubts
}

// proven checks the confirmer's two records: an active member with a seat or a vouching role, and a key of its main account.
func (k Confirmer) proven(root []byte, records []*gatev1.Record) error {
	pair := k.keys()
	var raws [2][]byte
	for i, stateKey := range pair {
		at := slices.IndexFunc(records, func(r *gatev1.Record) bool { return bytes.Equal(r.GetKey(), stateKey) })
		if at < 0 {
			return ErrNotFound
		}
		got, err := checkRecords(root, pair[i:i+1], records[at:at+1], false)
		if err := notFound(err != nil || got[0] != nil, err); err != nil {
			return err
		}
		raws[i] = got[0]
	}
	use, member := &membersv1.KeyUse{}, &membersv1.Member{}
	if err := errors.Join(kernelv1.Unframe(raws[0], use), kernelv1.Unframe(raws[1], member)); err != nil {
		return err
	}
	active := member.State == membersv1.MemberState_MEMBER_STATE_ACTIVE
	if use.Waits || !active || !member.Seat && member.Roles&vouching == 0 || !bytes.Equal(use.Account, member.MainAccount) {
		return errConfirmer
	}
	return nil
}

// keepConfirmers writes the records with their proofs and, as a last record, the block that they are proven against.
func (c *Client) keepConfirmers(b *types.LightBlock, r *gatev1.ReadResponse) error {
	block, err := light.Encode(b)
	if err != nil {
		return err
	}
	kept := &gatev1.ReadResponse{Height: r.Height, Records: append(slices.Clone(r.Records), &gatev1.Record{Value: block})}
	content, err := proto.Marshal(kept)
	if err != nil {
		return err
	}
	return light.WriteFile(c.file(fileConfirmers), content)
}

// knownConfirmers reads and checks again what was kept at the last contact.
func (c *Client) knownConfirmers() ([]Confirmer, error) {
	content, err := os.ReadFile(c.file(fileConfirmers))
	if err != nil {
		return nil, fmt.Errorf("who may confirm a checkpoint was not kept at the last contact: begin from a Trust instead: %w", err)
	}
	r := &gatev1.ReadResponse{}
	if len(content) > maxConfirmersFile || proto.Unmarshal(content, r) != nil || len(r.Records) == 0 {
		return nil, fmt.Errorf("%w: the file of confirmers is damaged: begin from a Trust instead", ErrAnswer)
	}
	last := len(r.Records) - 1
	b, err := light.Decode(c.chain, r.Records[last].Value)
	if err != nil {
		return nil, err
	}
	may, doubts := c.confirmersAt(b, r.Records[:last])
	if len(may) < minConfirmations {
		return nil, fmt.Errorf("of those who may confirm a checkpoint fewer than %d were kept: %w", minConfirmations, doubts)
	}
	return may, nil
}
