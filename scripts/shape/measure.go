package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// The limits. A function's length is in lines, from func to the closing brace.
const (
	maxMedian      = 10
	maxP90         = 30
	longFunction   = 70
	maxLongPercent = 0.4
	minTestToCode  = 1.0
)

// function is one function with a body, outside of tests and generated code.
type function struct {
	at    string // file:line
	name  string
	lines int
}

// tree is what was counted; lines are those that are not blank, comments included.
type tree struct {
	functions            []function
	codeLines, testLines int
}

// measure reads every Go file beneath root but those in hidden folders and in testdata, of which it reads the scripts of
// tools. Packages that serve tests alone count as test: their name ends in "test". What stands beneath scripts is no part of
// the product: its functions are measured, its lines are not.
func measure(root fs.FS) (*tree, error) {
	t := &tree{}
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || !counted(path):
			return nil
		}
		src, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		return t.add(path, src)
	})
	return t, err
}

// counted tells whether a file is code or a script that tests a tool.
func counted(path string) bool {
	if strings.Contains("/"+path, "/testdata/") {
		return strings.HasSuffix(path, ".txtar")
	}
	return strings.HasSuffix(path, ".go")
}

// ofTests tells whether a file is there for tests alone.
func ofTests(path string) bool {
	return strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".txtar") || strings.HasSuffix(filepath.Dir(path), "test")
}

// add counts one file.
func (t *tree) add(path string, src []byte) error {
	if strings.HasSuffix(path, ".txtar") {
		t.testLines += filledLines(src)
		return nil
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	switch {
	case ast.IsGenerated(file):
	case strings.HasPrefix(path, "scripts/"):
		if !ofTests(path) {
			t.addFunctions(fset, file)
		}
	case ofTests(path):
		t.testLines += filledLines(src)
	default:
		t.codeLines += filledLines(src)
		t.addFunctions(fset, file)
	}
	return nil
}

func (t *tree) addFunctions(fset *token.FileSet, file *ast.File) {
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		from, to := fset.Position(fn.Pos()), fset.Position(fn.End())
		at := fmt.Sprintf("%s:%d", from.Filename, from.Line)
		t.functions = append(t.functions, function{at: at, name: fn.Name.Name, lines: to.Line - from.Line + 1})
	}
}

func filledLines(src []byte) int {
	n := 0
	for line := range bytes.Lines(src) {
		if len(bytes.TrimSpace(line)) > 0 {
			n++
		}
	}
	return n
}

// longest lists the n longest functions, the longest first.
func (t *tree) longest(n int) []function {
	sorted := slices.SortedFunc(slices.Values(t.functions), func(a, b function) int {
		return cmp.Or(cmp.Compare(b.lines, a.lines), cmp.Compare(a.at, b.at))
	})
	return sorted[:min(n, len(sorted))]
}

// figure is one measure with its limit, which is a floor where atLeast is set and a ceiling otherwise.
type figure struct {
	name         string
	value, limit float64
	atLeast      bool
}

func (f figure) broken() bool {
	if f.atLeast {
		return f.value < f.limit
	}
	return f.value > f.limit
}

func (f figure) relation() string {
	if f.atLeast {
		return ">="
	}
	return "<="
}

// figures are the measures of the whole tree; a tree without functions or code breaks no limit.
func (t *tree) figures() []figure {
	lengths, long := make([]int, len(t.functions)), 0
	for i, f := range t.functions {
		lengths[i] = f.lines
		if f.lines > longFunction {
			long++
		}
	}
	slices.Sort(lengths)
	share := 100 * float64(long) / float64(max(1, len(lengths)))
	tests := float64(t.testLines) / float64(max(1, t.codeLines))
	return []figure{
		{"median lines of a function", quantile(lengths, 50), maxMedian, false},
		{"90th percentile", quantile(lengths, 90), maxP90, false},
		{fmt.Sprintf("%% of functions over %d lines", longFunction), share, maxLongPercent, false},
		{"lines of test for a line of code", tests, minTestToCode, t.codeLines > 0},
	}
}

// quantile is the smallest of the sorted values that at least percent of them do not exceed.
func quantile(sorted []int, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[(len(sorted)*percent+99)/100-1])
}
