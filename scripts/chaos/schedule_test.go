package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A schedule kills exactly as often as asked for, nodes that there are, none twice in one strike, and the same seed
// gives the same schedule.
func TestStrikes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, kills, nodes := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 600).Draw(t, "kills"), rapid.IntRange(1, 7).Draw(t, "nodes")
		all, sum := strikes(childRand(seed, 0), kills, nodes), 0
		for _, s := range all {
			sum += len(s.nodes)
			sorted := slices.Sorted(slices.Values(s.nodes))
			if len(slices.Compact(sorted)) != len(s.nodes) || sorted[0] < 0 || sorted[len(sorted)-1] >= nodes {
				t.Fatalf("nodes %v of %d", s.nodes, nodes)
			}
			if s.before < 0 || s.before >= killPauseMax || s.down < 0 || s.down >= downMax {
				t.Fatalf("%+v", s)
			}
		}
		if sum != kills {
			t.Fatalf("%d kills where %d were asked for", sum, kills)
		}
		if !reflect.DeepEqual(all, strikes(childRand(seed, 0), kills, nodes)) {
			t.Fatal("the same seed, another schedule")
		}
	})
}

// Five hundred kills hit every node, one, several and all at once.
func TestStrikesAreOfEveryShape(t *testing.T) {
	sizes, hit := map[int]int{}, map[int]int{}
	for _, s := range strikes(childRand(1, 0), 500, validators) {
		sizes[len(s.nodes)]++
		for _, i := range s.nodes {
			hit[i]++
		}
	}
	if len(sizes) != validators || len(hit) != validators || sizes[1] < sizes[2]+sizes[3]+sizes[4] {
		t.Errorf("sizes %v, nodes %v", sizes, hit)
	}
}

func TestOutages(t *testing.T) {
	how := map[uint32]int{}
	for _, o := range outages(childRand(3, 0), 200, validators) {
		how[o.how]++
		if o.before < 0 || o.before >= cutPauseMax {
			t.Errorf("%+v", o)
		}
	}
	if how[cutNoLogFlush] < 2*how[cutLogFlush] || how[cutLogFlush] == 0 || len(how) != 2 {
		t.Errorf("%v", how)
	}
}

func TestPairsAndOneOff(t *testing.T) {
	shapes := map[string]bool{}
	for seed := range uint64(50) {
		g := pairs(childRand(seed, 0))
		if len(g) != validators || slices.Index(g, 0) < 0 || sum(g) != 2 {
			t.Fatalf("%v", g)
		}
		shapes[string(rune('0'+g[0]))+string(rune('0'+g[1]))+string(rune('0'+g[2]))] = true
		if o := oneOff(childRand(seed, 0), validators); sum(o) != 1 || slices.Max(o) != 1 {
			t.Fatalf("%v", o)
		}
	}
	if len(shapes) != 6 {
		t.Errorf("%d ways of halving four", len(shapes))
	}
}

func sum(in []int) (out int) {
	for _, n := range in {
		out += n
	}
	return out
}

func TestMajority(t *testing.T) {
	for _, tc := range []struct {
		group, want []int
	}{
		{[]int{0, 0, 0, 0}, []int{0, 1, 2, 3}},
		{[]int{0, 0, 1, 0}, []int{0, 1, 3}},
		{[]int{2, 1, 1, 1}, []int{1, 2, 3}},
		{[]int{0, 0, 1, 1}, nil},
		{[]int{0, 1, 2, 3}, nil},
		{[]int{0, 0, 1, 2}, nil},
		{[]int{0, 0, 1}, nil}, // two thirds are not more than two thirds
		{[]int{5}, []int{0}},
	} {
		if got := majority(tc.group); !slices.Equal(got, tc.want) {
			t.Errorf("%v: %v, want %v", tc.group, got, tc.want)
		}
	}
}

func TestEndFault(t *testing.T) {
	for _, tc := range []struct {
		name  string
		code  int
		said  string
		codes []int
		want  string
	}{
		{"as promised", 70, "level=ERROR\ntallyd: the node has failed: write wal: no space left on device\n", []int{70}, ""},
		{"either code", 1, "tallyd: open state: no space left on device", []int{1, 70}, ""},
		{"went well", 0, "tallyd: no space left on device", []int{70}, "code 0"},
		{"killed", -1, "tallyd: no space left on device", []int{70}, "code -1"},
		{"panicked", 70, "panic: no space left on device\n\ngoroutine 1 [running]:\nno space left on device", []int{70}, "stack trace"},
		{"says nothing", 70, "", []int{70}, "last line"},
		{"says so too early", 70, "no space left on device\ntallyd: its log says why\n", []int{70}, "last line"},
	} {
		got := endFault(tc.code, tc.said, tc.codes)
		if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestAim(t *testing.T) {
	for _, tc := range []struct {
		attack string
		gates  []int
		with   []string
	}{
		{attackOwn, []int{1}, []string{weaponSend, weaponCall, weaponBody, weaponConnect}},
		{attackOthers, []int{0, 2, 3}, weapons},
		{weaponBody, []int{0, 2, 3}, []string{weaponBody}},
		{weaponStrangers, []int{0, 2, 3}, []string{weaponStrangers}},
	} {
		if gates, with := aim(tc.attack, 1, 4); !slices.Equal(gates, tc.gates) || !slices.Equal(with, tc.with) {
			t.Errorf("%s: %v %v", tc.attack, gates, with)
		}
	}
}

func TestAttacks(t *testing.T) {
	short, long := &floodTrial{stage: stageFor(t, 1)}, &floodTrial{stage: stageFor(t, 2)}
	if got := short.attacks(); !slices.Equal(got, []string{attackOwn}) {
		t.Error(got)
	}
	if got := long.attacks(); len(got) != len(weapons)+2 {
		t.Error(got)
	}
}

func TestFloodIsJudgedByTheShareThatIsLeft(t *testing.T) {
	for _, tc := range []struct {
		before, during int
		ok             bool
	}{{100, 100, true}, {100, 80, true}, {100, 79, false}, {100, 0, false}, {100, 130, true}} {
		f := &floodTrial{stage: stageFor(t, 1)}
		f.judge("own", window{length: time.Second, done: tc.before}, window{length: time.Second, done: tc.during, failed: map[string]int{"busy": 3, "gone": 9}}, "did things")
		if (f.verdict.Count == 0) != tc.ok {
			t.Errorf("%d of %d: %v", tc.during, tc.before, f.verdict.Breaches)
		}
		if !tc.ok && !strings.Contains(f.verdict.Breaches[0], "9 failed: gone") {
			t.Error(f.verdict.Breaches)
		}
	}
}

func TestWindow(t *testing.T) {
	w := window{length: 10 * time.Second, failed: map[string]int{}}
	if w.fault() != "nothing failed" || w.rate() != 0 {
		t.Error(w.fault(), w.rate())
	}
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	w.offer(past)
	w.offer(future) // before the window began
	w.note(past, nil, time.Second)
	w.note(future, nil, time.Second)
	w.note(past, errEnded, 0)
	if w.offered != 1 || w.done != 1 || len(w.took) != 1 || len(w.failed) != 1 || rounded(w.rate()) != 0.1 {
		t.Errorf("%+v, %v", w, w.rate())
	}
}

func TestNumberOf(t *testing.T) {
	for home, want := range map[string]int{"/a/b/node3": 3, "node0": 0, "/x/node12": 12} {
		if got := numberOf(home); got != want {
			t.Errorf("%s: %d", home, got)
		}
	}
}

func TestCounted(t *testing.T) {
	if got := counted(map[string]int{"a": 1, "b": 30, "c": 2}); got != "b 30, c 2, a 1" {
		t.Error(got)
	}
}

// Proposers, partitions and lies of every kind are reached by the counts that a run is asked for.
func TestEveryKindIsReached(t *testing.T) {
	for _, s := range scenarios() {
		switch s.name {
		case "proposer":
			if s.long.count < 2*len(garbage) {
				t.Errorf("%d proposals for %d kinds", s.long.count, len(garbage))
			}
		case "liar":
			if s.long.count < len(lies) {
				t.Errorf("%d lies of %d", s.long.count, len(lies))
			}
		}
	}
}
