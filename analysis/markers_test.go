package analysis_test

import (
	"cmp"
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// TestEditor runs testdata/editor/*.txtar. An archive holds a pipeline, ci.fnl,
// files that notes in its comments, which begin with ;;@, refer to, and modules,
// whose names are paths and which may hold notes too. Those are about the module
// as a buffer of its own. The
// first argument of a note is text on the line of the note, the first that
// matches, or a regular expression, re"…", whose group () is meant:
//
//	loc("text", name …)             names a place
//	hover("text", file)             the file holds what hover shows, about the text
//	nohover("text")
//	def("text", name …)             the places of the definition
//	deffile("text", "path")         the definition is a whole file
//	decl("text", name …)            the places of the declaration
//	refs("text", name …)            all places of the name
//	dependents("text", "job" …)     what needs the job or source at the text
//	needs("text", "job" …)          what it needs
//	linked("text", name …)          what changes together with it
//	links(file)                     the texts of links and what they lead to
//	complete("text", "x" …, not, "y" …)  what is and is not offered behind the text
//	completewhole(…)                the same, where what follows has to be there
//	signature("text", "x")          the signature behind the text, with the parameter
//	                                that stands there marked, as in (sh «cmd» ?opts)
//	snippet("text", "x", "y")       behind the text, where nothing follows, x is
//	                                offered and inserts y
//	symbols(file)                   the outline
//	folds(file)                     what can be folded: kinds, lines and first texts
//	selections("text", "x" …)       the texts that a selection grows over from
//	                                behind the text, up to a whole form of top level
//	hints(file)                     the lines with hints, which stand in them as «…»
//	rename("text", "new", file)     the file holds the lines that change
//	renameerr("text", "new", "part of the reason")
//
// Each archive also runs with CRLF, and with a comment of characters from
// everywhere before each line. Completion and signatures also run on the text up
// to the place, where names that only the rest registers may be missing.
func TestEditor(t *testing.T) {
	paths, err := filepath.Glob("../testdata/editor/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	variants := []struct {
		name   string
		change func(string) string
	}{
		{"plain", func(s string) string { return s }},
		{"crlf", func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }},
		{"astral", func(s string) string {
			return strings.TrimSuffix("; é𝄞\n"+strings.ReplaceAll(s, "\n", "\n; é𝄞\n"), "; é𝄞\n")
		}},
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range variants {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+v.name, func(t *testing.T) {
				m := newMarkers(t, archive, v.change)
				m.run()
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// markers is one archive being run, and one of its files.
type markers struct {
	t       *testing.T
	archive *txtar.Archive
	*analysis.Snapshot
	change func(string) string
	files  map[string]*source.File // by the names of files of the repository
	notes  []note
	locs   map[string]location
}

// A location is a place in the file of a name.
type location struct {
	File string
	source.Span
}

func locationOf(p source.Place) location { return location{p.File.Name(), p.Span} }

// A note is one claim.
type note struct {
	file *source.File
	line int
	name string
	args []string // "re:…" for regular expressions
}

func newMarkers(t *testing.T, a *txtar.Archive, change func(string) string) *markers {
	m := &markers{t: t, archive: a, change: change, files: map[string]*source.File{}, locs: map[string]location{}}
	for _, f := range a.Files {
		if strings.Contains(f.Name, "/") {
			m.files[f.Name] = source.NewFile(f.Name, change(string(f.Data)))
		}
	}
	m.files[pipeline.Path] = source.NewFile(pipeline.Path, change(string(m.file("ci.fnl").Data)))
	m.Snapshot = m.snapshot(m.files[pipeline.Path])
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		m.read(m.files[name])
	}
	return m
}

// in returns the archive with a file of it as the one that is asked about.
func (m *markers) in(f *source.File) *markers {
	if f == m.File {
		return m
	}
	of := *m
	of.Snapshot = m.snapshot(f)
	return &of
}

// read takes the notes of a file.
func (m *markers) read(f *source.File) {
	for line := 1; line <= f.LineCount(); line++ {
		if _, text, ok := strings.Cut(f.Slice(f.Line(line)), ";;@"); ok {
			for _, n := range parseNotes(m.t, line, text) {
				n.file = f
				m.notes = append(m.notes, n)
			}
		}
	}
}

// snapshot returns that of a version of a file of the repository, which the
// pipeline finds as well.
func (m *markers) snapshot(f *source.File) *analysis.Snapshot { return m.version(f, nil) }

// version returns a snapshot like snapshot, with a cache.
func (m *markers) version(f *source.File, cache *fennel.Cache) *analysis.Snapshot {
	o := analysis.Options{Secrets: []string{"token", "deploy-key"}, Tree: source.Overlay(m, map[string]*source.File{f.Name(): f}), Cache: cache}
	if f.Name() != pipeline.Path {
		of := o
		of.Cache = nil
		o.Module, o.Pipeline = true, analysis.New(m.files[pipeline.Path], of)
	}
	return analysis.New(f, o)
}

// start returns a file up to an offset.
func (m *markers) start(offset int) *source.File {
	return source.NewFile(m.File.Name(), m.File.Text()[:offset])
}

// Read returns the files of the archive whose names are paths, as those of a
// repository.
func (m *markers) Read(path string) (*source.File, error) {
	if f, ok := m.files[path]; ok {
		return f, nil
	}
	return nil, fs.ErrNotExist
}

// List returns what a directory of the repository holds.
func (m *markers) List(dir string, limit int) ([]source.Entry, error) {
	return source.Overlay(nil, m.files).(source.Lister).List(dir, limit)
}

func (m *markers) file(name string) *txtar.File {
	i := slices.IndexFunc(m.archive.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		if !*update {
			m.t.Fatalf("there is no file %s", name)
		}
		m.archive.Files = append(m.archive.Files, txtar.File{Name: name})
		i = len(m.archive.Files) - 1
	}
	return &m.archive.Files[i]
}

// parseNotes reads name(arg, …) …, with commas between.
func parseNotes(t *testing.T, line int, text string) (notes []note) {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(text))
	s.Init(file, []byte(text), func(_ token.Position, msg string) { t.Fatalf("line %d: %s", line, msg) }, 0)
	depth, re := 0, false
	for {
		switch _, tok, lit := s.Scan(); tok {
		case token.EOF:
			return notes
		case token.IDENT:
			if re = lit == "re"; re {
				continue
			}
			if depth == 0 {
				notes = append(notes, note{line: line, name: lit})
			} else {
				notes[len(notes)-1].args = append(notes[len(notes)-1].args, lit)
			}
		case token.STRING:
			value, err := strconv.Unquote(lit)
			if err != nil {
				t.Fatalf("line %d: %v", line, err)
			}
			if re {
				value = "re:" + value
			}
			re = false
			notes[len(notes)-1].args = append(notes[len(notes)-1].args, value)
		case token.LPAREN:
			depth++
		case token.RPAREN:
			depth--
		}
	}
}

// find returns the place that a note is about.
func (m *markers) find(n note) source.Span {
	m.t.Helper()
	line := n.file.Line(n.line)
	text, _, _ := strings.Cut(n.file.Slice(line), ";;@")
	pattern, ok := strings.CutPrefix(n.args[0], "re:")
	if !ok {
		pattern = "(" + regexp.QuoteMeta(n.args[0]) + ")"
	}
	at := regexp.MustCompile(pattern).FindStringSubmatchIndex(text)
	if at == nil {
		m.t.Fatalf("line %d: no %q", n.line, n.args[0])
	}
	return source.Span{Start: at[2], End: at[3]}.Shift(line.Start)
}

func (m *markers) run() {
	for _, n := range m.notes {
		if n.name == "loc" {
			for _, name := range n.args[1:] {
				m.locs[name] = location{n.file.Name(), m.find(n)}
			}
		}
	}
	modules := map[*source.File]*markers{}
	all := m
	for _, n := range m.notes {
		if modules[n.file] == nil {
			modules[n.file] = all.in(n.file)
		}
		m := modules[n.file]
		switch n.name {
		case "loc":
		case "symbols":
			m.golden(n.args[0], strings.Join(outlineText(m.Snapshot, m.Outline(), ""), ""))
		case "folds":
			m.golden(n.args[0], foldText(m.Snapshot))
		case "selections":
			m.selections(n)
		case "links":
			var b strings.Builder
			for _, l := range m.Links() {
				fmt.Fprintf(&b, "%s: %s\n", m.File.Slice(l.Span), l.Path)
			}
			m.golden(n.args[0], b.String())
		case "hints":
			m.golden(n.args[0], m.hints())
		case "snippet":
			m.snippet(n)
		case "signature":
			m.signature(n, m.Snapshot, m.snapshot(m.start(m.find(n).End)))
		case "complete":
			m.complete(n, m.Snapshot, m.snapshot(m.start(m.find(n).End)))
		case "completewhole":
			m.complete(n, m.Snapshot)
		default:
			// Every place of a name means the same.
			at := m.find(n)
			for offset := at.Start; offset <= at.End; offset++ {
				m.ask(n, at, offset)
			}
		}
	}
}

// hoverOptions know of one job only how it went.
var hoverOptions = analysis.HoverOptions{Result: func(job string) (string, bool) { return "✓ 1.2 s", job == "build" }}

func (m *markers) ask(n note, at source.Span, offset int) {
	where := fmt.Sprintf("line %d: %s at %q", n.line, n.name, m.File.Slice(at))
	switch n.name {
	case "hover":
		h, ok := m.Hover(offset, hoverOptions)
		if !ok || h.Span != at {
			m.t.Errorf("%s is about %q", where, m.File.Slice(h.Span))
		}
		m.golden(n.args[1], h.Markdown+"\n")
	case "nohover":
		if h, ok := m.Hover(offset, hoverOptions); ok {
			m.t.Errorf("%s shows %q", where, h.Markdown)
		}
	case "def":
		m.places(where, n, m.Definition(offset))
	case "deffile":
		if at := m.Definition(offset); len(at) != 1 || locationOf(at[0]) != (location{File: n.args[1]}) {
			m.t.Errorf("%s: %v", where, at)
		}
	case "decl":
		m.places(where, n, m.Declaration(offset))
	case "linked":
		var got []source.Place
		for _, at := range m.Linked(offset) {
			got = append(got, source.Place{File: m.File, Span: at})
		}
		m.places(where, n, got)
	case "dependents", "needs":
		m.neighbours(where, n, offset)
	case "refs":
		var got []source.Place
		for _, r := range m.References(offset) {
			got = append(got, r.Place)
		}
		m.places(where, n, got)
	case "rename":
		edits, err := m.Rename(offset, n.args[1])
		if err != nil {
			m.t.Errorf("%s: %v", where, err)
		}
		m.golden(n.args[2], m.changed(edits))
		if before, after := m.summary(nil), m.summary(edits); before != after {
			m.t.Errorf("%s: the pipeline was\n%safterwards it is\n%s", where, before, after)
		}
	case "renameerr":
		if _, err := m.Rename(offset, n.args[1]); err == nil || !strings.Contains(err.Error(), n.args[2]) {
			m.t.Errorf("%s: %v, want %q", where, err, n.args[2])
		}
	default:
		m.t.Fatalf("%s: no such note", where)
	}
}

func (m *markers) places(where string, n note, places []source.Place) {
	var got, want []location
	for _, p := range places {
		got = append(got, locationOf(p))
	}
	for _, name := range n.args[1:] {
		at, ok := m.locs[name]
		if !ok {
			m.t.Fatalf("%s: no place %s", where, name)
		}
		want = append(want, at)
	}
	order := func(a, b location) int { return cmp.Or(cmp.Compare(a.File, b.File), a.Start-b.Start) }
	slices.SortFunc(want, order)
	slices.SortFunc(got, order)
	if diff := gocmp.Diff(want, got); diff != "" {
		m.t.Errorf("%s (-want +got):\n%s", where, diff)
	}
}

func (m *markers) complete(n note, in ...*analysis.Snapshot) {
	offset := m.find(n).End
	for _, s := range in {
		text := s.File.Text()
		var labels []string
		for _, c := range s.Complete(offset) {
			labels = append(labels, c.Label)
			if c.Subject.Kind != 0 && s.Describe(c.Subject) == "" {
				m.t.Errorf("line %d: nothing is known of %q", n.line, c.Label)
			}
			if c.Span.End != offset || !strings.HasPrefix(text[c.Span.Start:], text[c.Span.Start:offset]) || c.Text == "" {
				m.t.Errorf("line %d: %q replaces %q", n.line, c.Label, s.File.Slice(c.Span))
			}
		}
		wanted := true
		for _, label := range n.args[1:] {
			_, elsewhere := m.Graph().Job(strings.Trim(label, `:"`))
			_, here := s.Graph().Job(strings.Trim(label, `:"`))
			switch {
			case label == "not":
				wanted = false
			case wanted && elsewhere && !here:
			case slices.Contains(labels, label) != wanted:
				m.t.Errorf("line %d (whole: %v): %q offered: %v, among %q", n.line, s == m.Snapshot, label, !wanted, labels)
			}
		}
	}
}

// changed returns the lines that edits change, as they are afterwards. Those of
// modules follow, with the names of their files.
func (m *markers) changed(edits []diag.Edit) string {
	var files []*source.File
	for _, e := range edits {
		if !slices.Contains(files, e.File) {
			files = append(files, e.File)
		}
	}
	var out strings.Builder
	for _, f := range files {
		text := f.Text()
		for _, e := range slices.Backward(edits) {
			if e.File == f {
				text = text[:e.Span.Start] + e.Text + text[e.Span.End:]
			}
		}
		before := strings.Split(f.Text(), "\n")
		for i, line := range strings.Split(text, "\n") {
			if line != before[i] {
				code, _, _ := strings.Cut(line, ";;@")
				if f != m.File {
					code = f.Name() + ": " + code
				}
				out.WriteString(strings.TrimSpace(code) + "\n")
			}
		}
	}
	return out.String()
}

// summary returns how many jobs the pipeline has after edits, and the kinds of what
// is wrong with it, which no rename changes.
func (m *markers) summary(edits []diag.Edit) string {
	files := maps.Clone(m.files)
	for _, e := range slices.Backward(edits) {
		text := files[e.File.Name()].Text()
		files[e.File.Name()] = source.NewFile(e.File.Name(), text[:e.Span.Start]+e.Text+text[e.Span.End:])
	}
	s := analysis.New(files[pipeline.Path], analysis.Options{Secrets: []string{"token", "deploy-key"}, Tree: source.Overlay(&markers{files: files}, files)})
	var b strings.Builder
	fmt.Fprintf(&b, "%d jobs\n", len(s.Graph().Jobs))
	for _, d := range s.Diagnostics() {
		fmt.Fprintf(&b, "%s %s\n", d.File.Name(), d.Code)
	}
	return b.String()
}

func (m *markers) golden(name, got string) {
	f := m.file(name)
	if *update {
		f.Data = []byte(got)
	} else if diff := gocmp.Diff(string(f.Data), got); diff != "" {
		m.t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// outlineText returns an outline, indented, with the text of each selection.
func outlineText(s *analysis.Snapshot, items []analysis.Item, indent string) (lines []string) {
	kinds := []string{"", "image", "job", "command", "function", "variable", "macro"}
	for _, x := range items {
		lines = append(lines, fmt.Sprintf("%s%s %s [%s] %s\n", indent, kinds[x.Kind], x.Name, x.Detail, s.File.Slice(x.Select)))
		lines = append(lines, outlineText(s, x.Children, indent+"  ")...)
	}
	return lines
}

// foldText returns the folds of a file, one a line. Lines that a variant added
// are not counted.
func foldText(s *analysis.Snapshot) string {
	kinds := []string{"", "form", "comment", "string"}
	var b strings.Builder
	for _, f := range s.Folds() {
		text := strings.Split(strings.ReplaceAll(s.File.Slice(f.Span), "\r", ""), "\n")
		text = slices.DeleteFunc(text, func(line string) bool { return strings.HasPrefix(line, "; é𝄞") })
		if len(text) > 1 {
			first, _, _ := strings.Cut(text[0], ";;@")
			fmt.Fprintf(&b, "%s of %d lines: %s\n", kinds[f.Kind], len(text), strings.TrimSpace(first))
		}
	}
	return b.String()
}

func (m *markers) selections(n note) {
	want := n.args[1:]
	got := m.Selections(m.find(n).End)
	if last := got[len(got)-1]; last != (source.Span{End: len(m.File.Text())}) {
		m.t.Errorf("line %d: the last selection is %v", n.line, last)
	}
	var texts []string
	for i, at := range got[:len(got)-1] {
		if !got[i+1].Encloses(at) || got[i+1] == at || at.Len() == 0 {
			m.t.Errorf("line %d: %v within %v", n.line, at, got[i+1])
		}
		first, _, _ := strings.Cut(m.File.Slice(at), "\n")
		first, _, _ = strings.Cut(first, ";;@")
		texts = append(texts, strings.TrimSpace(first))
	}
	if diff := gocmp.Diff(want, texts); diff != "" {
		m.t.Errorf("line %d (-want +got):\n%s", n.line, diff)
	}
}

func (m *markers) signature(n note, in ...*analysis.Snapshot) {
	for _, s := range in {
		sig, ok := s.SignatureAt(m.find(n).End)
		got := sig.Label
		if ok && sig.Active >= 0 {
			at := sig.Params[sig.Active].Span
			got = got[:at.Start] + "«" + got[at.Start:at.End] + "»" + got[at.End:]
		}
		if got != n.args[1] {
			m.t.Errorf("line %d (whole: %v): %q, want %q", n.line, s == m.Snapshot, got, n.args[1])
		}
	}
}

// hints returns the lines that have hints.
func (m *markers) hints() string {
	whole := source.Span{End: len(m.File.Text())}
	all := analysis.HintOptions{Order: true, Dependents: true, Parameters: true,
		Duration: func(job string) (time.Duration, bool) { return 1234 * time.Millisecond, job == "ship" }}
	if none := m.Hints(whole, analysis.HintOptions{}); len(none) > 0 {
		m.t.Errorf("hints that nobody wants: %v", none)
	}
	hints := m.Hints(whole, all)
	var b strings.Builder
	for line := 1; line <= m.File.LineCount(); line++ {
		at := m.File.Line(line)
		of := m.Hints(at, all)
		start := at.Start
		for _, h := range of {
			if len(hints) == 0 || hints[0] != h {
				m.t.Fatalf("line %d: %v is not the next of all hints, %v", line, h, hints)
			}
			hints = hints[1:]
			b.WriteString(m.File.Slice(source.Span{Start: start, End: h.Offset}) + "«" + h.Label + "»")
			start = h.Offset
		}
		if len(of) > 0 {
			b.WriteString(m.File.Slice(source.Span{Start: start, End: at.End}) + "\n")
		}
	}
	if len(hints) > 0 {
		m.t.Errorf("hints in no line: %v", hints)
	}
	return b.String()
}

// neighbours checks the edges of a job or source, each of which has to lead
// from the places where the inputs of the one name the other.
func (m *markers) neighbours(where string, n note, offset int) {
	node, ok := m.NodeAt(offset)
	if !ok {
		m.t.Errorf("%s: nothing", where)
	}
	edges := m.Needs(node.Name)
	if n.name == "dependents" {
		edges = m.Dependents(node.Name)
	}
	var got []string
	for _, e := range edges {
		got = append(got, e.Node.Name)
		named := e.Node.Name
		if n.name == "dependents" {
			named = node.Name
		}
		for _, at := range e.Inputs {
			if text := at.File.Slice(at.Span); strings.Trim(text, `:"`) != named {
				m.t.Errorf("%s: the input for %s is %q", where, e.Node.Name, text)
			}
		}
		if len(e.Inputs) == 0 {
			m.t.Errorf("%s: no inputs for %s", where, e.Node.Name)
		}
	}
	if diff := gocmp.Diff(n.args[1:], got); diff != "" && len(got)+len(n.args) > 1 {
		m.t.Errorf("%s (-want +got):\n%s", where, diff)
	}
}

func (m *markers) snippet(n note) {
	offset := m.find(n).End
	var got string
	for _, c := range m.snapshot(m.start(offset)).Complete(offset) {
		if c.Label == n.args[1] {
			got = c.Snippet
		}
	}
	if got != n.args[2] {
		m.t.Errorf("line %d: %q inserts %q", n.line, n.args[1], got)
	}
	for _, c := range m.Complete(offset) {
		if c.Snippet != "" {
			m.t.Errorf("line %d: %q is offered where its arguments stand", n.line, c.Label)
		}
	}
}
