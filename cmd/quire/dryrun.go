package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
	"quire/exec"
)

// A dryFlags is what the flags say of showing a run instead of running it.
type dryFlags struct {
	on     bool
	format formatFlag
}

func (d *dryFlags) addFlags(flags *pflag.FlagSet) {
	d.format = formatFlag{formatText, []format{formatText, formatJSON}}
	flags.BoolVar(&d.on, "dry-run", false, "show which commands each job would execute, and execute none")
	flags.Var(&d.format, "format", "form of what --dry-run shows: "+d.format.names())
}

// check refuses flags that have no meaning together.
func (d *dryFlags) check(out outputFlags) error {
	switch {
	case !d.on && d.format.chosen != formatText:
		return usagef("--format is the form of what --dry-run shows: add --dry-run or leave out --format.")
	case d.on && (out.events != "" || out.junit != "" || out.results.outputs != ""):
		return usagef("--dry-run runs nothing that could be recorded: leave out --events, --junit and --outputs.")
	}
	return nil
}

// dryRun shows what the run of these flags would execute.
func (c *runCommand) dryRun(ctx context.Context, s *session, src *exec.Source) error {
	var err error
	if c.options.Secrets, err = unreadSecrets(ctx, s, c.secrets); err != nil {
		return err
	}
	c.options.DryRun = true
	r, err := carryOut(ctx, src, c.options)
	if err != nil {
		return err
	}
	names := naming{prefix: fromHere(src.Root), files: map[*source.File]*source.File{}}
	if c.pipeline != "" {
		names.files[src.File] = src.File // it was named on the command line
	}
	r = named(r, names)
	if c.dry.format.chosen == formatJSON {
		err = writeJSON(s.stdout, jsonPlanOf(r, names))
	} else {
		err = errors.Join(render.Diagnostics(s.stderr, s.stderr.screen, r.Diagnostics), writePlan(s.stdout, r))
	}
	if err == nil && r.Outcome != exec.Succeeded {
		err = errPipeline
	}
	return err
}

// unreadSecrets is secrets without asking for those that a run would ask for.
func unreadSecrets(ctx context.Context, s *session, values []string) (map[string]exec.Secret, error) {
	var kept, asked []string
	for _, value := range values {
		if strings.Contains(value, "=") || value == "" {
			kept = append(kept, value)
		} else {
			asked = append(asked, value)
		}
	}
	given, err := secrets(ctx, s, kept)
	if err != nil {
		return nil, err
	}
	for _, name := range asked {
		given[name] = exec.Secret{}
	}
	return given, nil
}

// writePlan shows the commands of each job.
func writePlan(out *stream, r *exec.Report) error {
	assumed := false
	var b strings.Builder
	if r.Resumed != "" {
		b.WriteString(planResumed(r) + "\n\n")
	}
	for i, job := range r.Jobs {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(planHead(out.screen, job) + "\n")
		for _, c := range job.Commands {
			writePlanned(&b, out.screen, c)
			assumed = assumed || !c.Certain
		}
		if job.Failure != nil {
			b.WriteString(planFailure(out.screen, job))
			assumed = assumed || job.Assumed
		}
	}
	if assumed {
		b.WriteString("\n" + out.screen.Paint(terminal.Dim, "? depends on how commands before it go: "+
			"each was taken to exit with 0 and to write nothing.") + "\n")
	}
	_, err := fmt.Fprint(out, b.String())
	return err
}

// planResumed says which run a run would go on with.
func planResumed(r *exec.Report) string {
	text := "goes on with run " + r.Resumed
	if len(r.Changed) > 0 {
		text += ", with what changed since:"
	}
	for _, path := range r.Changed {
		text += "\n  " + terminal.Inline(path)
	}
	return text
}

// planHead returns the first line about a job.
func planHead(screen terminal.Screen, job exec.JobReport) string {
	head := screen.Paint(terminal.Bold, terminal.Inline(job.ID))
	if job.Outcome == exec.Skipped || job.Outcome == exec.NotRun {
		head += " " + strings.ReplaceAll(string(job.Outcome), "-", " ")
	}
	if job.Notice != "" {
		head += ": " + screen.Output(job.Notice)
	}
	return head
}

func writePlanned(b *strings.Builder, screen terminal.Screen, c exec.PlannedCommand) {
	mark := screen.Paint(terminal.Green, "$")
	if !c.Certain {
		mark = screen.Paint(terminal.Yellow, "?")
	}
	for i, line := range strings.Split(c.String(), "\n") {
		if i > 0 {
			b.WriteString("\n")
			mark = " "
		}
		fmt.Fprintf(b, "  %s %s", mark, screen.Output(line))
	}
	var how []string
	if c.Dir != "" {
		how = append(how, "in "+terminal.Inline(c.Dir))
	}
	if c.Timeout != 0 {
		how = append(how, fmt.Sprintf("at most %v", c.Timeout))
	}
	if len(how) > 0 {
		b.WriteString(screen.Paint(terminal.Dim, " ("+strings.Join(how, ", ")+")"))
	}
	b.WriteString("\n")
}

// planFailure says that a job would fail, or might.
func planFailure(screen terminal.Screen, job exec.JobReport) string {
	mark, how := screen.Paint(terminal.Red, screen.Sign("✗", "x")), "fails"
	if job.Assumed {
		mark, how = screen.Paint(terminal.Yellow, "?"), "may fail"
	}
	d := job.Failure.Diagnostic
	place := source.Place{File: d.File, Span: d.Span}
	return fmt.Sprintf("  %s %s: %s %s\n", mark, how, screen.Output(firstLine(d.Message)),
		screen.Paint(terminal.Dim, "("+terminal.Inline(place.String())+")"))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// A jsonPlan is what run --dry-run prints.
type jsonPlan struct {
	Version     int              `json:"version"`
	Outcome     exec.Outcome     `json:"outcome"` // failed when a job fails for certain
	Resumed     string           `json:"resumed"` // id of the run that it would go on with, or empty
	Changed     []string         `json:"changed"` // paths of the files that changed since that run
	Jobs        []jsonPlanned    `json:"jobs"`
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
}

type jsonPlanned struct {
	ID       string          `json:"id"`
	Outcome  exec.Outcome    `json:"outcome"`
	Certain  bool            `json:"certain"` // whatever the commands do, the job ends this way
	Notice   string          `json:"notice"`
	Reused   string          `json:"reused"` // id of the run whose results for it would be taken, or empty
	Commands []jsonCommand   `json:"commands"`
	Failure  *jsonDiagnostic `json:"failure"`
}

type jsonCommand struct {
	Command string            `json:"command"` // as logs show it
	Argv    []string          `json:"argv"`    // null for a command of a shell
	Env     map[string]string `json:"env"`
	Dir     string            `json:"cwd"`        // relative to the workspace
	Timeout int64             `json:"timeout_ms"` // 0: none
	Certain bool              `json:"certain"`
	jsonSpan
}

func jsonPlanOf(r *exec.Report, names naming) jsonPlan {
	p := jsonPlan{Version: jsonVersion, Outcome: r.Outcome, Resumed: r.Resumed, Changed: append([]string{}, r.Changed...), Jobs: []jsonPlanned{},
		Diagnostics: jsonDiagnosisOf(r.Diagnostics, nil).Diagnostics}
	for _, job := range r.Jobs {
		j := jsonPlanned{ID: job.ID, Outcome: job.Outcome, Certain: !job.Assumed, Notice: job.Notice, Reused: job.Reused, Commands: []jsonCommand{}}
		for _, c := range job.Commands {
			j.Commands = append(j.Commands, jsonCommandOf(c.Command, c.Certain, names))
		}
		if job.Failure != nil {
			d := jsonDiagnosisOf(diag.List{job.Failure.Diagnostic}, nil).Diagnostics[0]
			j.Failure = &d
		}
		p.Jobs = append(p.Jobs, j)
	}
	return p
}

func jsonCommandOf(c pipeline.Command, certain bool, names naming) jsonCommand {
	env := map[string]string{}
	for _, v := range c.Env {
		env[v.Name] = v.Value
	}
	return jsonCommand{Command: c.String(), Argv: c.Argv, Env: env, Dir: c.Dir, Timeout: c.Timeout.Milliseconds(),
		Certain: certain, jsonSpan: jsonSpanOf(names.file(c.Place.File), c.Place.Span)}
}
