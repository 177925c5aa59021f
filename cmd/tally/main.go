// Command tally is a wallet that believes no node, and the tool of members.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/jedib0t/go-pretty/v6/text"
)

// version is set by the linker for releases.
var version = "0.1.0-dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run runs one command line and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	p := &program{in: in, raw: out, out: printable(out), err: printable(errs), terminal: terminalOf(in, errs)}
	text.OverrideRuneWidthEastAsianWidth(false) // by no locale: the same columns everywhere
	p.speak(args)
	root := p.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if !p.started {
		err = failure{err, exitUsage}
	}
	return p.report(err)
}
