package app_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/splittally/splittally/app"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// hostile makes messages of every method with fields that are right, nearly right and absurd.
type hostile struct {
	r     *rig
	rnd   *rand.Rand
	parts []*voucherv1.Part
	ids   [][]byte
	wild  bool // absurd values and missing fields in the message that is made now
}

// look takes the ids and parts that state has now.
func (h *hostile) look() {
	h.parts, h.ids = nil, [][]byte{id.Hash("governance").Bytes(), make([]byte, 32), fingerprint(1)}
	for _, role := range laid().Roles {
		h.ids = append(h.ids, role.Account.Bytes(), role.Member.Bytes())
	}
	for _, who := range suppliers {
		h.parts = append(h.parts, readAll(h.r, voucherv1.ListHeld, who, newPart)...)
		h.parts = append(h.parts, readAll(h.r, voucherv1.ListOffered, who, newPart)...)
		for _, p := range readAll(h.r, voucherv1.ListPending, who, newPackage) {
			h.ids = append(h.ids, p.Id)
		}
	}
	for _, p := range readAll(h.r, voucherv1.ListOwed, "obligor", newPackage) {
		h.ids = append(h.ids, p.Id)
	}
}

func (h *hostile) oneIn(n int) bool { return h.rnd.IntN(n) == 0 }

func (h *hostile) absurd() bool { return h.wild && h.oneIn(12) }

func pick[T any](h *hostile, from ...T) T { return from[h.rnd.IntN(len(from))] }

func (h *hostile) bytes(name string) []byte {
	switch {
	case h.absurd():
		return make([]byte, pick(h, 0, 1, 16, 20, 31, 32, 33, 64, 1_000))
	case strings.Contains(name, "key"):
		return laid().Role(pick(h, suppliers...)).Signer.Public().Bytes
	case name == "run":
		return pick(h, nil, fingerprint(9)[:16])
	case name == "nodes":
		return fingerprint(h.rnd.Uint64N(9))[:20]
	case name == "bank_review", name == "identity_check":
		return pick(h, nil, fingerprint(2))
	case name == "fingerprint", name == "contract", name == "documents", name == "secondary":
		return fingerprint(h.rnd.Uint64N(50))
	}
	return pick(h, h.ids...)
}

func (h *hostile) number(name string) int64 {
	switch {
	case h.absurd():
		return pick[int64](h, math.MaxInt64, math.MinInt64, math.MaxInt32, math.MinInt32, -1, 1<<62)
	case strings.HasSuffix(name, "_unix_s"):
		return h.r.at().Unix() + pick[int64](h, 0, 1, 3, 60, 600, 86_400, 40*86_400)
	case strings.HasSuffix(name, "_day"):
		return int64(today) + pick[int64](h, -400, -3, 0, 1, 2, 30, 170, 400)
	case name == "threshold", name == "invitation_kind", name == "kind":
		return pick[int64](h, 1, 1, 1, 2)
	}
	return pick[int64](h, 0, 1, 1, 2, 3, 10, 100, 1_000, 12_345)
}

func (h *hostile) text(name string) string {
	switch {
	case h.absurd():
		return pick(h, "", strings.Repeat("x", 70_000), "\xc3", "a\x00b", "CNY ")
	case name == "currency":
		return pick(h, "CNY", "CNY", "CNY", "JPY", "XXX")
	case name == "name":
		return pick(h, voucherv1.ParamDepthMax, voucherv1.ParamPartsMax, "deposit.allowed", "no.such")
	case name == "methods", name == "method":
		return pick(h, h.r.a.Machine().Methods()...)
	}
	return "some words"
}

// fill gives a message's fields values, most of them set.
func (h *hostile) fill(m protoreflect.Message, depth int) {
	if ref, ok := m.Interface().(*voucherv1.PartRef); ok && len(h.parts) > 0 && !h.oneIn(8) {
		proto.Merge(ref, pick(h, h.parts...).Ref())
		return
	}
	if h.known(m.Interface()) {
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		switch {
		case h.wild && h.oneIn(8):
		case f.IsList():
			list := m.Mutable(f).List()
			for range 1 + h.rnd.IntN(2) {
				list.Append(h.value(f, list.NewElement, depth))
			}
		case depth > 0 || f.Message() == nil:
			m.Set(f, h.value(f, func() protoreflect.Value { return m.NewField(f) }, depth))
		}
	}
}

// known fills the messages that chance hardly makes right.
func (h *hostile) known(m proto.Message) bool {
	if h.oneIn(8) {
		return false
	}
	switch m := m.(type) {
	case *membersv1.Key:
		pub := p256(fmt.Sprint(h.rnd.IntN(40))).Public()
		m.Kind, m.PublicKey, m.Purpose = uint32(pub.Kind), pub.Bytes, membersv1.KeyPurpose_KEY_PURPOSE_SIGN
	case *membersv1.Legal:
		m.Name, m.CredentialKind, m.Credential = "A firm", membersv1.CredentialKind_CREDENTIAL_KIND_LEI, lei(h.rnd.IntN(30))
	case *voucherv1.InvoiceUse:
		m.Fingerprint, m.IssueDay, m.TotalMinor, m.UsedMinor = fingerprint(h.rnd.Uint64N(200)), today-3, 1_000, pick[int64](h, 1, 100, 1_000)
	default:
		return false
	}
	return true
}

// lei is a legal entity identifier that a number determines.
func lei(n int) string {
	for check := range 100 {
		if s := fmt.Sprintf("5299TEST0000%06d%02d", n, check); membersv1.ValidLEI(s) {
			return s
		}
	}
	panic("no check digits fit")
}

func (h *hostile) value(f protoreflect.FieldDescriptor, fresh func() protoreflect.Value, depth int) protoreflect.Value {
	name := string(f.Name())
	switch f.Kind() {
	case protoreflect.MessageKind:
		v := fresh()
		if depth > 0 {
			h.fill(v.Message(), depth-1)
		}
		if call, ok := v.Message().Interface().(*txv1.Call); ok {
			h.innerCall(call)
		}
		return v
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(h.bytes(name))
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(h.text(name))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(h.oneIn(2))
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(h.rnd.IntN(4)))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(h.number(name)))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(h.number(name)))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(uint64(h.number(name)))
	}
	return protoreflect.ValueOfInt64(h.number(name))
}

// innerCall makes a call of a proposal mostly a whole one.
func (h *hostile) innerCall(c *txv1.Call) {
	if h.oneIn(4) {
		return
	}
	if m := h.message(pick(h, h.r.a.Machine().Methods()...), 2); m != nil {
		whole, err := txv1.CallOf(id.ID{}, m)
		if err == nil {
			proto.Reset(c)
			proto.Merge(c, whole)
		}
	}
}

func (h *hostile) message(method string, depth int) proto.Message {
	module, name, _ := strings.Cut(method, ".")
	t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("splittally." + module + ".v1." + name))
	if err != nil {
		h.r.tb.Fatal(err)
	}
	m := t.New()
	h.wild = h.oneIn(2)
	h.fill(m, depth)
	return m.Interface()
}

// tx is a signed transaction of one to three messages; nil where they cannot be encoded or have no form.
func (h *hostile) tx(method string) []byte {
	role := laid().Roles[h.rnd.IntN(len(laid().Roles))].Name
	ms := []proto.Message{h.message(method, 4)}
	for h.oneIn(3) && len(ms) < 3 {
		ms = append(ms, h.message(pick(h, h.r.a.Machine().Methods()...), 4))
	}
	for _, m := range ms {
		if _, err := txv1.Encode(m); err != nil {
			return nil
		}
	}
	raw := h.r.tx(role, ms...)
	if _, err := h.r.a.Machine().Parse(raw); err != nil {
		return nil
	}
	return raw
}

// Whatever a member signs, the chain goes on and every law of state holds: blocks here are as a proposer makes them
// who asks nobody for permission.
func TestNoMessageStopsTheChain(t *testing.T) {
	rnd := source(t)
	h := &hostile{r: newRig(t, func(o *app.Options) { o.Fail = func(why string) { t.Error(why) } }), rnd: rnd}
	methods := h.r.a.Machine().Methods()
	ran, took := map[string]int{}, map[string]int{}
	for range 60 {
		h.look()
		raws, names := work(h.r, rnd, 3), []string(nil)
		business := len(raws)
		for range 400 {
			name := pick(h, methods...)
			if raw := h.tx(name); raw != nil {
				raws, names = append(raws, raw), append(names, name)
			}
		}
		for i, res := range h.r.run(raws...).TxResults[business:] {
			ran[names[i]]++
			if res.Code == 0 {
				took[names[i]]++
			}
		}
	}
	t.Logf("ran %v\ntook effect %v", ran, took)
	if len(ran) < 26 || len(took) < 12 {
		t.Errorf("%d of %d methods were reached, %d took effect: this shows little", len(ran), len(methods), len(took))
	}
}
