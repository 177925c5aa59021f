package kernel

import (
	"encoding/binary"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
)

// Key is part of a state key. Append must be injective within one collection: fixed length, or last.
type Key interface{ Append(dst []byte) []byte }

// Prefix is the two bytes before every key of a collection: its module's number and its own.
type Prefix = kernelv1.Prefix

// Audience says who may read a record.
type Audience struct {
	Public  bool
	Parties []id.ID // accounts; every account of their members may read
	Members []id.ID // every account of these members
}

// Public is the audience of a record that every session may read.
var Public = Audience{Public: true}

// List is an index of a collection by subject, kept by the node and never part of consensus: the keys of the
// records that belong to a subject, to be compared with proven counts.
type List struct {
	Name     string
	Subjects func(record proto.Message) []id.ID
	// Public lists are read by every session, whatever the subject; others by the subject's own member.
	Public bool
}

// Collection is the declaration of one kind of record, as the machine, the index and the gate see it.
type Collection struct {
	Name    string
	Prefix  Prefix
	New     func() proto.Message
	Readers func(record proto.Message) Audience
	Lists   []List
	// Owners says whose records a key names, where keys are made of public ids: to others not even the absence of a
	// record is told. Nil where a key is a hash that only who knows the thing can ask for.
	Owners func(key []byte) []id.ID
	// Trail says of a record whether it is the end of a trail, and where the trail's head is: who may read the record may
	// walk back from there, through what nodes keep. An entry is a tag, the head before it and the hash of its content,
	// kept too; the head before may be the hash of a join. Nil where no record of the collection has a trail.
	Trail func(record proto.Message) (head id.ID, ok bool)
	// Through says at which heads of a kept join a walk from the record goes on: not all that became one was of its units.
	Through func(record proto.Message, join []byte) ([]id.ID, error)

	memo memo
}

// Map is a typed collection.
type Map[K Key, V proto.Message] struct{ c *Collection }

// NewMap declares a collection. readers says who may read a record through a gate.
func NewMap[K Key, V proto.Message](name string, prefix Prefix, readers func(V) Audience, lists ...List) Map[K, V] {
	var zero V
	t := zero.ProtoReflect().Type()
	return Map[K, V]{&Collection{
		Name: name, Prefix: prefix, Lists: lists,
		New:     func() proto.Message { return t.New().Interface() },
		Readers: func(m proto.Message) Audience { return readers(m.(V)) },
	}}
}

// ListOf declares an index over records of type V.
func ListOf[V proto.Message](name string, subjects func(V) []id.ID) List {
	return List{Name: name, Subjects: func(m proto.Message) []id.ID { return subjects(m.(V)) }}
}

// OwnedBy declares whose records a key of the collection names; see Collection.Owners.
func (m Map[K, V]) OwnedBy(owners func(key []byte) []id.ID) Map[K, V] {
	m.c.Owners = owners
	return m
}

// WithTrail declares that records end trails; see Collection.Trail and Collection.Through.
func (m Map[K, V]) WithTrail(head func(V) (id.ID, bool), through func(V, []byte) ([]id.ID, error)) Map[K, V] {
	m.c.Trail = func(record proto.Message) (id.ID, bool) { return head(record.(V)) }
	m.c.Through = func(record proto.Message, join []byte) ([]id.ID, error) { return through(record.(V), join) }
	return m
}

// FirstID is the owner of keys that begin with an account's or member's id.
func FirstID(key []byte) []id.ID {
	if len(key) < id.Size {
		return nil
	}
	return []id.ID{id.ID(key[:id.Size])}
}

// PublicListOf declares an index that every session may read.
func PublicListOf[V proto.Message](name string, subjects func(V) []id.ID) List {
	l := ListOf(name, subjects)
	l.Public = true
	return l
}

// Declared returns the declaration, for the module's list of collections.
func (m Map[K, V]) Declared() *Collection { return m.c }

// Key is the state key of k, as a client asks for it.
func (m Map[K, V]) Key(k K) []byte {
	return k.Append(append(make([]byte, 0, keySize), m.c.Prefix[:]...))
}

// keySize is what a key usually takes: a prefix and two ids.
const keySize = 2 + 2*id.Size

// Get reads a record into a fresh message; false where there is none.
func (m Map[K, V]) Get(c *Ctx, k K) (V, bool) {
	raw, ok := c.state.Get(m.Key(k))
	if !ok {
		var zero V
		return zero, false
	}
	return m.decode(raw), true
}

// Has tells whether there is a record.
func (m Map[K, V]) Has(c *Ctx, k K) bool {
	_, ok := c.state.Get(m.Key(k))
	return ok
}

// Insert writes a record that is not there yet; that one is there already is a fault of the module.
func (m Map[K, V]) Insert(c *Ctx, k K, v V) {
	key := m.Key(k)
	if _, ok := c.state.Get(key); ok {
		fatal("%s: insert over a record at %x", m.c.Name, key)
	}
	c.state.set(key, frame(c.mark, v))
}

// Update writes a record that is there.
func (m Map[K, V]) Update(c *Ctx, k K, v V) {
	key := m.Key(k)
	old, ok := c.state.Get(key)
	if !ok {
		fatal("%s: update of no record at %x", m.c.Name, key)
	}
	c.state.set(key, frame(remark(c.mark, old), v))
}

// Delete removes a record that is there.
func (m Map[K, V]) Delete(c *Ctx, k K) {
	key := m.Key(k)
	if _, ok := c.state.Get(key); !ok {
		fatal("%s: delete of no record at %x", m.c.Name, key)
	}
	c.state.set(key, nil)
}

// Save writes or, with keep false, removes a record whether it is there or not: for sums that are gone when zero.
func (m Map[K, V]) Save(c *Ctx, k K, v V, keep bool) {
	key := m.Key(k)
	switch old, ok := c.state.Get(key); {
	case keep:
		c.state.set(key, frame(remark(c.mark, old), v))
	case ok:
		c.state.set(key, nil)
	}
}

// Each walks the records whose keys start with prefix (nil: all) in rising order of key, which it hands over
// without the collection's own prefix, until fn returns false. fn must not write.
func (m Map[K, V]) Each(c *Ctx, prefix Key, fn func(key []byte, v V) bool) {
	start := m.c.Prefix[:len(m.c.Prefix):len(m.c.Prefix)]
	if prefix != nil {
		start = prefix.Append(start)
	}
	m.within(c, start, After(start), fn)
}

// Between walks the records with from ≤ key < to.
func (m Map[K, V]) Between(c *Ctx, from, to K, fn func(key []byte, v V) bool) {
	m.within(c, m.Key(from), m.Key(to), fn)
}

func (m Map[K, V]) within(c *Ctx, start, end []byte, fn func(key []byte, v V) bool) {
	c.state.Range(start, end, func(k, raw []byte) bool { return fn(k[len(m.c.Prefix):], m.decode(raw)) })
}

func (m Map[K, V]) decode(raw []byte) V {
	v := m.c.New()
	if err := kernelv1.Unframe(raw, v); err != nil {
		fatal("%s: unreadable record: %v", m.c.Name, err)
	}
	return v.(V)
}

// After is the first key behind all that start with prefix.
func After(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// recordSize is what a record usually takes, so that one allocation serves.
const recordSize = 256

var deterministic = proto.MarshalOptions{Deterministic: true}

// remark is the mark of a record that changes: of what changes it and of the mark it had, so that not even who sent
// the transaction knows the new mark of a record of somebody else's.
func remark(mark [kernelv1.MarkSize]byte, old []byte) [kernelv1.MarkSize]byte {
	if len(old) < kernelv1.MarkSize {
		return mark
	}
	h := id.Hash("remark", mark[:], old[:kernelv1.MarkSize])
	return [kernelv1.MarkSize]byte(h[:kernelv1.MarkSize])
}

// frame is a record as it is stored: its mark, then its message.
func frame(mark [kernelv1.MarkSize]byte, v proto.Message) []byte {
	out, err := deterministic.MarshalAppend(append(make([]byte, 0, kernelv1.MarkSize+recordSize), mark[:]...), v)
	if err != nil {
		fatal("a record cannot be encoded: %v", err)
	}
	return out
}

// Pair is a key of two parts, the first of fixed length.
type Pair[A, B Key] struct {
	A A
	B B
}

// Append writes the parts in order.
func (p Pair[A, B]) Append(dst []byte) []byte { return p.B.Append(p.A.Append(dst)) }

// Join makes a Pair.
func Join[A, B Key](a A, b B) Pair[A, B] { return Pair[A, B]{a, b} }

// Uint64 is a number as a key: 8 bytes, big-endian, so that keys are in order of number.
type Uint64 uint64

// Append writes the 8 bytes.
func (u Uint64) Append(dst []byte) []byte { return binary.BigEndian.AppendUint64(dst, uint64(u)) }

// Text is a string as the last part of a key.
type Text string

// Append writes the bytes.
func (t Text) Append(dst []byte) []byte { return append(dst, t...) }

// None is the key of a collection with one record.
type None struct{}

// Append writes nothing.
func (None) Append(dst []byte) []byte { return dst }
