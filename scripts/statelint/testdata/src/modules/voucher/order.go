package voucher

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"sync"

	"google.golang.org/protobuf/encoding/protojson"
)

type totals map[string]int64

type report struct {
	Name  string
	Lines []struct{ ByCurrency totals }
}

type chain struct {
	next *chain
	all  [2][]*chain
}

func mapLoops(m map[string]int64, t totals) (sum int64) {
	for k := range m { // want `map order: a map is walked in another order on every node; instead: range over slices.Sorted`
		sum += int64(len(k))
	}
	for _, v := range t { // want `map order`
		sum += v
	}
	for _, v := range m { //statelint:sorted addition commutes and is checked elsewhere
		sum += v
	}
	//statelint:sorted addition commutes
	for _, v := range m {
		sum += v
	}
	//statelint:sorted
	for _, v := range m { // want `map order`
		sum += v
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		sum += m[k]
	}
	for range []int64{1} {
		sum++
	}
	return sum
}

//statelint:sorted nothing to excuse // want `idle mark: no loop over a map stands here`
var first = slices.Collect(maps.Keys(totals{})) // want `map order: maps.Keys walks a map`

func iterators(m map[string]int64, s *sync.Map) {
	for range maps.Values(m) { // want `map order: maps.Values`
	}
	for range maps.All(m) { // want `map order: maps.All`
	}
	s.Range(func(_, _ any) bool { return true }) // want `map order: \(\*sync.Map\).Range`
	_ = reflect.ValueOf(m).MapKeys()             // want `map order: \(reflect.Value\).MapKeys`
	_ = slices.SortedFunc(maps.Values(m), func(a, b int64) int { return int(a - b) })
}

func encode(m totals, r *report, w *json.Encoder) {
	_, _ = json.Marshal(m) // want `json map: the order of a map's keys`
	_, _ = json.Marshal(r) // want `json map`
	_ = w.Encode(m)        // want `json map`
	_, _ = json.Marshal([]string{"a"})
	_, _ = json.Marshal(chain{})
	_ = json.Unmarshal(nil, &m)
}

func text(m any) {
	_, _ = protojson.Marshal(m)              // want `unstable text: .*protojson.Marshal spaces its output`
	_ = protojson.MarshalOptions{}.Format(m) // want `unstable text`
	_ = protojson.Unmarshal([]byte("{}"), m)
}
