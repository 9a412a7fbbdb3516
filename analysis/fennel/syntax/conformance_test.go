package syntax_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A conformanceCase is what the reference does with a program, as far as
// reading is concerned.
type conformanceCase struct {
	ID       string
	Source   string
	Error    *conformanceError
	Warnings []string // line:column:text
}

type conformanceError struct {
	Kind           string
	Message        string
	Line, Col      *int
	ReferenceCrash bool `json:"reference_crash"`
}

func conformanceCases(t testing.TB) []conformanceCase {
	paths, err := filepath.Glob("../../../testdata/conformance/*.jsonl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no conformance cases: %v", err)
	}
	var cases []conformanceCase
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c conformanceCase
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			cases = append(cases, c)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return cases
}

// TestConformance reads every program of the conformance corpus. What the
// reference can read has no problems and the same warnings; what it refuses has
// its message as the first problem, in its place.
func TestConformance(t *testing.T) {
	for _, c := range conformanceCases(t) {
		tree := syntax.Read(source.NewFile(c.ID, c.Source))
		if c.Error == nil || c.Error.Kind != "parse" {
			if len(tree.Diagnostics) > 0 {
				t.Errorf("%s: %q: %v", c.ID, c.Source, tree.Diagnostics[0])
			}
			compareWarnings(t, c, tree)
			continue
		}
		if len(tree.Diagnostics) == 0 {
			t.Errorf("%s: %q has no problem, want %q", c.ID, c.Source, c.Error.Message)
			continue
		}
		if !c.Error.ReferenceCrash {
			compareProblem(t, c, tree)
		}
	}
}

func compareProblem(t *testing.T, c conformanceCase, tree *syntax.Tree) {
	d := tree.Diagnostics[0]
	if want := escapeControl(c.Error.Message); d.Message != want {
		t.Errorf("%s: %q: message %q, want %q", c.ID, c.Source, d.Message, want)
	}
	line, column := referencePlace(c.Source, placeOfReference(tree, d))
	if line != *c.Error.Line || column != *c.Error.Col {
		t.Errorf("%s: %q: %s is at %d:%d, want %d:%d", c.ID, c.Source, d.Message, line, column, *c.Error.Line, *c.Error.Col)
	}
}

// placeOfReference returns the offset at which the reference would report a
// problem. It is where the reference is when it notices, and that is not always
// the place to show.
func placeOfReference(tree *syntax.Tree, d diag.Diagnostic) int {
	text := tree.File.Text()
	path := tree.Path(d.Span.Start)
	switch {
	case strings.HasPrefix(d.Message, "expected closing delimiter"):
		return len(text)
	case d.Message == "invalid character: ~":
		return d.Span.End - 1
	case len(path) > 0 && path[len(path)-1].Kind == syntax.String && path[len(path)-1].Span.Encloses(d.Span):
		return path[len(path)-1].Span.End - 1
	}
	return d.Span.Start
}

// referencePlace returns the line and column of an offset as the reference
// counts them: lines from 1, and columns by the bytes that it takes for the
// start of a character.
func referencePlace(text string, offset int) (line, column int) {
	line, column = 1, -1
	for i := range min(offset+1, len(text)) {
		if i > 0 && text[i-1] == '\n' {
			line, column = line+1, -1
		}
		if b := text[i]; 1 < b && b < 127 || 192 < b && b < 247 {
			column++
		}
	}
	if offset == len(text) {
		column++
	}
	return line, column
}

func escapeControl(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c < ' ' || c == 0x7f {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func compareWarnings(t *testing.T, c conformanceCase, tree *syntax.Tree) {
	var got, want []string
	for _, d := range tree.Warnings {
		line, column := referencePlace(c.Source, d.Span.End-1)
		got = append(got, fmt.Sprintf("%d:%d:%s", line, column, d.Message))
	}
	for _, w := range c.Warnings {
		if strings.Contains(w, "expected whitespace") {
			want = append(want, w)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %q: warnings (-want +got):\n%s", c.ID, c.Source, diff)
	}
}
