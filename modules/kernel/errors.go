package kernel

import (
	"fmt"

	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// The refusals of a transaction before its module sees it; kernelv1 has them for clients too.
var (
	ErrTooLarge      = kernelv1.ErrTooLarge
	ErrMalformed     = kernelv1.ErrMalformed
	ErrNotCanonical  = kernelv1.ErrNotCanonical
	ErrWrongChain    = kernelv1.ErrWrongChain
	ErrAttachments   = kernelv1.ErrAttachments
	ErrCalls         = kernelv1.ErrCalls
	ErrUnknownMethod = kernelv1.ErrUnknownMethod
	ErrInvalid       = kernelv1.ErrInvalid
	ErrSignatures    = kernelv1.ErrSignatures
	ErrExpired       = kernelv1.ErrExpired
	ErrTooFarAhead   = kernelv1.ErrTooFarAhead
	ErrIDReused      = kernelv1.ErrIDReused
	ErrIncluded      = kernelv1.ErrIncluded
	ErrTooManyOpen   = kernelv1.ErrTooManyOpen
	ErrUnknown       = kernelv1.ErrUnknown
	ErrMissingKey    = kernelv1.ErrMissingKey
	ErrNeedless      = kernelv1.ErrNeedless
	ErrBadSignature  = kernelv1.ErrBadSignature
	ErrInactive      = kernelv1.ErrInactive
	ErrNotPermitted  = kernelv1.ErrNotPermitted
	ErrMethodClosed  = kernelv1.ErrMethodClosed
	ErrOverflow      = kernelv1.ErrOverflow
	ErrQueueFull     = kernelv1.ErrQueueFull
	ErrDueTime       = kernelv1.ErrDueTime
	ErrLaneFull      = kernelv1.ErrLaneFull
	ErrTooHeavy      = kernelv1.ErrTooHeavy
	ErrParameter     = kernelv1.ErrParameter
	ErrParameterSize = kernelv1.ErrParameterSize
	ErrUpgrade       = kernelv1.ErrUpgrade
)

// Fatal is a broken invariant or unreadable state: the process must stop. It is panicked with, never returned.
type Fatal struct{ Err error }

// Error says what is broken.
func (f Fatal) Error() string { return "fatal: " + f.Err.Error() }

func fatal(format string, args ...any) { panic(Fatal{fmt.Errorf(format, args...)}) }
