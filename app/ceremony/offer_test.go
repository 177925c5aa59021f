package ceremony

import (
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/splittally/splittally/app/files"
	"github.com/splittally/splittally/modules/kernel/key"
)

func TestOfferIsWhole(t *testing.T) {
	for _, p := range []*player{newPlayer(t, 0, 1, 1), newPlayer(t, 1, 3, 2)} {
		if faults := p.offer.Check(); len(faults) > 0 {
			t.Error(faults)
		}
	}
	p := newPlayer(t, 2, 1, 1)
	p.offer.Terms.Power, p.offer.Terms.Validator, p.offer.ValidatorSignature = 0, "", ""
	if err := p.offer.Sign(p.signers[0]); err != nil {
		t.Fatal(err)
	}
	if faults := p.offer.Check(); len(faults) > 0 {
		t.Error("a member without a validator:", faults)
	}
}

// What is signed has one form, which other languages can make: this is it.
func TestOfferGolden(t *testing.T) {
	p := newPlayer(t, 0, 1, 1)
	const content = `{"chain":"linjiang-1","name":"Member 0","credential_kind":"uscc","credential":"91310000MA1DEM000T","roles":["financier","bank"],` +
		`"seat":true,"supplier_quota":10,"threshold":1,"keys":[{"key":"`
	if got := string(p.offer.Terms.content()); !strings.HasPrefix(got, content) {
		t.Error(got)
	}
	const digest = "2035dc6abaf5900f8bcbdb9152aff7426873a4ac9e67bb56cc974c44399952e0"
	if got := hex.EncodeToString(p.offer.Terms.digest()); got != digest {
		t.Errorf("digest %s", got)
	}
}

// Each field of the terms is changed alone, after it was signed: every signature must then be refused.
func TestOfferTampered(t *testing.T) {
	fields := reflect.TypeFor[Terms]()
	for i := range fields.NumField() {
		p := newPlayer(t, 1, 3, 2)
		f := reflect.ValueOf(&p.offer.Terms).Elem().Field(i)
		change(t, f)
		faults := strings.Join(p.offer.Check(), "\n")
		if got := strings.Count(faults, "does not fit"); got < 3 {
			t.Errorf("%s was changed, and %d signatures are refused: %s", fields.Field(i).Name, got, faults)
		}
	}
}

// change makes a value another one of its kind.
func change(t *testing.T, f reflect.Value) {
	t.Helper()
	switch f.Kind() {
	case reflect.String:
		f.SetString(swapDigit(f.String()))
	case reflect.Bool:
		f.SetBool(!f.Bool())
	case reflect.Uint32:
		f.SetUint(f.Uint() + 1)
	case reflect.Int64:
		f.SetInt(f.Int() + 1)
	case reflect.Slice:
		if f.Type().Elem().Kind() == reflect.String {
			f.Set(reflect.AppendSlice(f, f))
			return
		}
		one := f.Index(0).Field(1)
		one.SetString(one.String() + "x")
	default:
		t.Fatalf("a field of kind %s", f.Kind())
	}
}

// swapDigit changes the last character that stays hex.
func swapDigit(s string) string {
	if strings.HasSuffix(s, "0") {
		return s[:len(s)-1] + "1"
	}
	return s[:len(s)-1] + "0"
}

func TestOfferFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(o *Offer)
		want   string
	}{
		"version":               {func(o *Offer) { o.Version = 2 }, "version 1"},
		"no chain":              {func(o *Offer) { o.Terms.Chain = "" }, "chain: 0 bytes"},
		"long chain":            {func(o *Offer) { o.Terms.Chain = strings.Repeat("x", 51) }, "chain: 51 bytes"},
		"credential kind":       {func(o *Offer) { o.Terms.CredentialKind = "vat" }, "neither uscc nor lei"},
		"credential":            {func(o *Offer) { o.Terms.Credential = "91310000MA1DEM0005" }, "no unified social credit code"},
		"lei":                   {func(o *Offer) { o.Terms.CredentialKind = "lei" }, "no LEI"},
		"no name":               {func(o *Offer) { o.Terms.Name = "" }, "legal.name"},
		"role":                  {func(o *Offer) { o.Terms.Roles = []string{"king"} }, "no role"},
		"no roles":              {func(o *Offer) { o.Terms.Roles = nil }, "role"},
		"regulator votes":       {func(o *Offer) { o.Terms.Roles = []string{"regulator"} }, "a regulator does not vote"},
		"threshold":             {func(o *Offer) { o.Terms.Threshold = 4 }, "policy.threshold"},
		"no threshold":          {func(o *Offer) { o.Terms.Threshold = 0 }, "policy.threshold"},
		"no keys":               {func(o *Offer) { o.Terms.Keys = nil }, "policy.keys"},
		"key that is none":      {func(o *Offer) { o.Terms.Keys[0].Key = "secp256k1:00" }, "keys"},
		"encryption key":        {func(o *Offer) { o.Terms.EncryptionKey = "00" }, "encryption_key"},
		"no encryption key":     {func(o *Offer) { o.Terms.EncryptionKey = "" }, "encryption_key"},
		"no nodes":              {func(o *Offer) { o.Terms.Nodes = nil }, "others would let none in"},
		"node that is none":     {func(o *Offer) { o.Terms.Nodes[0] = "xyz" }, "40 hex digits"},
		"p2p anywhere":          {func(o *Offer) { o.Terms.P2P = "0.0.0.0:26656" }, "p2p"},
		"p2p without port":      {func(o *Offer) { o.Terms.P2P = "node.example" }, "p2p"},
		"gate in the clear":     {func(o *Offer) { o.Terms.Gate = "http://node.example" }, "gate"},
		"gate with a path":      {func(o *Offer) { o.Terms.Gate = "https://node.example/x" }, "gate"},
		"pin":                   {func(o *Offer) { o.Terms.Pin = "77ab" }, "pin"},
		"validator":             {func(o *Offer) { o.Terms.Validator = "00" }, "validator"},
		"no validator":          {func(o *Offer) { o.Terms.Validator = "" }, "validator"},
		"validator in capitals": {func(o *Offer) { o.Terms.Validator = strings.ToUpper(o.Terms.Validator) }, "lower case"},
		"node in capitals":      {func(o *Offer) { o.Terms.Nodes[0] = strings.ToUpper(o.Terms.Nodes[0]) }, "lower case"},
		"name with a new line":  {func(o *Offer) { o.Terms.Name = "Member 0\nFaults: none" }, "not seen"},
		"holder that hides":     {func(o *Offer) { o.Terms.Keys[1].Holder = "\x1b[2J" }, "not seen"},
		"power":                 {func(o *Offer) { o.Terms.Power = 1001 }, "1 to 1000"},
		"no power":              {func(o *Offer) { o.Terms.Power = 0 }, "1 to 1000"},
		"unsigned":              {func(o *Offer) { o.Signatures = o.Signatures[1:] }, "has not signed"},
		"signed twice":          {func(o *Offer) { o.Signatures = append(o.Signatures, o.Signatures[2]) }, "signed twice"},
		"signature no hex":      {func(o *Offer) { o.Signatures[0].Signature = "x" }, "does not fit"},
		"signature of other":    {func(o *Offer) { o.Signatures[0].Signature = o.Signatures[1].Signature }, "does not fit"},
		"validator unsigned":    {func(o *Offer) { o.ValidatorSignature = "" }, "the signature of the validator's key"},
	} {
		p := newPlayer(t, 0, 3, 2)
		tc.change(p.offer)
		if faults := strings.Join(p.offer.Check(), "\n"); !strings.Contains(faults, tc.want) {
			t.Errorf("%s: %q, want %q", name, faults, tc.want)
		}
	}
}

func TestStrangerCannotSign(t *testing.T) {
	p, stranger := newPlayer(t, 0, 1, 1), newPlayer(t, 9, 1, 1)
	if err := p.offer.Sign(stranger.signers[0]); err == nil {
		t.Error("a stranger's key has signed")
	}
	signature, err := stranger.signers[0].Sign(p.offer.Terms.digest())
	if err != nil {
		t.Fatal(err)
	}
	p.offer.Signatures = withSignature(p.offer.Signatures, stranger.signers[0].Public().String(), signature)
	if faults := strings.Join(p.offer.Check(), "\n"); !strings.Contains(faults, "none of the account's keys") {
		t.Error(faults)
	}
	p.offer.Terms.Threshold = 7
	if err := p.offer.Sign(p.signers[0]); err == nil {
		t.Error("terms that are wrong were signed")
	}
}

// A signature for one purpose is none for another.
func TestPurposesAreApart(t *testing.T) {
	p := newPlayer(t, 0, 1, 1)
	signature, err := p.signers[0].Sign(key.Digest(testChain, purposeAccept, p.offer.Terms.content()))
	if err != nil {
		t.Fatal(err)
	}
	p.offer.Signatures = withSignature(p.offer.Signatures, p.signers[0].Public().String(), signature)
	if faults := p.offer.Check(); len(faults) != 1 {
		t.Error(faults)
	}
}

func TestOfferRoundTrip(t *testing.T) {
	p := newPlayer(t, 1, 3, 2)
	file := t.TempDir() + "/offer.json"
	if err := Write(file, p.offer); err != nil {
		t.Fatal(err)
	}
	if err := Write(file, p.offer); err == nil {
		t.Error("an offer was written over")
	}
	var again Offer
	if err := Read(file, &again); err != nil || !reflect.DeepEqual(&again, p.offer) {
		t.Error(err, again)
	}
	b, err := json.Marshal(p.offer)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"unknown field": strings.Replace(string(b), `"chain"`, `"chains"`, 1), "behind the end": string(b) + "{}", "cut off": string(b[:len(b)/2]),
		"too large": `{"splittally_offer":1` + strings.Repeat(" ", maxFileBytes) + "}",
	} {
		other := t.TempDir() + "/offer.json"
		if err := files.New(other, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := Read(other, &Offer{}); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}
