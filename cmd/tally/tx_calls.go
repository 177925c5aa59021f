package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxCallsFile bounds a file of calls, in bytes.
const maxCallsFile = 4 << 20

const callsHint = "Write {\"calls\": [{\"method\": \"module.Message\", \"message\": {…}}]}: 'tally tx build --help'."

type callsFile struct {
	Calls []struct {
		As      string          `json:"as"`
		Method  string          `json:"method"`
		Message json.RawMessage `json:"message"`
	} `json:"calls"`
}

// readCalls reads calls of any method from a file.
func readCalls(path string) ([]sdk.Call, error) {
	b, err := readBounded(path, maxCallsFile)
	if err != nil {
		return nil, wrong("call", lang.T("%s", err), lang.T(callsHint))
	}
	f := callsFile{}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, wrong("call", lang.T("%s: %v", path, err), lang.T(callsHint))
	}
	if len(f.Calls) == 0 || len(f.Calls) > txv1.MaxCalls {
		return nil, wrong("call", lang.T("%s has %d calls", path, len(f.Calls)), lang.T("Give 1 to %d.", txv1.MaxCalls))
	}
	var out []sdk.Call
	for i, one := range f.Calls {
		call := sdk.Call{}
		if one.As != "" {
			if call.As, err = id.Parse(one.As); err != nil {
				return nil, wrong(fmt.Sprintf("calls[%d].as", i), lang.T("%s", err), lang.T("Give the account's whole id."))
			}
		}
		if call.Message, err = messageOf(one.Method, one.Message); err != nil {
			return nil, wrong(fmt.Sprintf("calls[%d]", i), lang.T("%s", err), lang.T("Fields are named as in the chain's .proto files, bytes are in hex."))
		}
		out = append(out, call)
	}
	return out, nil
}

func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = lang.Errorf("%s has over %d bytes", path, most)
	}
	return b, err
}

// messageOf reads the JSON of a method's message, in which bytes are in hex.
func messageOf(method string, raw json.RawMessage) (proto.Message, error) {
	m, err := sdk.DecodeCall(&txv1.Call{Method: method})
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&fields); err != nil {
		return nil, lang.Errorf("message: %w", err)
	}
	if err := hexToBase64(m.ProtoReflect().Descriptor(), fields); err != nil {
		return nil, err
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return m, protojson.Unmarshal(b, m)
}

// hexToBase64 writes fields of bytes as protojson reads them.
func hexToBase64(d protoreflect.MessageDescriptor, fields map[string]any) error {
	for name, v := range fields {
		f := d.Fields().ByName(protoreflect.Name(name))
		if f == nil {
			f = d.Fields().ByJSONName(name)
		}
		if f == nil {
			continue // protojson names it
		}
		changed, err := hexValue(f, v)
		if err != nil {
			return lang.Errorf("%s: %w", name, err)
		}
		fields[name] = changed
	}
	return nil
}

func hexValue(f protoreflect.FieldDescriptor, v any) (any, error) {
	if list, ok := v.([]any); ok {
		for i := range list {
			var err error
			if list[i], err = hexValue(f, list[i]); err != nil {
				return nil, lang.Errorf("[%d]: %w", i, err)
			}
		}
		return list, nil
	}
	switch one := v.(type) {
	case map[string]any:
		if f.Message() != nil {
			return one, hexToBase64(f.Message(), one)
		}
	case string:
		if f.Kind() == protoreflect.BytesKind {
			b, err := hex.DecodeString(one)
			if err != nil {
				return nil, errors.New("bytes are written in hex")
			}
			return base64.StdEncoding.EncodeToString(b), nil
		}
	}
	return v, nil
}
