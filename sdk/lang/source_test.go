package lang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// spoken are the packages whose sentences people read in their language.
var spoken = []string{"../../cmd/tally", "../wallet", "../statement", "."}

// places are the arguments in which functions take formats of the catalogue, by name; -1 is every second one from the first
// on, -2 the members of lists.
var places = map[string][]int{
	"T": {0}, "F": {0}, "Word": {0}, "N": {1, 2}, "Count": {1, 2}, "Errorf": {0}, "note": {0}, "noMatch": {0}, "endWords": {2},
	"offerWords": {2}, "sums": {1, 2}, "waiting": {0}, "facts": {-1}, "grid": {-2}, "add": {0}, "pick": {0}, "progress": {1},
	"showPackages": {4, 5, 6}, "offerTable": {1, 2}, "titled": {1, -2},
}

// found is a format in the source.
type found struct {
	format string
	where  token.Position
}

// formats finds every format that the source passes to the catalogue.
func formats(t *testing.T) []found {
	t.Helper()
	var all []found
	fset := token.NewFileSet()
	for _, dir := range spoken {
		constants := map[string]string{}
		parsed := parse(t, fset, dir)
		for _, f := range parsed {
			constantsOf(f, constants)
		}
		for _, f := range parsed {
			all = append(all, formatsOf(fset, f, constants)...)
		}
	}
	return all
}

// parse reads the source of a folder, without tests and without the catalogue itself.
func parse(t *testing.T, fset *token.FileSet, dir string) (parsed []*ast.File) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(filepath.Base(file), "chinese_") {
			continue
		}
		f, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	return parsed
}

// literals are all texts in the source of folders, put together where the source puts them together.
func literals(t *testing.T, dirs ...string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, dir := range dirs {
		for _, f := range parse(t, token.NewFileSet(), dir) {
			constants := map[string]string{}
			constantsOf(f, constants)
			ast.Inspect(f, func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok {
					if text, ok := literal(e, constants); ok {
						out[strings.Trim(text, "\n")] = true
					}
				}
				return true
			})
		}
	}
	return out
}

// constantsOf gathers constants with a literal text.
func constantsOf(f *ast.File, into map[string]string) {
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for i, name := range v.Names {
				if i < len(v.Values) {
					if text, ok := literal(v.Values[i], nil); ok {
						into[name.Name] = text
					}
				}
			}
		}
		return true
	})
}

// literal is the text of an expression: a literal, literals put together, or a constant.
func literal(e ast.Expr, constants map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		a, ok1 := literal(e.X, constants)
		b, ok2 := literal(e.Y, constants)
		return a + b, ok1 && ok2
	case *ast.Ident:
		text, ok := constants[e.Name]
		return text, ok
	}
	return "", false
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && x.Name == "strings" || ok && x.Name == "p" && e.Sel.Name == "add" {
			return ""
		}
		return e.Sel.Name
	}
	return ""
}

func formatsOf(fset *token.FileSet, f *ast.File, constants map[string]string) (out []found) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		for _, at := range placesOf(call) {
			for _, e := range taken(call.Args, at) {
				if text, ok := literal(e, constants); ok {
					out = append(out, found{strings.Trim(text, "\n"), fset.Position(e.Pos())})
				}
			}
		}
		return true
	})
	return out
}

// placesOf are the places of a call; say has its format behind an error, or first.
func placesOf(call *ast.CallExpr) []int {
	name := nameOf(call.Fun)
	if name == "say" && len(call.Args) > 0 {
		if _, ok := literal(call.Args[0], nil); ok {
			return []int{0}
		}
		return []int{1}
	}
	return places[name]
}

// taken are the arguments that a place means.
func taken(args []ast.Expr, at int) (out []ast.Expr) {
	switch {
	case at >= 0 && at < len(args):
		return args[at : at+1]
	case at == -1:
		for i := 1; i < len(args); i += 2 {
			out = append(out, args[i])
		}
	case at == -2:
		for _, a := range args {
			if list, ok := a.(*ast.CompositeLit); ok {
				out = append(out, list.Elts...)
			}
		}
	}
	return out
}

// silent tells whether a format has no words: verbs, signs and blanks alone.
func silent(format string) bool {
	for _, verb := range verbs(format) {
		format = strings.Replace(format, verb, "", 1)
	}
	return !strings.ContainsFunc(format, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}
