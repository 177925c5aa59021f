package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demoWithin bounds a demonstration on a busy machine.
const demoWithin = 90 * time.Second

// onlyDocument reads a report that must be all of a text.
func onlyDocument(t *testing.T, text string) report {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var r report
	if err := d.Decode(&r); err != nil {
		t.Fatalf("no report: %v in %.400q", err, text)
	}
	if rest, err := io.ReadAll(io.MultiReader(d.Buffered(), strings.NewReader(""))); err != nil || strings.TrimSpace(string(rest)) != "" {
		t.Fatalf("there is more than one document: %q, %v", rest, err)
	}
	if !strings.HasPrefix(text, "{") || strings.ContainsRune(text, '\x1b') {
		t.Errorf("the report is not plain JSON: %.100q", text)
	}
	return r
}

// The whole demonstration as machines run it: one document, which the project's own judge passes, and nothing else.
func TestDemoJSON(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	p := launch(t, "demo", "--json", "--dir", dir)
	p.end(t, demoWithin, 0)
	r := onlyDocument(t, p.out.String())
	if !r.OK || r.Data != dir || p.errs.String() != "" {
		t.Errorf("ok %v, data %s, on standard error %q", r.OK, r.Data, p.errs.String())
	}
	judged(t, p.out.String())
	names, refusals := map[string]int{}, map[string]string{}
	for _, s := range r.Steps {
		names[s.Name]++
		if s.Refused != "" {
			refusals[s.Name] = s.Refused
		}
		if s.Refused == "" && !s.Verified {
			t.Errorf("step %s is not verified", s.Name)
		}
	}
	for name, code := range map[string]string{
		"same invoice again": "InvoiceOverused", "altered invoice": "InvoiceAltered", "double spend": "NotHeld", "too early": "NotDue",
	} {
		if refusals[name] != code {
			t.Errorf("%s: refused with %q, want %s", name, refusals[name], code)
		}
		delete(refusals, name)
	}
	if len(refusals) != 0 {
		t.Errorf("refusals that nobody expects: %v", refusals)
	}
	for name, count := range names {
		if count != 1 {
			t.Errorf("%d steps are called %s", count, name)
		}
	}
	noneLeft(t, dir)
	if _, _, err := inProcess(t, "verify", "--home", filepath.Join(dir, "voucher", "node3")); err != nil {
		t.Errorf("the data that it left: %v", err)
	}
	again := launch(t, "demo", "--json", "--dir", dir)
	again.end(t, endsWithin, exitFailed)
	if r := onlyDocument(t, again.out.String()); r.OK || !strings.Contains(again.errs.String(), "not empty") {
		t.Errorf("on a folder in use: ok %v, %s", r.OK, again.errs.String())
	}
}

// judged has scripts/checkdemo judge a report.
func judged(t *testing.T, text string) {
	t.Helper()
	cmd := exec.Command("go", "run", "./scripts/checkdemo")
	cmd.Dir, cmd.Stdin = filepath.Join("..", ".."), strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "all as expected") {
		t.Errorf("checkdemo: %v\n%s", err, out)
	}
}

// A node that is killed in the middle: the demonstration says that it did not hold, and leaves nothing running.
func TestDemoWithANodeKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	p := launch(t, "demo", "--json", "--dir", dir)
	waitFor(t, "the first invoice is written", func() bool {
		_, err := os.Stat(filepath.Join(dir, "voucher", "invoice-HY-2041.xml"))
		return err == nil
	})
	if err := syscall.Kill(nodeIn(t, filepath.Join(dir, "voucher", "node0")), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.end(t, endsWithin, exitFailed)
	r := onlyDocument(t, p.out.String())
	if last := r.Steps[len(r.Steps)-1]; r.OK || last.OK || last.Chapter != "voucher" || last.Name == "" {
		t.Errorf("ok %v, last step %+v", r.OK, last)
	}
	if told := p.errs.String(); !strings.HasPrefix(told, "tallyd: chapter voucher: step ") || !strings.Contains(told, filepath.Join("node0", "tallyd.log")) {
		t.Errorf("it does not say which log to read: %s", told)
	}
	noneLeft(t, dir)
}

// Ctrl-C in the middle ends the demonstration and its nodes.
func TestDemoStoppedByHand(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	p := launch(t, "demo", "--dir", dir)
	p.says(t, "Four validators of four members run")
	p.signal(t, os.Interrupt)
	p.end(t, endsWithin, exitFailed)
	if !strings.Contains(p.errs.String(), "stopped by you") {
		t.Errorf("it says %q", p.errs.String())
	}
	noneLeft(t, dir)
}

func TestPickChapters(t *testing.T) {
	all, err := pickChapters("")
	if err != nil || len(all) != len(chapters) {
		t.Errorf("%d of %d, %v", len(all), len(chapters), err)
	}
	for _, c := range chapters {
		one, err := pickChapters(c.name)
		if err != nil || len(one) != 1 || one[0].name != c.name || c.title == "" || c.tell == nil {
			t.Errorf("%s: %v, %v", c.name, one, err)
		}
		if !strings.Contains(chapterNames(), c.name) {
			t.Errorf("%s is not listed in %s", c.name, chapterNames())
		}
	}
	if _, err := pickChapters("voucher "); err == nil || !strings.Contains(err.Error(), "voucher") {
		t.Error(err)
	}
}

// The report of a chapter whose step does not hold has the step as its last, and ok false.
func TestChapterThatDoesNotHold(t *testing.T) {
	var words bytes.Buffer
	broken := chapter{name: "broken", title: "A chapter that breaks", tell: func(s *story) {
		s.done(step{Name: "first", Height: 7, Verified: true}, "It holds.")
		s.hold("second", io.ErrUnexpectedEOF)
		s.done(step{Name: "third"}, "Never told.")
	}}
	r, err := playDemo(t.Context(), &words, t.TempDir(), []chapter{broken, broken})
	if err == nil || !strings.Contains(err.Error(), `chapter broken: step "second" did not hold: unexpected EOF`) {
		t.Errorf("%v", err)
	}
	want := []step{{Chapter: "broken", Name: "first", OK: true, Height: 7, Verified: true}, {Chapter: "broken", Name: "second", Height: 7}}
	if r.OK || len(r.Steps) != len(want) || r.Steps[0] != want[0] || r.Steps[1] != want[1] {
		t.Errorf("%+v", r)
	}
	if text := words.String(); !strings.Contains(text, "A chapter that breaks") || strings.Contains(text, "every one held") || strings.Contains(text, "Never") {
		t.Errorf("it tells %q", text)
	}
}

// A chapter that holds says where its data stays; without --dir that is a new folder each time.
func TestChapterThatHolds(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	fine := chapter{name: "fine", title: "Fine", tell: func(s *story) { s.done(step{Name: "only", Height: 3}, "Done.") }}
	dirs := map[string]bool{}
	for range 2 {
		var words bytes.Buffer
		r, err := playDemo(t.Context(), &words, "", []chapter{fine})
		if err != nil || !r.OK || !strings.Contains(words.String(), "1 steps in") || !strings.Contains(words.String(), "The data stays in "+r.Data) {
			t.Errorf("%v, %+v, %s", err, r, words.String())
		}
		if info, err := os.Stat(r.Data); err != nil || !info.IsDir() {
			t.Error(err)
		}
		dirs[r.Data] = true
	}
	if len(dirs) != 2 {
		t.Errorf("two demonstrations share a folder: %v", dirs)
	}
}

// A fault of the program is no step that did not hold: it is not hidden in a report.
func TestPanicIsNotHidden(t *testing.T) {
	defer func() {
		if p := recover(); p != "a bug" {
			t.Errorf("recovered %v", p)
		}
	}()
	_, _ = playDemo(t.Context(), io.Discard, t.TempDir(), []chapter{{name: "bug", tell: func(*story) { panic("a bug") }}})
}
