package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Analyzer judges one package. Files that are not state code pass unread.
var Analyzer = &analysis.Analyzer{
	Name: "statelint",
	Doc:  "refuses in state code what could run differently on two nodes",
	Run:  run,
}

// sortedMark stands on a loop over a map, or on the line above it, followed by the reason.
const sortedMark = "//statelint:sorted"

func run(pass *analysis.Pass) (any, error) {
	pkg := strings.TrimPrefix(pass.Pkg.Path(), project)
	for _, file := range pass.Files {
		base := filepath.Base(pass.Fset.Position(file.FileStart).Filename)
		if !isState(pkg, base) || ast.IsGenerated(file) {
			continue
		}
		f := &fileCheck{pass: pass, pkg: pkg, marks: marks(pass.Fset, file), told: map[string]bool{}}
		f.imports(file)
		ast.PreorderStack(file, nil, f.node)
		f.idleMarks()
	}
	return nil, nil
}

// mark is one sortedMark: its reason, and whether a loop used it.
type mark struct {
	pos  token.Pos
	why  string
	used bool
}

// fileCheck judges one file.
type fileCheck struct {
	pass  *analysis.Pass
	pkg   string
	marks map[int]*mark   // by line
	told  map[string]bool // rule and line already reported: one finding a line is enough
}

// marks finds the sortedMarks of a file by their line.
func marks(fset *token.FileSet, file *ast.File) map[int]*mark {
	found := map[int]*mark{}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if why, ok := strings.CutPrefix(c.Text, sortedMark); ok {
				found[fset.Position(c.Pos()).Line] = &mark{pos: c.Pos(), why: strings.TrimSpace(why)}
			}
		}
	}
	return found
}

// refuse reports one finding: the rule, why it is one, and what to do instead.
func (f *fileCheck) refuse(pos token.Pos, rule, why, do string) {
	key := fmt.Sprintf("%s:%d", rule, f.pass.Fset.Position(pos).Line)
	if f.told[key] {
		return
	}
	f.told[key] = true
	f.pass.Reportf(pos, "%s: %s; instead: %s", rule, why, do)
}

func (f *fileCheck) imports(file *ast.File) {
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the compiler refuses it
		}
		if r := refusedImport(f.pkg, imported); r != nil {
			f.refuse(spec.Pos(), "import "+imported, r.why, r.do)
		}
	}
}

// marked tells whether the loop that starts at pos carries a mark with a reason, and uses the mark up.
func (f *fileCheck) marked(pos token.Pos) bool {
	line := f.pass.Fset.Position(pos).Line
	for _, at := range []int{line, line - 1} {
		if m := f.marks[at]; m != nil {
			m.used = true
			return m.why != ""
		}
	}
	return false
}

// idleMarks refuses marks that excuse nothing: they would excuse the next careless edit.
func (f *fileCheck) idleMarks() {
	for _, m := range f.marks {
		if !m.used {
			f.refuse(m.pos, "idle mark", "no loop over a map stands here or on the next line", "delete the mark")
		}
	}
}
