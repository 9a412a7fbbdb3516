package syntax_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// TestFormat formats each text named "…/before" in the archives of the suite
// and compares it with what stands under "…/after", or with itself when nothing
// does. In both, the marks stand for what an editor may not show or keep; ␄ at
// the end says that no line feed ends the text.
func TestFormat(t *testing.T) {
	paths, err := filepath.Glob("../../../testdata/format/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var updated []txtar.File
		for _, f := range archive.Files {
			name, ok := strings.CutSuffix(f.Name, "/before")
			if !ok {
				continue
			}
			updated = append(updated, f)
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) {
				before := unmarked(string(f.Data))
				got := formatted(before)
				if *update && got != before {
					updated = append(updated, txtar.File{Name: name + "/after", Data: []byte(marked(got))})
				}
				want := unmarked(section(archive, name+"/after"))
				if want == "" && before != "" && !hasSection(archive, name+"/after") {
					want = before
				}
				if diff := cmp.Diff(want, got); diff != "" && !*update {
					t.Errorf("(-want +got):\n%s", diff)
				}
				checkFormat(t, before)
			})
		}
		if archive.Files = updated; *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func hasSection(a *txtar.Archive, name string) bool {
	return slices.ContainsFunc(a.Files, func(f txtar.File) bool { return f.Name == name })
}

var marks = []string{"⇥", "\t", "␣", " ", "␍", "\r", "␌", "\f", "⎀", "\ufeff"}

// marked returns a text as an archive holds it.
func marked(text string) string {
	for i := 0; i < len(marks); i += 2 {
		if marks[i+1] != " " {
			text = strings.ReplaceAll(text, marks[i+1], marks[i])
		}
	}
	if text = strings.ReplaceAll(text, " \n", "␣\n"); !strings.HasSuffix(text, "\n") {
		text += "␄\n"
	}
	return text
}

func unmarked(text string) string {
	text = strings.TrimSuffix(text, "␄\n")
	return strings.NewReplacer(marks...).Replace(text)
}

func formatted(text string) string {
	return diag.Apply(text, syntax.Format(syntax.Read(source.NewFile("in.fnl", text))))
}

// checkFormat reports what formatting does to a text that it must not do.
func checkFormat(t fataler, text string) {
	t.Helper()
	tree := syntax.Read(source.NewFile("in.fnl", text))
	edits := syntax.Format(tree)
	at := 0
	for i, e := range edits {
		removed := tree.File.Slice(e.Span)
		if e.Span.Start < at || i > 0 && e.Span.Start == at || removed == e.Text {
			t.Fatalf("%q: edit %v is out of order or does nothing", text, e.Span)
		}
		if strings.Trim(removed+e.Text, " \t\r\n\v\f") != "" {
			t.Fatalf("%q: %q becomes %q", text, removed, e.Text)
		}
		at = e.Span.End
	}
	once := diag.Apply(text, edits)
	again := syntax.Read(source.NewFile("in.fnl", once))
	if diff := cmp.Diff(content(tree), content(again)); diff != "" {
		t.Fatalf("%q\nformats to %q,\nwhich reads differently:\n%s", text, once, diff)
	}
	if twice := diag.Apply(once, syntax.Format(again)); twice != once {
		t.Fatalf("%q\nformats to %q\nand then to %q", text, once, twice)
	}
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// content returns what a tree says: all of its nodes, with what they are
// written as when that is no matter of white space, and what does not read as
// it is.
func content(t *syntax.Tree) []string {
	var all []string
	for _, n := range t.Forms {
		unread := false
		for c := range n.All() {
			text := ""
			switch c.Kind {
			case syntax.List, syntax.Sequence, syntax.Table, syntax.Prefix:
			default:
				text = t.File.Slice(c.Span)
			}
			all = append(all, fmt.Sprintf("%d %t %d %q %q", c.Kind, c.Open, len(c.Children), c.Text, text))
			unread = unread || c.Open || c.Kind == syntax.Error || c.Kind == syntax.Prefix && len(c.Items()) == 0
		}
		if unread {
			all = append(all, t.File.Slice(n.Span))
		}
	}
	return all
}

// TestFormatKeeps formats every text of Fennel that the suites of this project
// hold, also with other line ends.
func TestFormatKeeps(t *testing.T) {
	for _, text := range fennelTexts(t) {
		checkFormat(t, text)
		checkFormat(t, strings.ReplaceAll(text, "\n", "\r\n"))
	}
}

// TestFormatUnfinished formats every prefix of the texts of the reader's suite.
func TestFormatUnfinished(t *testing.T) {
	for _, text := range texts(t) {
		for end := range len(text) {
			checkFormat(t, text[:end])
		}
	}
}

// fennelTexts returns the texts of Fennel in testdata that are not too large.
func fennelTexts(t testing.TB) []string {
	var all []string
	err := filepath.WalkDir("../../../testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".fnl":
			text, err := os.ReadFile(path)
			all = append(all, string(text))
			return err
		case ".txtar":
			archive, err := txtar.ParseFile(path)
			if err != nil {
				return err
			}
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".fnl") {
					all = append(all, string(f.Data))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conformanceCases(t) {
		all = append(all, c.Source)
	}
	all = slices.DeleteFunc(all, func(text string) bool { return len(text) > 20_000 })
	if len(all) < 1000 {
		t.Fatalf("only %d texts", len(all))
	}
	return all
}

// TestFormatScrambled formats texts whose white space is made up.
func TestFormatScrambled(t *testing.T) {
	all := fennelTexts(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom(all).Draw(t, "text")
		checkFormat(t, scramble(t, text))
	})
}

// scramble gives a text other white space between tokens where that keeps what
// the tokens are.
func scramble(t *rapid.T, text string) string {
	tree := syntax.Read(source.NewFile("in.fnl", text))
	var b strings.Builder
	at := 0
	mayBeNothing, mustBreak := true, false
	put := func(start, end int, closer, stays bool) {
		gap := text[at:start]
		if !stays && strings.Trim(gap, " \t\r\n") == "" {
			choices := []string{" ", "  ", "   ", "\t", "\n", "\n\n", "\n \n\n", "\n  ", "\r\n", "\n\t ", "\n\n\n\n      "}
			if mayBeNothing || closer || gap == "" {
				choices = append(choices, "")
			}
			if mustBreak {
				choices = choices[4:11]
			}
			if rapid.IntRange(0, 3).Draw(t, "changes") == 0 {
				gap = rapid.SampledFrom(choices).Draw(t, "gap")
			}
		}
		b.WriteString(gap + text[start:end])
		at = end
	}
	var visit func(n *syntax.Node, stays bool)
	visit = func(n *syntax.Node, stays bool) {
		switch n.Kind {
		case syntax.List, syntax.Sequence, syntax.Table:
			put(n.Span.Start, n.Span.Start+1, false, stays)
			mayBeNothing, mustBreak = true, false
			for _, c := range n.Children {
				visit(c, false)
			}
			if !n.Open {
				put(n.Span.End-1, n.Span.End, true, false)
			}
		case syntax.Prefix:
			put(n.Span.Start, n.Span.Start+1, false, stays)
			for _, c := range n.Children {
				visit(c, true)
			}
		default:
			put(n.Span.Start, n.Span.End, false, stays)
		}
		mayBeNothing, mustBreak = false, n.Kind == syntax.Comment
	}
	for _, n := range tree.Forms {
		visit(n, n == tree.Forms[0])
	}
	return b.String() + text[at:]
}

func FuzzFormat(f *testing.F) {
	for _, text := range texts(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkFormat(t, text) })
}

// What this project shows of Fennel, and its own, is formatted.
func TestShippedIsFormatted(t *testing.T) {
	const root = "../../../"
	paths, err := filepath.Glob(root + "testdata/examples/*.fnl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range append(paths, root+".quire/ci.fnl", root+"analysis/pipeline/defrun.fnlm") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), formatted(string(text))); diff != "" {
			t.Errorf("%s is not formatted (-is +should be):\n%s", path, diff)
		}
	}
}
