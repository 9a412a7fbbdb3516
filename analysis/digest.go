package analysis

import (
	"slices"
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
)

// A digest is what the checks find out from the code of one top-level form
// alone. It is found out once for all versions of the file that have the form,
// so that a change costs what the changed form does, and looking at what is
// left of the others: what depends on more than themselves.
//
// Its places are those of the part.
type digest struct {
	part *fennel.Part
	flowDigest
	leakDigest
	callDigest
	exitDigest
	nameDigest
	stored
}

// digestOf returns the digest of a part of a module.
func digestOf(m *fennel.Module, p *fennel.Part) *digest {
	return p.Note(func() any {
		d := &digest{part: p}
		d.flowDigest = newFlowDigest(p)
		d.leakDigest = newLeakDigest(p)
		d.callDigest = newCallDigest(p)
		d.exitDigest = newExitDigest(p)
		d.nameDigest = newNameDigest(p)
		d.stored = newStored(m.Form(p))
		return d
	}).(*digest)
}

// isOpen reports whether a value may be anything: it comes out of a parameter or
// a call as a whole, or out of a module of the repository.
func isOpen(v *fennel.Value) bool {
	switch v.Kind {
	case fennel.Result:
		return true
	case fennel.Path:
		switch v.Root.Kind {
		case fennel.ParamRoot, fennel.CallRoot:
			return len(v.Keys) == 0
		case fennel.ModuleRoot:
			return isForeignName(v.Root.Name)
		}
	}
	return false
}

// mayBeFunction reports whether a value may be a function of the file, or of a
// module.
func mayBeFunction(v *fennel.Value) bool { return v.Kind == fennel.Lambda || isOpen(v) }

// mayBe reports whether a value may be what a module or the runtime has under a
// name.
func mayBe(v *fennel.Value, name string) bool { return isOpen(v) || lastKey(v) == name }

// lastKey returns the last key of a path that may lead into a module or the
// runtime, or nothing.
func lastKey(v *fennel.Value) string {
	if v.Kind != fennel.Path || len(v.Keys) == 0 || v.Root.Kind == fennel.GlobalRoot {
		return ""
	}
	return v.Keys[len(v.Keys)-1].Name
}

// flowDigest is what the flow needs of a part.
type flowDigest struct {
	// flowing are the calls that may be of a function of the file, or register a
	// job.
	flowing []*fennel.Call
	// spreading are those of them that are given functions.
	spreading []*fennel.Call
}

func newFlowDigest(p *fennel.Part) (d flowDigest) {
	for _, c := range p.Calls {
		if !mayBeFunction(c.Callee) && !mayRegister(c) {
			continue
		}
		d.flowing = append(d.flowing, c)
		if slices.ContainsFunc(c.Args, isLambda) {
			d.spreading = append(d.spreading, c)
		}
	}
	return d
}

func isLambda(v *fennel.Value) bool { return v.Kind == fennel.Lambda }

// mayRegister reports whether a call may be one of (ci.job id inputs run-fn).
func mayRegister(c *fennel.Call) bool { return len(c.Args) >= 3 && mayBe(c.Callee, "job") }

// callDigest is what the checks of calls and of what is read need of a part.
type callDigest struct {
	// calls are those that may be wrong.
	calls []*fennel.Call
	// reading are those that may be of jobs.
	reading []*fennel.Call
	// roots are what is read from each value that is not known to be read right.
	roots []reading
	// given are the calls whose results are given to another.
	given []*fennel.Call
	// lending are the calls, by their indexes, that are given tables which are
	// written in other forms.
	lending []int
}

// A reading is what a part reads from one root, one access after the other.
type reading struct {
	accesses []*fennel.Access
	// right reports that all of it is right for what the root usually is.
	right bool
}

func (r reading) root() fennel.Root { return r.accesses[0].Value.Root }

func newCallDigest(p *fennel.Part) (d callDigest) {
	for i, c := range p.Calls {
		if slices.ContainsFunc(c.Args, func(v *fennel.Value) bool { return isAbroad(p, v) }) {
			d.lending = append(d.lending, i)
		}
		if mayBe(c.Callee, "jobs") {
			d.reading = append(d.reading, c)
		}
		if mayBeWrong(c) {
			d.calls = append(d.calls, c)
		}
		for _, arg := range c.Args {
			if arg.Kind == fennel.Result {
				d.given = append(d.given, arg.Call)
			}
		}
	}
	d.roots = newReadings(p)
	return d
}

// isAbroad reports whether a value is a table of which something is written in
// another form than that of a part.
func isAbroad(p *fennel.Part, v *fennel.Value) bool {
	for at := range partsOf(v) {
		if !p.Holds(at) {
			return true
		}
	}
	return false
}

// mayBeWrong reports whether the checks may have something to say about a call,
// whatever surrounds it.
func mayBeWrong(c *fennel.Call) bool {
	if isOpen(c.Callee) {
		return true
	}
	name := lastKey(c.Callee)
	if f, ok := dsl.Primitive(name); ok {
		return name == "jobs" || len(misuses(f, c)) > 0 || len(secretsIn(f, c)) > 0
	}
	return name != "" && slices.ContainsFunc(c.Args, func(v *fennel.Value) bool { return v.Kind == fennel.TableOf })
}

// newReadings returns what a part reads from each root, where it may be wrong.
func newReadings(p *fennel.Part) []reading {
	var few [8]reading // most parts have no more
	all := few[:0]
	for i := 0; i < len(p.Accesses); {
		first, n := p.Accesses[i], 1
		for i+n < len(p.Accesses) && p.Accesses[i+n].Value.Root == first.Value.Root {
			n++
		}
		same := p.Accesses[i : i+n]
		i += n
		switch first.Value.Root.Kind {
		case fennel.GlobalRoot:
			continue
		case fennel.ModuleRoot:
			if !slices.ContainsFunc(same, mayBeAbsent) {
				continue
			}
		}
		usual := usual(first.Value.Root)
		isWrong := func(a *fennel.Access) bool { return !rightFor(usual, a.Value.Keys) }
		all = append(all, reading{same, !slices.ContainsFunc(same, isWrong)})
	}
	return slices.Clone(all)
}

// mayBeAbsent reports whether a path from a module may lead to what is not
// there.
func mayBeAbsent(a *fennel.Access) bool {
	t := moduleSense(a.Value.Root.Name)
	for _, k := range a.Value.Keys {
		if t = t.key(k.Name); t.kind == absent {
			return true
		}
	}
	return false
}

// usual returns what a root most probably is: the runtime, or what the
// primitive gives that a call names.
func usual(root fennel.Root) sense {
	switch {
	case root.Kind == fennel.ParamRoot:
		return sense{kind: runtime}
	case root.Kind == fennel.CallRoot && isPrimitive(lastKey(root.Call.Callee)):
		return sense{kind: result, name: lastKey(root.Call.Callee), call: root.Call}
	}
	return sense{}
}

// rightFor reports whether something has all the keys that a path reads from it.
func rightFor(t sense, keys []fennel.Key) bool {
	switch {
	case t.kind == runtime:
		return isPrimitive(keys[0].Name)
	case t.kind == result:
		_, fields := fieldsOf(t)
		return len(fields) == 0 || slices.ContainsFunc(fields, func(f dsl.Key) bool { return f.Name == keys[0].Name })
	}
	return false
}

// nameDigest is what the checks of names need of a part.
type nameDigest struct {
	// idle are the names that the part does not use, of each place all that are
	// bound there.
	idle [][]*fennel.Symbol
	// primitives are those with the name of one, and repeated reports that two
	// of them have the same.
	primitives []*fennel.Symbol
	repeated   bool
}

func newNameDigest(p *fennel.Part) (d nameDigest) {
	seen := map[string]bool{}
	for i := 0; i < len(p.Symbols); {
		end := i + 1
		for end < len(p.Symbols) && p.Symbols[end].Def == p.Symbols[i].Def {
			end++
		}
		if bound := p.Symbols[i:end]; !slices.ContainsFunc(bound, isUsed) {
			d.idle = append(d.idle, bound)
		}
		i = end
	}
	for _, s := range p.Symbols {
		if isPrimitive(s.Name) {
			d.primitives = append(d.primitives, s)
			d.repeated = d.repeated || seen[s.Name]
			seen[s.Name] = true
		}
	}
	return d
}

// isUsed reports whether something uses a name. A macro may compile a binding
// more than once: one that is used makes all of them used.
func isUsed(s *fennel.Symbol) bool {
	return s.Expanded || s.UsedByMacro || s.Written || len(s.Uses) > 0
}

// A stored is what text stores in tables.
type stored struct {
	written []string // keys that something is stored under
	lua     bool     // there is Lua code, which may do anything
	stores  []store
}

// anyKey stands for keys that are not known.
const anyKey = "\x00any"

func newStored(form *syntax.Node) (s stored) {
	if form == nil {
		return s
	}
	for n := range form.All() {
		s.note(n)
	}
	slices.Sort(s.written)
	s.written = slices.Compact(s.written)
	for i, key := range s.written {
		s.written[i] = strings.Clone(key) // and not the text of a version
	}
	return s
}

func (s *stored) add(key string) { s.written = append(s.written, key) }

func (s *stored) note(n *syntax.Node) {
	switch n.Kind {
	case syntax.Symbol:
		if n.Text == "rawset" {
			s.stores = append(s.stores, store{key: anyKey})
		}
	case syntax.Sequence:
		s.stores = appendCollected(s.stores, n)
	case syntax.List:
		switch name := head(n); name {
		case "lua", "set", "set-forcibly!", "fn", "lambda", "λ", "tset":
			items := n.Items()
			s.stores = appendStored(s.stores, name, items)
			if len(items) > 1 {
				s.noteWritten(name, items)
			}
		}
	}
}

// noteWritten notes the keys that a form which begins with name stores something
// under.
func (s *stored) noteWritten(name string, items []*syntax.Node) {
	target := items[1]
	switch name {
	case "lua":
		s.add(anyKey)
		s.lua = true
	case "tset":
		for _, x := range items[2:] {
			if x.Kind != syntax.String && x != items[len(items)-1] {
				s.add(anyKey)
			}
			s.add(x.Text)
		}
	default:
		if target.Kind == syntax.Symbol {
			for part := range strings.FieldsFuncSeq(target.Text, isSeparator) {
				s.add(part)
			}
		}
		for x := range target.Forms() {
			if x.Children == nil {
				s.add(x.Text)
			}
		}
	}
}

func isSeparator(r rune) bool { return r == '.' || r == ':' }
