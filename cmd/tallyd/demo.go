package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// demoLimit bounds a demonstration that hangs.
const demoLimit = 5 * time.Minute

// chapters are the stories that the demonstration tells, in order; each makes what it needs.
var chapters = []chapter{
	{name: "voucher", title: "A voucher, from a real invoice to its payment", tell: tellVoucher},
}

type chapter struct {
	name, title string
	tell        func(s *story)
}

// step is one line of the report.
type step struct {
	Chapter  string `json:"chapter"`
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Height   int64  `json:"height"`
	Tx       string `json:"tx"`
	Verified bool   `json:"verified"`
	// Refused is the name of the error code of a step whose point is a refusal.
	Refused string `json:"refused"`
}

// report is what --json prints.
type report struct {
	OK    bool   `json:"ok"`
	Data  string `json:"data"`
	Steps []step `json:"steps"`
}

func demoCommand() *cobra.Command {
	var asJSON bool
	var name, dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a consortium on this machine and tell what happens",
		Long: `demo starts four validators as four processes and plays the life of a voucher on them: issued from a real
invoice, passed on over three tiers, refused where somebody cheats, paid on its day, and everything replayed
and checked at the end. It takes less than a minute; the network's folder stays for you to look at.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			picked, err := pickChapters(name)
			if err != nil {
				return failure{err, exitUsage}
			}
			words := cmd.OutOrStdout()
			if asJSON {
				words = io.Discard
			}
			r, err := playDemo(cmd.Context(), words, dir, picked)
			if asJSON && r != nil {
				if e := json.NewEncoder(cmd.OutOrStdout()).Encode(r); e != nil {
					return e
				}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a report as JSON and nothing else")
	cmd.Flags().StringVar(&name, "chapter", "", "play one chapter alone: "+chapterNames())
	cmd.Flags().StringVar(&dir, "dir", "", "the network's folder, empty or not there; a temporary one without it")
	return cmd
}

func chapterNames() string {
	var names []string
	for _, c := range chapters {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

func pickChapters(name string) ([]chapter, error) {
	if name == "" {
		return chapters, nil
	}
	i := slices.IndexFunc(chapters, func(c chapter) bool { return c.name == name })
	if i < 0 {
		return nil, fmt.Errorf("--chapter: there is no chapter %q; there is: %s", name, chapterNames())
	}
	return chapters[i : i+1], nil
}

// playDemo plays chapters, each on a network of its own, and returns the report of what was played.
func playDemo(ctx context.Context, words io.Writer, dir string, picked []chapter) (*report, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	if dir == "" {
		made, err := os.MkdirTemp("", "tallyd-demo-")
		if err != nil {
			return nil, err
		}
		dir = made
	}
	r := &report{OK: true, Data: dir}
	for _, c := range picked {
		s := &story{ctx: ctx, words: words, chapter: c.name, dir: dir + "/" + c.name, report: r}
		if err := s.play(c); err != nil {
			r.OK = false
			return r, fmt.Errorf("chapter %s: %w", c.name, err)
		}
	}
	return r, nil
}

// stopped unwinds a chapter whose step did not hold.
type stopped struct{ err error }

func (s *story) play(c chapter) (err error) {
	began := time.Now()
	defer func() {
		s.close()
		switch p := recover().(type) {
		case nil:
		case stopped:
			err = p.err
		default:
			panic(p)
		}
	}()
	s.say(headline.Render(c.title))
	c.tell(s)
	s.say(fmt.Sprintf("\n%d steps in %.1f s: every one held. The data stays in %s.", len(s.report.Steps), time.Since(began).Seconds(), s.dir))
	return nil
}

var (
	headline = lipgloss.NewStyle().Bold(true)
	quiet    = lipgloss.NewStyle().Faint(true)
	good     = lipgloss.NewStyle().Foreground(lipgloss.Color("2")).Bold(true)
	refused  = lipgloss.NewStyle().Foreground(lipgloss.Color("3")).Bold(true)
)

func (s *story) say(text string) { _, _ = lipgloss.Fprintln(s.words, text) }

// done records a step that held and tells it.
func (s *story) done(one step, text string) {
	one.Chapter, one.OK = s.chapter, true
	one.Height = max(one.Height, s.height)
	s.height = one.Height
	s.report.Steps = append(s.report.Steps, one)
	mark := good.Render("✓ ")
	if one.Refused != "" {
		mark = refused.Render("✗ ")
		text = refused.Render(one.Refused+":") + " " + text
	}
	body := lipgloss.NewStyle().Width(s.width() - lipgloss.Width(mark)).Render(text + " " + quiet.Render(where(one)))
	s.say(lipgloss.JoinHorizontal(lipgloss.Top, mark, body))
}

// The story is told in lines of the terminal's width, at most so many columns.
const (
	maxWidth = 110
	minWidth = 40
)

func (s *story) width() int {
	if f, ok := s.words.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			return min(max(w, minWidth), maxWidth)
		}
	}
	return maxWidth
}

func where(one step) string {
	out := fmt.Sprintf("[block %d", one.Height)
	if one.Tx != "" {
		out += ", tx " + one.Tx[:8]
	}
	if one.Verified {
		out += ", proven"
	}
	return out + "]"
}

// hold ends the chapter where an error says that a step did not hold.
func (s *story) hold(name string, err error) {
	if err == nil {
		return
	}
	s.report.Steps = append(s.report.Steps, step{Chapter: s.chapter, Name: name, Height: s.height})
	switch cause := context.Cause(s.ctx); {
	case errors.Is(cause, context.Canceled):
		err = errors.New("stopped by you")
	case cause != nil:
		err = cause
	}
	panic(stopped{fmt.Errorf("step %q did not hold: %w", name, err)})
}
