//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A load is something that quire and its peers are made to do, written for each
// of them. Tools without a form of it are left out.
type load struct {
	name  string
	files map[string]string // by path
	tools map[string]string // shell commands, by the name of a tool
	piped bool              // what is shown goes through a pipe instead of to /dev/null
	ideal time.Duration     // when there is a least time
}

const (
	bigLines = `yes 'a line of output that has about eighty bytes, give or take a few of them in the end' | head -c 200000000`
	bigLine  = `head -c 200000000 /dev/zero | tr '\0' x`
	noLines  = `yes '' | head -n 10000000`
)

func loads() []load {
	const act = "act -P ubuntu-latest=-self-hosted"
	one := graphOf(1, true, "true")
	chain := graphOf(100, true, "true")
	wide := graphOf(100, false, "sleep .05")
	all := []load{
		{name: "one", files: one, tools: map[string]string{"quire": "quire ci run", "make": "make -s all", "ninja": "ninja", "just": "just all",
			"task": "task all", "act": act, "gitlab-ci-local": "gitlab-ci-local"}},
		{name: "list", files: one, tools: map[string]string{"quire": "quire ci jobs", "make": "make -pRrq", "ninja": "ninja -t targets all",
			"just": "just --list", "task": "task --list-all", "act": "act -l", "gitlab-ci-local": "gitlab-ci-local --list"}},
		{name: "chain", files: chain, tools: map[string]string{"quire": "quire ci run", "make": "make -s all", "ninja": "ninja", "just": "just all",
			"task": "task all", "act": act, "gitlab-ci-local": "gitlab-ci-local"}},
		{name: "parallel", files: wide, ideal: 1250 * time.Millisecond, tools: map[string]string{"quire": "quire ci run --parallel 4", "make": "make -s -j4 all",
			"ninja": "ninja -j4", "task": "task -C 4 all", "act": act + " --concurrent-jobs 4", "gitlab-ci-local": "gitlab-ci-local --concurrency 4"}},
	}
	for name, command := range map[string]string{"lines": bigLines, "one line": bigLine, "empty lines": noLines} {
		files := graphOf(1, true, command)
		files["run.sh"] = command + "\n"
		all = append(all, load{name: name, files: files, piped: true, tools: map[string]string{
			"quire": "quire ci run --output prefix", "floor": "floor log sh run.sh", "make": "make -s all", "ninja": "ninja", "just": "just all",
			"task": "task -o prefixed all", "act": act, "gitlab-ci-local": "gitlab-ci-local"}})
	}
	return all
}

// graphOf returns the files by which each tool runs n jobs of one command, one
// after another or independent of each other.
func graphOf(n int, chain bool, command string) map[string]string {
	var fnl, mk, ninja, just, task, gha, gitlab strings.Builder
	fnl.WriteString("(local {: job} (require :quire.ci))\n")
	ninja.WriteString("rule run\n  command = $cmd\n")
	task.WriteString("version: '3'\nsilent: true\ntasks:\n")
	gha.WriteString("on: push\njobs:\n")
	var all []string
	for i := range n {
		id, before := fmt.Sprintf("j%d", i), fmt.Sprintf("j%d", i-1)
		all = append(all, id)
		linked := chain && i > 0
		need := func(text string) string {
			if !linked {
				return ""
			}
			return fmt.Sprintf(text, before)
		}
		input := "quire/push"
		if linked {
			input = before
		}
		// A command of words, as make runs one, needs no shell.
		call := fmt.Sprintf("%q", command)
		if !strings.ContainsAny(command, "|'") {
			call = `["` + strings.Join(strings.Fields(command), `" "`) + `"]`
		}
		fmt.Fprintf(&fnl, "(job :%s [:%s] (fn [{: sh}] (let [_ignored (sh %s)] nil)))\n", id, input, call)
		fmt.Fprintf(&mk, "%s:%s\n\t@%s\n", id, need(" %s"), command)
		fmt.Fprintf(&ninja, "build %s: run%s\n  cmd = %s\n", id, need(" %s"), strings.ReplaceAll(command, "$", "$$"))
		fmt.Fprintf(&just, "%s:%s\n    @%s\n", id, need(" %s"), command)
		fmt.Fprintf(&task, "  %s:\n    deps: [%s]\n    cmds:\n      - %q\n", id, need("%s"), command)
		fmt.Fprintf(&gha, "  %s:\n    runs-on: ubuntu-latest\n    needs: [%s]\n    steps:\n      - run: %s\n", id, need("%s"), command)
		fmt.Fprintf(&gitlab, "%s:\n  needs: [%s]\n  script:\n    - %q\n", id, need("%s"), command)
	}
	last := all[n-1:]
	if !chain {
		last = all
	}
	fmt.Fprintf(&mk, ".PHONY: all %s\nall: %s\n", strings.Join(all, " "), strings.Join(last, " "))
	fmt.Fprintf(&ninja, "default %s\n", strings.Join(last, " "))
	fmt.Fprintf(&just, "all: %s\n", strings.Join(last, " "))
	fmt.Fprintf(&task, "  all:\n    deps: [%s]\n", strings.Join(last, ", "))
	return map[string]string{".quire/ci.fnl": fnl.String(), "Makefile": mk.String(), "build.ninja": ninja.String(), "justfile": just.String(),
		"Taskfile.yml": task.String(), ".github/workflows/ci.yml": gha.String(), ".gitlab-ci.yml": gitlab.String()}
}

// BenchmarkPeers has quire, as it is built for a release, and those of its peers
// that are in PATH do the same things by turns, and reports for each tool the
// least time, processor time and memory, and how many times those of the first
// measure quire needs. The script .ci/peers installs the peers.
//
// Beside other tools there is the floor, a program that only prefixes and logs.
func BenchmarkPeers(b *testing.B) {
	bin := b.TempDir()
	for name, pkg := range map[string]string{"quire": ".", "floor": "./testdata/floor"} {
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(bin, name), pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	for _, l := range loads() {
		b.Run(l.name, func(b *testing.B) {
			p := newPeers(b, bin, l)
			for b.Loop() {
				p.round(b)
			}
			p.report(b)
		})
	}
}

// A measure is the least that a tool needed.
type measure struct {
	wall, cpu time.Duration
	memory    int64 // bytes
	slow      bool  // too slow to be measured again
}

type peers struct {
	load
	dir  string
	env  []string
	best map[string]*measure
}

// tools are in the order in which they take turns.
var tools = []string{"make", "floor", "quire", "ninja", "just", "task", "act", "gitlab-ci-local"}

func newPeers(b *testing.B, bin string, l load) *peers {
	b.Helper()
	dir := b.TempDir()
	p := &peers{load: l, dir: filepath.Join(dir, "repo"), best: map[string]*measure{}}
	p.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"), "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))
	for name, text := range l.files {
		path := filepath.Join(p.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-qm", "first"}} {
		git := exec.Command("git", args...)
		git.Dir = p.dir
		if out, err := git.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	return p
}

// round has each tool do it once.
func (p *peers) round(b *testing.B) {
	b.Helper()
	for _, tool := range tools {
		command, known := p.tools[tool]
		m := p.best[tool]
		if _, err := exec.LookPath(tool); !known || err != nil && tool != "quire" && tool != "floor" || m != nil && m.slow {
			continue
		}
		if m == nil {
			m = &measure{wall: time.Hour, cpu: time.Hour}
			p.best[tool] = m
		}
		if p.piped {
			command += " | cat"
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", command)
		cmd.Dir, cmd.Env = p.dir, p.env
		started := time.Now()
		err := cmd.Run() // what it shows goes to /dev/null
		wall := time.Since(started)
		cancel()
		if err != nil && tool != "make" && p.name != "list" {
			b.Logf("%s: %v", tool, err)
		}
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		m.wall, m.cpu = min(m.wall, wall), min(m.cpu, time.Duration(usage.Utime.Nano()+usage.Stime.Nano()))
		m.memory = max(m.memory, usage.Maxrss<<10)
		m.slow = wall > 10*time.Second
		_ = os.RemoveAll(filepath.Join(p.dir, "log"))
	}
}

func (p *peers) report(b *testing.B) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // a round says nothing
	base := p.best["make"]
	if p.best["floor"] != nil {
		base = p.best["floor"]
	}
	for _, tool := range tools {
		m := p.best[tool]
		if m == nil {
			continue
		}
		line := fmt.Sprintf("%-16s %9.1f ms  processor %9.1f ms  memory %5d MB", tool, ms(m.wall), ms(m.cpu), m.memory>>20)
		if base != nil {
			line += fmt.Sprintf("  ×%.2f  processor ×%.2f", ms(m.wall)/ms(base.wall), ms(m.cpu)/ms(base.cpu))
		}
		if p.ideal > 0 {
			line += fmt.Sprintf("  ideal ×%.2f", ms(m.wall)/ms(p.ideal))
		}
		b.Log(line)
		if tool == "quire" {
			b.ReportMetric(ms(m.wall), "ms")
			if base != nil {
				b.ReportMetric(ms(m.wall)/ms(base.wall), "ratio")
			}
		}
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
