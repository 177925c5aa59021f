// Command statelint refuses, in code that runs on every node, what could run differently on two of them:
//
//	go run ./scripts/statelint ./modules/... ./app/...
//
// It prints file:line:column, the rule and what to do instead, and exits with 1 if anything was refused and
// with 2 if it could not look.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"
)

const (
	exitFound  = 1
	exitFailed = 2
)

func main() {
	patterns := os.Args[1:]
	if len(patterns) == 0 {
		fmt.Fprintln(os.Stderr, "usage: statelint PACKAGES, for instance: go run ./scripts/statelint ./modules/...")
		os.Exit(exitFailed)
	}
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "statelint:", err)
		os.Exit(exitFailed)
	}
	found, err := lint(os.Stdout, dir, patterns)
	if err != nil {
		fmt.Fprintln(os.Stderr, "statelint:", err)
		os.Exit(exitFailed)
	}
	if found > 0 {
		os.Exit(exitFound)
	}
}

// lint judges the packages that the patterns name, seen from dir (absolute), writes what it finds and returns
// how much that was.
func lint(w io.Writer, dir string, patterns []string) (int, error) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: dir}, patterns...)
	if err != nil {
		return 0, err
	}
	if len(pkgs) == 0 {
		return 0, fmt.Errorf("%v names no package", patterns)
	}
	if n := packages.PrintErrors(pkgs); n > 0 {
		return 0, fmt.Errorf("%d errors above: mend them first", n)
	}
	graph, err := checker.Analyze([]*analysis.Analyzer{Analyzer}, pkgs, nil)
	if err != nil {
		return 0, err
	}
	found := 0
	for _, action := range graph.Roots {
		if action.Err != nil {
			return 0, action.Err
		}
		found += len(action.Diagnostics)
		show(w, dir, action)
	}
	return found, nil
}

// show writes the findings in one package, with paths as seen from dir.
func show(w io.Writer, dir string, action *checker.Action) {
	for _, d := range action.Diagnostics {
		at := action.Package.Fset.Position(d.Pos)
		if rel, err := filepath.Rel(dir, at.Filename); err == nil {
			at.Filename = rel
		}
		fmt.Fprintf(w, "%s: %s\n", at, d.Message)
	}
}
