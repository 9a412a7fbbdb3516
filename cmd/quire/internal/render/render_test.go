package render_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/cmd/quire/internal/render"
	"quire/cmd/quire/internal/terminal"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestDiagnostics reads testdata/render/*.txtar. The comment of an archive
// describes the screen: width=N, ascii, color, terminal. The section in.fnl is the text
// with each span between ⟦ and ⟧; in in.quoted the escapes of Go's strings
// stand for bytes that are hard to see. The section diagnostics names what is
// found at those spans, in their order: a line "CODE: message" takes the next
// span, and so does "note: message", for a related place of the diagnostic
// above; "help: text" and "fix: title" take none. The section want is what is
// shown.
func TestDiagnostics(t *testing.T) {
	paths, err := filepath.Glob("../../../../testdata/render/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := render.Diagnostics(&got, screen(t, string(archive.Comment)), list(t, archive)); err != nil {
				t.Fatal(err)
			}
			want := section(archive, "want")
			if *update {
				i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
				archive.Files[i].Data = got.Bytes()
				want = got.String()
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("(-want +got)\n%s\n%s", diff, got.String())
			}
		})
	}
}

func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func screen(t *testing.T, comment string) terminal.Screen {
	s := terminal.Screen{Width: 80, Unicode: true}
	for _, field := range strings.Fields(comment) {
		switch {
		case field == "ascii":
			s.Unicode = false
		case field == "color":
			s.Color = true
		case field == "terminal":
			s.Terminal = true
		case strings.HasPrefix(field, "width="):
			width, err := strconv.Atoi(strings.TrimPrefix(field, "width="))
			if err != nil {
				t.Fatal(err)
			}
			s.Width = width
		default:
			t.Fatalf("unknown word %q in the comment", field)
		}
	}
	return s
}

func list(t *testing.T, a *txtar.Archive) diag.List {
	t.Helper()
	file, spans := input(t, a)
	var list diag.List
	for row := range strings.Lines(section(a, "diagnostics")) {
		kind, text, ok := strings.Cut(strings.TrimSuffix(row, "\n"), ": ")
		if !ok {
			t.Fatalf("bad row %q", row)
		}
		if kind == "help" || kind == "fix" {
			d := &list[len(list)-1]
			if kind == "help" {
				d.Help = text
			} else {
				d.Fixes = append(d.Fixes, diag.Fix{Title: text})
			}
			continue
		}
		span := spans[0]
		spans = spans[1:]
		if kind == "note" {
			d := &list[len(list)-1]
			d.Related = append(d.Related, diag.Related{File: file, Span: span, Message: text})
			continue
		}
		list = append(list, diag.Diagnostic{File: file, Span: span, Code: diag.Code(kind), Message: text})
	}
	if len(spans) > 0 {
		t.Fatalf("%d spans without a diagnostic", len(spans))
	}
	return list
}

// input returns the text without its markers, and the spans in the order of
// their opening markers.
func input(t *testing.T, a *txtar.Archive) (*source.File, []source.Span) {
	t.Helper()
	text := section(a, "in.fnl")
	if quoted := section(a, "in.quoted"); quoted != "" {
		var err error
		if text, err = strconv.Unquote(`"` + strings.TrimSuffix(quoted, "\n") + `"`); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	var spans []source.Span
	var open []int
	for text != "" {
		switch {
		case strings.HasPrefix(text, "⟦"):
			open = append(open, len(spans))
			spans = append(spans, source.Span{Start: b.Len()})
			text = text[len("⟦"):]
		case strings.HasPrefix(text, "⟧"):
			spans[open[len(open)-1]].End = b.Len()
			open = open[:len(open)-1]
			text = text[len("⟧"):]
		default:
			b.WriteByte(text[0])
			text = text[1:]
		}
	}
	return source.NewFile(".quire/ci.fnl", b.String()), spans
}

// What a command printed last often ends a message, and its line with it.
func TestMessageWithoutLineEnd(t *testing.T) {
	shown := func(message string) string {
		var out bytes.Buffer
		d := diag.Diagnostic{File: source.NewFile("ci.fnl", "x"), Code: diag.Runtime, Message: message}
		if err := render.Diagnostic(&out, terminal.Screen{Width: 80}, d); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if diff := cmp.Diff(shown("exited with 3"), shown("exited with 3\n")); diff != "" {
		t.Errorf("(-without +with a line end)\n%s", diff)
	}
}
