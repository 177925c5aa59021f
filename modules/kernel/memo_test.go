package kernel_test

import (
	"fmt"
	"testing"

	"github.com/splittally/splittally/modules/kernel"
	"github.com/splittally/splittally/modules/kernel/kerneltest"
	"github.com/splittally/splittally/modules/kernel/kernelv1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// Read must say what Get says whatever was read before, on whatever state: the memory of decoded records is no state.
func TestReadIsGet(t *testing.T) {
	records := kernel.NewMap[kernel.Uint64, *kernelv1.Count]("test.memo", kernel.Prefix{250, 1}, func(*kernelv1.Count) kernel.Audience { return kernel.Public })
	m := kernel.NewMachine("memo-1", nil, &kernel.Module{Name: "memo", Collections: []*kernel.Collection{records.Declared()}})
	rapid.Check(t, func(t *rapid.T) {
		states := [2]*kernel.Ctx{}
		for i := range states {
			states[i] = m.View(kerneltest.NewMemory(), kernel.Info{})
		}
		t.Repeat(map[string]func(*rapid.T){
			"save": func(t *rapid.T) {
				k, n := rapid.Uint64Range(0, 4).Draw(t, "key"), rapid.Uint64Range(0, 3).Draw(t, "n")
				c := states[rapid.IntRange(0, 1).Draw(t, "state")]
				records.Save(c, kernel.Uint64(k), &kernelv1.Count{Count: n}, n > 0)
			},
			"": func(t *rapid.T) {
				for i, c := range states {
					for k := range kernel.Uint64(5) {
						want, there := records.Get(c, k)
						got, ok := records.Read(c, k)
						if ok != there || there && !proto.Equal(got, want) {
							t.Fatal(fmt.Sprint("state ", i, " key ", k, ": ", got, ok, ", want ", want, there))
						}
					}
				}
			},
		})
	})
}

func TestReadShares(t *testing.T) {
	records := kernel.NewMap[kernel.Uint64, *kernelv1.Count]("test.share", kernel.Prefix{250, 2}, func(*kernelv1.Count) kernel.Audience { return kernel.Public })
	m := kernel.NewMachine("memo-1", nil, &kernel.Module{Name: "memo", Collections: []*kernel.Collection{records.Declared()}})
	c := m.View(kerneltest.NewMemory(), kernel.Info{})
	for k := range kernel.Uint64(40_000) { // more than are remembered
		records.Insert(c, k, &kernelv1.Count{Count: uint64(k)})
		records.Read(c, k)
	}
	a, _ := records.Read(c, 39_999)
	b, _ := records.Read(c, 39_999)
	if a != b {
		t.Error("the newest is not remembered")
	}
	x, _ := records.Read(c, 0)
	y, _ := records.Read(c, 0)
	if x != y || x.Count != 0 {
		t.Error("what was forgotten is not read again")
	}
}
