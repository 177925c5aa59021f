package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cometbft/cometbft/types"
	"github.com/spf13/cobra"
	"github.com/splittally/splittally/app/node"
)

func signerCommand() *cobra.Command {
	var home, at, chain string
	cmd := &cobra.Command{
		Use:   "signer",
		Short: "Sign for a validator whose key is not on the node's machine",
		Long: `signer holds a validator's key and signs for one node, until it is told to stop. It connects to the node, over
a channel on which each side shows its key and refuses any other; the node then needs no key.

  on the signer's machine   tallyd signer init --home S          shows the signer's and the validator's key
  on the node's machine     tallyd signer key --home N           shows the node's key
                            remote_signer_listen, remote_signer_key in tallyd.toml; no priv_validator_key.json
  on the signer's machine   tallyd signer --home S --chain ID --node KEY@host:port

To move a validator's key, stop the node first, and move priv_validator_key.json together with
data/priv_validator_state.json: two files that never stand in two places.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSigner(cmd, home, at, chain)
		},
	}
	homeFlag(cmd, &home)
	cmd.Flags().StringVar(&at, "node", "", "the node, KEY@host:port: its remote_signer_listen")
	cmd.Flags().StringVar(&chain, "chain", "", "the chain's id; without it that of config/genesis.json")
	cmd.AddCommand(signerInitCommand(), signerKeyCommand())
	for _, one := range cmd.Commands() {
		one.Args = asUsage(one.Args)
	}
	return cmd
}

func runSigner(cmd *cobra.Command, home, at, chain string) error {
	c := node.DefaultConfig()
	c.Home = home
	if at == "" {
		return failure{errors.New("--node is missing: KEY@host:port"), exitUsage}
	}
	if chain == "" {
		g, err := types.GenesisDocFromFile(c.GenesisFile())
		if err != nil {
			return failure{fmt.Errorf("--chain is missing, and there is no genesis file to read it from: %w", err), exitUsage}
		}
		chain = g.ChainID
	}
	log := node.NewLog(cmd.ErrOrStderr(), c)
	s, err := node.OpenSigner(c, chain, at, log)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log.Info("the signer runs", "node", at, "chain", chain)
	s.Run(ctx)
	return s.Close()
}

func signerInitCommand() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use: "init", Short: "Make a signer's identity, and a validator's key where there is none", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := node.DefaultConfig()
			c.Home = home
			k, err := node.MakeSigner(c)
			if err != nil {
				return err
			}
			return tellKeys(cmd, k)
		},
	}
	homeFlag(cmd, &home)
	return cmd
}

func signerKeyCommand() *cobra.Command {
	var home string
	cmd := &cobra.Command{
		Use: "key", Short: "Show the public keys that a node and its signer must know of each other", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := node.DefaultConfig()
			c.Home = home
			k, err := node.ReadSignerKeys(c)
			if err == nil && k == (node.SignerKeys{}) {
				err = fmt.Errorf("%s has no keys: 'tallyd init' makes a node, 'tallyd signer init' a signer", home)
			}
			if err != nil {
				return err
			}
			return tellKeys(cmd, k)
		},
	}
	homeFlag(cmd, &home)
	return cmd
}

func tellKeys(cmd *cobra.Command, k node.SignerKeys) error {
	for _, one := range []struct{ name, value string }{
		{"signer's key (remote_signer_key)", k.Signer}, {"validator's key", k.Validator}, {"node's key (--node)", k.Node},
	} {
		if one.value == "" {
			continue
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-34s %s\n", one.name, one.value); err != nil {
			return err
		}
	}
	return nil
}
