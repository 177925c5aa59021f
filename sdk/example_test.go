package sdk_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/splittally/splittally/modules/voucher/voucherv1"
	"github.com/splittally/splittally/sdk"
	"github.com/splittally/splittally/sdk/sdktest"
)

// A core enterprise issues, its supplier accepts and sees, proven complete, what it holds. In a program of one's own Dial
// gets the Config that Chain.Config makes here.
func ExampleDial() {
	sdktest.Run(func(chain *sdktest.Chain) {
		ctx := context.Background()
		obligor, err := sdk.Dial(ctx, chain.Config(sdktest.Obligor))
		if err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = obligor.Close() }()
		supplier, err := sdk.Dial(ctx, chain.Config(sdktest.Tier1))
		if err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = supplier.Close() }()

		issued, err := obligor.Do(ctx, &voucherv1.Issue{Items: []*voucherv1.IssueItem{chain.Item(sdktest.Tier1, 125_000, 1)}})
		if err != nil {
			fmt.Println(err)
			return
		}
		if _, err := supplier.Do(ctx, &voucherv1.AcceptPackage{Package: issued.Created(0, 0).Bytes()}); err != nil {
			fmt.Println(err)
			return
		}
		held, err := supplier.Holdings(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, line := range held.Totals {
			fmt.Println(line.Count, line.AmountMinor, line.Currency)
		}
	})
	// Output: 1 125000 CNY
}

// A refusal is an error that matches its code and says what to do.
func ExampleClient_Do() {
	sdktest.Run(func(chain *sdktest.Chain) {
		supplier := chain.Dial(sdktest.Tier1)
		_, err := supplier.Do(context.Background(), &voucherv1.AcceptPackage{Package: make([]byte, 31)})
		fmt.Println(errors.Is(err, voucherv1.ErrField))
		unknown := chain.Account(sdktest.Tier2) // an account is no package
		_, err = supplier.Do(context.Background(), &voucherv1.AcceptPackage{Package: unknown.Bytes()})
		fmt.Println(errors.Is(err, voucherv1.ErrNoPackage))
	})
	// Output:
	// true
	// true
}

// An issue run that is called again with the same id and items goes on where it stopped.
func ExampleClient_IssueRun() {
	sdktest.Run(func(chain *sdktest.Chain) {
		obligor, run := chain.Dial(sdktest.Obligor), sdk.RunID{20, 26, 11}
		var list []*voucherv1.IssueItem
		for i := range uint64(600) {
			list = append(list, chain.Item(sdktest.Tier1, 1_000, i))
		}
		report := func(done sdk.Issued) error {
			if done.Err != nil { // IssueRun returns the first; here it is told for each chunk
				return nil
			}
			fmt.Println("chunk", done.Chunk, "from item", done.First, "packages", len(done.Packages))
			return nil
		}
		if err := obligor.IssueRun(context.Background(), run, list, report); err != nil {
			fmt.Println(err)
		}
	})
	// Output:
	// chunk 1 from item 0 packages 500
	// chunk 2 from item 500 packages 100
}

// A program that may die between sending and hearing keeps the ticket first, and settles it when it is back.
func ExampleClient_Settle() {
	sdktest.Run(func(chain *sdktest.Chain) {
		ctx, signer := context.Background(), chain.Signer(sdktest.Obligor)
		obligor := chain.Dial(sdktest.Obligor)
		draft, err := obligor.Draft(ctx, 0, sdk.Call{Message: &voucherv1.Issue{Items: []*voucherv1.IssueItem{chain.Item(sdktest.Tier1, 700, 1)}}})
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := draft.Sign(signer); err != nil {
			fmt.Println(err)
			return
		}
		ticket := draft.Ticket() // to the ERP's database, before:
		if _, err := obligor.Submit(ctx, draft); err != nil {
			fmt.Println(err)
		}
		// … the program dies, starts again, and asks:
		for {
			outcome, err := obligor.Settle(ctx, ticket)
			if errors.Is(err, sdk.ErrUnsettled) {
				continue // neither in a block nor expired yet
			}
			fmt.Println(outcome.Code, err)
			return
		}
	})
	// Output: 0 <nil>
}
