package kernel

import (
	"bytes"
	"sync"

	"google.golang.org/protobuf/proto"
)

// memoSize is how many records of a collection are remembered decoded, at least; at most twice as many.
const memoSize = 16_384

// memo remembers what bytes decode to. It is a pure function's cache: state is read every time, and an entry counts
// only where its bytes are those that state has.
type memo struct {
	mu        sync.Mutex
	hot, cold map[string]decoded
}

type decoded struct {
	raw     []byte
	message proto.Message
}

func (m *memo) find(key, raw []byte) proto.Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.hot[string(key)]
	if !ok {
		d, ok = m.cold[string(key)]
	}
	if !ok || !bytes.Equal(d.raw, raw) {
		return nil
	}
	return d.message
}

func (m *memo) keep(key, raw []byte, message proto.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.hot) >= memoSize || m.hot == nil {
		m.cold, m.hot = m.hot, make(map[string]decoded, memoSize)
	}
	m.hot[string(key)] = decoded{raw: raw, message: message}
}

// Read is Get for a record that is read far more often than it changes: the message is shared with other readers
// and must not be changed.
func (m Map[K, V]) Read(c *Ctx, k K) (V, bool) {
	key := m.Key(k)
	raw, ok := c.state.Get(key)
	if !ok {
		var zero V
		return zero, false
	}
	if found := m.c.memo.find(key, raw); found != nil {
		return found.(V), true
	}
	v := m.decode(raw)
	m.c.memo.keep(key, raw, v)
	return v, true
}
