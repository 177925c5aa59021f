package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/types/typeutil"
)

// node judges one node; stack holds what encloses it, the outermost first. It returns false where nothing
// beneath is worth looking at.
func (f *fileCheck) node(n ast.Node, stack []ast.Node) bool {
	switch n := n.(type) {
	case *ast.RangeStmt:
		f.loop(n)
	case *ast.GoStmt:
		f.concurrency(n.Pos(), "a goroutine")
	case *ast.SelectStmt:
		f.concurrency(n.Pos(), "a select")
	case *ast.SendStmt, *ast.ChanType:
		f.concurrency(n.Pos(), "a channel")
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			f.concurrency(n.Pos(), "a channel")
		}
	case *ast.CallExpr:
		f.call(n, stack)
	}
	if e, ok := n.(ast.Expr); ok && f.isFloat(e) {
		f.refuse(e.Pos(), "float", "floating point rounds differently on other machines and cannot hold money",
			"use int64 minor units, rates in parts per million, and kernel/money")
		return false
	}
	return true
}

func (f *fileCheck) loop(n *ast.RangeStmt) {
	switch typeOf(f.pass.TypesInfo, n.X).(type) {
	case *types.Map:
		if !f.marked(n.Pos()) {
			f.refuse(n.Pos(), "map order", "a map is walked in another order on every node",
				"range over slices.Sorted(maps.Keys(m)), or say why the order cannot show with "+sortedMark+" WHY")
		}
	case *types.Chan:
		f.concurrency(n.Pos(), "a channel")
	}
}

func (f *fileCheck) concurrency(pos token.Pos, what string) {
	f.refuse(pos, "concurrency", what+" lets the scheduler decide the order", "compute it in line; app may work in parallel before a block runs")
}

// typeOf is the underlying type of an expression; nil where it has none.
func typeOf(info *types.Info, e ast.Expr) types.Type {
	t := info.TypeOf(e)
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// unorderedIterators walk a map as range does; sorters take the disorder away again. unstableWriters put
// spaces into their output by a hash of the program; jsonWriters are safe for everything but maps.
var (
	unorderedIterators = []string{"maps.All", "maps.Keys", "maps.Values", "(reflect.Value).MapKeys", "(reflect.Value).MapRange", "(*sync.Map).Range"}
	sorters            = []string{"slices.Sorted", "slices.SortedFunc", "slices.SortedStableFunc"}
	unstableWriters    = []string{
		"google.golang.org/protobuf/encoding/protojson.Marshal",
		"google.golang.org/protobuf/encoding/protojson.Format",
		"(google.golang.org/protobuf/encoding/protojson.MarshalOptions).Marshal",
		"(google.golang.org/protobuf/encoding/protojson.MarshalOptions).Format",
		"google.golang.org/protobuf/encoding/prototext.Marshal",
		"google.golang.org/protobuf/encoding/prototext.Format",
		"(google.golang.org/protobuf/encoding/prototext.MarshalOptions).Marshal",
		"(google.golang.org/protobuf/encoding/prototext.MarshalOptions).Format",
	}
	jsonWriters = []string{"encoding/json.Marshal", "encoding/json.MarshalIndent", "(*encoding/json.Encoder).Encode"}
)

func (f *fileCheck) call(n *ast.CallExpr, stack []ast.Node) {
	name := f.callee(n)
	switch {
	case slices.Contains(unorderedIterators, name) && !f.insideSorter(stack):
		f.refuse(n.Pos(), "map order", name+" walks a map in another order on every node", "wrap it: slices.Sorted(maps.Keys(m))")
	case slices.Contains(unstableWriters, name):
		f.refuse(n.Pos(), "unstable text", name+" spaces its output differently from build to build on purpose", "use proto.Marshal, and hash the bytes received")
	case slices.Contains(jsonWriters, name) && len(n.Args) > 0 && hasMap(f.pass.TypesInfo.TypeOf(n.Args[0]), maxTypeDepth):
		f.refuse(n.Pos(), "json map", "the order of a map's keys in JSON is the encoder's choice, not the chain's", "encode a sorted slice of pairs")
	}
}

// callee names the function called, as package.Name or (type).Method; empty where it is not known.
func (f *fileCheck) callee(n *ast.CallExpr) string {
	if fn, ok := typeutil.Callee(f.pass.TypesInfo, n).(*types.Func); ok {
		return fn.Origin().FullName()
	}
	return ""
}

// insideSorter tells whether the innermost enclosing node is a call that sorts its argument.
func (f *fileCheck) insideSorter(stack []ast.Node) bool {
	if len(stack) == 0 {
		return false
	}
	outer, ok := stack[len(stack)-1].(*ast.CallExpr)
	return ok && slices.Contains(sorters, f.callee(outer))
}

// maxTypeDepth bounds how deep hasMap looks into a type, which may contain itself.
const maxTypeDepth = 8

func hasMap(t types.Type, depth int) bool {
	if t == nil || depth == 0 {
		return false
	}
	switch t := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Pointer:
		return hasMap(t.Elem(), depth-1)
	case *types.Slice:
		return hasMap(t.Elem(), depth-1)
	case *types.Array:
		return hasMap(t.Elem(), depth-1)
	case *types.Struct:
		for v := range t.Fields() {
			if hasMap(v.Type(), depth-1) {
				return true
			}
		}
	}
	return false
}

// isFloat tells whether an expression is, names or yields a floating-point value, constants included.
func (f *fileCheck) isFloat(e ast.Expr) bool {
	if lit, ok := e.(*ast.BasicLit); ok && (lit.Kind == token.FLOAT || lit.Kind == token.IMAG) {
		return true
	}
	return floating(f.pass.TypesInfo.TypeOf(e))
}

func floating(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return t.Info()&(types.IsFloat|types.IsComplex) != 0
	case *types.Named:
		basic, ok := t.Underlying().(*types.Basic)
		return ok && floating(basic) || types.TypeString(t, nil) == "math/big.Float"
	case *types.Pointer:
		return floating(t.Elem())
	case *types.Tuple:
		for v := range t.Variables() {
			if floating(v.Type()) {
				return true
			}
		}
	}
	return false
}
