package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// sayEvery is how often progress is told.
const sayEvery = 5 * time.Second

// logger tells people how far the run is.
type logger struct {
	mu    sync.Mutex
	out   io.Writer
	began time.Time
}

func newLogger(out io.Writer) *logger { return &logger{out: out, began: time.Now()} }

func (l *logger) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, "%7.1f s  %s\n", time.Since(l.began).Seconds(), fmt.Sprintf(format, args...))
}

// every counts towards a whole (0: unknown) and tells now and then.
func (l *logger) every(whole int, what string) func(int) {
	var mu sync.Mutex
	var count int
	told := time.Now()
	return func(n int) {
		mu.Lock()
		defer mu.Unlock()
		count += n
		if time.Since(told) < sayEvery {
			return
		}
		told = time.Now()
		if whole > 0 {
			l.say("%d of %d %s", count, whole, what)
		} else {
			l.say("%d %s", count, what)
		}
	}
}
