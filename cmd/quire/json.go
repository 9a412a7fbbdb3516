package main

import (
	"encoding/json"
	"io"
	"time"

	"quire/analysis/diag"
	"quire/analysis/drawing"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// jsonVersion counts the incompatible changes of what --format json prints.
const jsonVersion = 1

// A jsonPosition is a place: line and byte column from 1, byte offset from 0.
type jsonPosition struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Offset int `json:"offset"`
}

// A jsonSpan is a half-open region of a file.
type jsonSpan struct {
	File  string       `json:"file"`
	Start jsonPosition `json:"start"`
	End   jsonPosition `json:"end"`
}

type jsonDiagnostic struct {
	Code     diag.Code `json:"code"`
	Severity string    `json:"severity"`
	Message  string    `json:"message"`
	Help     string    `json:"help"`
	jsonSpan
	Related []jsonRelated `json:"related"`
	Fixes   []jsonFix     `json:"fixes"`
}

type jsonRelated struct {
	Message string `json:"message"`
	jsonSpan
}

type jsonFix struct {
	Title string     `json:"title"`
	Safe  bool       `json:"safe"`
	Edits []jsonEdit `json:"edits"`
}

type jsonEdit struct {
	jsonSpan
	Text string `json:"text"`
}

type jsonJob struct {
	ID      string   `json:"id"`
	Inputs  []string `json:"inputs"`
	Labels  []string `json:"labels"`
	Timeout *float64 `json:"timeout_s"` // seconds; null: none
	jsonSpan
}

type jsonCode struct {
	Code     diag.Code `json:"code"`
	Severity string    `json:"severity"`
	Title    string    `json:"title"`
	Explain  string    `json:"explain"`
	Bad      string    `json:"bad"`
	Good     string    `json:"good"`
}

// A jsonDiagnosis is what validate prints.
type jsonDiagnosis struct {
	Version     int              `json:"version"`
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
	Jobs        []jsonJob        `json:"jobs"`
}

// A jsonJobs is what jobs prints.
type jsonJobs struct {
	Version int       `json:"version"`
	Jobs    []jsonJob `json:"jobs"`
}

// A jsonGraph is what graph prints. Ends of edges and members of cycles are ids
// of nodes, which are unique.
type jsonGraph struct {
	Version int        `json:"version"`
	Nodes   []jsonNode `json:"nodes"`
	Edges   []jsonEdge `json:"edges"`
	Cycles  [][]string `json:"cycles"`
}

type jsonNode struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // job, source or unknown
	// Cyclic, Unreachable and Broken say why the job cannot run: it needs
	// itself, nothing starts it, or its registration was refused.
	Cyclic      bool `json:"cyclic"`
	Unreachable bool `json:"unreachable"`
	Broken      bool `json:"broken"`
	Errors      int  `json:"errors"`
	Warnings    int  `json:"warnings"`
	*jsonSpan        // of the registration; only jobs have one
}

// A jsonEdge leads from what is needed to what needs it.
type jsonEdge struct {
	From string `json:"from"`
	To   string `json:"to"`
	Back bool   `json:"back"` // the edge closes a cycle
}

// A jsonCodes is what explain prints.
type jsonCodes struct {
	Version int        `json:"version"`
	Codes   []jsonCode `json:"codes"`
}

func writeJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

func jsonSpanOf(f *source.File, s source.Span) jsonSpan {
	if f == nil {
		start := jsonPosition{Line: 1, Column: 1}
		return jsonSpan{Start: start, End: start}
	}
	position := func(offset int) jsonPosition {
		p := f.Position(offset)
		return jsonPosition{p.Line, p.Column, offset}
	}
	return jsonSpan{f.Name(), position(s.Start), position(s.End)}
}

func jsonDiagnosticOf(d diag.Diagnostic) jsonDiagnostic {
	j := jsonDiagnostic{
		Code:     d.Code,
		Severity: d.Severity().String(),
		Message:  d.Message,
		Help:     d.Help,
		jsonSpan: jsonSpanOf(d.File, d.Span),
		Related:  []jsonRelated{},
		Fixes:    []jsonFix{},
	}
	for _, r := range d.Related {
		j.Related = append(j.Related, jsonRelated{r.Message, jsonSpanOf(r.File, r.Span)})
	}
	for _, f := range d.Fixes {
		fix := jsonFix{f.Title, f.Safe, []jsonEdit{}}
		for _, e := range f.Edits {
			fix.Edits = append(fix.Edits, jsonEdit{jsonSpanOf(e.File, e.Span), e.Text})
		}
		j.Fixes = append(j.Fixes, fix)
	}
	return j
}

func jsonDiagnosisOf(list diag.List, jobs []*pipeline.Job) jsonDiagnosis {
	d := jsonDiagnosis{Version: jsonVersion, Diagnostics: []jsonDiagnostic{}, Jobs: jsonJobsOf(jobs).Jobs}
	for _, one := range list {
		d.Diagnostics = append(d.Diagnostics, jsonDiagnosticOf(one))
	}
	return d
}

func jsonJobsOf(list []*pipeline.Job) jsonJobs {
	jobs := jsonJobs{Version: jsonVersion, Jobs: []jsonJob{}}
	for _, job := range list {
		j := jsonJob{ID: job.ID, Inputs: []string{}, Labels: append([]string{}, job.Labels...), Timeout: jsonSeconds(job.Timeout),
			jsonSpan: jsonSpanOf(job.Call.File, job.Call.Span)}
		for _, input := range job.Inputs {
			j.Inputs = append(j.Inputs, input.Name)
		}
		jobs.Jobs = append(jobs.Jobs, j)
	}
	return jobs
}

func jsonSeconds(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	s := d.Seconds()
	return &s
}

func jsonGraphOf(d *drawing.Drawing) jsonGraph {
	g := jsonGraph{Version: jsonVersion, Nodes: []jsonNode{}, Edges: []jsonEdge{}, Cycles: [][]string{}}
	for i := range d.Nodes {
		n := &d.Nodes[i]
		j := jsonNode{ID: n.Name, Kind: n.Kind.String(), Cyclic: n.Cyclic, Unreachable: n.Unreachable, Broken: n.Broken}
		for _, f := range n.Findings {
			switch f.Severity() {
			case diag.Error:
				j.Errors++
			case diag.Warning:
				j.Warnings++
			}
		}
		if n.Place.File != nil {
			span := jsonSpanOf(n.Place.File, n.Place.Span)
			j.jsonSpan = &span
		}
		g.Nodes = append(g.Nodes, j)
	}
	for _, e := range d.Edges {
		g.Edges = append(g.Edges, jsonEdge{d.Nodes[e.From].Name, d.Nodes[e.To].Name, e.Back})
	}
	for _, c := range d.Cycles {
		var ids []string
		for _, i := range c {
			ids = append(ids, d.Nodes[i].Name)
		}
		g.Cycles = append(g.Cycles, ids)
	}
	return g
}

func jsonCodesOf(entries []diag.Entry) jsonCodes {
	codes := jsonCodes{Version: jsonVersion, Codes: []jsonCode{}}
	for _, e := range entries {
		codes.Codes = append(codes.Codes, jsonCode{e.Code, e.Severity.String(), e.Title, e.Explain, e.Bad, e.Good})
	}
	return codes
}
