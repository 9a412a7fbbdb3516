package analysis

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// suggest adds the nearest of the names that would be right, as a help and as
// a fix where the wrong one stands in the text.
func suggest(d *diag.Diagnostic, file *source.File, name string, names iter.Seq[string]) {
	near, ok := diag.Nearest(name, names)
	if !ok {
		return
	}
	d.Help = strings.TrimSpace(fmt.Sprintf("Did you mean `%s`? %s", near, d.Help))
	written := file.Slice(d.Span)
	replaced := strings.Replace(written, name, near, 1)
	if bare := strings.Trim(written, `:"`); bare != name {
		return
	}
	d.Fixes = append(d.Fixes, diag.Fix{
		Title: fmt.Sprintf("Replace `%s` by `%s`", name, near),
		Safe:  true,
		Edits: []diag.Edit{{File: file, Span: d.Span, Text: cmp.Or(replaced, near)}},
	})
}

// suggestKey adds the nearest of the names that a key of a path could have, to a
// diagnostic at its place in the file. A
// key that binds a local, as in {: shh}, keeps the local's name.
func (c *checker) suggestKey(d *diag.Diagnostic, k fennel.Key, names iter.Seq[string]) {
	path := c.tree.Path(d.Span.Start)
	if len(path) < 2 {
		return
	}
	node, parent := path[len(path)-1], path[len(path)-2]
	near, ok := diag.Nearest(k.Name, names)
	if !ok || node.Kind != syntax.Symbol || node.Span != d.Span {
		suggest(d, c.file, k.Name, names)
		return
	}
	d.Help = fmt.Sprintf("Did you mean `%s`?", near)
	at := slices.Index(parent.Children, node)
	if parent.Kind != syntax.Table || at == 0 || parent.Children[at-1].Text != ":" {
		return
	}
	d.Fixes = append(d.Fixes, diag.Fix{
		Title: fmt.Sprintf("Bind `%s` under this name", near),
		Safe:  true,
		Edits: []diag.Edit{{
			File: c.file,
			Span: source.Span{Start: parent.Children[at-1].Span.Start, End: d.Span.End},
			Text: ":" + near + " " + k.Name,
		}},
	})
}

// replaceName returns the fix that puts another name into a string literal, or
// none when the name is not written at the place.
func (c *checker) replaceName(at source.Span, name, by string) []diag.Fix {
	written := c.file.Slice(at)
	if strings.Trim(written, `:"`) != name {
		return nil
	}
	return []diag.Fix{{
		Title: fmt.Sprintf("Replace `%s` by `%s`", name, by),
		Safe:  true,
		Edits: []diag.Edit{{File: c.file, Span: at, Text: strings.Replace(written, name, by, 1)}},
	}}
}

// addInput returns the fix that adds an input to those of a job, where these
// are written for it alone.
func (c *checker) addInput(j *pipeline.Job, name string) []diag.Fix {
	if len(j.Inputs) == 0 {
		return nil
	}
	last := j.Inputs[len(j.Inputs)-1]
	if last.Place.File != c.file {
		return nil
	}
	path := c.tree.Path(last.Place.Span.Start)
	if len(path) < 2 || path[len(path)-1].Kind != syntax.String || path[len(path)-1].Text != last.Name ||
		path[len(path)-2].Kind != syntax.Sequence || c.shareInputs(j, path[len(path)-2].Span) {
		return nil
	}
	text := " :" + name
	if strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || strings.ContainsRune("()[]{}\"'~;,@`\\", r) }) {
		return nil
	}
	at := path[len(path)-1].Span.End
	return []diag.Fix{{
		Title: fmt.Sprintf("Add '%s' to the inputs of '%s'", name, j.ID),
		Edits: []diag.Edit{{File: c.file, Span: source.Span{Start: at, End: at}, Text: text}},
	}}
}

// shareInputs reports whether other jobs have inputs that are written at the same
// place as those of a job, as when a loop registers them: what is added there is
// added to all, which may close a cycle.
func (c *checker) shareInputs(j *pipeline.Job, inputs source.Span) bool {
	return slices.ContainsFunc(c.graph.Jobs, func(other *pipeline.Job) bool {
		return other != j && slices.ContainsFunc(other.Inputs, func(in pipeline.Input) bool {
			return in.Place.File == c.file && inputs.Encloses(in.Place.Span)
		})
	})
}
