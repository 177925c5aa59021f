package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// logger tells people how far a run is.
type logger struct {
	mu    *sync.Mutex
	out   io.Writer
	began time.Time
	name  string
}

func newLogger(out io.Writer) *logger {
	return &logger{mu: &sync.Mutex{}, out: out, began: time.Now()}
}

// named is the same log with a name before each line.
func (l *logger) named(name string) *logger {
	return &logger{mu: l.mu, out: l.out, began: l.began, name: name + ": "}
}

func (l *logger) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, "%7.1f s  %s%s\n", time.Since(l.began).Seconds(), l.name, fmt.Sprintf(format, args...))
}
