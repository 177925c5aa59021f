package arrows

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the top of the tree, from this package.
var root = filepath.Join("..", "..")

func TestImportArrows(t *testing.T) {
	watch(t)
	for _, fault := range check(listPackages(t)) {
		t.Error(fault)
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	for _, fault := range checkTop(names) {
		t.Error(fault)
	}
}

// watch reads every folder. What `go list` reads, it reads in a process of its own, so that without this
// `go test` would repeat a remembered result after an import changed.
func watch(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// listPackages asks the go command for the project's packages.
func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var pkgs []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if !slices.ContainsFunc(pkgs, func(p pkg) bool { return p.ImportPath == project+"scripts/arrows" }) {
		t.Fatalf("go list does not list this package among %d: it looked at another tree", len(pkgs))
	}
	return pkgs
}

// Each row is an import that the layout allows or refuses.
func TestArrows(t *testing.T) {
	for _, c := range []struct {
		from, to string
		allowed  bool
	}{
		{"modules/kernel", "modules/kernel/id", true},
		{"modules/kernel", "modules/kernel/kernelv1", true},
		{"modules/kernel", "modules/members/membersv1", false},
		{"modules/kernel", "modules/kernel/gatev1/gatev1connect", false},
		{"modules/kernel", "app/store", false},
		{"modules/kernel/kerneltest", "modules/kernel", true},
		{"modules/voucher", "modules/kernel/kerneltest", false},
		{"modules/kernel/key", "modules/kernel/id", true},
		{"modules/kernel/key", "modules/kernel", false},
		{"modules/kernel/gatev1/gatev1connect", "modules/kernel/gatev1", true},
		{"modules/members", "modules/kernel", true},
		{"modules/members", "modules/members/membersv1", true},
		{"modules/members", "modules/voucher/voucherv1", false},
		{"modules/voucher", "modules/members", true},
		{"modules/voucher", "modules/members/membersv1", true},
		{"modules/voucher", "modules/deposit", true},
		{"modules/voucher", "modules/financing", false},
		{"modules/voucher", "app", false},
		{"modules/voucher/voucherv1", "modules/kernel/money", true},
		{"modules/voucher/voucherv1", "modules/kernel", false},
		{"modules/voucher/voucherv1", "modules/members/membersv1", false},
		{"modules/voucher/voucherv1", "modules/voucher", false},
		{"modules/evm", "modules/arbitration", true},
		{"app", "modules/voucher", true},
		{"app", "app/store", true},
		{"app", "sdk", false},
		{"app/store", "modules/kernel", true},
		{"app/store", "modules/kernel/id", true},
		{"app/store", "modules/voucher", false},
		{"app/store", "app", false},
		{"app/gate", "modules/kernel/gatev1/gatev1connect", true},
		{"sdk", "modules/voucher/voucherv1", true},
		{"sdk", "modules/kernel/txv1", true},
		{"sdk", "modules/kernel/gatev1/gatev1connect", true},
		{"sdk", "modules/kernel", false},
		{"sdk", "modules/voucher", false},
		{"sdk", "app/apptest", false},
		{"sdk/invoice", "sdk", true},
		{"sdk/sdktest", "app/apptest", true},
		{"sdk/sdktest", "app", false},
		{"iot/attest", "modules/kernel/key", true},
		{"iot/attest", "sdk", false},
		{"iot/gateway", "iot/attest", true},
		{"iot/gateway", "sdk", true},
		{"contracts", "modules/kernel/id", true},
		{"contracts/pool", "modules/voucher/voucherv1", false},
		{"cmd/tallyd", "app", true},
		{"cmd/tallyd", "sdk", true},
		{"cmd/tallyd", "modules/voucher", false},
		{"cmd/tally", "sdk/recon", true},
		{"cmd/tally", "iot/attest", true},
		{"cmd/tally", "modules/voucher/voucherv1", true},
		{"cmd/tally", "app", false},
		{"cmd/tally", "modules/kernel", false},
		{"cmd/tally-gateway", "iot/gateway", true},
		{"scripts/bench", "app/store", true},
		{"scripts/shape", "sdk", false},
	} {
		faults := check([]pkg{{ImportPath: project + c.from, Imports: []string{"fmt", project + c.to}}})
		if (len(faults) == 0) != c.allowed {
			t.Errorf("%s → %s: %q", c.from, c.to, faults)
		}
	}
}

func TestNoPlaceInTheLayout(t *testing.T) {
	for _, path := range []string{"util", "modules/misc", "modules/kernel/helpers", "cmd/other", "modules"} {
		if faults := check([]pkg{{ImportPath: project + path}}); len(faults) != 1 || !strings.Contains(faults[0], "no place") {
			t.Errorf("%s: %q", path, faults)
		}
	}
}

// Each row is a library, or a part of ours, that reaches a package through others.
func TestBans(t *testing.T) {
	const iavl, engine = "github.com/cosmos/iavl", "github.com/cometbft/cometbft/abci/types"
	for _, c := range []struct {
		from, dep string
		direct    bool
		allowed   bool
	}{
		{"modules/kernel", engine, false, false},
		{"modules/kernel", iavl + "/fastnode", false, false},
		{"modules/kernel/key", engine, false, false},
		{"modules/kernel", "github.com/cosmos/iavlx", false, true},
		{"modules/kernel/key", "github.com/ethereum/go-ethereum/crypto", true, true},
		{"app/store", iavl, true, true},
		{"app", iavl, false, true},
		{"app", iavl, true, false},
		{"scripts/shape", iavl, true, false},
		{"scripts/bench", iavl, true, true},
		{"sdk", engine, false, true},
		{"sdk", project + "app", false, false},
		{"sdk/invoice", project + "app/apptest", false, false},
		{"sdk", iavl, false, false},
		{"sdk/sdktest", project + "app/apptest", false, true},
		{"sdk/sdktest", iavl, false, true},
		{"cmd/tally", project + "app/apptest", false, false},
		{"cmd/tally-gateway", project + "app", false, false},
		{"cmd/tallyd", project + "app", false, true},
	} {
		p := pkg{ImportPath: project + c.from, Deps: []string{c.dep}}
		if c.direct {
			p.Imports = p.Deps
		}
		if faults := check([]pkg{p}); (len(faults) == 0) != c.allowed {
			t.Errorf("%s, built from %s: %q", c.from, c.dep, faults)
		}
	}
}

// The rules themselves: no row hides a later one, and none is there twice.
func TestEveryRowIsReached(t *testing.T) {
	for i, a := range arrows {
		path := strings.TrimSuffix(a.from, "/...")
		first := slices.IndexFunc(arrows, func(b arrow) bool { return match(b.from, path) })
		if first != i {
			t.Errorf("row %s is hidden by %s", a.from, arrows[first].from)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"app", "app", true},
		{"app", "app/store", false},
		{"app/...", "app", true},
		{"app/...", "app/store", true},
		{"app/...", "apple", false},
		{"cmd/tally/...", "cmd/tallyd", false},
		{"...", "anything/at/all", true},
	} {
		if match(c.pattern, c.path) != c.want {
			t.Errorf("%s, %s: not %v", c.pattern, c.path, c.want)
		}
	}
}

func TestCheckTop(t *testing.T) {
	good := []string{".git", ".ci", ".golangci.yml", "README.md", "go.mod", "modules", "tallyd"}
	if faults := checkTop(good); len(faults) != 0 {
		t.Errorf("%q", faults)
	}
	for _, n := range []string{"docs", "util", "main.go", "Makefile", "buf.yaml", "readme.md"} {
		if faults := checkTop([]string{n}); len(faults) != 1 {
			t.Errorf("%s passed", n)
		}
	}
}
