package exec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/pflag"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/exec"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata/run")

// TestRuns runs the pipelines of testdata/run. Each file there is an archive
// that begins with what it shows and holds
//
//	repo/…    files of the repository, in its first commit; the directory is no
//	          git repository when there is a file "plain"
//	work/…    files that are laid over them and not committed
//	args      arguments of quire ci run, one a line
//	env       variables of the environment, one NAME=value a line
//	bare      names of bare repositories to make below $BASE
//
// in which $BASE stands for a directory of the case,
//
// and is compared with what it says of the run:
//
//	report    the outcomes, with failures and diagnostics
//	events    the events in the words of [eventText]: neighbouring output of one
//	          stream joined, and of one command all of stdout before stderr
//	logs      the content of the logs, without times, in the same order
//	refs      the refs of the bare repositories
//	error     the error of Local or Run
//
// $RUN, $WORKSPACE, $ROOT, $ID and $SHA stand for what differs from run to run.
// With -update the comparisons become rewrites; a file that is not there is not
// compared, and written only when it says something.
func TestRuns(t *testing.T) {
	files, err := filepath.Glob("../testdata/run/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runCase(t, archive)
			if *update {
				rewrite(t, file, archive, got)
				return
			}
			for _, f := range archive.Files {
				if text, ok := got[f.Name]; ok {
					if diff := cmp.Diff(string(f.Data), text); diff != "" {
						t.Errorf("%s (-want +got):\n%s", f.Name, diff)
					}
					delete(got, f.Name)
				}
			}
			if got["error"] != "" {
				t.Errorf("error: %s", got["error"])
			}
		})
	}
}

// rewrite replaces the expectations of an archive.
func rewrite(t *testing.T, file string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	var kept []txtar.File
	for _, f := range archive.Files {
		if _, ok := got[f.Name]; !ok {
			kept = append(kept, f)
		}
	}
	for _, name := range []string{"error", "report", "events", "logs", "refs"} {
		if got[name] != "" {
			kept = append(kept, txtar.File{Name: name, Data: []byte(got[name])})
		}
	}
	archive.Files = kept
	if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
		t.Fatal(err)
	}
}

// parseArgs turns the arguments of quire ci run into options.
func parseArgs(t testing.TB, text string) exec.Options {
	t.Helper()
	var o exec.Options
	var secrets []string
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	flags.StringArrayVar(&o.Only, "only", nil, "")
	flags.StringVar(&o.SHA, "sha", "", "")
	flags.StringVar(&o.Ref, "ref", "", "")
	flags.StringVar(&o.PreviousSHA, "previous-sha", "", "")
	flags.StringVar(&o.Config, "config", "", "")
	flags.BoolVar(&o.InPlace, "in-place", false, "")
	flags.BoolVar(&o.Mirror, "mirror", false, "")
	flags.StringArrayVar(&secrets, "secret", nil, "")
	if err := flags.Parse(strings.Split(strings.TrimSpace(text), "\n")); err != nil {
		t.Fatal(err)
	}
	for _, job := range flags.Args() {
		if job != "" {
			o.Jobs = append(o.Jobs, job)
		}
	}
	for _, s := range secrets {
		name, variable, ok := strings.Cut(s, "=env:")
		if !ok {
			t.Fatalf("--secret %s: cases give secrets as NAME=env:VAR", s)
		}
		if o.Secrets == nil {
			o.Secrets = map[string]exec.Secret{}
		}
		o.Secrets[name] = exec.Secret{Env: variable}
	}
	return o
}

// runCase runs the pipeline of an archive and returns what can be compared.
func runCase(t *testing.T, archive *txtar.Archive) map[string]string {
	f := newFixture(t, archive)
	var o exec.Options
	for _, file := range archive.Files {
		if file.Name == "args" {
			o = parseArgs(t, string(file.Data))
		}
	}
	report, events, err := f.run(o)
	got := map[string]string{"error": "", "report": "", "events": "", "logs": "", "refs": ""}
	if err != nil {
		got["error"] = f.scrub(report, err.Error()) + "\n"
	}
	if report.Outcome != "" {
		got["report"] = f.scrub(report, f.reportText(report))
	}
	got["events"] = f.scrub(report, eventsText(events))
	if report.Dir != "" {
		got["logs"] = f.scrub(report, logsText(t, report.Dir))
		checkStored(t, report, events)
	}
	for _, name := range f.bare {
		refs := f.gitIn(filepath.Join(f.base, name), "for-each-ref", "--format=%(objectname) %(refname)")
		got["refs"] += f.scrub(report, strings.TrimSpace(name+"\n"+refs)+"\n")
	}
	return got
}

var (
	hexSHA = regexp.MustCompile(`\b[0-9a-f]{40}\b`)
	broken = regexp.MustCompile("(\uFFFD|\\\\x[0-9a-f]{2})+")
	slot   = regexp.MustCompile(`\$STORE/workspaces/\d+`)
)

// scrub replaces what differs from run to run.
func (f *fixture) scrub(r *exec.Report, text string) string {
	if r.Dir != "" {
		text = strings.ReplaceAll(text, r.Dir, "$RUN")
		text = strings.ReplaceAll(text, filepath.Dir(filepath.Dir(r.Dir)), "$STORE")
		text = slot.ReplaceAllString(text, "$$WORKSPACE")
		text = strings.ReplaceAll(text, r.ID, "$ID")
	}
	text = strings.ReplaceAll(text, f.root, "$ROOT")
	text = strings.ReplaceAll(text, f.base, "$BASE")
	return hexSHA.ReplaceAllString(text, "$$SHA")
}

func (f *fixture) reportText(r *exec.Report) string {
	var b strings.Builder
	fmt.Fprintln(&b, r.Outcome)
	for _, d := range r.Diagnostics {
		writeDiagnostic(&b, "", d)
	}
	for _, j := range r.Jobs {
		fmt.Fprintf(&b, "%s %s", j.ID, j.Outcome)
		for _, exit := range j.IgnoredExits {
			fmt.Fprintf(&b, " (exit %d ignored)", exit)
		}
		if j.Notice != "" {
			fmt.Fprintf(&b, ": %s", j.Notice)
		}
		fmt.Fprintln(&b)
		if j.Failure == nil {
			continue
		}
		writeDiagnostic(&b, "  ", j.Failure.Diagnostic)
		if j.Failure.Command != "" {
			fmt.Fprintf(&b, "  command %s\n  exit %d %s\n  log %s\n", j.Failure.Command, j.Failure.Exit, j.Failure.Signal, j.Failure.Log)
		}
		for _, line := range j.Failure.Tail {
			fmt.Fprintf(&b, "  | %s\n", line)
		}
	}
	return b.String()
}

func writeDiagnostic(b *strings.Builder, indent string, d diag.Diagnostic) {
	fmt.Fprintf(b, "%s%s\n", indent, strings.ReplaceAll(d.Error(), "\n", "\n"+indent+"  "))
	for _, r := range d.Related {
		fmt.Fprintf(b, "%s  %s: %s\n", indent, source.Place{File: r.File, Span: r.Span}, r.Message)
	}
}

// eventsText shows the events, one a line. Two runs are equal when their texts
// are, after scrubbing.
func eventsText(events []exec.Event) string {
	var b strings.Builder
	output := map[string]string{}
	flush := func() {
		for _, stream := range []string{"stdout", "stderr"} {
			for _, line := range strings.SplitAfter(output[stream], "\n") {
				if line != "" {
					fmt.Fprintf(&b, "%s %q\n", stream, line)
				}
			}
			delete(output, stream)
		}
	}
	for _, e := range events {
		if e.Type == exec.Output {
			output[e.Stream] += e.Text
			continue
		}
		flush()
		fmt.Fprintln(&b, eventText(e))
	}
	flush()
	return b.String()
}

// eventText shows an event: its type, whose it is, and what it says.
func eventText(e exec.Event) string {
	text := []string{string(e.Type)}
	for _, part := range []string{e.JobID, strings.Join(e.Jobs, " "), e.Cmd, e.Outcome, e.Signal} {
		if part != "" {
			text = append(text, part)
		}
	}
	if e.Exit != nil {
		text = append(text, fmt.Sprint(*e.Exit))
	}
	if e.Message != "" {
		text = append(text, e.Message)
	}
	return strings.Join(text, " ")
}

// logsText shows the logs of a run without times, of each log stdout before
// stderr.
func logsText(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(filepath.Join(real, "jobs"), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(filepath.Join(real, "jobs"), path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "== %s\n", rel)
		if !strings.HasSuffix(path, ".log") {
			b.Write(text)
			return nil
		}
		for _, stream := range []string{"stdout", "stderr"} {
			for _, line := range bytes.SplitAfter(text, []byte("\n")) {
				if _, rest, ok := bytes.Cut(line, []byte(" ")); ok && bytes.HasPrefix(rest, []byte(stream)) {
					b.Write(rest)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkStored compares what observers were told with what is on disk.
func checkStored(t testing.TB, report *exec.Report, events []exec.Event) {
	t.Helper()
	stored := storedEvents(t, report.Dir)
	// How many replacement characters stand for a run of bytes is tested apart.
	collapse := func(text string) string {
		return broken.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "\uFFFD")
	}
	if diff := cmp.Diff(collapse(eventsText(events)), collapse(eventsText(stored))); diff != "" {
		t.Errorf("events observed and stored differ (-observed +stored):\n%s", diff)
	}
}

// storedEvents reads events.jsonl and takes the text of output from the logs.
func storedEvents(t testing.TB, dir string) []exec.Event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var events []exec.Event
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var e exec.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if e.Type == exec.Output {
			e.Text = logRange(t, dir, e)
		}
		events = append(events, e)
	}
	return events
}
