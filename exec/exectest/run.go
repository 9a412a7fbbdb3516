package exectest

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spf13/pflag"

	quire "quire/exec"
	"quire/exec/rundir"
)

// Args returns the arguments of quire ci run that an archive asks for: its file
// "args", one a line.
func Args(archive *txtar.Archive) []string {
	return strings.FieldsFunc(File(archive, "args"), func(r rune) bool { return r == '\n' })
}

// Options turns arguments of quire ci run into options. Secrets can be given as
// NAME=env:VAR only.
func Options(t testing.TB, args []string) quire.Options {
	t.Helper()
	var o quire.Options
	var secrets []string
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	flags.StringArrayVar(&o.Only, "only", nil, "")
	flags.StringArrayVar(&o.Except, "except", nil, "")
	flags.BoolVar(&o.KeepGoing, "keep-going", false, "")
	flags.IntVar(&o.Parallel, "parallel", 0, "")
	flags.DurationVar(&o.Timeout, "timeout", 0, "")
	flags.BoolVar(&o.DryRun, "dry-run", false, "")
	flags.StringArrayVar(&o.Inputs, "inputs", nil, "")
	flags.StringVar(&o.SHA, "sha", "", "")
	flags.StringVar(&o.Ref, "ref", "", "")
	flags.StringVar(&o.PreviousSHA, "previous-sha", "", "")
	flags.StringVar(&o.Config, "config", "", "")
	flags.BoolVar(&o.InPlace, "in-place", false, "")
	flags.BoolVar(&o.Mirror, "mirror", false, "")
	flags.BoolVar(&o.Container, "container", false, "")
	flags.StringVar(&o.ContainerRuntime, "container-runtime", "", "")
	flags.StringArrayVar(&o.ContainerArgs, "container-arg", nil, "")
	flags.BoolVar(&o.Sandbox, "sandbox", false, "")
	flags.BoolVar(&o.Net, "net", false, "")
	flags.StringArrayVar(&secrets, "secret", nil, "")
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	o.Jobs = flags.Args()
	for _, s := range secrets {
		name, variable, ok := strings.Cut(s, "=env:")
		if !ok {
			t.Fatalf("--secret %s: cases give secrets as NAME=env:VAR", s)
		}
		if o.Secrets == nil {
			o.Secrets = map[string]quire.Secret{}
		}
		o.Secrets[name] = quire.Secret{Env: variable}
	}
	return o
}

var (
	sha  = regexp.MustCompile(`\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b`)
	slot = regexp.MustCompile(`\$STORE/workspaces/\d+`)
)

// Scrub replaces what differs from run to run by $RUN, $STORE, $WORKSPACE, $ID,
// $ROOT, $BASE and $SHA. dir and id are those of the run's report, empty when
// there was no run.
func (r *Repository) Scrub(dir, id, text string) string {
	if dir != "" {
		text = strings.ReplaceAll(text, dir, "$RUN")
		text = strings.ReplaceAll(text, filepath.Dir(filepath.Dir(dir)), "$STORE")
		text = slot.ReplaceAllString(text, "$$WORKSPACE")
		text = strings.ReplaceAll(text, id, "$ID")
	}
	text = strings.ReplaceAll(text, r.Root, "$ROOT")
	text = strings.ReplaceAll(text, r.Base, "$BASE")
	return sha.ReplaceAllString(text, "$$SHA")
}

// EventsText shows the events, one a line: neighbouring output of one stream is
// joined, and of one command all of stdout comes before stderr. Two runs are
// equal when their texts are, after scrubbing.
func EventsText(events []quire.Event) string {
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
		if e.Type == quire.Output {
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
func eventText(e quire.Event) string {
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

// StoredEvents reads the events.jsonl of a run and takes the text of output
// from the logs.
func StoredEvents(t testing.TB, dir string) []quire.Event {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var events []quire.Event
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var e quire.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if e.Type == quire.Output {
			e.Text = logRange(t, dir, e)
		}
		events = append(events, e)
	}
	return events
}

// logRange returns the output that a stored event stands for.
func logRange(t testing.TB, dir string, e quire.Event) string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, rundir.LogName(e.JobID, e.Sh)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []byte
	for entry, err := range rundir.ReadLog(io.NewSectionReader(f, *e.Start, *e.End-*e.Start)) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Stream != e.Stream {
			t.Errorf("an output event of %s covers an entry of %s", e.Stream, entry.Stream)
		}
		out = entry.AppendOutput(out)
	}
	return strings.ToValidUTF8(string(out), "\uFFFD")
}
