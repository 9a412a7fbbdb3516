package fennel

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"quire/analysis/diag"
	"quire/analysis/fennel/bytecode"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// luaFormBytes is how many bytes of Lua count as a form of Fennel. They take as
// long to compile where Lua is dense.
const luaFormBytes = 4

// CompileLua compiles a file of Lua 5.1 with the same back end as Fennel. Its
// module has no index and no facts, and the places of its errors are lines.
func CompileLua(f *source.File, o Options) *Module {
	m := &Module{Tree: &syntax.Tree{File: f}}
	if o.Cache == nil {
		o.Cache = new(Cache)
	}
	if m.Forms = len(f.Text()) / luaFormBytes; o.Forms > 0 && m.Forms > o.Forms {
		m.Tree.Diagnostics = diag.List{{
			File: f, Code: diag.LoadLimit, Message: fmt.Sprintf("the file has more than %d bytes of Lua", o.Forms*luaFormBytes), Help: tooManyHelp,
		}}
		m.Forms = o.Forms
		m.finish()
		return m
	}
	drawn, around := o.Cache.draw(), newSurroundings()
	key := unitKey{text: f.Text(), last: true}
	u := drawn.find(key, around, func() int { return 1 })
	if u == nil {
		u = compileLuaUnit(f, drawn.identity(f))
		drawn.add(key, u)
	}
	m.link(u, 0, around)
	drawn.done()
	m.finish()
	return m
}

// compileLuaUnit compiles a file to a unit in which the number of an
// instruction is its line.
func compileLuaUnit(f *source.File, id identity) *unit {
	text := f.Text()
	lines := append([]source.Span{{End: len(text)}}, lineSpans(text)...)
	u := &unit{identity: id, spans: make([]source.Span, len(lines))}
	for i, line := range lines {
		u.spans[i] = line.Shift(id.base)
	}
	if strings.HasPrefix(text, "#") {
		text = "--" + text
	}
	stmts, err := parseLua(text)
	if err != nil {
		u.diagnostics = diag.List{{Span: luaErrorSpan(f.Text(), err, lines).Shift(id.base), Code: diag.Syntax, Message: luaMessage(err)}}
		return u
	}
	g := &grafter{line: func(line int) int { return line }, sugar: localFunctions(text)}
	g.stmts(stmts)
	proto, err := bytecode.Compile(bytecode.Chunk{Name: id.name, Vararg: true, Body: stmts})
	if err != nil {
		span := u.spans[0]
		if e := (*bytecode.Error)(nil); errors.As(err, &e) {
			span = u.spanOf(e.Line)
		}
		u.diagnostics = diag.List{{Span: span, Code: diag.Compile, Message: err.Error()}}
		return u
	}
	u.proto = proto
	return u
}

// lineSpans returns the span of each line of a text without the white space
// around it.
func lineSpans(text string) []source.Span {
	var spans []source.Span
	start := 0
	for line := range strings.Lines(text) {
		inner := strings.TrimSpace(line)
		at := start + len(line) - len(strings.TrimLeft(line, " \t\r\n\v\f"))
		if inner == "" {
			at = start
		}
		spans = append(spans, source.Span{Start: at, End: at + len(inner)})
		start += len(line)
	}
	return spans
}

// parseLua returns the statements of Lua code.
func parseLua(text string) ([]ast.Stmt, error) {
	return parse.Parse(strings.NewReader(text), "lua")
}

var localFunction = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\blocal\s+function\s+(\w+)`) })

// A localName is a name and the line on which its definition begins.
type localName struct {
	line int
	name string
}

// localFunctions finds the definitions "local function f". The parser returns
// the same tree for them and for "local f = function", where the function does
// not see f.
func localFunctions(text string) map[localName]bool {
	found := map[localName]bool{}
	line, last := 1, 0
	for _, m := range localFunction().FindAllStringSubmatchIndex(text, -1) {
		line += strings.Count(text[last:m[0]], "\n")
		last = m[0]
		found[localName{line, text[m[2]:m[3]]}] = true
	}
	return found
}

// luaErrorSpan returns where the parser found an error: the token it did not
// expect, or the end of the text.
func luaErrorSpan(text string, err error, lines []source.Span) source.Span {
	var bad *parse.Error
	if !errors.As(err, &bad) || bad.Pos.Line == parse.EOF || bad.Pos.Line >= len(lines) {
		end := len(strings.TrimRight(text, " \t\r\n"))
		return source.Span{Start: end, End: end}
	}
	line := lines[bad.Pos.Line]
	from := strings.LastIndexByte(text[:line.Start], '\n') + 1
	start := min(from+max(bad.Pos.Column-1, 0), len(text))
	if i := strings.Index(text[line.Start:line.End], bad.Token); i >= 0 && bad.Token != "" && !strings.HasPrefix(text[start:], bad.Token) {
		start = line.Start + i
	}
	return source.Span{Start: start, End: min(start+len(bad.Token), len(text))}
}

func luaMessage(err error) string {
	if e := (*parse.Error)(nil); errors.As(err, &e) {
		message := strings.TrimSpace(e.Message)
		switch {
		case e.Pos.Line == parse.EOF:
			return message + " near the end"
		case e.Token != "":
			return message + " near '" + e.Token + "'"
		}
		return message
	}
	return strings.TrimSpace(err.Error())
}
