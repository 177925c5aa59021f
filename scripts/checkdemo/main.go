// Command checkdemo reads what the demonstration prints as JSON and judges whether it showed what it must:
//
//	go run ./cmd/tallyd demo --json | go run ./scripts/checkdemo
//
// It exits with 1 and names every fault if it did not.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// maxInput bounds what is read, in bytes: a demonstration prints some tens of kilobytes.
const maxInput = 16 << 20

func main() {
	input, err := io.ReadAll(io.LimitReader(os.Stdin, maxInput))
	if err != nil {
		fmt.Fprintln(os.Stderr, "checkdemo:", err)
		os.Exit(1)
	}
	summary, faults := check(input)
	for _, fault := range faults {
		fmt.Fprintln(os.Stderr, "checkdemo:", fault)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
	fmt.Println("checkdemo:", summary)
}

// check judges one document. It returns a line for people, and every fault found.
func check(input []byte) (summary string, faults []string) {
	var d demo
	if err := json.Unmarshal(input, &d); err != nil {
		return "", []string{"the demonstration did not print one JSON document of the agreed shape: " + err.Error()}
	}
	faults = d.faults()
	for _, want := range chapters {
		faults = append(faults, want.faults(d.Steps)...)
	}
	return fmt.Sprintf("%d steps, all as expected", len(d.Steps)), faults
}
