// Package formtest runs a second form of part beside the real modules: its extent is a commitment, its holder a key
// that is used once. It is tests alone, and shows that such a form needs no change outside of its own package.
package formtest
