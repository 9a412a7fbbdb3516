package exec_test

import (
	"bytes"
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

	"quire/exec"
	"quire/exec/exectest"
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
//	events    the events in the words of [exectest.EventsText]: neighbouring output of one
//	          stream joined, and of one command all of stdout before stderr
//	logs      the content of the logs, without times, in the same order
//	refs      the refs of the bare repositories
//	error     the error of Local or Run
//
// $RUN, $WORKSPACE, $ROOT, $ID and $SHA stand for what differs from run to run.
// With -update the comparisons become rewrites; a file that is not there is not
// compared, and written only when it says something.
func TestRuns(t *testing.T) {
	exectest.EachCase(t, "../testdata/run/*.txtar", func(t *testing.T, file string, archive *txtar.Archive) {
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

// runCase runs the pipeline of an archive and returns what can be compared.
func runCase(t *testing.T, archive *txtar.Archive) map[string]string {
	f := newFixture(t, archive)
	report, events, err := f.run(exectest.Options(t, exectest.Args(archive)))
	got := map[string]string{"error": "", "report": "", "events": "", "logs": "", "refs": ""}
	if err != nil {
		got["error"] = f.scrub(report, err.Error()) + "\n"
	}
	if report.Outcome != "" {
		got["report"] = f.scrub(report, f.reportText(report))
	}
	got["events"] = f.scrub(report, exectest.EventsText(events))
	if report.Dir != "" {
		got["logs"] = f.scrub(report, logsText(t, report.Dir))
		checkStored(t, report, events)
	}
	for _, name := range f.Bare {
		refs := f.GitIn(filepath.Join(f.Base, name), "for-each-ref", "--format=%(objectname) %(refname)")
		got["refs"] += f.scrub(report, strings.TrimSpace(name+"\n"+refs)+"\n")
	}
	return got
}

// broken matches what stands for bytes that are no UTF-8.
var broken = regexp.MustCompile("(\uFFFD|\\\\x[0-9a-f]{2})+")

// scrub replaces what differs from run to run.
func (f *fixture) scrub(r *exec.Report, text string) string { return f.Scrub(r.Dir, r.ID, text) }

func (f *fixture) reportText(r *exec.Report) string { return exectest.ReportText(r) }

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
	stored := exectest.StoredEvents(t, report.Dir)
	// How many replacement characters stand for a run of bytes is tested apart.
	collapse := func(text string) string {
		return broken.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "\uFFFD")
	}
	if diff := cmp.Diff(collapse(exectest.EventsText(events)), collapse(exectest.EventsText(stored))); diff != "" {
		t.Errorf("events observed and stored differ (-observed +stored):\n%s", diff)
	}
}
