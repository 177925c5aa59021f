package app

import "time"

var started = time.Now()
