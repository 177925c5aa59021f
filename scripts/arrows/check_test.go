package arrows

import (
	"fmt"
	"slices"
	"strings"
)

// pkg is one of ours as `go list -json` describes it, tests left out: they may import what they like.
type pkg struct {
	ImportPath string
	Imports    []string // what its files name
	Deps       []string // all that it is built from
}

// check judges a graph of packages by arrows and bans and returns one sentence for each fault.
func check(pkgs []pkg) []string {
	var faults []string
	for _, p := range pkgs {
		name := strings.TrimPrefix(p.ImportPath, project)
		faults = append(faults, checkArrows(name, p.Imports)...)
		for _, b := range bans {
			faults = append(faults, b.check(name, p)...)
		}
	}
	return faults
}

func checkArrows(name string, imports []string) []string {
	row := slices.IndexFunc(arrows, func(a arrow) bool { return match(a.from, name) })
	if row < 0 {
		return []string{fmt.Sprintf("%s has no place in the layout: move it, or give it a row in arrows", name)}
	}
	var faults []string
	for _, imported := range imports {
		ours, ok := strings.CutPrefix(imported, project)
		if ok && !matchAny(arrows[row].to, ours) {
			faults = append(faults, fmt.Sprintf("%s imports %s: %s may import only %s",
				name, ours, arrows[row].from, orNothing(arrows[row].to)))
		}
	}
	return faults
}

func (b ban) check(name string, p pkg) []string {
	if !match(b.from, name) || matchAny(b.except, name) {
		return nil
	}
	among, verb := p.Deps, "is built from"
	if b.direct {
		among, verb = p.Imports, "imports"
	}
	var faults []string
	for _, dep := range among {
		if matchAny(b.never, dep) {
			faults = append(faults, fmt.Sprintf("%s %s %s: %s", name, verb, dep, b.why))
		}
	}
	return faults
}

// checkTop judges the names at the top of the tree.
func checkTop(names []string) []string {
	var faults []string
	for _, n := range names {
		if !strings.HasPrefix(n, ".") && !slices.Contains(topLevel, n) {
			faults = append(faults, fmt.Sprintf("%s stands at the top of the tree: put it beside what it belongs to", n))
		}
	}
	return faults
}

// match tells whether a pattern names a path.
func match(pattern, path string) bool {
	stem, deep := strings.CutSuffix(pattern, "...")
	if !deep {
		return pattern == path
	}
	return path == strings.TrimSuffix(stem, "/") || strings.HasPrefix(path, stem)
}

func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, path) })
}

func orNothing(patterns []string) string {
	if len(patterns) == 0 {
		return "nothing of ours"
	}
	return strings.Join(patterns, ", ")
}
