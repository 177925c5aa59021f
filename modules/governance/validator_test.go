package governance

import (
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func TestGenesisTellsTheEngineItsValidators(t *testing.T) {
	c := setup(t)
	if len(c.Validators) != 4 || c.Validators[0].Power != 10 || string(c.Validators[3].PublicKey) != string(node(4)) {
		t.Errorf("the engine was told %v", c.Validators)
	}
	if set := (&Governance{}).Validators(c.View()); set.Power() != 40 || set.ChangedHeight != 0 {
		t.Errorf("the set is %v", set)
	}
}

func TestSetValidator(t *testing.T) {
	below := validator(1, 0, ann)
	below.AllowBelowFour = true
	for name, tc := range map[string]struct {
		calls []proto.Message
		want  *errs.Code
		tells string
	}{
		"one in":                     {[]proto.Message{validator(5, 13, seatless)}, nil, "5:13 "},
		"one in with too much power": {[]proto.Message{validator(5, 14, seatless)}, governancev1.ErrThird, ""},
		"two that are together too much": {
			[]proto.Message{validator(5, 7, seatless), validator(1, 3, ann)}, governancev1.ErrThird, "",
		},
		"more and less":             {[]proto.Message{validator(1, 16, ann), validator(2, 3, ben)}, nil, "1:16 2:3 "},
		"twice the same":            {[]proto.Message{validator(1, 12, ann), validator(1, 13, ann)}, nil, "1:13 "},
		"there and back":            {[]proto.Message{validator(1, 12, ann), validator(1, 10, ann)}, nil, ""},
		"in and out":                {[]proto.Message{validator(5, 6, ann), validator(5, 0, ann)}, nil, ""},
		"no change":                 {[]proto.Message{validator(1, 10, ann)}, nil, ""},
		"three remain":              {[]proto.Message{validator(1, 0, ann)}, governancev1.ErrFewSet, ""},
		"three remain, as is said":  {[]proto.Message{below}, nil, "1:0 "},
		"not in the set":            {[]proto.Message{validator(5, 0, ann)}, governancev1.ErrNoValidator, ""},
		"another's key":             {[]proto.Message{validator(1, 11, ben)}, governancev1.ErrNoMember, ""},
		"of nobody":                 {[]proto.Message{validator(5, 1, kerneltest.Actor{Member: id.Hash("nobody")})}, governancev1.ErrNoMember, ""},
		"of one who is suspended":   {[]proto.Message{standing(seatless, suspended, false), validator(5, 1, seatless)}, governancev1.ErrNoMember, ""},
		"out with one who is so":    {[]proto.Message{standing(ann, suspended, true), below}, nil, "1:0 "},
		"one in, then one out of 5": {[]proto.Message{validator(5, 2, seatless), validator(1, 0, ann)}, nil, "5:2 1:0 "},
	} {
		t.Run(name, func(t *testing.T) {
			c := setup(t)
			c.Validators = nil
			rec := agree(c, tc.calls...)
			if tc.want != nil {
				became(t, rec, failed, tc.want)
			} else {
				became(t, rec, executed, nil)
			}
			if got := told(c.Validators); got != tc.tells {
				t.Errorf("the engine was told %q, not %q", got, tc.tells)
			}
			c.Block()
			if got := told(c.Validators); got != tc.tells {
				t.Errorf("the engine was told twice: %q", got)
			}
		})
	}
}

func told(updates []kernel.ValidatorUpdate) string {
	out := ""
	for _, u := range updates {
		out += fmt.Sprintf("%d:%d ", u.PublicKey[0], u.Power)
	}
	return out
}

func TestBoundsOfTheSet(t *testing.T) {
	c := setup(t)
	c.NoInvariants = true
	set := &governancev1.ValidatorSet{}
	for i := range governancev1.MaxValidators {
		set.Validators = append(set.Validators, &governancev1.Validator{PublicKey: node(byte(i + 1)), Power: 10, Member: ann.Member.Bytes()})
	}
	c.Plant(governancev1.ValidatorsKey(), set)
	became(t, agree(c, validator(200, 1, ann)), failed, governancev1.ErrManySet)

	set.Validators = set.Validators[:1]
	c.Plant(governancev1.ValidatorsKey(), set)
	last := validator(1, 0, ann)
	last.AllowBelowFour = true
	became(t, agree(c, last), failed, governancev1.ErrFewSet)
}

func TestGenesisHasItsOwnRule(t *testing.T) {
	m, _ := machine()
	c := kerneltest.New(t, m, genesisCalls(validator(4, 0, dora), validator(5, 1000, dora))...)
	if got := told(c.Validators); got != "1:10 2:10 3:10 5:1000 " {
		t.Errorf("the engine was told %q", got)
	}
}

// Whatever is voted, in whatever order: the engine's set, which applies what it is told and stops at a removal of a
// key that it does not know, is the chain's, and no block changes a third of the power.
func TestTheEngineFollows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := setup(t)
		for range rapid.IntRange(1, 4).Draw(r, "proposals") {
			before, seen := engine(r, c.Validators), len(c.Validators)
			var calls []proto.Message
			for range rapid.IntRange(1, 4).Draw(r, "calls") {
				v := validator(rapid.ByteRange(1, 6).Draw(r, "key"), int64(rapid.IntRange(0, 16).Draw(r, "power")), ann)
				v.AllowBelowFour = rapid.Bool().Draw(r, "below four")
				if n := v.PublicKey[0]; n > 1 && n < 5 {
					v.Member = []kerneltest.Actor{ben, cleo, dora}[n-2].Member.Bytes()
				}
				calls = append(calls, v)
			}
			agree(c, calls...)
			after := engine(r, c.Validators)
			var total, moved int64
			for k, p := range before {
				total += p
				moved += max(p-after[k], 0)
			}
			if moved*3 >= total && seen < len(c.Validators) {
				r.Fatalf("%d of %d left", moved, total)
			}
			set := (&Governance{}).Validators(c.View())
			for _, v := range set.Validators {
				if after[string(v.PublicKey)] != v.Power {
					r.Fatalf("the engine has %v, the chain %v", after, set)
				}
			}
			if len(after) != len(set.Validators) {
				r.Fatalf("the engine has %v, the chain %v", after, set)
			}
		}
	})
}

func engine(r *rapid.T, updates []kernel.ValidatorUpdate) map[string]int64 {
	set := map[string]int64{}
	for _, u := range updates {
		if _, known := set[string(u.PublicKey)]; u.Power == 0 && !known {
			r.Fatal("the engine stops: it is told to remove a key that it does not know")
		}
		set[string(u.PublicKey)] = u.Power
		if u.Power == 0 {
			delete(set, string(u.PublicKey))
		}
	}
	return set
}
