package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
)

// report has what a run found. Its names are read by other programs.
type report struct {
	Scenario   string  `json:"scenario"`
	Validators int     `json:"validators"`
	Parts      int     `json:"parts"`
	Seconds    int     `json:"seconds"`
	Rate       int     `json:"rate"`
	VerifyUS   float64 `json:"verify_us"`
	NoopPerS   float64 `json:"noop_per_s"`
	NoopCPUUS  float64 `json:"noop_cpu_us"`
	P50MS      float64 `json:"p50_ms"`
	P99MS      float64 `json:"p99_ms"`
	RSSMiB     float64 `json:"rss_mib"`
	Load       float64 `json:"load"`
	Others     float64 `json:"others_cores"`
	Commit     string  `json:"commit"`
	*transferFigures
	*issueFigures
}

// transferFigures are those of the scenario transfer.
type transferFigures struct {
	Transfers              int     `json:"transfers"`
	TransfersPerS          float64 `json:"transfers_per_s"`
	CPUUSPerTransfer       float64 `json:"cpu_us_per_transfer"`
	BytesDiskPerTransfer   float64 `json:"bytes_disk_per_transfer"`
	SplitTransfersPerS     float64 `json:"split_transfers_per_s"`
	ClientCPUUSPerTransfer float64 `json:"client_cpu_us_per_transfer"`
	TransfersPerBlock      float64 `json:"transfers_per_block"`
}

// issueFigures are those of the scenario issue.
type issueFigures struct {
	Issues              int     `json:"issues"`
	IssuesPerS          float64 `json:"issues_per_s"`
	CPUUSPerIssue       float64 `json:"cpu_us_per_issue"`
	BytesDiskPerIssue   float64 `json:"bytes_disk_per_issue"`
	ClientCPUUSPerIssue float64 `json:"client_cpu_us_per_issue"`
	IssuesPerBlock      float64 `json:"issues_per_block"`
}

func newReport(o options) *report {
	return &report{Scenario: o.scenario, Validators: o.validators, Parts: o.parts, Seconds: o.seconds, Rate: o.rate}
}

// latency takes the percentiles of a phase.
func (r *report) latency(p *phase) {
	r.P50MS, r.P99MS = milliseconds(percentile(p.latencies, 50)), milliseconds(percentile(p.latencies, 99))
	r.Others = rounded(p.others, 2)
	r.RSSMiB = rounded(float64(p.used.rss)/(1<<20), 0)
}

func (r *report) transfers(whole, split *phase) {
	r.latency(whole)
	r.transferFigures = &transferFigures{
		Transfers: whole.count, TransfersPerS: rounded(whole.perSecond(), 1), CPUUSPerTransfer: whole.cpuEach(whole.used.cpu),
		BytesDiskPerTransfer: whole.bytesEach(), SplitTransfersPerS: rounded(split.perSecond(), 1),
		ClientCPUUSPerTransfer: whole.cpuEach(whole.own), TransfersPerBlock: whole.perBlock(),
	}
}

func (r *report) issues(p *phase) {
	r.latency(p)
	r.issueFigures = &issueFigures{
		Issues: p.count, IssuesPerS: rounded(p.perSecond(), 1), CPUUSPerIssue: p.cpuEach(p.used.cpu),
		BytesDiskPerIssue: p.bytesEach(), ClientCPUUSPerIssue: p.cpuEach(p.own), IssuesPerBlock: p.perBlock(),
	}
}

func (p *phase) cpuEach(cpu time.Duration) float64 {
	return rounded(each(float64(cpu)/float64(time.Microsecond), p.count), 1)
}

func (p *phase) bytesEach() float64 { return rounded(each(float64(p.used.written), p.count), 0) }

func (p *phase) perBlock() float64 { return rounded(each(float64(p.count), int(p.blocks)), 1) }

// write prints the figures as one JSON object, or as a table for people, in the same order.
func (r *report) write(out io.Writer, asJSON bool) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if asJSON {
		_, err = fmt.Fprintln(out, string(b))
		return err
	}
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	for _, row := range r.rows() {
		t.AppendRow(row)
	}
	t.Render()
	return nil
}

func (r *report) rows() []table.Row {
	out := []table.Row{
		{"scenario", r.Scenario},
		{"network", fmt.Sprintf("%d validators, %d parts, commit %s", r.Validators, r.Parts, r.Commit)},
	}
	out = append(out, table.Row{"machine", fmt.Sprintf("load %.2f before, others used %.2f cores during the run", r.Load, r.Others)})
	if f := r.transferFigures; f != nil {
		out = append(
			out, table.Row{"transfers", fmt.Sprintf("%d, %.0f a second, %.0f a block", f.Transfers, f.TransfersPerS, f.TransfersPerBlock)},
			table.Row{"nodes, a transfer", fmt.Sprintf("%.0f µs CPU, %.0f bytes to disk", f.CPUUSPerTransfer, f.BytesDiskPerTransfer)},
			table.Row{"partial transfers", fmt.Sprintf("%.0f a second", f.SplitTransfersPerS)},
		)
	}
	if f := r.issueFigures; f != nil {
		out = append(
			out, table.Row{"issues", fmt.Sprintf("%d, %.0f a second, %.0f a block", f.Issues, f.IssuesPerS, f.IssuesPerBlock)},
			table.Row{"nodes, an issue", fmt.Sprintf("%.0f µs CPU, %.0f bytes to disk", f.CPUUSPerIssue, f.BytesDiskPerIssue)},
		)
	}
	return append(
		out, table.Row{"until final", fmt.Sprintf("p50 %.0f ms, p99 %.0f ms", r.P50MS, r.P99MS)},
		table.Row{"largest node", fmt.Sprintf("%.0f MiB", r.RSSMiB)},
		table.Row{"one secp256k1 check", fmt.Sprintf("%.0f µs", r.VerifyUS)},
		table.Row{"engine alone", fmt.Sprintf("%.0f transactions a second, %.0f µs CPU each", r.NoopPerS, r.NoopCPUUS)},
	)
}
