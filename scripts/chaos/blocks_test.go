package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	engstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/app/node"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/sdk"
)

// chainOf is an archive of so many blocks in memory; mark changes the content from a height on.
func chainOf(t *testing.T, name string, heights int64, from int64, mark string, txs ...[]byte) *archive {
	t.Helper()
	db := dbm.NewMemDB()
	a := &archive{name: name, db: db, blocks: engstore.NewBlockStore(db)}
	var last types.BlockID
	before := &types.Commit{}
	for h := int64(1); h <= heights; h++ {
		state := []byte("state of every one of the chains")
		if h >= from {
			state = []byte((mark + string(state))[:32])
		}
		b := types.MakeBlock(h, types.ToTxs(txs), before, nil)
		b.Header = types.Header{
			Version: b.Header.Version, ChainID: "test", Height: h, Time: time.Unix(h, 0).UTC(), LastBlockID: last, LastCommitHash: b.LastCommitHash, DataHash: b.DataHash,
			ValidatorsHash: id.Hash("v").Bytes(), NextValidatorsHash: id.Hash("v").Bytes(), ConsensusHash: id.Hash("c").Bytes(), AppHash: state,
			EvidenceHash: b.EvidenceHash, ProposerAddress: make([]byte, 20),
		}
		parts, err := b.MakePartSet(types.BlockPartSizeBytes)
		if err != nil {
			t.Fatal(err)
		}
		last = types.BlockID{Hash: b.Hash(), PartSetHeader: parts.Header()}
		before = &types.Commit{Height: h, BlockID: last, Signatures: []types.CommitSig{{BlockIDFlag: types.BlockIDFlagCommit, ValidatorAddress: make([]byte, 20), Timestamp: time.Unix(h, 0).UTC(), Signature: make([]byte, 64)}}}
		a.blocks.SaveBlock(b, parts, before)
	}
	return a
}

func TestSameChains(t *testing.T) {
	all := []*archive{chainOf(t, "a", 6, 99, "", []byte("x")), chainOf(t, "b", 6, 99, "", []byte("x")), chainOf(t, "c", 3, 99, "", []byte("x"))}
	out, err := compareChains(all)
	if err != nil || out.heights != 6 || out.txs != 6 || out.evidence != 0 || out.largest == 0 {
		t.Errorf("%+v, %v", out, err)
	}
}

// A fork is found wherever it begins, also where only one of many differs, and also at the very end.
func TestForkIsFound(t *testing.T) {
	for _, at := range []int64{1, 4, 6} {
		all := []*archive{chainOf(t, "a", 6, 99, ""), chainOf(t, "b", 6, 99, ""), chainOf(t, "c", 6, at, "another ")}
		if _, err := compareChains(all); err == nil || !strings.Contains(err.Error(), "FORK") {
			t.Errorf("from %d: %v", at, err)
		}
	}
	if _, err := compareChains([]*archive{chainOf(t, "a", 2, 99, "", []byte("x")), chainOf(t, "b", 2, 99, "", []byte("y"))}); err == nil {
		t.Error("other transactions, no fork")
	}
}

func TestHeldTransactions(t *testing.T) {
	raw, hash, err := txv1.Sign(&txv1.Body{ChainId: "test", Id: make([]byte, txv1.IDSize)}, secret("a", 1))
	if err != nil {
		t.Fatal(err)
	}
	a := chainOf(t, "a", 3, 99, "", []byte("no transaction"), raw)
	if !a.holds(2, hash) || a.holds(2, id.Hash("other")) || a.holds(9, hash) {
		t.Error("what is there is not found, or what is not there is")
	}
	acked := func(h int64, body id.ID) []ack { return []ack{{ticket: sdk.Ticket{Body: body}, height: h}} }
	if err := keptBy(a, acked(3, hash)); err != nil {
		t.Error(err)
	}
	if err := keptBy(a, acked(3, id.Hash("lost"))); err == nil {
		t.Error("a loss was not found")
	}
	if err := keptBy(a, acked(7, id.Hash("later"))); err != nil {
		t.Error("a node that is behind has lost nothing:", err)
	}
}

func TestLedger(t *testing.T) {
	l := newLedger()
	if len(l.last(3)) != 0 || height(l.all()) != 0 {
		t.Error("an empty ledger has something")
	}
	for h := int64(1); h <= 5; h++ {
		l.add(ack{height: 6 - h})
		l.count(&l.sent)
	}
	l.refused("no line")
	l.refused("no line")
	if got := l.last(2); len(got) != 2 || got[1].height != 1 || height(l.all()) != 5 {
		t.Errorf("%+v", got)
	}
	if s := l.String(); !strings.Contains(s, "5 sent, 5 acknowledged") || !strings.Contains(s, "2 refused (no line)") {
		t.Error(s)
	}
	var gone lost
	if err := error(lost{errors.New("x")}); !errors.As(err, &gone) {
		t.Error("a loss is not known as one")
	}
}

func TestVotesOfOneBlockAreOne(t *testing.T) {
	v := newVotes()
	a, b := ballot{"A", 5, 0, cmtproto.PrevoteType}, ballot{"B", 5, 0, cmtproto.PrevoteType}
	for range 3 {
		v.add(a, []byte("block one"))
	}
	v.add(b, []byte("block two"))
	v.add(ballot{"A", 5, 1, cmtproto.PrevoteType}, []byte("block two"))
	v.add(ballot{"A", 5, 0, cmtproto.PrecommitType}, []byte("block two"))
	v.add(ballot{"A", 6, 0, cmtproto.PrevoteType}, nil)
	if d := v.doubles(); len(d) != 0 || v.count != 7 {
		t.Errorf("%d: %v", v.count, d)
	}
	v.add(a, nil) // nothing is another block than one
	v.add(ballot{"", 9, 0, cmtproto.ProposalType}, []byte("x"))
	v.add(ballot{"", 9, 0, cmtproto.ProposalType}, []byte("y"))
	d := v.doubles()
	if len(d) != 2 || !strings.Contains(strings.Join(d, "\n"), "validator A") || !strings.Contains(strings.Join(d, "\n"), "the proposer") {
		t.Errorf("%v", d)
	}
}

func TestSameStates(t *testing.T) {
	of := func(h int64, hash string) node.Verification { return node.Verification{Height: h, AppHash: hash} }
	if err := sameStates([]node.Verification{of(5, "A"), of(4, "B"), of(5, "A")}); err != nil {
		t.Error(err)
	}
	if err := sameStates([]node.Verification{of(5, "A"), of(4, "B"), of(5, "C")}); err == nil {
		t.Error("two states of one height")
	}
}

func TestLastWords(t *testing.T) {
	for in, want := range map[string]string{
		"":             "",
		"tallyd: no\n": "tallyd: no",
		"\rreplaying 1%\rreplaying 2%\r   \rtallyd: block 7: no\n": "tallyd: block 7: no",
		"one\ntwo": "one\ntwo",
	} {
		if got := lastWords(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
	if got := lastWords(strings.Repeat("x", 10*tailBytes)); len(got) != tailBytes {
		t.Errorf("%d bytes", len(got))
	}
}

// A verification that ran out of time is no broken promise, and none that was kept either.
func TestVerifyOutOfTime(t *testing.T) {
	s := stageFor(t, 1)
	s.program = "/no/such/tallyd"
	c := clusterFor(t, devnet.Options{Validators: 2})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := judgeAtRest(ctx, s, c, nil); err == nil || s.verdict.Count != 0 {
		t.Errorf("%v, %v", err, s.verdict.Breaches)
	}
	if err := judgeAtRest(t.Context(), s, c, nil); err != nil || s.verdict.Count != 1 {
		t.Errorf("%v, %v", err, s.verdict.Breaches)
	}
}
