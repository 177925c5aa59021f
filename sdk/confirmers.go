package sdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

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

// maxConfirmersFile bounds the file, in bytes.
const maxConfirmersFile = 4 << 20

// confirmerKeys are the records that say whose a confirmer's key is, two for each.
func confirmerKeys(list []Confirmer) [][]byte {
	var out [][]byte
	for _, k := range list {
		out = append(out, membersv1.KeyUseKey(k.Key.ID()), membersv1.MemberKey(k.Member))
	}
	return out
}

// rememberConfirmers proves the configured confirmers and keeps records, proofs and the header for a later checkpoint.
func (c *Client) rememberConfirmers(ctx context.Context) error {
	if len(c.conf.Confirmers) == 0 || c.conf.Dir == "" {
		return nil
	}
	return again(ctx, func() error {
		r, err := c.nodes[0].gate.Read(ctx, connect.NewRequest(&gatev1.ReadRequest{Keys: confirmerKeys(c.conf.Confirmers)}))
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
		if _, err := c.confirmersAt(b, r.Msg); err != nil {
			return err
		}
		return c.keepConfirmers(b, r.Msg)
	})
}

// confirmersAt checks records and proofs against a verified block and returns who may vouch: active members with a
// seat or a vouching role, by keys of their main accounts.
func (c *Client) confirmersAt(b *types.LightBlock, r *gatev1.ReadResponse) ([]Confirmer, error) {
	raws, err := checkRecords(b.AppHash, confirmerKeys(c.conf.Confirmers), r.Records, false)
	if err != nil {
		return nil, err
	}
	for i, k := range c.conf.Confirmers {
		use, member := &membersv1.KeyUse{}, &membersv1.Member{}
		if raws[2*i] == nil || raws[2*i+1] == nil {
			return nil, fmt.Errorf("confirmer %s: %w: its key or its member is not on the chain", k.Member.Short(), ErrNotFound)
		}
		if err := errors.Join(kernelv1.Unframe(raws[2*i], use), kernelv1.Unframe(raws[2*i+1], member)); err != nil {
			return nil, err
		}
		active := member.State == membersv1.MemberState_MEMBER_STATE_ACTIVE
		if !active || !member.Seat && member.Roles&vouching == 0 || !bytes.Equal(use.Account, member.MainAccount) {
			return nil, fmt.Errorf("confirmer %s: a checkpoint is confirmed by the main account of an active member with a seat, or of a regulator or authority",
				k.Member.Short())
		}
	}
	return c.conf.Confirmers, nil
}

// keepConfirmers writes the block's length and encoding, then the answer, as one file.
func (c *Client) keepConfirmers(b *types.LightBlock, r *gatev1.ReadResponse) error {
	block, err := light.Encode(b)
	if err != nil {
		return err
	}
	content, err := proto.Marshal(&gatev1.ReadResponse{Height: r.Height, Records: append(r.Records, &gatev1.Record{Value: block})})
	if err != nil {
		return err
	}
	return light.WriteFile(c.file(fileConfirmers), content)
}

// knownConfirmers reads and checks what was kept at the last contact, which was no later than the kept header.
func (c *Client) knownConfirmers(kept *types.LightBlock) ([]Confirmer, error) {
	content, err := os.ReadFile(c.file(fileConfirmers))
	if err != nil || len(content) > maxConfirmersFile {
		return nil, fmt.Errorf("the members that may confirm a checkpoint were not kept at the last contact: %w", err)
	}
	r := &gatev1.ReadResponse{}
	if err := proto.Unmarshal(content, r); err != nil || len(r.Records) == 0 {
		return nil, fmt.Errorf("the file of confirmers is damaged: %w", errors.Join(err, ErrAnswer))
	}
	last := len(r.Records) - 1
	b, err := light.Decode(c.chain, r.Records[last].Value)
	if err != nil {
		return nil, err
	}
	if b.Height > kept.Height && !bytes.Equal(b.Hash(), kept.Hash()) || b.Height != r.Height+1 {
		return nil, fmt.Errorf("%w: the confirmers' header is not one that was trusted", ErrHeader)
	}
	r.Records = r.Records[:last]
	return c.confirmersAt(b, r)
}
