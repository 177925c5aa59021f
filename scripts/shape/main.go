// Command shape measures how the code reads: how long functions are outside of tests and generated code, and
// how much test there is for each line of code.
//
//	go run ./scripts/shape [ROOT]
//
// It prints the figures beside their limits and the longest functions, and exits with 1 if a limit is broken.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// listed is how many of the longest functions are named.
const listed = 10

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	tree, err := measure(os.DirFS(root))
	if err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(2)
	}
	if !report(os.Stdout, tree) {
		abs, _ := filepath.Abs(root)
		fmt.Fprintf(os.Stderr, "shape: %s breaks a limit: split the functions named above, or test what has no test\n", abs)
		os.Exit(1)
	}
}

// report writes the table and tells whether every limit holds.
func report(w io.Writer, t *tree) bool {
	ok := true
	for _, f := range t.figures() {
		verdict := "ok"
		if f.broken() {
			verdict, ok = "BROKEN", false
		}
		fmt.Fprintf(w, "%-34s %8.2f   %s %g   %s\n", f.name, f.value, f.relation(), f.limit, verdict)
	}
	fmt.Fprintf(w, "%d functions, %d lines of code, %d of test; the longest:\n", len(t.functions), t.codeLines, t.testLines)
	for _, f := range t.longest(listed) {
		fmt.Fprintf(w, "%6d  %s  %s\n", f.lines, f.at, f.name)
	}
	return ok
}
