package sdk_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
)

// Reads begin again where a height was dropped or the node is busy, and give up after a few times.
func TestReadsAgain(t *testing.T) {
	s := newStage(t, nil)
	for name, tc := range map[string]struct {
		code  connect.Code
		times int
		ok    bool
	}{
		"the height was dropped":       {connect.CodeOutOfRange, 2, true},
		"the node is busy":             {connect.CodeResourceExhausted, 2, true},
		"the connection was lost":      {connect.CodeUnavailable, 2, true},
		"heights are dropped for ever": {connect.CodeOutOfRange, 1_000, false},
		"the node is broken":           {connect.CodeInternal, 1, false},
	} {
		left := tc.times
		s.liar.lies(bends{fail: func() error {
			if left--; left >= 0 {
				return connect.NewError(tc.code, errors.New(name))
			}
			return nil
		}})
		held, err := s.tier1.Holdings(t.Context())
		if (err == nil) != tc.ok || tc.ok && len(held.Records) != 3 || !tc.ok && connect.CodeOf(err) != tc.code {
			t.Errorf("%s: %d parts, %v", name, len(held.Records), err)
		}
	}
}

func TestReadBounds(t *testing.T) {
	s := newStage(t, nil)
	if _, _, err := s.tier1.GetAll(t.Context()); err == nil {
		t.Error("no keys were read")
	}
	var keys [][]byte
	for range 300 { // more than one call takes
		keys = append(keys, keyOf(s.parts[0]))
	}
	v, got, err := s.tier1.GetAll(t.Context(), keys...)
	if err != nil || len(got) != 300 || got[299] == nil || v.Height == 0 || time.Since(v.Time) > sdk.DefaultMaxAge {
		t.Errorf("%d records, %+v, %v", len(got), v, err)
	}
}

// Many read while one writes: each list is complete at its own height, and none is refused as stale.
func TestReadsWhileWriting(t *testing.T) {
	s := newStage(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 6 {
		readers.Go(func() {
			for ctx.Err() == nil {
				held, err := s.tier1.Holdings(ctx)
				if ctx.Err() == nil && (err != nil || len(held.Records) < 3 || total(held.Totals) != 3_003) {
					t.Errorf("%d parts of %d, %v", len(held.Records), total(held.Totals), err)
				}
			}
		})
	}
	for range 5 {
		part := partsOf(t, s.tier1)[0]
		if part.Units() < 2 {
			continue
		}
		if _, err := s.tier1.Do(t.Context(), &voucherv1.Split{Part: part.Ref(), PiecesMinor: []int64{1, part.Units() - 1}}); err != nil {
			t.Error(err)
		}
		if held, err := s.tier1.Holdings(t.Context()); err != nil {
			t.Errorf("what was just written is not read: %d, %v", len(held.Records), err)
		}
	}
	cancel()
	readers.Wait()
}

func TestLyingNodeAboutEvents(t *testing.T) {
	s := newStage(t, nil)
	for name, bend := range map[string]func(*gatev1.EventsResponse){
		"a block left out":   func(a *gatev1.EventsResponse) { a.Blocks = append(a.Blocks[:1], a.Blocks[2:]...) },
		"the first left out": func(a *gatev1.EventsResponse) { a.Blocks = a.Blocks[1:] },
		"a block twice":      func(a *gatev1.EventsResponse) { a.Blocks[1] = a.Blocks[0] },
		"out of order":       func(a *gatev1.EventsResponse) { a.Blocks[0], a.Blocks[1] = a.Blocks[1], a.Blocks[0] },
	} {
		s.liar.lies(bends{events: bend})
		for b, err := range s.tier1.Events(t.Context(), 1) {
			if !errors.Is(err, sdk.ErrAnswer) {
				t.Errorf("%s: %v, %v", name, b, err)
			}
			break
		}
	}
}

// A P-256 key of the account opens mutual TLS; the same key signs what is sent.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	chain := sdktest.Start(t, 1)
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := key.FromCrypto(secret)
	if err != nil {
		t.Fatal(err)
	}
	pub := signer.Public()
	opened, err := chain.Dial(sdktest.Tier1).Do(t.Context(), &membersv1.OpenAccount{Name: "treasury", Policy: &membersv1.Policy{
		Threshold: 1, Keys: []*membersv1.Key{{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	conf := chain.Config(sdktest.Tier1)
	conf.Account, conf.Signer, conf.Certificate = opened.Created(0, 0), signer, selfSigned(t, secret)
	c, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Do(t.Context(), check("by P-256")); err != nil {
		t.Error(err)
	}
	if totals, _, err := c.Totals(t.Context()); err != nil || totals.SentCount != 1 {
		t.Errorf("%v, %v", totals, err)
	}
	conf.Signer = nil
	reader, err := sdk.Dial(t.Context(), conf)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if _, err := reader.Holdings(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := reader.Do(t.Context(), check("without a signer")); err == nil {
		t.Error("a client without a signer sent something")
	}
}

func selfSigned(t *testing.T, secret *ecdsa.PrivateKey) *tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: secret}
}
