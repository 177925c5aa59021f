// Package doctor looks a node over, running or stopped, and says of each thing that is wrong how bad it is and what
// cures it. It changes nothing: it opens the state of a stopped node as a start does, which finishes what a kill left half
// done, and writes and deletes a file to time the disk.
package doctor

import (
	"context"
	"fmt"
	"time"
)

// Level is how bad a finding is.
type Level string

// The levels, from good to bad. A fault keeps the node from doing its work, or soon will; a warning is for office hours.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Fault   Level = "fault"
)

// Finding is what one check has to say.
type Finding struct {
	Check string `json:"check"`
	Level Level  `json:"level"`
	What  string `json:"what"`
	Cure  string `json:"cure,omitempty"`
}

// Options of an examination. A zero takes the default.
type Options struct {
	// NTP is a time server to ask; empty: none is asked.
	NTP string
	// MinFreeGiB of disk are needed (default 5); below twice of it there is a warning.
	MinFreeGiB int
	// SlowSync is how long a write may take to reach the disk (default 50 ms); ten times of it is a fault.
	SlowSync time.Duration
	// Timeout of each thing that is asked over the network (default 3 s).
	Timeout time.Duration
	// Now is this machine's clock; nil means time.Now.
	Now func() time.Time
}

const (
	minFreeGiBDefault = 5
	slowSyncDefault   = 50 * time.Millisecond
	timeoutDefault    = 3 * time.Second
)

func (o Options) withDefaults() Options {
	if o.MinFreeGiB == 0 {
		o.MinFreeGiB = minFreeGiBDefault
	}
	if o.SlowSync == 0 {
		o.SlowSync = slowSyncDefault
	}
	if o.Timeout == 0 {
		o.Timeout = timeoutDefault
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// check is one row of the table: a name and what it looks at. It says nothing where it has nothing to look at.
type check struct {
	name string
	run  func(context.Context, *patient) []Finding
}

// table is what is looked at, in order: first what the others need.
var table = []check{
	{"configuration", configuration},
	{"permissions", permissions},
	{"keys", identity},
	{"certificate", certificate},
	{"genesis", genesis},
	{"database", database},
	{"registration", registration},
	{"validator", validator},
	{"signing", signing},
	{"ports", ports},
	{"peers", peers},
	{"lag", lag},
	{"clock", clock},
	{"disk", disk},
	{"files", descriptors},
	{"memory", memory},
}

// Names lists the checks in order.
func Names() []string {
	out := make([]string, len(table))
	for i, c := range table {
		out[i] = c.name
	}
	return out
}

// Examine looks a node's home over. Where the configuration cannot be read there is nothing else to look at.
func Examine(ctx context.Context, home string, o Options) []Finding {
	p := &patient{home: home, o: o.withDefaults()}
	var out []Finding
	for _, c := range table {
		found := c.run(ctx, p)
		for i := range found {
			found[i].Check = c.name
		}
		out = append(out, found...)
		if c.name == "configuration" && Worst(found) == Fault {
			break
		}
		if c.name == "configuration" {
			p.meet(ctx)
		}
	}
	p.leave()
	return out
}

// Worst is the worst level of findings.
func Worst(all []Finding) Level {
	worst := OK
	for _, f := range all {
		if f.Level == Fault || f.Level == Warning && worst == OK {
			worst = f.Level
		}
	}
	return worst
}

func fine(format string, args ...any) []Finding {
	return []Finding{{Level: OK, What: fmt.Sprintf(format, args...)}}
}

func fault(cure, format string, args ...any) Finding {
	return Finding{Level: Fault, What: fmt.Sprintf(format, args...), Cure: cure}
}

func warning(cure, format string, args ...any) Finding {
	return Finding{Level: Warning, What: fmt.Sprintf(format, args...), Cure: cure}
}

// otherwise is what was found, or that nothing was.
func otherwise(found []Finding, format string, args ...any) []Finding {
	if len(found) > 0 {
		return found
	}
	return fine(format, args...)
}
