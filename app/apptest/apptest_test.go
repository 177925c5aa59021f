package apptest_test

import (
	"testing"

	"github.com/splittally/splittally/app/apptest"
)

func TestOneValidatorMakesBlocks(t *testing.T) {
	n := apptest.Start(t)
	n.WaitHeight(t, 5)
}

func TestFourValidatorsMakeBlocks(t *testing.T) {
	n := apptest.Start(t, apptest.Validators(4))
	n.WaitHeight(t, 5)
}
