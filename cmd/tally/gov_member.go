package main

import (
	"context"
	"encoding/hex"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// proposeMember are the proposals about members.
func (p *program) proposeMember(f *proposeFlags) []*cobra.Command {
	return []*cobra.Command{
		p.proposeAdmit(f), p.proposeState(f, "suspend", "Stop all accounts of a member; what it holds stays where it is", membersv1.MemberState_MEMBER_STATE_SUSPENDED),
		p.proposeState(f, "reinstate", "Let a suspended member, or one that left, act again", membersv1.MemberState_MEMBER_STATE_ACTIVE),
		p.proposeLeave(f), p.proposeStanding(f), p.proposeSponsor(f), p.proposeRecover(f),
	}
}

const memberHelp = `A member file says who is to be admitted:

  {
    "name": "Bank of Nanshan", "uscc": "91310000MA4DEM0073", "small_firm": false,
    "roles": "bank,financier", "seat": true, "supplier_quota": 500,
    "nodes": ["<40 hex digits>"], "encryption_key": "x25519:<64 hex digits>",
    "policy": {"threshold": 1, "keys": [{"key": "secp256k1:02a1…", "holder": "Ann"}]}
  }

Instead of "uscc" there can be "lei". 'tally help policy' says more of policies.`

// memberFile is a member as people write it.
type memberFile struct {
	Name          string     `json:"name"`
	USCC          string     `json:"uscc"`
	LEI           string     `json:"lei"`
	SmallFirm     bool       `json:"small_firm"`
	Roles         string     `json:"roles"`
	Seat          bool       `json:"seat"`
	SupplierQuota uint32     `json:"supplier_quota"`
	Nodes         []string   `json:"nodes"`
	EncryptionKey string     `json:"encryption_key"`
	Policy        policyJSON `json:"policy"`
}

func (j *memberFile) message() (*membersv1.AdmitMember, error) {
	if (j.USCC == "") == (j.LEI == "") {
		return nil, wrong("uscc", lang.T("a unified social credit code or an LEI is needed, and not both"), lang.T("Give one of them."))
	}
	roles, err := membersv1.ParseRoles(j.Roles)
	if err != nil {
		return nil, wrong("roles", lang.T("%s", err), lang.T("Put commas between them."))
	}
	policy, err := j.Policy.message()
	if err != nil {
		return nil, err
	}
	f := inviteFlags{name: j.Name, uscc: j.USCC, lei: j.LEI, small: j.SmallFirm}
	m := &membersv1.AdmitMember{Legal: f.legal(), Roles: roles, Seat: j.Seat, SupplierQuota: j.SupplierQuota, Policy: policy}
	for _, one := range j.Nodes {
		b, err := hex.DecodeString(one)
		if err != nil {
			return nil, wrong("nodes", lang.T("%.60q is no peer id", one), lang.T("It is 40 hex digits: 'tallyd' prints it."))
		}
		m.Nodes = append(m.Nodes, b)
	}
	if j.EncryptionKey != "" {
		k, err := (&policyKeyJSON{Key: j.EncryptionKey, Purpose: "encrypt"}).message()
		if err != nil {
			return nil, err
		}
		m.EncryptionKey = k.PublicKey
	}
	return m, nil
}

func (p *program) proposeAdmit(f *proposeFlags) *cobra.Command {
	var file string
	c := p.kind(f, "admit --file MEMBER.json", "Admit a member", cobra.NoArgs, func(context.Context, *wallet.Session, []string) ([]proto.Message, error) {
		j := &memberFile{}
		if err := readStrict("file", file, j); err != nil {
			return nil, err
		}
		if f.title == "" {
			f.title = "admit " + j.Name
		}
		return one(j.message())
	})
	c.Long = memberHelp
	c.Flags().StringVar(&file, "file", "", "the member's file")
	required(c, "file")
	return c
}

// standing is how a member stands now, to be changed.
func standingOf(ctx context.Context, s *wallet.Session, text string) (*membersv1.SetStanding, *membersv1.Member, error) {
	found, err := s.FindMember(ctx, text)
	if err != nil {
		return nil, nil, err
	}
	now := &membersv1.Member{}
	if _, _, err := s.Client.Get(ctx, membersv1.MemberKey(id.Must(found.Id)), now); err != nil {
		return nil, nil, err
	}
	return &membersv1.SetStanding{
		Member: now.Id, State: now.State, Roles: now.Roles, Seat: now.Seat, SupplierQuota: now.SupplierQuota,
		Replaces: membersv1.StandingHash(now).Bytes(),
	}, now, nil
}

// proposeState changes a member's state and nothing else of it.
func (p *program) proposeState(f *proposeFlags, name, short string, state membersv1.MemberState) *cobra.Command {
	var reason string
	c := p.kind(f, name+" MEMBER --reason TEXT", short, cobra.ExactArgs(1), func(ctx context.Context, s *wallet.Session, args []string) ([]proto.Message, error) {
		m, _, err := standingOf(ctx, s, args[0])
		if err != nil {
			return nil, err
		}
		m.State, m.Reason = state, reason
		return one(m, nil)
	})
	reasoned(c, &reason)
	return c
}

func reasoned(c *cobra.Command, reason *string) {
	c.Flags().StringVar(reason, "reason", "", "why: 1 to 500 bytes, which every member can read")
	required(c, "reason")
}

// proposeLeave has a member leave with its validators.
func (p *program) proposeLeave(f *proposeFlags) *cobra.Command {
	var reason string
	var below bool
	c := p.kind(f, "leave MEMBER --reason TEXT", "End a membership: seat, quota, nodes and validators are taken", cobra.ExactArgs(1),
		func(ctx context.Context, s *wallet.Session, args []string) ([]proto.Message, error) {
			m, _, err := standingOf(ctx, s, args[0])
			if err != nil {
				return nil, err
			}
			m.State, m.Seat, m.SupplierQuota, m.Reason = membersv1.MemberState_MEMBER_STATE_LEFT, false, 0, reason
			set := &governancev1.ValidatorSet{}
			if _, _, err := s.Client.Get(ctx, governancev1.ValidatorsKey(), set); err != nil {
				return nil, err
			}
			var out []proto.Message
			for _, v := range set.Validators {
				if string(v.Member) == string(m.Member) {
					out = append(out, &governancev1.SetValidator{PublicKey: v.PublicKey, Member: v.Member, AllowBelowFour: below})
				}
			}
			return append(out, m), nil
		})
	c.Flags().BoolVar(&below, "allow-below-four", false, "even where fewer than four validators remain")
	reasoned(c, &reason)
	return c
}

// proposeStanding changes what a member may do.
func (p *program) proposeStanding(f *proposeFlags) *cobra.Command {
	var roles, seat, reason string
	var quota uint32
	c := &cobra.Command{Use: "standing MEMBER [--roles ROLES] [--seat yes|no] [--quota N]", Short: "Change a member's roles, seat or quota of suppliers", Args: cobra.ExactArgs(1)}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if seat != "" && seat != "yes" && seat != "no" {
			return wrong("seat", lang.T("%.20q", seat), lang.T("Write yes or no."))
		}
		return p.proposing(cmd, f, func(ctx context.Context, s *wallet.Session) ([]proto.Message, error) {
			m, _, err := standingOf(ctx, s, args[0])
			if err != nil {
				return nil, err
			}
			m.Reason = reason
			if roles != "" {
				if m.Roles, err = membersv1.ParseRoles(roles); err != nil {
					return nil, wrong("roles", lang.T("%s", err), lang.T("Put commas between them."))
				}
			}
			if seat != "" {
				m.Seat = seat == "yes"
			}
			if cmd.Flags().Changed("quota") {
				m.SupplierQuota = quota
			}
			return one(m, nil)
		})
	}
	c.Flags().StringVar(&roles, "roles", "", "all roles that it has from then on, with commas between them")
	c.Flags().StringVar(&seat, "seat", "", "yes or no: whether it votes")
	c.Flags().Uint32Var(&quota, "quota", 0, "how many suppliers it may admit")
	c.Flags().StringVar(&reason, "reason", "", "why, for every member to read")
	c.MarkFlagsOneRequired("roles", "seat", "quota")
	return c
}

func (p *program) proposeSponsor(f *proposeFlags) *cobra.Command {
	return p.kind(f, "sponsor MEMBER SPONSOR|none", "Put a supplier on another sponsor's lane, or on its own", cobra.ExactArgs(2),
		func(ctx context.Context, s *wallet.Session, args []string) ([]proto.Message, error) {
			member, err := s.FindMember(ctx, args[0])
			if err != nil {
				return nil, err
			}
			m := &membersv1.SetSponsor{Member: member.Id}
			if args[1] != "none" {
				sponsor, err := s.FindMember(ctx, args[1])
				if err != nil {
					return nil, err
				}
				m.Sponsor = sponsor.Id
			}
			return one(m, nil)
		})
}

// proposeRecover gives an account whose keys are lost others, and takes that back.
func (p *program) proposeRecover(f *proposeFlags) *cobra.Command {
	var reason string
	flags := &policyFlags{}
	c := p.kind(f, "recover ACCOUNT (--key KEY... | --file POLICY) --reason TEXT", "Give an account whose keys are lost others, after a wait in which it can veto", cobra.ExactArgs(1),
		func(ctx context.Context, s *wallet.Session, args []string) ([]proto.Message, error) {
			policy, err := flags.policy()
			if err != nil {
				return nil, err
			}
			account, err := s.FindAccount(ctx, args[0])
			return one(&membersv1.Recover{Account: account.Bytes(), Policy: policy, Reason: reason}, err)
		})
	flags.register(c)
	reasoned(c, &reason)
	c.AddCommand(p.kind(f, "cancel ACCOUNT", "Take back a recovery that waits", cobra.ExactArgs(1),
		func(ctx context.Context, s *wallet.Session, args []string) ([]proto.Message, error) {
			account, err := s.FindAccount(ctx, args[0])
			return one(&membersv1.CancelRecovery{Account: account.Bytes()}, err)
		}))
	return c
}
