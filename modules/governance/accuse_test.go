package governance

import (
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
)

func offence(key []byte) kernel.Misbehaviour {
	return kernel.Misbehaviour{Offence: kernel.TwoVotes, Address: governancev1.AddressOf(key), Height: 7, TimeUnixS: 70}
}

// accuse has a block prove offences, and returns the record of the first.
func accuse(c *kerneltest.Chain, es ...kernel.Misbehaviour) *governancev1.Accusation {
	c.TB.Helper()
	c.Misbehaviour, c.Validators = es, nil
	c.Block()
	rec := &governancev1.Accusation{}
	if !c.Read(governancev1.AccusationKey(es[0].Address), rec) {
		c.TB.Fatal("nothing was recorded")
	}
	return rec
}

func TestAccused(t *testing.T) {
	for name, tc := range map[string]struct {
		before  []kernel.GenesisCall
		es      []kernel.Misbehaviour
		removed bool
		tells   int
	}{
		"of four, where three would remain": {nil, []kernel.Misbehaviour{offence(node(1))}, false, 0},
		"of five":                           {one(5), []kernel.Misbehaviour{offence(node(1))}, true, 1},
		"twice in one block":                {one(5), []kernel.Misbehaviour{offence(node(1)), offence(node(1))}, true, 1},
		"two of six at once: the first":     {append(one(5), one(6)...), []kernel.Misbehaviour{offence(node(1)), offence(node(2))}, true, 1},
		"one who is in the set no more":     {nil, []kernel.Misbehaviour{offence(node(9))}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := machine()
			c := kerneltest.New(t, m, append(genesisCalls(), tc.before...)...)
			rec := accuse(c, tc.es...)
			if rec.Removed != tc.removed || len(c.Validators) != tc.tells || rec.Offence != governancev1.Offence_OFFENCE_TWO_VOTES || rec.Height != 7 || rec.TimeUnixS != 70 {
				t.Errorf("%v; the engine was told %v", rec, c.Validators)
			}
			if known := len(rec.PublicKey) > 0; known != (tc.es[0].Address[0] == governancev1.AddressOf(node(1))[0]) || known && string(rec.Member) != string(ann.Member[:]) {
				t.Errorf("whose it is: %v", rec)
			}
		})
	}
}

// one is a further validator from the beginning.
func one(n byte) []kernel.GenesisCall {
	return []kernel.GenesisCall{kerneltest.GenesisCall(validator(n, 10, dora))}
}

// A key that was accused gets no power again, by no vote; its member does, with another key.
func TestAccusedKeyStaysOut(t *testing.T) {
	m, _ := machine()
	c := kerneltest.New(t, m, append(genesisCalls(), one(5)...)...)
	accuse(c, offence(node(1)))
	became(t, agree(c, validator(1, 10, ann)), failed, governancev1.ErrAccused)
	became(t, agree(c, validator(8, 5, ann)), executed, nil)
	if rec := accuse(c, offence(node(1))); rec.Count != 2 || !rec.Removed || len(rec.PublicKey) == 0 {
		t.Error("a second offence found later:", rec)
	}
}

// A key that stayed, because too few would remain, keeps what it has and is taken out by vote.
func TestAccusedKeyThatStayed(t *testing.T) {
	c := setup(t)
	accuse(c, offence(node(1)))
	became(t, agree(c, validator(1, 11, ann)), failed, governancev1.ErrAccused)
	below := validator(1, 0, ann)
	below.AllowBelowFour = true
	became(t, agree(c, below), executed, nil)
}

func TestAccusationIsTold(t *testing.T) {
	c := setup(t)
	c.Misbehaviour = []kernel.Misbehaviour{offence(node(2))}
	c.Block()
	if l := accusations.Declared().Lists[0]; l.Name != governancev1.ListAccusations || l.Subjects(&governancev1.Accusation{})[0] != governancev1.AccusationsSubject {
		t.Error("the list")
	}
	if governancev1.AccusedAs(node(1)[:20]) == (id.ID{}) {
		t.Error("no id")
	}
}
