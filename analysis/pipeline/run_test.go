package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"quire/analysis/diag"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

const ciHead = "(local ci (require :quire.ci))\n"

// loaded loads a pipeline that must have no errors.
func loaded(t testing.TB, text string) *pipeline.Pipeline {
	t.Helper()
	files := map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, text)}
	p, found := load(t, files, pipeline.DefaultLimits())
	if found.HasErrors() {
		t.Fatalf("%s\ndoes not load: %v", text, found)
	}
	return p
}

func newHost(t testing.TB) *fakeHost {
	push, err := pipeline.DataFromJSON([]byte(`{"sha": "abc123", "ref": "refs/heads/main", "git-dir": "/git"}`))
	if err != nil {
		t.Fatal(err)
	}
	return &fakeHost{
		secrets: map[string]string{"token": "s3cr3t-value", "42": "answer"},
		files:   map[string]string{"a.txt": "hello", "p.json": `{"name": "x", "list": [1, null, "y"]}`, "bad.json": "{\n  \"a\": }"},
		environ: map[string]string{"HOME": "/home/u"},
		outputs: map[string]*pipeline.Data{"quire/push": push},
	}
}

// outcome runs a job and tells how that went: the outputs as JSON, what was
// discarded, or the error with its place.
func outcome(p *pipeline.Pipeline, job string, h pipeline.Host) string {
	r, err := p.Run(context.Background(), job, h)
	var failed *pipeline.JobError
	switch {
	case errors.As(err, &failed):
		d := failed.Diagnostic
		return fmt.Sprintf("error %s: %s", place(d.File, d.Span), d.Message)
	case err != nil:
		return "internal " + err.Error()
	case r.Discarded != "":
		return "discarded " + r.Discarded
	case r.Outputs == nil:
		return "nothing"
	}
	text, bad, ok := r.Outputs.JSON()
	if !ok {
		return fmt.Sprintf("not storable at %s: %v", bad, r.Outputs.Err())
	}
	return string(text)
}

// TestPrimitives runs one body as the run-fn's, with all primitives in scope.
func TestPrimitives(t *testing.T) {
	tests := []struct{ name, body, calls, want string }{
		{"shell", `(let [r (sh "echo hi | cat")] {:exit r.exit :out r.stdout :err r.stderr :cmd r.cmd})`,
			`sh echo hi | cat`, `{"cmd":"echo hi | cat","err":"","exit":0,"out":"echo hi | cat\n"}`},
		{"argv", `(. (sh ["echo" "a b" "c"]) :cmd)`, `sh ["echo", "a b", "c"]`, "discarded string"},
		{"the result as outputs", `(sh "x")`, `sh x`, `{"cmd":"x","exit":0,"stderr":"","stdout":"x\n"}`},
		{"exit", `(let [{: exit} (sh "exit 7")] {: exit})`, `sh exit 7`, `{"exit":7}`},
		{"signal", `(let [{: exit : signal} (sh "kill")] {: exit : signal})`, `sh kill`, `{"exit":-1,"signal":"SIGKILL"}`},
		{"no signal", `{:none (= nil (. (sh "x") :signal))}`, `sh x`, `{"none":true}`},
		{"options", `(sh "x" {:env {:B "2" :A "1"} :cwd "./sub/../dir/" :timeout 1.5}) nil`, `sh x A=1 B=2 in dir within 1.5s`, "nothing"},
		{"timeout as text", `(sh "x" {:timeout "1m30s"}) nil`, `sh x within 1m30s`, "nothing"},
		{"nil options", `(sh "x" nil nil) nil`, `sh x`, "nothing"},
		{"not started", `(sh "missing")`, `sh missing`, "error 1:1-1:2: command spawn failed: missing"},
		{"not started, caught", `(let [(ok message) (pcall sh "missing")] {: ok : message})`, `sh missing`, `{"message":"command spawn failed: missing","ok":false}`},
		{"huge output", `(. (sh "huge") :stdout)`, `sh huge`, "error 1:1-1:2: the output is larger than 64 MiB; see sh-1.log"},
		{"huge output as outputs", `(sh "huge")`, `sh huge`, "not storable at stdout: `stdout` cannot be read: the output is larger than 64 MiB; see sh-1.log"},
		{"unknown option", `(sh "x" {:cwdir "/"})`, ``, "error 1:1-1:2: sh: unknown field `cwdir`, expected `env`, `cwd` or `timeout`; did you mean `cwd`?"},
		{"table as command", `(sh {:a "b"})`, ``, "error 1:1-1:2: sh: cmd must be a non-empty sequence of strings or a shell string, got a table without items"},
		{"empty command", `(sh [])`, ``, "error 1:1-1:2: sh: cmd must be a non-empty sequence of strings or a shell string"},
		{"number as command", `(sh 42)`, ``, "error 1:1-1:2: sh: cmd must be a string or sequence of strings, got number"},
		{"no command", `(sh)`, ``, "error 1:1-1:2: sh: cmd is missing"},
		{"number in argv", `(sh ["sleep" 1])`, ``, "error 1:1-1:2: sh: cmd[2] must be a string, got number"},
		{"NUL in argv", `(sh ["echo" "a\0b"])`, ``, "error 1:1-1:2: sh: cmd[2] holds a NUL byte, which no process can be given"},
		{"bytes in argv", `(sh ["echo" "\255"])`, ``, "error 1:1-1:2: sh: cmd[2] is not valid UTF-8"},
		{"no program", `(sh ["" "x"])`, ``, "error 1:1-1:2: sh: cmd[1] names no program"},
		{"number in env", `(sh "x" {:env {:A 1}})`, ``, "error 1:1-1:2: sh: :env[A] must be a string, got number"},
		{"list as env", `(sh "x" {:env ["A=1"]})`, ``, "error 1:1-1:2: sh: :env must map names to strings, got the key 1"},
		{"bad env name", `(sh "x" {:env {"A=B" "1"}})`, ``, "error 1:1-1:2: sh: :env cannot set `A=B`: a name must not be empty or hold '='"},
		{"options of the wrong type", `(sh "x" "y")`, ``, "error 1:1-1:2: sh: opts must be a table, got string"},
		{"cwd outside", `(sh "x" {:cwd "../y"})`, ``, "error 1:1-1:2: sh: :cwd leaves the workspace: ../y"},
		{"absolute cwd", `(sh "x" {:cwd "/tmp"})`, ``, "error 1:1-1:2: sh: :cwd leaves the workspace: /tmp"},
		{"bad timeout", `(sh "x" {:timeout "soon"})`, ``, `error 1:1-1:2: sh: :timeout must be a number of seconds or a string such as "90s", got "soon"`},

		{"secret", `{:value (secret :token)}`, `secret token`, `{"value":"s3cr3t-value"}`},
		{"number as secret", `{:value (secret 42)}`, `secret 42`, `{"value":"answer"}`},
		{"unknown secret", `(secret :other)`, `secret other`, `error 1:1-1:2: unknown secret: "other"`},
		{"secret of nil", `(secret nil)`, ``, "error 1:1-1:2: secret: name must be a string, got nil"},

		{"push", `{:sha (. (jobs :quire/push) :sha)}`, `jobs quire/push`, `{"sha":"abc123"}`},
		{"job without outputs", `{:none (= nil (jobs :before))}`, `jobs before`, `{"none":true}`},
		{"own outputs", `(jobs :go)`, ``, "error 1:1-1:2: Job 'go' cannot read its own outputs"},
		{"outputs of a stranger", `(jobs :other)`, ``, "error 1:1-1:2: Job 'go' cannot read outputs from 'other' — not in transitive inputs"},

		{"read-file", `{:text (read-file "./a.txt")}`, `read a.txt`, `{"text":"hello"}`},
		{"read-file outside", `(read-file "../a.txt")`, ``, "error 1:1-1:2: read-file: path leaves the workspace: ../a.txt"},
		{"read-file that is not there", `(read-file "b.txt")`, `read b.txt`, "error 1:1-1:2: read-file: b.txt: no such file"},
		{"read-json", `(let [d (read-json "p.json")] {:name d.name :n (length d.list) :third (. d.list 3)})`, `read p.json`, `{"n":3,"name":"x","third":"y"}`},
		{"bad JSON", `(read-json "bad.json")`, `read bad.json`, "error 1:1-1:2: read-json: bad.json:2:8: invalid character '}' looking for beginning of value"},
		{"write-file", `(write-file "out/x" "1\n2") nil`, `write out/x "1\n2"`, "nothing"},
		{"write-file without content", `(write-file "x")`, ``, "error 1:1-1:2: write-file: content is missing"},
		{"log", `(log "a message") (log 42) nil`, "log a message\nlog 42", "nothing"},
		{"print", `(print :a 1) nil`, "log a\t1", "nothing"},
		{"env", `{:home (env :HOME) :none (= nil (env :NONE))}`, "env HOME\nenv NONE", `{"home":"/home/u","none":true}`},

		{"unknown primitive", `(runtime.shh "x")`, ``, "error 1:1-1:2: unknown runtime primitive 'shh' — expected sh, secret, jobs, read-file, read-json, write-file, log or env; did you mean 'sh'?"},
		{"registration is over", `(ci.job :x [:quire/push] #nil)`, ``, "error 1:1-1:2: quire.ci registration not installed on Lua VM"},
		{"image is over", `(ci.image "x")`, ``, "error 1:1-1:2: quire.ci registration not installed on Lua VM"},
		{"every way to the runtime", `{:same (and (= runtime ci.runtime) (= runtime (require :quire.runtime)) (= ci.sh runtime.sh) (= ci.secret secret))}`, ``, `{"same":true}`},
		{"from a coroutine", `{:out (. ((coroutine.wrap #(sh "x"))) :stdout)}`, `sh x`, `{"out":"x\n"}`},

		{"nothing", `nil`, ``, "nothing"},
		{"a number", `42`, ``, "discarded number"},
		{"false", `false`, ``, "discarded boolean"},
		{"an empty table", `{}`, ``, `{}`},
		{"a sequence", `[1 2 [true "x"]]`, ``, `[1,2,[true,"x"]]`},
		{"a function in it", `{:list [{:f #nil}]}`, ``, "not storable at list[1].f: `list[1].f` is a function, which cannot be passed on"},
		{"itself in it", `(let [t {}] (set t.me t) t)`, ``, "not storable at me: `me` holds itself"},
		{"one table twice", `(let [t {:x 1}] {:a t :b t})`, ``, `{"a":{"x":1},"b":{"x":1}}`},
		{"mixed keys", `{:a 1 2 3}`, ``, "not storable at [2]: <nil>"},
		{"bytes", `{:a {:b "\255"}}`, ``, "not storable at a.b: <nil>"},
		{"infinity", `{:a (/ 1 0)}`, ``, "not storable at a: <nil>"},
		{"an error", `(error "boom")`, ``, "error 1:1-1:2: boom"},
		{"an error that is a table", `(error {:code 7})`, ``, "error 1:1-1:2: {:code 7}"},
		{"an index of nil", `(let [x nil] x.y)`, ``, "error 1:1-1:2: attempt to index a nil value (local 'x')"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := loaded(t, ciHead+"(local runtime ci.runtime)\n"+
				"(ci.job :before [:quire/push] #nil)\n(ci.job :other [:quire/push] #nil)\n"+
				"(ci.job :go [:before] (fn [{: sh : secret : jobs : read-file : read-json : write-file : log : env}]\n"+tt.body+"))\n")
			h := newHost(t)
			got := outcome(p, "go", h)
			// Only that there is a place, and whose, is a matter of this test.
			if rest, isError := strings.CutPrefix(got, "error "); isError {
				where, message, _ := strings.Cut(rest, ": ")
				if !strings.HasPrefix(where, "6:") {
					t.Errorf("the error is placed at %s", where)
				}
				got = "error 1:1-1:2: " + message
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if calls := strings.ReplaceAll(h.log(), "go: ", ""); calls != tt.calls {
				t.Errorf("asked %q, want %q", calls, tt.calls)
			}
		})
	}
}

func TestDialects(t *testing.T) {
	tests := []struct{ name, text string }{
		{"S1", `(ci.job :go [:quire/push] (fn [] {:out (. (ci.sh "x") :stdout) :token (ci.secret :token)}))`},
		{"S2", "(local {: runtime} (require :quire.ci))\n" +
			`(ci.job :go [:quire/push] (fn [] {:out (. (runtime.sh "x") :stdout) :token (runtime.secret :token)}))`},
		{"S2 with a local", `(ci.job :go [:quire/push] (fn [] (local runtime (. (require :quire.ci) :runtime)) {:out (. (runtime.sh "x") :stdout) :token (runtime.secret :token)}))`},
		{"H", `(ci.job :go [:quire/push] (fn [{: sh : secret}] {:out (. (sh "x") :stdout) :token (secret :token)}))`},
		{"H with the table", `(ci.job :go [:quire/push] (fn [rt] {:out (. (rt.sh "x") :stdout) :token (rt.secret :token)}))`},
		{"hashfn", `(ci.job :go [:quire/push] #(let [{: sh : secret} $] {:out (. (sh "x") :stdout) :token (secret :token)}))`},
		{"lambda", `(ci.job :go [:quire/push] (lambda [{: sh : secret}] {:out (. (sh "x") :stdout) :token (secret :token)}))`},
		{"varargs", `(ci.job :go [:quire/push] (fn [...] (let [{: sh : secret} ...] {:out (. (sh "x") :stdout) :token (secret :token)})))`},
		{"module", "(local {: sh : secret} (require :quire.runtime))\n" +
			`(ci.job :go [:quire/push] (fn [] {:out (. (sh "x") :stdout) :token (secret :token)}))`},
		{"defrun", "(import-macros {: defrun} :quire.ci)\n" +
			`(ci.job :go [:quire/push] (defrun [sh secret] {:out (. (sh "x") :stdout) :token (secret :token)}))`},
		{"defrun with a table", "(import-macros {: defrun} :quire.ci)\n" +
			`(ci.job :go [:quire/push] (defrun [{: sh : secret}] {:out (. (sh "x") :stdout) :token (secret :token)}))`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := loaded(t, ciHead+tt.text+"\n")
			if got, want := outcome(p, "go", newHost(t)), `{"out":"x\n","token":"s3cr3t-value"}`; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestOutputsAreCopied(t *testing.T) {
	p := loaded(t, ciHead+`
(local shared {:n 1 :list [1 2]})
(ci.job :make [:quire/push] #shared)
(ci.job :use [:make] (fn [{: jobs}]
  (let [got (jobs :make)]
    (set got.n 2)
    (table.insert got.list 3)
    {:mine got.n :theirs shared.n :same (= got shared) :again (. (jobs :make) :n) :listed (length (. (jobs :make) :list))})))
`)
	h := newHost(t)
	r, err := p.Run(context.Background(), "make", h)
	if err != nil {
		t.Fatal(err)
	}
	h.outputs["make"] = r.Outputs
	if got, want := outcome(p, "use", h), `{"again":1,"listed":2,"mine":2,"same":false,"theirs":1}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOutputsThatCannotBeCopied(t *testing.T) {
	p := loaded(t, ciHead+`
(ci.job :make [:quire/push] #{:artifacts [{:run #nil}]})
(ci.job :use [:make] (fn [{: jobs}] (jobs :make)))
`)
	h := newHost(t)
	r, err := p.Run(context.Background(), "make", h)
	if err != nil {
		t.Fatal(err)
	}
	h.outputs["make"] = r.Outputs
	const want = "error 4:37-4:49: jobs: the outputs of 'make' cannot be read: `artifacts[1].run` is a function, which cannot be passed on"
	if got := outcome(p, "use", h); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMirrors(t *testing.T) {
	const url, secret = `"https://example.com/r.git"`, `:secret :token`
	tag := `:tag (fn [push] (.. "v-" push.sha))`
	env := " GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0=s3cr3t-value GIT_DIR=/git"
	tests := []struct{ name, job, text, calls, want string }{
		{"tags and pushes", "quire/mirror", `(ci.mirror ` + url + ` {` + tag + ` ` + secret + `})`,
			"jobs quire/push\nsecret token\nsh [\"git\", \"tag\", \"v-abc123\", \"abc123\"]" + env +
				"\nsh [\"git\", \"push\", \"--porcelain\", \"https://example.com/r.git\", \"refs/heads/main\", \"refs/tags/v-abc123\"]" + env + " publishes abc123",
			`{"pushed_refs":["refs/heads/main","refs/tags/v-abc123"],"tag":"v-abc123"}`},
		{"listed refs", "quire/mirror", `(ci.mirror ` + url + ` {` + tag + ` ` + secret + ` :refs ["refs/heads/main" "refs/heads/x"]})`,
			"jobs quire/push\nsecret token\nsh [\"git\", \"tag\", \"v-abc123\", \"abc123\"]" + env +
				"\nsh [\"git\", \"push\", \"--porcelain\", \"https://example.com/r.git\", \"refs/heads/main\", \"refs/heads/x\", \"refs/tags/v-abc123\"]" + env + " publishes abc123",
			`{"pushed_refs":["refs/heads/main","refs/heads/x","refs/tags/v-abc123"],"tag":"v-abc123"}`},
		{"another ref", "quire/mirror", `(ci.mirror ` + url + ` {` + tag + ` ` + secret + ` :refs ["refs/heads/x"]})`, "jobs quire/push", "nothing"},
		{"unknown secret", "quire/mirror", `(ci.mirror ` + url + ` {` + tag + ` :secret :other})`, "jobs quire/push\nsecret other", `unknown secret: "other"`},
		{"tag that is no name", "quire/mirror", `(ci.mirror ` + url + ` {:tag #nil ` + secret + `})`, "jobs quire/push", ":tag must return the tag's name"},
		{"tag that raises", "quire/mirror", `(ci.mirror ` + url + ` {:tag #(error "no tag") ` + secret + `})`, "jobs quire/push", "no tag"},
		{"missing option", "go", `(ci.job :go [:quire/push] #((. (require :quire.stdlib) :mirror) {}))`, "", "Missing argument url"},
		{"next missing option", "go", `(ci.job :go [:quire/push] #((. (require :quire.stdlib) :mirror) {:url "x" :sha "y"}))`, "", "Missing argument auth-header"},
		{"stdlib", "go", `(ci.job :go [:quire/push] #((. (require :quire.stdlib) :mirror) {:url "u" :auth-header "h" :sha "s" :tag "t" :git-dir "d"}))`,
			"sh [\"git\", \"tag\", \"t\", \"s\"] GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0=h GIT_DIR=d" +
				"\nsh [\"git\", \"push\", \"--porcelain\", \"u\", \"refs/tags/t\"] GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0=h GIT_DIR=d publishes s",
			`{"pushed_refs":["refs/tags/t"],"tag":"t"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := loaded(t, ciHead+tt.text+"\n")
			h := newHost(t)
			if got := outcome(p, tt.job, h); got != tt.want && !(strings.HasPrefix(got, "error ") && strings.Contains(got, tt.want)) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if calls := strings.ReplaceAll(h.log(), tt.job+": ", ""); calls != tt.calls {
				t.Errorf("asked\n%s\nwant\n%s", calls, tt.calls)
			}
		})
	}
}

func TestMirrorNamesWhatGitSaid(t *testing.T) {
	p := loaded(t, ciHead+`(ci.mirror "u" {:tag #:t :secret :token})`+"\n")
	h := newHost(t)
	h.sh = func(_ context.Context, _ string, c pipeline.Command) (*pipeline.ShResult, error) {
		return &pipeline.ShResult{Exit: 128, Cmd: c.String(), Stdout: text(""), Stderr: text("fatal: no such thing\n\n")}, nil
	}
	if got := outcome(p, "quire/mirror", h); !strings.HasSuffix(got, ": git tag failed: fatal: no such thing") {
		t.Errorf("got %s", got)
	}
}

// TestParallelJobs runs jobs that can end only when all of them wait in sh at
// the same time, some within pcall.
func TestParallelJobs(t *testing.T) {
	const n = 4
	var text strings.Builder
	text.WriteString(ciHead)
	for i := range n {
		call := `(sh "meet")`
		if i%2 == 0 {
			call = `(do (pcall #(do (sh "meet") (error "x"))) (sh "alone"))`
		}
		fmt.Fprintf(&text, "(ci.job :job%d [:quire/push] (fn [{: sh : log}]\n  (let [r %s] (log r.stdout) {:id %d :cmd r.cmd})))\n", i, call, i)
	}
	p := loaded(t, text.String())
	var met sync.WaitGroup
	met.Add(n)
	h := newHost(t)
	h.sh = func(_ context.Context, job string, c pipeline.Command) (*pipeline.ShResult, error) {
		if c.Shell == "meet" {
			met.Done()
			met.Wait()
		}
		return &pipeline.ShResult{Cmd: job + " " + c.Shell, Stdout: func() (string, error) { return job, nil }, Stderr: func() (string, error) { return "", nil }}, nil
	}
	var jobs sync.WaitGroup
	for i := range n {
		jobs.Go(func() {
			command := "meet"
			if i%2 == 0 {
				command = "alone"
			}
			want := fmt.Sprintf(`{"cmd":"job%d %s","id":%d}`, i, command, i)
			if got := outcome(p, fmt.Sprintf("job%d", i), h); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
	jobs.Wait()
	for i := range n {
		if want := fmt.Sprintf("job%d: log job%d", i, i); !strings.Contains(h.log(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestCancel(t *testing.T) {
	p := loaded(t, ciHead+`
(ci.job :waits [:quire/push] (fn [{: sh}] (while true (pcall sh "wait"))))
(ci.job :spins [:quire/push] (fn [{: log}] (log "started") (while true nil)))
`)
	for _, job := range []string{"waits", "spins"} {
		ctx, cancel := context.WithCancel(context.Background())
		h := newHost(t)
		h.sh = func(ctx context.Context, _ string, _ pipeline.Command) (*pipeline.ShResult, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		}
		cancelled := &cancelOnLog{fakeHost: h, cancel: cancel}
		if _, err := p.Run(ctx, job, cancelled); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", job, err)
		}
		cancel()
	}
}

type cancelOnLog struct {
	*fakeHost
	cancel context.CancelFunc
}

func (h *cancelOnLog) Log(context.Context, string, string) { h.cancel() }

func TestRunLimits(t *testing.T) {
	l := pipeline.DefaultLimits()
	l.Run.Instructions = 100_000
	files := map[string]*source.File{pipeline.Path: source.NewFile(pipeline.Path, ciHead+
		"(ci.job :spins [:quire/push] (fn [] (while true nil)))\n(ci.job :fine [:quire/push] #{:n (accumulate [n 0 _ i (ipairs [1 2 3])] (+ n i))})\n")}
	p, found := load(t, files, l)
	if found.HasErrors() {
		t.Fatal(found)
	}
	for range 2 { // each run has a budget of its own
		_, err := p.Run(context.Background(), "spins", newHost(t))
		var failed *pipeline.JobError
		if !errors.As(err, &failed) || failed.Error() != "the run-fn went over its limit of 100000 instructions" {
			t.Errorf("spins: %v", err)
		}
		if got := outcome(p, "fine", newHost(t)); got != `{"n":6}` {
			t.Errorf("fine: %s", got)
		}
	}
}

func TestErrorTrace(t *testing.T) {
	p := loaded(t, ciHead+`
(fn check [r]
  (when (not= 0 r.exit)
    (error (.. "failed: " r.stderr))))

(ci.job :go [:quire/push]
  (fn [{: sh}]
    (check (sh "exit 2"))
    nil))
`)
	_, err := p.Run(context.Background(), "go", newHost(t))
	var failed *pipeline.JobError
	if !errors.As(err, &failed) {
		t.Fatal(err)
	}
	d := failed.Diagnostic
	if got := d.File.Slice(d.Span); got != `(error (.. "failed: " r.stderr))` || d.Code != diag.Runtime {
		t.Errorf("the error is at %s, as %s", got, d.Code)
	}
	var trace []string
	for _, r := range d.Related {
		trace = append(trace, r.File.Slice(r.Span))
	}
	if got := strings.Join(trace, "; "); !strings.Contains(got, `(check (sh "exit 2"))`) {
		t.Errorf("the trace is %s", got)
	}
}

func TestRunOfNoJob(t *testing.T) {
	p := loaded(t, ciHead+"(ci.job :go [:quire/push] #nil)\n")
	if _, err := p.Run(context.Background(), "other", newHost(t)); err == nil {
		t.Error("a job that does not exist runs")
	}
	p.Close()
	p.Close()
	if _, err := p.Run(context.Background(), "go", newHost(t)); err == nil || err.Error() != "runtime not installed" {
		t.Errorf("a job of a closed pipeline: %v", err)
	}
}

func TestCommandPlace(t *testing.T) {
	p := loaded(t, ciHead+`(ci.job :go [:quire/push] (fn [{: sh}] (let [a (sh "x") b (sh ["y"])] nil)))`+"\n")
	h := newHost(t)
	var places []string
	h.sh = func(_ context.Context, _ string, c pipeline.Command) (*pipeline.ShResult, error) {
		places = append(places, c.Place.File.Slice(c.Place.Span))
		return answer(c)
	}
	if got := outcome(p, "go", h); got != "nothing" {
		t.Fatal(got)
	}
	if got := strings.Join(places, " "); got != `(sh "x") (sh ["y"])` {
		t.Errorf("the calls are at %s", got)
	}
}

func TestLoadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f := source.NewFile(pipeline.Path, "(while true nil)\n")
	l := pipeline.DefaultLimits()
	p, found := pipeline.Load(ctx, pipeline.Compile(f, nil, nil, l), nil, nil, l)
	defer p.Close()
	if len(found) != 1 || found[0].Code != diag.LoadTimeout {
		t.Errorf("found %v", found)
	}
}

func TestWallTime(t *testing.T) {
	l := pipeline.DefaultLimits()
	l.Load.Instructions, l.Load.Time = 0, (10 * time.Millisecond).Nanoseconds()
	f := source.NewFile(pipeline.Path, "(while true nil)\n")
	_, found := load(t, map[string]*source.File{pipeline.Path: f}, l)
	if len(found) != 1 || found[0].Code != diag.LoadTimeout {
		t.Errorf("found %v", found)
	}
}
