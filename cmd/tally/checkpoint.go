package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

const checkpointHelp = `A wallet that had no contact for more than 14 days cannot tell the chain from another that former validators
made up. It goes on from a checkpoint: a header that two members vouch for, whose keys it knew before.

  one member     tally checkpoint make --out point.json
  that member    tally checkpoint sign point.json
  a second one   tally checkpoint sign point.json
  the wallet     tally checkpoint use point.json`

// checkpoint makes, signs and takes checkpoints.
func (p *program) checkpoint() *cobra.Command {
	c := &cobra.Command{Use: "checkpoint", Short: "Make, confirm and use a checkpoint, after 14 days without contact", Long: checkpointHelp}
	var out string
	create := &cobra.Command{
		Use: "make", Short: "Write a checkpoint of the newest header, for members to confirm", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
				point, err := s.Client.Checkpoint(ctx)
				if err != nil {
					return err
				}
				return p.writePoint(out, point)
			})
		},
	}
	create.Flags().StringVar(&out, "out", "", "the file to write; standard output without")
	c.AddCommand(create, &cobra.Command{
		Use: "sign FILE", Short: "As a member: confirm a checkpoint that your own wallet finds to be so", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.signPoint(ctx, s, args[0]) })
		},
	}, &cobra.Command{
		Use: "use FILE", Short: "Go on from a checkpoint that two members have confirmed", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.usePoint(cmd, args[0]) },
	})
	return c
}

func (p *program) writePoint(out string, point *sdk.Checkpoint) error {
	b, err := json.MarshalIndent(point, "", "  ")
	if err != nil {
		return err
	}
	if out == "" {
		_, err = p.raw.Write(append(b, '\n'))
		return err
	}
	if err := os.WriteFile(out, append(b, '\n'), 0o600); err != nil {
		return wrong("out", lang.T("%s", err), lang.T("Name a file that can be written."))
	}
	p.note("Height %d of %s is in %s, with %d confirmations.\n", point.Height, point.Chain, out, len(point.Signatures))
	return nil
}

func readPoint(file string) (*sdk.Checkpoint, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		var point *sdk.Checkpoint
		if point, err = sdk.ReadCheckpoint(b); err == nil {
			return point, nil
		}
	}
	return nil, wrong("checkpoint", lang.T("%s: %v", file, err), lang.T("Give the file that 'tally checkpoint make' wrote."))
}

// signPoint signs only what the wallet itself finds at that height.
func (p *program) signPoint(ctx context.Context, s *wallet.Session, file string) error {
	point, err := readPoint(file)
	if err != nil {
		return err
	}
	own, err := s.Client.CheckpointAt(ctx, point.Height)
	if err != nil {
		return err
	}
	if own.Chain != point.Chain || own.Hash != point.Hash {
		return lang.Errorf("%w: the checkpoint's header %d is %.16s…, on the chain that this wallet follows it is %.16s…: do not sign it, and tell the members",
			sdk.ErrFork, point.Height, point.Hash, own.Hash)
	}
	words := s.Lang.F("You vouch, as a member, that header %d of %s has the hash %.16s…; your wallet finds the same.", point.Height, point.Chain, point.Hash)
	if err := p.confirm([]string{words}); err != nil {
		return err
	}
	if err := point.Sign(s.Member(), s.Wallet.Signer()); err != nil {
		return err
	}
	return p.writePoint(file, point)
}

// usePoint keeps the checkpoint and tries it out.
func (p *program) usePoint(cmd *cobra.Command, file string) error {
	point, err := readPoint(file)
	if err != nil {
		return err
	}
	w, err := p.open()
	if err != nil {
		return err
	}
	if err := w.UseCheckpoint(point); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), p.timeout)
	defer cancel()
	err = p.session(ctx, w, func(s *wallet.Session) error {
		return p.answer(map[string]any{"verified": verified(s, s.Clock.At)}, func(out page) { stamp(out, s, s.Clock.At) })
	})
	if err != nil {
		return errors.Join(err, w.DropCheckpoint())
	}
	return nil
}
