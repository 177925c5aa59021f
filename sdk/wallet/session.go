package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/proto"
)

// Session is a wallet that is connected.
type Session struct {
	Wallet *Wallet
	Client *sdk.Client
	Clock  Clock
	// Own is the wallet's account.
	Own *membersv1.Account
	// Lang is the language of previews, names and whatever else is for people: Speak sets it.
	Lang  lang.Lang
	names *names
}

// Connect connects, and reads the account and the chain's clock. Close the session when done.
func (w *Wallet) Connect(ctx context.Context) (*Session, error) {
	c, err := w.Client(ctx)
	if err != nil {
		return nil, err
	}
	s := &Session{Wallet: w, Client: c, Own: &membersv1.Account{}}
	s.names = newNames(s)
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return s, nil
}

// Speak chooses the language of previews, names and times.
func (s *Session) Speak(l lang.Lang) { s.Lang, s.Clock.Lang = l, l }

// Close ends the connection and keeps what was learnt of names.
func (s *Session) Close() error { return errors.Join(s.names.save(), s.Client.Close()) }

func (s *Session) begin(ctx context.Context) error {
	v, raws, err := s.Client.GetAll(ctx, kernelv1.NetworkKey(), kernelv1.ClockKey(), membersv1.AccountKey(s.Client.Account()))
	if err != nil {
		return err
	}
	network, clock := &kernelv1.Network{}, &kernelv1.Clock{}
	for i, into := range []proto.Message{network, clock, s.Own} {
		if raws[i] == nil {
			continue
		}
		if err := kernelv1.Unframe(raws[i], into); err != nil {
			return err
		}
	}
	if raws[2] == nil {
		return lang.Errorf("%w: account %s is not on chain %s", sdk.ErrNotFound, s.Client.Account(), s.Client.Chain())
	}
	s.Clock = Clock{Development: network.Development, OffsetS: network.UtcOffsetS, ShiftS: clock.ShiftS, At: v}
	s.Speak(s.Wallet.Lang)
	return nil
}

// Account is the wallet's account.
func (s *Session) Account() id.ID { return s.Client.Account() }

// Member is the id of the wallet's member.
func (s *Session) Member() id.ID {
	m, _ := id.Of(s.Own.Member)
	return m
}

// Clock turns times of blocks into the chain's dates and times: by its fixed offset from UTC and, on a development
// network, the shift of its clock.
type Clock struct {
	Development bool
	OffsetS     int32
	ShiftS      int64
	// At is where offset and shift were proven.
	At   sdk.Verified
	Lang lang.Lang
}

// Time is the chain's time at a block's time.
func (k Clock) Time(block time.Time) time.Time {
	return block.Add(time.Duration(k.ShiftS) * time.Second).In(k.zone())
}

// Unix is a time of the chain's records, in unix seconds: it has the shift already.
func (k Clock) Unix(unixS int64) time.Time { return time.Unix(unixS, 0).In(k.zone()) }

// Day is the chain's day of a time: days since 1970-01-01.
func (k Clock) Day(t time.Time) int32 { return kernelv1.DayOf(t.Unix(), k.OffsetS) }

func (k Clock) zone() *time.Location { return time.FixedZone(k.Offset(), int(k.OffsetS)) }

// Offset writes the offset from UTC as +08:00.
func (k Clock) Offset() string {
	sign, s := '+', k.OffsetS
	if s < 0 {
		sign, s = '-', -s
	}
	return fmt.Sprintf("%c%02d:%02d", sign, s/3600, s/60%60)
}

// Minute writes a time as 2026-05-31 10:02 (+08:00).
func (k Clock) Minute(t time.Time) string {
	return t.In(k.zone()).Format("2006-01-02 15:04") + " (" + k.Offset() + ")"
}

// Shift says in words how far a development network's clock is ahead; empty where it is not.
func (k Clock) Shift() string {
	if k.ShiftS == 0 {
		return ""
	}
	return k.Lang.F("development clock, %s ahead", span(k.Lang, k.ShiftS))
}

// Stamp says where an answer was proven: "verified at height 812, 2026-05-31 10:02 (+08:00)", and the shift of a
// development network's clock.
func (k Clock) Stamp(v sdk.Verified) string {
	s := k.Lang.F("verified at height %d, %s", v.Height, k.Minute(k.Time(v.Time)))
	if shift := k.Shift(); shift != "" {
		s += " [" + shift + "]"
	}
	return s
}

// Now is the chain's time now, reckoned from the newest verified header.
func (s *Session) Now(ctx context.Context) (time.Time, error) {
	t, err := s.Client.BlockTime(ctx)
	return s.Clock.Time(t), err
}

func span(l lang.Lang, seconds int64) string {
	const day, hour = 86_400, 3_600
	switch {
	case seconds >= 2*day && seconds%day == 0:
		return l.F("%d days", seconds/day)
	case seconds >= 2*day:
		return l.F("%d days %d h", seconds/day, seconds%day/hour)
	case seconds >= hour:
		return l.F("%d h %d min", seconds/hour, seconds%hour/60)
	}
	return l.F("%d s", seconds)
}
