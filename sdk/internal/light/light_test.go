package light

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cometbft/cometbft/types"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSkipsWhatNeedsNoLooking(t *testing.T) {
	f := steady(t, 400)
	c := client(t, options(f, 400, f.source))
	f.asked = 0
	b, err := c.Newest(t.Context())
	if err != nil || b.Height != 400 || f.asked != 1 {
		t.Fatalf("height %v after %d questions, %v", b, f.asked, err)
	}
	if b, err = c.At(t.Context(), 200); err != nil || !bytes.Equal(b.AppHash, f.blocks[200].AppHash) {
		t.Errorf("between: %v", err)
	}
	f.asked = 0
	if _, err = c.At(t.Context(), 200); err != nil || f.asked != 0 {
		t.Errorf("a verified block was asked for again, %v", err)
	}
}

// The set turns over whole, one validator of eight at a time.
func TestFollowsChangesOfValidators(t *testing.T) {
	f := newFake()
	f.grow(t, 1, 300, func(h int64) []validator {
		var out []validator
		for i := range int64(8) {
			out = append(out, validatorOf(fmt.Sprint((h+i*30)/240, i), 10))
		}
		return out
	}, "")
	c := client(t, options(f, 300, f.source))
	if _, err := c.Newest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f.asked < 3 || f.asked > 100 {
		t.Errorf("%d questions: it should walk, and not every block", f.asked)
	}
}

// What a lying node may try with headers; each row is what it shows from block 10 on, where 1 to 9 are right.
func TestRefusesForgedHeaders(t *testing.T) {
	strangers := []validator{validatorOf("x", 10), validatorOf("y", 10), validatorOf("z", 10)}
	for name, tc := range map[string]struct {
		forge func(f *fake)
		ask   int64
		want  error
	}{
		"strangers' signatures":             {func(f *fake) { f.grow(t, 10, 20, fixed(four()), "lie", strangers...) }, 20, ErrForged},
		"too few signatures":                {func(f *fake) { f.grow(t, 10, 20, fixed(four()), "lie", four()[:2]...) }, 20, ErrForged},
		"strangers as validators":           {func(f *fake) { f.grow(t, 10, 20, fixed(strangers), "lie") }, 20, ErrForged},
		"strangers as validators, next one": {func(f *fake) { f.grow(t, 10, 20, fixed(strangers), "lie") }, 10, ErrForged},
		"an older block for a newer": {func(f *fake) {
			f.grow(t, 10, 20, fixed(four()), "")
			f.blocks[20] = f.blocks[9]
		}, 20, ErrForged},
		"another state root under the same signatures": {func(f *fake) {
			f.grow(t, 10, 20, fixed(four()), "")
			lie := *f.blocks[20].Header
			lie.AppHash = bytes.Repeat([]byte{7}, 32)
			f.blocks[20] = &types.LightBlock{SignedHeader: &types.SignedHeader{Header: &lie, Commit: f.blocks[20].Commit}, ValidatorSet: f.blocks[20].ValidatorSet}
		}, 20, ErrForged},
		"another validator set beside the header": {func(f *fake) {
			f.grow(t, 10, 20, fixed(four()), "")
			f.blocks[20] = &types.LightBlock{SignedHeader: f.blocks[20].SignedHeader, ValidatorSet: setOf(strangers)}
		}, 20, ErrForged},
		"another chain's": {func(f *fake) {
			f.grow(t, 10, 20, fixed(four()), "")
			f.blocks[20].ChainID = "other"
		}, 20, ErrForged},
		"a half of the power at once": {func(f *fake) {
			f.grow(t, 10, 20, func(h int64) []validator {
				if h < 15 {
					return four()
				}
				return append(four()[:2], validatorOf("e", 10), validatorOf("f", 10))
			}, "")
		}, 20, ErrPower},
	} {
		t.Run(name, func(t *testing.T) {
			f := steady(t, 9)
			tc.forge(f)
			f.blocks[9] = steady(t, 9).blocks[9]
			c := client(t, options(f, 30, f.source))
			if _, err := c.At(t.Context(), 9); err != nil {
				t.Fatal(err)
			}
			if _, err := c.At(t.Context(), tc.ask); !errors.Is(err, tc.want) {
				t.Errorf("want %v, got %v", tc.want, err)
			}
			if _, kept := c.kept[tc.ask]; kept {
				t.Error("what was refused is trusted")
			}
		})
	}
}

func TestChangeOfPower(t *testing.T) {
	with := func(powers ...int64) *types.ValidatorSet {
		var out []validator
		for i, p := range powers {
			if p > 0 {
				out = append(out, validatorOf(fmt.Sprint(i), p))
			}
		}
		return setOf(out)
	}
	for name, tc := range map[string]struct {
		before, after *types.ValidatorSet
		allowed       bool
	}{
		"nothing":                  {with(10, 10, 10, 10), with(10, 10, 10, 10), true},
		"one of four leaves":       {with(10, 10, 10, 10), with(10, 10, 10), true},
		"one of four comes":        {with(10, 10, 10), with(10, 10, 9, 9), false},
		"less than a third comes":  {with(10, 10, 11), with(10, 10, 11, 10), true},
		"a third comes":            {with(10, 10, 10), with(10, 10, 10, 10), false},
		"one of three leaves":      {with(10, 10, 10), with(10, 10), false},
		"one replaced":             {with(10, 10, 10, 10), with(0, 10, 10, 10, 10), false},
		"a great stranger beside":  {with(10, 10, 10, 10), with(10, 10, 10, 10, 1000), false},
		"power moves, under third": {with(10, 10, 10), with(14, 5, 10), true},
		"power moves, a third":     {with(10, 10, 10), with(15, 5, 10), false},
		"single validator stays":   {with(10), with(10), true},
	} {
		if err := checkChange(tc.before, tc.after); (err == nil) != tc.allowed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTimes(t *testing.T) {
	f := steady(t, 20)
	day := int64(24 * 3600)
	if _, err := New(t.Context(), options(f, 14*day+1, f.source)); !errors.Is(err, ErrExpired) {
		t.Errorf("a root of 14 days: %v", err)
	}
	if _, err := New(t.Context(), options(f, 14*day, f.source)); err != nil {
		t.Errorf("a root of just under 14 days: %v", err)
	}
	c := client(t, options(f, 14, f.source)) // block 20 is 6 s ahead of the clock, block 18 is 4 s
	if _, err := c.At(t.Context(), 20); !errors.Is(err, ErrForged) {
		t.Errorf("from the future: %v", err)
	}
	if _, err := c.At(t.Context(), 18); err != nil {
		t.Errorf("within the drift: %v", err)
	}
}

func TestExpiresWhileRunning(t *testing.T) {
	f := steady(t, 20)
	o, now := options(f, 20, f.source), begin.Add(20*time.Second)
	o.Now = func() time.Time { return now }
	c := client(t, o)
	now = now.Add(TrustingPeriod)
	if _, err := c.At(t.Context(), 20); !errors.Is(err, ErrExpired) {
		t.Errorf("%v", err)
	}
}

func TestWitnesses(t *testing.T) {
	const last = 20
	right := steady(t, last)
	fork := right.copyTo(10)
	fork.grow(t, 11, last, fixed(four()), "fork")
	noise := right.copyTo(10)
	noise.grow(t, 11, last, fixed(four()), "noise", validatorOf("x", 1))
	down := func(context.Context, int64) (*types.LightBlock, error) { return nil, errors.New("connection refused") }
	for name, tc := range map[string]struct {
		witnesses []Source
		want      error
	}{
		"agrees":                      {[]Source{right.source}, nil},
		"one agrees, one is down":     {[]Source{down, right.source}, nil},
		"one agrees, one makes noise": {[]Source{noise.source, right.source}, nil},
		"makes noise":                 {[]Source{noise.source}, ErrNoWitness},
		"down":                        {[]Source{down}, ErrNoWitness},
		"shows a fork":                {[]Source{fork.source}, ErrFork},
		"shows a fork, one is down":   {[]Source{fork.source, down}, ErrFork},
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, options(right, last, append([]Source{right.source}, tc.witnesses...)...))
			if _, err := c.At(t.Context(), last); !errors.Is(err, tc.want) {
				t.Errorf("want %v, got %v", tc.want, err)
			}
		})
	}
}

func TestWaitsForAWitnessThatIsBehind(t *testing.T) {
	f := steady(t, 20)
	behind, polls := f.copyTo(19), 0
	slow := func(ctx context.Context, h int64) (*types.LightBlock, error) {
		if polls++; polls > 3 {
			behind.blocks[20] = f.blocks[20]
		}
		if behind.blocks[h] == nil {
			return nil, ErrFuture
		}
		return behind.blocks[h], nil
	}
	c := client(t, options(f, 20, f.source, slow))
	if _, err := c.At(t.Context(), 20); err != nil || polls < 4 {
		t.Errorf("%d polls, %v", polls, err)
	}
}

func TestRoot(t *testing.T) {
	f := steady(t, 5)
	o := options(f, 5, f.source)
	o.Root.Hash = f.blocks[2].Hash()
	if _, err := New(t.Context(), o); !errors.Is(err, ErrForged) {
		t.Errorf("another hash: %v", err)
	}
	o.Root.Hash = nil
	if _, err := New(t.Context(), o); err == nil {
		t.Error("nothing is trusted")
	}
	unsigned := newFake()
	unsigned.grow(t, 1, 1, fixed(four()), "", four()[:2]...)
	if _, err := New(t.Context(), options(unsigned, 5, unsigned.source)); !errors.Is(err, ErrForged) {
		t.Errorf("unsigned: %v", err)
	}
	o = options(f, 5, f.source)
	o.Root = Root{Height: 3, Hash: f.blocks[3].Hash()}
	for _, h := range []int64{1, 2} {
		if _, err := client(t, o).At(t.Context(), h); !errors.Is(err, ErrTooOld) {
			t.Errorf("before the root: %v", err)
		}
	}
}

func TestKeepsTheNewestInAFile(t *testing.T) {
	f := steady(t, 50)
	file := filepath.Join(t.TempDir(), "trusted")
	o := options(f, 50, f.source)
	o.File = file
	c := client(t, o)
	if _, err := c.Newest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	o.Root = Root{}
	again := client(t, o)
	if b, err := again.Last(t.Context()); err != nil || b.Height != 50 {
		t.Errorf("%v, %v", b, err)
	}
	o.Root = Root{Height: 50, Hash: f.blocks[49].Hash()}
	if _, err := New(t.Context(), o); !errors.Is(err, ErrForged) {
		t.Errorf("another hash than the kept one: %v", err)
	}
	o.Chain = "other"
	if _, err := New(t.Context(), o); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("another chain's file: %v", err)
	}
	if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Chain = testChain
	if _, err := New(t.Context(), o); err == nil {
		t.Error("a damaged file was taken")
	}
}

func TestEndsWithItsContext(t *testing.T) {
	f := steady(t, 5)
	c := client(t, options(f, 5, f.source))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := c.At(ctx, 1_000); err == nil {
		t.Error("a block that is not there")
	}
	c.turn <- struct{}{}
	defer c.unlock()
	if _, err := c.At(ctx, 5); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for the turn: %v", err)
	}
}

func TestForgetsAndGoesOn(t *testing.T) {
	f := steady(t, maxKept+100)
	c := client(t, options(f, maxKept+100, f.source))
	for h := int64(2); h <= maxKept+100; h++ {
		if _, err := c.At(t.Context(), h); err != nil {
			t.Fatal(h, err)
		}
	}
	if len(c.kept) > maxKept || c.oldest.Height == 1 {
		t.Errorf("%d kept from %d", len(c.kept), c.oldest.Height)
	}
	if _, err := c.At(t.Context(), c.oldest.Height+1); err != nil {
		t.Error(err)
	}
}
