package token

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	good := Config{Module: "/usr/lib/softhsm/libsofthsm2.so", Token: "treasury", Key: "director"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"module: empty":       func(c *Config) { c.Module = "" },
		"module: relative":    func(c *Config) { c.Module = "libsofthsm2.so" },
		"module: NUL":         func(c *Config) { c.Module += "\x00" },
		"module: long":        func(c *Config) { c.Module += strings.Repeat("a", maxModuleBytes) },
		"token: empty":        func(c *Config) { c.Token = "" },
		"token: long":         func(c *Config) { c.Token = strings.Repeat("a", maxTokenBytes+1) },
		"token: blank behind": func(c *Config) { c.Token = "treasury " },
		"key: empty":          func(c *Config) { c.Key = "" },
		"key: long":           func(c *Config) { c.Key = strings.Repeat("a", maxKeyBytes+1) },
		"key: control":        func(c *Config) { c.Key = "a\nb" },
		"public: no key":      func(c *Config) { c.Public = "p256:00" },
	} {
		c := good
		change(&c)
		field, _, _ := strings.Cut(name, ":")
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Load(c, "1234"); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: loaded: %v", name, err)
		}
	}
}
