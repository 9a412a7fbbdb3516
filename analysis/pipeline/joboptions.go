package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/source"
)

// optionsAt is the place of the options among the arguments of (ci.job …). The
// upstream servers look at no argument from there on.
const optionsAt = 4

// A Declared is the options that (ci.job …) was given.
type Declared struct {
	// Labels name the kind of machine that the job wants to run on, in the order
	// they are written.
	Labels []string
	// Timeout is how long the job may take; 0: as long as it does.
	Timeout time.Duration
	// TimeoutAt is the place of its value, or the job's Call.
	TimeoutAt source.Place
}

// options reads the options of a job. What upstream would not notice must load
// here as well, so that an argument which is no table is ignored with a warning.
// A table is meant, and its mistakes are errors.
func (ld *loader) options(L *lua.LState, s site) (d Declared) {
	ci, _ := dsl.FindModule(dsl.CI)
	job, _ := ci.Func("job")
	v, p := L.Get(optionsAt), job.Params[optionsAt-1]
	if v == lua.LNil {
		return d
	}
	opts, ok := v.(*lua.LTable)
	if !ok {
		at := s.argumentPlace(optionsAt)
		ld.report(diag.Diagnostic{File: at.File, Span: at.Span, Code: diag.BadArgument, As: diag.Warning,
			Message: dsl.Mismatch(job, p.Name, p.Type, v.Type().String(), valueText(v)),
			Help:    "It is ignored. The function is called as " + job.Signature() + "."})
		return d
	}
	ld.unknownOptions(s, job, p, opts)
	for _, k := range p.Keys {
		value := opts.RawGetString(k.Name)
		if value == lua.LNil {
			continue
		}
		_, at := s.key(optionsAt, k.Name)
		problem := dsl.Mismatch(job, ":"+k.Name, k.Type, value.Type().String(), valueText(value))
		switch {
		case problem != "":
		case k.Name == "labels":
			var item int
			if d.Labels, item, problem = labelsFrom(L, ld, job, value); problem != "" {
				at = ld.item(at, item)
			}
		case k.Name == "timeout":
			d.Timeout, _ = dsl.ParseDuration(value.Type().String(), valueText(value))
			d.TimeoutAt = at
		}
		if problem != "" {
			ld.report(diag.Diagnostic{File: at.File, Span: at.Span, Code: diag.BadOption, Message: problem, Help: k.Doc})
		}
	}
	return d
}

// unknownOptions reports the keys of an option table that are no options.
func (ld *loader) unknownOptions(s site, f dsl.Func, p dsl.Param, opts *lua.LTable) {
	for _, name := range unknownKeys(opts, p) {
		at, _ := s.key(optionsAt, name)
		d := diag.Diagnostic{File: at.File, Span: at.Span, Code: diag.UnknownOption, Message: dsl.UnknownOption(f, p, name)}
		missing := slices.DeleteFunc(slices.Clone(p.Keys), func(k dsl.Key) bool { return opts.RawGetString(k.Name) != lua.LNil })
		if near, ok := diag.Nearest(name, dsl.KeyNames(missing)); ok {
			d.Help, d.Fixes = fmt.Sprintf("Did you mean `%s`?", near), ld.replaceLiteral(at, name, near)
			for i := range d.Fixes {
				d.Fixes[i].Safe = true
			}
		}
		ld.report(d)
	}
}

// labelsFrom returns the labels of a sequence, or what is wrong with which item,
// from 0.
func labelsFrom(L *lua.LState, ld *loader, f dsl.Func, v lua.LValue) (labels []string, at int, problem string) {
	t := v.(*lua.LTable)
	ld.program.State.Step(L, t.Len())
	for i := 1; i <= t.Len(); i++ {
		text, isString := t.RawGetInt(i).(lua.LString)
		switch {
		case !isString:
			problem = dsl.BadItem(f, ":labels", fmt.Sprint(i), t.RawGetInt(i).Type().String())
		case text == "":
			problem = fmt.Sprintf("%s: :labels[%d] is empty", f.Name, i)
		case invalidUTF8(string(text)) >= 0, strings.ContainsFunc(string(text), func(r rune) bool { return r < ' ' || r == 0x7f }):
			problem = fmt.Sprintf("%s: :labels[%d] must be one line of text, got %q", f.Name, i, string(text))
		}
		if problem != "" {
			return nil, i - 1, problem
		}
		labels = append(labels, string(text))
	}
	if k, _ := t.Next(lua.LNil); len(labels) == 0 && k != lua.LNil {
		return nil, -1, fmt.Sprintf("%s: :labels must be a %s, got a table without items", f.Name, dsl.Strings)
	}
	return labels, 0, ""
}

// item returns the place of an item of a sequence, from 0, or else that of the
// sequence.
func (ld *loader) item(list source.Place, i int) source.Place {
	if n, _ := ld.trees.node(list); n != nil && i >= 0 {
		if items := n.Items(); i < len(items) {
			list.Span = items[i].Span
		}
	}
	return list
}
