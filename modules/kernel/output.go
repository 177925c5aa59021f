package kernel

import (
	"sync"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func newEvent(m proto.Message, parties []id.ID) *kernelv1.Event {
	data, err := deterministic.Marshal(m)
	if err != nil {
		fatal("an event cannot be encoded: %v", err)
	}
	e := &kernelv1.Event{Type: string(m.ProtoReflect().Descriptor().FullName()), Data: data, Visibility: visibility(m)}
	for _, p := range parties {
		e.Parties = append(e.Parties, p.Bytes())
	}
	return e
}

// visibilities remembers what was worked out for a type of event; it is the same on every node.
var visibilities sync.Map

// visibility is that of the least visible field, those of messages within it too: an event is shown whole or not.
func visibility(m proto.Message) kernelv1.Visibility {
	d := m.ProtoReflect().Descriptor()
	if v, ok := visibilities.Load(d.FullName()); ok {
		return v.(kernelv1.Visibility)
	}
	v := leastVisible(d, maxDepth)
	visibilities.Store(d.FullName(), v)
	return v
}

func leastVisible(d protoreflect.MessageDescriptor, depth int) kernelv1.Visibility {
	least := kernelv1.Visibility_VISIBILITY_UNSPECIFIED
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		least = max(least, proto.GetExtension(f.Options(), kernelv1.E_Visibility).(kernelv1.Visibility))
		if f.Message() != nil && depth > 0 {
			least = max(least, leastVisible(f.Message(), depth-1))
		}
	}
	return least
}

func eventRoot(salts id.ID, events []*kernelv1.Event) []byte {
	root, err := kernelv1.EventRoot(salts, events)
	if err != nil {
		fatal("an event cannot be encoded: %v", err)
	}
	return root
}

// appendBlock appends the engine's hash of block number count+1 to the mountain range and returns the new record.
// Mountains of equal height merge, so that the peaks are the binary digits of the count.
func appendBlock(r *kernelv1.Range, hash []byte) *kernelv1.Range {
	peaks := append(append([][]byte(nil), r.Peaks...), kernelv1.BlockLeaf(hash))
	for n := r.Count; n&1 == 1; n >>= 1 {
		last := len(peaks) - 1
		peaks = append(peaks[:last-1], kernelv1.Inner(peaks[last-1], peaks[last]))
	}
	return &kernelv1.Range{Count: r.Count + 1, Peaks: peaks}
}
