package main

import (
	"fmt"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
)

// The best of some rounds is taken, because others use the machine too.
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
	var best time.Duration
	for range verifyRounds {
		began := time.Now()
		for range verifyEach {
			if err := key.Verify(s.Public(), digest[:], sig); err != nil {
				return 0, fmt.Errorf("a good signature is refused: %w", err)
			}
		}
		if took := time.Since(began) / verifyEach; best == 0 || took < best {
			best = took
		}
	}
	return best, nil
}
