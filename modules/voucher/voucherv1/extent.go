package voucherv1

import "encoding/binary"

// RangeExtent is the extent of the units [lo..hi] of a package: both 8 bytes, big-endian.
func RangeExtent(lo, hi int64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(make([]byte, 0, rangeSize), uint64(lo)), uint64(hi))
}

const rangeSize = 16

// ReadRange reads the extent of a range; false where the bytes are none, or not of units 1 and above in order.
func ReadRange(extent []byte) (lo, hi int64, ok bool) {
	if len(extent) != rangeSize {
		return 0, 0, false
	}
	lo, hi = int64(binary.BigEndian.Uint64(extent)), int64(binary.BigEndian.Uint64(extent[8:]))
	return lo, hi, 1 <= lo && lo <= hi
}

// Stands tells whether the freeze has not ended by its time.
func (f *StandingFreeze) Stands(nowUnixS int64) bool { return nowUnixS < f.UntilUnixS }

// Counts tells whether the freeze counts a part with the units [lo..hi] as frozen in its holder's totals: the end of a freeze is
// written there from its low units on.
func (f *StandingFreeze) Counts(lo, hi int64) bool { return f.Meets(lo, hi) && hi >= f.NextUnit }

// Meets tells whether the freeze meets any unit of [lo..hi].
func (f *StandingFreeze) Meets(lo, hi int64) bool {
	from, to, ok := ReadRange(f.Extent)
	return ok && from <= hi && lo <= to
}
