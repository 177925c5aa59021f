package wallet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/splittally/splittally/app/apptest"
	"github.com/splittally/splittally/app/devnet"
	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/wallet"
	"google.golang.org/protobuf/proto"
)

// genesisAge is how long ago the stage's chain began: longer than a header is trusted without contact.
const genesisAge = 20 * 24 * time.Hour

// stage is a network of two members' validators, with a wallet for each role.
type stage struct {
	*apptest.Network
	dir  string
	open map[string]*wallet.Session
}

// TestOnOneNetwork plays all that needs a network on one, in this order.
func TestOnOneNetwork(t *testing.T) {
	n := apptest.Start(t, apptest.Validators(2), func(o *devnet.Options) { o.Time = time.Now().UTC().Add(-genesisAge) })
	g := &stage{Network: n, dir: t.TempDir(), open: map[string]*wallet.Session{}}
	defer g.close(t)
	for _, scene := range []struct {
		name string
		play func(*testing.T, *stage)
	}{
		{"development profiles", developmentProfiles},
		{"damaged manifests", damagedManifests},
		{"profile and network", profileAndNetwork},
		{"names", namesAreTold},
		{"hints", hintsAreNotBelieved},
		{"previews", previews},
		{"previews of what is not there", previewsOfNothing},
		{"ticket before sending", ticketBeforeSending},
		{"lost answers", lostAnswers},
		{"crash between keeping and sending", crashBeforeSending},
		{"another message in the same words", sameWords},
		{"expired tickets", expiredTickets},
		{"damaged tickets", damagedTickets},
		{"joining", joining},
		{"altered invitations", alteredInvitations},
		{"expired invitations", expiredInvitations},
	} {
		t.Run(scene.name, func(t *testing.T) { scene.play(t, g) })
	}
}

func (g *stage) close(t *testing.T) {
	for role, s := range g.open {
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
}

// home is a new home of a role.
func (g *stage) home(t *testing.T, role string) *wallet.Wallet {
	t.Helper()
	p, err := wallet.Development(t.Context(), g.Dir, role)
	if err != nil {
		t.Fatal(err)
	}
	w, err := wallet.Create(filepath.Join(t.TempDir(), role), p)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// as is a role's session, which lasts as long as the stage.
func (g *stage) as(t *testing.T, role string) *wallet.Session {
	t.Helper()
	if s := g.open[role]; s != nil {
		return s
	}
	p, err := wallet.Development(t.Context(), g.Dir, role)
	if err != nil {
		t.Fatal(err)
	}
	w, err := wallet.Create(filepath.Join(g.dir, role), p)
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g.open[role] = s
	return s
}

// connected opens a home again, as a new process would.
func connected(t *testing.T, home string) *wallet.Session {
	t.Helper()
	w, err := wallet.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// must previews and does.
func must(t *testing.T, s *wallet.Session, m proto.Message) sdk.Outcome {
	t.Helper()
	words, err := s.Preview(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.Do(t.Context(), words, m)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// chainDay is a day of the chain, from today on.
func chainDay(ahead int32) int32 { return kernelv1.DayOf(time.Now().Unix(), 8*3600) + ahead }

// issue has the obligor issue a voucher to tier1 over an invoice of its own.
func (g *stage) issue(t *testing.T, invoice string, amountMinor int64) id.ID {
	t.Helper()
	o := must(t, g.as(t, "obligor"), &voucherv1.Issue{Items: []*voucherv1.IssueItem{g.item(invoice, amountMinor)}})
	return o.Created(0, 0)
}

func (g *stage) item(invoice string, amountMinor int64) *voucherv1.IssueItem {
	return &voucherv1.IssueItem{
		Creditor: g.Role("tier1").Account.Bytes(), Currency: "CNY", AmountMinor: amountMinor, DueDay: chainDay(60),
		Background: &voucherv1.Background{Contract: id.Hash("contract").Bytes(), Invoices: []*voucherv1.InvoiceUse{{
			Fingerprint: id.Hash("stage invoice", []byte(invoice)).Bytes(), IssueDay: chainDay(-1), TotalMinor: amountMinor, UsedMinor: amountMinor,
		}}},
	}
}

// part finds a part of a package among lists of an account.
func part(t *testing.T, s *wallet.Session, kinds wallet.Kind, pkg id.ID) *voucherv1.Part {
	t.Helper()
	g, err := s.Look(t.Context(), kinds)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range g.Parts() {
		if string(h.Part.Package) == string(pkg[:]) {
			return h.Part
		}
	}
	t.Fatalf("no part of %s is in the lists %b", pkg.Short(), kinds)
	return nil
}

// level waits until every node can prove what any of them has.
func (g *stage) level(t *testing.T) {
	t.Helper()
	var highest int64
	for _, r := range g.Running {
		highest = max(highest, r.App().Status().Height)
	}
	g.WaitHeight(t, highest+1)
}

// files are the names in a folder that are no temporary ones.
func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is left behind", e.Name())
		}
		out = append(out, e.Name())
	}
	return out
}
