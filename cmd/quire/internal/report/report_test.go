package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/cmd/quire/internal/report"
)

var update = flag.Bool("update", false, "rewrite the goldens")

const testdata = "../../../../testdata/report/"

var formats = map[string]func(io.Writer, diag.List) error{
	"want.short":  report.Short,
	"want.github": report.GitHub,
	"want.sarif":  results,
}

// results writes the results of a SARIF log, without what is the same in all.
func results(w io.Writer, list diag.List) error {
	var b bytes.Buffer
	if err := report.SARIF(&b, "quire 1.0", list); err != nil {
		return err
	}
	var log struct {
		Runs []struct {
			Results []json.RawMessage `json:"results"`
		} `json:"runs"`
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		return err
	}
	for _, r := range log.Runs[0].Results {
		b.Reset()
		if err := json.Indent(&b, r, "", "  "); err != nil {
			return err
		}
		b.WriteByte('\n')
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// TestFormats reads testdata/report/*.txtar: ci.fnl is a pipeline, other *.fnl
// its modules, and want.* what is written about it.
func TestFormats(t *testing.T) {
	paths, err := filepath.Glob(testdata + "*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			list := diagnostics(string(archive.Files[0].Data))
			for i := range archive.Files[1:] {
				f := &archive.Files[i+1]
				var got bytes.Buffer
				if err := formats[f.Name](&got, list); err != nil {
					t.Fatal(err)
				}
				if *update {
					f.Data = got.Bytes()
				}
				if diff := cmp.Diff(string(f.Data), got.String()); diff != "" {
					t.Errorf("%s (-want +got)\n%s", f.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			validate(t, list)
		})
	}
}

func diagnostics(text string) diag.List {
	return analysis.New(source.NewFile(".quire/ci.fnl", text), analysis.Options{}).Diagnostics()
}

// hostile is a diagnostic whose every part means something to what reads it.
func hostile() diag.List {
	f := source.NewFile("a:b,c%0A::error::x/{0} é\n.fnl", "(a)\r\n\"é世👍\" x\n")
	evil := "x\n::error::forged\r\n%0A [a](b) {0} \x1b[31m"
	span := source.Span{Start: 5, End: 16}
	return diag.List{
		{File: f, Span: span, Code: "no-such-code", Message: evil, Help: evil,
			Related: []diag.Related{{File: f, Span: source.Span{Start: 0, End: 3}, Message: evil}, {Message: "no place"}},
			Fixes:   []diag.Fix{{Title: evil, Edits: []diag.Edit{{File: f, Span: span, Text: "{}\n"}}}, {Title: "nothing"}}},
		{Code: diag.Config, Message: "no file"},
		{File: source.NewFile("-", "x"), Span: source.Span{Start: 0, End: 1}, Code: diag.UnusedLocal, Message: "standard input"},
	}
}

func TestHostile(t *testing.T) {
	tests := []struct {
		name  string
		write func(io.Writer, diag.List) error
		want  string
	}{
		{"short", report.Short, `a:b,c%0A::error::x/{0} é\x0a.fnl:2:1: error[no-such-code]: x\x0a::error::forged\x0d\x0a%0A [a](b) {0} \x1b[31m
error[config]: no file
-:1:1: hint[unused-local]: standard input
`},
		{"github", report.GitHub, `::error file=a%3Ab%2Cc%250A%3A%3Aerror%3A%3Ax/{0} é%0A.fnl,line=2,endLine=2,col=1,endColumn=12,title=error[no-such-code]::` +
			`x%0A::error::forged\x0d%0A%250A [a](b) {0} \x1b[31m%0Ax%0A::error::forged\x0d%0A%250A [a](b) {0} \x1b[31m
::error title=error[config]::no file
::notice title=hint[unused-local]::standard input
`},
	}
	for _, tt := range tests {
		var got bytes.Buffer
		if err := tt.write(&got, hostile()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got.String()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

func TestHostileSARIF(t *testing.T) {
	log := validate(t, hostile())
	results := log["runs"].([]any)[0].(map[string]any)["results"].([]any)
	first := results[0].(map[string]any)
	if got, want := first["message"].(map[string]any)["text"], "x\n::error::forged\\x0d\n%0A [a](b) {{0}} \\x1b[31m"; !strings.HasPrefix(got.(string), want) {
		t.Errorf("the message is %q, want %q", got, want)
	}
	place := first["locations"].([]any)[0].(map[string]any)["physicalLocation"].(map[string]any)
	want := map[string]any{
		"artifactLocation": map[string]any{"uri": "a%3Ab%2Cc%250A%3A%3Aerror%3A%3Ax/%7B0%7D%20%C3%A9%0A.fnl", "uriBaseId": "%SRCROOT%"},
		"region":           map[string]any{"startLine": 2.0, "startColumn": 1.0, "endLine": 2.0, "endColumn": 7.0},
	}
	if diff := cmp.Diff(want, place); diff != "" {
		t.Errorf("place (-want +got)\n%s", diff)
	}
	if _, ok := first["ruleIndex"]; ok {
		t.Error("a code that is not in the table has a rule")
	}
	if got := len(first["fixes"].([]any)); got != 1 {
		t.Errorf("%d fixes, want 1", got)
	}
	if _, ok := results[1].(map[string]any)["locations"]; ok {
		t.Error("a diagnostic about no file has a place")
	}
}

// TestFingerprints checks that what moves keeps its fingerprint, and that no
// two results share one.
func TestFingerprints(t *testing.T) {
	const text = "(local {: job} (require :quire.ci))\n(job :a [:nowhere] #nil)\n(print misspelt)\n(print misspelt)\n"
	prints := func(text string) []string {
		var all []string
		log := validate(t, diagnostics(text))
		for _, r := range log["runs"].([]any)[0].(map[string]any)["results"].([]any) {
			all = append(all, r.(map[string]any)["partialFingerprints"].(map[string]any)["quireFinding/v1"].(string))
		}
		return all
	}
	before, after := prints(text), prints(";; a comment\n\n"+strings.ReplaceAll(text, "[:", "[  :"))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the fingerprints changed (-before +after)\n%s", diff)
	}
	seen := map[string]bool{}
	for _, p := range before {
		if seen[p] {
			t.Errorf("two results have the fingerprint %s", p)
		}
		seen[p] = true
	}
	if !slices.ContainsFunc(before, func(p string) bool { return strings.HasSuffix(p, ":2") }) {
		t.Errorf("no finding is there twice: %q", before)
	}
}

// validate checks the SARIF of a list against the schema, and returns it.
func validate(t *testing.T, list diag.List) map[string]any {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(testdata + "sarif-2.1.0-rtm.5.json")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.SARIF(&b, "quire 1.0", list); err != nil {
		t.Fatal(err)
	}
	log, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(log); err != nil {
		t.Errorf("%v\n%s", err, b.Bytes())
	}
	var plain map[string]any
	if err := json.Unmarshal(b.Bytes(), &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

// TestSchema checks that the schema refuses what is no log.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(testdata + "sarif-2.1.0-rtm.5.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`{}`, `{"version": "2.0.0", "runs": []}`, `{"version": "2.1.0", "runs": [{"results": []}]}`} {
		log, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if schema.Validate(log) == nil {
			t.Errorf("%s is said to be a log", text)
		}
	}
}

// TestEveryCode checks that each code has a rule, and that each of its examples
// can be reported.
func TestEveryCode(t *testing.T) {
	for _, e := range diag.Entries() {
		log := validate(t, diagnostics(e.Bad))
		rules := log["runs"].([]any)[0].(map[string]any)["tool"].(map[string]any)["driver"].(map[string]any)["rules"].([]any)
		for _, r := range log["runs"].([]any)[0].(map[string]any)["results"].([]any) {
			r := r.(map[string]any)
			if rule := rules[int(r["ruleIndex"].(float64))].(map[string]any); rule["id"] != r["ruleId"] {
				t.Errorf("a result of %s has the rule %s", r["ruleId"], rule["id"])
			}
		}
	}
}
