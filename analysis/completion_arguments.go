package analysis

import (
	"slices"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
)

// jobForm returns the innermost call of ci.job around the offset, or nil.
func (c *completer) jobForm() []*syntax.Node {
	for _, n := range slices.Backward(c.around) {
		if f, ok := c.callee(n); ok && f.Name == "job" {
			return n.Items()
		}
	}
	return nil
}

// inputs offers what a job can need: sources, and jobs that do not need it.
func (c *completer) inputs(here *syntax.Node) bool {
	id, sources, ok := c.needing(here)
	if !ok {
		return false
	}
	taken := map[string]bool{id: true}
	for x := range here.Forms() {
		if x != c.partial && x.Kind == syntax.String {
			taken[x.Text] = true
		}
	}
	for d := range c.dependents(id) {
		taken[d] = true
	}
	for _, j := range c.Graph().Jobs {
		if !taken[j.ID] && !j.Broken {
			c.addName(JobName, j.ID, "job", inputsDoc(j))
		}
	}
	for _, src := range dsl.Sources() {
		if !taken[src.Name] && sources {
			c.addName(SourceName, src.Name, "source", src.Doc)
		}
	}
	return true
}

// needing returns the id of the job whose inputs a sequence holds, and whether
// sources may be among them. The mirror's are its option :after.
func (c *completer) needing(inputs *syntax.Node) (id string, sources, ok bool) {
	call := c.outer(1)
	if inputs.Kind != syntax.Sequence || call == nil {
		return "", false, false
	}
	if call.Kind == syntax.Table {
		options, i := call.Items(), c.index(call)
		if c.outer(2) == nil || i%2 == 0 || options[i-1].Text != "after" {
			return "", false, false
		}
		f, known := c.callee(c.outer(2))
		return dsl.MirrorJob, false, known && f.Name == "mirror"
	}
	f, known := c.callee(call)
	if !known || f.Name != "job" || c.index(call) != 2 {
		return "", false, false
	}
	if items := call.Items(); items[1].Kind == syntax.String {
		id = items[1].Text
	}
	return id, true, true
}

// dependents returns the jobs that need a job, which the graph may not hold
// while its form is being written.
func (c *completer) dependents(id string) map[string]bool {
	feeds := map[string][]string{}
	for _, j := range c.Graph().Jobs {
		for _, in := range j.Inputs {
			feeds[in.Name] = append(feeds[in.Name], j.ID)
		}
	}
	found := map[string]bool{}
	for todo := []string{id}; len(todo) > 0; todo = todo[1:] {
		for _, next := range feeds[todo[0]] {
			if !found[next] {
				found[next] = true
				todo = append(todo, next)
			}
		}
	}
	return found
}

// argument offers what a string argument can name.
func (c *completer) argument(here *syntax.Node) bool {
	items := here.Items()
	at := c.index(here)
	if here.Kind != syntax.List || at == 0 || len(items) == 0 {
		return false
	}
	if c.partial != nil && c.partial.Kind == syntax.Symbol && !strings.HasPrefix(c.partial.Text, ":") {
		return false
	}
	switch name := items[0].Text; {
	case items[0].Kind != syntax.Symbol:
	case name == "require" && at == 1, name == "include" && at == 1, name == "import-macros" && at%2 == 0, name == "require-macros" && at == 1:
		c.modules(name)
		return true
	}
	if c.looksUp(items, at) {
		return true
	}
	f, ok := c.callee(here)
	if !ok || at > len(f.Params) {
		return false
	}
	switch f.Params[at-1].Type {
	case dsl.JobName:
		c.readable()
		return true
	case dsl.Secret:
		c.secretNames()
		return true
	}
	return false
}

// looksUp offers, in (. value key …), what the value holds under its keys.
func (c *completer) looksUp(items []*syntax.Node, at int) bool {
	if items[0].Kind != syntax.Symbol || items[0].Text != "." || at < 2 {
		return false
	}
	of, ok := c.valueOf(items[1])
	for _, key := range items[2:at] {
		of = of.key(key.Text)
	}
	members := c.members(of)
	for _, m := range members {
		c.addName(m.Kind, m.Label, m.Detail, m.Doc)
		c.out[len(c.out)-1].Subject = m.Subject
	}
	return ok && len(members) > 0
}

// modules offers those of the product that hold what the form of a name wants, and
// those of the repository: the files that can be listed, and what the file names
// elsewhere.
func (c *completer) modules(form string) {
	forMacros, kind := form != "require", fennel.Code
	if form == "import-macros" || form == "require-macros" {
		kind = fennel.Macros
	}
	for _, m := range dsl.Modules() {
		if !forMacros || len(m.Macros) > 0 {
			c.addName(ModuleName, m.Name, "module", m.Doc)
		}
	}
	typed := strings.TrimLeft(c.File.Slice(c.typed()), `:"`)
	for _, m := range c.modulesBelow(kind, typed[:strings.LastIndexByte(typed, '.')+1]) {
		if m.Path != c.File.Name() {
			c.addName(ModuleName, m.Name, "module", m.Path)
		}
	}
	for _, u := range c.Module().Uses {
		if c.partial != nil && u.Span == c.partial.Span {
			continue
		}
		if files := c.moduleFile(u.Name); len(files) > 0 {
			c.addName(ModuleName, u.Name, "module", files[0].File.Name())
		}
	}
}

// inputsDoc says what a job needs. The whole card would cost a walk through
// the graph for every job that is offered.
func inputsDoc(j *pipeline.Job) string {
	names := make([]string, len(j.Inputs))
	for i, in := range j.Inputs {
		names[i] = in.Name
	}
	return "inputs: " + codeList(names)
}

// labels offers, in the option :labels of a job, what other jobs have there.
func (c *completer) labels(here *syntax.Node) bool {
	table, call := c.outer(1), c.outer(2)
	if here.Kind != syntax.Sequence || table == nil || call == nil || table.Kind != syntax.Table {
		return false
	}
	options, i := table.Items(), c.index(table)
	f, known := c.callee(call)
	if i%2 == 0 || options[i-1].Text != "labels" || !known || f.Name != "job" {
		return false
	}
	taken := map[string]bool{}
	for x := range here.Forms() {
		taken[x.Text] = x != c.partial
	}
	for _, j := range c.Graph().Jobs {
		for _, label := range j.Labels {
			if !taken[label] {
				taken[label] = true
				c.addName(LabelName, label, "label", "")
			}
		}
	}
	return true
}

func (c *completer) secretNames() {
	for _, name := range c.secrets {
		c.addName(SecretName, name, "secret", "")
	}
}

// readable offers what the job around the offset can read: what it needs,
// directly or not, as far as one can tell while its form is being written.
func (c *completer) readable() {
	form := c.jobForm()
	if len(form) < 3 {
		for _, j := range c.Graph().Jobs {
			c.addName(JobName, j.ID, "job", inputsDoc(j))
		}
		for _, src := range dsl.Sources() {
			c.addName(SourceName, src.Name, "source", src.Doc)
		}
		return
	}
	seen := map[string]bool{}
	var todo []string
	for in := range form[2].Forms() {
		if in.Kind == syntax.String {
			todo = append(todo, in.Text)
		}
	}
	if j, ok := c.Graph().Job(form[1].Text); ok && form[2].Kind != syntax.Sequence {
		for _, in := range j.Inputs {
			todo = append(todo, in.Name)
		}
	}
	for ; len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		if seen[name] || name == form[1].Text {
			continue
		}
		seen[name] = true
		if src, ok := dsl.FindSource(name); ok {
			c.addName(SourceName, name, "source", src.Doc)
		} else if j, ok := c.Graph().Job(name); ok {
			c.addName(JobName, name, "job", inputsDoc(j))
			for _, in := range j.Inputs {
				todo = append(todo, in.Name)
			}
		}
	}
}

// options offers the keys of an option table, and secrets as their values.
func (c *completer) options(here *syntax.Node) bool {
	call := c.outer(1)
	if here.Kind != syntax.Table || call == nil {
		return false
	}
	f, ok := c.callee(call)
	at := c.index(call)
	if !ok || at == 0 || at > len(f.Params) || len(f.Params[at-1].Keys) == 0 {
		return false
	}
	items := here.Items()
	i := c.index(here)
	if i%2 == 1 {
		if k, ok := f.Params[at-1].Key(items[i-1].Text); ok && k.Type == dsl.Secret {
			c.secretNames()
			return true
		}
		return false
	}
	given := map[string]bool{}
	for n := 0; n < len(items); n += 2 {
		given[items[n].Text] = items[n] != c.partial
	}
	for _, k := range f.Params[at-1].Keys {
		if !given[k.Name] {
			c.addName(OptionName, k.Name, string(k.Type), page(k.Doc, example(k.Example)))
		}
	}
	return true
}
