package main

import (
	"encoding/json"
	"io"

	"quire/analysis/diag"
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
	ID     string   `json:"id"`
	Inputs []string `json:"inputs"`
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

func jsonDiagnosisOf(list diag.List, g *pipeline.Graph) jsonDiagnosis {
	d := jsonDiagnosis{Version: jsonVersion, Diagnostics: []jsonDiagnostic{}, Jobs: jsonJobsOf(g).Jobs}
	for _, one := range list {
		d.Diagnostics = append(d.Diagnostics, jsonDiagnosticOf(one))
	}
	return d
}

func jsonJobsOf(g *pipeline.Graph) jsonJobs {
	jobs := jsonJobs{Version: jsonVersion, Jobs: []jsonJob{}}
	for _, job := range listed(g) {
		j := jsonJob{ID: job.ID, Inputs: []string{}, jsonSpan: jsonSpanOf(job.Call.File, job.Call.Span)}
		for _, input := range job.Inputs {
			j.Inputs = append(j.Inputs, input.Name)
		}
		jobs.Jobs = append(jobs.Jobs, j)
	}
	return jobs
}

func jsonCodesOf(entries []diag.Entry) jsonCodes {
	codes := jsonCodes{Version: jsonVersion, Codes: []jsonCode{}}
	for _, e := range entries {
		codes.Codes = append(codes.Codes, jsonCode{e.Code, e.Severity.String(), e.Title, e.Explain, e.Bad, e.Good})
	}
	return codes
}
