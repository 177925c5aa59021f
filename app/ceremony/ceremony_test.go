package ceremony

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The same offers in any order give the same bytes.
func TestGenesisIsDeterministic(t *testing.T) {
	_, c := consortium(t)
	want := genesisOf(t, c)
	rapid.Check(t, func(rt *rapid.T) {
		next := *c
		next.Offers = rapid.Permutation(c.Offers).Draw(rt, "offers")
		next.Parameters = rapid.Permutation(c.Parameters).Draw(rt, "parameters")
		next.Time = c.Time.In(time.FixedZone("", rapid.IntRange(-12, 14).Draw(rt, "zone")*3600))
		next.Settle()
		got, err := next.Genesis()
		if err != nil || !bytes.Equal(got, want) {
			rt.Fatalf("another genesis (%v)", err)
		}
	})
	if got := Hash(want); got != "cfe6af6e0bed6beb320030cec5e6ce4fc0274d73b6e7c4d0f35c4c89b5c17f86" {
		t.Errorf("the genesis of fixed offers was changed: %s; members with another program would make another", got)
	}
}

func TestCheckOfAWholeGenesis(t *testing.T) {
	players, c := consortium(t)
	r := Check(genesisOf(t, c), c, players[0].offer, players[1].offer, players[2].offer, players[3].offer)
	if len(r.Faults)+len(r.Warnings) > 0 {
		t.Fatal(r.Faults, r.Warnings)
	}
	words := strings.Join(r.Words, "\n")
	for _, want := range []string{
		"chain linjiang-1 begins at 2027-01-04T01:00:00Z", "its days begin at UTC+08:00",
		"parameter voucher.tenor_max_days is 180 instead of 183, by six months [77 art. 11]",
		"member Member 1 (" + players[1].offer.Terms.Credential + "): financier,bank; a vote; may admit 10 suppliers",
		"Member 1: 2 of 3 keys sign for its main account: " + players[1].offer.Terms.Keys[0].Key + " Holder 0",
		"Member 3: validator " + players[3].offer.Terms.Validator + " has power 10 of 40, 25.0 %",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("the words do not say %q:\n%s", want, words)
		}
	}
}

// Whoever tampers changes genesis.json alone, or the offers with it, or drops an offer from both. Each is found by
// each member, or by the one whom it wrongs.
func TestTampering(t *testing.T) {
	for name, tc := range map[string]struct {
		file  func(genesis string) string // changes the genesis alone
		paper func(c *Ceremony)           // changes both
		own   int                         // who checks
		want  string
	}{
		"power":         {file: replaceOnce(`"power": "10"`, `"power": "11"`), want: "the engine's list of validators has"},
		"power of call": {file: replaceLast(`"power": "10"`, `"power": "11"`), want: "has power 11"},
		"time":          {file: replaceOnce("2027-01-04T01:00:00Z", "2027-01-04T02:00:00Z"), want: "the genesis says, and the offers do not: chain linjiang-1 begins at 2027-01-04T02"},
		"offset":        {file: replaceOnce(`"utc_offset_s": 28800`, `"utc_offset_s": 0`), want: "UTC+00:00"},
		"development":   {file: replaceOnce(`"development": false`, `"development": true`), want: "DEVELOPMENT"},
		"chain":         {file: replaceOnce(`"chain_id": "linjiang-1"`, `"chain_id": "linjiang-2"`), want: "chain linjiang-2"},
		"parameter":     {file: replaceOnce(`"value": "180"`, `"value": "365"`), want: "is 365 instead of 183"},
		"a blank":       {file: func(g string) string { return g + "\n" }, want: "byte for byte"},
		"engine":        {file: replaceOnce(`"max_gas": "-1"`, `"max_gas": "5"`), want: "the engine's parameters"},
		"no json":       {file: func(g string) string { return g[:100] }, want: "no genesis file"},
		"unknown field": {file: replaceOnce(`"development": false`, `"development": false, "x": 1`), want: "x"},

		"power in both": {paper: func(c *Ceremony) { c.Offers[2].Terms.Power = 30 }, want: "signature of the validator's key does not fit"},
		"key in both":   {paper: func(c *Ceremony) { c.Offers[0].Terms.Keys[0] = c.Offers[1].Terms.Keys[0] }, want: "is in the offers of"},
		"own key in both": {paper: func(c *Ceremony) {
			t := termsNamed(c, "Member 2")
			t.Keys = []AccountKey{{Key: t.Keys[0].Key, Holder: "Mallory"}}
		}, own: 2, want: "the offer of Member 2 was changed"},
		"member dropped":      {paper: dropMember3, own: 3, want: "the offer of Member 3 is not in it"},
		"member dropped by 1": {paper: dropMember3, own: 1, want: "there are 3 validators"},
		"other chain":         {paper: func(c *Ceremony) { c.Chain = "other" }, want: `it is for chain "linjiang-1", not "other"`},
	} {
		t.Run(name, func(t *testing.T) {
			players, c := consortium(t)
			genesis := genesisOf(t, c)
			if tc.file != nil {
				changed := []byte(tc.file(string(genesis)))
				if bytes.Equal(changed, genesis) {
					t.Fatal("nothing was changed")
				}
				genesis = changed
			} else {
				tc.paper(c)
				if b, err := c.Genesis(); err == nil {
					genesis = b
				}
			}
			r := Check(genesis, c, players[tc.own].offer)
			if all := strings.Join(r.Faults, "\n"); !strings.Contains(all, tc.want) {
				t.Errorf("%q, want %q", all, tc.want)
			}
		})
	}
}

func replaceOnce(before, after string) func(string) string {
	return func(s string) string { return strings.Replace(s, before, after, 1) }
}

func dropMember3(c *Ceremony) {
	c.Offers = slices.DeleteFunc(c.Offers, func(o Offer) bool { return o.Terms.Name == "Member 3" })
}

func replaceLast(before, after string) func(string) string {
	return func(s string) string {
		i := strings.LastIndex(s, before)
		return s[:i] + after + s[i+len(before):]
	}
}

func termsNamed(c *Ceremony, name string) *Terms { return c.termsOf(credentialOf(c, name)) }

func TestCeremonyFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(c *Ceremony)
		want   string
	}{
		"version":            {func(c *Ceremony) { c.Version = 9 }, "splittally_ceremony"},
		"no chain":           {func(c *Ceremony) { c.Chain = "" }, "chain: 0 bytes"},
		"no time":            {func(c *Ceremony) { c.Time = time.Time{} }, "no time of whole seconds"},
		"half a second":      {func(c *Ceremony) { c.Time = c.Time.Add(time.Second / 2) }, "no time of whole seconds"},
		"no offers":          {func(c *Ceremony) { c.Offers = nil }, "there are 0 offers"},
		"an offer twice":     {func(c *Ceremony) { c.Offers = append(c.Offers, c.Offers[0]) }, "the credential 91310000MA1DEM000T is in the offers of Member 0 and Member 0"},
		"same node":          {func(c *Ceremony) { c.Offers[0].Terms.Nodes = c.Offers[1].Terms.Nodes }, "the peer id"},
		"same gate":          {func(c *Ceremony) { c.Offers[0].Terms.Pin = c.Offers[1].Terms.Pin }, "the gate's pin"},
		"same validator":     {func(c *Ceremony) { c.Offers[0].Terms.Validator = c.Offers[1].Terms.Validator }, "the validator's key"},
		"parameter twice":    {func(c *Ceremony) { c.Parameters[1].Name = c.Parameters[0].Name }, "is given twice"},
		"no seat":            {func(c *Ceremony) { each(c, func(t *Terms) { t.Seat = false }) }, "no member has a seat"},
		"no validators":      {func(c *Ceremony) { c.AllowBelowFour = true; each(c, func(t *Terms) { t.Power, t.Validator = 0, "" }) }, "there are 0 validators"},
		"too few validators": {func(c *Ceremony) { c.Offers = c.Offers[:3] }, "there are 3 validators"},
	} {
		_, c := consortium(t)
		tc.change(c)
		faults, _ := c.Check()
		if all := strings.Join(faults, "\n"); !strings.Contains(all, tc.want) {
			t.Errorf("%s: %q, want %q", name, all, tc.want)
		}
	}
}

func each(c *Ceremony, change func(*Terms)) {
	for i := range c.Offers {
		change(&c.Offers[i].Terms)
	}
}

func TestPowerIsWarnedOf(t *testing.T) {
	players, c := consortium(t)
	players[0].offer.Terms.Power = 15 // of 45: a third
	players[0].sign(t)
	c.Offers[slices.IndexFunc(c.Offers, func(o Offer) bool { return o.Terms.Name == "Member 0" })] = *players[0].offer
	faults, warnings := c.Check()
	if len(faults) > 0 || len(warnings) != 1 || !strings.Contains(warnings[0], "Member 0 has 15 of 45") {
		t.Error(faults, warnings)
	}
}

// What InitChain refuses is a fault of the check, with its reason.
func TestGenesisThatDoesNotRun(t *testing.T) {
	for name, p := range map[string]Parameter{
		"unknown parameter":   {"voucher.colour", 1, "nobody"},
		"parameter too large": {"voucher.tenor_max_days", 99_999, "nobody"},
		"no source":           {"voucher.tenor_max_days", 180, ""},
	} {
		_, c := consortium(t)
		c.Parameters = []Parameter{p}
		r := Check(genesisOf(t, c), c)
		if all := strings.Join(r.Faults, "\n"); !strings.Contains(all, "it does not run: ") {
			t.Errorf("%s: %q", name, all)
		}
	}
}

func TestAcceptances(t *testing.T) {
	players, c := consortium(t)
	genesis := genesisOf(t, c)
	keys, err := MakeInvoiceKeys(c)
	if err != nil {
		t.Fatal(err)
	}
	accept := func(p *player, signer int) Acceptance {
		a := NewAcceptance(genesis, keys, &p.offer.Terms)
		if err := a.Sign(p.signers[signer]); err != nil {
			t.Fatal(err)
		}
		return *a
	}
	all := []Acceptance{accept(players[0], 0), accept(players[1], 0), accept(players[1], 0), accept(players[2], 0)}
	accepted := func() (out []string) {
		standings, faults := Collect(genesis, c, keys, all)
		for _, s := range standings {
			if s.Accepted {
				out = append(out, s.Member)
			}
		}
		return append(out, faults...)
	}
	if got := accepted(); !slices.Equal(got, []string{"Member 0", "Member 2"}) {
		t.Error("one of two holders, twice, and one not at all:", got)
	}
	all = append(all, accept(players[1], 2), accept(players[3], 0))
	if got := accepted(); len(got) != 4 {
		t.Error(got)
	}

	other := *keys
	other.Commitment = strings.Repeat("0", 64)
	for name, a := range map[string]*Acceptance{
		"another genesis":     NewAcceptance(append(genesis, ' '), keys, &players[0].offer.Terms),
		"another invoice key": NewAcceptance(genesis, &other, &players[0].offer.Terms),
		"of a stranger":       NewAcceptance(genesis, keys, &newPlayer(t, 8, 1, 1).offer.Terms),
		"another's key":       signedBy(t, NewAcceptance(genesis, keys, &players[0].offer.Terms), players[2]),
		"tampered":            tampered(t, NewAcceptance(genesis, keys, &players[0].offer.Terms), players[0]),
	} {
		if _, faults := Collect(genesis, c, keys, []Acceptance{*a}); len(faults) != 1 {
			t.Errorf("%s: %q", name, faults)
		}
	}
}

func signedBy(t *testing.T, a *Acceptance, p *player) *Acceptance {
	t.Helper()
	if err := a.Sign(p.signers[0]); err != nil {
		t.Fatal(err)
	}
	return a
}

func tampered(t *testing.T, a *Acceptance, p *player) *Acceptance {
	t.Helper()
	genesis := a.Genesis
	a.Genesis = strings.Repeat("0", 64)
	signedBy(t, a, p)
	a.Genesis = genesis
	return a
}

func TestInvoiceKeyReachesEveryMember(t *testing.T) {
	players, c := consortium(t)
	keys, err := MakeInvoiceKeys(c)
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	for _, p := range players {
		secret, err := keys.Open(p.offer.Terms.Credential, p.private)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = secret
		}
		if !bytes.Equal(first, secret) || len(secret) != 32 {
			t.Errorf("%x and %x", first, secret)
		}
		if b, err := json.Marshal(keys); err != nil || bytes.Contains(b, secret) {
			t.Error("the secret is in the clear", err)
		}
	}
	again, err := MakeInvoiceKeys(c)
	if err != nil || again.Commitment == keys.Commitment {
		t.Error("two networks have one key", err)
	}
	own := players[0].offer.Terms.Credential
	if _, err := keys.Open(own, players[1].private); err == nil {
		t.Error("another member's copy was opened")
	}
	if _, err := keys.Open("nobody", players[0].private); err == nil {
		t.Error("nobody's copy was opened")
	}
	// A copy that is moved, garbled, or of another key.
	keys.Sealed[0].Ciphertext = keys.Sealed[1].Ciphertext
	if _, err := keys.Open(keys.Sealed[0].Credential, players[1].private); err == nil {
		t.Error("a copy was opened under another name")
	}
	again.Commitment = keys.Commitment
	if _, err := again.Open(own, players[0].private); err == nil {
		t.Error("a key that is not the committed one was taken")
	}
	info := sealInfo(testChain, keys.Commitment, own)
	forged, err := seal(players[0].offer.Terms.EncryptionKey, info, bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	keys.Sealed = []Sealed{{Credential: own, Ciphertext: forged}}
	if _, err := keys.Open(own, players[0].private); err == nil || !strings.Contains(err.Error(), "another key than the others") {
		t.Error("the assembler gave one member another key:", err)
	}
	keys.Sealed[0].Ciphertext = "x"
	if _, err := keys.Open(own, players[0].private); err == nil {
		t.Error("no hex was opened")
	}
}

func TestNetwork(t *testing.T) {
	players, c := consortium(t)
	genesis := genesisOf(t, c)
	n := c.Network(genesis)
	if n.Chain != testChain || n.Genesis != Hash(genesis) || len(n.Nodes) != 4 || n.Nodes[0].Pin != c.Offers[0].Terms.Pin {
		t.Error(n)
	}
	if len(n.Confirmers) != 3 {
		t.Error("an account of several keys confirms no checkpoints:", n.Confirmers)
	}
	for _, x := range n.Confirmers {
		member, account, ok := c.Account(credentialOf(c, x.Name))
		if !ok || member != x.Member || member == account {
			t.Error(x)
		}
	}
	if _, _, ok := c.Account("nobody"); ok {
		t.Error("nobody has an account")
	}
	peers := c.Peers(&players[2].offer.Terms)
	if len(peers) != 3 || slices.ContainsFunc(peers, func(p string) bool { return strings.HasPrefix(p, players[2].offer.Terms.Nodes[0]) }) {
		t.Error(peers)
	}
}

func credentialOf(c *Ceremony, name string) string {
	for i := range c.Offers {
		if c.Offers[i].Terms.Name == name {
			return c.Offers[i].Terms.Credential
		}
	}
	return ""
}
