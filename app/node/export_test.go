package node

import "github.com/splittally/splittally/app/node/headers"

// Trust lets tests see what a configuration trusts.
func (c Config) Trust() headers.Trust { return c.trust() }

// LookUp lets tests see which address a peer's name has.
var LookUp = lookUp
