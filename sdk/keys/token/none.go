//go:build !pkcs11 || !cgo

package token

import "github.com/splittally/splittally/modules/kernel/key"

// Token is an open token; in this build there is none.
type Token struct{}

// Open answers ErrNotBuilt.
func Open(string, string, string) (*Token, error) { return nil, ErrNotBuilt }

// Key answers ErrNotBuilt.
func (*Token) Key(string) (key.Signer, error) { return nil, ErrNotBuilt }

// Keys answers ErrNotBuilt.
func (*Token) Keys() ([]Listed, error) { return nil, ErrNotBuilt }

// Generate answers ErrNotBuilt.
func (*Token) Generate(key.Kind, string) (key.Signer, error) { return nil, ErrNotBuilt }

// Close does nothing.
func (*Token) Close() error { return nil }
