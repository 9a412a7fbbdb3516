package exec_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/exec"
	"quire/exec/exectest"
)

// TestDryRuns plans the pipelines of testdata/dryrun, archives as those of
// testdata/run in which the arguments may hold $BASE, and compares the file
// "plan": for each job how it would end and its commands, marked with ! when
// they are certain and with ? when they are assumed. It wants nothing to be
// started, stored or told.
func TestDryRuns(t *testing.T) {
	exectest.EachCase(t, "../testdata/dryrun/*.txtar", func(t *testing.T, file string, archive *txtar.Archive) {
		got := planCase(t, archive)
		if *update {
			archive.Files = append(without(archive.Files, "plan"), txtar.File{Name: "plan", Data: []byte(got)})
			if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(exectest.File(archive, "plan"), got); diff != "" {
			t.Errorf("plan (-want +got):\n%s", diff)
		}
		for _, secret := range []string{"hunter2", "file-password", "inline-password"} {
			if strings.Contains(got, secret) {
				t.Errorf("the plan shows %s", secret)
			}
		}
	})
}

func without(files []txtar.File, name string) []txtar.File {
	var kept []txtar.File
	for _, f := range files {
		if f.Name != name {
			kept = append(kept, f)
		}
	}
	return kept
}

func planCase(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	f := newFixture(t, archive)
	if config := exectest.File(archive, "repo/config.fnl"); config != "" {
		f.WriteOwn(filepath.Join(f.Base, "config.fnl"), strings.ReplaceAll(config, "$BASE", f.Base))
	}
	args := exectest.Args(archive)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "$BASE", f.Base)
	}
	o := exectest.Options(t, args)
	o.DryRun = true
	report, events, err := f.run(o)
	var b strings.Builder
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
	}
	writePlan(&b, report)
	if len(events) > 0 || report.ID != "" || report.Dir != "" {
		t.Errorf("there is a trace of a run: %+v, %d events", report, len(events))
	}
	if _, err := os.Stat(filepath.Join(f.Base, "state")); err == nil {
		t.Error("something was stored")
	}
	return f.scrub(report, b.String())
}

func writePlan(b *strings.Builder, r *exec.Report) {
	fmt.Fprintln(b, r.Outcome)
	for _, d := range r.Diagnostics {
		exectest.WriteDiagnostic(b, "", d)
	}
	for _, j := range r.Jobs {
		fmt.Fprintf(b, "%s %s", j.ID, j.Outcome)
		if j.Assumed {
			fmt.Fprint(b, " (assumed)")
		}
		if j.Notice != "" {
			fmt.Fprintf(b, ": %s", j.Notice)
		}
		fmt.Fprintln(b)
		for i, c := range j.Commands {
			if i == 10 {
				fmt.Fprintf(b, "  and %d more\n", len(j.Commands)-i)
				break
			}
			fmt.Fprintf(b, "  %s %s\n", map[bool]string{true: "!", false: "?"}[c.Certain], describe(c.Command))
		}
		if j.Failure != nil {
			exectest.WriteDiagnostic(b, "  ", j.Failure.Diagnostic)
		}
	}
}

func describe(c pipeline.Command) string {
	text := c.String()
	for _, v := range c.Env {
		text += fmt.Sprintf(" %s=%s", v.Name, v.Value)
	}
	if c.Dir != "" {
		text += " in " + c.Dir
	}
	if c.Timeout != 0 {
		text += " within " + c.Timeout.String()
	}
	return text + " at " + c.Place.String()
}

// TestDryRunReadsTheStore takes outputs of jobs that do not run from an earlier
// run.
func TestDryRunReadsTheStore(t *testing.T) {
	f := pipelineFixture(t, readsInputs)
	f.succeed(exec.Options{})
	before := tree(t, filepath.Join(f.Base, "state"))
	report, events := f.succeed(exec.Options{Only: []string{"deploy"}, DryRun: true})
	if len(events) > 0 || len(report.Jobs) != 1 {
		t.Errorf("%d events, %+v", len(events), report.Jobs)
	}
	if diff := cmp.Diff(before, tree(t, filepath.Join(f.Base, "state"))); diff != "" {
		t.Errorf("the store changed (-before +after):\n%s", diff)
	}
}

// tree lists the files below a directory.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestCancelledDryRun(t *testing.T) {
	f := pipelineFixture(t, script("true"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report, _, err := f.runContext(ctx, exec.Options{DryRun: true})
	if err != nil || report.Outcome != exec.Cancelled {
		t.Errorf("%s, %v", report.Outcome, err)
	}
}

// TestDryRunHasTheLimitsOfLoading has a run-fn compute for longer than loading
// may take, which does not mean that a run would fail.
func TestDryRunHasTheLimitsOfLoading(t *testing.T) {
	f := pipelineFixture(t, `(local {: job} (require :quire.ci))
(job :busy [:quire/push] (fn [] (while true nil)))`)
	report, _ := f.succeed(exec.Options{DryRun: true})
	job := report.Jobs[0]
	if job.Outcome != exec.Failed || !job.Assumed || !strings.Contains(job.Failure.Diagnostic.Message, "went over its limit") {
		t.Errorf("%+v", job)
	}
}

// TestImageExamples runs the examples of no-image, which a ci.fnl alone does not
// have. A dry run needs no container for it.
func TestImageExamples(t *testing.T) {
	t.Parallel()
	example := diag.NoImage.Entry()
	o := exec.Options{Container: true, DryRun: true}
	report, _, err := pipelineFixture(t, example.Bad).run(o)
	if err != nil {
		t.Fatal(err)
	}
	ds := report.Diagnostics
	if report.Outcome != exec.Failed || len(ds) != 1 || ds[0].Code != example.Code || ds[0].Severity() != example.Severity {
		t.Errorf("the bad example: %s, %v", report.Outcome, ds)
	}
	report, _, err = pipelineFixture(t, example.Good).run(o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Outcome != exec.Succeeded || len(report.Diagnostics) > 0 || report.Image == "" {
		t.Errorf("the good example: %s, %v, image %q", report.Outcome, report.Diagnostics, report.Image)
	}
}
