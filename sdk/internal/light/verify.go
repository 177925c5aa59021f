package light

import (
	"context"
	"errors"
	"fmt"

	cmtmath "github.com/cometbft/cometbft/libs/math"
	cmtlight "github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"
)

// trustLevel is how much of the trusted voting power must have signed a later header for the walk to skip what lies
// between: more than two thirds, as the chain itself needs, where CometBFT's default is a third.
var trustLevel = cmtmath.Fraction{Numerator: 2, Denominator: 3}

// walk verifies target from trusted, over as few headers between as the changes of validators need.
func (c *Client) walk(ctx context.Context, s Source, trusted, target *types.LightBlock) error {
	open := []*types.LightBlock{target}
	for range maxSteps {
		next := open[len(open)-1]
		err := c.step(trusted, next)
		var few cmtlight.ErrNewValSetCantBeTrusted
		switch {
		case err == nil && len(open) == 1:
			return nil
		case err == nil:
			trusted, open = next, open[:len(open)-1]
		case errors.As(err, &few):
			middle, err := c.fetch(ctx, s, trusted.Height+(next.Height-trusted.Height)/2)
			if err != nil {
				return fmt.Errorf("a header between %d and %d: %w", trusted.Height, next.Height, err)
			}
			open = append(open, middle)
		default:
			return err
		}
	}
	return fmt.Errorf("%w: more than %d steps from %d to %d", ErrForged, maxSteps, trusted.Height, target.Height)
}

// step verifies next from trusted in one step.
func (c *Client) step(trusted, next *types.LightBlock) error {
	now := c.o.Now()
	if cmtlight.HeaderExpired(trusted.SignedHeader, TrustingPeriod, now) {
		return ErrExpired
	}
	err := cmtlight.Verify(trusted.SignedHeader, trusted.ValidatorSet, next.SignedHeader, next.ValidatorSet,
		TrustingPeriod, now, MaxDrift, trustLevel)
	var few cmtlight.ErrNewValSetCantBeTrusted
	switch {
	case errors.As(err, &few):
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ErrForged, err)
	case next.Height == trusted.Height+1:
		return checkChange(trusted.ValidatorSet, next.ValidatorSet)
	}
	return nil
}

// checkChange refuses a set that differs from the one of the block before by a third of its power or more, counted as
// the chain counts it: the sum of what each validator gains or loses.
func checkChange(before, after *types.ValidatorSet) error {
	var change int64
	for _, v := range before.Validators {
		power := int64(0)
		if _, now := after.GetByAddress(v.Address); now != nil {
			power = now.VotingPower
		}
		change += abs(v.VotingPower - power)
	}
	for _, v := range after.Validators {
		if !before.HasAddress(v.Address) {
			change += v.VotingPower
		}
	}
	// Powers are at most 2^60 each by CometBFT's own bound on their total, so change/2 keeps within int64.
	if change >= (before.TotalVotingPower()+2)/3 {
		return fmt.Errorf("%w: %d of %d", ErrPower, change, before.TotalVotingPower())
	}
	return nil
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
