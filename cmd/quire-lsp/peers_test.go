//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// peerNames are the servers that take part, in the order in which they take
// turns. Those that are not in PATH are left out.
var peerNames = []string{"quire-lsp", "fennel-ls", "fennel-ls-luajit"}

// peerSizes are the numbers of jobs of the pipelines.
var peerSizes = []int{100, 400, 1000}

// BenchmarkPeers has quire-lsp, as it is built for a release, and fennel-ls,
// where that is in PATH, do the same things with the same pipelines, and reports
// how long the answers took to reach the editor and how much memory the servers
// needed. What a server cannot do is left out. The script .ci/peers installs
// fennel-ls.
//
//	PATH=$(.ci/peers) go test ./cmd/quire-lsp -run '^$' -bench Peers -benchtime 1x -timeout 1h
//
// With -short each is measured a few times only.
func BenchmarkPeers(b *testing.B) {
	commands := map[string][]string{}
	for _, name := range peerNames {
		if path, err := exec.LookPath(name); err == nil {
			commands[name] = []string{path}
		} else if name != "quire-lsp" {
			b.Logf("%s is not in PATH and is left out", name)
		}
	}
	commands["quire-lsp"] = []string{buildServer(b)}
	var all peerFigures
	for b.Loop() {
		all = peerFigures{}
		for _, jobs := range peerSizes {
			for _, name := range peerNames {
				if commands[name] != nil {
					all[peerRun{name, jobs}] = measurePeer(b, commands[name], jobs)
				}
			}
			all.table(jobs)
		}
	}
	all.compare(b)
}

func buildServer(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "quire-lsp")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

// peerPipeline is a pipeline of n jobs, of six lines each, of which each needs
// the one before it, and of one more that goes on until it is cancelled.
func peerPipeline(n int) string {
	var text strings.Builder
	text.WriteString("(local {: job} (require :quire.ci))\n\n(job :endless [:quire/push] (fn [{: sh}] (sh [:sleep :1000])))\n")
	for i := range n {
		input := "quire/push"
		if i > 0 {
			input = fmt.Sprintf("job-%d", i-1)
		}
		fmt.Fprintf(&text, `
(job :job-%d [:%s]
  (fn [{: sh : jobs : log}]
    (let [push (jobs :quire/push)
          made (sh [:echo "this is job %d" push.sha] {:cwd "." :env {:STEP "%d"}})]
      (log made.stdout))))
`, i, input, i, i)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// A sampler repeats a measurement until it has been made often enough or has
// taken long enough: a slow server is measured less often.
type sampler struct {
	often  int
	budget time.Duration
}

func newSampler() sampler {
	if testing.Short() {
		return sampler{5, time.Second}
	}
	return sampler{200, 10 * time.Second}
}

// sample measures at most so many times.
func (s sampler) sample(times int, measure func() time.Duration) (all durations) {
	for began := time.Now(); len(all) < min(times, s.often) && (len(all) == 0 || time.Since(began) < s.budget); {
		all = append(all, measure())
	}
	return all
}

// measurePeer measures one server with a pipeline of so many jobs.
func measurePeer(b *testing.B, command []string, jobs int) *peerFigure {
	b.Helper()
	s := newSampler()
	f := &peerFigure{times: map[string]durations{}, empty: map[string]bool{}}
	text := peerPipeline(jobs)
	root := filepath.Join(b.TempDir(), "repo")
	if err := os.MkdirAll(filepath.Join(root, ".quire"), 0o700); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, ".quire", "ci.fnl"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	f.times["open"] = s.sample(20, func() time.Duration {
		e, took := startPeer(b, command, root)
		f.times["initialize"] = append(f.times["initialize"], took)
		took = e.open(text)
		e.quit()
		return took
	})

	e, _ := startPeer(b, command, root)
	e.open(text)
	p := peerSession{peerEditor: e, sampler: s, peerFigure: f}
	p.middle = strings.Index(text, fmt.Sprintf("this is job %d", jobs/2))
	p.typing()
	p.requests()
	p.bursts()
	p.untilFull(500)
	p.runs()
	e.quit()
	return f
}

// A peerSession measures what happens in one session with a server.
type peerSession struct {
	*peerEditor
	sampler
	*peerFigure
	middle int // offset of a text in the middle
}

// typed waits for the diagnostics of a change and returns how long they took.
func (p peerSession) typed(change func()) time.Duration {
	p.b.Helper()
	began := time.Now()
	change()
	n, _ := p.awaitDiagnostics(1)
	return n.at.Sub(began)
}

// betweenLetters is how long a fast typist takes from one letter to the next,
// less what the slowest answers take: 20 letters a second.
const betweenLetters = 50 * time.Millisecond

// typing types a letter in the middle of the file, and what breaks it at its
// end.
func (p peerSession) typing() {
	p.b.Helper()
	p.times["letter"] = p.sample(200, func() time.Duration {
		time.Sleep(betweenLetters)
		return p.typed(func() { p.toggle(p.middle, "x") })
	})
	p.times["letter without a pause"] = p.sample(200, func() time.Duration {
		return p.typed(func() { p.toggle(p.middle, "x") })
	})
	p.times["error at the end"] = p.sample(100, func() time.Duration {
		end := len(strings.TrimSuffix(p.file.Text(), "("))
		return p.typed(func() { p.toggle(end, "(") })
	})
	if strings.HasSuffix(p.file.Text(), "(") {
		p.typed(func() { p.toggle(len(p.file.Text())-1, "(") })
	}
}

// A peerRequest is one that editors make all the time.
type peerRequest struct {
	name, capability, method string
	near                     string // it is about what stands behind this, from the middle on; none: the file
}

var peerRequests = []peerRequest{
	{"hover", "hoverProvider", "textDocument/hover", `" pu`},
	{"definition", "definitionProvider", "textDocument/definition", `" pu`},
	{"references", "referencesProvider", "textDocument/references", `" pu`},
	{"completion of a field", "completionProvider", "textDocument/completion", "made."},
	{"completion of inputs", "completionProvider", "textDocument/completion", " [:"},
	{"document symbols", "documentSymbolProvider", "textDocument/documentSymbol", ""},
	{"code lenses", "codeLensProvider", "textDocument/codeLens", ""},
	{"semantic tokens", "semanticTokensProvider", "textDocument/semanticTokens/full", ""},
}

// requests makes each request right behind a change, when the server does not
// know the new text yet, and again when it has published its diagnostics.
func (p peerSession) requests() {
	p.b.Helper()
	for _, r := range peerRequests {
		if can := string(p.can[r.capability]); can == "" || can == "null" || can == "false" {
			continue
		}
		params := func() map[string]any {
			at := p.middle
			if r.near != "" {
				at += strings.Index(p.file.Text()[at:], r.near) + len(r.near)
			}
			params := p.at(at)
			params["context"] = map[string]any{"includeDeclaration": true}
			if strings.HasPrefix(r.name, "completion") {
				params["context"] = map[string]any{"triggerKind": 1}
			}
			return params
		}
		ask := func() time.Duration {
			asked := params()
			answer, took := p.ask(r.method, asked)
			if text := string(answer); text == "" || text == "null" || text == "[]" {
				p.empty[r.name] = true
			}
			return took
		}
		p.times[r.name+afterChange] = p.sample(50, func() time.Duration {
			p.toggle(p.middle, "x")
			took := ask()
			p.awaitDiagnostics(1)
			return took
		})
		p.times[r.name] = p.sample(50, ask)
	}
}

// bursts types thirty letters at once and asks for a hover, and waits for what
// is wrong with the last version.
func (p peerSession) bursts() {
	p.b.Helper()
	const letters = 30
	p.times["burst"] = p.sample(20, func() time.Duration {
		began := time.Now()
		for range letters {
			p.toggle(p.middle, "x")
		}
		_, _ = p.ask("textDocument/hover", p.at(p.middle+strings.Index(p.file.Text()[p.middle:], `" pu`)+4))
		answered := time.Now()
		n, published := p.awaitDiagnostics(letters)
		p.published = max(p.published, published)
		if n.at.After(answered) {
			answered = n.at
		}
		return answered.Sub(began)
	})
}

// untilFull goes on typing until there have been so many versions, as far as the
// server is quick enough, and notes its memory.
func (p peerSession) untilFull(versions int) {
	p.b.Helper()
	for began := time.Now(); int(p.version) <= versions && time.Since(began) < p.budget; {
		p.typed(func() { p.toggle(p.middle, "x") })
	}
	p.edits = int(p.version) - 1
	p.most, p.last = p.memory()
}

// runs runs a job and cancels it while its command runs.
func (p peerSession) runs() {
	p.b.Helper()
	if !strings.Contains(string(p.can["executeCommandProvider"]), cmdRun) {
		return
	}
	p.times["run to progress"] = p.sample(20, func() time.Duration {
		began := time.Now()
		var run runResult
		answer, _ := p.ask("workspace/executeCommand", map[string]any{
			"command": cmdRun, "arguments": []any{runArgs{URI: p.uri, Jobs: []string{"endless"}}}})
		if err := codec.Unmarshal(codec{}, answer, &run); err != nil {
			p.b.Fatal(err)
		}
		begin, _ := p.await("a progress", func(n notice) bool { return n.progress == "begin" })
		p.await("the command", func(n notice) bool { return strings.Contains(n.message, "sleep") })
		cancelled := time.Now()
		p.tell("window/workDoneProgress/cancel", map[string]any{"token": run.RunID})
		ack, _ := p.await("the answer to a cancel", func(n notice) bool { return n.message == "cancelling" || n.progress == "end" })
		p.times["cancel to acknowledgement"] = append(p.times["cancel to acknowledgement"], ack.at.Sub(cancelled))
		if ack.progress != "end" {
			p.await("the end of a run", func(n notice) bool { return n.progress == "end" })
		}
		return begin.at.Sub(began)
	})
}
