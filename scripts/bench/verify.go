package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
)

// The median of some rounds is taken: what it is compared with is a mean on the same, shared machine.
const (
	verifyRounds = 20
	verifyEach   = 500
)

// verifyCost is how long one check of a secp256k1 signature takes on one core.
func verifyCost() (time.Duration, error) {
	s, digest := secret("verify", 0), id.Hash("bench digest")
	sig, err := s.Sign(digest[:])
	if err != nil {
		return 0, err
	}
	var rounds []time.Duration
	for range verifyRounds {
		began := time.Now()
		for range verifyEach {
			if err := key.Verify(s.Public(), digest[:], sig); err != nil {
				return 0, fmt.Errorf("a good signature is refused: %w", err)
			}
		}
		rounds = append(rounds, time.Since(began)/verifyEach)
	}
	slices.Sort(rounds)
	return rounds[len(rounds)/2], nil
}
