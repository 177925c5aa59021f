package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const callsHelp = `A call file has one call or several:

  {"calls": [
    {"method": "voucher.SetLine", "message": {"obligor": "31ae87e5…", "currency": "CNY", "limit_minor": 500000000}}
  ]}

A message has the fields of its type in the module's .proto, in protobuf's JSON form, but that ids, keys and other bytes
are written in hex. 'tally gov show PROPOSAL -o json' prints a proposal's calls in this form, under "calls".`

// callJSON is a call of a proposal as a call file has it.
type callJSON struct {
	Method  string          `json:"method"`
	Message json.RawMessage `json:"message"`
}

// callsToVote reads call files in order; all of them run as governance.
func callsToVote(paths []string) ([]proto.Message, error) {
	var out []proto.Message
	for _, path := range paths {
		calls, err := readCalls(path)
		if err != nil {
			return nil, err
		}
		for _, one := range calls {
			if !one.As.IsZero() {
				return nil, wrong("as", lang.T("%s: the calls of a proposal run as governance", path), lang.T("Leave \"as\" out."))
			}
			out = append(out, one.Message)
		}
	}
	return out, nil
}

// governed makes the calls of a proposal: their account is left empty.
func governed(messages []proto.Message) ([]*txv1.Call, error) {
	var out []*txv1.Call
	for _, m := range messages {
		call, err := txv1.CallOf(id.ID{}, m)
		if err != nil {
			return nil, err
		}
		out = append(out, call)
	}
	return out, nil
}

// callsOf are a proposal's calls as a call file has them.
func callsOf(r *governancev1.Proposal) ([]callJSON, error) {
	var out []callJSON
	for _, call := range r.Calls {
		m, err := sdk.DecodeCall(call)
		if err != nil {
			return nil, err
		}
		b, err := inHex(m)
		if err != nil {
			return nil, err
		}
		out = append(out, callJSON{Method: call.Method, Message: b})
	}
	return out, nil
}

// inHex writes a message as protobuf's JSON, with bytes in hex.
func inHex(m proto.Message) ([]byte, error) {
	b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, err
	}
	if err := base64ToHex(m.ProtoReflect().Descriptor(), fields); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

func base64ToHex(d protoreflect.MessageDescriptor, fields map[string]any) error {
	for name, v := range fields {
		changed, err := hexOf(d.Fields().ByName(protoreflect.Name(name)), v)
		if err != nil {
			return err
		}
		fields[name] = changed
	}
	return nil
}

func hexOf(f protoreflect.FieldDescriptor, v any) (any, error) {
	switch one := v.(type) {
	case []any:
		for i := range one {
			changed, err := hexOf(f, one[i])
			if err != nil {
				return nil, err
			}
			one[i] = changed
		}
	case map[string]any:
		return one, base64ToHex(f.Message(), one)
	case string:
		if f.Kind() == protoreflect.BytesKind {
			b, err := base64.StdEncoding.DecodeString(one)
			return hex.EncodeToString(b), err
		}
	}
	return v, nil
}
