package pipeline_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"quire/analysis/pipeline"
)

// TestErrorsAreText checks that a program which catches an error gets nothing but
// text of it, or what it raised itself.
func TestErrorsAreText(t *testing.T) {
	raised := 0
	for _, line := range told(t, `((require :errors) #(print $1 $2 (type $3) $3))`) {
		raised++
		name, rest, _ := strings.Cut(line, "\t")
		text := strings.HasPrefix(rest, "false\tstring\t") && !strings.Contains(rest, "internal error")
		own := map[string]string{"error-nil": "false\tnil\tnil", "error-number": "false\tnumber\t1"}
		if !text && rest != own[name] {
			t.Errorf("%s gives %s", name, rest)
		}
	}
	if raised < 50 {
		t.Errorf("only %d errors were raised", raised)
	}
}

// TestFunctionsTakeAnything calls every function that can be reached with values of
// every type, also those that are meant to be called by a metatable.
func TestFunctionsTakeAnything(t *testing.T) {
	lines := told(t, `
(local calls (require :calls))
(print "called" (calls (fn [{: visit : meta}] (visit :_G _G) ((require :values) visit meta [:quire.ci :quire.runtime :quire.stdlib :fennel]))))
(macro called []
  (let [calls (require :calls)]
    (calls (fn [{: visit}]
      (visit :_G _G)
      (visit :fennel (require :fennel))
      (visit :scope (get-scope))
      (visit :code [(list (sym :a) [1] {:b 2}) (gensym)])))))
(print "called" (called))
`)
	ended := 0
	for _, line := range lines {
		count, ok := strings.CutPrefix(line, "called\t")
		if !ok {
			continue // by calling print
		}
		ended++
		if n, err := strconv.Atoi(count); err != nil || n < 100 {
			t.Error(count)
		}
	}
	if ended != 2 {
		t.Errorf("it prints %q", lines)
	}
}

// TestReachableInRun checks what a run-fn gets: its argument is the runtime table,
// results of commands hide where they come from, and outputs are plain data.
func TestReachableInRun(t *testing.T) {
	files := reaching(t, `
(local {: job : runtime} (require :quire.ci))
(local {: walker} (require :walk))
(job :a [:quire/push] #{:x [1]})
(job :b [:a] (fn [given ...]
  (local {: visit : meta} (walker #(when (not= :string (type $2)) (print (.. $1 " " (type $2))))))
  (print (= given runtime) (select "#" ...))
  (let [result (given.sh "true")]
    (visit :sh result)
    (set result.stdout result.stdout)
    (print (rawget result :result) (pcall setmetatable result {})))
  (visit :push (given.jobs :quire/push))
  (visit :outputs (given.jobs :a))
  (visit :json (given.read-json "p.json"))
  (visit :mirror [(pcall (. (require :quire.stdlib) :mirror) {})])
  nil))
`)
	p, found := load(t, files, pipeline.DefaultLimits())
	if found.HasErrors() {
		t.Fatal(found)
	}
	h := newHost(t)
	r, err := p.Run(t.Context(), "a", h)
	if err != nil {
		t.Fatal(err)
	}
	h.outputs["a"] = r.Outputs
	if _, err := p.Run(t.Context(), "b", h); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(h.log()) {
		if message, ok := strings.CutPrefix(line, "b: log "); ok {
			got = append(got, strings.TrimSuffix(message, "\n"))
		}
	}
	want := []string{
		"true\t0",
		"sh table", "sh.exit number", "sh<meta> boolean",
		"nil\tfalse\tcannot change a protected metatable",
		"push table",
		"outputs table", "outputs.x table", "outputs.x.1 number",
		"json table", "json.list table", "json.list.1 number",
		"mirror table", "mirror.1 boolean",
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// TestTime checks that pipelines can tell the time, at load and in a run-fn.
func TestTime(t *testing.T) {
	const body = `(print (os.date "%Y-%m-%d %H:%M:%S" 0) (os.date "!%c" 86400) (os.time {:year 2000 :month 1 :day 1 :hour 0})
		(os.difftime 5 2) (<= 0 (os.clock) 1e6) (> (os.time) 1.7e9) (. (os.date "!*t" 0) :year))`
	year := time.Unix(0, 0).Format(time.DateTime)
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.Local).Unix()
	want := fmt.Sprintf("%s\tFri Jan  2 00:00:00 1970\t%d\t3\ttrue\ttrue\t1970", year, at)
	p := loaded(t, body+"\n(local {: job} (require :quire.ci))\n(job :a [:quire/push] (fn [] "+body+" nil))\n")
	h := newHost(t)
	if got := outcome(p, "a", h); got != "nothing" {
		t.Error(got)
	}
	if d := gocmp.Diff([]string{want, "a: log " + want}, append(slices.Clone(p.Printed), h.log())); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

// TestAbsent checks that what reaches the machine is not there, whatever the way:
// as a global, through the table of globals, and for macros.
func TestAbsent(t *testing.T) {
	names := []string{"os.execute", "os.exit", "os.getenv", "os.remove", "os.rename", "os.tmpname", "os.setlocale", "io.open",
		"io.popen", "io.lines", "io.read", "io.write", "io.stdout", "debug.getinfo", "debug.sethook", "debug.getregistry",
		"debug.getupvalue", "debug.setmetatable", "package.loaded", "package.preload", "package.path", "package.loadlib",
		"load", "loadstring", "loadfile", "dofile", "setfenv", "getfenv", "newproxy", "module", "string.dump", "jit", "bit",
		"bit32", "channel", "_printregs", "rawlen", "fennel.path", "fennel.macro-path", "fennel.macro-searchers", "fennel.macro-loaded"}
	const look = `(fn [path]
		(accumulate [t _G part (string.gmatch path "[^.]+")]
			(if (= :table (type t)) (. t part) nil)))`
	text := "(local look " + look + ")\n(macro absent [name] (let [look " + look + " v (look name)] (if (and (= nil v) (not= \"io\" v)) nil (.. name \" is there for macros\"))))\n"
	for _, name := range names {
		text += fmt.Sprintf("(if (look %q) (print %q))\n", name, name)
		if name != "io.open" { // it is there for macros, and raises nothing but opens nothing
			text += fmt.Sprintf("(let [m (absent %q)] (if m (print m)))\n", name)
		}
	}
	text += "(macro opened [] (select 2 (io.open \"/etc/passwd\")))\n(print (opened))\n"
	p := loaded(t, text)
	if d := gocmp.Diff([]string{"macros cannot open files"}, p.Printed); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
