package main

import (
	"path"
	"slices"
	"strings"
)

// project is the import path that scopes and exceptions are relative to.
const project = "github.com/splittally/splittally/"

// stateRoot is the folder whose every package is state code, but for testHelper, which only tests import.
const (
	stateRoot  = "modules/"
	testHelper = "modules/kernel/kerneltest"
)

// appStateFiles are the files of app/ that are on the way of a transaction through a block and so may differ
// between no two nodes. The rest of app/ serves its own node and may look at the clock.
var appStateFiles = []string{"app/execute.go", "app/index/index.go"}

// exception lets one package import one thing that state code may not.
type exception struct {
	pkg, imports, why string
}

// exceptions is the one list of them.
var exceptions = []exception{
	{"modules/kernel/key", "crypto/rand", "clients make their keys with it; no handler does"},
}

// importRule refuses an import, and everything beneath it where deep is set.
type importRule struct {
	path string
	deep bool
	why  string
	do   string
}

var importRules = []importRule{
	{"time", false, "the clock, timers and the time-zone database differ between nodes", "take block time from the context; durations and days are int64 seconds (_s, _unix_s)"},
	{"math/rand", true, "random numbers differ between nodes", "derive an id or a choice by hashing state (kernel/id)"},
	{"crypto/rand", false, "random numbers differ between nodes", "derive an id or a choice by hashing state (kernel/id)"},
	{"os", true, "files, environment and processes differ between nodes", "take what is needed from state, genesis or the message"},
	{"syscall", false, "the operating system differs between nodes", "take what is needed from state, genesis or the message"},
	{"net", true, "the network answers every node differently", "take what is needed from state or the message"},
	{"runtime", true, "memory, processors and build differ between nodes", "leave it to app, which serves its own node"},
	{"unsafe", false, "addresses and layout differ between nodes", "use encoding/binary or a typed conversion"},
}

// refusedImport finds the rule that forbids a package of this project the import; nil where none does.
func refusedImport(pkg, imported string) *importRule {
	if slices.ContainsFunc(exceptions, func(e exception) bool { return e.pkg == pkg && e.imports == imported }) {
		return nil
	}
	i := slices.IndexFunc(importRules, func(r importRule) bool {
		return imported == r.path || r.deep && strings.HasPrefix(imported, r.path+"/")
	})
	if i < 0 {
		return nil
	}
	return &importRules[i]
}

// isState tells whether a file, by its package relative to the project and its base name, is state code.
func isState(pkg, base string) bool {
	for _, suffix := range []string{"_test.go", ".pb.go", ".connect.go"} {
		if strings.HasSuffix(base, suffix) {
			return false
		}
	}
	if pkg == testHelper {
		return false
	}
	return strings.HasPrefix(pkg, stateRoot) || slices.Contains(appStateFiles, path.Join(pkg, base))
}
