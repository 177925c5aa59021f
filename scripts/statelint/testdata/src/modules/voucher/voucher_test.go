package voucher

import (
	"testing"
	"time"
)

func TestMayUseTheClock(t *testing.T) {
	for range map[string]float64{} {
		t.Log(time.Now())
	}
}
