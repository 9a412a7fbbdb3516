package exec_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/exec"
)

const watched = `-- repo/.quire/ci.fnl --
(local {: job} (require :quire.ci))
(local {: greet} (require :words))
(job :a [:quire/push] (fn [{: sh}] (sh "echo a") {:from "a"}))
(job :b [:a] (fn [{: sh : jobs}] (sh (.. "echo b " (. (jobs :a) :from))) nil))
(job :c [:b] (fn [{: sh}] (sh (greet "c")) nil))
(job :d [:quire/push] (fn [{: sh}] (sh "echo d") nil))
-- repo/.quire/words.fnl --
{:greet (fn [x] (.. "echo hello " x))}
-- repo/.gitignore --
ignored
out/
-- repo/src/one --
1
-- repo/out/made --
x
`

// A watching is a watch whose runs the test carries out itself.
type watching struct {
	*fixture
	calls  chan call
	cancel context.CancelFunc
	ended  chan error
}

// A call is one run that a watch asks for.
type call struct {
	ctx     context.Context
	options exec.Options
	change  exec.Change
	answer  chan *exec.Report
}

func watch(t *testing.T, f *fixture, o exec.Options) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watching{fixture: f, calls: make(chan call), cancel: cancel, ended: make(chan error, 1)}
	o.Environ = f.Env
	go func() {
		w.ended <- exec.Watch(ctx, f.Root, o, func(ctx context.Context, o exec.Options, change exec.Change) *exec.Report {
			c := call{ctx, o, change, make(chan *exec.Report)}
			w.calls <- c
			return <-c.answer
		})
	}()
	t.Cleanup(func() {
		cancel()
		for {
			select {
			case c := <-w.calls:
				close(c.answer)
			case <-w.ended:
				return
			}
		}
	})
	return w
}

func watchedFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixture(t, txtar.Parse([]byte(watched)))
}

// next returns the next run that is asked for.
func (w *watching) next() call {
	w.t.Helper()
	select {
	case c := <-w.calls:
		return c
	case err := <-w.ended:
		w.t.Fatalf("the watch ended: %v", err)
	case <-time.After(time.Minute):
		w.t.Fatal("nothing is to run")
	}
	return call{}
}

// succeed has every job of a call succeed.
func (c call) succeed(jobs ...string) {
	r := &exec.Report{Outcome: exec.Succeeded}
	for _, id := range jobs {
		r.Jobs = append(r.Jobs, exec.JobReport{ID: id, Outcome: exec.Succeeded})
	}
	c.answer <- r
}

// expect returns the next run, which has to have these causes.
func (w *watching) expect(paths ...string) call {
	w.t.Helper()
	c := w.next()
	if !slices.Equal(c.change.Paths, paths) {
		w.t.Errorf("%q changed, want %q", c.change.Paths, paths)
	}
	return c
}

func (w *watching) write(path, text string) {
	w.t.Helper()
	w.Write(filepath.Join(w.Root, path), text)
}

// edit changes the text of a file.
func (w *watching) edit(path, old, text string) {
	w.t.Helper()
	before, err := os.ReadFile(filepath.Join(w.Root, path))
	if err != nil || !strings.Contains(string(before), old) {
		w.t.Fatalf("%s has no %q: %v", path, old, err)
	}
	w.write(path, strings.ReplaceAll(string(before), old, text))
}

func TestWatchFiles(t *testing.T) {
	w := watch(t, watchedFixture(t), exec.Options{})
	w.expect().succeed("a", "b", "c", "d")

	// What git ignores does not count: the next change is seen alone.
	w.write("ignored", "x")
	w.write("out/made", "y")
	w.write("src/one", "2")
	c := w.expect("src/one")
	if c.change.Pipeline || c.change.Jobs != nil || c.options.Only != nil {
		t.Errorf("of an ordinary file %+v comes", c.change)
	}
	c.succeed("a", "b", "c", "d")

	// Directories that are made later, with what is in them by then.
	w.write("new/deep/two", "1")
	w.expect("new/deep/two").succeed("a", "b", "c", "d")
	w.write("new/deep/three", "1")
	w.expect("new/deep/three").succeed("a", "b", "c", "d")

	// As editors save: to another file first, beside notes of their own.
	w.write("src/.one.swp", "x")
	w.write("src/4913", "")
	if err := os.Remove(filepath.Join(w.Root, "src/4913")); err != nil {
		t.Fatal(err)
	}
	w.write("src/one.tmp", "3")
	if err := os.Rename(filepath.Join(w.Root, "src/one.tmp"), filepath.Join(w.Root, "src/one")); err != nil {
		t.Fatal(err)
	}
	w.expect("src/one").succeed("a", "b", "c", "d")
	w.write("src/one", "4")
	w.expect("src/one").succeed("a", "b", "c", "d")

	if err := os.RemoveAll(filepath.Join(w.Root, "new")); err != nil {
		t.Fatal(err)
	}
	for seen := map[string]bool{}; len(seen) < 2; {
		c := w.next()
		for _, path := range c.change.Paths {
			if !strings.HasPrefix(path, "new/deep/t") {
				t.Errorf("%s changed, which was not there", path)
			}
			seen[path] = true
		}
		c.succeed("a", "b", "c", "d")
	}

	// What is no longer ignored.
	w.edit(".gitignore", "out/\n", "")
	w.next().succeed("a", "b", "c", "d")
	w.write("out/made", "z")
	w.expect("out/made").succeed("a", "b", "c", "d")
}

func TestWatchPipeline(t *testing.T) {
	const file = ".quire/ci.fnl"
	w := watch(t, watchedFixture(t), exec.Options{})
	w.expect().succeed("a", "b", "c", "d")
	expect := func(jobs ...string) call {
		t.Helper()
		c := w.next()
		if !slices.Equal(c.change.Jobs, jobs) || !slices.Equal(c.options.Only, jobs) {
			t.Errorf("%q changed: %q run, of %q, want %q", c.change.Paths, c.options.Only, c.change.Jobs, jobs)
		}
		return c
	}
	w.edit(file, `"echo b "`, `"echo B "`)
	expect("b", "c").succeed("b") // c did not get its turn

	w.edit(file, `"echo d"`, `"echo D"`)
	expect("c", "d").succeed("c", "d")

	w.edit(file, `(job :d `, "\n\n(job :d ")
	c := w.next()
	if c.change.Jobs == nil || len(c.change.Jobs) > 0 {
		t.Errorf("for an empty line %q run", c.change.Jobs)
	}
	c.answer <- nil

	// A module is part of all jobs.
	w.edit(".quire/words.fnl", "hello", "Hello")
	if c = w.expect(".quire/words.fnl"); c.change.Jobs != nil || !c.change.Pipeline {
		t.Errorf("for a module %q run", c.change.Jobs)
	}
	c.succeed("a", "b", "c", "d")

	// A pipeline that cannot be loaded is left to whoever runs it to explain.
	w.edit(file, "(job :d ", "(jobb :d ")
	if c = w.expect(file); !c.change.Broken {
		t.Errorf("a broken pipeline comes as %+v", c.change)
	}
	c.answer <- nil
	w.edit(file, "(jobb :d ", "(job :d ")
	if c = w.expect(file); c.change.Broken || c.change.Jobs == nil || len(c.change.Jobs) > 0 {
		t.Errorf("the pipeline as it was comes as %+v", c.change)
	}
	c.answer <- nil
}

// TestWatchCancels has a file change during a run, and the pipeline during the
// next.
func TestWatchCancels(t *testing.T) {
	w := watch(t, watchedFixture(t), exec.Options{})
	first := w.expect()
	w.write("src/one", "2")
	<-first.ctx.Done()
	if cause := context.Cause(first.ctx); !errors.Is(cause, exec.ErrChanged) {
		t.Errorf("the run was cancelled because of %v", cause)
	}
	first.succeed("a")
	second := w.expect("src/one")
	w.edit(".quire/ci.fnl", `"echo d"`, `"echo D"`)
	<-second.ctx.Done()
	second.succeed("a", "b")
	if third := w.expect(".quire/ci.fnl"); !slices.Equal(third.change.Jobs, []string{"c", "d"}) {
		t.Errorf("%q run, want those that did not get their turn and the one that changed", third.change.Jobs)
	} else {
		w.cancel()
		<-third.ctx.Done()
		third.succeed()
	}
	if err := <-w.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the watch ended with %v", err)
	}
	w.ended <- nil
}

// TestWatchInPlace runs in the working tree itself, and writes there.
func TestWatchInPlace(t *testing.T) {
	w := watch(t, watchedFixture(t), exec.Options{InPlace: true})
	c := w.expect()
	w.write("built/by/job", "x")
	w.write("src/one", "formatted")
	c.succeed("a", "b", "c", "d")
	for i := 0; ; i++ { // until the watch knows that the run is over
		w.write("src/two", strconv.Itoa(i))
		select {
		case c := <-w.calls:
			if !slices.Equal(c.change.Paths, []string{"src/two"}) {
				t.Errorf("%q changed", c.change.Paths)
			}
			close(c.answer)
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TestWatchSelection watches some of the jobs only.
func TestWatchSelection(t *testing.T) {
	w := watch(t, watchedFixture(t), exec.Options{Jobs: []string{"b"}})
	w.expect().succeed("a", "b")
	w.edit(".quire/ci.fnl", `"echo d"`, `"echo D"`)
	c := w.next()
	if len(c.change.Jobs) > 0 {
		t.Errorf("%q run, which are not selected", c.change.Jobs)
	}
	c.answer <- nil
	w.edit(".quire/ci.fnl", `"echo b "`, `"echo B "`)
	if c = w.next(); !slices.Equal(c.options.Only, []string{"b"}) || c.options.Jobs != nil {
		t.Errorf("%q run, want b", c.options.Only)
	}
	c.succeed("b")
}

func TestWatchRefuses(t *testing.T) {
	f := watchedFixture(t)
	for name, o := range map[string]exec.Options{"unknown job": {Jobs: []string{"zzz"}}, "commit": {SHA: "HEAD"}} {
		o.Environ = f.Env
		err := exec.Watch(t.Context(), f.Root, o, func(context.Context, exec.Options, exec.Change) *exec.Report {
			t.Errorf("%s: something is to run", name)
			return nil
		})
		if !errors.As(err, new(*exec.UsageError)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWatchRuns runs for real: what a run left running when a change cancelled
// it is gone before the next starts, and a job that did not change gives the
// outputs of before.
func TestWatchRuns(t *testing.T) {
	f := watchedFixture(t)
	f.Env = append(f.Env, "READY="+filepath.Join(f.Base, "ready"))
	mkfifo(t, filepath.Join(f.Base, "ready"))
	ci, err := os.ReadFile(filepath.Join(f.Root, ".quire/ci.fnl"))
	if err != nil {
		t.Fatal(err)
	}
	f.Write(filepath.Join(f.Root, ".quire/ci.fnl"),
		strings.ReplaceAll(string(ci), `"echo d"`, `"trap '' TERM; sleep 1000 & sleep 1000 & echo > $READY; wait"`))
	w := watch(t, f, exec.Options{})
	run := func(c call, ready bool) (*exec.Report, string) {
		t.Helper()
		var text strings.Builder
		c.options.Observe = func(e exec.Event) { text.WriteString(e.Text) }
		r, err := exec.Local(f.Root, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if ready {
			go func() {
				_, _ = os.ReadFile(filepath.Join(f.Base, "ready"))
				w.edit(".quire/ci.fnl", `"trap '' TERM; sleep 1000 & sleep 1000 & echo > $READY; wait"`, `"echo done"`)
			}()
		}
		report, err := exec.Run(c.ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		if left := marked(t, r.ID()); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
		c.answer <- report
		return report, text.String()
	}
	if r, _ := run(w.next(), true); r.Outcome != exec.Cancelled {
		t.Errorf("the first run %s", r.Outcome)
	}
	if r, text := run(w.next(), false); r.Outcome != exec.Succeeded || text != "done\n" {
		t.Errorf("the second run %s with %q", r.Outcome, text)
	}
}
