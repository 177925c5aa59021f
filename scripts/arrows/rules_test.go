// Package arrows holds the tree to its layout: which of the project's packages may import which, what may
// stand at the top, and which libraries are kept out of what. Its rules are in this file.
package arrows

import "slices"

// project is the import path of this module; patterns are relative to it.
const project = "github.com/splittally/splittally/"

// modules are the modules of the business in the order of their dependence: each may import earlier ones.
var modules = []string{
	"members", "governance", "deposit", "voucher", "financing", "receipt", "evidence", "recon", "arbitration", "evm",
}

// arrow lets the packages that match from import the packages that match one of to, and no other of ours.
// A pattern is a path, or a path and /... for everything at and beneath it.
type arrow struct {
	from string
	to   []string
}

// Groups of patterns that several rows name.
var (
	anything = []string{"..."}
	nothing  = []string{}
	leaves   = under("modules/kernel/", "errs", "gatev1", "id", "kernelv1", "key", "money", "txv1")
	// client is what a program that is no node may know of the chain: messages, keys and errors, never rules.
	client = slices.Concat(leaves, messages(), []string{"modules/kernel/gatev1/gatev1connect"})
)

// arrows are the rules; the first row whose from matches a package is its rule. A package that none matches
// has no place in the layout.
var arrows = slices.Concat(
	rows(leaves, leaves),
	[]arrow{
		{"modules/kernel/gatev1/gatev1connect", leaves},
		{"modules/kernel", leaves},
		{"modules/kernel/kerneltest", slices.Concat([]string{"modules/kernel"}, leaves)}, // what tests of modules share
		{"modules/members/memberstest", slices.Concat([]string{"modules/kernel", "modules/kernel/kerneltest", "modules/members/membersv1"}, leaves)},
	},
	moduleArrows(),
	[]arrow{
		{"app/store/...", slices.Concat([]string{"app/store/...", "modules/kernel"}, leaves)},
		{"app/files", nothing},
		{"app/...", []string{"app/...", "modules/..."}},
		{"contracts/...", leaves},
		{"iot/attest/...", leaves},
		{"iot/...", slices.Concat([]string{"iot/...", "sdk/..."}, client)},
		{"sdk/sdktest", slices.Concat([]string{"sdk/...", "app/apptest"}, client)},
		{"sdk/...", slices.Concat([]string{"sdk/..."}, client)},
		{"cmd/tallyd/...", slices.Concat([]string{"cmd/tallyd/...", "app/...", "sdk/...", "iot/..."}, client)},
		{"cmd/tally/...", slices.Concat([]string{"cmd/tally/...", "sdk/...", "iot/..."}, client)},
		{"cmd/tally-gateway/...", slices.Concat([]string{"cmd/tally-gateway/...", "sdk/...", "iot/..."}, client)},
		{"scripts/bench/...", anything},
		{"scripts/chaos/...", anything},
		{"scripts/...", nothing},
	},
)

// ban keeps packages, ours or others', out of everything that the packages matching from are built from, or,
// where direct is set, only out of their own imports. Packages matching except are free.
type ban struct {
	from   string
	except []string
	never  []string
	direct bool
	why    string
}

// bans are checked beside the arrows; never holds full import paths.
var bans = []ban{
	{
		from:  "modules/kernel/...",
		never: []string{"github.com/cometbft/...", "github.com/cosmos/iavl/..."},
		why:   "the kernel knows neither the engine nor the store",
	},
	{
		from: "...", except: []string{"app/store/...", "scripts/bench/..."}, direct: true,
		never: []string{"github.com/cosmos/iavl/..."},
		why:   "app/store is the only importer of iavl",
	},
	{
		from: "sdk/...", except: []string{"sdk/sdktest"},
		never: []string{project + "app/...", "github.com/cosmos/iavl/..."},
		why:   "a client is no node and must stay light",
	},
	{
		from:  "cmd/tally/...",
		never: []string{project + "app/...", "github.com/cosmos/iavl/..."},
		why:   "the wallet is no node and must stay light",
	},
	{
		from:  "cmd/tally-gateway/...",
		never: []string{project + "app/...", "github.com/cosmos/iavl/..."},
		why:   "the gateway is no node and must stay light",
	},
}

// topLevel are the names that may stand at the top of the tree, beside hidden ones.
var topLevel = []string{
	"ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "README.zh-CN.md", "SECURITY.md", "go.mod", "go.sum",
	"app", "cmd", "contracts", "iot", "modules", "networks", "scripts", "sdk",
	// Built in place by `go build ./cmd/…`, and ignored by git.
	"tally", "tally-gateway", "tallyd",
}

// moduleArrows are the rows of the modules, from their order.
func moduleArrows() []arrow {
	var out []arrow
	own := slices.Concat([]string{"modules/kernel"}, leaves)
	for _, m := range modules {
		own = append(own, "modules/"+m+"/...")
		out = append(out, arrow{messagesOf(m), leaves}, arrow{"modules/" + m + "/...", slices.Clone(own)})
	}
	return out
}

func messagesOf(module string) string { return "modules/" + module + "/" + module + "v1" }

func messages() []string {
	var out []string
	for _, m := range modules {
		out = append(out, messagesOf(m))
	}
	return out
}

func rows(from, to []string) []arrow {
	var out []arrow
	for _, f := range from {
		out = append(out, arrow{f, to})
	}
	return out
}

func under(folder string, names ...string) []string {
	var out []string
	for _, n := range names {
		out = append(out, folder+n)
	}
	return out
}
