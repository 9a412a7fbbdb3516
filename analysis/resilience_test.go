package analysis_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
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

// sampled is how many deletions are tried in each pipeline in an ordinary run;
// with the build tag long it is all of them.
const sampled = 25

// TestDeletions deletes single characters from pipelines, as somebody who
// writes does. Each version loads without a panic and to the end of its budget
// at most, and of each pipeline at least 95 % of the jobs whose forms were not
// touched are still there: neither the one that registers the job, nor those
// that hold its id, inputs and run-fn, nor those that define what these need to
// be evaluated, such as the table of names that ids are made from. Of all jobs of
// which only what they need may be touched, 95 % are.
func TestDeletions(t *testing.T) {
	all, direct := new(tallied), new(tallied)
	for name, text := range shipped(t) {
		t.Run(name, func(t *testing.T) {
			places := deletionsOf(text)
			if !long && len(places) > sampled {
				rand.New(rand.NewPCG(1, 2)).Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
				places = places[:sampled]
			}
			own := new(tallied)
			cache := new(fennel.Cache)
			whole := load(text, cache)
			made := makingOf(whole)
			for _, at := range places {
				_, size := utf8.DecodeRuneInString(text[at:])
				s := load(text[:at]+text[at+size:], cache)
				for _, found := range s.Diagnostics() {
					if found.Message == "" || found.Span.Start > found.Span.End || found.Span.End > len(found.File.Text()) {
						t.Errorf("without byte %d there is a diagnostic without a place or text: %+v", at, found)
					}
				}
				there := idsOf(s)
				for _, m := range made {
					kept := there[m.id]
					direct.add(m.direct, at, kept)
					own.add(m.all, at, kept)
					all.add(m.all, at, kept)
				}
			}
			if own.expected > 0 && own.share() < 0.95 {
				t.Errorf("%v of the untouched jobs are kept, which is less than 95 %%", own)
			}
		})
	}
	if all.expected == 0 {
		t.Error("no deletion left a job untouched")
	}
	if direct.share() < 0.95 {
		t.Errorf("%v of the jobs are kept whose own forms are untouched, which is less than 95 %%", direct)
	}
	t.Logf("%v of the jobs are kept of which no form was touched, and %v of those that only what they need may miss", all, direct)
}

// idsOf returns the ids of the jobs of a pipeline, also of those that are wrong.
func idsOf(s *analysis.Snapshot) map[string]bool {
	there := map[string]bool{}
	for _, j := range s.Graph().Jobs {
		there[j.ID] = true
	}
	return there
}

// A tallied counts jobs of which no form was touched.
type tallied struct{ kept, expected int }

// add counts a job, unless one of the forms it is made of holds a place.
func (n *tallied) add(forms map[*syntax.Node]bool, at int, kept bool) {
	for f := range forms {
		if f.Span.Contains(at) {
			return
		}
	}
	n.expected++
	if kept {
		n.kept++
	}
}

func (n *tallied) share() float64 { return float64(n.kept) / float64(n.expected) }

func (n *tallied) String() string {
	return fmt.Sprintf("%d of %d (%.1f %%)", n.kept, n.expected, 100*n.share())
}

// deletionsOf returns where the characters of a text begin.
func deletionsOf(text string) []int {
	var all []int
	for at := range text {
		all = append(all, at)
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

// A making says which top-level forms a job is made of.
type making struct {
	id     string
	direct map[*syntax.Node]bool // that register it, and hold its id, inputs and run-fn
	all    map[*syntax.Node]bool // these, and what they need
}

// makingOf returns what the jobs of a pipeline are made of.
func makingOf(s *analysis.Snapshot) []making {
	needs := needsOf(s)
	var all []making
	for _, j := range s.Graph().Jobs {
		m := making{j.ID, map[*syntax.Node]bool{}, map[*syntax.Node]bool{}}
		places := []source.Place{j.Call, j.Name, j.Run}
		for _, in := range j.Inputs {
			places = append(places, in.Place)
		}
		for _, p := range places {
			if form := formAt(s, p.Span.Start); form != nil {
				m.direct[form] = true
				follow(form, needs, m.all)
			}
		}
		all = append(all, m)
	}
	return all
}

func formAt(s *analysis.Snapshot, at int) *syntax.Node {
	if path := s.Module().Tree.Path(at); len(path) > 0 {
		return path[0]
	}
	return nil
}

func follow(form *syntax.Node, needs map[*syntax.Node][]*syntax.Node, seen map[*syntax.Node]bool) {
	if seen[form] {
		return
	}
	seen[form] = true
	for _, needed := range needs[form] {
		follow(needed, needs, seen)
	}
}

// needsOf returns for each top-level form those that define the names it uses,
// and for those the forms that fill what they define, such as (fn M.name …) and
// (table.insert list …).
func needsOf(s *analysis.Snapshot) map[*syntax.Node][]*syntax.Node {
	registers := map[*syntax.Node]bool{}
	for _, j := range s.Graph().Jobs {
		registers[formAt(s, j.Call.Span.Start)] = true
	}
	defines := map[*syntax.Node]bool{}
	for symbol := range s.Module().Index.Symbols() {
		if form := formAt(s, symbol.Def.Start); form != nil && symbol.Scope.End == len(s.File.Text()) {
			defines[form] = true
		}
	}
	needs := map[*syntax.Node][]*syntax.Node{}
	for symbol := range s.Module().Index.Symbols() {
		definition := formAt(s, symbol.Def.Start)
		for _, use := range symbol.Uses {
			user := formAt(s, use.Start)
			if definition == nil || user == nil || user == definition {
				continue
			}
			needs[user] = append(needs[user], definition)
			if !registers[user] && !defines[user] {
				needs[definition] = append(needs[definition], user)
			}
		}
	}
	return needs
}

// shipped returns the pipelines that come with the project: the examples, its
// own, and those of the suites.
func shipped(t testing.TB) map[string]string {
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
					all[filepath.Base(path)+"/"+f.Name] = string(f.Data)
				}
			}
		}
	}
	maps.DeleteFunc(all, func(_, text string) bool { return len(load(text, nil).Graph().Jobs) == 0 })
	return all
}
