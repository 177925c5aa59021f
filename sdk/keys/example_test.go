package keys_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/splittally/splittally/sdk/keys"
)

// The same words give the same key in every BIP-44 wallet.
func ExampleFromWords() {
	signer, err := keys.FromWords("test test test test test test test test test test test junk", "", 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(signer.Public())
	// Output: secp256k1:038318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75
}

func ExampleSave() {
	dir, err := os.MkdirTemp("", "keys")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	signer, err := keys.FromWords("test test test test test test test test test test test junk", "", 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	file := filepath.Join(dir, "accounting.json")
	if err := keys.Save(file, "a long passphrase", signer, keys.Light); err != nil { // Standard for real keys
		fmt.Println(err)
		return
	}
	again, err := keys.Load(file, "a long passphrase")
	fmt.Println(err, again.Public().Equal(signer.Public()))
	// Output: <nil> true
}
