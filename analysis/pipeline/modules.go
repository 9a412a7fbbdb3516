package pipeline

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// defrunSource is the macro module of quire.ci.
//
//go:embed defrun.fnlm
var defrunSource string

// moduleRoots are the directories that modules are looked for in, in order.
var moduleRoots = []string{".quire/", ""}

// modulePatterns are where in a root a module may stand, in order. A name's
// dots have become slashes.
var modulePatterns = map[fennel.ModuleKind][]string{
	fennel.Code:   {"%s.fnl", "%s/init.fnl", "%s.lua", "%s/init.lua"},
	fennel.Macros: {"%s.fnlm", "%s/init.fnlm", "%s.fnl", "%s/init-macros.fnl", "%s/init.fnl", "%s.lua", "%s/init.lua"},
}

// A finder finds the modules of a repository.
type finder struct {
	tree   source.Tree // nil: there are none
	limits Limits
}

// Resolver returns what finds modules in a tree as pipelines do: under .quire/,
// then from its root.
func Resolver(tree source.Tree, l Limits) fennel.Resolver { return finder{tree, l}.find }

// moduleName returns the name by which a file of the repository is required,
// and nothing for the pipeline itself.
func moduleName(path string) string {
	if path == Path {
		return ""
	}
	for _, root := range moduleRoots {
		path = strings.TrimPrefix(path, root)
	}
	base := strings.TrimSuffix(strings.TrimSuffix(path, ".fnlm"), ".fnl")
	return strings.ReplaceAll(strings.TrimSuffix(base, "/init"), "/", ".")
}

// find returns the file of a module. It never looks outside of the tree: the
// name is checked here, and links by the tree.
func (f finder) find(name string, kind fennel.ModuleKind) (*source.File, error) {
	if kind == fennel.Macros && name == dsl.CI {
		return source.NewFile(dsl.CI, defrunSource), nil
	}
	base := strings.ReplaceAll(name, ".", "/")
	if !fs.ValidPath(base) || base == "." || strings.ContainsAny(base, "\\\x00") {
		return nil, unusable("module '%s' cannot be named: a module is a file under .quire/ or from the repository's root, with its directories separated by dots", name)
	}
	var looked []string
	for _, root := range moduleRoots {
		for _, pattern := range modulePatterns[kind] {
			path := root + fmt.Sprintf(pattern, base)
			file, err := f.read(path)
			if err == nil {
				return file, nil
			}
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, unusable("module '%s' cannot be read: %v", name, err)
			}
			looked = append(looked, path)
		}
	}
	return nil, fmt.Errorf("module '%s' not found: no file %s", name, strings.Join(looked, ", "))
}

func unusable(format string, args ...any) error {
	return fennel.UnusableModule(fmt.Sprintf(format, args...))
}

func (f finder) read(path string) (*source.File, error) {
	if f.tree == nil {
		return nil, fs.ErrNotExist
	}
	file, err := f.tree.Read(path)
	if err == nil && f.limits.oversized(file) {
		err = fmt.Errorf("%s: %s", path, f.limits.fileMessage())
	}
	return file, err
}

// oversized reports whether a file is larger than may be read.
func (l Limits) oversized(f *source.File) bool { return l.oversize(len(f.Text())) }

func (l Limits) oversize(bytes int) bool { return l.File > 0 && bytes > l.File }

func (l Limits) fileMessage() string {
	return fmt.Sprintf("the file is larger than %s", sandbox.ByteText(int64(l.File)))
}
