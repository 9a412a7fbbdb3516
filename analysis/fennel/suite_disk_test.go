package fennel_test

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A suiteDisk is the io library of the suite: the files of the checkout, which
// can be read, and others that are only in memory.
type suiteDisk struct {
	files map[string]string
	meta  *lua.LTable
}

// A suiteFile is an open file.
type suiteFile struct {
	text   string
	at     int
	closed bool
}

func (d *suiteDisk) open(L *lua.LState) {
	methods := map[string]lua.LGFunction{
		"read":  d.read,
		"write": d.write,
		"seek":  d.seek,
		"close": d.close,
	}
	d.meta = L.NewTable()
	d.meta.RawSetString("__index", L.SetFuncs(L.NewTable(), methods))
	d.meta.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(fmt.Sprintf("file (%p)", d.file(L))))
		return 1
	}))
	io := L.SetFuncs(L.GetGlobal("io").(*lua.LTable), map[string]lua.LGFunction{
		"open": func(L *lua.LState) int {
			name := L.CheckString(1)
			text, ok := d.files[name]
			if !ok {
				L.Push(lua.LNil)
				L.Push(lua.LString(name + ": No such file or directory"))
				return 2
			}
			return d.push(L, text)
		},
		"tmpfile": func(L *lua.LState) int { return d.push(L, "") },
		"popen": func(L *lua.LState) int {
			words, ok := strings.CutPrefix(L.CheckString(1), "echo ")
			if !ok {
				L.RaiseError("there is only echo")
			}
			return d.push(L, words+"\n")
		},
		"type": func(L *lua.LState) int {
			u, ok := L.Get(1).(*lua.LUserData)
			f, isFile := (*suiteFile)(nil), false
			if ok {
				f, isFile = u.Value.(*suiteFile)
			}
			switch {
			case !isFile:
				L.Push(lua.LNil)
			case f.closed:
				L.Push(lua.LString("closed file"))
			default:
				L.Push(lua.LString("file"))
			}
			return 1
		},
	})
	for _, name := range []string{"stdout", "stderr"} {
		d.push(L, "")
		io.RawSetString(name, L.Get(-1))
		L.Pop(1)
	}
}

func (d *suiteDisk) push(L *lua.LState, text string) int {
	u := L.NewUserData()
	u.Value, u.Metatable = &suiteFile{text: text}, d.meta
	L.Push(u)
	return 1
}

func (d *suiteDisk) file(L *lua.LState) *suiteFile {
	f, ok := L.CheckUserData(1).Value.(*suiteFile)
	if !ok || f.closed {
		L.RaiseError("attempt to use a closed file")
	}
	return f
}

// read reads a line, or the rest for "*a".
func (d *suiteDisk) read(L *lua.LState) int {
	f := d.file(L)
	rest := f.text[f.at:]
	if L.OptString(2, "*l") == "*a" || L.OptString(2, "*l") == "*all" {
		f.at = len(f.text)
		L.Push(lua.LString(rest))
		return 1
	}
	if rest == "" {
		L.Push(lua.LNil)
		return 1
	}
	line, _, _ := strings.Cut(rest, "\n")
	f.at = min(f.at+len(line)+1, len(f.text))
	L.Push(lua.LString(line))
	return 1
}

func (d *suiteDisk) write(L *lua.LState) int {
	f := d.file(L)
	for i := 2; i <= L.GetTop(); i++ {
		f.text = f.text[:f.at] + L.CheckString(i)
		f.at = len(f.text)
	}
	L.Push(L.Get(1))
	return 1
}

// seek goes to a place counted from the start: ("set" offset).
func (d *suiteDisk) seek(L *lua.LState) int {
	f := d.file(L)
	f.at = min(max(L.OptInt(3, 0), 0), len(f.text))
	L.Push(lua.LNumber(f.at))
	return 1
}

func (d *suiteDisk) close(L *lua.LState) int {
	d.file(L).closed = true
	L.Push(lua.LTrue)
	return 1
}
