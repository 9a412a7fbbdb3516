package pipeline

import (
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/sandbox"
	"quire/analysis/source"
)

// Compile reads and compiles a file as a pipeline: with the globals of the
// sandbox, the macro modules of the product, and workspace modules read from
// tree (nil: none). The cache may be nil.
func Compile(f *source.File, tree source.Tree, cache *fennel.Cache, l Limits) *fennel.Module {
	o := options(finder{tree, l})
	o.Cache, o.Module = cache, moduleName(f.Name())
	if l.oversized(f) {
		return fennel.Compile(&syntax.Tree{File: f, Diagnostics: diag.List{{
			File: f, Code: diag.LoadLimit, Message: l.fileMessage(),
			Help: "Move data into files that jobs read, or parts of it into modules.",
		}}}, o)
	}
	return fennel.Compile(cache.Read(f), o)
}

// options are those of ci.fnl and of the modules that it requires.
func options(f finder) fennel.Options {
	return fennel.Options{Globals: isGlobal, Explain: explain, Concurrent: true, Deferred: true, Resolve: f.find, Limits: f.limits.Load, Forms: f.limits.Forms, Modules: f.limits.Modules}
}

// isGlobal reports whether a pipeline finds a global.
func isGlobal(name string) bool {
	if name == "require" || name == "fennel" {
		return true
	}
	if field, ok := strings.CutPrefix(name, "fennel."); ok {
		return slices.Contains(fennel.LibraryFields(), field)
	}
	return sandbox.Global(name)
}

// explain says what to use instead of a name that means nothing, when there is
// more to say than that.
func explain(name string) (message, help string, ok bool) {
	if a, ok := dsl.FindAbsent(name); ok {
		return name + " does not exist in a pipeline", a.Use, true
	}
	if help := forgotten(name); help != "" {
		return "unknown identifier: " + name, help, true
	}
	return "", "", false
}

// forgotten says how to get at a name of the vocabulary.
func forgotten(name string) string {
	ci, _ := dsl.FindModule(dsl.CI)
	is := func(f dsl.Func) bool { return f.Name == name }
	switch {
	case name == "ci":
		return "Begin the file with (local ci (require :quire.ci))."
	case name == "runtime":
		return "Begin the file with (local {: runtime} (require :quire.ci)), or take it as the run-fn's argument."
	case slices.ContainsFunc(dsl.Runtime(), is):
		return "Take it from the run-fn's argument: (fn [{: " + name + "}] …)."
	case slices.ContainsFunc(ci.Macros, is):
		return "Begin the file with (import-macros {: " + name + "} :quire.ci)."
	case slices.ContainsFunc(ci.Funcs, is):
		return "Begin the file with (local {: " + name + "} (require :quire.ci))."
	}
	return ""
}

// compileModule compiles a module of the repository. The cache may be nil.
func compileModule(name string, file *source.File, f finder, cache *fennel.Cache) *fennel.Module {
	o := options(f)
	o.Cache = cache
	if strings.HasSuffix(file.Name(), ".lua") {
		return fennel.CompileLua(file, o)
	}
	o.Module = name
	return fennel.Compile(cache.Read(file), o)
}
