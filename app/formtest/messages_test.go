package formtest

import (
	"encoding/binary"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The calls.
type (
	// Open makes a one-time account of a key.
	Open struct {
		Kind      uint32 `protobuf:"1"`
		PublicKey []byte `protobuf:"2"`
	}
	// Issue gives a one-time account a claim on the caller, whose amount the two of them alone know.
	Issue struct {
		Holder   []byte `protobuf:"1"`
		Extent   []byte `protobuf:"2"`
		Contract []byte `protobuf:"3"`
	}
	// Offer lays a part before another one-time account.
	Offer struct {
		Part         *voucherv1.PartRef `protobuf:"1"`
		To           []byte             `protobuf:"2"`
		ExpiresUnixS int64              `protobuf:"3"`
	}
	// Accept takes a part that is on offer to the caller.
	Accept struct {
		Part *voucherv1.PartRef `protobuf:"1"`
	}
	// Freeze stops whatever part lies at an extent when it runs, until a time.
	Freeze struct {
		Package    []byte `protobuf:"1"`
		Extent     []byte `protobuf:"2"`
		Order      []byte `protobuf:"3"`
		UntilUnixS int64  `protobuf:"4"`
	}
)

// The records.
type (
	// OneTime is an account of one key that belongs to no member that the chain knows of.
	OneTime struct {
		Kind      uint32 `protobuf:"1"`
		PublicKey []byte `protobuf:"2"`
		Lane      []byte `protobuf:"3"` // the member who opened it, and pays
	}
	// Part is a claim of a hidden amount in one hand.
	Part struct {
		Package []byte `protobuf:"1"`
		Number  []byte `protobuf:"2"`
		Extent  []byte `protobuf:"3"` // a commitment to amount and blinding
		Holder  []byte `protobuf:"4"` // a one-time account
		Head    []byte `protobuf:"5"`
		// OfferTo, OfferExpiresUnixS and Lapse are there while it is on offer.
		OfferTo           []byte `protobuf:"6"`
		OfferExpiresUnixS int64  `protobuf:"7"`
		Lapse             []byte `protobuf:"8"`
		Order             []byte `protobuf:"9"` // by which it is frozen
	}
	// Place is the directory: which part lies at an extent of a package.
	Place struct {
		Number []byte `protobuf:"1"`
	}
	// Endorsement is what an entry of a part's trail stands for.
	Endorsement struct {
		Number   []byte `protobuf:"1"`
		Extent   []byte `protobuf:"2"`
		From     []byte `protobuf:"3"`
		To       []byte `protobuf:"4"`
		Contract []byte `protobuf:"5"`
		Height   int64  `protobuf:"6"`
	}
)

// The events.
type (
	// Opened is seen by everybody.
	Opened struct {
		Account []byte `protobuf:"1"`
	}
	// Issued is the parties'.
	Issued struct {
		Package []byte `protobuf:"1"`
		Number  []byte `protobuf:"2" seen:"party"`
		Obligor []byte `protobuf:"3"`
		Holder  []byte `protobuf:"4" seen:"party"`
		Extent  []byte `protobuf:"5" seen:"party"`
	}
	// Offered is the parties'.
	Offered struct {
		Number       []byte `protobuf:"1"`
		To           []byte `protobuf:"2" seen:"party"`
		ExpiresUnixS int64  `protobuf:"3"`
	}
	// OfferEnded is the parties': the offer lapsed.
	OfferEnded struct {
		Number []byte `protobuf:"1" seen:"party"`
	}
	// Passed is the parties'.
	Passed struct {
		Number []byte `protobuf:"1"`
		From   []byte `protobuf:"2" seen:"party"`
		To     []byte `protobuf:"3" seen:"party"`
		Head   []byte `protobuf:"4"`
	}
	// Frozen is the regulators', for it names the order.
	Frozen struct {
		Number []byte `protobuf:"1" seen:"party"`
		Order  []byte `protobuf:"2" seen:"regulator"`
	}
	// Thawed is the parties'.
	Thawed struct {
		Number []byte `protobuf:"1" seen:"party"`
	}
)

var allMessages = []proto.Message{
	&Open{}, &Issue{}, &Offer{}, &Accept{}, &Freeze{}, &OneTime{}, &Part{}, &Place{}, &Endorsement{},
	&Opened{}, &Issued{}, &Offered{}, &OfferEnded{}, &Passed{}, &Frozen{}, &Thawed{},
}

func (m *Open) ProtoReflect() protoreflect.Message        { return reflected(m) }
func (m *Issue) ProtoReflect() protoreflect.Message       { return reflected(m) }
func (m *Offer) ProtoReflect() protoreflect.Message       { return reflected(m) }
func (m *Accept) ProtoReflect() protoreflect.Message      { return reflected(m) }
func (m *Freeze) ProtoReflect() protoreflect.Message      { return reflected(m) }
func (m *OneTime) ProtoReflect() protoreflect.Message     { return reflected(m) }
func (p *Part) ProtoReflect() protoreflect.Message        { return reflected(p) }
func (m *Place) ProtoReflect() protoreflect.Message       { return reflected(m) }
func (m *Endorsement) ProtoReflect() protoreflect.Message { return reflected(m) }
func (m *Opened) ProtoReflect() protoreflect.Message      { return reflected(m) }
func (m *Issued) ProtoReflect() protoreflect.Message      { return reflected(m) }
func (m *Offered) ProtoReflect() protoreflect.Message     { return reflected(m) }
func (m *OfferEnded) ProtoReflect() protoreflect.Message  { return reflected(m) }
func (m *Passed) ProtoReflect() protoreflect.Message      { return reflected(m) }
func (m *Frozen) ProtoReflect() protoreflect.Message      { return reflected(m) }
func (m *Thawed) ProtoReflect() protoreflect.Message      { return reflected(m) }

// The module's number is 70.
var (
	prefixOneTime = kernelv1.Prefix{70, 1}
	prefixPart    = kernelv1.Prefix{70, 2}
	prefixPlace   = kernelv1.Prefix{70, 3}
)

// The classes of totals: counts without a currency or a sum.
const (
	classHeld     = 7001
	classOffered  = 7002
	classIncoming = 7003
)

// The lists; the subject of each is a one-time account.
const (
	listHeld     = "sealed.held"
	listOffered  = "sealed.offered"
	listIncoming = "sealed.incoming"
)

var set = errs.NewSet("sealed", 7_000)

// The refusals, in order of precedence.
var (
	errField       = set.New("SealedField", "a field of a sealed message is outside of its limits", "Mend the field that is named.")
	errNotVisible  = set.New("NotVisibleHere", "the amount is sealed, and an account with limits gives only what can be counted", "Act as an account without limits.")
	errOpened      = set.New("OneTimeOpened", "this key has its account", "Make a new key.")
	errNoAccount   = set.New("NoOneTime", "there is no such one-time account", "Have the receiver open one.")
	errNoPart      = set.New("NoSealedPart", "there is no such part", "Read your parts again.")
	errStaleHead   = set.New("SealedStaleHead", "the part has been passed on since it was read", "Read the part again.")
	errNotHolder   = set.New("NotSealedHolder", "a part is passed on by its holder", "Act as its holder.")
	errNotReceiver = set.New("NotSealedReceiver", "an offer is answered by whom it was made to", "Act as that account.")
	errOnOffer     = set.New("SealedOnOffer", "the part is on offer", "Wait until the offer lapses.")
	errNotOffered  = set.New("SealedNotOffered", "the part is not on offer", "Ask for a new offer.")
	errLapsed      = set.New("SealedLapsed", "the offer's time is over", "Ask for a new offer.")
	errFrozen      = set.New("SealedFrozen", "the part is frozen", "Ask the authority that froze it.")
)

// commit is an extent: whoever knows amount and blinding can show what it is of, nobody else learns anything.
func commit(amountMinor int64, blinding id.ID) id.ID {
	return id.Hash("sealed extent", binary.BigEndian.AppendUint64(nil, uint64(amountMinor)), blinding[:])
}

// oneTimeOf names the one-time account of a key.
func oneTimeOf(pub key.Public) id.ID {
	return id.Hash("one-time account", []byte{byte(pub.Kind)}, pub.Bytes)
}

func hashes(field string, all ...[]byte) error {
	for _, b := range all {
		if _, ok := id.Of(b); !ok {
			return errField.At(field, "%d bytes, not %d", len(b), id.Size)
		}
	}
	return nil
}

func refField(r *voucherv1.PartRef) error {
	return hashes("part", r.GetPackage(), r.GetNumber(), r.GetHead())
}

// Validate judges the key.
func (m *Open) Validate() error {
	if _, err := key.Parse(key.Kind(m.Kind), m.PublicKey); err != nil {
		return errField.At("public_key", "%s", err)
	}
	return nil
}

// Validate judges the message alone.
func (m *Issue) Validate() error { return hashes("extent", m.Holder, m.Extent, m.Contract) }

// Validate judges the message alone.
func (m *Offer) Validate() error {
	if err := refField(m.Part); err != nil {
		return err
	}
	return hashes("to", m.To)
}

// Validate judges the message alone.
func (m *Accept) Validate() error { return refField(m.Part) }

// Validate judges the message alone.
func (m *Freeze) Validate() error {
	if m.UntilUnixS <= 0 {
		return errField.At("until_unix_s", "%d", m.UntilUnixS)
	}
	return hashes("extent", m.Package, m.Extent, m.Order)
}

func (p *Part) ref() *voucherv1.PartRef {
	return &voucherv1.PartRef{Package: p.Package, Number: p.Number, Head: p.Head}
}

func (p *Part) offered() bool { return len(p.OfferTo) > 0 }

func (p *Part) key() partKey { return kernel.Join(id.Must(p.Package), id.Must(p.Number)) }
