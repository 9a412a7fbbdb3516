package source_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/source"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

const suite = "../../testdata/source"

// TestPositions compares the places of texts with those in the suite. A
// paragraph starts with a quoted text; each line under it is an offset, its
// position, its UTF-16 position, and the offsets that these are turned back
// into where they differ from it.
func TestPositions(t *testing.T) {
	paths, err := filepath.Glob(suite + "/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no texts in %s: %v", suite, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, text := range quotedTexts(t, string(data)) {
			got.WriteString(places(text))
		}
		if *update {
			if err := os.WriteFile(path, []byte(got.String()), 0o666); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(string(data), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// quotedTexts returns the texts that start the paragraphs of data.
func quotedTexts(t testing.TB, data string) []string {
	var texts []string
	for paragraph := range strings.SplitSeq(strings.TrimSpace(data), "\n\n") {
		line, _, _ := strings.Cut(paragraph, "\n")
		text, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		texts = append(texts, text)
	}
	return texts
}

func places(text string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q\n", text)
	f := source.NewFile("in", text)
	for offset := range len(text) + 1 {
		p, p16 := f.Position(offset), f.Position16(offset)
		fmt.Fprintf(&b, "%d\t%v\t%d:%d", offset, p, p16.Line, p16.Character)
		if back, back16 := f.Offset(p), f.Offset16(p16); back != offset || back16 != offset {
			fmt.Fprintf(&b, "\t%d %d", back, back16)
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.String()
}

func TestClamped(t *testing.T) {
	f := source.NewFile("in", "ab\r\n\U0001F600c\n")
	positions := map[source.Position]int{
		{Line: 0, Column: 1}: 0, {Line: -5, Column: 9}: 0, {Line: 1, Column: 0}: 0, {Line: 1, Column: -7}: 0,
		{Line: 1, Column: 3}: 2, {Line: 1, Column: 4}: 2, {Line: 1, Column: math.MaxInt}: 2, {Line: 2, Column: math.MaxInt}: 9,
		{Line: 3, Column: 1}: 10, {Line: 4, Column: 1}: 10, {Line: math.MaxInt, Column: math.MaxInt}: 10,
	}
	for p, want := range positions {
		if got := f.Offset(p); got != want {
			t.Errorf("Offset(%v) = %d, want %d", p, got, want)
		}
	}
	positions16 := map[source.Position16]int{
		{Line: -1}: 0, {Line: 0, Character: -1}: 0, {Line: 0, Character: 2}: 2, {Line: 0, Character: 3}: 2,
		{Line: 1, Character: 1}: 4, {Line: 1, Character: 2}: 8, {Line: 1, Character: math.MaxInt}: 9,
		{Line: 2, Character: 0}: 10, {Line: 3, Character: 0}: 10, {Line: math.MaxInt, Character: math.MaxInt}: 10,
	}
	for p, want := range positions16 {
		if got := f.Offset16(p); got != want {
			t.Errorf("Offset16(%v) = %d, want %d", p, got, want)
		}
	}
	for _, offset := range []int{-1, math.MinInt} {
		if p, p16 := f.Position(offset), f.Position16(offset); p != (source.Position{Line: 1, Column: 1}) || p16 != (source.Position16{}) {
			t.Errorf("offset %d is at %v and %v", offset, p, p16)
		}
	}
	if p, p16 := f.Position(math.MaxInt), f.Position16(math.MaxInt); p != (source.Position{Line: 3, Column: 1}) || p16 != (source.Position16{Line: 2}) {
		t.Errorf("the end is at %v and %v", p, p16)
	}
	for span, want := range map[source.Span]string{
		{Start: -3, End: 1}: "a", {Start: 9, End: 99}: "\n", {Start: 5, End: 2}: "", {Start: 99, End: 100}: "", {Start: -9, End: -3}: "",
	} {
		if got := f.Slice(span); got != want {
			t.Errorf("Slice(%v) = %q, want %q", span, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	s := source.Span{Start: 2, End: 5}
	for offset, want := range map[int][2]bool{1: {false, false}, 2: {true, true}, 4: {true, true}, 5: {false, true}, 6: {false, false}} {
		if s.Contains(offset) != want[0] || s.Touches(offset) != want[1] {
			t.Errorf("%v: contains %d: %v, touches it: %v", s, offset, s.Contains(offset), s.Touches(offset))
		}
	}
	for inner, want := range map[source.Span]bool{s: true, {Start: 3, End: 3}: true, {Start: 5, End: 5}: true, {Start: 1, End: 3}: false, {Start: 4, End: 6}: false} {
		if s.Encloses(inner) != want {
			t.Errorf("%v encloses %v: %v", s, inner, !want)
		}
	}
	if got := s.Shift(-2); got != (source.Span{Start: 0, End: 3}) || got.Len() != s.Len() {
		t.Errorf("shifted by -2, %v is %v", s, got)
	}
}

func TestPlace(t *testing.T) {
	p := source.Place{File: source.NewFile(".quire/ci.fnl", "a\n  bc"), Span: source.Span{Start: 4, End: 6}}
	if got := p.String(); got != ".quire/ci.fnl:2:3" {
		t.Errorf("the place is %s", got)
	}
}

// A dir is a tree of the texts of some files.
type dir map[string]string

func (d dir) Read(path string) (*source.File, error) {
	text, ok := d[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return source.NewFile(path, text), nil
}

func TestOverlay(t *testing.T) {
	buffer := source.NewFile("a", "buffer")
	tree := source.Overlay(dir{"a": "disk", "b": "disk"}, map[string]*source.File{"a": buffer})
	if f, err := tree.Read("a"); err != nil || f != buffer {
		t.Errorf("a is %v, %v", f, err)
	}
	if f, err := tree.Read("b"); err != nil || f.Text() != "disk" {
		t.Errorf("b is %v, %v", f, err)
	}
	if _, err := tree.Read("c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading c: %v", err)
	}
}

func TestOverlayList(t *testing.T) {
	base := source.Overlay(dir{}, map[string]*source.File{"a": nil, "d/x": nil, "d/e/z": nil})
	tree := source.Overlay(base, map[string]*source.File{"a": nil, "d/y": nil, "new/f": nil}).(source.Lister)
	for path, want := range map[string][]source.Entry{
		".":   {{Name: "a"}, {Name: "d", Dir: true}, {Name: "new", Dir: true}},
		"d":   {{Name: "e", Dir: true}, {Name: "x"}, {Name: "y"}},
		"d/e": {{Name: "z"}},
		"new": {{Name: "f"}},
	} {
		if got, err := tree.List(path, 10); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s holds %v, %v, want %v", path, got, err, want)
		}
		if got, err := tree.List(path, 1); err != nil || len(got) != 1 {
			t.Errorf("one entry of %s: %v, %v", path, got, err)
		}
	}
	if got, err := tree.List("other", 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there holds %v, %v", got, err)
	}
}

// FuzzPositions compares the places of an offset with those that are counted
// the plain way, and turns them back.
func FuzzPositions(f *testing.F) {
	data, err := os.ReadFile(suite + "/positions.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range quotedTexts(f, string(data)) {
		for offset := range len(text) + 1 {
			f.Add(text, offset)
		}
	}
	// Long enough for several marks, with characters across them.
	f.Add(strings.Repeat("aä日\U0001F600", 700)+"\xf0\x9f\r\n"+strings.Repeat("\U0001F600", 1000), 9000)
	f.Fuzz(checkPlaces)
}

func checkPlaces(t *testing.T, text string, offset int) {
	file := source.NewFile("in", text)
	lines := checkLines(t, file)
	offset = min(max(offset, 0), len(text))

	line := 0
	for line+1 < len(lines) && lines[line+1] <= offset {
		line++
	}
	end := file.Line(line + 1).End
	char := lines[line] // the start of the character that holds offset
	for char < offset {
		_, size := utf8.DecodeRuneInString(text[char:])
		if char+size > offset {
			break
		}
		char += size
	}

	p := file.Position(offset)
	if want := (source.Position{Line: line + 1, Column: offset - lines[line] + 1}); p != want {
		t.Errorf("%q: %d is at %v, want %v", text, offset, p, want)
	}
	if got, want := file.Offset(p), min(offset, end); got != want {
		t.Errorf("%q: %d is at %v, which is %d", text, offset, p, got)
	}
	p16 := file.Position16(offset)
	if want := (source.Position16{Line: line, Character: len(utf16.Encode([]rune(text[lines[line]:char])))}); p16 != want {
		t.Errorf("%q: %d is at %v, want %v", text, offset, p16, want)
	}
	if got, want := file.Offset16(p16), min(char, end); got != want {
		t.Errorf("%q: %d is at %v, which is %d, want %d", text, offset, p16, got, want)
	}
	if _, width := utf8.DecodeRuneInString(text[char:]); width == 4 {
		inside := source.Position16{Line: line, Character: p16.Character + 1}
		if got := file.Offset16(inside); got != char {
			t.Errorf("%q: %v, inside of a pair, is %d, want %d", text, inside, got, char)
		}
	}
}

// checkLines checks that the lines of a file and their terminators make up its
// text, and returns where they start.
func checkLines(t *testing.T, f *source.File) []int {
	t.Helper()
	var starts []int
	pos := 0
	for n := 1; n <= f.LineCount(); n++ {
		line := f.Line(n)
		starts = append(starts, line.Start)
		if line.Start != pos || strings.ContainsAny(f.Slice(line), "\r\n") {
			t.Fatalf("%q: line %d is %v, after %d", f.Text(), n, line, pos)
		}
		pos = line.End
		rest := f.Text()[pos:]
		for _, terminator := range []string{"\r\n", "\n", "\r"} {
			if strings.HasPrefix(rest, terminator) {
				pos += len(terminator)
				break
			}
		}
		if last := n == f.LineCount(); last != (rest == "") {
			t.Fatalf("%q: line %d ends at %d", f.Text(), n, line.End)
		}
	}
	end := source.Span{Start: len(f.Text()), End: len(f.Text())}
	if f.Line(0) != (source.Span{}) || f.Line(f.LineCount()+1) != end {
		t.Fatalf("%q: lines outside are %v and %v", f.Text(), f.Line(0), f.Line(f.LineCount()+1))
	}
	return starts
}
