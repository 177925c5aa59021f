package depositv1

import "github.com/splittally/splittally/modules/kernel/errs"

var set = errs.NewSet("deposit", 300)

// The module's refusals, in order of precedence.
var (
	ErrField        = set.New("DepositField", "a field of a deposit's message is outside of its limits", "Mend the field that is named.")
	ErrForbidden    = set.New("DepositsForbidden", "the network allows no deposits today: none is minted or passed on, what there is can be redeemed", "Redeem it, or pay by bank; see 'tally params' for deposit.allowed.")
	ErrToSelf       = set.New("DepositToSelf", "a deposit is passed on to another account", "Name the account that is to receive it.")
	ErrInsufficient = set.New("DepositInsufficient", "an account passes on or redeems no more than the bank owes it", "Use a smaller amount, or have more minted by the bank.")
)
