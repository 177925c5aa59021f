package governancev1

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
)

// The bytes that other programs rely on.
func TestGoldenKeys(t *testing.T) {
	for want, got := range map[string][]byte{
		"02010102030000000000000000000000000000000000000000000000000000000000": ProposalKey(id.ID{1, 2, 3}),
		"0202": ValidatorsKey(),
		"0203": ChangesKey(),
		"0204865683bca30ec82a29afea60fe4590773c682f30df15c7746238181e0c2cca65": AccusationKey(make([]byte, 20)),
		id.Hash("proposals").String():                                          ProposalsSubject.Bytes(),
	} {
		if hex.EncodeToString(got) != want {
			t.Errorf("want %s, got %x", want, got)
		}
	}
}

func TestCodesKeepTheirNumbers(t *testing.T) {
	for i, name := range []string{
		"GovernanceField", "ProposalExpiry", "UnknownProposal", "ProposalDecided", "ProposalExpired", "AlreadyVoted", "ParameterDay",
		"ValidatorMember", "UnknownValidator", "TooManyValidators", "TooFewValidators", "ThirdOfPower", "NotDevelopment", "ShiftTooLarge",
		"ValidatorStays", "ValidatorAccused",
	} {
		c := errs.ByNumber(uint32(201 + i))
		if c == nil || c.Name != name || c.Module != "governance" {
			t.Errorf("number %d is %v, not %s", 201+i, c, name)
		}
	}
}

func TestValidate(t *testing.T) {
	id32, long := make([]byte, 32), strings.Repeat("x", 1000)
	call := &txv1.Call{Method: "a.B"}
	for i, tc := range []struct {
		m     interface{ Validate() error }
		field string // empty: it is valid
	}{
		{&Propose{Title: "x", Calls: []*txv1.Call{call}}, ""},
		{&Propose{Calls: []*txv1.Call{call}}, "title"},
		{&Propose{Title: long, Calls: []*txv1.Call{call}}, "title"},
		{&Propose{Title: "x"}, "calls"},
		{&Propose{Title: "x", Calls: make([]*txv1.Call, MaxCalls+1)}, "calls"},
		{&Propose{Title: "x", Calls: []*txv1.Call{{As: id32, Method: "a.B"}}}, "calls.as"},
		{&Propose{Title: "x", Calls: []*txv1.Call{call, {}}}, "calls.method"},
		{&Vote{Proposal: id32}, ""},
		{&Vote{}, "proposal"},
		{&SetParameter{Name: "x", Source: "y"}, ""},
		{&SetParameter{Source: "y"}, "name"},
		{&SetParameter{Name: "x", Source: "y", FromDay: -1}, "from_day"},
		{&SetParameter{Name: "x"}, "source"},
		{&SetValidator{PublicKey: id32, Member: id32, Power: MaxPower}, ""},
		{&SetValidator{PublicKey: id32[1:], Member: id32}, "public_key"},
		{&SetValidator{PublicKey: id32, Member: id32, Power: -1}, "power"},
		{&SetValidator{PublicKey: id32, Member: id32, Power: MaxPower + 1}, "power"},
		{&SetValidator{PublicKey: id32}, "member"},
		{&ScheduleUpgrade{Protocol: 2, Height: 1}, ""},
		{&ScheduleUpgrade{Protocol: 2, Height: 1, Info: "v2"}, ""},
		{&ScheduleUpgrade{Protocol: 1, Height: 1}, "protocol"},
		{&ScheduleUpgrade{Protocol: 2}, "height"},
		{&ScheduleUpgrade{Protocol: 2, Height: 1, Info: long}, "info"},
		{&CancelUpgrade{}, ""},
		{&ShiftClock{ForwardS: 1}, ""},
		{&ShiftClock{}, "forward_s"},
		{&ShiftClock{ForwardS: MaxShiftS + 1}, "forward_s"},
	} {
		err := tc.m.Validate()
		var e *errs.Error
		if tc.field == "" && err != nil || tc.field != "" && (!errors.As(err, &e) || e.Code != ErrField || e.Field != tc.field) {
			t.Errorf("row %d: want %q, got %v", i, tc.field, err)
		}
	}
}
