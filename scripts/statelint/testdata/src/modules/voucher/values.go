package voucher

import (
	"crypto/rand" // want `import crypto/rand: random numbers differ between nodes; instead: derive an id`
	"math"
	"math/big"
	mr "math/rand" // want `import math/rand: random numbers`
	"net/http"     // want `import net/http: the network`
	"os"           // want `import os: files, environment`
	"runtime"      // want `import runtime`
	"strconv"
	"time"   // want `import time: the clock`
	"unsafe" // want `import unsafe`
)

type rate struct {
	share float64 // want `float: floating point rounds differently`
	count int64
}

const half = 0.5 // want `float`

func floats(a, b int64, in map[string]float32) int64 { // want `float`
	x := a / b
	y := int64(1e6)                       // want `float`
	z := float64(a) * float64(b)          // want `float`
	n := int64(math.Sqrt(2))              // want `float`
	f, err := strconv.ParseFloat("1", 64) // want `float`
	c := 2i                               // want `float`
	_ = new(big.Float)                    // want `float`
	_ = big.NewFloat(1)                   // want `float`
	_ = big.NewInt(math.MaxInt64)
	_, _, _, _, _ = z, f, err, c, in // want `float`
	return x + y + n
}

func elsewhere() {
	_, _ = rand.Read(nil)
	_ = mr.Int()
	_ = http.StatusOK
	_ = os.Args
	_ = runtime.NumCPU()
	_ = time.Now()
	_ = unsafe.Sizeof(rate{}.count)
}
