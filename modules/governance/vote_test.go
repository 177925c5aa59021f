package governance

import (
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/members"
	"github.com/splittally/splittally/modules/members/membersv1"
	"pgregory.net/rapid"
)

func setFee(c *kerneltest.Chain, value int64) *governancev1.SetParameter {
	return &governancev1.SetParameter{Name: fee.Name, FromDay: c.View().Today() + 1, Value: value, Source: "a decision"}
}

func standing(of kerneltest.Actor, state membersv1.MemberState, seat bool) *membersv1.SetStanding {
	return &membersv1.SetStanding{Member: of.Member.Bytes(), State: state, Roles: membersv1.RoleBank, Seat: seat}
}

const (
	active    = membersv1.MemberState_MEMBER_STATE_ACTIVE
	suspended = membersv1.MemberState_MEMBER_STATE_SUSPENDED
)

func TestMoreThanTwoThirdsExecute(t *testing.T) {
	c := setup(t)
	p := proposed(c, setFee(c, 7), admission(9, membersv1.RoleInspector, true))
	rec := read(c, p)
	became(t, rec, open, nil)
	if len(rec.Ballots) != 1 || !rec.Ballots[0].Yes || id.Must(rec.Ballots[0].Member) != ann.Member {
		t.Errorf("the proposer's own vote is yes: %v", rec.Ballots)
	}
	c.Must(ben, ballot(p, true))
	became(t, read(c, p), open, nil)
	c.Must(cleo, ballot(p, true))
	became(t, read(c, p), executed, nil)
	if n := members.New().Seats(c.View()); n != 5 {
		t.Errorf("%d seats", n)
	}
	c.Refused(governancev1.ErrDecided, dora, ballot(p, true))
}

func TestWhatCannotBeReachedIsRejected(t *testing.T) {
	c := setup(t)
	p := proposed(c, setFee(c, 7))
	c.Must(ben, ballot(p, false))
	became(t, read(c, p), open, nil)
	c.Must(cleo, ballot(p, false))
	became(t, read(c, p), rejected, nil)
	c.Refused(governancev1.ErrDecided, ben, ballot(p, false)) // before that ben has voted
}

func TestVoteRefusesInOrder(t *testing.T) {
	c := setup(t)
	p := proposed(c, setFee(c, 7))
	c.Refused(governancev1.ErrNoProposal, ben, ballot(id.Hash("nothing"), true))
	c.Refused(governancev1.ErrVoted, ann, ballot(p, false))
	c.Advance(86_400)
	c.Refused(governancev1.ErrLapsed, ann, ballot(p, true)) // before that ann has voted
	c.Refused(governancev1.ErrLapsed, ben, ballot(p, true))
	if rec := read(c, p); rec.State != open || !rec.Expired(c.View().Now()) {
		t.Errorf("that it lapsed is computed when it is read: %v", rec)
	}
}

// All calls take effect or none; the vote itself stands.
func TestAFailureUndoesAllButTheVote(t *testing.T) {
	c := setup(t)
	rec := agree(c, admission(9, membersv1.RoleInspector, true), standing(kerneltest.Actor{Member: id.Hash("nobody")}, active, false))
	became(t, rec, failed, membersv1.ErrNoMember)
	if len(rec.Ballots) != 3 {
		t.Errorf("the ballots are %v", rec.Ballots)
	}
	if n := members.New().Seats(c.View()); n != 4 {
		t.Errorf("%d seats: the first call's effect stands", n)
	}
}

// A ballot counts as long as its member has a seat.
func TestBallotsOfThoseWhoLostTheirSeat(t *testing.T) {
	c := setup(t)
	p := proposed(c, setFee(c, 7))
	c.Must(dora, ballot(p, true))
	became(t, agree(c, standing(dora, suspended, true)), executed, nil)
	c.Refused(kernel.ErrInactive, dora, ballot(p, true))
	c.Must(ben, ballot(p, true)) // two of three seats are not more than two thirds
	became(t, read(c, p), open, nil)
	c.Must(cleo, ballot(p, true))
	became(t, read(c, p), executed, nil)
}

func TestTheOnlySeatDecidesAtOnce(t *testing.T) {
	m, _ := machine()
	c := kerneltest.New(t, m, kerneltest.GenesisCall(admission(0, membersv1.RoleOperator, true)))
	became(t, read(c, proposed(c, setFee(c, 7))), executed, nil)
}

func TestEventsSayWhatWasDecided(t *testing.T) {
	c := setup(t)
	p := proposed(c, setFee(c, 7))
	c.Must(ben, ballot(p, true))
	var types []string
	for _, e := range c.Must(cleo, ballot(p, true)).Events {
		types = append(types, strings.TrimPrefix(e.Type, "splittally.governance.v1."))
	}
	if got := strings.Join(types, " "); got != "Voted ParameterSet Decided" {
		t.Errorf("the events are %s", got)
	}
}

// The rule of two thirds, for every number of seats and votes.
func TestTheMajority(t *testing.T) {
	for seats, least := range []int{1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7} {
		if seats == 0 {
			continue
		}
		if !agreed(least, seats) || agreed(least-1, seats) {
			t.Errorf("of %d seats %d are needed", seats, least)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		seats := rapid.IntRange(1, membersv1.MaxSeats).Draw(r, "seats")
		no := rapid.IntRange(0, seats).Draw(r, "no")
		yes := rapid.IntRange(0, seats-no).Draw(r, "yes")
		if agreed(yes, seats) && !agreed(seats-no, seats) {
			r.Fatal("it is agreed and cannot be")
		}
		if agreed(yes, seats) != (3*yes >= 2*seats+1) {
			r.Fatal("more than two thirds")
		}
	})
}
