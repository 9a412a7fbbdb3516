package fennel

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/sandbox"
)

var (
	runtimePlace = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[^:\n]*:\d+:\s+`) })
	compilePlace = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\S+:\d+:\d+: (Compile|Parse) error:`)
	})
)

// traceback is (message? start?): the message with the calls that are under
// way, from the caller or, with a higher start, from one further out.
func (p *Program) traceback(L *lua.LState) int {
	message := ""
	if v := L.Get(1); v != lua.LNil {
		message = L.ToStringMeta(v).String()
	}
	start := L.OptInt(2, 2)
	if compilePlace().MatchString(message) {
		L.Push(lua.LString(message))
		return 1
	}
	message = "runtime error: " + runtimePlace().ReplaceAllString(message, "")
	lines := []string{message, "stack traceback:"}
	for i, f := range p.State.Frames(L) {
		// What runs the units of a module is no function of the program.
		if i >= max(start-1, 0) && (f.Chunk != "" || f.Function != "") {
			lines = append(lines, "\t"+p.frameText(f))
		}
	}
	text := strings.Join(lines, "\n")
	p.State.Charge(L, len(text))
	L.Push(lua.LString(text))
	return 1
}

// frameText shows a level of the call stack as Lua does, with the file, line
// and name of the program.
func (p *Program) frameText(f sandbox.Frame) string {
	name := p.Called(f)
	file, line, ok := p.position(f.Chunk, f.Line)
	switch {
	case f.Chunk == "":
		return fmt.Sprintf("[C]: in function '%s'", name)
	case !ok:
		return "?: in ?"
	case p.chunks[f.Chunk].unit.proto == f.Proto:
		return fmt.Sprintf("%s:%d: in main chunk", file, line)
	case name == "":
		return fmt.Sprintf("%s:%d: in function ?", file, line)
	}
	return fmt.Sprintf("%s:%d: in function '%s'", file, line, name)
}

// Called returns the name of the function of a frame: the one its form gives
// it, else the one it was called by, and nothing where there is none.
func (p *Program) Called(f sandbox.Frame) string {
	if c, ok := p.chunks[f.Chunk]; ok && f.Proto != nil && f.Proto != c.unit.proto {
		form := c.unit.spanOf(f.Proto.LineDefined)
		for _, fn := range c.unit.funcs {
			if fn.Span == form && fn.Name != "" {
				return fn.Name
			}
		}
	}
	name, _, _ := strings.Cut(f.Function, string(nameEnd))
	return name
}
