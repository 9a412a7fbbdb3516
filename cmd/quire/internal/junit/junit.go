// Package junit writes how a run went as JUnit XML, which the test views of CI
// servers and editors read: a suite for the run, a test case for each job.
package junit

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A Run is what a document is about.
type Run struct {
	Name   string       // of the suite
	Report *exec.Report // with its files named as they are to be shown
	Err    error        // what quire or the machine could not do, or nil
}

type (
	document struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		totals
		Suite suite `xml:"testsuite"`
	}
	suite struct {
		Name      string `xml:"name,attr"`
		ID        string `xml:"id,attr,omitempty"`
		Timestamp string `xml:"timestamp,attr"`
		totals
		Cases []testCase `xml:"testcase"`
	}
	totals struct {
		Tests    int     `xml:"tests,attr"`
		Failures int     `xml:"failures,attr"`
		Errors   int     `xml:"errors,attr"`
		Skipped  int     `xml:"skipped,attr"`
		Time     seconds `xml:"time,attr"`
	}
	testCase struct {
		Name  string  `xml:"name,attr"`
		Class string  `xml:"classname,attr"`
		Time  seconds `xml:"time,attr"`
		File  string  `xml:"file,attr,omitempty"`
		Line  int     `xml:"line,attr,omitempty"`
		// At most one of these says that the case did not succeed.
		Failure *fault  `xml:"failure"`
		Error   *fault  `xml:"error"`
		Skipped *fault  `xml:"skipped"`
		Stdout  *output `xml:"system-out"`
		Stderr  *output `xml:"system-err"`
	}
	fault struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
	output struct {
		Text string `xml:",cdata"`
	}
)

// Seconds is a time as the format has it.
type seconds time.Duration

func (s seconds) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: fmt.Sprintf("%.3f", time.Duration(s).Seconds())}, nil
}

// Encode returns the document about a run. It is valid XML whatever the jobs
// wrote: what XML has no character for is shown as package terminal shows it.
func (r *Recorder) Encode(run Run) ([]byte, error) {
	report := run.Report
	s := suite{Name: clean(run.Name), ID: report.ID, Timestamp: report.Started.UTC().Format("2006-01-02T15:04:05")}
	for _, job := range report.Jobs {
		s.add(r.testCase(s.Name, job))
	}
	for _, c := range troubles(run) {
		c.Class = s.Name
		s.add(c)
	}
	if !report.Finished.IsZero() {
		s.Time = seconds(report.Finished.Sub(report.Started))
	}
	text, err := xml.MarshalIndent(document{Name: "quire", totals: s.totals, Suite: s}, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

func (s *suite) add(c testCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

// testCase returns the case of a job.
func (r *Recorder) testCase(class string, job exec.JobReport) testCase {
	c := testCase{Name: clean(job.ID), Class: class, Stdout: r.output(job.ID, "stdout"), Stderr: r.output(job.ID, "stderr")}
	if !job.Started.IsZero() && !job.Finished.IsZero() {
		c.Time = seconds(job.Finished.Sub(job.Started))
	}
	switch job.Outcome {
	case exec.Succeeded:
	case exec.Failed:
		c.Failure = &fault{Message: "failed"}
		if f := job.Failure; f != nil {
			c.Failure = explain(f)
			if d := f.Diagnostic; d.File != nil {
				c.File, c.Line = clean(d.File.Name()), d.File.Position(d.Span.Start).Line
			}
		}
	case exec.Skipped:
		c.Skipped = &fault{Message: clean(job.Notice)}
	case exec.NotRun:
		c.Skipped = &fault{Message: "not run"}
	default:
		c.Error = &fault{Message: string(job.Outcome), Type: string(job.Outcome)}
	}
	return c
}

// troubles returns cases for what went wrong outside of jobs.
func troubles(run Run) []testCase {
	var cases []testCase
	add := func(name string, f fault) { cases = append(cases, testCase{Name: name, Error: &f}) }
	for _, d := range run.Report.Diagnostics {
		if d.Severity() == diag.Error {
			add("pipeline", fault{clean(d.Message), string(d.Code), describe(d)})
		}
	}
	switch {
	case run.Err != nil:
		add("run", fault{clean(run.Err.Error()), "internal", ""})
	case run.Report.Outcome == exec.Cancelled && len(run.Report.Jobs) == 0:
		add("run", fault{"cancelled", "cancelled", ""})
	}
	return cases
}

// explain says why a job failed.
func explain(f *exec.Failure) *fault {
	var b strings.Builder
	b.WriteString(describe(f.Diagnostic))
	if f.Command != "" {
		fmt.Fprintf(&b, "command: %s\nexit: %d", clean(f.Command), f.Exit)
		if f.Signal != "" {
			fmt.Fprintf(&b, " (%s)", f.Signal)
		}
		b.WriteByte('\n')
	}
	for _, line := range f.Tail {
		fmt.Fprintf(&b, "| %s\n", clean(line))
	}
	if f.Log != "" {
		fmt.Fprintf(&b, "log: %s\n", clean(f.Log))
	}
	return &fault{Message: clean(f.Diagnostic.Message), Type: string(f.Diagnostic.Code), Text: b.String()}
}

// describe returns a diagnostic and the places that explain it, one a line.
func describe(d diag.Diagnostic) string {
	var b strings.Builder
	line := func(f *source.File, s source.Span, message string) {
		if f != nil {
			fmt.Fprintf(&b, "%s: ", clean(source.Place{File: f, Span: s}.String()))
		}
		fmt.Fprintln(&b, clean(message))
	}
	line(d.File, d.Span, d.Message)
	for _, r := range d.Related {
		line(r.File, r.Span, r.Message)
	}
	return b.String()
}

// clean returns text with nothing in it that a terminal would obey or XML has
// no character for.
func clean(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, terminal.Screen{}.Output(line))
	}
	return strings.NewReplacer("\ufffe", "\ufffd", "\uffff", "\ufffd").Replace(strings.Join(lines, "\n"))
}
