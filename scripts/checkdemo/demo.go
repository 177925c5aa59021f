package main

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// demo is the document. Fields are pointers where leaving one out must not look like false or zero.
type demo struct {
	OK    *bool   `json:"ok"`
	Data  *string `json:"data"`
	Steps []step  `json:"steps"`
}

// step is one thing done in the demonstration, with what it showed.
type step struct {
	Chapter  *string  `json:"chapter"`
	Name     *string  `json:"name"`
	OK       *bool    `json:"ok"` // it went as the demonstration meant it to, a refusal included
	Height   *int64   `json:"height"`
	Tx       *string  `json:"tx"` // empty where the step sent no transaction
	Verified *bool    `json:"verified"`
	Refused  *refusal `json:"refused"`
}

// refusal tells whether the chain refused: true, or the name of the refusal's code.
type refusal bool

func (r *refusal) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	switch v := v.(type) {
	case bool:
		*r = refusal(v)
	case string:
		*r = v != ""
	default:
		return fmt.Errorf("refused is %s: true, false or a code's name is needed", b)
	}
	return nil
}

var txForm = regexp.MustCompile(`^([0-9a-f]{64})?$`)

// faults judges the document without regard to what its chapters must show.
func (d *demo) faults() (faults []string) {
	if d.OK == nil || !*d.OK {
		faults = append(faults, "ok is not true")
	}
	if d.Data == nil || *d.Data == "" {
		faults = append(faults, "data does not name the directory that the demonstration left")
	}
	heights := map[string]int64{}
	for i, s := range d.Steps {
		if fault := s.fault(); fault != "" {
			faults = append(faults, fmt.Sprintf("step %d: %s", i+1, fault))
			continue
		}
		if *s.Height < heights[*s.Chapter] {
			faults = append(faults, fmt.Sprintf("step %d (%s): height %d is below %d, reached earlier in chapter %s",
				i+1, *s.Name, *s.Height, heights[*s.Chapter], *s.Chapter))
		}
		heights[*s.Chapter] = *s.Height
	}
	return faults
}

// fault judges one step by itself; empty where nothing is wrong.
func (s *step) fault() string {
	switch {
	case s.Chapter == nil || s.Name == nil || s.OK == nil || s.Height == nil || s.Tx == nil || s.Verified == nil || s.Refused == nil:
		return "one of chapter, name, ok, height, tx, verified, refused is not there"
	case *s.Chapter == "" || *s.Name == "":
		return "chapter or name is empty"
	case !*s.OK:
		return *s.Name + ": ok is not true"
	case *s.Height < 0:
		return fmt.Sprintf("%s: height %d is below 0", *s.Name, *s.Height)
	case !txForm.MatchString(*s.Tx):
		return fmt.Sprintf("%s: tx %q is neither 64 hex digits nor empty", *s.Name, *s.Tx)
	}
	return ""
}

// chapter is what one chapter must show at the least.
type chapter struct {
	name                                   string
	steps, transactions, refused, verified int
}

var chapters = []chapter{
	{name: "voucher", steps: 10, transactions: 5, refused: 3, verified: 1},
}

// faults counts what the steps of the chapter showed; two steps about one transaction count it once.
func (c chapter) faults(steps []step) (faults []string) {
	var got chapter
	sent := map[string]bool{}
	for _, s := range steps {
		if s.fault() != "" || *s.Chapter != c.name {
			continue
		}
		got.steps++
		got.refused += one(bool(*s.Refused))
		got.verified += one(*s.Verified)
		if *s.Tx != "" {
			sent[*s.Tx] = true
		}
	}
	got.transactions = len(sent)
	for _, f := range []struct {
		what      string
		got, want int
	}{
		{"steps", got.steps, c.steps},
		{"transactions", got.transactions, c.transactions},
		{"refusals", got.refused, c.refused},
		{"verified answers", got.verified, c.verified},
	} {
		if f.got < f.want {
			faults = append(faults, fmt.Sprintf("chapter %s shows %d %s, and must show %d", c.name, f.got, f.what, f.want))
		}
	}
	return faults
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
