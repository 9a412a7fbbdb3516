package main

import (
	"path"
	"path/filepath"
	"slices"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/pipeline"
	"quire/analysis/source"
	"quire/exec"
)

// A naming gives the files of a repository the names that they are shown
// under. The names they have are relative to its root.
type naming struct {
	prefix string // of the root, with slashes; empty: names stay
	files  map[*source.File]*source.File
}

// namesFor returns the naming for each of several pipelines. Names are relative
// to the current directory when they could not be told apart otherwise, and in
// the form that is to be clickable.
func namesFor(sources []*exec.Source, format format) func(*exec.Source) naming {
	relative := format == formatShort
	for _, src := range sources {
		relative = relative || src.Root != sources[0].Root
	}
	return func(src *exec.Source) naming {
		n := naming{files: map[*source.File]*source.File{}}
		if relative {
			n.prefix = fromHere(src.Root)
		}
		return n
	}
}

// fromHere returns a directory relative to the current one, or nothing when
// they are the same.
func fromHere(dir string) string {
	base, err := filepath.EvalSymlinks(here())
	if err != nil {
		return filepath.ToSlash(dir)
	}
	rel, err := filepath.Rel(base, dir)
	switch {
	case err != nil:
		return filepath.ToSlash(dir)
	case rel == ".":
		return ""
	}
	return filepath.ToSlash(rel)
}

// file returns a file under the name it is shown with. Standard input and the
// modules that are part of quire keep theirs.
func (n naming) file(f *source.File) *source.File {
	if f == nil || n.prefix == "" || f.Name() == "-" {
		return f
	}
	if _, own := dsl.FindModule(f.Name()); own {
		return f
	}
	if n.files[f] == nil {
		n.files[f] = source.NewFile(path.Join(n.prefix, f.Name()), f.Text())
	}
	return n.files[f]
}

// list returns the diagnostics with all their places renamed. Those of the
// configuration are in no file of the repository.
func (n naming) list(list diag.List) diag.List {
	if n.prefix == "" {
		return list
	}
	out := slices.Clone(list)
	for i := range out {
		d := &out[i]
		if d.Code == diag.Config {
			continue
		}
		d.File = n.file(d.File)
		d.Related = slices.Clone(d.Related)
		for k := range d.Related {
			d.Related[k].File = n.file(d.Related[k].File)
		}
		d.Fixes = slices.Clone(d.Fixes)
		for k := range d.Fixes {
			edits := slices.Clone(d.Fixes[k].Edits)
			for m := range edits {
				edits[m].File = n.file(edits[m].File)
			}
			d.Fixes[k].Edits = edits
		}
	}
	return out
}

// jobs returns the jobs with the places of their calls renamed.
func (n naming) jobs(jobs []*pipeline.Job) []*pipeline.Job {
	if n.prefix == "" {
		return jobs
	}
	out := make([]*pipeline.Job, len(jobs))
	for i, j := range jobs {
		renamed := *j
		renamed.Call.File = n.file(j.Call.File)
		out[i] = &renamed
	}
	return out
}
