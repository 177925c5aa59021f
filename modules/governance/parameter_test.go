package governance

import (
	"testing"

	"github.com/splittally/splittally/modules/governance/governancev1"
	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

func TestAParameterHoldsFromItsDay(t *testing.T) {
	c := setup(t)
	became(t, agree(c, setFee(c, 7)), executed, nil)
	if got := c.View().Param(fee); got != 1 {
		t.Errorf("today it is %d", got)
	}
	c.Advance(86_400)
	if got := c.View().Param(fee); got != 7 {
		t.Errorf("tomorrow it is %d", got)
	}
	rec := &kernelv1.Parameter{}
	if !c.Read(kernelv1.ParameterKey(fee.Name), rec) || rec.Values[0].Source != "a decision" {
		t.Errorf("the record is %v", rec)
	}
}

func TestSetParameterRefuses(t *testing.T) {
	c := setup(t)
	today := setFee(c, 7)
	today.FromDay--
	became(t, agree(c, today), failed, governancev1.ErrFromDay)
	became(t, agree(c, setFee(c, 101)), failed, kernel.ErrParameterSize)
	other := setFee(c, 7)
	other.Name = "till.tip_minor"
	became(t, agree(c, other), failed, kernel.ErrParameter)
}

func TestGenesisNamesAnyDay(t *testing.T) {
	m, _ := machine()
	c := kerneltest.New(t, m, genesisCalls(&governancev1.SetParameter{Name: fee.Name, FromDay: 0, Value: 3, Source: "genesis"})...)
	if got := c.View().Param(fee); got != 3 {
		t.Errorf("it is %d", got)
	}
}
