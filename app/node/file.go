package node

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
	"github.com/splittally/splittally/app/files"
)

// Load reads the configuration of a home; fields that it does not name keep their defaults, and fields that nobody
// knows are refused by name.
func Load(home string) (Config, error) {
	c := DefaultConfig()
	c.Home = home
	k := koanf.New(".")
	if err := k.Load(structs.Provider(c, "koanf"), nil); err != nil {
		return c, err
	}
	known := k.Keys()
	if err := k.Load(file.Provider(c.ConfigFile()), toml.Parser()); err != nil {
		return c, fmt.Errorf("configuration: %s: %w; 'tallyd init' makes one", c.ConfigFile(), err)
	}
	for _, name := range k.Keys() {
		if !slices.Contains(known, name) {
			return c, fieldError(name, "there is no such field; the fields are %s", strings.Join(known, ", "))
		}
	}
	if err := k.UnmarshalWithConf("", &c, strict(&c)); err != nil {
		return c, fmt.Errorf("configuration: %s: %w: give each field a value of its kind", c.ConfigFile(), err)
	}
	return c, c.Check()
}

// strict takes no text for a number, no fraction for a whole number, no word for a list.
func strict(into *Config) koanf.UnmarshalConf {
	return koanf.UnmarshalConf{Tag: "koanf", DecoderConfig: &mapstructure.DecoderConfig{
		Result: into, TagName: "koanf", WeaklyTypedInput: false, DecodeHook: wholeNumbers,
	}}
}

// wholeNumbers refuses a fraction, which the decoder would cut.
func wholeNumbers(from, to reflect.Kind, value any) (any, error) {
	if f, ok := value.(float64); ok && from == reflect.Float64 && to == reflect.Int {
		return nil, fmt.Errorf("%v is no whole number", f)
	}
	return value, nil
}

// Save writes the configuration, every field by name with what it means above it.
func (c Config) Save() error {
	if err := c.Check(); err != nil {
		return err
	}
	b, err := c.text()
	if err != nil {
		return err
	}
	return files.Replace(c.ConfigFile(), b)
}

// text writes the fields in the order in which they are explained.
func (c Config) text() ([]byte, error) {
	k := koanf.New(".")
	if err := k.Load(structs.Provider(c, "koanf"), nil); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, f := range fields {
		for line := range strings.Lines(f.help) {
			out.WriteString("# " + strings.TrimSpace(line) + "\n")
		}
		b, err := toml.Parser().Marshal(map[string]any{f.name: k.Get(f.name)})
		if err != nil {
			return nil, err
		}
		out.Write(append(b, '\n'))
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
