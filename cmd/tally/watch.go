package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/sdk/lang"
	"github.com/splittally/splittally/sdk/statement"
	"github.com/splittally/splittally/sdk/wallet"
	"github.com/splittally/splittally/sdk/webhook"
)

// The files of places, in the wallet's folder.
const (
	fileWatched = "watched.json"
	filePosted  = "posted.json"
)

type watchFlags struct {
	once               bool
	url, secret, place string
	ahead              []int32
	tell               func(context.Context, webhook.Batch) error
}

// watch tells what happens to the account.
func (p *program) watch() *cobra.Command {
	var f watchFlags
	c := &cobra.Command{
		Use:   "watch",
		Short: "Tell what happens to the account as it happens, proven and none left out",
		Long: `watch tells of offers, acceptances, rejections, lapses, payments, freezes, changes of the account, and of vouchers
that fall due today or in as many days as --days says. It keeps its place in the wallet's folder: stopped and
started again, it goes on where it was. The first time it begins now.

With --output json each notice is one line. With --webhook each is posted to an https URL instead, signed with
HMAC-SHA256 by the secret in --webhook-secret-file (at least 16 bytes); a notice that was not taken is posted again.`,
		Example: "  tally watch --once\n  tally watch --days 0,3,30 --output json\n  tally watch --webhook https://erp.example/tally --webhook-secret-file secret",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := p.open()
			if err != nil {
				return err
			}
			return p.session(cmd.Context(), w, func(s *wallet.Session) error { return p.follow(cmd.Context(), s, f) })
		},
	}
	c.Flags().BoolVar(&f.once, "once", false, "tell what is new and end")
	c.Flags().Int32SliceVar(&f.ahead, "days", []int32{0, 1, 7}, "how many days before its due day a voucher is told of; 0 is the day")
	c.Flags().StringVar(&f.url, "webhook", "", "an https URL to post to")
	c.Flags().StringVar(&f.secret, "webhook-secret-file", "", "a file with the secret that posts are signed with")
	c.Flags().StringVar(&f.place, "place", "", "the file that keeps how far was told; in the wallet's folder without")
	c.MarkFlagsRequiredTogether("webhook", "webhook-secret-file")
	return c
}

func (p *program) follow(ctx context.Context, s *wallet.Session, f watchFlags) error {
	if err := p.prepare(s, &f); err != nil {
		return err
	}
	at, err := webhook.ReadPlace(f.place)
	if err != nil {
		return failure{err, exitWallet}
	}
	follower, err := webhook.Follow(ctx, s.Client, at, f.ahead)
	if err != nil {
		return watchFailure(err)
	}
	if at == nil {
		p.note("Nothing was watched before: it begins now.\n")
	}
	tell := func(ctx context.Context, b webhook.Batch) error {
		if err := f.tell(ctx, b); err != nil {
			return err
		}
		return b.Place.Keep(f.place)
	}
	if f.once {
		batches, err := follower.Next(ctx)
		for _, b := range batches {
			if err == nil {
				err = tell(ctx, b)
			}
		}
		return watchFailure(err)
	}
	return watchFailure(follower.Run(ctx, tell, func(err error) {
		p.note("Not reached, tried again: %s\n", wallet.Line(p.lang.Error(err)))
	}))
}

// prepare chooses how it is told, and which place is kept.
func (p *program) prepare(s *wallet.Session, f *watchFlags) error {
	file := fileWatched
	f.tell = func(ctx context.Context, b webhook.Batch) error { return p.tellPeople(ctx, s, b) }
	if p.output == outputJSON {
		f.tell = p.tellLines
	}
	if f.url != "" {
		secret, err := secretFile("webhook-secret-file", f.secret)
		if err != nil {
			return err
		}
		poster, err := webhook.NewPoster(f.url, []byte(secret))
		if err != nil {
			return failure{err, exitUsage}
		}
		file = filePosted
		f.tell = func(ctx context.Context, b webhook.Batch) error {
			for _, n := range b.Notices {
				if err := poster.Post(ctx, n); err != nil {
					return err
				}
			}
			return nil
		}
	}
	if f.place == "" {
		f.place = filepath.Join(s.Wallet.Home, file)
	}
	return nil
}

// watchFailure gives errors of watching their exit codes.
func watchFailure(err error) error {
	switch {
	case errors.Is(err, webhook.ErrPlace):
		return failure{err, exitWallet}
	case errors.Is(err, webhook.ErrRejected), errors.Is(err, webhook.ErrUndelivered):
		return failure{err, exitUnreachable}
	}
	return statementFailure(err)
}

func (p *program) tellLines(_ context.Context, b webhook.Batch) error {
	e := json.NewEncoder(p.raw)
	for _, n := range b.Notices {
		if err := e.Encode(n); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) tellPeople(ctx context.Context, s *wallet.Session, b webhook.Batch) error {
	for _, n := range b.Notices {
		if err := p.tellOne(ctx, s, n); err != nil {
			return err
		}
	}
	return nil
}

// tellOne writes a notice as one line and, where the reader can do something, what.
func (p *program) tellOne(ctx context.Context, s *wallet.Session, n webhook.Notice) error {
	at, err := time.Parse(time.RFC3339, n.Time)
	if err != nil {
		return err
	}
	line := []string{s.Clock.Minute(at) + "  " + noticeWords(p.lang, n)}
	add := func(format, text string) {
		if text != "" {
			line = append(line, p.lang.F(format, text))
		}
	}
	if n.AmountMinor != 0 && n.Currency != "" {
		add("%s", wallet.Money(n.AmountMinor, n.Currency))
	}
	add("voucher %s", n.Voucher[:min(8, len(n.Voucher))])
	if who, err := id.Parse(n.Counterparty); err == nil {
		party, err := s.Party(ctx, who[:])
		if err != nil {
			return err
		}
		add("%s", party.String())
	}
	add("due %s", n.DueDay)
	if until, err := time.Parse(time.RFC3339, n.Until); err == nil {
		add("until %s", s.Clock.Minute(until))
	}
	add("%s", wallet.Line(n.Reference))
	next := ""
	switch n.Kind {
	case "offer_received":
		next = fmt.Sprintf(" -> 'tally accept %s', 'tally reject %s'", n.Part[:8], n.Part[:8])
	case "voucher_to_accept":
		next = fmt.Sprintf(" -> 'tally accept %s', 'tally reject %s'", n.Voucher[:8], n.Voucher[:8])
	}
	fmt.Fprintln(p.out, strings.Join(line, ", ")+next)
	return nil
}

func noticeWords(l lang.Lang, n webhook.Notice) string {
	switch {
	case n.Kind == webhook.KindDue && n.Days <= 0:
		return l.F("Due")
	case n.Kind == webhook.KindDue:
		return l.N(int(n.Days), "Due in %d day", "Due in %d days")
	case n.Kind == webhook.KindPaymentDue && n.Days <= 0:
		return l.F("You must pay")
	case n.Kind == webhook.KindPaymentDue:
		return l.N(int(n.Days), "You must pay in %d day", "You must pay in %d days")
	}
	return l.Word(statement.Words(n.Kind))
}
