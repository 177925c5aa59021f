package membersv1

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCredentials(t *testing.T) {
	for _, s := range []string{"5493001KJTIIGC8Y1R12", "529900T8BM49AURSDO55", "HWUPKR0MPOU8FGXBT394", "254900OPPU84GM83MG36"} {
		if !ValidLEI(s) {
			t.Errorf("%s is a LEI", s)
		}
	}
	// The standard's own example, and three firms' numbers as published.
	for _, s := range []string{"91350100M000100Y43", "91110000802100433B", "91440300708461136T", "914403001922038216"} {
		if !ValidUSCC(s) {
			t.Errorf("%s is a unified social credit code", s)
		}
	}
	for _, s := range []string{
		"", "5493001KJTIIGC8Y1R13", "5493001KJTIIGC8Y1R1", "5493001KJTIIGC8Y1R120", "5493001kjtiigc8y1r12", "5493001KJTIIGC8Y1RAB",
		"5493001KJTIIGC8Y 112", "9135010OM000100Y43", "91350100M000100Y44", "91350100m000100Y43", "91350100M000100Y4", "91350100M000100Y430",
	} {
		if ValidLEI(s) || ValidUSCC(s) {
			t.Errorf("%q is neither", s)
		}
	}
}

// One wrong character is always found, and two neighbours changed for each other.
func TestCheckDigitsFindSlips(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		good, valid, alphabet := "5493001KJTIIGC8Y1R12", ValidLEI, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		if rapid.Bool().Draw(r, "uscc") {
			good, valid, alphabet = "91350100M000100Y43", ValidUSCC, usccAlphabet
		}
		at := rapid.IntRange(0, len(good)-2).Draw(r, "at")
		b := []byte(good)
		if rapid.Bool().Draw(r, "swap") {
			b[at], b[at+1] = b[at+1], b[at]
		} else {
			b[at] = alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(r, "to")]
		}
		if string(b) != good && valid(string(b)) {
			r.Fatalf("%s for %s is not found", b, good)
		}
	})
}

func TestRoleNames(t *testing.T) {
	if len(roleNames) != 12 || RoleOperator != 1<<11 || AllRoles != 1<<12-1 || Trading != AllRoles-1<<9 {
		t.Errorf("the bits of roles are of the wire: %d, %#x", RoleOperator, Trading)
	}
	for bit, name := range roleNames {
		if got, err := ParseRole(name); err != nil || got != 1<<bit || RolesString(got) != name {
			t.Errorf("%s is %d, %v", name, got, err)
		}
	}
	if got, err := ParseRoles("core_enterprise, bank"); err != nil || got != Sponsorship || RolesString(got) != "core_enterprise,bank" {
		t.Errorf("got %#x, %v", got, err)
	}
	if _, err := ParseRoles("bank,baker"); err == nil || !strings.Contains(err.Error(), `"baker"`) {
		t.Errorf("got %v", err)
	}
}
