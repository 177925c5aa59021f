package kernel

import (
	"cmp"
	"slices"

	"github.com/splittally/splittally/modules/kernel/kernelv1"
)

// Param declares a limit that changes by vote, each value from its day on. What holds before any vote is Default.
type Param struct {
	Name     string // module.name_unit
	Default  int64
	Min, Max int64
	Source   string // the rule that the default comes from
}

// maxParamValues bounds the values that one parameter keeps: old ones are law for old blocks and stay.
const maxParamValues = 1000

// SetParam gives a parameter a value from a day on; refused where it is unknown or out of bounds. A value for a
// day that has one already replaces it.
func (c *Ctx) SetParam(name string, fromDay int32, value int64, source string) error {
	i := slices.IndexFunc(c.m.params, func(p *Param) bool { return p.Name == name })
	if i < 0 {
		return ErrParameter.With("%q", name)
	}
	if p := c.m.params[i]; value < p.Min || value > p.Max {
		return ErrParameterSize.With("%s is %d to %d", name, p.Min, p.Max)
	}
	rec, found := parameters.Get(c, Text(name))
	if !found {
		rec = &kernelv1.Parameter{}
	}
	if len(rec.Values) >= maxParamValues {
		return ErrParameterSize.With("%s has had %d values", name, maxParamValues)
	}
	at, same := slices.BinarySearchFunc(rec.Values, fromDay, func(v *kernelv1.ParameterValue, day int32) int { return cmp.Compare(v.FromDay, day) })
	if same {
		rec.Values = slices.Delete(rec.Values, at, at+1)
	}
	rec.Values = slices.Insert(rec.Values, at, &kernelv1.ParameterValue{FromDay: fromDay, Value: value, Source: source})
	parameters.Save(c, Text(name), rec, true)
	return nil
}

// paramsOn reads every parameter as it holds on a day.
func (m *Machine) paramsOn(c *Ctx, day int32) map[string]int64 {
	out := make(map[string]int64, len(m.params))
	for _, p := range m.params {
		out[p.Name] = p.Default
		if rec, ok := parameters.Get(c, Text(p.Name)); ok {
			out[p.Name] = valueOn(rec, day, p.Default)
		}
	}
	return out
}

func valueOn(rec *kernelv1.Parameter, day int32, value int64) int64 {
	for _, v := range rec.Values {
		if v.FromDay > day {
			break
		}
		value = v.Value
	}
	return value
}

// Params lists the declared parameters in order of declaration.
func (m *Machine) Params() []*Param { return m.params }

// ShiftClock moves a development network's business clock from the next block on, and returns the shift in all; the
// caller has checked that the network is one.
func (c *Ctx) ShiftClock(forwardS int64) int64 {
	clock, _ := clocks.Get(c, None{})
	shift := clock.GetShiftS() + forwardS
	clocks.Save(c, None{}, &kernelv1.Clock{ShiftS: shift}, true)
	return shift
}
