package kernel_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
)

// draft is a transaction in the making, which faults spoil.
type draft struct {
	w       *world
	body    *txv1.Body
	signers []kerneltest.Actor
	wire    func(*txv1.Transaction)
	tail    []byte // appended to the bytes
}

func (d *draft) raw() []byte {
	raw := d.w.Sign(d.body, d.signers...)
	wire := &txv1.Transaction{}
	if err := proto.Unmarshal(raw, wire); err != nil {
		panic(err)
	}
	if d.wire != nil {
		d.wire(wire)
	}
	return append(encode(wire), d.tail...)
}

func (d *draft) then(f func(*txv1.Transaction)) {
	before := d.wire
	d.wire = func(t *txv1.Transaction) {
		if before != nil {
			before(t)
		}
		f(t)
	}
}

// fault spoils a draft in one way.
type fault struct {
	name  string
	want  *errs.Code
	spoil func(*draft)
}

var usedID = bytes.Repeat([]byte{9}, txv1.IDSize)

// faults of a transaction, in the order in which they are found. Each leaves those below it as they are, where it can.
var faults = []fault{
	{"a megabyte and more", kernel.ErrTooLarge, func(d *draft) { d.tail = make([]byte, txv1.MaxBytesLarge) }},
	{"no message", kernel.ErrMalformed, func(d *draft) { d.tail = []byte{0xff} }},
	{"unknown field", kernel.ErrNotCanonical, func(d *draft) { d.tail = []byte{0x78, 1} }},
	{"another chain", kernel.ErrWrongChain, func(d *draft) { d.body.ChainId = "test-2" }},
	{"a sender of 31 bytes", kernel.ErrMalformed, func(d *draft) { d.body.Sender = d.body.Sender[1:] }},
	{"a lane of 1 byte", kernel.ErrMalformed, func(d *draft) { d.body.Lane = []byte{1} }},
	{"an id of 15 bytes", kernel.ErrMalformed, func(d *draft) { d.body.Id = usedID[1:] }},
	{"an attachment", kernel.ErrAttachments, func(d *draft) { d.then(func(t *txv1.Transaction) { t.Attachments = []*txv1.Attachment{{}} }) }},
	{"a digest of attachments", kernel.ErrAttachments, func(d *draft) { d.body.AttachmentsDigest = []byte{1} }},
	{"101 calls", kernel.ErrCalls, func(d *draft) {
		for len(d.body.Calls) <= txv1.MaxCalls {
			d.body.Calls = append(d.body.Calls, d.body.Calls[0])
		}
	}},
	{"no such method", kernel.ErrUnknownMethod, func(d *draft) { d.body.Calls[0].Method = "toy.None" }},
	{"a message of another encoding", kernel.ErrNotCanonical, func(d *draft) { d.body.Calls[0].Message = []byte{0x78, 1} }},
	{"a field out of bounds, by the module's code", errField, func(d *draft) { d.setMessage(func(m *do) { m.DueUnixS = -1 }) }},
	{"a field out of bounds, by no code", kernel.ErrInvalid, func(d *draft) { d.setMessage(func(m *do) { m.Payload = []byte("abc") }) }},
	{"a call as 31 bytes", kernel.ErrMalformed, func(d *draft) { d.body.Calls[0].As = alice.ID.Bytes()[1:] }},
	{"more than 64 KiB", kernel.ErrTooLarge, func(d *draft) {
		d.setMessage(func(m *do) { m.Payload = make([]byte, txv1.MaxBytes) })
	}},
	{"17 signatures", kernel.ErrSignatures, func(d *draft) {
		d.then(func(t *txv1.Transaction) {
			for len(t.Signatures) <= txv1.MaxSignatures {
				t.Signatures = append(t.Signatures, t.Signatures[0])
			}
		})
	}},
	{"expired", kernel.ErrExpired, func(d *draft) { d.body.ExpiresUnixS = d.w.Time }},
	{"too far ahead", kernel.ErrTooFarAhead, func(d *draft) { d.body.ExpiresUnixS = d.w.Time + txv1.WindowSeveralS + 1 }},
	{"the id is used", kernel.ErrIDReused, func(d *draft) { d.body.Sender, d.body.Id = board.ID.Bytes(), usedID }},
	{"too many open", kernel.ErrTooManyOpen, func(d *draft) {
		d.body.Sender, d.body.ExpiresUnixS = board.ID.Bytes(), d.w.Time+txv1.WindowS+1
	}},
	{"an unknown account", kernel.ErrUnknown, func(d *draft) { d.body.Sender = nobody.ID.Bytes() }},
	{"a signature is missing", kernel.ErrMissingKey, func(d *draft) { d.signers[0] = with(board, 0) }},
	{"a needless signature", kernel.ErrNeedless, func(d *draft) { d.signers = append(d.signers, nobody) }},
	{"a signature that does not fit", kernel.ErrBadSignature, func(d *draft) {
		d.then(func(t *txv1.Transaction) {
			for _, s := range t.Signatures {
				s.Signature[5] ^= 1
			}
		})
	}},
}

func (d *draft) setMessage(change func(*do)) {
	m := &do{}
	change(m)
	d.body.Calls[0].Message = encode(m)
}

// lastOfForm is how many faults Parse finds; Judge finds the others.
const lastOfForm = 17

// Each transaction has one fault and all that stand below it; the first is what it is refused for.
func TestRefusalsInOrderOfPrecedence(t *testing.T) {
	w := newWorld(t)
	w.exhaust()
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			d := &draft{w: w, signers: []kerneltest.Actor{pair}}
			d.body = w.Body(pair, &txv1.Call{Method: "toy.Do"})
			for j := len(faults) - 1; j >= i; j-- {
				if faults[j].name == "a signature is missing" {
					d.signers[0] = with(pair, 0)
					continue
				}
				faults[j].spoil(d)
			}
			tx, err := w.M.Parse(d.raw())
			if i >= lastOfForm {
				if err != nil {
					t.Fatalf("its form is good: %v", err)
				}
				err = w.M.Judge(w.View(), tx, w.IDs, key.Verify)
			}
			if !errors.Is(err, f.want) {
				t.Errorf("want %s, got %v", f.want.Name, err)
			}
		})
	}
}

// exhaust opens as many ids of board as it may have, one of them usedID, in one block.
func (w *world) exhaust() {
	w.TB.Helper()
	var txs []*kernel.Tx
	for i := range kernel.MaxOpenSeveral {
		b := w.Body(board, w.call(board, "toy.Do", nil))
		b.ExpiresUnixS = w.Time + txv1.WindowSeveralS
		if i == 0 {
			b.Id = usedID
		}
		txs = append(txs, w.parse(b, with(board, 0, 1)))
	}
	for _, r := range w.Block(txs...) {
		if r.Err != nil {
			w.TB.Fatal(r.Err)
		}
	}
}

// Every fault alone, so that none hides behind another; and a transaction without any is taken.
func TestEachRefusalAlone(t *testing.T) {
	w := newWorld(t)
	w.exhaust()
	for _, f := range append([]fault{{"none", nil, func(*draft) {}}}, faults...) {
		t.Run(f.name, func(t *testing.T) {
			d := &draft{w: w, signers: []kerneltest.Actor{pair}}
			d.body = w.Body(pair, w.call(pair, "toy.Do", nil))
			if f.name == "a signature is missing" {
				d.signers[0] = with(pair, 0)
			} else {
				f.spoil(d)
			}
			err := w.Raw(d.raw()).Err
			if f.want == nil && err != nil || f.want != nil && !errors.Is(err, f.want) {
				t.Errorf("want %v, got %v", f.want, err)
			}
			if err != nil && (strings.Contains(err.Error(), "%!") || strings.Contains(err.Error(), "<nil>")) {
				t.Errorf("a person reads: %s", err)
			}
		})
	}
}

// The codes are declared in the order in which they are found, but for those of form that are found in parts.
func TestCodesAreDeclaredInOrder(t *testing.T) {
	inParts := map[*errs.Code]bool{kernel.ErrMalformed: true, kernel.ErrTooLarge: true, kernel.ErrNotCanonical: true}
	var last uint32
	for _, f := range append(faults, permissions...) {
		if f.want.Module != "kernel" || inParts[f.want] || f.want == kernel.ErrUnknown && last > kernel.ErrUnknown.Number {
			continue
		}
		if f.want.Number < last {
			t.Errorf("%s is number %d and found after number %d", f.want.Name, f.want.Number, last)
		}
		last = f.want.Number
	}
	for want, c := range []*errs.Code{1: kernel.ErrTooLarge, 2: kernel.ErrMalformed, 3: kernel.ErrNotCanonical, 4: kernel.ErrWrongChain} {
		if c != nil && int(c.Number) != want {
			t.Errorf("%s is number %d, not %d", c.Name, c.Number, want)
		}
	}
}

// permissions are what Permit, and then execution, refuse.
var permissions = []fault{
	{"a sender that is inactive, and acts in no call", kernel.ErrInactive, func(d *draft) {
		d.body = d.w.Body(invited, d.w.call(alice, "toy.Role", nil))
		d.signers = []kerneltest.Actor{invited, alice}
	}},
	{"the lane of an inactive account", kernel.ErrInactive, func(d *draft) {
		d.as(alice, "toy.Role")
		d.body.Lane = invited.ID.Bytes()
		d.signers = append(d.signers, invited)
	}},
	{"an inactive account", kernel.ErrInactive, func(d *draft) { d.as(invited, "toy.Role") }},
	{"an active account where an invited one is needed", kernel.ErrInactive, func(d *draft) { d.as(alice, "toy.Invited") }},
	{"governance's method", kernel.ErrNotPermitted, func(d *draft) { d.as(alice, "toy.Governed") }},
	{"no seat", kernel.ErrNotPermitted, func(d *draft) { d.as(bob, "toy.Seat") }},
	{"no seat, where governance may too", kernel.ErrNotPermitted, func(d *draft) { d.as(bob, "toy.Both") }},
	{"another role", kernel.ErrNotPermitted, func(d *draft) { d.as(carol, "toy.Role") }},
	{"the second call", kernel.ErrNotPermitted, func(d *draft) {
		d.as(alice, "toy.Role")
		d.body.Calls = append(d.body.Calls, d.w.call(alice, "toy.Governed", nil))
	}},
	{"no role, and a policy without the method", kernel.ErrNotPermitted, func(d *draft) { d.as(narrow, "toy.Role") }},
	{"a policy without the method", kernel.ErrMethodClosed, func(d *draft) { d.as(narrow, "toy.Do") }},
}

func (d *draft) as(a kerneltest.Actor, method string) {
	d.body, d.signers = d.w.Body(a, d.w.call(a, method, nil)), []kerneltest.Actor{a}
}

var permitted = []fault{
	{"a role", nil, func(d *draft) { d.as(alice, "toy.Role") }},
	{"the other role", nil, func(d *draft) { d.as(bob, "toy.Role") }},
	{"a seat", nil, func(d *draft) { d.as(alice, "toy.Seat") }},
	{"a seat, where governance may too", nil, func(d *draft) { d.as(alice, "toy.Both") }},
	{"an invited account", nil, func(d *draft) { d.as(invited, "toy.Invited") }},
	{"everybody", nil, func(d *draft) { d.as(carol, "toy.Do") }},
}

// What Permit says before a block, execution says again.
func TestPermission(t *testing.T) {
	for _, f := range append(permissions, permitted...) {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t)
			d := &draft{w: w}
			f.spoil(d)
			tx, err := w.Judge(d.raw())
			if err != nil {
				t.Fatalf("permission comes after judgement: %v", err)
			}
			before, ran := w.M.Permit(w.View(), tx), w.Block(tx)[0].Err
			if f.want == nil && (before != nil || ran != nil) || f.want != nil && (!errors.Is(before, f.want) || !errors.Is(ran, f.want)) {
				t.Errorf("want %v, got %v before and %v in the block", f.want, before, ran)
			}
		})
	}
}

// An account that no longer is there is found by Permit too.
func TestPermitOfAnUnknownAccount(t *testing.T) {
	w := newWorld(t)
	if err := w.M.Permit(w.View(), w.parse(w.Body(alice, w.call(nobody, "toy.Do", nil)), alice)); !errors.Is(err, kernel.ErrUnknown) {
		t.Error(err)
	}
}

// What a call gives is charged to whom it acts as; a failing call charges nothing, and no caller pays for nothing.
func TestCharge(t *testing.T) {
	w := newWorld(t)
	w.reg.limit = 100
	give := func(n uint64, kind string) *txv1.Call {
		m := &do{}
		m.Round, m.Kind = n, kind
		return callOf(bob, "toy.Do", m)
	}
	w.toy.scripts["refuse"] = func(*kernel.Ctx) error { return errRefused }
	send := func(calls ...*txv1.Call) error { return w.Raw(w.Sign(w.Body(alice, calls...), alice, bob)).Err }
	for _, tc := range []struct {
		name  string
		calls []*txv1.Call
		want  error
		sum   uint64
	}{
		{"nothing", []*txv1.Call{give(0, "")}, nil, 0},
		{"something", []*txv1.Call{give(60, ""), give(30, "")}, nil, 90},
		{"more than the limit", []*txv1.Call{give(5, ""), give(6, "")}, errLimit, 90},
		{"a call that fails", []*txv1.Call{give(5, "refuse")}, errRefused, 90},
		{"what cannot be told", []*txv1.Call{give(13, "")}, errField, 90},
		{"the rest", []*txv1.Call{give(10, "")}, nil, 100},
	} {
		if err := send(tc.calls...); !errors.Is(err, tc.want) {
			t.Errorf("%s: want %v, got %v", tc.name, tc.want, err)
		}
		if rec, _ := charged.Get(w.View(), bob.ID); rec.GetCount() != tc.sum {
			t.Errorf("%s: charged %d, want %d", tc.name, rec.GetCount(), tc.sum)
		}
	}
	if charged.Has(w.View(), alice.ID) {
		t.Error("the sender was charged for what another gave")
	}
}

// GivesNothing says so of any message.
func TestGivesNothing(t *testing.T) {
	if given, err := kernel.GivesNothing[*do](nil, nil); given != nil || err != nil {
		t.Error(given, err)
	}
}

func TestSizesAndWeights(t *testing.T) {
	w := newWorld(t)
	big := &do{}
	big.Payload = make([]byte, txv1.MaxBytes)
	if _, err := w.M.Parse(cheap(w.Body(alice, callOf(alice, "toy.Do", &do{}), callOf(alice, "toy.Large", big)), alice)); err != nil {
		t.Error("a large method may have more than 64 KiB:", err)
	}
	tx := w.parse(w.Body(alice, w.call(alice, "toy.Heavy", nil), w.call(alice, "toy.Do", nil), w.call(alice, "toy.Heavy", nil)), alice)
	if tx.Weight != 15 {
		t.Error("weight", tx.Weight)
	}
	if got := strings.Join(w.M.Methods(), " "); got != "toy.Both toy.Do toy.Governed toy.Heavy toy.Invited toy.Large toy.Later toy.Role toy.Seat" {
		t.Error(got)
	}
}

func TestSignatureForm(t *testing.T) {
	w := newWorld(t)
	for name, spoil := range map[string]func(*txv1.Transaction){
		"none":                     func(x *txv1.Transaction) { x.Signatures = nil },
		"in another order":         func(x *txv1.Transaction) { x.Signatures[0], x.Signatures[1] = x.Signatures[1], x.Signatures[0] },
		"one twice":                func(x *txv1.Transaction) { x.Signatures[1] = x.Signatures[0] },
		"a key of 32 bytes":        func(x *txv1.Transaction) { x.Signatures[1].PublicKey = x.Signatures[1].PublicKey[:32] },
		"a signature of 65":        func(x *txv1.Transaction) { x.Signatures[1].Signature = append(x.Signatures[1].Signature, 0) },
		"a kind of more than 8 b.": func(x *txv1.Transaction) { x.Signatures[1].Kind = 256 + 2 },
	} {
		d := &draft{w: w, body: w.Body(pair, w.call(pair, "toy.Do", nil)), signers: []kerneltest.Actor{pair}, wire: spoil}
		if _, err := w.M.Parse(d.raw()); !errors.Is(err, kernel.ErrSignatures) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := &draft{w: w, body: w.Body(pair, w.call(pair, "toy.Do", nil)), signers: []kerneltest.Actor{pair}}
	d.wire = func(x *txv1.Transaction) { x.Signatures[0].Kind, x.Signatures[1].Kind = 7, 8 }
	if r := w.Raw(d.raw()); !errors.Is(r.Err, kernel.ErrMissingKey) { // an unknown kind is nobody's key
		t.Error(r.Err)
	}
}

// LaneOf, Accounts and the tallies of a transaction, for the pool.
func TestLanesAndAccounts(t *testing.T) {
	w := newWorld(t)
	b := w.Body(carol, w.call(bob, "toy.Do", nil), w.call(carol, "toy.Do", nil))
	tx := w.parse(b, carol, bob)
	if lane, err := w.M.LaneOf(w.View(), tx); err != nil || lane != alice.Member {
		t.Error("an admitted supplier uses its sponsor's lane:", lane, err)
	}
	b.Lane = bob.ID.Bytes()
	if lane, err := w.M.LaneOf(w.View(), w.parse(b, carol, bob)); err != nil || lane != bob.Member {
		t.Error("a lane that is named:", lane, err)
	}
	b.Lane = nobody.ID.Bytes()
	if _, err := w.M.LaneOf(w.View(), w.parse(b, carol, bob)); !errors.Is(err, kernel.ErrUnknown) {
		t.Error(err)
	}
	if got := w.parse(b, carol, bob).Accounts(); len(got) != 3 || got[0] != carol.ID || got[1] != nobody.ID || got[2] != bob.ID {
		t.Error(got)
	}
	if b.Lane, b.Calls[0].As = nil, nil; w.parse(b, carol).Accounts()[0] != carol.ID || len(w.parse(b, carol).Accounts()) != 1 {
		t.Error("a call as nobody is the sender's")
	}
}
