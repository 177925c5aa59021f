package main

import (
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
)

// namesCommand is the address book.
func (p *program) namesCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "names",
		Short: "Your own names for accounts: list, add and remove",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return p.listNames() },
	}
	c.AddCommand(&cobra.Command{
		Use: "add NAME ACCOUNT", Short: "Call an account by a name of your own", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wallet.CheckName(args[0]); err != nil {
				return err
			}
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.addName(ctx, s, args[0], args[1]) })
		},
	}, &cobra.Command{
		Use: "remove NAME", Short: "Forget a name", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			w, err := p.openLocked()
			if err != nil {
				return err
			}
			if _, ok := w.Profile.Names[args[0]]; !ok {
				return lang.Errorf("%w: the address book has no %.80q", wallet.ErrNoMatch, args[0])
			}
			delete(w.Profile.Names, args[0])
			return w.Save()
		},
	})
	return c
}

func (p *program) listNames() error {
	w, err := p.openLocked()
	if err != nil {
		return err
	}
	book := w.Profile.Names
	if book == nil {
		book = map[string]id.ID{}
	}
	return p.answer(map[string]any{"names": book}, func(out page) {
		var table [][]string
		for _, name := range slices.Sorted(maps.Keys(book)) {
			table = append(table, []string{name, book[name].String()})
		}
		if len(table) == 0 {
			out.say("The address book is empty; 'tally names add NAME ACCOUNT' adds to it. Members' names work without.\n")
			return
		}
		grid(out, nil, []string{"name", "account"}, table)
	})
}

func (p *program) addName(ctx context.Context, s *wallet.Session, name, text string) error {
	account, err := s.FindAccount(ctx, text)
	if err != nil {
		return err
	}
	who, err := s.Party(ctx, account[:])
	if err != nil {
		return err
	}
	if s.Wallet.Profile.Names == nil {
		s.Wallet.Profile.Names = map[string]id.ID{}
	}
	s.Wallet.Profile.Names[name] = account
	if err := s.Wallet.Profile.Check(); err != nil {
		return err
	}
	if err := s.Wallet.Save(); err != nil {
		return err
	}
	return p.answer(map[string]any{"name": name, "account": partyOf(who)}, func(w page) {
		w.say("%s is %s from now on, in this wallet.\n", name, who.Full())
	})
}
