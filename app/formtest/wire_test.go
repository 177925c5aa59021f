package formtest

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/runtime/protoimpl"
	"google.golang.org/protobuf/types/descriptorpb"
)

// The form's messages are Go structs whose tags number the fields and say who sees them: a .proto would put code
// that no program needs into the tree. What is here stands for the generated file.

var (
	declare sync.Once
	infos   map[reflect.Type]*protoimpl.MessageInfo
)

// reflected is what a generated ProtoReflect returns.
func reflected(m proto.Message) protoreflect.Message {
	declare.Do(declareAll)
	return infos[reflect.TypeOf(m)].MessageOf(m)
}

// declareAll makes the descriptors of all messages, and registers them so that events can be decoded by their type.
func declareAll() {
	infos = map[reflect.Type]*protoimpl.MessageInfo{}
	ref := (&voucherv1.PartRef{}).ProtoReflect().Descriptor()
	fd := &descriptorpb.FileDescriptorProto{
		Name: proto.String("sealed.proto"), Package: proto.String("splittally.sealed.v1"), Syntax: proto.String("proto3"),
		Dependency: []string{ref.ParentFile().Path()},
	}
	for _, m := range allMessages {
		fd.MessageType = append(fd.MessageType, describe(reflect.TypeOf(m).Elem()))
	}
	file, err := protodesc.NewFile(fd, protoregistry.GlobalFiles)
	if err != nil {
		panic(err)
	}
	for i, m := range allMessages {
		info := &protoimpl.MessageInfo{GoReflectType: reflect.TypeOf(m), Desc: file.Messages().Get(i)}
		infos[info.GoReflectType] = info
		if err := protoregistry.GlobalTypes.RegisterMessage(info); err != nil {
			panic(err)
		}
	}
}

func describe(t reflect.Type) *descriptorpb.DescriptorProto {
	out := &descriptorpb.DescriptorProto{Name: proto.String(t.Name())}
	for i := range t.NumField() {
		f := t.Field(i)
		n, err := strconv.Atoi(f.Tag.Get("protobuf"))
		if err != nil {
			panic(t.Name() + "." + f.Name + " has no number")
		}
		d := &descriptorpb.FieldDescriptorProto{
			Name: proto.String(snake(f.Name)), Number: proto.Int32(int32(n)),
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Options: &descriptorpb.FieldOptions{},
		}
		switch reflect.Zero(f.Type).Interface().(type) {
		case []byte:
			d.Type = descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum()
		case int64:
			d.Type = descriptorpb.FieldDescriptorProto_TYPE_INT64.Enum()
		case uint32:
			d.Type = descriptorpb.FieldDescriptorProto_TYPE_UINT32.Enum()
		case *voucherv1.PartRef:
			d.Type, d.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), proto.String(".splittally.voucher.v1.PartRef")
		default:
			panic(t.Name() + "." + f.Name + " has a type that the form does not use")
		}
		proto.SetExtension(d.Options, kernelv1.E_Visibility, map[string]kernelv1.Visibility{
			"": kernelv1.Visibility_VISIBILITY_UNSPECIFIED, "party": kernelv1.Visibility_VISIBILITY_PARTY,
			"regulator": kernelv1.Visibility_VISIBILITY_REGULATOR,
		}[f.Tag.Get("seen")])
		out.Field = append(out.Field, d)
	}
	return out
}

// snake spells a Go name as a field's: ExpiresUnixS is expires_unix_s.
func snake(name string) string {
	var out strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			out.WriteByte('_')
		}
		out.WriteRune(r)
	}
	return strings.ToLower(out.String())
}
