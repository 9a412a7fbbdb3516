package analysis_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"path/filepath"

	"quire/analysis"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// sampled is how many deletions are tried over all pipelines in an ordinary
// run; with the build tag long it is all of them.
const sampled = 3000

// TestDeletions deletes single characters from pipelines, as somebody who
// writes does. Each version loads without a panic, to the end of its budget at
// most, and at least 95 % of the jobs whose forms were not touched are still there: neither
// the one that registers the job, nor those that hold its id, inputs and
// run-fn.
func TestDeletions(t *testing.T) {
	pipelines := shipped(t)
	deletions := deletionsOf(pipelines)
	if !long {
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(deletions), func(i, j int) {
			deletions[i], deletions[j] = deletions[j], deletions[i]
		})
		deletions = deletions[:sampled]
		slices.SortStableFunc(deletions, func(a, b deletion) int { return a.pipeline - b.pipeline })
	}
	kept, expected, last := 0, 0, -1
	var whole *analysis.Snapshot
	var cache *fennel.Cache
	for _, d := range deletions {
		text := pipelines[d.pipeline]
		if d.pipeline != last {
			last, cache = d.pipeline, new(fennel.Cache)
			whole = load(text, cache)
		}
		_, size := utf8.DecodeRuneInString(text[d.at:])
		s := load(text[:d.at]+text[d.at+size:], cache)
		for _, found := range s.Diagnostics() {
			if found.Message == "" || found.Span.Start > found.Span.End || found.Span.End > len(found.File.Text()) {
				t.Errorf("without byte %d there is a diagnostic without a place or text: %+v", d.at, found)
			}
		}
		k, e := share(whole, s, d.at)
		kept, expected = kept+k, expected+e
	}
	t.Logf("%d of %d jobs are kept over %d deletions", kept, expected, len(deletions))
	if float64(kept) < 0.95*float64(expected) || expected == 0 {
		t.Errorf("%d of %d jobs are kept, which is less than 95 %%", kept, expected)
	}
}

// A deletion is one character that is deleted from one pipeline.
type deletion struct{ pipeline, at int }

func deletionsOf(pipelines []string) []deletion {
	var all []deletion
	for i, text := range pipelines {
		for at := range text {
			all = append(all, deletion{i, at})
		}
	}
	return all
}

// load returns the snapshot of a pipeline under the limits that do not depend
// on the machine.
func load(text string, cache *fennel.Cache) *analysis.Snapshot {
	o := analysis.Options{Limits: pipeline.DefaultLimits(), Cache: cache}
	o.Limits.Load.Time, o.Limits.Load.Heap = 0, 0
	return analysis.New(source.NewFile(pipeline.Path, text), o)
}

// share counts the jobs of a pipeline of whose top-level forms none holds a
// place, and those of them that another version still has.
func share(before, after *analysis.Snapshot, at int) (kept, expected int) {
	there := map[string]bool{}
	for _, j := range after.Graph().Jobs {
		there[j.ID] = true
	}
	for _, j := range before.Graph().Jobs {
		places := []source.Place{j.Call, j.Name, j.Run}
		for _, in := range j.Inputs {
			places = append(places, in.Place)
		}
		touched := slices.ContainsFunc(places, func(p source.Place) bool {
			return slices.ContainsFunc(before.Module().Tree.Forms, func(n *syntax.Node) bool {
				return n.Span.Encloses(p.Span) && n.Span.Contains(at)
			})
		})
		if touched {
			continue
		}
		expected++
		if there[j.ID] {
			kept++
		}
	}
	return kept, expected
}

// shipped returns the pipelines that come with the project: the examples, its
// own, and those of the suites.
func shipped(t testing.TB) []string {
	all := examples(t)
	for _, suite := range []string{"run", "analysis"} {
		paths, err := filepath.Glob("../testdata/" + suite + "/*.txtar")
		if err != nil || len(paths) == 0 {
			t.Fatalf("no test data: %v", err)
		}
		for _, path := range paths {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range archive.Files {
				if filepath.Ext(f.Name) == ".fnl" {
					all[path+f.Name] = string(f.Data)
				}
			}
		}
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(load(all[name], nil).Graph().Jobs) > 0 {
			texts = append(texts, all[name])
		}
	}
	return texts
}
