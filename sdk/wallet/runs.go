package wallet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/splittally/splittally/modules/kernel/id"
	"github.com/splittally/splittally/modules/kernel/txv1"
	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/lang"
)

// dirRuns holds a file for each issue run that was begun.
const dirRuns = "runs"

// maxRunName bounds the name of a run, in bytes.
const maxRunName = 100

// rowHash is how many bytes of a row's hash are kept: enough to find the row that differs.
const rowHash = 8

// run is what a home remembers of an issue run, from before its first transaction leaves: that it is the same items when
// it is begun again.
type run struct {
	Version int       `json:"version"`
	Name    string    `json:"name"`
	Account id.ID     `json:"account"`
	Begun   time.Time `json:"begun"`
	Items   int       `json:"items"`
	// Rows are the hashes of the items, in order, in hex.
	Rows string `json:"rows"`
}

const runVersion = 1

// RunOf is the id of an issue run of the account under a name of the owner's choice.
func (s *Session) RunOf(name string) (out sdk.RunID, err error) {
	if name == "" || len(name) > maxRunName {
		return out, input("run", lang.T("a name of %d bytes", len(name)), lang.T("Choose one of 1 to %d bytes, such as 2026-05-payables, and use it again to go on with the run.", maxRunName))
	}
	account := s.Account()
	h := id.Hash("issue run name", account[:], []byte(name))
	copy(out[:], h[:])
	return out, nil
}

func (w *Wallet) runFile(r sdk.RunID) string {
	return filepath.Join(w.Home, dirRuns, hex.EncodeToString(r[:])+".json")
}

// SameRun compares items with those that the run was begun with in this home: the place of the first that differs, -1 where
// none does or the run is new here. The number of items that it was begun with is the place where one is missing.
func (s *Session) SameRun(r sdk.RunID, items []*voucherv1.IssueItem) (int, error) {
	known := run{}
	err := readJSON(s.Wallet.runFile(r), &known)
	if errors.Is(err, fs.ErrNotExist) {
		return -1, nil
	}
	if err != nil {
		return 0, err
	}
	was, err := hex.DecodeString(known.Rows)
	if err != nil || known.Version != runVersion || len(was) != known.Items*rowHash {
		return 0, lang.Errorf("%w: %s", ErrDamaged, s.Wallet.runFile(r))
	}
	is, err := rowHashes(items)
	if err != nil || bytes.Equal(was, is) {
		return -1, err
	}
	at := 0
	for ; at < len(was) && at < len(is) && was[at] == is[at]; at++ {
	}
	return at / rowHash, nil
}

// BeginRun remembers the items of a run, before anything of it is sent.
func (s *Session) BeginRun(r sdk.RunID, name string, items []*voucherv1.IssueItem) error {
	rows, err := rowHashes(items)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.Wallet.Home, dirRuns), 0o700); err != nil {
		return err
	}
	return writeJSON(s.Wallet.runFile(r), run{
		Version: runVersion, Name: name, Account: s.Account(), Begun: time.Now().UTC().Truncate(time.Second), Items: len(items), Rows: hex.EncodeToString(rows),
	})
}

func rowHashes(items []*voucherv1.IssueItem) ([]byte, error) {
	out := make([]byte, 0, len(items)*rowHash)
	for _, item := range items {
		b, err := txv1.Encode(item)
		if err != nil {
			return nil, err
		}
		h := id.Hash("issue row", b)
		out = append(out, h[:rowHash]...)
	}
	return out, nil
}
