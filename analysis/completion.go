package analysis

import (
	"slices"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// A Candidate is one thing that could stand at a place.
type Candidate struct {
	Label  string
	Kind   Kind
	Detail string
	Doc    string // Markdown
	// Span is what Text replaces: what was typed of the name so far.
	Span source.Span
	Text string
	// Function reports that it is something to call.
	Function bool
}

// Complete returns what could stand at an offset, the likeliest first. It
// never offers what would be refused: as an input of a job, not the job itself
// nor one that needs it.
func (s *Snapshot) Complete(offset int) []Candidate {
	offset = min(max(offset, 0), len(s.File.Text()))
	c := completer{Snapshot: s, offset: offset}
	if !c.locate() {
		return nil
	}
	c.fill()
	seen := map[string]bool{}
	return slices.DeleteFunc(c.out, func(x Candidate) bool {
		again := seen[x.Label]
		seen[x.Label] = true
		return again
	})
}

// A completer looks at what stands around an offset.
type completer struct {
	*Snapshot
	offset int
	// around are the brackets around the offset, outermost first.
	around []*syntax.Node
	// partial is the name that ends at the offset or holds it, or nil.
	partial *syntax.Node
	out     []Candidate
}

// locate finds what is around the offset. It reports false where no name can
// stand, such as in a comment.
func (c *completer) locate() bool {
	for nodes := c.Module().Tree.Forms; ; {
		var n *syntax.Node
		for _, x := range nodes {
			if x.Span.Start >= c.offset {
				break
			}
			n = x
		}
		if n == nil {
			return true
		}
		inside := c.offset < n.Span.End || n.Open
		switch n.Kind {
		case syntax.Comment:
			return c.offset > n.Span.End
		case syntax.List, syntax.Sequence, syntax.Table, syntax.Prefix:
			if !inside && !(n.Kind == syntax.Prefix && c.offset == n.Span.End) {
				return true
			}
			if n.Kind != syntax.Prefix {
				c.around = append(c.around, n)
			}
			nodes = n.Children
			continue
		}
		if c.offset <= n.Span.End {
			c.partial = n
		}
		return true
	}
}

// outer returns the bracket that is i steps further out, or nil.
func (c *completer) outer(i int) *syntax.Node {
	if i >= len(c.around) {
		return nil
	}
	return c.around[len(c.around)-1-i]
}

// index returns how many forms of a bracket end before the offset.
func (c *completer) index(n *syntax.Node) int {
	i := 0
	for x := range n.Forms() {
		if x != c.partial && x.Span.End <= c.offset && !(x.Open && x == c.next(n)) {
			i++
		}
	}
	return i
}

// next returns the bracket within n that is around the offset, or nil.
func (c *completer) next(n *syntax.Node) *syntax.Node {
	i := slices.Index(c.around, n)
	if i < 0 || i+1 >= len(c.around) {
		return nil
	}
	return c.around[i+1]
}

func (c *completer) fill() {
	here := c.outer(0)
	if c.partial != nil && c.partial.Kind == syntax.Number {
		return
	}
	if here != nil && (c.inputs(here) || c.argument(here) || c.options(here) || c.pattern(here)) {
		return
	}
	if c.partial != nil && c.partial.Kind == syntax.String {
		return
	}
	if c.partial != nil && c.fields() {
		return
	}
	c.words(here)
}

// callee returns what the list calls, by its meaning or, where nothing is known
// of it, by its text.
func (c *completer) callee(list *syntax.Node) (f dsl.Func, ok bool) {
	items := list.Items()
	if list.Kind != syntax.List || len(items) == 0 || items[0].Kind != syntax.Symbol {
		return f, false
	}
	if m, known := c.MeaningAt(items[0].Span.End); known {
		switch m.Kind {
		case PrimitiveName:
			return dsl.Primitive(m.Name)
		case MemberName:
			mod, _ := dsl.FindModule(m.Of)
			return mod.Func(m.Name)
		case SymbolName:
			if m.Symbol.Value != nil && m.Symbol.Value.Kind != fennel.Unknown {
				return f, false
			}
		}
	}
	name := items[0].Text[strings.LastIndexAny(items[0].Text, ".:")+1:]
	if f, ok = dsl.Primitive(name); ok {
		return f, true
	}
	ci, _ := dsl.FindModule(dsl.CI)
	return ci.Func(name)
}

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
	call := c.outer(1)
	if here.Kind != syntax.Sequence || call == nil {
		return false
	}
	f, ok := c.callee(call)
	if !ok || f.Name != "job" || c.index(call) != 2 {
		return false
	}
	id := ""
	if items := call.Items(); items[1].Kind == syntax.String {
		id = items[1].Text
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
		if !taken[src.Name] {
			c.addName(SourceName, src.Name, "source", src.Doc)
		}
	}
	return true
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
		c.modules(name != "require")
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

// modules offers those of the product that hold what is wanted, and those of
// the repository that the file names elsewhere.
func (c *completer) modules(forMacros bool) {
	for _, m := range dsl.Modules() {
		if !forMacros || len(m.Macros) > 0 {
			c.addName(ModuleName, m.Name, "module", m.Doc)
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
			c.addName(OptionName, k.Name, string(k.Type), k.Doc)
		}
	}
	return true
}

// pattern offers what can be taken out of a table that is destructured.
func (c *completer) pattern(here *syntax.Node) bool {
	outer := c.outer(1)
	if outer != nil && here.Kind == syntax.Sequence && head(outer) == "defrun" && c.index(outer) == 1 {
		c.taken(here, sense{kind: runtime}, "")
		return true
	}
	if here.Kind != syntax.Table || outer == nil {
		return false
	}
	of, ok := c.destructured(here, outer)
	if !ok {
		return false
	}
	items := here.Items()
	at := c.index(here)
	colon := ": "
	if at%2 == 1 {
		if items[at-1].Text != ":" {
			return false
		}
		colon = ""
	}
	c.taken(here, of, colon)
	return true
}

// taken offers the members of something that a pattern does not name yet.
func (c *completer) taken(pattern *syntax.Node, of sense, prefix string) {
	given := map[string]bool{}
	for x := range pattern.Forms() {
		given[x.Text] = given[x.Text] || x != c.partial
	}
	for _, m := range c.members(of) {
		if !given[m.Label] {
			m.Span, m.Text = c.typed(), prefix+m.Label
			c.out = append(c.out, m)
		}
	}
}

// destructured returns what a pattern takes apart: the runtime table where it
// is the first parameter of a run-fn, or the value next to it.
func (c *completer) destructured(pattern, outer *syntax.Node) (sense, bool) {
	items := outer.Items()
	at := slices.Index(items, pattern)
	switch {
	case at < 0:
	case outer.Kind == syntax.Sequence:
		fn := c.outer(2)
		if fn == nil || fn.Kind != syntax.List {
			break
		}
		switch head(fn) {
		case "fn", "lambda", "λ", "defrun":
			return sense{kind: runtime}, at == 0
		case "let", "with-open":
			if at%2 == 0 && at+1 < len(items) {
				return c.valueOf(items[at+1])
			}
		}
	case at == 1 && len(items) > 2 && (head(outer) == "local" || head(outer) == "var"):
		return c.valueOf(items[2])
	case head(outer) == "import-macros" && at%2 == 1 && at+1 < len(items):
		return sense{kind: macros, name: items[at+1].Text}, true
	}
	return sense{}, false
}

// valueOf returns what an expression gives, by its text.
func (c *completer) valueOf(n *syntax.Node) (sense, bool) {
	if n.Kind == syntax.Symbol {
		return c.symbolSense(n.Text)
	}
	items := n.Items()
	if n.Kind != syntax.List || len(items) == 0 {
		return sense{}, false
	}
	if items[0].Text == "require" && len(items) > 1 {
		return rootModule(items[1].Text), true
	}
	f, ok := c.callee(n)
	if !ok {
		return sense{}, false
	}
	call := &fennel.Call{}
	if len(items) > 1 && items[1].Kind == syntax.String {
		call.Args = []*fennel.Value{{Kind: fennel.Literal, Type: "string", Text: items[1].Text}}
	}
	return sense{kind: result, name: f.Name, call: call}, true
}

func rootModule(name string) sense {
	if name == dsl.RuntimeOf {
		return sense{kind: runtime}
	}
	return sense{kind: module, name: name}
}

// symbolSense returns what a name that code at the offset sees is.
func (c *completer) symbolSense(name string) (sense, bool) {
	for _, sym := range c.Module().Index.Visible(c.offset) {
		if sym.Name == name {
			if binding, module := c.importing(sym); binding != nil && binding.Kind == syntax.Symbol {
				return sense{kind: macros, name: module}, true
			}
			t, ok := c.lexicon().senses[sym]
			return t, ok && t.kind != unknown
		}
	}
	return sense{}, false
}

// members returns what can be found in something.
func (c *completer) members(of sense) []Candidate {
	var out []Candidate
	switch of.kind {
	case runtime:
		for _, f := range dsl.Runtime() {
			out = append(out, Candidate{Label: f.Name, Kind: PrimitiveName, Detail: f.Signature(), Doc: f.Doc, Function: true})
		}
	case module:
		if l := c.library(of.name); l != nil {
			return l.candidates()
		}
		m, _ := dsl.FindModule(of.name)
		for _, f := range m.Funcs {
			out = append(out, Candidate{Label: f.Name, Kind: MemberName, Detail: f.Signature(), Doc: f.Doc, Function: true})
		}
		for _, k := range m.Fields {
			out = append(out, Candidate{Label: k.Name, Kind: MemberName, Detail: string(k.Type), Doc: k.Doc})
		}
	case macros:
		m, _ := dsl.FindModule(of.name)
		for _, f := range m.Macros {
			out = append(out, Candidate{Label: f.Name, Kind: MemberName, Detail: f.Signature(), Doc: f.Doc, Function: true})
		}
		if l := c.library(of.name); l != nil {
			out = l.candidates()
		}
	case result:
		for _, k := range c.lexicon().fields(of) {
			out = append(out, Candidate{Label: k.Name, Kind: FieldName, Detail: string(k.Type), Doc: k.Doc})
		}
	}
	return out
}

// candidates returns the members of a module of the repository.
func (l *library) candidates() []Candidate {
	var out []Candidate
	for i := range l.members {
		x := Candidate{Label: l.members[i].name, Kind: MemberName, Detail: l.name}
		if c, ok := l.callable(&l.members[i]); ok {
			x.Detail, x.Doc, x.Function = signature(c.name, c.names), c.doc, true
		}
		out = append(out, x)
	}
	return out
}

// fields offers what stands behind the dot of the name that is typed.
func (c *completer) fields() bool {
	text := c.File.Slice(source.Span{Start: c.partial.Span.Start, End: c.offset})
	dot := strings.LastIndexByte(text, '.')
	if dot <= 0 || strings.ContainsAny(text, "\"()[]{} ") {
		return false
	}
	span := source.Span{Start: c.partial.Span.Start + dot + 1, End: c.offset}
	parts := strings.Split(text[:dot], ".")
	t, known := c.symbolSense(parts[0])
	for _, p := range parts[1:] {
		t = t.key(p)
	}
	if known {
		for _, m := range c.members(t) {
			m.Span, m.Text = span, m.Label
			c.out = append(c.out, m)
		}
		return true
	}
	for _, g := range dsl.Globals() {
		if member, ok := strings.CutPrefix(g.Name, text[:dot+1]); ok && !strings.Contains(member, ".") {
			c.out = append(c.out, Candidate{Label: member, Kind: LibraryName, Detail: signature(g.Name, g.Params), Doc: g.Doc,
				Span: span, Text: member, Function: g.Kind == dsl.FunctionGlobal})
		}
	}
	return true
}

// words offers everything that code at the offset can name.
func (c *completer) words(here *syntax.Node) {
	span := c.typed()
	add := func(x Candidate) {
		x.Span, x.Text = span, x.Label
		c.out = append(c.out, x)
	}
	for _, sym := range c.Module().Index.Visible(c.offset) {
		if strings.HasPrefix(sym.Name, "$") || sym.Def.Touches(c.offset) {
			continue
		}
		add(Candidate{Label: sym.Name, Kind: SymbolName, Detail: c.detail(Meaning{Kind: SymbolName, Symbol: sym}), Doc: sym.Doc,
			Function: sym.Kind == fennel.Function || sym.Kind == fennel.Macro})
	}
	if here == nil || here.Kind == syntax.List && c.index(here) == 0 {
		for _, f := range allForms() {
			add(Candidate{Label: f.Name, Kind: FormName, Detail: signature(f.Name, f.Params), Doc: f.Doc, Function: true})
		}
	}
	for _, g := range dsl.Globals() {
		if !strings.Contains(g.Name, ".") {
			add(Candidate{Label: g.Name, Kind: LibraryName, Detail: string(g.Kind), Doc: g.Doc, Function: g.Kind == dsl.FunctionGlobal})
		}
	}
}

// typed is the part of the name under the cursor that is before it.
func (c *completer) typed() source.Span {
	if c.partial == nil {
		return source.Span{Start: c.offset, End: c.offset}
	}
	return source.Span{Start: c.partial.Span.Start, End: c.offset}
}

// addName offers a string: with a colon, or within the quotes that are there.
func (c *completer) addName(kind Kind, name, detail, doc string) {
	x := Candidate{Label: ":" + name, Kind: kind, Detail: detail, Doc: doc, Span: c.typed(), Text: ":" + name}
	switch {
	case c.partial != nil && c.partial.Kind == syntax.String && strings.HasPrefix(c.File.Slice(c.partial.Span), `"`):
		x.Label, x.Text = name, name
		x.Span.Start++
	case !isKeyword(name):
		x.Label, x.Text = `"`+name+`"`, `"`+name+`"`
	}
	c.out = append(c.out, x)
}

// isKeyword reports whether a string can be written with a colon.
func isKeyword(text string) bool {
	n := onlyForm(":" + text)
	return n != nil && n.Kind == syntax.String && n.Text == text
}
