package sdktest

import (
	"fmt"
	"os"
	"testing"
)

// Run runs f on a chain of its own, for runnable examples, which have no test to hang on.
func Run(f func(*Chain)) {
	t := &outside{}
	defer t.end()
	f(Start(t, 1))
}

// outside is what of a test a chain needs, where there is none.
type outside struct {
	testing.TB
	cleanups []func()
}

// end runs the cleanups, the last first.
func (t *outside) end() {
	for len(t.cleanups) > 0 {
		last := len(t.cleanups) - 1
		f := t.cleanups[last]
		t.cleanups = t.cleanups[:last]
		f()
	}
}

func (t *outside) Helper()          {}
func (t *outside) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// Fatal ends the example.
func (t *outside) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Fatalf ends the example.
func (t *outside) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// TempDir is a folder that ends with the example.
func (t *outside) TempDir() string {
	dir, err := os.MkdirTemp("", "splittally")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
