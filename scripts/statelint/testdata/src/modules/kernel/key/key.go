package key

import (
	"crypto/rand"
	"time" // want `import time`
)

var (
	_ = rand.Reader
	_ = time.Second
)
