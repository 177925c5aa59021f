package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/schollz/progressbar/v3"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/wallet"
	"golang.org/x/term"
)

// maxSecret bounds a passphrase or the words of a key, in bytes.
const maxSecret = 4 << 10

// terminal is a person who types.
type terminal struct {
	fd     int
	lines  *bufio.Reader
	screen io.Writer // where something may move; nil where standard error goes elsewhere
}

func terminalOf(in io.Reader, errs io.Writer) *terminal {
	i, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(i.Fd())) {
		return nil
	}
	t := &terminal{fd: int(i.Fd()), lines: bufio.NewReader(i)}
	if e, ok := errs.(*os.File); ok && term.IsTerminal(int(e.Fd())) {
		t.screen = e
	}
	return t
}

// passphrase comes from a file, or from the person who sits there.
func (p *program) passphrase(prompt string) (string, error) {
	if p.passphraseFile != "" {
		return secretFile("passphrase-file", p.passphraseFile)
	}
	if p.terminal == nil {
		return "", lang.Errorf("%w: give --passphrase-file, or set TALLY_PASSPHRASE_FILE", wallet.ErrLocked)
	}
	return p.hidden(prompt)
}

// minPassphrase is in bytes.
const minPassphrase = 8

// newPassphrase asks twice.
func (p *program) newPassphrase() (string, error) {
	const longer = "Take a longer one: four words that nobody would put together."
	if p.passphraseFile != "" || p.terminal == nil {
		one, err := p.passphrase("")
		if err == nil && len(one) < minPassphrase {
			err = wrong("passphrase", lang.T("it has fewer than %d characters", minPassphrase), lang.T(longer))
		}
		return one, err
	}
	one, err := p.hidden(p.lang.F("New passphrase (at least %d characters): ", minPassphrase))
	if err == nil && len(one) < minPassphrase {
		err = wrong("passphrase", lang.T("it has fewer than %d characters", minPassphrase), lang.T(longer))
	}
	if err != nil {
		return "", err
	}
	two, err := p.hidden(p.lang.F("The same again: "))
	if err == nil && one != two {
		err = wrong("passphrase", lang.T("the two are not the same"), lang.T("Nothing was written; begin again."))
	}
	return one, err
}

func (p *program) hidden(prompt string) (string, error) {
	fmt.Fprint(p.err, prompt)
	b, err := term.ReadPassword(p.terminal.fd)
	p.note("\n")
	return string(b), err
}

// secretFile reads a file's first line.
func secretFile(field, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", &wallet.Input{Field: field, Wrong: lang.T("%s", err), Do: lang.T("Name a file that has it in its first line.")}
	}
	defer f.Close() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", &wallet.Input{Field: field, Wrong: lang.T("%s is empty", path), Do: lang.T("Put it into the first line.")}
	}
	return line, nil
}

// confirm shows what is to be signed and asks, unless --yes was given. Under 'tally tx build' nothing is signed: what does
// not build its transaction ends here.
func (p *program) confirm(words []string) error {
	if p.target != nil {
		return wrong("COMMAND", lang.T("this command signs more than a transaction, or does more than sign"), lang.T("It cannot be built for others to sign."))
	}
	return p.ask(p.lang.F("Sign and send? [y/N] "), words)
}

// ask shows words and asks, unless --yes was given.
func (p *program) ask(question string, words []string) error {
	for _, w := range words {
		if p.terminal != nil && p.terminal.screen != nil {
			w = wrapped(w)
		}
		fmt.Fprintf(p.err, "• %s\n", w)
	}
	if p.yes {
		return nil
	}
	if p.terminal == nil {
		return errNotConfirmed
	}
	fmt.Fprint(p.err, question)
	answer, err := p.terminal.lines.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "是":
		return nil
	}
	return errNotConfirmed
}

// lineWidth is how wide running text is, in characters.
const lineWidth = 100

// wrapped breaks a sentence for a screen, as an item of a list: at blanks, and between Chinese characters, but before no
// punctuation that ends something.
func wrapped(sentence string) string {
	const never = "，。；：、）”’》」！？"
	var lines []string
	line, width, edge, edgeWidth := []rune{}, 0, 0, 0 // edge: where the line can be broken
	for _, r := range sentence {
		wide := text.RuneWidth(r)
		if len(line) > 0 && (r == ' ' || wide > 1 && !strings.ContainsRune(never, r) && !strings.ContainsRune("（“‘《「", line[len(line)-1])) {
			edge, edgeWidth = len(line), width
		}
		if width+wide > lineWidth && edge > 0 && r != ' ' && !strings.ContainsRune(never, r) {
			lines = append(lines, strings.TrimRight(string(line[:edge]), " "))
			line = []rune(strings.TrimLeft(string(line[edge:]), " "))
			width, edge = width-edgeWidth, 0
		}
		line, width = append(line, r), width+wide
	}
	return strings.Join(append(lines, string(line)), "\n  ")
}

// waiting shows that something takes its time, to a person alone; the function that it returns ends that.
func (p *program) waiting(what string) func() {
	const turn, soon = 100 * time.Millisecond, 300 * time.Millisecond
	if p.terminal == nil || p.terminal.screen == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-end:
			return
		case <-time.After(soon):
		}
		bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(p.terminal.screen), progressbar.OptionSetDescription(p.lang.F(what)),
			progressbar.OptionSpinnerType(14), progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(false))
		defer func() { _ = bar.Finish() }() // a bar that cannot be drawn is no fault
		for {
			select {
			case <-end:
				return
			case <-time.After(turn):
				_ = bar.Add(1)
			}
		}
	}()
	return func() { close(end); <-ended }
}

// printer passes on text without what could move a cursor or turn the direction of writing: names on the chain are
// their members' choice.
type printer struct{ w io.Writer }

func printable(w io.Writer) io.Writer { return printer{w} }

func (p printer) Write(b []byte) (int, error) {
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, string(b))
	if _, err := io.WriteString(p.w, s); err != nil {
		return 0, err
	}
	return len(b), nil
}
