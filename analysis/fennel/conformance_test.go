package fennel_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/fennel/view"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

var corpus = flag.String("corpus", "../../testdata/conformance", "folder with the cases of TestConformance")

// A conformanceCase is one line of the corpus: a program and what the
// reference implementation makes of it. The corpus's README describes the
// fields and when a result counts as equal.
type conformanceCase struct {
	ID, Category, Source string
	Files                map[string]string
	Opts                 []string
	outcome
	Gopher     *outcome
	CodegenBug bool `json:"gopher_codegen_bug"`
}

type outcome struct {
	Result []string
	Stdout string
	Error  *failure
}

type failure struct {
	Kind           string
	Message        string
	Line, Col      *int
	LineCorrelated *int `json:"line_correlated"`
	Inner          *struct{ Line, Col *int }
	Value          *string
	VMMessage      any    `json:"vm_message"`
	GopherMessage  string `json:"gopher_message"`
	Crash          bool   `json:"reference_crash"`
}

// TestConformance runs the corpus. Cases that may differ are listed with the
// reason in testdata/exceptions.txt; one that is listed and passes is an error
// as well.
func TestConformance(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(*corpus, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Skipf("no corpus in %s", *corpus)
	}
	exceptions := readExceptions(t)
	passed, failed := 0, 0
	for _, file := range files {
		cases := readCases(t, file)
		good := 0
		for _, c := range cases {
			why := c.check()
			reason, excepted := exceptions[c.ID]
			switch {
			case why == "":
				good++
				if excepted {
					t.Errorf("%s passes, but is an exception: %s", c.ID, reason)
				}
			case !excepted:
				t.Errorf("%s: %s\n%s", c.ID, why, c.Source)
			}
		}
		passed += good
		failed += len(cases) - good
		t.Logf("%s: %d of %d", strings.TrimSuffix(filepath.Base(file), ".jsonl"), good, len(cases))
	}
	t.Logf("%d passed, %d failed", passed, failed)
}

// readExceptions reads lines of an id, a space and a reason.
func readExceptions(t *testing.T) map[string]string {
	text, err := os.ReadFile("testdata/exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if id, reason, ok := strings.Cut(strings.TrimSpace(line), " "); ok && id != "#" {
			out[id] = reason
		}
	}
	return out
}

func readCases(t *testing.T, file string) []*conformanceCase {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []*conformanceCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		c := new(conformanceCase)
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, c)
	}
	return out
}

// check returns how the case fails, or nothing.
func (c *conformanceCase) check() (why string) {
	defer func() {
		if r := recover(); r != nil {
			why = fmt.Sprint("panic: ", r)
		}
	}()
	got := c.run()
	why = c.outcome.differs(got)
	if why != "" && c.Gopher != nil && !c.CodegenBug && c.Gopher.differs(got) == "" {
		return ""
	}
	return why
}

func (want *outcome) differs(got *outcome) string {
	if want.Error != nil && want.Error.Kind == "load" {
		return ""
	}
	if got.Error != nil && want.Error == nil {
		return fmt.Sprintf("unexpected %s error: %s", got.Error.Kind, got.Error.Message)
	}
	if want.Error != nil {
		if why := want.Error.differs(got); why != "" {
			return why
		}
	} else if !slices.Equal(normalAll(want.Result), normalAll(got.Result)) {
		return fmt.Sprintf("result %q, want %q", got.Result, want.Result)
	}
	if normal(want.Stdout) != normal(got.Stdout) {
		return fmt.Sprintf("stdout %q, want %q", got.Stdout, want.Stdout)
	}
	return ""
}

func (want *failure) differs(o *outcome) string {
	got := o.Error
	switch {
	case got == nil:
		return fmt.Sprintf("no error, want %s: %s", want.Kind, want.Message)
	case got.Kind != want.Kind:
		return fmt.Sprintf("%s error (%s), want %s: %s", got.Kind, got.Message, want.Kind, want.Message)
	case want.Crash:
		return ""
	case want.Value != nil:
		if got.Value == nil || normal(*got.Value) != normal(*want.Value) {
			return fmt.Sprintf("error value %v, want %s", got.Message, *want.Value)
		}
		return ""
	case !want.sameLine(got):
		return fmt.Sprintf("%s error %q in line %d, want line %d", got.Kind, got.Message, *got.Line, *want.Line)
	case !want.sameMessage(got):
		return fmt.Sprintf("%s error %q, want %q", got.Kind, got.Message, want.Message)
	}
	return ""
}

func (want *failure) sameLine(got *failure) bool {
	if want.Line == nil || got.Line == nil || *want.Line == *got.Line {
		return true
	}
	if want.Inner != nil && want.Inner.Line != nil && *want.Inner.Line == *got.Line {
		return true
	}
	return want.LineCorrelated != nil && *want.LineCorrelated == *got.Line
}

func (want *failure) sameMessage(got *failure) bool {
	w, g := normalMessage(want.Message), normalMessage(got.Message)
	if w == g || w == "" {
		return true
	}
	if strings.HasPrefix(w, "attempt to ") || strings.HasPrefix(w, "bad argument ") || strings.Contains(w, "on bad self (") {
		return true
	}
	vm, _ := want.VMMessage.(string)
	return vm != "" && normalMessage(vm) == g || want.GopherMessage != "" && normalMessage(want.GopherMessage) == g ||
		want.VMMessage == true
}

var (
	address  = regexp.MustCompile(`0x[0-9a-fA-F]{5,}`)
	position = regexp.MustCompile(`@?snippet\.fnl:\d+`)
	spaces   = regexp.MustCompile(`\s+`)
)

func normal(s string) string {
	return position.ReplaceAllString(address.ReplaceAllString(s, "0xADDR"), "snippet.fnl:N")
}

func normalAll(ss []string) []string {
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = normal(s)
	}
	return out
}

func normalMessage(s string) string {
	s = spaces.ReplaceAllString(strings.ToLower(address.ReplaceAllString(s, "0xADDR")), " ")
	return strings.TrimRight(strings.TrimSpace(s), ".")
}

// allowedGlobals are those of the reference runs.
var allowedGlobals = strings.Fields(`_G _VERSION assert collectgarbage coroutine debug dofile error getfenv getmetatable io ipairs load
 loadfile loadstring math module newproxy next os package pairs pcall print rawequal rawget rawset require select setfenv
 setmetatable string table tonumber tostring type unpack xpcall`)

// run compiles and runs the program.
func (c *conformanceCase) run() *outcome {
	out := &outcome{}
	file := source.NewFile("snippet.fnl", c.Source)
	r := &conformanceRun{c: c, out: out, modules: map[string]*fennel.Module{}}
	m := r.compile(file)
	if err := compileFailure(m); err != nil {
		out.Error = err
		return out
	}
	p := fennel.NewProgram(sandbox.Options{
		Limits: sandbox.Limits{Instructions: 20_000_000, Strings: 64 << 20, Depth: 10_000, Time: 5e9},
		Print:  func(line string) { out.Stdout += line + "\n" },
	})
	defer p.State.Close()
	r.p = p
	r.open(p.State.L)
	values, err := p.State.Call(context.Background(), p.State.L, p.Function(m))
	if err != nil {
		out.Error = r.runtimeFailure(err, file)
		return out
	}
	out.Result = []string{}
	for _, v := range values {
		out.Result = append(out.Result, r.view(v))
	}
	return out
}

type conformanceRun struct {
	c       *conformanceCase
	out     *outcome
	p       *fennel.Program
	modules map[string]*fennel.Module
}

func (r *conformanceRun) view(v lua.LValue) string {
	return view.View(v, view.Options{OneLine: true, Lua: &view.Lua{L: r.p.State.L}})
}

func (r *conformanceRun) compile(file *source.File) *fennel.Module {
	return fennel.Compile(syntax.Read(file), r.options())
}

func (r *conformanceRun) options() fennel.Options {
	o := fennel.Options{
		Globals: func(name string) bool {
			root, field, dotted := strings.Cut(name, ".")
			return slices.Contains(allowedGlobals, root) && (field != "" || !dotted) && !strings.HasSuffix(name, ".")
		},
		Resolve: func(name string, kind fennel.ModuleKind) (*source.File, error) {
			return r.find(name, kind)
		},
		Limits:   sandbox.Limits{Instructions: 20_000_000, Strings: 64 << 20, Depth: 10_000, Time: 5e9},
		Print:    func(line string) { r.out.Stdout += line + "\n" },
		Metadata: slices.Contains(r.c.Opts, "meta"),
	}
	if slices.Contains(r.c.Opts, "noglobals") {
		o.Globals = nil
	}
	return o
}

func (r *conformanceRun) find(name string, kind fennel.ModuleKind) (*source.File, error) {
	patterns := []string{"%s.fnl", "%s/init.fnl", "%s.lua", "%s/init.lua"}
	if kind == fennel.Macros {
		patterns = []string{"%s.fnlm", "%s/init.fnlm", "%s.fnl", "%s/init-macros.fnl", "%s/init.fnl", "%s.lua"}
	}
	for _, pattern := range patterns {
		path := fmt.Sprintf(pattern, strings.ReplaceAll(name, ".", "/"))
		for _, p := range []string{path, "./" + path} {
			if text, ok := r.c.Files[p]; ok {
				return source.NewFile("./"+path, text), nil
			}
		}
	}
	return nil, fmt.Errorf("%s module not found.", name) //nolint:staticcheck // the reference's text
}

func compileFailure(m *fennel.Module) *failure {
	for _, syntaxFirst := range []bool{true, false} {
		for _, d := range m.Diagnostics {
			if d.Severity() != diag.Error || syntaxFirst && d.Code != diag.Syntax {
				continue
			}
			pos := d.File.Position(d.Span.Start)
			col := pos.Column - 1
			kind := "compile"
			if d.Code == diag.Syntax {
				kind = "parse"
			}
			return &failure{Kind: kind, Message: d.Message, Line: &pos.Line, Col: &col}
		}
	}
	return nil
}

func (r *conformanceRun) runtimeFailure(err error, file *source.File) *failure {
	var raised *sandbox.Error
	if !errors.As(err, &raised) {
		return &failure{Kind: "runtime", Message: err.Error()}
	}
	d := r.p.Diagnose(raised, file)
	line := d.File.Position(d.Span.Start).Line
	if len(raised.Frames) > 0 {
		for _, f := range raised.Frames {
			if place, ok := r.p.Place(f); ok {
				line = place.File.Position(place.Span.Start).Line
				break
			}
		}
	}
	f := &failure{Kind: "runtime", Message: raised.Message, Line: &line}
	if raised.Value != nil && raised.Value.Type() != lua.LTString {
		v := r.view(raised.Value)
		f.Value = &v
	}
	return f
}
