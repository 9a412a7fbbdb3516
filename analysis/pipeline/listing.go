package pipeline

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"quire/analysis/fennel"
	"quire/analysis/source"
)

// maxListed is how many entries of directories are looked at, in each of the
// roots, to find out which modules there are.
const maxListed = 2000

// A ModuleFile is a file that can be required, and the name to do so.
type ModuleFile struct {
	Name string
	Path string // relative to the root of the repository, with slashes
}

// Modules returns the modules of a kind that a tree holds, as far as it is a
// [source.Lister], by name. Of a big repository it returns those nearest to where
// modules are looked for. A name that ends with a dot restricts them to those
// below it.
func Modules(tree source.Tree, kind fennel.ModuleKind, below string) []ModuleFile {
	lister, ok := tree.(source.Lister)
	if !ok {
		return nil
	}
	var all []ModuleFile
	known := map[string]bool{}
	for _, root := range moduleRoots {
		var found []ranked
		for _, file := range filesBelow(lister, path.Join(root, strings.ReplaceAll(below, ".", "/"))) {
			name, rank := nameOf(strings.TrimPrefix(file, root), kind)
			if name != "" && file != Path && !known[name] {
				found = append(found, ranked{ModuleFile{name, file}, rank})
			}
		}
		slices.SortFunc(found, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.Name, b.Name), a.rank-b.rank) })
		found = slices.CompactFunc(found, func(a, b ranked) bool { return a.Name == b.Name })
		for _, f := range found {
			all = append(all, f.ModuleFile)
			known[f.Name] = true
		}
	}
	slices.SortFunc(all, func(a, b ModuleFile) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// A ranked is a file with the place of its pattern among those of its kind: of
// two with one name, require finds the one whose pattern is first.
type ranked struct {
	ModuleFile
	rank int
}

// nameOf returns the shortest name under which a file is found in its root, and
// the index of the pattern that finds it, or nothing.
func nameOf(file string, kind fennel.ModuleKind) (name string, rank int) {
	for i, pattern := range modulePatterns[kind] {
		base, ok := strings.CutSuffix(file, strings.TrimPrefix(pattern, "%s"))
		if !ok || base == "" || strings.Contains(base, ".") || kind == fennel.Code && path.Base(base) == "init-macros" {
			continue
		}
		if short := strings.ReplaceAll(base, "/", "."); name == "" || len(short) < len(name) {
			name, rank = short, i
		}
	}
	return name, rank
}

// filesBelow returns the paths of files below a directory, the nearest first. It
// leaves out directories that no module can be in, whose names hold a dot.
func filesBelow(tree source.Lister, dir string) []string {
	var files []string
	left := maxListed
	for todo := []string{cmp.Or(dir, ".")}; len(todo) > 0 && left > 0; todo = todo[1:] {
		entries, err := tree.List(todo[0], left)
		if err != nil {
			continue
		}
		left -= len(entries)
		for _, e := range entries {
			at := path.Join(todo[0], e.Name)
			switch {
			case !e.Dir:
				files = append(files, at)
			case !strings.Contains(e.Name, "."):
				todo = append(todo, at)
			}
		}
	}
	return files
}
