//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"quire/exec/rundir"
)

// volumes are outputs that are hard to keep up with. Each writes about size
// bytes.
var volumes = map[string]func(w *bufio.Writer, size int){
	"lines": func(w *bufio.Writer, size int) {
		for i := 0; size > 0; i++ {
			n, _ := fmt.Fprintf(w, "%d: a line of output that has about eighty bytes, give or take a few of them\n", i)
			size -= n
		}
	},
	"one line": func(w *bufio.Writer, size int) {
		for range size {
			w.WriteByte('x')
		}
	},
	"empty lines": func(w *bufio.Writer, size int) {
		for range size / 20 {
			w.WriteByte('\n')
		}
	},
	"noise": func(w *bufio.Writer, size int) {
		noise := rand.New(rand.NewPCG(1, 2))
		for range size / 8 {
			v := noise.Uint64()
			for i := range 8 {
				w.WriteByte(byte(v >> (8 * i)))
			}
		}
	},
}

// TestVolumeUnread has a job write more than any buffer holds while nobody
// reads what quire shows and records: the job ends all the same, quire stays
// small, and in the end everything is there.
func TestVolumeUnread(t *testing.T) {
	size := 20_000_000
	if long {
		size *= 10
	}
	for name, write := range volumes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newVolumeRun(t, func(w *bufio.Writer) { write(w, size) })
			shown := r.start(t)
			events, err := os.OpenFile(r.events, os.O_RDONLY, 0) // when quire opens it too
			if err != nil {
				t.Fatal(err)
			}
			defer events.Close()
			if _, err := os.ReadFile(r.done); err != nil { // the job wrote everything
				t.Fatal(err)
			}
			unread := peakMemory(t, r.cmd.Process.Pid)
			if unread > memoryFactor*40<<20 {
				t.Errorf("quire took %d MiB while nobody read its output", unread>>20)
			}
			told := make(chan int)
			go func() {
				n, _ := io.Copy(io.Discard, events)
				told <- int(n)
			}()
			lines, most := 0, 0
			in := bufio.NewReader(shown)
			for i := 0; ; i++ {
				line, err := in.ReadSlice('\n')
				if i == 1000 { // quire has much more to write
					most = peakMemory(t, r.cmd.Process.Pid)
					t.Logf("%d MiB unread, %d MiB in all", unread>>20, most>>20)
				}
				if bytes.HasPrefix(line, []byte("j │ ")) {
					lines++
				}
				if err == io.EOF {
					break
				}
			}
			if err := r.cmd.Wait(); err != nil {
				t.Error(err)
			}
			want := r.lines + 2 // the commands
			if name != "one line" && name != "noise" && lines != want {
				t.Errorf("%d lines were shown, want %d", lines, want)
			}
			if n := <-told; n < r.size {
				t.Errorf("the events have %d bytes, the output has %d", n, r.size)
			}
			r.checkLog(t)
			if most > memoryFactor*64<<20 {
				t.Errorf("quire took %d MiB while its output was read", most>>20)
			}
		})
	}
}

// A volumeRun is quire running a job that writes a file to its output, then
// opens the pipe done.
type volumeRun struct {
	dir, data, events, done string
	size, lines             int
	cmd                     *exec.Cmd
}

func newVolumeRun(t *testing.T, write func(w *bufio.Writer)) *volumeRun {
	t.Helper()
	dir := t.TempDir()
	r := &volumeRun{dir: dir, data: filepath.Join(dir, "data"), events: filepath.Join(dir, "events"), done: filepath.Join(dir, "done")}
	file, err := os.Create(r.data)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	counted := &lineCounter{}
	w := bufio.NewWriterSize(io.MultiWriter(file, counted), 1<<20)
	write(w)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r.size, r.lines = counted.size, counted.lines
	for _, fifo := range []string{r.events, r.done} {
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const text = `(local {: job} (require :quire.ci))
(job :j [:quire/push] (fn [{: sh}] (let [_ignored (sh "cat \"$DATA\"") _ignored (sh "echo > \"$DONE\"")] nil)))
`
	if err := os.MkdirAll(filepath.Join(dir, "repo", ".quire"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "repo", ".quire", "ci.fnl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

type lineCounter struct{ size, lines int }

func (c *lineCounter) Write(p []byte) (int, error) {
	c.size += len(p)
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

// start starts quire and returns what it shows.
func (r *volumeRun) start(t *testing.T) io.Reader {
	t.Helper()
	r.cmd = exec.Command("quire", "ci", "run", "--events", r.events)
	r.cmd.Dir = filepath.Join(r.dir, "repo")
	r.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "LC_ALL=C.UTF-8", "DATA=" + r.data, "DONE=" + r.done}
	shown, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return shown
}

// checkLog compares the log with what was written.
func (r *volumeRun) checkLog(t *testing.T) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(r.dir, ".local/state/quire/runs/*/complete/*/jobs/j/sh-1.log"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs %q, %v", logs, err)
	}
	log, err := os.Open(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	file, err := os.Open(r.data)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	written := bufio.NewReaderSize(file, 1<<20)
	var got, want []byte
	n := 0
	for e, err := range rundir.ReadLog(log) {
		if err != nil {
			t.Fatal(err)
		}
		got = e.AppendOutput(got[:0])
		want = append(want[:0], got...)
		m, _ := io.ReadFull(written, want)
		n += m
		if atEnd := n == r.size && m == len(got)-1 && got[m] == '\n'; !bytes.Equal(got[:m], want[:m]) || m < len(got) && !atEnd {
			t.Fatalf("the log differs before byte %d", n)
		}
	}
	if n != r.size {
		t.Errorf("the log has %d bytes, %d were written", n, r.size)
	}
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakMemory returns the most memory in bytes that a process had so far.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	match := peak.FindStringSubmatch(string(status))
	if err != nil || match == nil {
		t.Fatalf("%v in %s", err, strings.TrimSpace(string(status)))
	}
	kb, err := strconv.Atoi(match[1])
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}
