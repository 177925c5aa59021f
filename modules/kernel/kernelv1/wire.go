package kernelv1

import (
	"encoding/binary"
	"fmt"

	"github.com/splittally/splittally/modules/kernel/id"
	"google.golang.org/protobuf/proto"
)

// Prefix is the two bytes before every state key of a collection: its module's number and its own.
type Prefix = [2]byte

// The prefixes of the kernel's collections; module number 0.
var (
	PrefixNetwork    = Prefix{0, 1}
	PrefixClock      = Prefix{0, 2}
	PrefixRange      = Prefix{0, 3}
	PrefixBlockIDs   = Prefix{0, 4}
	PrefixTotals     = Prefix{0, 5}
	PrefixQueue      = Prefix{0, 6}
	PrefixQueueLanes = Prefix{0, 7}
	PrefixParameters = Prefix{0, 8}
	PrefixProtocol   = Prefix{0, 9}
)

// MarkSize is how many bytes stand before every record: something that cannot be guessed, so that the hash of a
// record which a neighbour's absence proof shows tells nothing.
const MarkSize = 16

// Governance is the identity with which the calls of an agreed proposal, and of genesis, run.
var Governance = id.Hash("governance")

// StateKey is a prefix and what follows it.
func StateKey(p Prefix, parts ...[]byte) []byte {
	out := append([]byte(nil), p[:]...)
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

// TotalsKey is the state key of an account's Totals: counts and sums of what it holds, and its chain of sent
// transactions.
func TotalsKey(account id.ID) []byte { return StateKey(PrefixTotals, account[:]) }

// RangeKey is the state key of the mountain Range over block hashes.
func RangeKey() []byte { return StateKey(PrefixRange) }

// ClockKey is the state key of a development network's Clock.
func ClockKey() []byte { return StateKey(PrefixClock) }

// NetworkKey is the state key of what genesis fixes, a Network.
func NetworkKey() []byte { return StateKey(PrefixNetwork) }

// ProtocolKey is the state key of the Protocol; there is no record while the rules are those of protocol 1 and no upgrade is
// planned.
func ProtocolKey() []byte { return StateKey(PrefixProtocol) }

// ParameterKey is the state key of a Parameter's dated values.
func ParameterKey(name string) []byte { return StateKey(PrefixParameters, []byte(name)) }

// Unframe reads a stored record, mark and message, into v.
func Unframe(raw []byte, v proto.Message) error {
	if len(raw) < MarkSize {
		return fmt.Errorf("a record has at least %d bytes, this has %d", MarkSize, len(raw))
	}
	return proto.Unmarshal(raw[MarkSize:], v)
}

// TagSent stands before a kept Link.
const TagSent = "sent"

// LinkHash is the hash of an encoded Link, as the sender's totals carry it.
func LinkHash(encoded []byte) id.ID { return KeptHash(append([]byte(TagSent), encoded...)) }

// TagEntry stands before a kept Entry.
const TagEntry = "entr"

// EntryHash is the hash of an encoded Entry, as the account's totals and the next entry carry it.
func EntryHash(encoded []byte) id.ID { return KeptHash(append([]byte(TagEntry), encoded...)) }

// SeedOf is what the ids of things that a transaction creates are derived from.
func SeedOf(sender id.ID, txID []byte) id.ID { return id.Hash("seed", sender[:], txID) }

// GenesisSeed is the seed of what the calls of genesis create.
func GenesisSeed(chain string) id.ID { return id.Hash("genesis", []byte(chain)) }

// CreatedID names the thing number item that call number call of a transaction creates; both count from 0.
func CreatedID(seed id.ID, call, item uint32) id.ID {
	var n [8]byte
	binary.BigEndian.PutUint32(n[:4], call)
	binary.BigEndian.PutUint32(n[4:], item)
	return id.Hash("created", seed[:], n[:])
}

// DayOf is the day of a time by a fixed offset from UTC: days since 1970-01-01.
func DayOf(unixS int64, offsetS int32) int32 {
	const day = 86_400
	t := unixS + int64(offsetS)
	if t < 0 {
		t -= day - 1
	}
	return int32(t / day)
}

// Total finds the line of a class and currency; an empty one where there is none.
func (t *Totals) Total(class uint32, currency string) *Total {
	for _, l := range t.GetLines() {
		if l.Class == class && l.Currency == currency {
			return l
		}
	}
	return &Total{Class: class, Currency: currency}
}

// TagJoin stands before the kept heads of trails that became one, in their order, each with what the module says of it: the
// head before an entry may be the hash of a join.
const TagJoin = "join"

// KeptHash is the hash of bytes that a node keeps because state has their hash: a tag of four letters says what
// they are, "sent" and a Link, "entr" and an Entry, or "part" and an entry of a trail.
func KeptHash(b []byte) id.ID {
	if len(b) < 4 {
		return id.Hash("kept", b)
	}
	return id.Hash("kept/"+string(b[:4]), b[4:])
}
