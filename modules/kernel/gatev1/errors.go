// Package gatev1 is the gate as it is on the wire.
package gatev1

import "github.com/splittally/splittally/modules/kernel/errs"

var set = errs.NewSet("gate", 9000)

// The gate's own refusals that have a number: they are no part of any result on the chain.
var (
	// ErrHistoryMissing: the node has not the entry that was asked for.
	ErrHistoryMissing = set.New("HistoryMissing", "this node has not this entry of the account: it joined from a snapshot, or the chain began from an export, after the entry's block",
		"Ask a node that is older, or for a later period.")
)
