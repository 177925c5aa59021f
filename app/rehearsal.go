//go:build rehearsal

package app

import "github.com/splittally/splittally/modules/kernel"

// A program built with the tag rehearsal knows one protocol more, which changes nothing but its number: operators
// rehearse an upgrade with it.
func init() { upgrades = append(upgrades, kernel.Upgrade{}) }
