package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// object is JSON that a test bends before it is judged.
type object = map[string]any

// good is a demonstration that just satisfies every rule.
func good() object {
	var steps []any
	for i := range 10 {
		steps = append(steps, object{
			"chapter": "voucher", "name": fmt.Sprintf("step %d", i), "ok": true, "height": 2 + i/2, "tx": "",
			"verified": i == 9, "refused": i >= 5 && i < 8,
		})
	}
	for i := range 5 {
		steps[i].(object)["tx"] = fmt.Sprintf("%064x", i)
	}
	return object{"ok": true, "data": "/tmp/demo", "steps": steps}
}

func judge(t *testing.T, d object) []string {
	t.Helper()
	_, faults := check(mustJSON(t, d))
	return faults
}

func TestGood(t *testing.T) {
	summary, faults := check(mustJSON(t, good()))
	if len(faults) != 0 || summary != "10 steps, all as expected" {
		t.Fatalf("%q %q", summary, faults)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Each fault is planted alone into a good document and must be named.
func TestFaults(t *testing.T) {
	set := func(i int, field string, v any) func(object) {
		return func(d object) { d["steps"].([]any)[i].(object)[field] = v }
	}
	for _, c := range []struct {
		name  string
		plant func(object)
		want  string
	}{
		{"not ok", func(d object) { d["ok"] = false }, "ok is not true"},
		{"ok left out", func(d object) { delete(d, "ok") }, "ok is not true"},
		{"no directory", func(d object) { d["data"] = "" }, "data does not name"},
		{"no steps", func(d object) { delete(d, "steps") }, "shows 0 steps"},
		{"a step is not ok", set(0, "ok", false), "step 1: step 0: ok is not true"},
		{"a field is null", set(3, "verified", nil), "step 4: one of chapter"},
		{"no name", set(3, "name", ""), "chapter or name is empty"},
		{"height falls", set(9, "height", 1), "step 10 (step 9): height 1 is below 6"},
		{"height below zero", set(0, "height", -1), "height -1 is below 0"},
		{"short tx", set(0, "tx", "abc"), `tx "abc" is neither`},
		{"tx not hex", set(0, "tx", strings.Repeat("g", 64)), "is neither 64 hex digits"},
		{"verified is a number", set(0, "verified", 1), "agreed shape"},
		{"refused is a number", set(0, "refused", 1), "true, false or a code's name"},
		{"too few steps", func(d object) { d["steps"] = d["steps"].([]any)[1:] }, "shows 9 steps"},
		{"too few transactions", set(0, "tx", ""), "shows 4 transactions"},
		{"one transaction twice", set(0, "tx", fmt.Sprintf("%064x", 1)), "shows 4 transactions"},
		{"too few refusals", set(5, "refused", false), "shows 2 refusals"},
		{"nothing verified", set(9, "verified", false), "shows 0 verified"},
		{"another chapter", set(0, "chapter", "receipt"), "shows 9 steps"},
	} {
		d := good()
		c.plant(d)
		if faults := strings.Join(judge(t, d), "\n"); !strings.Contains(faults, c.want) {
			t.Errorf("%s: %q does not say %q", c.name, faults, c.want)
		}
	}
}

func TestRefusalByName(t *testing.T) {
	d := good()
	d["steps"].([]any)[5].(object)["refused"] = "NotHolder"
	d["steps"].([]any)[0].(object)["refused"] = ""
	if faults := judge(t, d); len(faults) != 0 {
		t.Fatal(faults)
	}
}

// Chapters run on their own networks, so the height may fall from one to the next.
func TestHeightFallsBetweenChapters(t *testing.T) {
	d := good()
	d["steps"] = append(d["steps"].([]any), object{
		"chapter": "receipt", "name": "issue", "ok": true, "height": 1, "tx": "", "verified": false, "refused": false,
	})
	if faults := judge(t, d); len(faults) != 0 {
		t.Fatal(faults)
	}
}

func TestNotOneDocument(t *testing.T) {
	for _, input := range []string{"", "{", "[]", "ok\n{}", `{"ok":true}{"ok":true}`} {
		if _, faults := check([]byte(input)); len(faults) == 0 {
			t.Errorf("%q passed", input)
		}
	}
}
