package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/errs"
	"github.com/splittally/splittally/modules/members/membersv1"
)

// annKey is the generator of secp256k1, a key for tests alone.
const annKey = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

// quotas are how many suppliers a role may admit; none where nothing is said.
var quotas = map[string]uint32{"obligor": 10_000, "bank": 1_000}

// call is what a proposal is to have.
type call struct {
	method  string
	message object
}

// testProposals types each kind of proposal and reads back the calls that it made.
func (g *stage) testProposals(t *testing.T) {
	member := func(role string) string { return g.net.Role(role).Member.String() }
	account := func(role string) string { return g.net.Role(role).Account.String() }
	validator := word(t, g.gives(t, "operator", "gov", "validators"), "validators.0.key")
	standing := func(role, state string, extra object) call {
		shown := at(g.gives(t, "operator", "show", member(role)), "member").(object)
		var names []string
		for _, one := range shown["roles"].([]any) {
			names = append(names, one.(string))
		}
		roles, err := membersv1.ParseRoles(strings.Join(names, ","))
		if err != nil {
			t.Fatal(err)
		}
		id, seat := g.net.Role(role).Member, shown["seat"] == true
		before := membersv1.StandingHash(&membersv1.Member{
			Id: id.Bytes(), State: membersv1.MemberState_MEMBER_STATE_ACTIVE, Roles: roles, Seat: seat, SupplierQuota: quotas[role],
		})
		m := object{"member": id.String(), "state": "MEMBER_STATE_" + state, "roles": roles, "replaces": before.String()}
		for k, v := range extra {
			if m[k] = v; v == nil {
				delete(m, k)
			}
		}
		return call{"members.SetStanding", m}
	}
	ann := object{"kind": 1, "public_key": annKey, "purpose": "KEY_PURPOSE_SIGN", "holder": "Ann"}
	oneKey := object{"threshold": 1, "keys": []object{ann}}
	admitted := g.file(t, "admit.json", `{"name": "Bank of Nanshan", "lei": "5493001KJTIIGC8Y1R12", "small_firm": true, "roles": "bank,financier", "seat": true, "supplier_quota": 500,
		"nodes": ["00000000000000000000000000000000000000aa"], "encryption_key": "x25519:00000000000000000000000000000000000000000000000000000000000000aa",
		"policy": {"threshold": 1, "keys": [{"key": "secp256k1:`+annKey+`", "holder": "Ann"}], "limits": [{"currency": "CNY", "per_transaction": "5.00", "per_day": "50"}], "methods": ["voucher.Transfer"]}}`)
	policy := g.file(t, "recover.json", `{"threshold": 1, "keys": [{"key": "secp256k1:`+annKey+`", "holder": "Ann"}]}`)
	banker, _ := membersv1.ParseRoles("bank,financier")
	trader, _ := membersv1.ParseRoles("financier,supplier")
	for _, c := range []struct {
		args  []string
		title string // what it is called where nobody says
		calls []call
	}{
		{[]string{"admit", "--file", admitted}, "admit Bank of Nanshan", []call{{"members.AdmitMember", object{
			"legal": object{"name": "Bank of Nanshan", "credential_kind": "CREDENTIAL_KIND_LEI", "credential": "5493001KJTIIGC8Y1R12", "small_firm": true},
			"roles": banker, "seat": true, "supplier_quota": 500, "nodes": []string{"00000000000000000000000000000000000000aa"},
			"encryption_key": "00000000000000000000000000000000000000000000000000000000000000aa",
			"policy": object{
				"threshold": 1, "keys": []object{ann}, "methods": []string{"voucher.Transfer"},
				"limits": []object{{"currency": "CNY", "per_transaction_minor": "500", "per_day_minor": "5000"}},
			},
		}}}},
		{[]string{"suspend", "Yuhe", "--reason", "late"}, "suspend Yuhe", []call{standing("tier2", "SUSPENDED", object{"reason": "late"})}},
		{[]string{"suspend", member("tier2")[:10], "--reason", "late", "--title", "Yuhe"}, "Yuhe", []call{standing("tier2", "SUSPENDED", object{"reason": "late"})}},
		{[]string{"reinstate", "tier2", "--reason", "paid"}, "reinstate tier2", []call{standing("tier2", "ACTIVE", object{"reason": "paid"})}},
		{[]string{"reinstate", "bank", "--reason", "x"}, "reinstate bank", []call{standing("bank", "ACTIVE", object{"reason": "x", "seat": true, "supplier_quota": 1000})}},
		{[]string{"leave", "factor", "--reason", "it closes"}, "leave factor", []call{standing("factor", "LEFT", object{"reason": "it closes"})}},
		{[]string{"leave", "obligor", "--reason", "x", "--allow-below-four"}, "leave obligor", []call{
			{"governance.SetValidator", object{"public_key": validator, "member": member("obligor"), "allow_below_four": true}},
			standing("obligor", "LEFT", object{"reason": "x"}),
		}},
		{[]string{"standing", "factor", "--seat", "no"}, "standing factor", []call{standing("factor", "ACTIVE", nil)}},
		{[]string{"standing", "bank", "--quota", "0"}, "standing bank", []call{standing("bank", "ACTIVE", object{"seat": true})}},
		{[]string{"standing", "tier2", "--roles", "supplier, financier", "--seat", "yes", "--quota", "3", "--reason", "y"}, "standing tier2", []call{
			standing("tier2", "ACTIVE", object{"roles": trader, "seat": true, "supplier_quota": 3, "reason": "y"}),
		}},
		{[]string{"sponsor", "tier1", "bank"}, "sponsor tier1 bank", []call{{"members.SetSponsor", object{"member": member("tier1"), "sponsor": member("bank")}}}},
		{[]string{"sponsor", "tier1", "none"}, "sponsor tier1 none", []call{{"members.SetSponsor", object{"member": member("tier1")}}}},
		{[]string{"recover", "tier1", "--key", "secp256k1:" + annKey + "=Ann", "--reason", "the safe burnt"}, "recover tier1", []call{
			{"members.Recover", object{"account": account("tier1"), "policy": oneKey, "reason": "the safe burnt"}},
		}},
		{[]string{"recover", "tier1", "--file", policy, "--reason", "x"}, "recover tier1", []call{
			{"members.Recover", object{"account": account("tier1"), "policy": oneKey, "reason": "x"}},
		}},
		{[]string{"recover", "cancel", "tier1"}, "recover cancel tier1", []call{{"members.CancelRecovery", object{"account": account("tier1")}}}},
		{[]string{"parameter", "voucher.depth_max", "8", "--from", "2052-02-20", "--source", "prudence"}, "parameter voucher.depth_max 8", []call{
			{"governance.SetParameter", object{"name": "voucher.depth_max", "value": "8", "from_day": 30_000, "source": "prudence"}},
		}},
		{[]string{"validator", "add", "factor", strings.Repeat("0", 62) + "aa"}, "validator add factor " + strings.Repeat("0", 62) + "aa", []call{
			{"governance.SetValidator", object{"public_key": strings.Repeat("0", 62) + "aa", "power": "10", "member": member("factor")}},
		}},
		{[]string{"validator", "add", "factor", strings.Repeat("0", 62) + "aa", "--power", "3", "--title", "v"}, "v", []call{
			{"governance.SetValidator", object{"public_key": strings.Repeat("0", 62) + "aa", "power": "3", "member": member("factor")}},
		}},
		{[]string{"validator", "remove", validator[:8]}, "validator remove " + validator[:8], []call{
			{"governance.SetValidator", object{"public_key": validator, "member": member("obligor")}},
		}},
		{[]string{"upgrade", "--protocol", "2", "--height", "1000000", "--info", "tallyd 2.0"}, "upgrade", []call{
			{"governance.ScheduleUpgrade", object{"protocol": 2, "height": "1000000", "info": "tallyd 2.0"}},
		}},
		{[]string{"upgrade", "cancel"}, "upgrade cancel", []call{{"governance.CancelUpgrade", object{}}}},
	} {
		shown := g.gives(t, "bank", "gov", "show", g.proposed(t, c.args...))
		var want []object
		for _, one := range c.calls {
			want = append(want, object{"method": one.method, "message": one.message})
		}
		if got := plain(t, at(shown, "calls")); !reflect.DeepEqual(got, plain(t, want)) {
			t.Errorf("gov propose %s makes\n%v\nwant\n%v", strings.Join(c.args, " "), got, plain(t, want))
		}
		wants(t, shown, "proposal.title", c.title, "proposal.state", stateOpen, "proposal.yes", 1, "proposal.no", 0, "proposal.seats", 4, "proposal.needed", 3,
			"proposal.proposer", member("operator"), "proposal.voted", false)
		if length(shown, "what") != len(c.calls) {
			t.Errorf("gov propose %s is said in %d sentences", strings.Join(c.args, " "), length(shown, "what"))
		}
	}
}

// plain is a value as programs read it, so that two of them compare.
func plain(t *testing.T, v any) (out any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// testProposalFiles: what 'gov show' prints under calls is a file that proposes the same; several files are one proposal.
func (g *stage) testProposalFiles(t *testing.T) {
	first := g.gives(t, "bank", "gov", "show", g.proposed(t, "recover", "tier1", "--key", "secp256k1:"+annKey+"=Ann", "--reason", "x"))
	second := g.gives(t, "bank", "gov", "show", g.proposed(t, "parameter", "voucher.depth_max", "8", "--from", "2052-02-20", "--source", "prudence"))
	file := func(name string, calls any) string {
		b, err := json.Marshal(object{"calls": calls})
		if err != nil {
			t.Fatal(err)
		}
		return g.file(t, name, string(b))
	}
	one, two := file("one.json", first["calls"]), file("two.json", second["calls"])
	again := g.gives(t, "bank", "gov", "show", g.proposed(t, "--call", two, "--call", one))
	if want := plain(t, []any{at(second, "calls.0"), at(first, "calls.0")}); !reflect.DeepEqual(plain(t, again["calls"]), want) {
		t.Errorf("%v\nwant\n%v", again["calls"], want)
	}
	wants(t, again, "proposal.title", "governance.SetParameter members.Recover")

	member := `{"method": "members.CancelRecovery", "message": {"account": "` + g.net.Role("tier1").Account.String() + `"}`
	many := g.file(t, "many.json", `{"calls": [`+strings.Repeat(member+"},", governancev1.MaxCalls)+member+"}]}")
	for _, c := range []struct{ content, why string }{
		{`{"calls": []}`, "0 calls"},
		{`{}`, "0 calls"},
		{`[]`, "call"},
		{``, "call"},
		{`{"calls": [{"method": "members.Melt", "message": {}}]}`, "members.Melt"},
		{`{"calls": [` + member + `, "as": "` + g.net.Role("tier1").Account.String() + `"}]}`, `"as"`},
		{`{"calls": [` + member + `, "gas": 5}]}`, `"gas"`},
		{`{"calls": [{"method": "members.CancelRecovery", "message": {"account": "xy"}}]}`, "hex"},
		{`{"calls": [{"method": "members.CancelRecovery", "message": {"accounts": "aa"}}]}`, "accounts"},
		{`{"calls": [{"method": "members.CancelRecovery", "message": {"account": "aa"}}]}`, "account"},
		{`{"calls": [{"method": "members.CancelRecovery", "message": 5}]}`, "message"},
		{`{"calls": [{"method": "members.CancelRecovery"}]}`, "message|account"},
	} {
		g.refuses(t, exitUsage, c.why, "operator", "gov", "propose", "--call", g.file(t, "bad.json", c.content))
	}
	g.refuses(t, exitUsage, "101", "operator", "gov", "propose", "--call", many)
	g.refuses(t, exitUsage, "missing.json", "operator", "gov", "propose", "--call", one, "--call", g.path("missing.json"))

	for name, c := range map[string]struct{ content, why string }{
		"both numbers": {`{"name": "X", "uscc": "a", "lei": "b"}`, "uscc"}, "no number": {`{"name": "X"}`, "uscc"},
		"a role":    {`{"name": "X", "uscc": "a", "roles": "baker"}`, "roles"},
		"a node":    {`{"name": "X", "lei": "b", "roles": "bank", "nodes": ["zz"], "policy": {"threshold": 1, "keys": [{"key": "secp256k1:` + annKey + `"}]}}`, "nodes"},
		"no policy": {`{"name": "X", "lei": "b", "roles": "bank"}`, "threshold|keys|policy"},
		"a limit":   {`{"name": "X", "lei": "b", "roles": "bank", "policy": {"threshold": 1, "keys": [{"key": "secp256k1:` + annKey + `"}], "limits": [{"currency": "CNY", "per_transaction": "5,0", "per_day": "9"}]}}`, "per_transaction"},
		"a purpose": {`{"name": "X", "lei": "b", "roles": "bank", "policy": {"threshold": 1, "keys": [{"key": "secp256k1:` + annKey + `", "purpose": "sing"}]}}`, "purpose"},
		"two files": {`{"name": "X", "lei": "b"} {}`, "behind its end"}, "no JSON": {`name: X`, "bad.json"}, "a field": {`{"name": "X", "licence": 7}`, "licence"},
	} {
		t.Run(name, func(t *testing.T) {
			g.refuses(t, exitUsage, c.why, "operator", "gov", "propose", "admit", "--file", g.file(t, "bad.json", c.content))
		})
	}
	tooLong := strings.Repeat("x", governancev1.MaxTitle+1)
	g.refuses(t, exitUsage, "title", "operator", "gov", "propose", "upgrade", "cancel", "--title", tooLong)
	g.refuses(t, exitUsage, "expires", "operator", "gov", "propose", "upgrade", "cancel", "--expires", "soon")
	g.refuses(t, exitRefused, "", "operator", "gov", "propose", "upgrade", "cancel", "--expires", "31d")
	g.refuses(t, exitUsage, "from", "operator", "gov", "propose", "parameter", "voucher.depth_max", "8", "--from", "tomorrow", "--source", "x")
	g.refuses(t, exitUsage, "VALUE", "operator", "gov", "propose", "parameter", "voucher.depth_max", "8.5", "--from", "2052-02-20", "--source", "x")
	g.refuses(t, exitUsage, "KEY", "operator", "gov", "propose", "validator", "add", "factor", "aabb", "--power", "0")
	g.refuses(t, exitUsage, "public_key", "operator", "gov", "propose", "validator", "add", "factor", "aabb")
	g.refuses(t, exitUsage, "power", "operator", "gov", "propose", "validator", "add", "factor", strings.Repeat("0", 64), "--power", "1001")
	g.refuses(t, exitUsage, "protocol", "operator", "gov", "propose", "upgrade", "--protocol", "1", "--height", "5")
	g.refuses(t, exitNotFound, "", "operator", "gov", "propose", "sponsor", "tier1", "nobody")
	g.refuses(t, exitNotFound, "", "operator", "gov", "propose", "validator", "remove", "abc")
	g.refuses(t, exitNotFound, "", "operator", "gov", "propose", "recover", "cancel", "nobody")
}

// state is how a proposal stands, and that the list has it where it should.
func (g *stage) state(t *testing.T, id, want string) object {
	t.Helper()
	shown := g.gives(t, "bank", "gov", "show", id[:16])
	wants(t, shown, "proposal.state", want, "proposal.proposal", id)
	listed := func(args ...string) bool {
		for _, one := range at(g.gives(t, "bank", args...), "proposals").([]any) {
			if at(one, "proposal") == id {
				return at(one, "state") == want
			}
		}
		return false
	}
	if listed("gov", "list") != (want == stateOpen) || !listed("gov", "list", "--all") {
		t.Errorf("the lists do not have %s as %s", id, want)
	}
	return shown
}

func (g *stage) testVotes(t *testing.T) {
	passed := g.proposed(t, "parameter", "voucher.depth_max", "15", "--from", "2052-02-20", "--source", "prudence")
	g.state(t, passed, stateOpen)
	g.refuses(t, exitRefused, "AlreadyVoted", "operator", "gov", "vote", passed, "yes")
	g.refuses(t, exitRefused, "AlreadyVoted", "operator", "gov", "vote", passed, "no")
	g.refuses(t, exitRefused, "NotPermitted", "tier1", "gov", "vote", passed, "yes")
	g.refuses(t, exitNotFound, "", "bank", "gov", "vote", strings.Repeat("0", 64), "yes")
	g.refuses(t, exitNotFound, "", "bank", "gov", "vote", "000", "yes")
	g.refuses(t, exitNotFound, "", "bank", "gov", "show", strings.Repeat("0", 64))
	wants(t, g.gives(t, "bank", "gov", "vote", passed[:12], "no"), "created.proposal", passed)
	g.refuses(t, exitRefused, "AlreadyVoted", "bank", "gov", "vote", passed, "yes")
	wants(t, g.gives(t, "factor", "gov", "vote", passed, "yes"), "created.proposal", passed)
	wants(t, g.state(t, passed, stateOpen), "proposal.yes", 2, "proposal.no", 1, "ballots.0.vote", "yes", "ballots.1.vote", "no", "ballots.2.vote", "yes", "ballots.3.vote", "",
		"ballots.3.member", g.net.Role("obligor").Member.String(), "proposal.voted", true)
	g.says(t, "obligor", "gov", "vote", passed, "yes")
	wants(t, g.state(t, passed, stateExecuted), "proposal.yes", 3, "proposal.no", 1, "proposal.code", nil)
	g.refuses(t, exitRefused, "ProposalDecided|AlreadyVoted", "obligor", "gov", "vote", passed, "yes")
	for _, one := range at(g.gives(t, "tier1", "gov", "parameters"), "parameters").([]any) {
		if at(one, "name") == "voucher.depth_max" {
			wants(t, one, "value", 16, "values.0.value", 15, "values.0.from", "2052-02-20", "values.0.source", "prudence")
		}
	}

	rejected := g.proposed(t, "suspend", "tier2", "--reason", "x")
	g.says(t, "bank", "gov", "vote", rejected, "no")
	g.says(t, "factor", "gov", "vote", rejected, "no")
	wants(t, g.state(t, rejected, stateRejected), "proposal.yes", 1, "proposal.no", 2)
	g.refuses(t, exitRefused, "ProposalDecided", "obligor", "gov", "vote", rejected, "yes")
	wants(t, g.gives(t, "bank", "show", "tier2"), "member.state", "active")

	failed := g.agreed(t, "parameter", "voucher.tenor_max_days", "0", "--from", "2052-02-20", "--source", "a slip")
	shown := g.state(t, failed, stateFailed)
	number, err := shown["proposal"].(object)["code"].(json.Number).Int64()
	if code := errs.ByNumber(uint32(number)); err != nil || code == nil || code.Name != "ParameterBounds" {
		t.Errorf("it failed with %d, %v", number, err)
	}
}

// testLateVotes moves the clock behind the end of a proposal.
func (g *stage) testLateVotes(t *testing.T) {
	late := g.proposed(t, "suspend", "tier2", "--reason", "x", "--expires", "1h")
	longer := g.proposed(t, "suspend", "tier2", "--reason", "x", "--expires", "3d")
	g.shift(t, 1)
	g.refuses(t, exitRefused, "ProposalExpired", "bank", "gov", "vote", late, "yes")
	g.state(t, late, stateExpired)
	g.state(t, longer, stateOpen)
	g.says(t, "bank", "gov", "vote", longer, "no")
}

// More than two thirds of the seats, and no more of them, agree.
func TestVotesNeeded(t *testing.T) {
	for seats := 1; seats <= membersv1.MaxSeats; seats++ {
		if n := needed(seats); 3*n <= 2*seats || 3*(n-1) > 2*seats || n > seats {
			t.Errorf("%d of %d", n, seats)
		}
	}
}

// Every state of a proposal has a word, and one that is open and late has its own.
func TestProposalStates(t *testing.T) {
	now, words := time.Unix(1_000, 0), map[string]bool{}
	for n := range governancev1.ProposalState_name {
		state := governancev1.ProposalState(n)
		if n == 0 {
			continue
		}
		for _, ends := range []int64{999, 1_000, 1_001} {
			got := proposalState(&governancev1.Proposal{State: state, ExpiresUnixS: ends}, now)
			words[got] = true
			if late := state == governancev1.ProposalState_PROPOSAL_STATE_OPEN && ends <= 1_000; got == "" || late != (got == stateExpired) {
				t.Errorf("%s that ends at %d is %q", state, ends, got)
			}
		}
	}
	if len(words) != len(governancev1.ProposalState_name) {
		t.Errorf("the words are %v", words)
	}
}
