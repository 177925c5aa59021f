package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cometbft/cometbft/consensus"
	cmtcons "github.com/cometbft/cometbft/proto/tendermint/consensus"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/splittally/splittally/modules/kernel/id"
)

// logOf is a write-ahead log with votes, as the engine writes it.
func logOf(t *testing.T, votes ...*cmtproto.Vote) []byte {
	t.Helper()
	var b bytes.Buffer
	e := consensus.NewWALEncoder(&b)
	for _, v := range votes {
		m, err := consensus.WALFromProto(&cmtcons.WALMessage{Sum: &cmtcons.WALMessage_MsgInfo{MsgInfo: &cmtcons.MsgInfo{
			Msg: cmtcons.Message{Sum: &cmtcons.Message_Vote{Vote: &cmtcons.Vote{Vote: v}}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Encode(&consensus.TimedWALMessage{Time: time.Now(), Msg: m}); err != nil {
			t.Fatal(err)
		}
		if err := e.Encode(&consensus.TimedWALMessage{Time: time.Now(), Msg: consensus.EndHeightMessage{Height: v.Height}}); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func voteOf(height int64, block string) *cmtproto.Vote {
	v := &cmtproto.Vote{Type: cmtproto.PrecommitType, Height: height, ValidatorAddress: make([]byte, 20), Timestamp: time.Unix(height, 0), Signature: make([]byte, 64)}
	if block != "" {
		v.BlockID = cmtproto.BlockID{Hash: id.Hash(block).Bytes(), PartSetHeader: cmtproto.PartSetHeader{Total: 1, Hash: id.Hash("parts").Bytes()}}
	}
	return v
}

// What one node's log and another's say together shows who signed twice; a torn end, as a kill leaves it, hides nothing
// that stands before it.
func TestLogsOfSeveralNodes(t *testing.T) {
	write := func(home string, content []byte) string {
		dir := filepath.Join(home, "data", "cs.wal")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "wal"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		return home
	}
	one := logOf(t, voteOf(1, "a"), voteOf(2, "b"))
	torn := logOf(t, voteOf(1, "a"), voteOf(2, "another"), voteOf(3, "c"))
	v := newVotes()
	if err := v.read(write(t.TempDir(), one)); err != nil || v.count != 2 || len(v.doubles()) != 0 {
		t.Fatalf("%d %v %v", v.count, v.doubles(), err)
	}
	if err := v.read(write(t.TempDir(), torn[:len(torn)-30])); err != nil || v.count < 4 || len(v.doubles()) != 1 {
		t.Errorf("%d %v %v", v.count, v.doubles(), err)
	}
	if err := v.read(t.TempDir()); err == nil {
		t.Error("a home without a log was read")
	}
}
