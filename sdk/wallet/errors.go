package wallet

import (
	"errors"

	"github.com/splittally/splittally/sdk/lang"
)

// What can be wrong with a wallet itself. Refusals of the chain and failed proofs are the SDK's errors.
var (
	// ErrExists: a home that holds a wallet already is not overwritten.
	ErrExists = errors.New("there is a wallet in this folder already")
	// ErrNoWallet: the home has no profile.
	ErrNoWallet = errors.New("there is no wallet in this folder")
	// ErrLocked: the key has not been unlocked.
	ErrLocked = errors.New("the wallet is locked: its passphrase is needed")
	// ErrPassphrase: the passphrase does not open the key.
	ErrPassphrase = errors.New("the passphrase does not open the key")
	// ErrDamaged: a file of the home cannot be read.
	ErrDamaged = errors.New("a file of the wallet is damaged")
	// ErrNoMatch: nothing that the account sees has this name or id.
	ErrNoMatch = errors.New("not found")
	// ErrOnItsWay: the same was sent before, and it is not known yet what became of it.
	ErrOnItsWay = errors.New("the same is on its way already, and it is not known yet what became of it")
	// ErrNoWords: this version cannot say what a message does.
	ErrNoWords = errors.New("this version has no words for it: do not sign what you cannot read; use a newer version")
	// ErrDocument: a document is not the one that the voucher rests on.
	ErrDocument = errors.New("the document is not the one that the voucher rests on")
)

// Input is a fault in what a person gave: which field, what is wrong with it, what to do.
type Input struct {
	Field     string
	Wrong, Do lang.Text
}

// Error tells field, fault and cure.
func (e *Input) Error() string { return e.In(lang.English) }

// In tells it in a language.
func (e *Input) In(l lang.Lang) string {
	return l.F("%s: %s. %s", e.Field, e.Wrong, e.Do)
}

func input(field string, wrong, do lang.Text) error {
	return &Input{Field: field, Wrong: wrong, Do: do}
}
