package wallet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/proto"
)

// invitationVersion is the form of the file.
const invitationVersion = 1

// Invitation is what a sponsor gives a supplier, as a file. Who has it can join in the supplier's place, until the
// supplier has: send it over a way that only the supplier reads. It has the consortium's invoice key too.
type Invitation struct {
	Version int    `json:"splittally_invitation"`
	Sponsor string `json:"sponsor"`
	Name    string `json:"name"` // of the supplier
	Member  id.ID  `json:"member"`
	// OneTimeKey is a secp256k1 secret, hex, that may join as Account and nothing else.
	OneTimeKey string `json:"one_time_key"`
	// Profile is the supplier's to be.
	Profile Profile `json:"profile"`
}

// Supplier is whom a sponsor admits.
type Supplier struct {
	Legal *membersv1.Legal
	// IdentityCheck is the hash of the document that shows who it is.
	IdentityCheck id.ID
}

// Offer is an invitation before it is sent: Message is what to preview and sign.
type Offer struct {
	Message    *membersv1.AdmitSupplier
	Invitation *Invitation
}

// PrepareInvitation makes a one-time key and the invitation for it. trusted is a verified header, such as
// Client.Checkpoint gives.
func (s *Session) PrepareInvitation(ctx context.Context, to Supplier) (*Offer, error) {
	signer, err := key.Generate(key.Secp256k1, rand.Reader)
	if err != nil {
		return nil, err
	}
	sponsor, err := s.MemberByID(ctx, s.Member())
	if err != nil {
		return nil, err
	}
	p, err := s.profileForSupplier(ctx)
	if err != nil {
		return nil, err
	}
	secret := signer.(interface{ Secret() []byte }).Secret() // generated here, so it has one
	pub := signer.Public()
	return &Offer{
		Message: &membersv1.AdmitSupplier{
			Legal: to.Legal, IdentityCheck: to.IdentityCheck.Bytes(), InvitationKind: uint32(pub.Kind), InvitationKey: pub.Bytes,
		},
		Invitation: &Invitation{
			Version: invitationVersion, Sponsor: sponsor.GetLegal().GetName(), Name: to.Legal.GetName(),
			OneTimeKey: hex.EncodeToString(secret), Profile: p,
		},
	}, nil
}

// profileForSupplier is one's own endpoints, invoice key and confirmers, with a header that was verified just now.
func (s *Session) profileForSupplier(ctx context.Context) (Profile, error) {
	point, err := s.Client.Checkpoint(ctx)
	if err != nil {
		return Profile{}, err
	}
	own := s.Wallet.Profile
	p := Profile{
		Chain: own.Chain, Endpoints: own.Endpoints, Alone: own.Alone, InvoiceKey: own.InvoiceKey,
		Trust: Trust{Height: point.Height, Hash: point.Hash}, Confirmers: own.Confirmers,
	}
	main, err := s.MemberByID(ctx, s.Member())
	if err == nil && main.Seat && string(main.MainAccount) == string(s.Own.Id) && len(p.Confirmers) < maxConfirmers {
		p.Confirmers = append(p.Confirmers[:len(p.Confirmers):len(p.Confirmers)], Confirmer{Member: s.Member(), Key: s.Wallet.signer.Public().String()})
	}
	return p, err
}

// Invite admits the supplier and writes the invitation. The file is there before the transaction is sent, so that no
// account comes to be whose key is lost; it is removed where the chain refuses.
func (s *Session) Invite(ctx context.Context, what []string, o *Offer, file string) (sdk.Outcome, error) {
	if _, err := os.Stat(file); err == nil {
		return sdk.Outcome{}, lang.Errorf("%w: %s", fs.ErrExist, file)
	}
	// The one-time key is new each time; the supplier is who it is.
	calls, err := hashOf([]proto.Message{&membersv1.AdmitSupplier{Legal: o.Message.Legal, IdentityCheck: o.Message.IdentityCheck}})
	if err != nil {
		return sdk.Outcome{}, err
	}
	b, err := s.before(ctx, calls)
	if err != nil {
		return sdk.Outcome{}, err
	}
	d, err := s.draft(ctx, Kept{What: what, Calls: calls}, b, o.Message)
	if err != nil {
		return sdk.Outcome{}, err
	}
	o.Invitation.Member, o.Invitation.Profile.Account = d.Ticket().Created(0, 0), d.Ticket().Created(0, 1)
	if err := writeJSON(file, o.Invitation); err != nil {
		return sdk.Outcome{}, errors.Join(err, s.Wallet.drop(d.Ticket()))
	}
	out, err := s.submit(ctx, d)
	if err != nil && final(err) {
		err = errors.Join(err, os.Remove(file))
	}
	return out, err
}

// ReadInvitation reads an invitation's file.
func ReadInvitation(file string) (*Invitation, error) {
	i := &Invitation{}
	if err := readStrict(file, i); err != nil {
		return nil, err
	}
	if i.Version != invitationVersion {
		return nil, input("invitation", lang.T("%s is no invitation of version 1", file), lang.T("Ask your sponsor for the file that 'tally invite' wrote."))
	}
	if _, err := unhex32("one_time_key", i.OneTimeKey); err != nil {
		return nil, err
	}
	return i, i.Profile.CheckInvited()
}

// Accept makes a wallet from an invitation, whose own key was saved to the home before: the wallet is there before the
// transaction is sent, so that a lost answer loses no key. Join then puts the key in the invitation's place.
func (i *Invitation) Accept(home string) (*Wallet, error) {
	w, err := Open(home)
	if errors.Is(err, ErrNoWallet) {
		return Create(home, i.Profile)
	}
	if err == nil && w.Profile.Account != i.Profile.Account {
		return nil, lang.Errorf("%w: %s, of another account", ErrExists, home)
	}
	return w, err
}

// Join replaces the invitation's key by the wallet's own, which is unlocked. It is safe to call again: where the wallet's
// key is the account's already, it returns false and nil.
func (i *Invitation) Join(ctx context.Context, w *Wallet) (joined bool, err error) {
	if w.Locked() {
		return false, ErrLocked
	}
	own := w.signer
	if c, err := w.Client(ctx); err == nil {
		_, err := c.AccountByKey(ctx, own.Public())
		if cerr := c.Close(); err == nil {
			return false, cerr
		}
	}
	secret, err := unhex32("one_time_key", i.OneTimeKey)
	if err != nil {
		return false, err
	}
	once, err := key.FromSecret(key.Secp256k1, secret[:])
	if err != nil {
		return false, err
	}
	w.signer = once
	defer func() { w.signer = own }()
	return true, w.join(ctx, own)
}

func (w *Wallet) join(ctx context.Context, own key.Signer) error {
	s, err := w.Connect(ctx)
	if err != nil {
		return err
	}
	pub := own.Public()
	possession, err := own.Sign(membersv1.JoinDigest(s.Client.Chain(), s.Account(), pub))
	if err != nil {
		return errors.Join(err, s.Close())
	}
	m := &membersv1.Join{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Possession: possession}
	what, err := s.Preview(ctx, m)
	if err == nil {
		_, err = s.Do(ctx, what, m)
	}
	closed := s.Close()
	if errors.Is(err, sdk.ErrUnsettled) {
		err = w.joined(ctx, own, err)
	}
	return errors.Join(err, closed)
}

// joined finds out with the new key what became of a joining: the block that runs it takes the invitation's key away, and
// with it the session that asked. Where the new key cannot ask either, it is not known yet.
func (w *Wallet) joined(ctx context.Context, own key.Signer, unsettled error) error {
	w.signer = own
	s, err := w.Connect(ctx)
	if err != nil {
		return unsettled
	}
	settled, err := s.Settle(ctx)
	for _, one := range settled {
		err = errors.Join(err, one.Err)
	}
	return errors.Join(err, s.Close())
}
