package sdk_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/splittally/splittally/modules/kernel/gatev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
	"google.golang.org/protobuf/proto"
)

// stage is a chain on which tier1 holds three parts, seen through a node that lies, and tier2 one.
type stage struct {
	chain          *sdktest.Chain
	liar           *liar
	tier1, obligor *sdk.Client
	parts          []*voucherv1.Part
	foreign        []byte // the state key of tier2's part
}

func newStage(t *testing.T, conf func(*sdk.Config)) *stage {
	t.Helper()
	t.Parallel() // most of the time is waiting for blocks
	s := &stage{chain: sdktest.Start(t, 1)}
	c := s.chain.Config(sdktest.Tier1)
	s.liar = newLiar(t, c)
	c.Endpoints = []sdk.Endpoint{s.liar.Endpoint}
	if conf != nil {
		conf(&c)
	}
	var err error
	if s.tier1, err = sdk.Dial(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.tier1.Close() })
	s.obligor = s.chain.Dial(sdktest.Obligor)
	for i := range uint64(3) {
		s.chain.Issue(s.obligor, s.tier1, s.chain.Item(sdktest.Tier1, int64(1_000+i), i))
	}
	tier2 := s.chain.Dial(sdktest.Tier2)
	s.chain.Issue(s.obligor, tier2, s.chain.Item(sdktest.Tier2, 500, 9))
	s.parts = partsOf(t, s.tier1)
	theirs := partsOf(t, tier2)[0]
	s.foreign = voucherv1.PartKey(id.Must(theirs.Package), id.Must(theirs.Number))
	return s
}

func partsOf(t *testing.T, c *sdk.Client) (out []*voucherv1.Part) {
	t.Helper()
	held, err := c.Holdings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range held.Records {
		out = append(out, h.Part)
	}
	return out
}

func keyOf(p *voucherv1.Part) []byte { return voucherv1.PartKey(id.Must(p.Package), id.Must(p.Number)) }

// Whatever a node does to an answer, what is there is not denied, what is not there is not shown, and no value is changed.
func TestLyingNodeAboutRecords(t *testing.T) {
	s := newStage(t, nil)
	there, gone := keyOf(s.parts[0]), membersv1.MemberKey(id.Hash("nobody"))
	honest := func(key []byte) *gatev1.Record { // what an honest node says of another key, kept for replaying
		var out *gatev1.Record
		s.liar.lies(bends{read: func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) { out = a.Records[0] }})
		if _, _, err := s.tier1.GetAll(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		return proto.CloneOf(out)
	}
	other, absent := honest(keyOf(s.parts[1])), honest(membersv1.MemberKey(id.Hash("no one")))
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b }
	for name, tc := range map[string]struct {
		key  []byte
		bend func(*gatev1.ReadResponse)
		want error
	}{
		"a value with one bit changed":          {there, func(a *gatev1.ReadResponse) { a.Records[0].Value = flip(a.Records[0].Value) }, sdk.ErrProof},
		"another record under its own proof":    {there, func(a *gatev1.ReadResponse) { a.Records[0] = other }, sdk.ErrProof},
		"another record under the key's name":   {there, func(a *gatev1.ReadResponse) { a.Records[0].Value, a.Records[0].Proof = other.Value, other.Proof }, sdk.ErrProof},
		"another's value under the key's proof": {there, func(a *gatev1.ReadResponse) { a.Records[0].Value = other.Value }, sdk.ErrProof},
		"denied, with the proof of presence":    {there, func(a *gatev1.ReadResponse) { a.Records[0].Present, a.Records[0].Value = false, nil }, sdk.ErrProof},
		"denied, with another key's absence":    {there, func(a *gatev1.ReadResponse) { a.Records[0] = absent }, sdk.ErrProof},
		"denied, without a proof":               {there, func(a *gatev1.ReadResponse) { a.Records[0].Present, a.Records[0].Proof = false, nil }, sdk.ErrProof},
		"shown, without a proof":                {there, func(a *gatev1.ReadResponse) { a.Records[0].Proof = nil }, sdk.ErrProof},
		"shown, a proof with one bit changed":   {there, func(a *gatev1.ReadResponse) { a.Records[0].Proof = flip(a.Records[0].Proof) }, sdk.ErrProof},
		"shown, a proof that is too large":      {there, func(a *gatev1.ReadResponse) { a.Records[0].Proof = make([]byte, 1<<17) }, sdk.ErrProof},
		"said not to be visible":                {there, func(a *gatev1.ReadResponse) { a.Records[0].MayRead = false }, sdk.ErrNotVisible},
		"left out":                              {there, func(a *gatev1.ReadResponse) { a.Records = nil }, sdk.ErrAnswer},
		"empty":                                 {there, func(a *gatev1.ReadResponse) { a.Records[0] = &gatev1.Record{} }, sdk.ErrNotVisible},
		"of no height":                          {there, func(a *gatev1.ReadResponse) { a.Height = 0 }, sdk.ErrAnswer},
		"of the height before":                  {there, func(a *gatev1.ReadResponse) { a.Height-- }, nil},
		"made up":                               {gone, func(a *gatev1.ReadResponse) { a.Records[0].Present, a.Records[0].Value = true, other.Value }, sdk.ErrProof},
		"made up, with another's proof":         {gone, func(a *gatev1.ReadResponse) { a.Records[0] = other }, sdk.ErrProof},
	} {
		t.Run(name, func(t *testing.T) {
			s.liar.lies(bends{read: func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) { tc.bend(a) }})
			_, records, err := s.tier1.GetAll(t.Context(), tc.key)
			if err == nil {
				t.Fatalf("believed: %x", records)
			}
			if tc.want != nil && !errors.Is(err, tc.want) {
				t.Errorf("want %v, got %v", tc.want, err)
			}
		})
	}
}

// Two keys asked for at once, answered crosswise, or the second left out.
func TestLyingNodeAboutOrder(t *testing.T) {
	s := newStage(t, nil)
	for name, bend := range map[string]func(*gatev1.ReadResponse){
		"crosswise": func(a *gatev1.ReadResponse) { a.Records[0], a.Records[1] = a.Records[1], a.Records[0] },
		"one twice": func(a *gatev1.ReadResponse) { a.Records[1] = a.Records[0] },
		"one less":  func(a *gatev1.ReadResponse) { a.Records = a.Records[:1] },
		"one more":  func(a *gatev1.ReadResponse) { a.Records = append(a.Records, a.Records[0]) },
	} {
		s.liar.lies(bends{read: func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) { bend(a) }})
		if _, got, err := s.tier1.GetAll(t.Context(), keyOf(s.parts[0]), keyOf(s.parts[1])); err == nil {
			t.Errorf("%s: believed %x", name, got)
		}
	}
}

// An old answer with its own valid proofs: the account had the part then.
func TestLyingNodeAnswersFromThePast(t *testing.T) {
	s := newStage(t, nil)
	key := keyOf(s.parts[0])
	var old *gatev1.ReadResponse
	s.liar.lies(bends{read: func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) { old = proto.CloneOf(a) }})
	if _, _, err := s.tier1.GetAll(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	s.liar.lies(bends{})
	if _, err := s.tier1.Do(t.Context(), &voucherv1.Split{Part: s.parts[0].Ref(), PiecesMinor: []int64{1, s.parts[0].Units() - 1}}); err != nil {
		t.Fatal(err)
	}
	s.liar.lies(bends{read: func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) { a.Height, a.Records = old.Height, old.Records }})
	if _, got, err := s.tier1.GetAll(t.Context(), key); !errors.Is(err, sdk.ErrStale) {
		t.Errorf("believed %x, %v", got, err)
	}
	s.liar.lies(bends{read: func(_ *gatev1.ReadRequest, a *gatev1.ReadResponse) { a.Records = old.Records }})
	if _, got, err := s.tier1.GetAll(t.Context(), key); !errors.Is(err, sdk.ErrProof) {
		t.Errorf("believed %x, %v", got, err)
	}
}

func TestLyingNodeAboutLists(t *testing.T) {
	s := newStage(t, nil)
	hide := func(key []byte) func(q *gatev1.ReadRequest, a *gatev1.ReadResponse) {
		return func(q *gatev1.ReadRequest, a *gatev1.ReadResponse) {
			for i := range q.Keys {
				if bytes.Equal(q.Keys[i], key) {
					a.Records[i] = &gatev1.Record{Key: key}
				}
			}
		}
	}
	for name, tc := range map[string]struct {
		bend bends
		want error // nil: the three parts, and nothing else
	}{
		"leaves the first out":     {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys = a.Keys[1:] }}, sdk.ErrIncomplete},
		"leaves the last out":      {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys = a.Keys[:2] }}, sdk.ErrIncomplete},
		"leaves all out":           {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys = nil }}, sdk.ErrIncomplete},
		"one twice for another":    {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys[0] = a.Keys[1] }}, sdk.ErrIncomplete},
		"another's for one":        {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys[0] = s.foreign }}, sdk.ErrIncomplete},
		"hides one as not visible": {bends{read: hide(keyOf(s.parts[1]))}, sdk.ErrIncomplete},
		"hides the totals":         {bends{read: hide(kernelv1.TotalsKey(s.tier1.Account()))}, sdk.ErrNotVisible},
		"hides all and totals": {bends{
			read: hide(kernelv1.TotalsKey(s.tier1.Account())),
			list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys = nil },
		}, sdk.ErrNotVisible},
		"of a height long gone": {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Height = 1 }}, sdk.ErrStale},
		"says there is more":    {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.More = true }}, nil},
		"without an end":        {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys, a.More = [][]byte{s.foreign}, true }}, sdk.ErrAnswer},
		"with keys of nonsense": {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys = append(a.Keys, make([]byte, 10_000)) }}, sdk.ErrAnswer},
		"all of them twice":     {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys = append(a.Keys, a.Keys...) }}, nil},
		"another's beside":      {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) { a.Keys = append(a.Keys, s.foreign) }}, nil},
		"what is not there": {bends{list: func(_ *gatev1.ListRequest, a *gatev1.ListResponse) {
			a.Keys = append(a.Keys, voucherv1.PartKey(id.ID{1}, id.ID{2}))
		}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s.liar.lies(tc.bend)
			got, err := s.tier1.Holdings(t.Context())
			switch {
			case !errors.Is(err, tc.want):
				t.Errorf("want %v, got %v", tc.want, err)
			case err == nil && len(got.Records) != 3, err != nil && len(got.Records) != 0:
				t.Errorf("%d parts with %v", len(got.Records), err)
			}
		})
	}
}

// forge changes every header that the node shows.
func forge(t *testing.T, change func(*cmtproto.LightBlock)) bends {
	return bends{header: func(_ *gatev1.LightBlockRequest, a *gatev1.LightBlockResponse) {
		b := &cmtproto.LightBlock{}
		if err := b.Unmarshal(a.LightBlock); err != nil {
			t.Error(err)
			return
		}
		change(b)
		a.LightBlock, _ = b.Marshal()
	}}
}

// Headers are judged in depth in internal/light; here, that the client's reads hang on them.
func TestLyingNodeAboutHeaders(t *testing.T) {
	s := newStage(t, nil)
	for name, change := range map[string]func(*cmtproto.LightBlock){
		"another root":        func(b *cmtproto.LightBlock) { b.SignedHeader.Header.AppHash = bytes.Repeat([]byte{1}, 32) },
		"a later time":        func(b *cmtproto.LightBlock) { b.SignedHeader.Header.Time = b.SignedHeader.Header.Time.Add(time.Second) },
		"another validator":   func(b *cmtproto.LightBlock) { b.ValidatorSet.Validators[0].Address = make([]byte, 20) },
		"more power":          func(b *cmtproto.LightBlock) { b.ValidatorSet.Validators[0].VotingPower++ },
		"a signature changed": func(b *cmtproto.LightBlock) { b.SignedHeader.Commit.Signatures[0].Signature[0] ^= 1 },
		"no signatures":       func(b *cmtproto.LightBlock) { b.SignedHeader.Commit.Signatures = nil },
		"no header":           func(b *cmtproto.LightBlock) { b.SignedHeader = nil },
		"no validators":       func(b *cmtproto.LightBlock) { b.ValidatorSet = nil },
		"another chain's":     func(b *cmtproto.LightBlock) { b.SignedHeader.Header.ChainID = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			time.Sleep(250 * time.Millisecond) // a new block, whose header is not known yet
			s.liar.lies(forge(t, change))
			if _, got, err := s.tier1.GetAll(t.Context(), keyOf(s.parts[0])); !errors.Is(err, sdk.ErrHeader) {
				t.Errorf("believed %x, %v", got, err)
			}
		})
	}
}

// A node that stands still, or shows only what was, is noticed by the age of its headers.
func TestLyingNodeStandsStill(t *testing.T) {
	ahead := time.Duration(0)
	s := newStage(t, func(c *sdk.Config) { c.Now = func() time.Time { return time.Now().Add(ahead) } })
	key := keyOf(s.parts[0])
	ahead = sdk.DefaultMaxAge + time.Second
	if _, got, err := s.tier1.GetAll(t.Context(), key); !errors.Is(err, sdk.ErrStale) {
		t.Errorf("believed %x, %v", got, err)
	}
	if held, err := s.tier1.Holdings(t.Context()); !errors.Is(err, sdk.ErrStale) {
		t.Errorf("believed %v, %v", held, err)
	}
	ahead = -10 * time.Second
	time.Sleep(250 * time.Millisecond)
	if _, got, err := s.tier1.GetAll(t.Context(), key); err == nil {
		t.Errorf("believed a header from the future: %x", got)
	}
	ahead = 0
	if _, _, err := s.tier1.GetAll(t.Context(), key); err != nil {
		t.Errorf("all is well again: %v", err)
	}
}

// A trail is as it was written, from the issue on, or it is refused.
func TestLyingNodeAboutTrails(t *testing.T) {
	s := newStage(t, nil)
	part := s.parts[0]
	if _, err := s.tier1.Do(t.Context(), &voucherv1.Split{Part: part.Ref(), PiecesMinor: []int64{400, part.Units() - 400}}); err != nil {
		t.Fatal(err)
	}
	pieces, honest := partsOf(t, s.tier1), [][]byte(nil)
	pkg := id.Must(part.Package)
	var piece, sibling *voucherv1.Part
	for _, p := range pieces {
		if bytes.Equal(p.Package, part.Package) && piece == nil {
			piece = p
		} else if bytes.Equal(p.Package, part.Package) {
			sibling = p
		}
	}
	s.liar.lies(bends{trail: func(a *gatev1.TrailResponse) { honest = a.Entries }})
	if _, _, err := s.tier1.Trail(t.Context(), pkg, id.Must(sibling.Number)); err != nil {
		t.Fatal(err)
	}
	for name, bend := range map[string]func(*gatev1.TrailResponse){
		"entries swapped":       func(a *gatev1.TrailResponse) { a.Entries[0], a.Entries[1] = a.Entries[1], a.Entries[0] },
		"a bit changed":         func(a *gatev1.TrailResponse) { a.Entries[0][len(a.Entries[0])-1] ^= 1 },
		"a hash changed":        func(a *gatev1.TrailResponse) { a.Entries[1][40] ^= 1 },
		"the sibling's":         func(a *gatev1.TrailResponse) { a.Entries = honest },
		"the sibling's newest":  func(a *gatev1.TrailResponse) { a.Entries[0] = honest[0] },
		"the newest left out":   func(a *gatev1.TrailResponse) { a.Entries = a.Entries[1:] },
		"the issue left out":    func(a *gatev1.TrailResponse) { a.Entries = a.Entries[:max(len(a.Entries)-1, 0)] },
		"all left out":          func(a *gatev1.TrailResponse) { a.Entries = nil },
		"more before the issue": func(a *gatev1.TrailResponse) { a.Entries = append(a.Entries, a.Entries[1]) },
		"an entry cut off":      func(a *gatev1.TrailResponse) { a.Entries[0] = a.Entries[0][:30] },
	} {
		s.liar.lies(bends{trail: bend})
		if got, _, err := s.tier1.Trail(t.Context(), pkg, id.Must(piece.Number)); err == nil || got != nil {
			t.Errorf("%s: believed %v, %v", name, got, err)
		}
	}
	s.liar.lies(bends{})
	if got, _, err := s.tier1.Trail(t.Context(), pkg, id.Must(piece.Number)); err != nil || len(got) != 2 {
		t.Errorf("%v, %v", got, err)
	}
}
