package analysis

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// onServer reports what the chosen server would refuse, or give nil for.
func (c *checker) onServer() {
	for _, u := range c.module.Uses {
		c.serverModule(u)
	}
	for _, d := range c.digests {
		for _, a := range d.part.Accesses {
			c.serverAccess(a)
		}
		for _, fn := range d.part.Functions {
			if len(c.jobs[fn]) > 0 && fn.Params > 0 {
				c.serverRunFn(fn)
			}
		}
		for _, call := range d.part.Calls {
			switch t := c.sense(call.Callee); {
			case t.kind == primitive:
				c.serverCall(call, t.name)
			case t.kind == member && t.module == dsl.CI && t.name == "job":
				c.serverJob(call)
			}
		}
	}
	c.serverMacros()
}

// lacks reports what the server does not have, at a place of the file, with what
// to write instead.
func (c *checker) lacks(at source.Span, what, instead string) {
	c.note(diag.Diagnostic{Span: at, Code: diag.NotOnServer,
		Message: fmt.Sprintf("The server %s %s.", c.surround.server, what), Help: instead})
}

// has reports whether the server is among those that have an entry.
func (c *checker) has(s dsl.State) bool { return s.Has(c.surround.server) }

// serverModule checks a module that the file names.
func (c *checker) serverModule(u fennel.Use) {
	m, ok := dsl.FindModule(u.Name)
	switch {
	case !ok && strings.HasPrefix(u.Name, "fennel"):
	case !ok:
		c.lacks(u.Span, fmt.Sprintf("finds no modules of the repository, so '%s' is not there", u.Name),
			"Write what the pipeline needs into ci.fnl.")
	case u.Kind == fennel.Macros:
		if len(m.Macros) > 0 && !c.has(m.Macros[0].States) {
			c.lacks(u.Span, fmt.Sprintf("has no macros in '%s'", u.Name), c.instead("defrun"))
		}
	case !c.has(m.States):
		c.lacks(u.Span, fmt.Sprintf("has no module '%s'", u.Name), c.instead(u.Name))
	}
}

// serverAccess checks the keys that a path reads.
func (c *checker) serverAccess(a *fennel.Access) {
	t := c.root(a.Value.Root)
	if a.Value.Root.Kind == fennel.ModuleRoot && t.kind == runtime && !c.has(dsl.Product) && !c.has(dsl.S2|dsl.H) {
		return // the module is reported
	}
	for _, k := range a.Value.Keys {
		of := t
		t = t.key(k.Name)
		switch {
		case of.kind == module:
			if !c.serverMember(of.name, k) {
				return
			}
		case of.kind == runtime && t.kind == primitive:
			c.serverPrimitive(a, k)
			return
		case of.kind == result:
			c.serverField(of, k)
			return
		}
	}
}

// serverMember checks a name of a module and reports whether it is there.
func (c *checker) serverMember(module string, k fennel.Key) bool {
	m, _ := dsl.FindModule(module)
	states := dsl.S1 | dsl.S2 | dsl.H
	if f, ok := m.Func(k.Name); ok {
		states = f.States
	}
	for _, field := range m.Fields {
		if field.Name == k.Name {
			states = field.States
		}
	}
	if c.has(states) || !c.has(m.States) {
		return true
	}
	if strings.TrimPrefix(c.file.Slice(c.at(k.Span)), ":") != k.Name {
		return false // a macro made it, and its import is reported
	}
	c.lacks(c.at(k.Span), fmt.Sprintf("has no '%s' in %s", k.Name, module), c.instead(module+"."+k.Name))
	return false
}

// serverPrimitive checks a primitive that is taken from the runtime table.
func (c *checker) serverPrimitive(a *fennel.Access, k fennel.Key) {
	f, _ := dsl.Primitive(k.Name)
	switch {
	case c.surround.server == dsl.S1:
		// The runtime table itself is what that server lacks.
	case !c.has(f.States):
		c.lacks(c.at(k.Span), fmt.Sprintf("has no primitive '%s'", k.Name), c.instead(k.Name))
	case a.Fn == nil:
		c.lacks(c.at(k.Span), fmt.Sprintf("has no '%s' in the runtime table while the file is loaded, so this is nil", k.Name),
			fmt.Sprintf("Take it in the run-fn: (runtime.%s …).", k.Name))
	}
}

// serverField checks a field of what a primitive gave.
func (c *checker) serverField(of sense, k fennel.Key) {
	what, fields := fieldsOf(of)
	i := slices.IndexFunc(fields, func(f dsl.Key) bool { return f.Name == k.Name })
	if i >= 0 && !c.has(fields[i].States) {
		c.lacks(c.at(k.Span), fmt.Sprintf("has no field `%s` in %s", k.Name, what), c.instead(what+"."+k.Name))
	}
}

// serverRunFn checks that a run-fn is called with what it takes.
func (c *checker) serverRunFn(fn *fennel.Func) {
	at := c.at(fn.Span)
	path := c.tree.Path(at.Start)
	for _, n := range path {
		if n.Span != c.at(fn.Span) {
			continue
		}
		for x := range n.Forms() {
			if x.Kind == syntax.Sequence {
				at = x.Span
				break
			}
		}
	}
	switch c.surround.server {
	case dsl.S2:
		c.lacks(at, "refuses run-fns that take an argument",
			"Write (fn [] …) and use runtime, with (local {: runtime} (require :quire.ci)) at the top.")
	case dsl.S1:
		if c.file.Slice(at) != "[_]" {
			c.lacks(at, "calls run-fns without an argument, so this is nil", "Write (fn [] …) and use ci.sh and ci.secret.")
		}
	}
}

// serverCall checks the arguments of a primitive.
func (c *checker) serverCall(call *fennel.Call, name string) {
	f, _ := dsl.Primitive(name)
	for i, p := range f.Params {
		if i >= len(call.Args) {
			break
		}
		for _, field := range call.Args[i].Fields {
			if k, ok := p.Key(field.Key.Text); ok && field.Key.Kind == fennel.Literal && !c.has(k.States) {
				c.lacks(c.at(field.Key.Span), fmt.Sprintf("refuses the option `%s` of %s", k.Name, name), c.instead(name+":"+k.Name))
			}
		}
	}
	if name == "jobs" && c.surround.server != dsl.S1 && len(call.Args) > 0 && c.isJob(literalID(call.Args[0])) {
		c.lacks(c.at(call.Args[0].Span), "keeps no outputs of jobs, so this is nil", "Pass data on in files of the workspace.")
	}
}

// serverJob checks the options of (ci.job …), which no server reads.
func (c *checker) serverJob(call *fennel.Call) {
	ci, _ := dsl.FindModule(dsl.CI)
	job, _ := ci.Func("job")
	for i, p := range job.Params {
		if len(p.Keys) == 0 || i >= len(call.Args) {
			continue
		}
		for _, field := range call.Args[i].Fields {
			if k, ok := p.Key(field.Key.Text); ok && field.Key.Kind == fennel.Literal && !c.has(k.States) {
				c.lacks(c.at(field.Key.Span), fmt.Sprintf("ignores the option `%s` of job", k.Name), c.instead("job:"+k.Name))
			}
		}
	}
}

// serverMacros checks how defrun is called: it takes bare names there.
func (c *checker) serverMacros() {
	if c.surround.server != dsl.S2 {
		return
	}
	for _, form := range c.tree.Forms {
		for n := range form.All() {
			if head(n) != "defrun" {
				continue
			}
			items := slices.Collect(n.Forms())
			if len(items) < 2 {
				continue
			}
			for x := range items[1].Forms() {
				if x.Kind == syntax.Table {
					c.lacks(x.Span, "takes only bare names in defrun", "Write (defrun [sh jobs] …).")
				}
			}
		}
	}
}

// instead says what to write for a name that the server does not have.
func (c *checker) instead(name string) string {
	onS1 := c.surround.server == dsl.S1
	switch name {
	case dsl.CI + ".runtime":
		return "Use ci.sh and ci.secret."
	case dsl.CI + ".sh", dsl.CI + ".secret":
		primitive := name[len(dsl.CI)+1:]
		return fmt.Sprintf("Write (runtime.%s …), with (local {: runtime} (require :quire.ci)) at the top.", primitive)
	case dsl.CI + ".image":
		return "Leave it out: commands run on the server's own machine."
	case dsl.CI + ".mirror", dsl.Stdlib, dsl.Stdlib + ".mirror":
		return "Push with git from a job: (sh [\"git\" \"push\" …])."
	case dsl.RuntimeOf:
		if onS1 {
			return "Use ci.sh and ci.secret."
		}
		return "Write (. (require :quire.ci) :runtime)."
	case "defrun":
		if onS1 {
			return "Write (fn [] …) and use ci.sh and ci.secret."
		}
		return "Write (fn [{: sh}] …)."
	case "read-file":
		return "Write (. (sh [\"cat\" path]) :stdout)."
	case "read-json":
		return "Read it with a program: (sh [\"jq\" …])."
	case "write-file":
		return "Write it with a shell command: (sh \"… > path\")."
	case "log":
		return "Write (sh [\"echo\" message])."
	case "env":
		return "Ask the shell: (. (sh \"printf %s \\\"$NAME\\\"\") :stdout)."
	case "sh:cwd":
		return "Write (sh \"cd directory && …\")."
	case "job:labels":
		return "Keep it for other engines: the server runs every job on its own machine."
	case "job:timeout":
		return "Keep it for other engines, and there limit each command: (sh [\"timeout\" \"90\" …])."
	case "sh:timeout":
		return "Write (sh [\"timeout\" \"90\" …])."
	case "the result of sh.cmd":
		return "Keep the command in a local of your own."
	case "the result of sh.signal":
		return "Look at :exit, which is -1 for a signal."
	case dsl.Push + ".branch", dsl.Push + ".tag":
		return "Take it from push.ref."
	case dsl.Push + ".git-dir":
		return "Ask git: (sh [\"git\" \"rev-parse\" \"--git-dir\"])."
	}
	return "Ask git for it: (sh [\"git\" \"log\" …])."
}
