package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/sdk"
	"google.golang.org/protobuf/proto"
)

func benchFor(t *testing.T) *bench {
	t.Helper()
	b, err := newBench(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.a.Close() })
	return b
}

// No bent transaction is taken; and every kind of refusal that stands in the way is really met.
func TestMutatedTransactions(t *testing.T) {
	b := benchFor(t)
	out := mutateTransactions(t.Context(), b, 11, 4_000)
	if out.tried != 4_000 || len(out.faults) > 0 {
		t.Fatalf("%d tried, faults: %v", out.tried, out.faults)
	}
	for _, name := range []string{"Malformed", "BadSignature", "SignatureForm", "NotCanonical", "SignatureMissing", "SignatureNeedless", "WrongChain"} {
		if out.refusals[name] == 0 {
			t.Errorf("no mutation was refused with %s: %v", name, out.refusals)
		}
	}
	if len(out.how) < len(bends)+len(txBends) {
		t.Errorf("only %d ways of bending: %v", len(out.how), out.how)
	}
}

// The judge would see it if a mutation were taken, or panicked: a right transaction stands in for one.
func TestJudgeSeesWhatIsTaken(t *testing.T) {
	b, out := benchFor(t), newTally()
	f := newForge(devnet.ChainID, castOf(t), childRand(77, 0))
	f.now = b.now
	b.judge(f.good(), nil, "nothing at all", true, out)
	if len(out.faults) != 1 || !strings.Contains(out.faults[0], "taken") {
		t.Errorf("%v", out.faults)
	}
	broken := &bench{} // has no application: everything panics
	out = newTally()
	broken.judge([]byte{1}, nil, "nothing", true, out)
	if len(out.faults) != 1 || !strings.Contains(out.faults[0], "panic") {
		t.Errorf("%v", out.faults)
	}
}

func castOf(t *testing.T) []devnet.Role {
	t.Helper()
	n, err := devnet.Make(devnet.Options{Dir: t.TempDir(), Validators: 1})
	if err != nil {
		t.Fatal(err)
	}
	return n.Roles
}

func TestMutantsDifferFromEveryRightOne(t *testing.T) {
	b, rnd, out := benchFor(t), childRand(4, 4), newTally()
	for range 300 {
		_, mutant, _ := b.mutant(rnd, out)
		for _, base := range b.bases {
			if bytes.Equal(base, mutant) {
				t.Fatal("a mutation is a right transaction")
			}
		}
	}
}

// The same seed gives the same mutations.
func TestMutationsAreOfTheSeed(t *testing.T) {
	stock := [][]byte{sample(t, 1), sample(t, 2)}
	a, b := childRand(5, 5), childRand(5, 5)
	for range 200 {
		x, how1 := mutateTx(a, stock[0], stock)
		y, how2 := mutateTx(b, stock[0], stock)
		if !bytes.Equal(x, y) || how1 != how2 {
			t.Fatal("another mutation")
		}
	}
}

// Every forged proposal but the control is refused by a node that has never seen any of it; the control is taken.
func TestGarbageIsRefusedAndTheControlIsNot(t *testing.T) {
	b := benchFor(t)
	f := newForge(devnet.ChainID, castOf(t), childRand(8, 0))
	f.now = b.now
	ran := f.good()
	paidIn := f.sign(f.body("bank", &depositv1.Mint{To: f.cast["tier1"].Account.Bytes(), AmountMinor: 100, Currency: currency}), "bank")
	if err := b.run(paidIn, ran); err != nil {
		t.Fatal(err)
	}
	f.now = b.now + 1
	f.ran = []ranAt{{ran, f.now}}
	for _, kind := range garbage {
		r, err := b.x.ProcessProposal(context.Background(), &abci.RequestProcessProposal{Height: b.a.Status().Height + 1, Time: time.Unix(f.now, 0), Txs: kind.make(f)})
		if err != nil {
			t.Fatal(err)
		}
		if taken := r.Status == abci.ResponseProcessProposal_ACCEPT; taken != kind.good {
			t.Errorf("%s: taken %v", kind.name, taken)
		}
	}
}

func TestForgetsWhatMayHaveExpired(t *testing.T) {
	f := &forge{}
	for at := range int64(forgedRan + 50) {
		f.ran = append(f.ran, ranAt{at: 1_000 + at})
	}
	f.forget(1_000 + forgedRan + 50)
	if len(f.ran) == 0 || len(f.ran) > forgedRan || f.ran[0].at < 1_000+forgedRan+50-replayYoung {
		t.Errorf("%d left, from %d", len(f.ran), f.ran[0].at)
	}
	f.forget(10_000)
	if len(f.ran) != 0 {
		t.Errorf("%d left", len(f.ran))
	}
	f.rnd = childRand(1, 0)
	if len(f.replay()) != 1 {
		t.Error("with nothing to replay there is no garbage")
	}
}

// The other s is what plain ECDSA would take, and the chain's own check does not.
func TestFlipS(t *testing.T) {
	s := secret("flip", 1)
	digest := txv1.Digest("test", []byte("body"))
	sig, err := s.Sign(digest)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(sig)
	flipS(other)
	if bytes.Equal(sig, other) || key.Verify(s.Public(), digest, sig) != nil || key.Verify(s.Public(), digest, other) == nil {
		t.Error("the other s is taken, or is no other")
	}
	flipS(other)
	if !bytes.Equal(sig, other) {
		t.Error("twice is not once")
	}
}

func TestChangeBodyKeepsTheOneEncoding(t *testing.T) {
	rnd := childRand(3, 3)
	for range 100 {
		tx := &txv1.Transaction{}
		if err := proto.Unmarshal(sample(t, 1), tx); err != nil {
			t.Fatal(err)
		}
		b := &txv1.Body{}
		if err := proto.Unmarshal(tx.Body, b); err != nil {
			t.Fatal(err)
		}
		b.Calls = b.Calls[:1]
		tx.Body, _ = txv1.Encode(b)
		was := bytes.Clone(tx.Body)
		changeBody(rnd, tx, nil)
		again := &txv1.Body{}
		if err := proto.Unmarshal(tx.Body, again); err != nil {
			t.Fatal(err)
		}
		if encoded, err := txv1.Encode(again); err != nil || !bytes.Equal(encoded, tx.Body) || bytes.Equal(tx.Body, was) {
			t.Fatalf("unchanged, or another encoding: %x", tx.Body)
		}
	}
}

func TestTallies(t *testing.T) {
	a, b := newTally(), newTally()
	b.tried, b.same, b.how["x"], b.refusals["y"] = 3, 1, 3, 2
	b.fault("z")
	a.merge(b)
	a.merge(b)
	if a.tried != 6 || a.same != 2 || a.how["x"] != 6 || a.refusals["y"] != 4 || len(a.faults) != 2 {
		t.Errorf("%+v", a)
	}
	s := stageFor(t, 6)
	s.report("things", a, time.Second)
	if s.verdict.Count != 2 {
		t.Errorf("%v", s.verdict.Breaches)
	}
	s = stageFor(t, 7)
	s.report("things", &tally{tried: 6}, time.Second)
	if s.verdict.Count != 1 || !strings.Contains(s.verdict.Breaches[0], "only 6 of 7") {
		t.Errorf("%v", s.verdict.Breaches)
	}
}

// What a client holds for true is judged against the truth; a refusal is no fault.
func TestAnswersAreJudged(t *testing.T) {
	q := question{name: "a record", honest: []byte("the truth")}
	for _, tc := range []struct {
		got    string
		err    error
		faults int
		as     string
	}{
		{"the truth", nil, 0, "same meaning, or asked again"},
		{"a lie", nil, 1, ""},
		{"", nil, 1, ""},
		{"a lie", fmt.Errorf("no: %w", sdk.ErrProof), 0, fmt.Sprintf("%.40s", sdk.ErrProof)},
		{"", connect.NewError(connect.CodeInternal, errors.New("x")), 0, "internal"},
	} {
		a := &asker{t: newTally()}
		a.judge(q, []byte(tc.got), tc.err, "bent", []byte{1})
		if len(a.t.faults) != tc.faults || tc.as != "" && a.t.refusals[tc.as] != 1 || a.t.tried != 1 {
			t.Errorf("%q, %v: %+v", tc.got, tc.err, a.t)
		}
	}
}

// Questions that a new client asks stand last, and are drawn now and then.
func TestDraw(t *testing.T) {
	a := &asker{r: &recording{questions: questions()}, rnd: childRand(1, 1)}
	seen, anew := map[string]int{}, 0
	for range 2_000 {
		q := a.draw()
		seen[q.name]++
		if q.anew {
			anew++
		}
	}
	if len(seen) != len(questions()) || anew == 0 || anew > 200 {
		t.Errorf("%v, anew %d", seen, anew)
	}
}
