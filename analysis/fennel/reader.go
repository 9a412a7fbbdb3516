package fennel

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A reader is fennel.parser and what belongs to it: it gives programs the code
// in a text as values, with the places of what stands there.
type reader struct {
	program *Program
	kinds   *nodeKinds
}

func (r *reader) functions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"parser":        r.parser,
		"string-stream": r.stringStream,
		"stringStream":  r.stringStream,
		"granulate":     r.granulate,
	}
}

// parser is (text-or-stream filename options): a function that returns true and
// the next form, and nothing behind the last. The options are comments, which
// keeps comments, warn, which is called with what the reader advises against,
// and those of errors.
func (r *reader) parser(L *lua.LState) int {
	name := L.OptString(2, "unknown")
	options, ok := L.Get(3).(*lua.LTable)
	if !ok {
		options = L.NewTable()
	}
	var text string
	switch from := L.Get(1).(type) {
	case lua.LString:
		text = string(from)
	case *lua.LFunction:
		text = r.drain(L, from)
	default:
		L.RaiseError("fennel.parser reads a string or a function that returns bytes, not a %s", from.Type())
	}
	r.program.State.Step(L, evalSteps+evalByteSteps*len(text))
	r.program.State.Charge(L, evalBytes+evalByteBytes*len(text))
	read := &reading{
		reader:   r,
		tree:     syntax.Read(source.NewFile(name, text)),
		name:     name,
		style:    errorStyleOf(options),
		comments: lua.LVAsBool(options.RawGetString("comments")),
	}
	read.warn, _ = options.RawGetString("warn").(*lua.LFunction)
	L.Push(L.NewFunction(read.next))
	return 1
}

// drain returns all that a stream of bytes gives.
func (r *reader) drain(L *lua.LState, stream *lua.LFunction) string {
	const step = 1024
	var text []byte
	for {
		L.Push(stream)
		L.Call(0, 1)
		b, ok := L.Get(-1).(lua.LNumber)
		L.Pop(1)
		if !ok {
			return string(text)
		}
		if len(text)%step == 0 {
			r.program.State.Charge(L, step)
		}
		text = append(text, byte(b))
	}
}

// stringStream is (text options): a function that returns the bytes of the text
// in turn, and nothing behind the last.
func (r *reader) stringStream(L *lua.LState) int {
	text := L.CheckString(1)
	if strings.HasPrefix(text, "#!") {
		text = ";;" + text[2:]
	}
	if options, ok := L.Get(2).(*lua.LTable); ok {
		options.RawSetString("source", lua.LString(text))
	}
	at := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if at >= len(text) {
			return 0
		}
		L.Push(lua.LNumber(text[at]))
		at++
		return 1
	}))
	return 1
}

// granulate is (chunks): a function that returns the bytes of the texts that
// the function chunks returns, and a function that drops what is left of the
// present one.
func (r *reader) granulate(L *lua.LState) int {
	chunks := L.CheckFunction(1)
	chunk, done := "", false
	L.Push(L.NewFunction(func(L *lua.LState) int {
		state := L.Get(1)
		for chunk == "" && !done {
			r.program.State.Step(L, 1)
			L.Push(chunks)
			L.Push(state)
			L.Call(1, 1)
			next, ok := L.Get(-1).(lua.LString)
			chunk, done = string(next), !ok
		}
		if done {
			return 0
		}
		L.Push(lua.LNumber(chunk[0]))
		chunk = chunk[1:]
		return 1
	}))
	L.Push(L.NewFunction(func(*lua.LState) int {
		chunk = ""
		return 0
	}))
	return 2
}

// A reading is a text that a program reads form by form.
type reading struct {
	*reader
	tree     *syntax.Tree
	name     string
	style    errorStyle
	comments bool
	warn     *lua.LFunction
	at       int // the index of the next form
	warned   int // how many warnings were given
}

// next returns true and the next form, or nil. It raises the errors of the text
// once one stands before the end of the form.
func (r *reading) next(L *lua.LState) int {
	forms := r.tree.Forms
	for r.at < len(forms) && (forms[r.at].Kind == syntax.Error || forms[r.at].Kind == syntax.Comment && !r.comments) {
		r.at++
	}
	end := len(r.tree.File.Text()) + 1
	if r.at < len(forms) {
		end = forms[r.at].Span.End
	}
	wrong := func(d diag.Diagnostic) bool { return d.Severity() == diag.Error && d.Span.Start < end }
	if slices.ContainsFunc(r.tree.Diagnostics, wrong) {
		text := errorText(r.tree.Diagnostics, r.name, r.style)
		r.program.State.Charge(L, len(text))
		L.Error(lua.LString(text), 0)
	}
	r.advise(L, end)
	if r.at == len(forms) {
		L.Push(lua.LNil)
		return 1
	}
	n := forms[r.at]
	r.at++
	L.Push(lua.LTrue)
	L.Push(r.value(L, n))
	return 2
}

// advise calls the program's function with the warnings before an offset:
// (message nil filename line column).
func (r *reading) advise(L *lua.LState, end int) {
	for ; r.warned < len(r.tree.Warnings); r.warned++ {
		w := r.tree.Warnings[r.warned]
		if w.Span.Start >= end {
			return
		}
		if r.warn == nil {
			continue
		}
		at := r.tree.File.Position(w.Span.Start)
		L.Push(r.warn)
		L.Push(lua.LString(w.Message))
		L.Push(lua.LNil)
		L.Push(lua.LString(r.name))
		L.Push(lua.LNumber(at.Line))
		L.Push(lua.LNumber(at.Column - 1))
		L.Call(5, 0)
	}
}

// value returns the value that stands for a node.
func (r *reading) value(L *lua.LState, n *syntax.Node) lua.LValue {
	r.program.State.Step(L, 1)
	switch n.Kind {
	case syntax.String:
		return lua.LString(n.Text)
	case syntax.Number:
		v, _ := syntax.ParseNumber(n.Text)
		return lua.LNumber(v)
	case syntax.Symbol:
		switch n.Text {
		case "true":
			return lua.LTrue
		case "false":
			return lua.LFalse
		case "...":
			return r.placed(r.kinds.value(r.kinds.vararg, lua.LString(n.Text)), n)
		}
		return r.placed(r.kinds.value(r.kinds.symbol, lua.LString(n.Text)), n)
	case syntax.Comment:
		return r.placed(r.kinds.value(r.kinds.comment, lua.LString(n.Text)), n)
	case syntax.Prefix:
		return r.list(L, n.Unprefixed())
	case syntax.Sequence:
		return r.sequence(L, n)
	case syntax.Table:
		return r.table(L, n)
	}
	return r.list(L, n)
}

// placed sets the fields of a table that say where a node stands.
func (r *reading) placed(t *lua.LTable, n *syntax.Node) *lua.LTable {
	start, end := r.tree.File.Position(n.Span.Start), r.tree.File.Position(n.Span.End)
	t.RawSetString("filename", lua.LString(r.name))
	t.RawSetString("line", lua.LNumber(start.Line))
	t.RawSetString("col", lua.LNumber(start.Column-1))
	t.RawSetString("endline", lua.LNumber(end.Line))
	t.RawSetString("endcol", lua.LNumber(end.Column-2))
	t.RawSetString("bytestart", lua.LNumber(n.Span.Start+1))
	t.RawSetString("byteend", lua.LNumber(n.Span.End))
	return t
}

func (r *reading) children(n *syntax.Node) []*syntax.Node {
	if !r.comments {
		return forms(n)
	}
	var out []*syntax.Node
	for _, c := range n.Children {
		if c.Kind != syntax.Error {
			out = append(out, c)
		}
	}
	return out
}

func (r *reading) values(L *lua.LState, ns []*syntax.Node) []lua.LValue {
	out := make([]lua.LValue, len(ns))
	for i, n := range ns {
		out[i] = r.value(L, n)
	}
	return out
}

func (r *reading) list(L *lua.LState, n *syntax.Node) lua.LValue {
	return r.placed(r.kinds.value(r.kinds.list, r.values(L, r.children(n))...), n)
}

// sequence returns a sequence, whose place its metatable holds: what is in the
// table itself is the code.
func (r *reading) sequence(L *lua.LState, n *syntax.Node) lua.LValue {
	mt := L.NewTable()
	r.kinds.sequence.ForEach(mt.RawSet)
	return r.kinds.value(r.placed(mt, n), r.values(L, r.children(n))...)
}

// table returns a table literal. Its metatable holds its place, its keys in the
// order of the text, and the comments in it.
func (r *reading) table(L *lua.LState, n *syntax.Node) lua.LValue {
	t, keys := L.NewTable(), L.NewTable()
	named := map[*syntax.Node]lua.LValue{}
	for _, e := range tableEntries(n) {
		key := r.value(L, e.key)
		value := r.value(L, e.value)
		named[e.key], named[e.value] = key, value
		if key == lua.LNil || key != key {
			continue
		}
		t.RawSet(key, value)
		keys.Append(key)
	}
	mt := r.placed(L.NewTable(), n)
	mt.RawSetString("keys", keys)
	mt.RawSetString("comments", r.tableComments(L, n, named))
	t.Metatable = mt
	return t
}

// tableComments returns the comments in a table literal: by the key or the
// value behind them, and those at the end.
func (r *reading) tableComments(L *lua.LState, n *syntax.Node, named map[*syntax.Node]lua.LValue) *lua.LTable {
	ofKeys, ofValues, last := L.NewTable(), L.NewTable(), L.NewTable()
	out := L.NewTable()
	out.RawSetString("keys", ofKeys)
	out.RawSetString("values", ofValues)
	out.RawSetString("last", last)
	if !r.comments {
		return out
	}
	var open []lua.LValue // comments whose key or value is still to come
	children := r.children(n)
	isKey := true
	for i, c := range children {
		if c.Kind == syntax.Comment {
			open = append(open, r.value(L, c))
			continue
		}
		of := ofValues
		if isKey {
			of = ofKeys
		}
		isKey = !isKey
		name, known := named[c]
		if isNamed(c, ":") && i+1 < len(children) {
			name, known = lua.LString(children[i+1].Text), true
		}
		if len(open) > 0 && known && name != lua.LNil {
			list, _ := of.RawGet(name).(*lua.LTable)
			if list == nil {
				list = L.NewTable()
				of.RawSet(name, list)
			}
			for _, comment := range open {
				list.Append(comment)
			}
		}
		open = nil
	}
	for _, comment := range open {
		last.Append(comment)
	}
	return out
}
