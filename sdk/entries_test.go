package sdk_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"connectrpc.com/connect"
	"github.com/splittally/splittally/modules/deposit/depositv1"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
	"google.golang.org/protobuf/proto"
)

func historyOf(t *testing.T, c *sdk.Client) sdk.History {
	t.Helper()
	h, err := c.History(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The changes of all entries add up to the proven totals, but for what genesis gave.
func TestHistoryAddsUp(t *testing.T) {
	s := newStage(t, nil)
	h := historyOf(t, s.tier1)
	var count, minor int64
	for _, e := range h.Entries {
		for _, c := range e.Changes {
			if c.Class == voucherv1.ClassHeld {
				count, minor = count+c.Count, minor+c.AmountMinor
			}
		}
	}
	want := h.Totals.Total(voucherv1.ClassHeld, "CNY")
	if !h.Whole || len(h.Entries) != 6 || uint64(count) != want.Count || minor != want.AmountMinor {
		t.Errorf("%d entries, %d parts of %d, proven %v", len(h.Entries), count, minor, want)
	}
	some, err := s.tier1.History(t.Context(), func(e *kernelv1.Entry) bool { return e.Number <= 4 })
	if err != nil || some.Whole || len(some.Entries) != 2 || some.Entries[0].Number != 5 {
		t.Errorf("%v, %v", some.Entries, err)
	}
	if none := historyOf(t, s.chain.Dial(sdktest.Tier3)); !none.Whole || len(none.Entries) != 0 {
		t.Errorf("%v", none)
	}
}

// Whatever a node does to an account's entries is refused.
func TestLyingNodeAboutEntries(t *testing.T) {
	s := newStage(t, nil)
	theirs := s.chain.Dial(sdktest.Tier2)
	foreign := historyOf(t, theirs).Entries
	other, err := proto.Marshal(foreign[0].Entry)
	if err != nil {
		t.Fatal(err)
	}
	honest := s.chain.Config(sdktest.Tier1).Endpoints[0]
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b }
	for name, tc := range map[string]struct {
		bend func(a *gatev1.EntriesResponse)
		want error
	}{
		"drops the newest":  {func(a *gatev1.EntriesResponse) { a.Entries = a.Entries[1:] }, sdk.ErrProof},
		"drops one":         {func(a *gatev1.EntriesResponse) { a.Entries = append(a.Entries[:2], a.Entries[3:]...) }, sdk.ErrProof},
		"drops the oldest":  {func(a *gatev1.EntriesResponse) { a.Entries = a.Entries[:len(a.Entries)-1] }, nil}, // it is asked for again
		"drops all":         {func(a *gatev1.EntriesResponse) { a.Entries = nil }, sdk.ErrAnswer},
		"doubles one":       {func(a *gatev1.EntriesResponse) { a.Entries[1] = a.Entries[0] }, sdk.ErrProof},
		"reorders":          {func(a *gatev1.EntriesResponse) { a.Entries[1], a.Entries[2] = a.Entries[2], a.Entries[1] }, sdk.ErrProof},
		"alters one":        {func(a *gatev1.EntriesResponse) { a.Entries[1].Entry = flip(a.Entries[1].Entry) }, sdk.ErrProof},
		"another account's": {func(a *gatev1.EntriesResponse) { a.Entries[1].Entry = other }, sdk.ErrProof},
		"drops events":      {func(a *gatev1.EntriesResponse) { a.Entries[0].Events = nil }, sdk.ErrProof},
		"doubles an event": {func(a *gatev1.EntriesResponse) {
			a.Entries[0].Events = append(a.Entries[0].Events, a.Entries[0].Events[0])
		}, sdk.ErrProof},
		"alters an event": {func(a *gatev1.EntriesResponse) { a.Entries[0].Events[0].Data = flip(a.Entries[0].Events[0].Data) }, sdk.ErrProof},
		"another's event": {func(a *gatev1.EntriesResponse) { a.Entries[0].Events = a.Entries[1].Events }, sdk.ErrProof},
		"more than asked": {func(a *gatev1.EntriesResponse) {
			for len(a.Entries) <= 200 {
				a.Entries = append(a.Entries, a.Entries[0])
			}
		}, sdk.ErrAnswer},
		"more than there is": {func(a *gatev1.EntriesResponse) { a.Entries = append(a.Entries, a.Entries[0]) }, nil}, // and is not looked at
	} {
		t.Run(name, func(t *testing.T) {
			c := s.chain.Config(sdktest.Tier1)
			c.Endpoints = []sdk.Endpoint{s.liar.Endpoint}
			s.liar.lies(bends{entries: func(_ *gatev1.EntriesRequest, a *gatev1.EntriesResponse) {
				if len(a.Entries) > 4 {
					tc.bend(a)
				}
			}})
			client, err := sdk.Dial(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close() //nolint:errcheck // of a test
			h, err := client.History(t.Context(), nil)
			if !errors.Is(err, tc.want) || err == nil && len(h.Entries) != 6 {
				t.Errorf("%d entries, %v", len(h.Entries), err)
			}
			c.Endpoints = append(c.Endpoints, honest)
			second, err := sdk.Dial(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			defer second.Close() //nolint:errcheck // of a test
			if h, err := second.History(t.Context(), nil); err != nil || len(h.Entries) != 6 || !h.Whole {
				t.Errorf("with an honest node beside it: %d entries, %v", len(h.Entries), err)
			}
		})
	}
}

// What was walked is not asked for again, and what somebody writes into the file is not believed.
func TestEntriesAreKept(t *testing.T) {
	dir := t.TempDir()
	s := newStage(t, func(c *sdk.Config) { c.Dir = dir })
	missing := bends{refuse: func() error { return connect.NewError(connect.CodeFailedPrecondition, gatev1.ErrHistoryMissing) }}
	s.liar.lies(missing)
	if _, err := s.tier1.History(t.Context(), nil); !errors.Is(err, sdk.ErrHistoryMissing) {
		t.Fatalf("a node without the history: %v", err)
	}
	s.liar.lies(bends{})
	whole := historyOf(t, s.tier1)
	s.liar.lies(missing)
	if again := historyOf(t, s.tier1); len(again.Entries) != len(whole.Entries) {
		t.Errorf("%d entries, then %d", len(whole.Entries), len(again.Entries))
	}
	files, _ := filepath.Glob(filepath.Join(dir, "entries-*"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	open := func() (sdk.History, error) {
		c := s.chain.Config(sdktest.Tier1)
		c.Dir, c.Endpoints = dir, []sdk.Endpoint{s.liar.Endpoint}
		client, err := sdk.Dial(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close() //nolint:errcheck // of a test
		return client.History(t.Context(), nil)
	}
	if h, err := open(); err != nil || len(h.Entries) != len(whole.Entries) {
		t.Errorf("after a restart: %d entries, %v", len(h.Entries), err)
	}
	for at := 3; at < len(b); at += len(b) / 40 {
		bad := bytes.Clone(b)
		bad[at] ^= 0x10
		if err := os.WriteFile(files[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s.liar.lies(missing)
		h, err := open()
		if err == nil && !sameEntries(h.Entries, whole.Entries) {
			t.Fatalf("byte %d changed: believed", at)
		}
		s.liar.lies(bends{})
		if h, err = open(); err != nil || !sameEntries(h.Entries, whole.Entries) {
			t.Fatalf("byte %d changed, an honest node: %v", at, err)
		}
	}
}

// reopen is a client as after a restart, with the entries that a folder keeps.
func (s *stage) reopen(t *testing.T, dir string) *sdk.Client {
	t.Helper()
	c := s.chain.Config(sdktest.Tier1)
	c.Dir, c.Endpoints = dir, []sdk.Endpoint{s.liar.Endpoint}
	client, err := sdk.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// A walk that is cut off keeps what it has checked: the next one goes on from there.
func TestCutWalkIsKept(t *testing.T) {
	s, dir := newStage(t, nil), t.TempDir()
	pages := 0
	s.liar.lies(bends{entries: func(_ *gatev1.EntriesRequest, a *gatev1.EntriesResponse) {
		if pages++; pages == 1 {
			a.Entries = a.Entries[:2]
		} else {
			a.Entries = nil
		}
	}})
	if _, err := s.reopen(t, dir).History(t.Context(), nil); !errors.Is(err, sdk.ErrAnswer) {
		t.Fatal(err)
	}
	var asked []int
	s.liar.lies(bends{entries: func(_ *gatev1.EntriesRequest, a *gatev1.EntriesResponse) { asked = append(asked, len(a.Entries)) }})
	if h := historyOf(t, s.reopen(t, dir)); len(h.Entries) != 6 || len(asked) != 1 || asked[0] != 4 {
		t.Errorf("%d entries, %d asked for again", len(h.Entries), asked)
	}
}

// A file that is longer than this program writes is begun anew, and serves again.
func TestLongFileOfEntries(t *testing.T) {
	s, dir := newStage(t, nil), t.TempDir()
	historyOf(t, s.reopen(t, dir))
	files, _ := filepath.Glob(filepath.Join(dir, "entries-*"))
	if len(files) != 1 {
		t.Fatal(files)
	}
	if err := os.Truncate(files[0], 128<<20+1); err != nil { // a hole, no bytes
		t.Fatal(err)
	}
	historyOf(t, s.reopen(t, dir))
	s.liar.lies(bends{refuse: func() error { return connect.NewError(connect.CodeUnavailable, errors.New("down")) }})
	if h := historyOf(t, s.reopen(t, dir)); len(h.Entries) != 6 {
		t.Errorf("%d entries are kept", len(h.Entries))
	}
}

func sameEntries(a, b []*sdk.Entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !proto.Equal(a[i].Entry, b[i].Entry) || len(a[i].Events) != len(b[i].Events) {
			return false
		}
	}
	return true
}

// A bank's deposits and a payment's legs stand in both accounts' entries.
func TestHistoryOfDeposits(t *testing.T) {
	s := newStage(t, nil)
	bank := s.chain.Dial(sdktest.Bank)
	if _, err := bank.Do(t.Context(), &depositv1.Mint{To: s.tier1.Account().Bytes(), AmountMinor: 70, Currency: "CNY", Reference: "box 7"}); err != nil {
		t.Fatal(err)
	}
	h := historyOf(t, s.tier1)
	last := h.Entries[len(h.Entries)-1]
	if len(h.Deposits) != 1 || h.Deposits[0].AmountMinor != 70 || len(last.Changes) != 1 || last.Changes[0].AmountMinor != 70 || len(last.Events) != 1 {
		t.Errorf("%v, %v", h.Deposits, last)
	}
	if of := historyOf(t, bank).Entries; len(of) == 0 || len(of[len(of)-1].Changes) != 0 {
		t.Errorf("the bank is told and holds nothing: %v", of)
	}
}
