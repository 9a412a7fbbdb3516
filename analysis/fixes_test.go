package analysis_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// TestFixes applies every fix of every case of the suites analysis and load:
// its diagnostic is gone, and there is none that was not there before.
func TestFixes(t *testing.T) {
	for name, files := range cases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := snapshotOf(files, name).Diagnostics()
			for _, d := range before {
				safe := 0
				for _, fix := range d.Fixes {
					if fix.Safe {
						safe++
					}
					changed := map[string]*source.File{}
					for path, f := range files {
						changed[path] = edited(f, fix)
					}
					checkFix(t, d, fix, before, snapshotOf(changed, name).Diagnostics())
				}
				if safe > 1 {
					t.Errorf("%v has %d safe fixes", d, safe)
				}
			}
		})
	}
}

func checkFix(t *testing.T, d diag.Diagnostic, fix diag.Fix, before, after diag.List) {
	t.Helper()
	for _, other := range after {
		isNew := count(after, other.Code) > count(before, other.Code)
		if isNew && !slices.Contains(hidden(d.Code), other.Code) {
			t.Errorf("the fix %q of\n%v\ngives a new\n%v", fix.Title, d, other)
		}
	}
	same := func(l diag.List) (n int) {
		for _, other := range l {
			if other.Code == d.Code && other.Message == d.Message {
				n++
			}
		}
		return n
	}
	if same(after) >= same(before) {
		t.Errorf("the fix %q leaves\n%v\n%s", fix.Title, d, applied(d.File, fix))
	}
}

// hidden returns the codes of what a diagnostic hides. Of what cannot be read
// nothing else is said, a job that is refused has no id, a file that is refused
// has no unused comments, and a call that raises has neither an exit nor a
// result.
func hidden(c diag.Code) []diag.Code {
	switch c {
	case diag.Syntax:
		var all []diag.Code
		for _, e := range diag.Entries() {
			if e.Code != diag.Syntax {
				all = append(all, e.Code)
			}
		}
		return all
	case diag.EmptyInputs, diag.ReservedSlash:
		return []diag.Code{diag.DuplicateJob, diag.UnusedIgnore}
	case diag.BadMirror:
		return []diag.Code{diag.UnknownInput}
	case diag.BadCommand, diag.BadArgument, diag.BadOption, diag.UnknownOption:
		return []diag.Code{diag.IgnoredExit}
	case diag.UnknownPrimitive:
		return []diag.Code{diag.IgnoredExit, diag.RunResult, diag.UnknownSecret}
	}
	return nil
}

func count(ds diag.List, c diag.Code) (n int) {
	for _, d := range ds {
		if d.Code == c {
			n++
		}
	}
	return n
}

// cases returns the files of every case of the suites, by its name.
func cases(t testing.TB) map[string]map[string]*source.File {
	all := map[string]map[string]*source.File{}
	for _, suite := range []string{"analysis", "load"} {
		paths, err := filepath.Glob("../testdata/" + suite + "/*.txtar")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no test data: %v", err)
		}
		for _, path := range paths {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			topic := suite + "/" + strings.TrimSuffix(filepath.Base(path), ".txtar") + "/"
			for _, c := range archiveCases(archive) {
				all[topic+c.name] = c.files
			}
		}
	}
	return all
}

// A suiteCase is a pipeline and what is expected of it.
type suiteCase struct {
	name  string
	files map[string]*source.File
	want  *txtar.File // nil: nothing says
}

// archiveCases returns the cases of an archive, which are files or directories.
func archiveCases(a *txtar.Archive) []*suiteCase {
	var all []*suiteCase
	for i := range a.Files {
		f := &a.Files[i]
		name, path, isDir := strings.Cut(f.Name, "/")
		if !isDir {
			path = map[string]string{".fnl": "ci.fnl", ".want": "want"}[filepath.Ext(name)]
			name = strings.TrimSuffix(name, filepath.Ext(name))
		}
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, &suiteCase{name: name, files: map[string]*source.File{}})
		}
		switch c := all[len(all)-1]; path {
		case "want":
			c.want = f
		case "ci.fnl":
			c.files[pipeline.Path] = source.NewFile(pipeline.Path, string(f.Data))
		default:
			c.files[path] = source.NewFile(path, string(f.Data))
		}
	}
	return all
}

// An empty tree holds no files.
type empty struct{}

func (empty) Read(path string) (*source.File, error) {
	return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

// snapshotOf returns the snapshot of the pipeline among files, with the options
// that the name of the case asks for and limits that do not depend on the
// machine.
func snapshotOf(files map[string]*source.File, name string) *analysis.Snapshot {
	return snapshotWith(files, name, nil)
}

// snapshotWith returns the same with a cache.
func snapshotWith(files map[string]*source.File, name string, cache *fennel.Cache) *analysis.Snapshot {
	o := optionsFor(name)
	o.Cache = cache
	o.Tree = source.Overlay(empty{}, files)
	o.Limits = pipeline.DefaultLimits()
	o.Limits.Load.Time, o.Limits.Load.Heap = 0, 0
	o.Limits.Load.Instructions /= 10
	return analysis.New(files[pipeline.Path], o)
}
