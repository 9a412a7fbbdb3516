//go:build unix

package exec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"quire/exec"
)

// benchFiles is how many files the repository of [BenchmarkWorkspace] has.
const benchFiles = 50_000

// BenchmarkWorkspace takes the time from the call of Run to the start of the
// first job, in a repository of 50,000 files of 1 to 16 KiB in 2,500
// directories, and the processor time, git's included, of the whole run, which
// other work on the machine disturbs less. The method by which files are copied
// is that of the file system of TMPDIR. Run it with -benchtime 1x or so.
func BenchmarkWorkspace(b *testing.B) {
	f := pipelineFixture(b, script("true"))
	text := make([]byte, 16<<10)
	for i := range text {
		text[i] = "the text of a file in a repository, about \n"[i%43]
	}
	for i := range benchFiles {
		path := filepath.Join(f.Root, fmt.Sprintf("dir%02d/dir%02d/file%02d.txt", i/20/50, i/20%50, i%20))
		f.Write(path, fmt.Sprint(i)+string(text[:1<<10+i*7919%(15<<10)]))
	}
	f.Commit("files")
	method := copyMethod(b, f.Base)

	// start runs the pipeline and returns how long it took to start.
	start := func(o exec.Options) time.Duration {
		var took time.Duration
		began := time.Now()
		o.Observe = func(e exec.Event) {
			if e.Type == exec.JobStarted {
				took = time.Since(began)
			}
		}
		f.succeed(o)
		return took
	}
	bench := func(name string, o exec.Options, fresh bool, between func(i int)) {
		b.Run(name+"/"+method, func(b *testing.B) {
			var sum, busy time.Duration
			if !fresh {
				o.State = b.TempDir()
				start(o)
			}
			for i := range b.N {
				if fresh {
					o.State = b.TempDir()
				}
				if between != nil {
					between(i)
				}
				before := processorTime(b)
				sum += start(o)
				busy += processorTime(b) - before
			}
			b.ReportMetric(float64(sum.Milliseconds())/float64(b.N), "ms/start")
			b.ReportMetric(float64(busy.Milliseconds())/float64(b.N), "cpu-ms/run")
			b.ReportMetric(0, "ns/op")
		})
	}
	edit := func(i int) {
		for n := range 10 {
			f.Write(filepath.Join(f.Root, fmt.Sprintf("dir00/dir%02d/file00.txt", n)), fmt.Sprint("edited ", i, n))
		}
	}
	bench("first", exec.Options{}, true, nil)
	bench("again", exec.Options{}, false, nil)
	bench("again, 10 files changed", exec.Options{}, false, edit)
	bench("first, --sha", exec.Options{SHA: "HEAD"}, true, nil)
	bench("again, --sha", exec.Options{SHA: "HEAD"}, false, nil)
	if err := os.Rename(filepath.Join(f.Root, ".git"), filepath.Join(f.Base, "git")); err != nil {
		b.Fatal(err)
	}
	bench("first, no repository", exec.Options{}, true, nil)
	bench("again, no repository", exec.Options{}, false, nil)
}

// copyMethod names how files are copied in a directory.
func copyMethod(b *testing.B, dir string) string {
	b.Helper()
	if exec.Clones(b, dir) {
		return "reflink"
	}
	return "copy"
}

// processorTime returns how long this process and its children kept processors
// busy.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return sum
}
