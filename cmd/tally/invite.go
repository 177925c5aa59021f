package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/keys/token"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// inviteFlags are what 'tally invite' takes.
type inviteFlags struct {
	name, uscc, lei, check, out string
	small                       bool
}

func (p *program) invite() *cobra.Command {
	var f inviteFlags
	c := &cobra.Command{
		Use:   "invite --name NAME --uscc CODE --identity-check HASH|FILE --out FILE",
		Short: "As a core enterprise or bank: admit a supplier and write its invitation",
		Long: `invite admits a supplier on your quota and writes an invitation file. Give it to the supplier over a way that
only it reads: who has the file can join in its place until it has joined. The file also has the consortium's
key of invoice fingerprints.`,
		Example: "  tally invite --name 'Yuhe Forging Co., Ltd.' --uscc 91310000MA1DEM005X --small-firm \\\n    --identity-check yuhe-licence.pdf --out yuhe.invitation.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error { return p.inviteOne(ctx, s, f) })
		},
	}
	c.Flags().StringVar(&f.name, "name", "", "its legal name")
	c.Flags().StringVar(&f.uscc, "uscc", "", "its unified social credit code [GB 32100]")
	c.Flags().StringVar(&f.lei, "lei", "", "or its Legal Entity Identifier [ISO 17442]")
	c.Flags().BoolVar(&f.small, "small-firm", false, "it is a small firm [802]")
	c.Flags().StringVar(&f.check, "identity-check", "", "the document of its identity check: its file, or its SHA-256")
	c.Flags().StringVar(&f.out, "out", "", "the invitation's file, which must not be there yet")
	required(c, "name", "identity-check", "out")
	c.MarkFlagsOneRequired("uscc", "lei")
	c.MarkFlagsMutuallyExclusive("uscc", "lei")
	return c
}

func (f *inviteFlags) legal() *membersv1.Legal {
	if f.lei != "" {
		return &membersv1.Legal{Name: f.name, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_LEI, Credential: f.lei, SmallFirm: f.small}
	}
	return &membersv1.Legal{Name: f.name, CredentialKind: membersv1.CredentialKind_CREDENTIAL_KIND_USCC, Credential: f.uscc, SmallFirm: f.small}
}

func (p *program) inviteOne(ctx context.Context, s *wallet.Session, f inviteFlags) error {
	hash, err := document("identity-check", f.check)
	if err != nil {
		return err
	}
	o, err := s.PrepareInvitation(ctx, wallet.Supplier{Legal: f.legal(), IdentityCheck: hash})
	if err != nil {
		return err
	}
	if err := o.Message.Validate(); err != nil {
		return err
	}
	words, err := s.Preview(ctx, o.Message)
	if err != nil {
		return err
	}
	if err := p.confirm(words); err != nil {
		return err
	}
	done := p.waiting("waiting for the block")
	out, err := s.Invite(ctx, words, o, f.out)
	done()
	if err != nil {
		return err
	}
	j := doneJSON{
		Transaction: out.Ticket.Body.String(), What: words, Height: out.Height, Verified: verified(s, out.Proof),
		Created: map[string]any{"member": o.Invitation.Member, "account": o.Invitation.Profile.Account, "invitation": f.out},
	}
	return p.answer(j, func(w page) {
		w.say("Done in block %d, %s\n", out.Height, s.Clock.Stamp(out.Proof))
		w.say("The invitation is in %s. Give it to %s over a way that only they read;\nthey run: tally join %s\n", f.out, f.name, f.out)
	})
}

// join makes a wallet from an invitation.
func (p *program) join() *cobra.Command {
	var t tokenFlags
	c := &cobra.Command{
		Use:   "join INVITATION",
		Short: "Make a wallet from the invitation that your customer or bank gave you",
		Long: `join makes a key of your own, shows you the 24 words that restore it, and puts it in the place of the
invitation's one-time key. From then on only you sign for your account. A key that 'tally keys new' or
'tally keys import' put into the wallet's folder is used instead. It is safe to run it again.

With --token-module, --token-label and --key-label the key is one that a PKCS#11 token has: 'tally keys new' with the
same flags makes it there.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.joinBy(cmd, args[0], &t) },
	}
	t.register(c.Flags())
	c.MarkFlagsRequiredTogether("token-module", "token-label", "key-label")
	return c
}

func (p *program) joinBy(cmd *cobra.Command, file string, t *tokenFlags) error {
	i, err := wallet.ReadInvitation(file)
	if errors.Is(err, os.ErrNotExist) {
		return wrong("invitation", lang.T("%s", err), lang.T("Name the file that your sponsor gave you."))
	}
	if err != nil {
		return err
	}
	if err := p.confirm([]string{p.lang.F("You join the chain %s as %s, invited by %s. A key of your own signs from then on.", i.Profile.Chain, i.Name, i.Sponsor)}); err != nil {
		return err
	}
	w, err := p.acceptInvitation(i, t)
	if err != nil {
		return err
	}
	if err := p.adopt(w); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), p.timeout)
	defer cancel()
	done := p.waiting("joining")
	joined, err := i.Join(ctx, w)
	done()
	if err != nil {
		return err
	}
	if joined {
		p.note("Welcome, %s. Delete %s: it is of no more use.\n", i.Name, file)
	} else {
		p.note("You have joined already.\n")
	}
	return p.session(ctx, w, func(s *wallet.Session) error { return p.showStatus(ctx, s) })
}

// acceptInvitation makes the wallet, whose key is unlocked: the token's where one is named, or the wallet has one already.
func (p *program) acceptInvitation(i *wallet.Invitation, t *tokenFlags) (*wallet.Wallet, error) {
	conf, err := t.config()
	if err != nil {
		return nil, err
	}
	if there, err := wallet.Open(p.home); err == nil && conf == nil {
		conf = there.Profile.Token
	}
	var signer key.Signer
	if conf == nil {
		signer, err = p.joinKey()
	} else {
		signer, err = p.joinToken(conf)
	}
	if err != nil {
		return nil, err
	}
	i.Profile.Token = conf
	w, err := i.Accept(p.home)
	if err != nil {
		return nil, err
	}
	if conf != nil && (w.Profile.Token == nil || *w.Profile.Token != *conf) {
		return nil, wrong("token-module", lang.T("the wallet in this folder has another key"), lang.T("Leave the token's flags out, or name another folder with --home."))
	}
	w.UseSigner(signer)
	return w, nil
}

// joinToken opens the token that the key is in, and notes in the settings which key it is.
func (p *program) joinToken(conf *token.Config) (key.Signer, error) {
	pin, err := p.passphrase(p.lang.F("PIN of the token %q: ", conf.Token))
	if err != nil {
		return nil, err
	}
	signer, err := token.Load(*conf, pin)
	if err != nil {
		return nil, ofToken(err)
	}
	conf.Public = signer.Public().String()
	return signer, nil
}

// suspend and reinstate are a sponsor's.
func (p *program) suspend() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "suspend SUPPLIER --reason TEXT", Short: "Stop all accounts of a supplier that you admitted, at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onMember(cmd, args[0], func(m *membersv1.Member) proto.Message {
				return &membersv1.SuspendSupplier{Member: m.Id, Reason: reason}
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why: 1 to 500 bytes, which every member can read")
	required(c, "reason")
	return c
}

func (p *program) reinstate() *cobra.Command {
	return &cobra.Command{
		Use: "reinstate SUPPLIER", Short: "Take your suspension of a supplier back", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.onMember(cmd, args[0], func(m *membersv1.Member) proto.Message { return &membersv1.ReinstateSupplier{Member: m.Id} })
		},
	}
}

func (p *program) onMember(cmd *cobra.Command, text string, message func(*membersv1.Member) proto.Message) error {
	return p.connected(cmd, func(ctx context.Context, s *wallet.Session) error {
		m, err := s.FindMember(ctx, text)
		if err != nil {
			return err
		}
		return p.act(ctx, s, deed{messages: []proto.Message{message(m)}})
	})
}
