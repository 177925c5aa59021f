package membersv1

import "strings"

// Lengths of the two numbers by which the law knows a firm.
const (
	leiLength  = 20
	usccLength = 18
)

// usccAlphabet is GB 32100's: digits and capitals without I, O, S, V, Z, each worth its place.
const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// ValidLEI tells whether s is a Legal Entity Identifier: 18 digits or capitals and two check digits by ISO 7064
// MOD 97-10 [ISO 17442].
func ValidLEI(s string) bool {
	return len(s) == leiLength && only(s, digits+capitals) && only(s[leiLength-2:], digits) && mod97(s) == 1
}

// ValidUSCC tells whether s is a unified social credit code: 17 characters of its alphabet and a check character,
// weights 3^i modulo 31 [GB 32100].
func ValidUSCC(s string) bool {
	if len(s) != usccLength {
		return false
	}
	const modulus = len(usccAlphabet)
	sum, weight := 0, 1
	for i := range usccLength {
		worth := strings.IndexByte(usccAlphabet, s[i])
		if worth < 0 {
			return false
		}
		if i < usccLength-1 {
			sum, weight = sum+worth*weight, weight*3%modulus
		} else {
			sum += worth
		}
	}
	return sum%modulus == 0
}
