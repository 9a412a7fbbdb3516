package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// findProblems reports what is wrong with the graph. When evaluation did not
// register everything there is, a name that the rest of the file may define is
// not blamed.
func (ld *loader) findProblems(complete bool) {
	p := problems{loader: ld, links: ld.pipeline.Graph.linked()}
	if !complete {
		p.mentions = ld.mentions()
	}
	cyclic := p.cycles()
	started := p.started()
	for i, j := range p.links.jobs {
		good := false
		for _, in := range j.Inputs {
			good = good || p.known(in.Name)
		}
		p.inputs(j, good)
		if !started[i] && !cyclic[i] && !j.Broken {
			p.unreachable(j, started)
		}
	}
}

// problems looks for what is wrong with a graph.
type problems struct {
	*loader
	links *links
	// mentions are the texts that may be part of a name that a form defines
	// which was not evaluated.
	mentions []string
	compared int // names that were compared to find what was meant
}

// maxCompared bounds the search for what was meant, so that a file where
// nothing is named right does not take long.
const maxCompared = 100_000

// known reports whether a name is that of a job, or of a source or what was
// meant to be one: an unknown source is an error of its own.
func (p *problems) known(name string) bool {
	_, isJob := p.links.byID[name]
	return isJob || strings.HasPrefix(name, dsl.SourcePrefix) || p.mayExist(name)
}

// mayExist reports whether a form that was not evaluated may register a job of
// that name: it holds the name, or a part of it. Behind a limit, which ends loops
// that make names, any job may come.
func (p *problems) mayExist(name string) bool {
	if p.limited {
		return true
	}
	const part = 3 // bytes; what is shorter is part of too many names
	return slices.ContainsFunc(p.mentions, func(m string) bool {
		return m == name || len(m) >= part && (strings.HasPrefix(name, m) || strings.HasSuffix(name, m))
	})
}

// mentions returns the string literals of the top-level forms that were not
// evaluated, or not wholly.
func (ld *loader) mentions() []string {
	done := ld.evaluated()
	seen := map[string]bool{}
	for file, m := range ld.trees.of {
		for _, form := range m.Tree.Forms {
			if done[source.Place{File: file, Span: form.Span}] {
				continue
			}
			for n := range form.All() {
				if n.Kind == syntax.String || n.Kind == syntax.Error {
					seen[n.Text] = true
				}
			}
		}
	}
	return slices.Collect(maps.Keys(seen))
}

// evaluated returns the top-level forms that registered a job and have no
// diagnostic.
func (ld *loader) evaluated() map[source.Place]bool {
	done := map[source.Place]bool{}
	for _, j := range ld.pipeline.Graph.Jobs {
		if form := ld.trees.top(j.Call); form != nil {
			done[source.Place{File: j.Call.File, Span: form.Span}] = true
		}
	}
	for _, d := range ld.found {
		if form := ld.trees.top(source.Place{File: d.File, Span: d.Span}); form != nil && aborts(d.Code) {
			delete(done, source.Place{File: d.File, Span: form.Span})
		}
	}
	return done
}

// aborts reports whether a diagnostic of that code keeps a form from being
// evaluated to its end.
func aborts(c diag.Code) bool {
	switch c {
	case diag.EmptyInputs, diag.ReservedSlash, diag.DuplicateJob, diag.DuplicateImage, diag.DuplicateInput, diag.BadMirror, diag.RunArity:
		return false
	}
	return true
}

// started reports which jobs something starts: those that lead back to a
// source, or to a job that is broken, whose sources are not known.
func (p *problems) started() []bool {
	started := make([]bool, len(p.links.jobs))
	var todo []int
	for i, j := range p.links.jobs {
		started[i] = j.Broken || slices.ContainsFunc(j.Inputs, func(in Input) bool {
			_, isJob := p.links.byID[in.Name]
			return strings.HasPrefix(in.Name, dsl.SourcePrefix) || !isJob && p.mayExist(in.Name)
		})
		if started[i] {
			todo = append(todo, i)
		}
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, next := range p.links.feeds[i] {
			if !started[next] {
				started[next] = true
				todo = append(todo, next)
			}
		}
	}
	return started
}

// inputs reports inputs that name nothing. good says that one of them names
// something.
func (p *problems) inputs(j *Job, good bool) {
	for _, in := range j.Inputs {
		if _, isJob := p.links.byID[in.Name]; isJob {
			continue
		}
		d := diag.Diagnostic{File: in.Place.File, Span: in.Place.Span}
		if strings.HasPrefix(in.Name, dsl.SourcePrefix) {
			if _, ok := dsl.FindSource(in.Name); ok {
				continue
			}
			d.Code = diag.UnknownSource
			d.Message = fmt.Sprintf("Source '%s' does not exist.", in.Name)
			d.Help = fmt.Sprintf("The only source is '%s'.", dsl.Push)
			d.Fixes = p.replaceLiteral(in.Place, in.Name, dsl.Push)
			if j.lists(dsl.Push) {
				d.Fixes = p.removeInput(in, fmt.Sprintf("Remove '%s' from the inputs", in.Name))
			}
			if in.Name == dsl.MirrorJob {
				d.Fixes = p.removeInput(in, fmt.Sprintf("Remove '%s' from the inputs", in.Name))
				d.Message = fmt.Sprintf("Job '%s' is not registered.", in.Name)
				d.Help = "(ci.mirror url opts) registers it."
			}
			p.report(d)
			continue
		}
		if !good || p.mayExist(in.Name) {
			continue
		}
		d.Code = diag.UnknownInput
		d.Message = fmt.Sprintf("Input '%s' of job '%s' names no job or source.", in.Name, j.ID)
		d.Help = "Register a job of that name, or remove it: nothing waits for it."
		if near, ok := p.nearest(j, in.Name); ok {
			d.Help = fmt.Sprintf("Did you mean '%s'?", near)
			d.Fixes = p.replaceLiteral(in.Place, in.Name, near)
		}
		d.Fixes = append(d.Fixes, p.removeInput(in, fmt.Sprintf("Remove '%s' from the inputs", in.Name))...)
		p.report(d)
	}
}

// nearest returns the job or source that an input of a job was probably meant
// to name.
func (p *problems) nearest(j *Job, name string) (string, bool) {
	if _, ok := dsl.FindSource(dsl.SourcePrefix + name); ok {
		return dsl.SourcePrefix + name, true
	}
	if p.compared += len(p.links.jobs); p.compared > maxCompared {
		return "", false
	}
	return diag.Nearest(name, func(yield func(string) bool) {
		for _, s := range dsl.Sources() {
			if !yield(s.Name) {
				return
			}
		}
		for _, other := range p.links.jobs {
			if other.ID != j.ID && !yield(other.ID) {
				return
			}
		}
	})
}

// unreachable reports a job that nothing starts.
func (p *problems) unreachable(j *Job, started []bool) {
	d := diag.Diagnostic{File: j.Name.File, Span: j.Name.Span, Code: diag.Unreachable,
		Message: fmt.Sprintf("Job '%s' is not reachable from any source ref (e.g. :quire/push).", j.ID),
		Help:    "Add :quire/push to its inputs, or a job that has it."}
	for _, in := range j.Inputs {
		if i, isJob := p.links.byID[in.Name]; isJob {
			if !started[i] {
				d.Help = fmt.Sprintf("It waits for '%s', which nothing starts.", in.Name)
			}
			continue
		}
		near, ok := p.nearest(j, in.Name)
		r := diag.Related{File: in.Place.File, Span: in.Place.Span, Message: fmt.Sprintf("'%s' names no job or source", in.Name)}
		if ok {
			d.Help = fmt.Sprintf("Did you mean '%s' by '%s'?", near, in.Name)
			d.Fixes = append(d.Fixes, p.replaceLiteral(in.Place, in.Name, near)...)
		}
		if len(d.Related) < maxTrace {
			d.Related = append(d.Related, r)
		}
	}
	d.Fixes = append(d.Fixes, p.startFix(j)...)
	p.report(d)
}

// startFix returns the fix that has a source start a job where its inputs are
// written: instead of those that name nothing, or else beside them.
func (p *problems) startFix(j *Job) []diag.Fix {
	if len(j.Inputs) == 0 {
		return nil
	}
	fix := diag.Fix{Title: fmt.Sprintf("Let '%s' start '%s'", dsl.Push, j.ID)}
	for _, in := range j.Inputs {
		if p.known(in.Name) {
			continue
		}
		replace := p.replaceLiteral(in.Place, in.Name, dsl.Push)
		if len(fix.Edits) > 0 {
			replace = p.removeInput(in, "")
		}
		if len(replace) == 0 {
			return nil
		}
		fix.Edits = append(fix.Edits, replace[0].Edits...)
	}
	if len(fix.Edits) > 0 {
		return []diag.Fix{fix}
	}
	first := j.Inputs[0]
	n, parent := p.trees.literal(first.Place, first.Name)
	if n == nil || parent.Kind != syntax.Sequence {
		return nil
	}
	place := first.Place
	place.Span = parent.Span
	return p.addSource(place)
}
