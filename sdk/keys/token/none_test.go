//go:build !pkcs11 || !cgo

package token

import (
	"errors"
	"strings"
	"testing"

	"github.com/splittally/splittally/modules/kernel/key"
)

// Without the tag everything says how to build it.
func TestNotBuilt(t *testing.T) {
	_, err1 := Open("/lib/any.so", "treasury", "1234")
	_, err2 := Load(Config{Module: "/lib/any.so", Token: "treasury", Key: "director"}, "1234")
	none := &Token{}
	_, err3 := none.Key("director")
	_, err4 := none.Keys()
	_, err5 := none.Generate(key.P256, "director")
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), "-tags pkcs11") {
			t.Errorf("%v", err)
		}
	}
	if err := none.Close(); err != nil {
		t.Error(err)
	}
}
