package syntax_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// rereadsAs checks that a version reads the same after another one as by itself,
// and returns its tree.
func rereadsAs(t *testing.T, old *syntax.Tree, text string) *syntax.Tree {
	t.Helper()
	file := source.NewFile("in.fnl", text)
	fresh, again := syntax.Read(file), syntax.Reread(old, file)
	// A library that shows differences takes exponential time in deep trees.
	if !slices.EqualFunc(fresh.Forms, again.Forms, func(a, b *syntax.Node) bool { return reflect.DeepEqual(a, b) }) {
		t.Fatalf("after %q, %q reads as\n%s\nwant\n%s", old.File.Text(), text, nodeStrings(again.Forms), nodeStrings(fresh.Forms))
	}
	if !reflect.DeepEqual(fresh.Diagnostics, again.Diagnostics) || !reflect.DeepEqual(fresh.Warnings, again.Warnings) {
		t.Fatalf("after %q, %q has %v %v, want %v %v", old.File.Text(), text, again.Diagnostics, again.Warnings, fresh.Diagnostics, fresh.Warnings)
	}
	return again
}

func nodeStrings(nodes []*syntax.Node) string {
	var all []string
	for _, n := range nodes {
		all = append(all, nodeString(n))
	}
	return strings.Join(all, "\n")
}

// pipelines returns the texts of the suite and of the examples.
func pipelines(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../../testdata/examples/*.fnl")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples: ", err)
	}
	all := texts(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

// TestReread makes edits, one after the other, of the kinds that people make.
func TestReread(t *testing.T) {
	pieces := []string{"(", ")", "[", "]", "{", "}", "\"", ";", "\n", " ", "x", ":k", "#", ",", "`", "1", "(f x)", "; c\n", "\\", "~", "\r\n", "#!x"}
	for i, text := range pipelines(t) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, uint64(i)))
			tree := syntax.Read(source.NewFile("in.fnl", text))
			for range 60 {
				now := tree.File.Text()
				at := random.IntN(len(now) + 1)
				end := at
				if random.IntN(2) == 0 {
					end = min(len(now), at+1+random.IntN(3))
				}
				piece := ""
				if random.IntN(4) > 0 {
					piece = pieces[random.IntN(len(pieces))]
				}
				edited := rereadsAs(t, tree, now[:at]+piece+now[end:])
				if len(edited.Diagnostics) > 0 && random.IntN(3) > 0 {
					edited = rereadsAs(t, edited, now) // undone, before faults hide all else
				}
				tree = edited
			}
		})
	}
}

// TestRereadKeeps checks that forms before a change stay what they are, which is
// why reading again costs less.
func TestRereadKeeps(t *testing.T) {
	old := syntax.Read(source.NewFile("in.fnl", "(a 1)\n(b 2)\n(c 3)\n"))
	tree := rereadsAs(t, old, "(a 1)\n(b 22)\n(c 3)\n")
	if got := slices.Index(tree.Forms, old.Forms[0]); got != 0 {
		t.Error("the form before the change was read again")
	}
	if tree.Forms[1] == old.Forms[1] {
		t.Error("the changed form was kept")
	}
}

func FuzzReread(f *testing.F) {
	f.Add("(a)\n(b)\n", 4, 5, "x")
	f.Add("#!sh\n(a \"b\")\n; c\n#(d)", 3, 9, "\"")
	f.Fuzz(func(t *testing.T, text string, at, end int, piece string) {
		if at < 0 || end < at || end > len(text) {
			return
		}
		rereadsAs(t, syntax.Read(source.NewFile("in.fnl", text)), text[:at]+piece+text[end:])
	})
}
