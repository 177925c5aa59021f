package wallet

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/proto"
)

// How long a transaction that is built for others to sign can run where nothing else is said, and at most: the chain's
// windows, less what clocks may differ.
const (
	draftLifetime    = 5 * time.Minute
	severalLifetime  = 3 * 24 * time.Hour
	clockDifference  = time.Minute
	mostLifetime     = txv1.WindowS*time.Second - clockDifference
	mostSeveralsLife = txv1.WindowSeveralS*time.Second - clockDifference
)

// Signing lists the account's keys that sign.
func Signing(a *membersv1.Account) (out []*membersv1.Key) {
	for _, k := range a.GetPolicy().GetKeys() {
		if k.Purpose == membersv1.KeyPurpose_KEY_PURPOSE_SIGN {
			out = append(out, k)
		}
	}
	return out
}

// Build makes an unsigned transaction of the account, for others to sign. A lifetime of 0 is three days for an account of
// several keys and five minutes for one of one key; the chain allows 7 days and 10 minutes.
func (s *Session) Build(ctx context.Context, lifetime time.Duration, calls ...sdk.Call) (*sdk.Draft, error) {
	usual, most := draftLifetime, mostLifetime
	if len(Signing(s.Own)) > 1 {
		usual, most = severalLifetime, mostSeveralsLife
	}
	if lifetime == 0 {
		lifetime = usual
	}
	if lifetime < time.Second || lifetime > most {
		return nil, input("lifetime", lang.T("%s", lifetime), lang.T("For this account, which has %s, choose between 1s and %s.", lang.Count(len(Signing(s.Own)), "%d key", "%d keys"), most))
	}
	return s.Client.Draft(ctx, lifetime, calls...)
}

// PreviewDraft says what a transaction would do: in the words of Preview what this wallet's account does, and by its bytes
// what others do in it.
func (s *Session) PreviewDraft(ctx context.Context, d *sdk.Draft) ([]string, error) {
	calls, err := d.Calls()
	if err != nil {
		return nil, err
	}
	var out []string
	for i, call := range calls {
		as := call.As
		if as.IsZero() {
			as = d.Sender()
		}
		var words []string
		if as == s.Account() {
			words, err = s.Preview(ctx, call.Message)
		}
		if as != s.Account() || errors.Is(err, ErrNoWords) {
			words, err = s.others(ctx, as, i, call)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, words...)
	}
	return out, nil
}

// others are the words for what another account does in the same transaction, or what there are no words for.
func (s *Session) others(ctx context.Context, as id.ID, i int, call sdk.Call) ([]string, error) {
	who, err := s.Party(ctx, as[:])
	if err != nil {
		return nil, err
	}
	lines, err := Decoded(call.Message)
	if err != nil {
		return nil, err
	}
	out := []string{s.Lang.F("Call %d, as %s: %s", i+1, who.Full(), txv1.MethodOf(call.Message))}
	return append(out, lines...), nil
}

// ReadDraftFile reads a transaction's file, and its builder's words, which nothing proves. What is wrong with the file is an
// Input.
func ReadDraftFile(path string) (*sdk.Draft, []string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, input("file", lang.T("%s", err), lang.T("Name the file that 'tally tx build' wrote."))
	}
	defer f.Close() // it was only read
	d, words, err := sdk.ReadDraftFile(f)
	if errors.Is(err, sdk.ErrDraft) {
		return nil, nil, &Input{Field: path, Wrong: lang.T("%s", err), Do: lang.T("Sign nothing of it; have it sent again.")}
	}
	return d, words, err
}

// WriteDraftFile writes a transaction's file. Where there is one already, it is replaced only if replace is set.
func WriteDraftFile(path string, d *sdk.Draft, words []string, replace bool) error {
	b, err := d.File(words)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil && !replace {
		return lang.Errorf("%w: %s", fs.ErrExist, path)
	}
	return writeWhole(path, b)
}

// SendDraft hands in a transaction that others built and signed, keeps its ticket, and proves what became of it, as Do does.
// Where it ran already, it sends nothing and returns that outcome. It may be called again after a lost answer. The
// transaction is the wallet's account's: another's outcome could not be proven.
func (s *Session) SendDraft(ctx context.Context, what []string, d *sdk.Draft) (sdk.Outcome, error) {
	if o, err := s.DraftOutcome(ctx, d); !errors.Is(err, sdk.ErrUnsettled) {
		return o, err
	}
	calls, err := callsOf(d)
	if err != nil {
		return sdk.Outcome{}, err
	}
	kept, err := s.Wallet.Unsettled()
	if err != nil {
		return sdk.Outcome{}, err
	}
	kept = slices.DeleteFunc(kept, func(k Kept) bool { return k.Ticket.Body == d.Ticket().Body })
	k := Kept{Ticket: d.Ticket(), What: what, Calls: calls, Sent: time.Now().UTC().Truncate(time.Second)}
	if err := s.Wallet.keep(k, kept); err != nil {
		return sdk.Outcome{}, err
	}
	return s.submit(ctx, d)
}

// DraftOutcome proves what became of a transaction: as Client.Settle, after it was adopted for this chain.
func (s *Session) DraftOutcome(ctx context.Context, d *sdk.Draft) (sdk.Outcome, error) {
	if err := s.Client.Adopt(ctx, d); err != nil {
		return sdk.Outcome{}, err
	}
	if d.Sender() != s.Account() {
		return sdk.Outcome{}, input("sender", lang.T("it is a transaction of account %s", d.Sender().Short()), lang.T("Send it from a wallet of that account, which alone can prove what becomes of it."))
	}
	o, err := s.Client.Settle(ctx, d.Ticket())
	if err == nil || final(err) {
		return o, errors.Join(err, s.Wallet.forget(d.Ticket()))
	}
	return o, err
}

// forget drops a ticket that may have been kept.
func (w *Wallet) forget(t sdk.Ticket) error {
	if err := w.drop(t); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func callsOf(d *sdk.Draft) (id.ID, error) {
	calls, err := d.Calls()
	if err != nil {
		return id.ID{}, err
	}
	var messages []proto.Message
	for _, c := range calls {
		messages = append(messages, c.Message)
	}
	return hashOf(messages)
}
