package pipeline

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/source"
)

// inputCost is how many instructions an input counts as: what it takes in the
// graph.
const inputCost = 100

// registration returns the functions of quire.ci that register something.
func (ld *loader) registration() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{"job": ld.job, "image": ld.declareImage, "mirror": ld.mirror}
}

// begin raises once registration is over, and returns where it was called.
func (ld *loader) begin(L *lua.LState, name string) site {
	if ld.sealed {
		L.Error(lua.LString("quire.ci registration not installed on Lua VM"), 0)
	}
	return ld.site(L, name)
}

// job is (ci.job id inputs run-fn ?opts).
func (ld *loader) job(L *lua.LState) int {
	s := ld.begin(L, "job")
	id := ld.stringArgument(L, s, 1)
	names := ld.inputNames(L, s)
	run, ok := L.Get(3).(*lua.LFunction)
	if !ok {
		ld.raiseAt(L, s, s.argumentPlace(3), fmt.Sprintf("bad argument #3: error converting Lua %s to function", typeName(L.Get(3))))
	}
	j := &Job{ID: id, Call: s.call(), Inner: s.inner(), Name: s.id(id)}
	for i, p := range s.inputs(names) {
		j.Inputs = append(j.Inputs, Input{names[i], p})
	}
	if strings.Contains(id, "/") {
		j.Broken = true
		ld.report(diag.Diagnostic{File: j.Name.File, Span: j.Name.Span, Code: diag.ReservedSlash,
			Message: fmt.Sprintf("Job id '%s' contains '/', which is reserved for the 'quire/' source namespace.", id),
			Help:    "Use another character, such as '-'.",
			Fixes:   ld.replaceLiteral(j.Name, id, strings.ReplaceAll(id, "/", "-"))})
	}
	if len(names) == 0 {
		j.Broken = true
		p := s.argumentPlace(2)
		ld.report(diag.Diagnostic{File: p.File, Span: p.Span, Code: diag.EmptyInputs,
			Message: fmt.Sprintf("Job '%s' has empty inputs. Pass [:quire/push] (or another input) so it has something to fire it.", id),
			Help:    "List the source that starts the job, or the jobs that have to run before it.",
			Fixes:   ld.addSource(p)})
	}
	j.Declared = ld.options(L, s)
	ld.checkArity(s, j, run)
	ld.add(L, j, run)
	return 0
}

// checkArity warns of a run-fn that wants more than it gets.
func (ld *loader) checkArity(s site, j *Job, run *lua.LFunction) {
	if run.IsG {
		return
	}
	p, ok := ld.program.Defined(run)
	if ok {
		j.Run = p
	} else {
		p = s.argumentPlace(3)
	}
	if n := int(run.Proto.NumParameters); n > 1 {
		ld.report(diag.Diagnostic{File: p.File, Span: p.Span, Code: diag.RunArity,
			Message: fmt.Sprintf("The run-fn of job '%s' takes %d arguments, but is called with one, the runtime table.", j.ID, n),
			Help:    "Destructure what it needs from one argument: (fn [{: sh : jobs}] …)."})
	}
}

// add registers a job. Only the first job of an id can run.
func (ld *loader) add(L *lua.LState, j *Job, run *lua.LFunction) {
	jobs := &ld.pipeline.Graph.Jobs
	if limit := ld.finder.limits.Jobs; limit > 0 && len(*jobs) >= limit {
		ld.exceed(L, j.Call, nil, fmt.Sprintf("more than %d jobs are registered", limit))
	}
	if first := ld.vm.valid[j.ID]; first != nil {
		j.Broken = true
		form, _ := j.CallIn(j.Name.File)
		ld.report(diag.Diagnostic{File: j.Name.File, Span: j.Name.Span, Code: diag.DuplicateJob,
			Message: fmt.Sprintf("Job '%s' is registered more than once.", j.ID),
			Help:    "Give it another id, or remove one of the two.",
			Related: []diag.Related{{File: first.Name.File, Span: first.Name.Span, Message: "first registered here"}},
			Fixes:   ld.removeForm(form, "Remove the second registration")})
	}
	if !j.Broken {
		ld.vm.valid[j.ID] = j
		ld.vm.runs[j.ID] = run
	}
	*jobs = append(*jobs, j)
	ld.checkRepeats(j)
}

// checkRepeats warns of inputs that are listed twice, once for each.
func (ld *loader) checkRepeats(j *Job) {
	if len(j.Inputs) < 2 {
		return
	}
	first := map[string]source.Place{}
	var warned map[string]bool
	for _, in := range j.Inputs {
		p, twice := first[in.Name]
		if !twice {
			first[in.Name] = in.Place
			continue
		}
		if warned[in.Name] {
			continue
		}
		if warned == nil {
			warned = map[string]bool{}
		}
		warned[in.Name] = true
		fixes := ld.removeInput(in, fmt.Sprintf("Remove the second '%s'", in.Name))
		for i := range fixes {
			fixes[i].Safe = true
		}
		ld.report(diag.Diagnostic{File: in.Place.File, Span: in.Place.Span, Code: diag.DuplicateInput,
			Message: fmt.Sprintf("Input '%s' of job '%s' is listed more than once.", in.Name, j.ID),
			Help:    "Listing it once is enough.",
			Related: []diag.Related{{File: p.File, Span: p.Span, Message: "first listed here"}},
			Fixes:   fixes})
	}
}

// declareImage is (ci.image name).
func (ld *loader) declareImage(L *lua.LState) int {
	s := ld.begin(L, "image")
	name := ld.stringArgument(L, s, 1)
	call := s.call()
	if first := ld.image; first.File != nil {
		ld.report(diag.Diagnostic{File: call.File, Span: call.Span, Code: diag.DuplicateImage,
			Message: "Pipeline image declared more than once.",
			Help:    "A pipeline has one image; the first declaration counts.",
			Related: []diag.Related{{File: first.File, Span: first.Span, Message: "first declared here"}},
			Fixes:   ld.removeForm(call, "Remove the second declaration")})
		return 0
	}
	ld.image, ld.pipeline.Image = call, name
	return 0
}

// raiseAt raises an error about an argument of the function called at s, with
// the text that upstream has.
func (ld *loader) raiseAt(L *lua.LState, s site, p source.Place, message string) {
	d := diag.Diagnostic{File: p.File, Span: p.Span, Code: diag.BadArgument, Message: message}
	ci, _ := dsl.FindModule(dsl.CI)
	if f, ok := ci.Func(s.name); ok {
		d.Help = "It is called as " + f.Signature() + "."
	}
	ld.raise(L, d)
}

// stringArgument returns the n-th argument as a string.
func (ld *loader) stringArgument(L *lua.LState, s site, n int) string {
	text, problem := stringFrom(L.Get(n))
	if problem != "" {
		ld.raiseAt(L, s, s.argumentPlace(n), fmt.Sprintf("bad argument #%d: %s", n, problem))
	}
	return text
}

// inputNames returns the inputs of a job, its second argument.
func (ld *loader) inputNames(L *lua.LState, s site) []string {
	names, at, problem := stringsFrom(L.Get(2))
	if problem == "" {
		ld.program.State.Step(L, len(names)*inputCost)
		return names
	}
	p := s.argumentPlace(2)
	if items := s.items(); at < len(items) && s.direct() {
		p.Span = items[at].Span
	}
	ld.raiseAt(L, s, p, "bad argument #2: "+problem)
	return nil
}

// stringFrom converts a value to a string as upstream does, or says why not.
func stringFrom(v lua.LValue) (text, problem string) {
	switch v := v.(type) {
	case lua.LString:
		if i := invalidUTF8(string(v)); i >= 0 {
			return "", fmt.Sprintf("error converting Lua string to String (invalid utf-8 sequence at byte %d)", i)
		}
		return string(v), ""
	case lua.LNumber:
		return luaNumberText(float64(v)), ""
	}
	return "", fmt.Sprintf("error converting Lua %s to String (expected string or number)", typeName(v))
}

// stringsFrom converts a sequence of strings as upstream does. When it cannot,
// it says why, and which item, from 0, is the reason.
func stringsFrom(v lua.LValue) (list []string, at int, problem string) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return nil, math.MaxInt, fmt.Sprintf("error converting Lua %s to Vec<String> (expected table)", typeName(v))
	}
	for i := 1; ; i++ {
		item := t.RawGetInt(i)
		if item == lua.LNil {
			return list, 0, ""
		}
		text, problem := stringFrom(item)
		if problem != "" {
			return nil, i - 1, problem
		}
		list = append(list, text)
	}
}

func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// typeName returns the name that upstream gives the type of a value.
func typeName(v lua.LValue) string {
	if n, ok := v.(lua.LNumber); ok && integral(float64(n)) {
		return "integer"
	}
	return v.Type().String()
}

func luaNumberText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	return numberText(f)
}
