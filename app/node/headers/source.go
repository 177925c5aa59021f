package headers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/light/provider"
	lightdb "github.com/cometbft/cometbft/light/store/db"
	"github.com/cometbft/cometbft/types"
)

const (
	// Members is how many members' gates must show the same header.
	Members = 2
	// GatesMax bounds the gates of one source.
	GatesMax = 20
	// TrustPeriod is how old a trusted header may be.
	TrustPeriod = 14 * 24 * time.Hour

	clockDrift = 10 * time.Second
	blockLag   = time.Second
	askAgain   = 500 * time.Millisecond
)

// ErrConflict says that two headers of one height have both the signatures of more than two thirds: the network is under
// attack, and nothing may be begun from it.
var ErrConflict = errors.New("two different headers of one height are both signed by the validators: stop, and call the other members")

// Trust is a header that the operator trusts, told to him over another way.
type Trust struct {
	Height int64
	Hash   []byte
}

// Source gives verified headers. It may be used from any goroutine.
type Source struct {
	chain string
	trust Trust

	mu    sync.Mutex
	gates []*asked
}

// asked is a gate with what was verified of it.
type asked struct {
	gate   *gate
	client *light.Client
}

// New makes a source; nothing is asked yet.
func New(chain string, trust Trust, gates []Gate) *Source {
	s := &Source{chain: chain, trust: trust}
	for _, g := range gates[:min(len(gates), GatesMax)] {
		s.gates = append(s.gates, &asked{gate: newGate(chain, g)})
	}
	return s
}

// Close ends the connections.
func (s *Source) Close() {
	for _, a := range s.gates {
		a.gate.http.CloseIdleConnections()
	}
}

// Block gives the header of a height with its commit and validators, as two members show it. It asks again until the
// context ends: the height may be the next one, a gate may be down. ErrConflict ends it at once.
func (s *Source) Block(ctx context.Context, height int64) (*types.LightBlock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		b, err := agree(s.ask(ctx, func(ctx context.Context, a *asked) (*types.LightBlock, error) {
			return a.client.VerifyLightBlockAtHeight(ctx, height, time.Now())
		}))
		if err == nil || errors.Is(err, ErrConflict) || !pause(ctx, askAgain) {
			return b, err
		}
	}
}

// Newest gives the newest header that a gate can prove, if two members' gates answer. A gate that hides the newest blocks
// cannot make it older than what an honest one shows.
func (s *Source) Newest(ctx context.Context) (*types.LightBlock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answers := s.ask(ctx, func(ctx context.Context, a *asked) (*types.LightBlock, error) {
		newest, err := a.gate.LightBlock(ctx, 0)
		if err != nil {
			return nil, err
		}
		return a.client.VerifyLightBlockAtHeight(ctx, newest.Height, time.Now())
	})
	var best *types.LightBlock
	members := map[string]bool{}
	for _, a := range answers {
		if a.err != nil {
			continue
		}
		if members[a.member] = true; best == nil || a.block.Height > best.Height {
			best = a.block
		}
	}
	if len(members) < Members {
		return nil, tooFew(answers)
	}
	return best, nil
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// answer is what one gate answered.
type answer struct {
	address, member string
	block           *types.LightBlock
	err             error
}

// ask asks every gate at once.
func (s *Source) ask(ctx context.Context, question func(context.Context, *asked) (*types.LightBlock, error)) []answer {
	out := make([]answer, len(s.gates))
	var done sync.WaitGroup
	for i, a := range s.gates {
		done.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, 2*askTimeout)
			defer cancel()
			one := answer{address: a.gate.Address, member: a.gate.Member}
			if one.err = s.open(ctx, a); one.err == nil {
				one.block, one.err = question(ctx, a)
			}
			if one.err != nil && !errors.Is(one.err, provider.ErrLightBlockNotFound) && !errors.Is(one.err, provider.ErrHeightTooHigh) {
				a.client = nil // what the engine's light client thinks of its one gate is begun anew
			}
			out[i] = one
		})
	}
	done.Wait()
	return out
}

// open begins a light client from the trusted header. It has one gate, which is its own witness: gates are compared here,
// where one that lies or is down leaves the others' answers good.
func (s *Source) open(ctx context.Context, a *asked) (err error) {
	if a.client != nil {
		return nil
	}
	a.client, err = light.NewClient(ctx, s.chain, light.TrustOptions{Period: TrustPeriod, Height: s.trust.Height, Hash: s.trust.Hash},
		a.gate, []provider.Provider{a.gate}, lightdb.New(dbm.NewMemDB(), ""),
		light.MaxRetryAttempts(1), light.MaxClockDrift(clockDrift), light.MaxBlockLag(blockLag))
	return err
}

// agree wants the same header, with the same validators and their order, from two members.
func agree(answers []answer) (*types.LightBlock, error) {
	var best *types.LightBlock
	var most int
	for _, a := range answers {
		if a.err != nil {
			continue
		}
		members := map[string]bool{}
		for _, o := range answers {
			switch {
			case o.err != nil:
			case !bytes.Equal(o.block.Hash(), a.block.Hash()):
				return nil, fmt.Errorf("%w: height %d: %s shows %X, %s shows %X", ErrConflict, a.block.Height, a.address, a.block.Hash(), o.address, o.block.Hash())
			case sameOrder(a.block.ValidatorSet, o.block.ValidatorSet):
				members[o.member] = true
			}
		}
		if len(members) > most {
			best, most = a.block, len(members)
		}
	}
	if most < Members {
		return nil, tooFew(answers)
	}
	return best, nil
}

// sameOrder tells whether two sets agree in what no header has: whose turn it is to propose.
func sameOrder(a, b *types.ValidatorSet) bool {
	if len(a.Validators) != len(b.Validators) {
		return false
	}
	for i, v := range a.Validators {
		if !bytes.Equal(v.Address, b.Validators[i].Address) || v.ProposerPriority != b.Validators[i].ProposerPriority {
			return false
		}
	}
	return true
}

func tooFew(answers []answer) error {
	var said []string
	for _, a := range answers {
		if a.err != nil {
			said = append(said, fmt.Sprintf("%s: %s", a.address, a.err))
		} else {
			said = append(said, fmt.Sprintf("%s (%s): height %d", a.address, a.member, a.block.Height))
		}
	}
	return fmt.Errorf("fewer than %d members' gates show the same header: %s", Members, strings.Join(said, "; "))
}
