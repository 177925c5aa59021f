package pool

import (
	"sync"
	"sync/atomic"

	"github.com/splittally/splittally/modules/kernel/key"
)

// Signatures remembers which (key, digest, signature) a node has found valid, and nothing else: whether the key may
// sign is read from state each time. It keeps two generations, so that its size is bounded and the newest stay.
type Signatures struct {
	mu       sync.Mutex
	hot      map[[32]byte]struct{}
	cold     map[[32]byte]struct{}
	most     int
	verified atomic.Int64
}

// NewSignatures remembers at least most, at most twice as many.
func NewSignatures(most int) *Signatures {
	return &Signatures{hot: map[[32]byte]struct{}{}, cold: map[[32]byte]struct{}{}, most: most}
}

// Verify is key.Verify, once for each signature.
func (s *Signatures) Verify(pub key.Public, digest, sig []byte) error {
	if len(digest) != key.DigestSize || len(sig) != key.SignatureSize {
		return key.ErrSignature // and Fold would not tell where one ends
	}
	name := key.Fold(pub, digest, sig)
	if s.has(name) {
		return nil
	}
	s.verified.Add(1)
	if err := key.Verify(pub, digest, sig); err != nil {
		return err
	}
	s.add(name)
	return nil
}

// Verified counts the signatures that were really checked.
func (s *Signatures) Verified() int64 { return s.verified.Load() }

func (s *Signatures) has(name [32]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.hot[name]; ok {
		return true
	}
	_, ok := s.cold[name]
	return ok
}

func (s *Signatures) add(name [32]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.hot) >= s.most {
		s.cold, s.hot = s.hot, make(map[[32]byte]struct{}, s.most)
	}
	s.hot[name] = struct{}{}
}
