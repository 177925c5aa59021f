package app

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// FuzzMessages hands bytes to every method as its message. Nothing may panic, every refusal has a number, and what is taken is the one encoding of
// what it says.
func FuzzMessages(f *testing.F) {
	m := Machine("fuzz-1")
	methods := m.Methods()
	c := m.View(kerneltest.NewMemory(), kernel.Info{})
	for i := range methods {
		f.Add(uint(i), []byte{})
		f.Add(uint(i), append([]byte{0x0a, 0x20}, make([]byte, 32)...))
		f.Add(uint(i), []byte{0x08, 0x01, 0x12, 0x03, 'C', 'N', 'Y', 0x18, 0x64})
	}
	f.Fuzz(func(t *testing.T, n uint, b []byte) {
		method := methods[n%uint(len(methods))]
		kernel.CodeNumber(c.Check(method, b))                                                 // panics on an error without a number
		if err := c.Check(method, b); err != nil && !errors.Is(err, kernel.ErrNotPermitted) { // which is judged of what is well formed
			return
		}
		module, name, _ := strings.Cut(method, ".")
		kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("splittally." + module + ".v1." + name))
		if err != nil {
			t.Fatal(err)
		}
		msg := kind.New().Interface()
		if err := proto.Unmarshal(b, msg); err != nil {
			t.Fatal(err)
		}
		if again, err := txv1.Encode(msg); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s: taken, and encoded again it differs: %x", method, again)
		}
	})
}

// FuzzRecords reads bytes as a stored record of every collection: an error or a message, and no panic from what says who
// may read it and in which lists it stands, for what a node has written itself.
func FuzzRecords(f *testing.F) {
	m := Machine("fuzz-1")
	f.Add(uint(0), make([]byte, kernelv1.MarkSize))
	f.Add(uint(3), []byte("short"))
	f.Fuzz(func(t *testing.T, n uint, b []byte) {
		col := m.Collections()[n%uint(len(m.Collections()))]
		msg := col.New()
		if err := kernelv1.Unframe(b, msg); err == nil && len(b) < kernelv1.MarkSize {
			t.Fatal("a record without a mark was read")
		}
	})
}
