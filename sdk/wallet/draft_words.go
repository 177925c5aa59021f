package wallet

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/splittally/splittally/modules/kernel/money"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/sdk"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDecoded bounds the lines of one message: a whole issue run has fewer.
const maxDecoded = 50_000

// errTooLong: a message has more fields than anybody could read before signing.
var errTooLong = errors.New("it has more fields than anybody reads: do not sign it")

// Decoded lists every field of a message as its bytes have it, with nothing looked up anywhere: what a machine without a
// network can know. Amounts have the currency that stands beside them; days and times are in UTC. Bytes are in hex, whole.
func Decoded(m proto.Message) ([]string, error) {
	out := &decoder{}
	err := out.message("", m.ProtoReflect(), "")
	return out.lines, err
}

type decoder struct{ lines []string }

func (d *decoder) message(path string, m protoreflect.Message, currency string) error {
	if call, ok := m.Interface().(*txv1.Call); ok {
		return d.call(path, call, currency)
	}
	if f := m.Descriptor().Fields().ByName("currency"); f != nil && f.Kind() == protoreflect.StringKind {
		currency = m.Get(f).String()
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !m.Has(f) {
			continue
		}
		if err := d.field(join(path, string(f.Name())), f, m.Get(f), currency); err != nil {
			return err
		}
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func (d *decoder) field(path string, f protoreflect.FieldDescriptor, v protoreflect.Value, currency string) error {
	if !f.IsList() {
		return d.value(path, f, v, currency)
	}
	for i := range v.List().Len() {
		if err := d.value(fmt.Sprintf("%s[%d]", path, i), f, v.List().Get(i), currency); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) value(path string, f protoreflect.FieldDescriptor, v protoreflect.Value, currency string) error {
	if f.Kind() == protoreflect.MessageKind {
		return d.message(path, v.Message(), currency)
	}
	return d.line(path, scalar(f, v, currency))
}

// call decodes a call within a message, such as a proposal's.
func (d *decoder) call(path string, call *txv1.Call, currency string) error {
	m, err := sdk.DecodeCall(call)
	if err != nil {
		return err
	}
	if err := d.line(path, call.Method); err != nil {
		return err
	}
	if len(call.As) > 0 {
		if err := d.line(join(path, "as"), fmt.Sprintf("%x", call.As)); err != nil {
			return err
		}
	}
	return d.message(path, m.ProtoReflect(), currency)
}

func (d *decoder) line(path, value string) error {
	if len(d.lines) >= maxDecoded {
		return errTooLong
	}
	d.lines = append(d.lines, path+": "+value)
	return nil
}

// scalar writes a value by what its name says that it is.
func scalar(f protoreflect.FieldDescriptor, v protoreflect.Value, currency string) string {
	name := string(f.Name())
	switch f.Kind() {
	case protoreflect.BytesKind:
		return fmt.Sprintf("%x", v.Bytes())
	case protoreflect.StringKind:
		return fmt.Sprintf("%q", v.String())
	case protoreflect.EnumKind:
		if e := f.Enum().Values().ByNumber(v.Enum()); e != nil {
			return strings.ToLower(string(e.Name()))
		}
		return fmt.Sprint(v.Enum())
	case protoreflect.Int32Kind:
		if strings.HasSuffix(name, "day") {
			return Day(int32(v.Int()))
		}
	case protoreflect.Int64Kind:
		_, known := money.Digits(currency)
		switch {
		case strings.HasSuffix(name, "_minor") && known:
			return Money(v.Int(), currency)
		case strings.HasSuffix(name, "_minor"):
			return fmt.Sprintf("%d minor units (fen, cents) of a currency that the transaction does not name", v.Int())
		case strings.HasSuffix(name, "_unix_s"):
			return time.Unix(v.Int(), 0).UTC().Format("2006-01-02 15:04:05 UTC")
		}
	}
	return v.String()
}
