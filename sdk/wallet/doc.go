// Package wallet is what a wallet is, without a terminal: a home folder with a profile and a key, names for accounts that
// the chain vouches for, previews in plain words of whatever is to be signed, invitations, and tickets of transactions
// whose outcome is not known yet. cmd/tally is a terminal over it; an ERP or a bank's portal may be another face.
//
// Create or Join makes a wallet, Open opens one, Connect gives a Session that reads, previews and sends.
package wallet
