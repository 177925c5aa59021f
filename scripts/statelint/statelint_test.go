package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
)

// The files in testdata say beside each line what is refused there, and are silent where nothing is.
func TestAnalyzer(t *testing.T) {
	appStateFiles = append(appStateFiles, "app/execute.go")
	t.Cleanup(func() { appStateFiles = appStateFiles[:len(appStateFiles)-1] })
	analysistest.Run(t, analysistest.TestData(), Analyzer, "modules/voucher", "modules/kernel/key", "app")
}

func TestRefusedImport(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string
		refused       bool
	}{
		{"modules/voucher", "time", true},
		{"modules/voucher", "time/tzdata", false},
		{"modules/voucher", "math/rand", true},
		{"modules/voucher", "math/rand/v2", true},
		{"modules/voucher", "math/bits", false},
		{"modules/voucher", "os/exec", true},
		{"modules/voucher", "net/netip", true},
		{"modules/voucher", "network", false},
		{"modules/voucher", "crypto/rand", true},
		{"modules/kernel/key", "crypto/rand", false},
		{"modules/kernel/key", "time", true},
		{"modules/kernel/key/sub", "crypto/rand", true},
	} {
		r := refusedImport(c.pkg, c.imported)
		if (r != nil) != c.refused {
			t.Errorf("%s importing %s: refused is %v", c.pkg, c.imported, r != nil)
		}
		if r != nil && (r.why == "" || r.do == "") {
			t.Errorf("%s: a refusal must say why and what to do", r.path)
		}
	}
	for _, e := range exceptions {
		if e.why == "" {
			t.Errorf("the exception for %s does not say why", e.pkg)
		}
	}
}

func TestIsState(t *testing.T) {
	appStateFiles = append(appStateFiles, "app/execute.go")
	t.Cleanup(func() { appStateFiles = appStateFiles[:len(appStateFiles)-1] })
	for file, want := range map[string]bool{
		"modules/voucher split.go":                            true,
		"modules/kernel/kerneltest chain.go":                  false,
		"modules/kernel/money money.go":                       true,
		"modules/voucher split_test.go":                       false,
		"modules/voucher/voucherv1 voucher.pb.go":             false,
		"modules/kernel/gatev1/gatev1connect x.connect.go":    false,
		"app execute.go":                                      true,
		"app metrics.go":                                      false,
		"app/gate execute.go":                                 false,
		"sdk client.go":                                       false,
		"scripts/statelint/testdata/src/modules/voucher x.go": false,
	} {
		pkg, base, _ := strings.Cut(file, " ")
		if got := isState(pkg, base); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}

// A file that was renamed would otherwise go unjudged.
func TestAppStateFilesExist(t *testing.T) {
	for _, file := range appStateFiles {
		if _, err := os.Stat(filepath.Join("..", "..", file)); err != nil {
			t.Errorf("appStateFiles names %s: %v", file, err)
		}
	}
}

// A finding must lead a person to its line, and a tree that does not compile must not pass.
func TestLint(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "go.mod", "module github.com/splittally/splittally\n\ngo 1.26\n")
	write(t, dir, "modules/clean/clean.go", "package clean\n\nfunc One() int { return 1 }\n")
	write(t, dir, "modules/faulty/faulty.go", "package faulty\n\nvar share = 0.5\n")
	var out bytes.Buffer
	if n, err := lint(&out, dir, []string{"./modules/clean"}); n != 0 || err != nil || out.Len() != 0 {
		t.Fatalf("clean code: %d %v %s", n, err, &out)
	}
	if n, err := lint(&out, dir, []string{"./modules/..."}); n != 1 || err != nil || !strings.HasPrefix(out.String(), "modules/faulty/faulty.go:3:5: float: ") {
		t.Fatalf("faulty code: %d %v %s", n, err, &out)
	}
	write(t, dir, "modules/broken/broken.go", "package broken\n\nvar x int = nothing\n")
	if _, err := lint(&out, dir, []string{"./modules/..."}); err == nil {
		t.Fatal("code that does not compile passed")
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
