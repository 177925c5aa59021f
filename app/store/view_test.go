package store

import (
	"bytes"
	"errors"
	"math/rand"
	"sync"
	"testing"

	ics23 "github.com/cosmos/ics23/go"
)

func TestHeightsOutside(t *testing.T) {
	s := openTemp(t, small())
	if _, err := s.At(0); !errors.Is(err, ErrPruned) {
		t.Errorf("height 0: %v", err)
	}
	for i := range 10 {
		commit(t, s, block("a", numbered(i)))
	}
	if s.Oldest() != 7 {
		t.Fatalf("oldest %d, want 7", s.Oldest())
	}
	for height, want := range map[int64]error{-1: ErrPruned, 0: ErrPruned, 6: ErrPruned, 7: nil, 10: nil, 11: ErrFuture} {
		if _, err := s.At(height); !errors.Is(err, want) || (want == nil) != (err == nil) {
			t.Errorf("height %d: %v, want %v", height, err, want)
		}
	}
}

// A view whose height has left the window says so, and never answers with newer values.
func TestViewOutlived(t *testing.T) {
	s := openTemp(t, small())
	commit(t, s, block("a", "1", "b", "1"))
	view, err := s.At(1)
	must(t, err)
	for i := range 6 {
		commit(t, s, block("a", numbered(i)))
	}
	if _, _, err := view.Get([]byte("a")); !errors.Is(err, ErrPruned) {
		t.Errorf("get: %v", err)
	}
	if _, err := view.Proof([]byte("a")); !errors.Is(err, ErrPruned) {
		t.Errorf("proof: %v", err)
	}
}

// A version at which a proof is being made keeps its nodes.
func TestPinned(t *testing.T) {
	s, m := openTemp(t, small()), newModel()
	apply := func(i int) {
		changes := block("a", numbered(i), "b", numbered(i))
		m.apply(t, changes)
		commit(t, s, changes)
	}
	apply(0)
	must(t, s.window.pin(1))
	must(t, s.window.pin(1))
	for i := range 8 {
		apply(i)
	}
	s.window.unpin(1)
	apply(8)
	if s.Oldest() != 1 {
		t.Fatalf("oldest %d with a pin at 1", s.Oldest())
	}
	checkWindow(t, s, m)
	s.window.unpin(1)
	apply(9)
	if want := s.Height() - 3; s.Oldest() != want {
		t.Fatalf("oldest %d after the pin, want %d", s.Oldest(), want)
	}
	checkWindow(t, s, m)
	checkWhole(t, s)
}

func TestEmptyStateProvesNothing(t *testing.T) {
	s := openTemp(t, small())
	commit(t, s, block("a", "1"))
	commit(t, s, block("a", "-"))
	view, err := s.At(2)
	must(t, err)
	if _, err := view.Proof([]byte("a")); err == nil {
		t.Error("a proof of an empty state")
	}
	commit(t, s, block("b", "2"))
	checkWhole(t, s)
}

// A proof with any byte changed does not prove the same.
func TestTamperedProofs(t *testing.T) {
	s := openTemp(t, small())
	var changes []Change
	for i := range 40 {
		changes = append(changes, block(numbered(2*i), numbered(i))...)
	}
	commit(t, s, changes)
	view, err := s.At(1)
	must(t, err)
	for _, c := range []struct {
		key   string
		there bool
	}{{numbered(20), true}, {numbered(21), false}, {numbered(-1), false}, {numbered(99), false}} {
		raw, err := view.Proof([]byte(c.key))
		must(t, err)
		value, _ := s.Get([]byte(c.key))
		for i := range raw {
			tampered := bytes.Clone(raw)
			tampered[i] ^= 1
			var proof ics23.CommitmentProof
			if proof.Unmarshal(tampered) != nil {
				continue
			}
			if again, err := proof.Marshal(); err == nil && bytes.Equal(again, raw) {
				continue // the same proof written otherwise
			}
			if proves(view.Root(), &proof, []byte(c.key), value, c.there) && !sameMeaning(&proof, raw) {
				t.Fatalf("%s: proof with byte %d changed verifies", c.key, i)
			}
		}
		var proof ics23.CommitmentProof
		must(t, proof.Unmarshal(raw))
		if proves(view.Root(), &proof, []byte(numbered(40)), value, c.there) {
			t.Errorf("%s: the proof proves another key", c.key)
		}
		if root := bytes.Repeat([]byte{7}, 32); proves(root, &proof, []byte(c.key), value, c.there) {
			t.Errorf("%s: the proof proves against another root", c.key)
		}
	}
}

// sameMeaning allows the key that an absence proof repeats: the verifier takes its own instead.
func sameMeaning(tampered *ics23.CommitmentProof, raw []byte) bool {
	var proof ics23.CommitmentProof
	if proof.Unmarshal(raw) != nil || proof.GetNonexist() == nil || tampered.GetNonexist() == nil {
		return false
	}
	tampered.GetNonexist().Key = proof.GetNonexist().Key
	again, err := tampered.Marshal()
	return err == nil && bytes.Equal(again, raw)
}

// Readers at every height of the window, values and proofs, while blocks are staged and committed as fast as they can be.
func TestReadersWhileCommitting(t *testing.T) {
	const blocks, keys, readers = 250, 200, 3
	o := small()
	o.KeepVersions = 10
	s := openTemp(t, o)
	history := make([]map[string]string, blocks+1) // filled before the height can be read
	var mu sync.RWMutex
	state := map[string]string{}
	next := func(h int64, random *rand.Rand) []Change {
		var pairs []string
		for i := range keys {
			if random.Intn(8) == 0 || h == 1 {
				pairs = append(pairs, numbered(i), numbered(int(h)))
				state[numbered(i)] = numbered(int(h))
			}
		}
		if len(pairs) == 0 {
			pairs = []string{numbered(0), ""}
			state[numbered(0)] = ""
		}
		return block(pairs...)
	}
	step := func(h int64, random *rand.Rand) {
		changes := next(h, random)
		mu.Lock()
		history[h] = cloneState(state)
		mu.Unlock()
		commit(t, s, changes)
	}
	random := rand.New(rand.NewSource(1))
	step(1, random)
	done := make(chan struct{})
	var group sync.WaitGroup
	for r := range readers {
		group.Go(func() { readWhile(t, s, rand.New(rand.NewSource(int64(r))), &mu, history, done) })
	}
	for h := int64(2); h <= blocks; h++ {
		step(h, random)
	}
	close(done)
	group.Wait()
	checkWhole(t, s)
}

func cloneState(state map[string]string) map[string]string {
	c := make(map[string]string, len(state))
	for k, v := range state {
		c[k] = v
	}
	return c
}

func readWhile(t *testing.T, s *Store, random *rand.Rand, mu *sync.RWMutex, history []map[string]string, done chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		oldest := s.Oldest()
		height := oldest + random.Int63n(s.Height()-oldest+1)
		key := numbered(random.Intn(len(history)))
		mu.RLock()
		want, there := history[height][key]
		mu.RUnlock()
		if err := readOnce(s, height, key, want, there); err != nil && !errors.Is(err, ErrPruned) {
			t.Errorf("%s at %d: %v", key, height, err)
			return
		}
		if v, ok := s.Get([]byte(key)); !ok && there {
			t.Errorf("current value of %s: %q %t", key, v, ok)
			return
		}
	}
}

var errOtherAnswer = errors.New("another value, or a proof that does not verify")

func readOnce(s *Store, height int64, key, want string, there bool) error {
	view, err := s.At(height)
	if err != nil {
		return err
	}
	got, ok, err := view.Get([]byte(key))
	if err != nil {
		return err
	}
	raw, err := view.Proof([]byte(key))
	if err != nil {
		return err
	}
	var proof ics23.CommitmentProof
	if err := proof.Unmarshal(raw); err != nil {
		return err
	}
	if ok != there || string(got) != want || !proves(view.Root(), &proof, []byte(key), got, there) {
		return errOtherAnswer
	}
	return nil
}
