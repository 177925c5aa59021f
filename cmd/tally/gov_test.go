package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/key"
	"github.com/splittally/splittally/modules/members/membersv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// public is the public key of a kind whose secret is a small number.
func public(t *testing.T, kind key.Kind, n byte) key.Public {
	t.Helper()
	secret := make([]byte, 32)
	secret[31] = n
	s, err := key.FromSecret(kind, secret)
	if err != nil {
		t.Fatal(err)
	}
	return s.Public()
}

func wantInput(t *testing.T, err error, says string) {
	t.Helper()
	var in *wallet.Input
	if !errors.As(err, &in) || !strings.Contains(err.Error(), says) {
		t.Errorf("want a fault of what was typed that says %q, got %v", says, err)
	}
}

// What 'account show' prints can be written into a file and given back, whatever a policy has.
func TestPoliciesAsPeopleWriteThem(t *testing.T) {
	p := &membersv1.Policy{
		Threshold: 2,
		Limits:    []*membersv1.Limit{{Currency: "CNY", PerTransactionMinor: 50_000, PerDayMinor: 200_050}, {Currency: "JPY", PerTransactionMinor: 5, PerDayMinor: 9}},
		Methods:   []string{"voucher.Transfer"},
	}
	for i, kind := range []key.Kind{key.Secp256k1, key.P256, key.SM2} {
		pub := public(t, kind, byte(i+1))
		p.Keys = append(p.Keys, &membersv1.Key{Kind: uint32(pub.Kind), PublicKey: pub.Bytes, Purpose: membersv1.KeyPurpose_KEY_PURPOSE_SIGN, Holder: "holder " + kind.String()})
	}
	p.Keys[2].Purpose = membersv1.KeyPurpose_KEY_PURPOSE_VIEW
	p.Keys = append(p.Keys, &membersv1.Key{PublicKey: id.Hash("x").Bytes(), Purpose: membersv1.KeyPurpose_KEY_PURPOSE_ENCRYPT})
	shown := proto.CloneOf(p)
	shown.Keys[0].SinceHeight = 7
	b, err := json.Marshal(policyOf(shown))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := (&policyFlags{file: file}).policy()
	if err != nil || !proto.Equal(got, p) {
		t.Errorf("%s\nis %v, %v", b, got, err)
	}
}

func TestPoliciesThatAreRefused(t *testing.T) {
	good := public(t, key.Secp256k1, 1).String()
	for says, j := range map[string]policyJSON{
		"no purpose of a key": {Threshold: 1, Keys: []policyKeyJSON{{Key: good, Purpose: "spend"}}},
		"no public key":       {Threshold: 1, Keys: []policyKeyJSON{{Key: "rsa:00"}}},
		"is no public key":    {Threshold: 1, Keys: []policyKeyJSON{{Key: "secp256k1:zz"}}},
		"tally keys show":     {Threshold: 1, Keys: []policyKeyJSON{{Key: good[:len(good)-2]}}},
		"64 hex digits":       {Threshold: 1, Keys: []policyKeyJSON{{Key: "x25519:zz", Purpose: "encrypt"}}},
		"none that the chain": {Threshold: 1, Keys: []policyKeyJSON{{Key: good}}, Limits: []policyLimitJSON{{Currency: "XYZ", PerTransaction: "1", PerDay: "1"}}},
		"per_day":             {Threshold: 1, Keys: []policyKeyJSON{{Key: good}}, Limits: []policyLimitJSON{{Currency: "CNY", PerTransaction: "1", PerDay: "x"}}},
		"not above zero":      {Threshold: 1, Keys: []policyKeyJSON{{Key: good}}, Limits: []policyLimitJSON{{Currency: "CNY", PerTransaction: "0", PerDay: "1"}}},
	} {
		_, err := j.message()
		wantInput(t, err, says)
	}
	if _, err := (&policyFlags{keys: []string{good + "=Ann", good + "=Ben"}, threshold: 2}).policy(); !errors.Is(err, membersv1.ErrPolicy) {
		t.Errorf("one key twice: %v", err)
	}
}

func TestRotationOfAPolicy(t *testing.T) {
	one, two, three := public(t, key.Secp256k1, 1), public(t, key.Secp256k1, 2), public(t, key.P256, 3)
	policy := func() *membersv1.Policy {
		p, err := (&policyFlags{keys: []string{one.String() + "=Ann", two.String() + "=Ben"}, threshold: 2}).policy()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := policy()
	if err := rotate(p, []string{"Ann"}, []string{three.String() + "=Cleo"}, 0); err != nil {
		t.Fatal(err)
	}
	if len(p.Keys) != 2 || p.Keys[0].Holder != "Ben" || p.Keys[1].Holder != "Cleo" || p.Keys[1].Kind != uint32(key.P256) || p.Threshold != 2 {
		t.Errorf("it is %v", p)
	}
	p = policy()
	if err := rotate(p, []string{two.String()[:30]}, nil, 1); err != nil || len(p.Keys) != 1 || p.Threshold != 1 {
		t.Errorf("it is %v, %v", p, err)
	}
	wantInput(t, rotate(policy(), []string{"Dora"}, nil, 0), "that of 0 keys")
	wantInput(t, rotate(policy(), []string{"secp256k1:"}, nil, 0), "that of 2 keys")
	wantInput(t, rotate(policy(), nil, []string{"x"}, 0), "no public key")
}

func TestChangingLimits(t *testing.T) {
	p := &membersv1.Policy{Limits: []*membersv1.Limit{{Currency: "CNY", PerTransactionMinor: 1, PerDayMinor: 2}}}
	if err := changeLimits(p, []string{"EUR=1.50/3", "CNY=5/6"}, nil); err != nil {
		t.Fatal(err)
	}
	if len(p.Limits) != 2 || p.Limit("EUR").PerTransactionMinor != 150 || p.Limit("CNY").PerDayMinor != 600 {
		t.Errorf("they are %v", p.Limits)
	}
	if err := changeLimits(p, nil, []string{"EUR"}); err != nil || p.Limit("EUR") != nil {
		t.Errorf("they are %v, %v", p.Limits, err)
	}
	wantInput(t, changeLimits(p, nil, []string{"EUR"}), "there is no limit")
	wantInput(t, changeLimits(p, []string{"CNY=5"}, nil), "Write it as")
	wantInput(t, changeLimits(p, []string{"CNY=5/x"}, nil), "per_day")
}

// What 'gov show' prints of a proposal's calls can be proposed again, bytes in hex.
func TestCallsAreReadAsTheyAreShown(t *testing.T) {
	messages := []proto.Message{
		&membersv1.SetNodes{Nodes: [][]byte{{1, 2}, {3}}},
		&voucherv1.SetLine{Obligor: id.Hash("x").Bytes(), Currency: "CNY", LimitMinor: 1 << 60},
		&membersv1.Recover{Account: id.Hash("y").Bytes(), Reason: "deadbeef", Policy: &membersv1.Policy{Threshold: 1, Keys: []*membersv1.Key{{PublicKey: []byte{9}}}}},
	}
	calls, err := governed(messages)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := callsOf(&governancev1.Proposal{Calls: calls})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"calls": shown})
	if err != nil || !strings.Contains(string(b), `"nodes":["0102","03"]`) {
		t.Fatalf("%s, %v", b, err)
	}
	file := filepath.Join(t.TempDir(), "calls.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := callsToVote([]string{file})
	if err != nil || len(again) != len(messages) {
		t.Fatalf("%v, %v", again, err)
	}
	for i, m := range messages {
		if !proto.Equal(m, again[i]) {
			t.Errorf("call %d is %v, was %v", i, again[i], m)
		}
	}
	as := strings.Replace(string(b), `"method"`, `"as":"`+id.Hash("x").String()+`","method"`, 1)
	if err := os.WriteFile(file, []byte(as), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = callsToVote([]string{file})
	wantInput(t, err, "run as governance")
}

func TestStatesOfProposals(t *testing.T) {
	now := time.Unix(1000, 0)
	for want, p := range map[string]*governancev1.Proposal{
		"open":     {State: 1, ExpiresUnixS: 1001},
		"expired":  {State: 1, ExpiresUnixS: 1000},
		"executed": {State: 2, ExpiresUnixS: 1},
		"failed":   {State: 3},
		"rejected": {State: 4},
	} {
		if got := proposalState(p, now); got != want {
			t.Errorf("%v is %s", p, got)
		}
	}
	for seats, want := range []int{1, 1, 2, 3, 3, 4, 5, 5} {
		if got := needed(seats); got != want || 3*want <= 2*seats || 3*(want-1) > 2*seats {
			t.Errorf("of %d seats %d are needed", seats, got)
		}
	}
	vote := []proto.Message{&governancev1.CancelUpgrade{}, &voucherv1.SetLine{}}
	for want, got := range map[string]string{
		"suspend Yuhe Forging":                       titleOf("tally gov propose suspend", []string{"Yuhe Forging"}, vote),
		"validator remove ab":                        titleOf("tally gov propose validator remove", []string{"ab"}, vote),
		"governance.CancelUpgrade voucher.SetLine":   titleOf("tally gov propose", nil, vote),
		strings.Repeat("供", governancev1.MaxTitle/3): titleOf("tally gov propose", []string{strings.Repeat("供", 300)}, nil),
	} {
		if got != want {
			t.Errorf("the title is %q", got)
		}
	}
}
