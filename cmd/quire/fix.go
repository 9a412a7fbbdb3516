package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"

	"quire/analysis"
	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/exec"
)

// maxFixRounds bounds how often a pipeline is fixed and looked at again. Each
// round applies all fixes that do not touch each other, so that a few are
// enough, except for fixes that undo one another.
const maxFixRounds = 50

// A fixing is a pipeline with its safe fixes applied.
type fixing struct {
	src      *exec.Source
	file     *source.File            // the pipeline
	files    map[string]*source.File // everything that was changed, by name
	applied  int
	snapshot *analysis.Snapshot // of what came out
}

// fixAll applies safe fixes until there are none left. Nothing is written.
func fixAll(src *exec.Source, o analysis.Options) *fixing {
	f := &fixing{src: src, file: src.File, files: map[string]*source.File{}}
	for round := 0; ; round++ {
		f.snapshot = snapshot(&exec.Source{File: f.file, Tree: source.Overlay(src.Tree, maps.Clone(f.files))}, o)
		if round == maxFixRounds {
			return f
		}
		edits := f.choose(f.snapshot.Diagnostics())
		if len(edits) == 0 {
			return f
		}
		for name, edits := range edits {
			fixed := source.NewFile(name, diag.Apply(edits[0].File.Text(), edits))
			f.files[name] = fixed
			if name == f.file.Name() {
				f.file = fixed
			}
		}
	}
}

// choose returns the edits of all safe fixes that do not touch each other, by
// the name of the file and in the order of places.
func (f *fixing) choose(found diag.List) map[string][]diag.Edit {
	chosen := map[string][]diag.Edit{}
	for _, d := range found {
		for _, fix := range d.Fixes {
			if !fix.Safe || len(fix.Edits) == 0 || !f.applicable(fix.Edits, chosen) {
				continue
			}
			for _, e := range fix.Edits {
				name := e.File.Name()
				i := sort.Search(len(chosen[name]), func(i int) bool { return compareEdits(chosen[name][i], e) > 0 })
				chosen[name] = slices.Insert(chosen[name], i, e)
			}
			f.applied++
			break
		}
	}
	return chosen
}

func compareEdits(a, b diag.Edit) int {
	return cmp.Or(cmp.Compare(a.Span.Start, b.Span.Start), cmp.Compare(a.Span.End, b.Span.End))
}

// applicable reports whether edits are of files that can be changed, and away
// from the edits chosen before.
func (f *fixing) applicable(edits []diag.Edit, chosen map[string][]diag.Edit) bool {
	for _, e := range edits {
		if !f.editable(e.File) {
			return false
		}
		before := chosen[e.File.Name()]
		i := sort.Search(len(before), func(i int) bool { return before[i].Span.Start > e.Span.End })
		if i > 0 && before[i-1].Span.End >= e.Span.Start {
			return false
		}
	}
	return true
}

// editable reports whether a file is one that --fix changes: the pipeline, or
// when that is a file, a module of its repository.
func (f *fixing) editable(file *source.File) bool {
	if file == f.file {
		return true
	}
	if f.src.File.Name() == "-" {
		return false
	}
	current, ok := f.files[file.Name()]
	if !ok {
		var err error
		if current, err = f.src.Tree.Read(file.Name()); err != nil {
			return false
		}
	}
	return current.Text() == file.Text()
}

// summary counts what was fixed.
func (f *fixing) summary() string {
	if f.applied == 1 {
		return "Fixed 1 problem"
	}
	return fmt.Sprintf("Fixed %d problems", f.applied)
}

// changed returns the names of the files that differ from what they were.
func (f *fixing) changed() []string { return slices.Sorted(maps.Keys(f.files)) }

// write replaces the files that were changed, each at once.
func (f *fixing) write() error {
	for _, name := range f.changed() {
		before := f.src.File
		if name != before.Name() {
			var err error
			if before, err = f.src.Tree.Read(name); err != nil {
				return err
			}
		}
		path := filepath.Join(f.src.Root, filepath.FromSlash(name))
		if err := replaceFile(path, before.Text(), f.files[name].Text()); err != nil {
			return fmt.Errorf("cannot write %s: %w", name, err)
		}
	}
	return nil
}

// replaceFile gives a file, behind any links that lead to it, another text. It
// keeps the permissions, and refuses when the file is not as it was read.
func replaceFile(path, before, after string) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".quire-fix-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(after)
	err = cmp.Or(err, temporary.Chmod(info.Mode().Perm()), temporary.Sync(), temporary.Close())
	if err != nil {
		return err
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != before {
		return cmp.Or(err, fmt.Errorf("it was changed meanwhile"))
	}
	return os.Rename(temporary.Name(), path)
}
