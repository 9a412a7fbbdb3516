// Package page writes a recorded run as one page of HTML that needs nothing
// but a browser: no other file, no network and no scripts. Everything that a
// pipeline or a command gave is text in it, whatever it looks like.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"quire/analysis/diag"
	"quire/analysis/drawing"
	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

//go:embed page.tmpl
var text string

//go:embed page.css
var css string

var page = template.Must(template.New("page").Parse(text))

// plain is how texts are laid out that are no output of commands.
var plain = terminal.Screen{Width: 100, Unicode: true}

type (
	document struct {
		Style    template.CSS
		Title    string
		Heading  string
		Outcome  word
		Facts    []fact
		Error    string
		Notes    []string
		Found    string // diagnostics of the configuration
		Failures []failure
		Graph    template.HTML
		Axis     []tick
		Lanes    []lane
		Jobs     []job
		By       string // what wrote the page
	}
	// A word is an outcome.
	word struct{ Class, Sign, Text string }
	fact struct {
		Name, Value string
		Wide        bool // it has a line of its own
	}
	// A failure is why a job failed.
	failure struct {
		Job, Anchor   string
		Message       string
		Place         string // file:line:column, or empty
		Text          string // the diagnostic with the lines it is about
		Command, Exit string
		Tail          template.HTML
		Log           string
	}
	job struct {
		ID, Anchor string
		Outcome    word
		Took       string
		Needs      []string
		Notice     string
		Open       bool
		Steps      []step
	}
	// A step is a command, or a message of the job when it has no Command.
	step struct {
		Command, Rest string // the first line, and the others
		Message       string
		Bad           bool
		Open          bool
		Exit          string
		Took          string
		Log           template.HTML
		Lines         int
		Missing       string // why there is no log
	}
)

// Write writes the page about a run; by names what writes it.
func Write(w io.Writer, run *exec.StoredRun, report *exec.Report, by string) error {
	t, err := readTimeline(run)
	if err != nil {
		return err
	}
	d := document{Style: template.CSS(css), Outcome: outcome(run.Outcome), Error: clean(run.Error), By: by}
	if run.Outcome == exec.Internal && strings.HasPrefix(run.Error, "interrupted") {
		d.Outcome.Text = "interrupted"
	}
	d.Heading = "A run of " + baseName(run.Root)
	d.Title = fmt.Sprintf("%s %s: %s", d.Outcome.Sign, d.Outcome.Text, d.Heading)
	d.Facts = facts(run)
	for _, note := range t.notes {
		d.Notes = append(d.Notes, clean(note))
	}
	d.Found = diagnostics(report.Diagnostics)
	d.Graph = graph(run)
	d.Axis, d.Lanes = t.lanes(run)
	logs := newBudget(run)
	for _, j := range report.Jobs {
		if j.Failure != nil {
			d.Failures = append(d.Failures, failureOf(j))
		}
		d.Jobs = append(d.Jobs, jobOf(run, j, t.jobs[j.ID], logs))
	}
	return page.Execute(w, d)
}

func facts(run *exec.StoredRun) []fact {
	all := []fact{
		{Name: "Ref", Value: terminal.Inline(run.Ref)},
		{Name: "Started", Value: stamp(run.Started)},
	}
	if run.Ended() {
		all = append(all, fact{Name: "Finished", Value: stamp(run.Finished)},
			fact{Name: "Took", Value: exec.Elapsed(max(run.Finished.Sub(run.Started), 0))})
	}
	all = append(all,
		fact{"Commit", terminal.Inline(run.SHA), true},
		fact{"Repository", terminal.Inline(run.Root), true},
		fact{"Record", terminal.Inline(run.Dir), true},
		fact{"Ran on", terminal.Inline(run.On), true})
	var known []fact
	for _, f := range all {
		if f.Value != "" {
			known = append(known, f)
		}
	}
	return known
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}

func baseName(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 {
		path = path[i+1:]
	}
	return terminal.Inline(path)
}

// words are how outcomes are shown.
var words = map[exec.Outcome]word{
	exec.Queued:    {"waiting", "·", "queued"},
	exec.Running:   {"running", "▶", "running"},
	exec.Succeeded: {"succeeded", "✓", "succeeded"},
	exec.Failed:    {"failed", "✗", "failed"},
	exec.Skipped:   {"skipped", "○", "skipped"},
	exec.Cancelled: {"stopped", "■", "cancelled"},
	exec.NotRun:    {"waiting", "·", "not run"},
	exec.Internal:  {"failed", "✗", "could not be carried out"},
}

func outcome(o exec.Outcome) word {
	if w, ok := words[o]; ok {
		return w
	}
	return word{"waiting", "·", terminal.Inline(string(o))}
}

// anchor is where the page has a job.
func anchor(id string) string { return fmt.Sprintf("job-%x", id) }

// graph draws what the jobs of a run need, with how they went.
func graph(run *exec.StoredRun) template.HTML {
	g := &pipeline.Graph{}
	reports := map[string]exec.JobReport{}
	for _, j := range run.Jobs {
		reports[j.ID] = j
	}
	for _, j := range run.Jobs {
		node := &pipeline.Job{ID: j.ID}
		for _, in := range run.Inputs[j.ID] {
			if _, here := reports[in]; here || strings.HasPrefix(in, dsl.SourcePrefix) {
				node.Inputs = append(node.Inputs, pipeline.Input{Name: in})
			}
		}
		g.Jobs = append(g.Jobs, node)
	}
	if len(g.Jobs) == 0 {
		return ""
	}
	d := drawing.New(g, nil).Annotated(func(id string) drawing.Annotation {
		j := reports[id]
		w := outcome(j.Outcome)
		a := drawing.Annotation{Mark: drawing.Mark(w.Class), Note: w.Sign + " " + w.Text, Link: "#" + anchor(id)}
		if span := took(j); span != "" {
			a.Note = w.Sign + " " + span
		}
		return a
	})
	return template.HTML(d.SVG()) // which escapes the names in it
}

// took is how long a job took, or nothing.
func took(j exec.JobReport) string {
	if j.Started.IsZero() || j.Finished.IsZero() {
		return ""
	}
	return exec.Elapsed(max(j.Finished.Sub(j.Started), 0))
}

func failureOf(j exec.JobReport) failure {
	f := j.Failure
	out := failure{Job: terminal.Inline(j.ID), Anchor: anchor(j.ID), Message: clean(f.Diagnostic.Message), Log: terminal.Inline(f.Log)}
	if d := f.Diagnostic; d.File != nil {
		p := d.File.Position(d.Span.Start)
		out.Place = terminal.Inline(fmt.Sprintf("%s:%d:%d", d.File.Name(), p.Line, p.Column))
		out.Text = diagnostics(diag.List{d})
	}
	if f.Command != "" {
		out.Command = clean(firstLine(f.Command))
		if strings.Contains(strings.TrimSpace(f.Command), "\n") {
			out.Command += " …"
		}
		out.Exit = exit(f.Exit, f.Signal)
	}
	var b strings.Builder
	for _, line := range f.Tail {
		writeLine(&b, line, false)
	}
	out.Tail = template.HTML(b.String())
	return out
}

func exit(code int, signal string) string {
	if signal != "" {
		return signal
	}
	return fmt.Sprintf("exit %d", code)
}

// diagnostics returns a list as text.
func diagnostics(list diag.List) string {
	var b strings.Builder
	for _, d := range list {
		_ = render.Diagnostic(&b, plain, d)
	}
	return b.String()
}

// clean returns text, which may have several lines, without anything that is not
// drawn as it is.
func clean(text string) string {
	return terminal.Plain(strings.ToValidUTF8(strings.TrimRight(text, "\n"), "\uFFFD"))
}
