package pipeline

import (
	"context"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/source"
)

func (c call) sh() lua.LValue { return c.shResult(c.execute(c.command())) }

// execute runs a command.
func (c call) execute(cmd Command) *ShResult {
	cmd.Place = c.place()
	var r *ShResult
	c.wait(func(ctx context.Context) (err error) {
		r, err = c.job.host.Sh(ctx, c.job.id, cmd)
		return err
	})
	return r
}

// place returns the innermost form that led to the call.
func (c call) place() source.Place {
	for _, frame := range c.program.State.Frames(c.L) {
		if p, ok := c.program.Place(frame); ok {
			return p
		}
	}
	return source.Place{File: c.main}
}

// command returns what the arguments ask for.
func (c call) command() Command {
	var cmd Command
	if t, ok := c.L.Get(1).(*lua.LTable); ok {
		cmd.Argv = c.argv(t)
	} else {
		cmd.Shell = c.checkText("cmd", "", c.L.Get(1), diag.BadCommand)
	}
	opts, ok := c.L.Get(2).(*lua.LTable)
	if !ok {
		return cmd
	}
	if env, ok := opts.RawGetString("env").(*lua.LTable); ok {
		cmd.Env = c.environment(env)
	}
	if cwd := opts.RawGetString("cwd"); cwd != lua.LNil {
		cmd.Dir, _ = dsl.CleanPath(c.checkText(":cwd", "", cwd, diag.BadOption))
	}
	if timeout := opts.RawGetString("timeout"); timeout != lua.LNil {
		cmd.Timeout, _ = dsl.ParseDuration(timeout.Type().String(), valueText(timeout))
	}
	return cmd
}

func (c call) argv(t *lua.LTable) []string {
	n := t.Len()
	if n == 0 {
		k, _ := t.Next(lua.LNil)
		c.raisef(diag.BadCommand, "%s", dsl.EmptySequence(c.fn, "cmd", k != lua.LNil))
	}
	c.program.State.Step(c.L, n)
	argv := make([]string, n)
	for i := range argv {
		argv[i] = c.checkText("cmd", strconv.Itoa(i+1), t.RawGetInt(i+1), diag.BadCommand)
	}
	if argv[0] == "" {
		c.raisef(diag.BadCommand, "%s: cmd[1] names no program", c.fn.Name)
	}
	return argv
}

// checkText returns a value as a string that a process can be given; it is the
// argument or option of that name, or the item of it at index.
func (c call) checkText(name, index string, v lua.LValue, code diag.Code) string {
	text, ok := v.(lua.LString)
	switch {
	case !ok && index == "":
		c.raisef(code, "%s: %s must be a string, got %s", c.fn.Name, name, v.Type())
	case !ok:
		c.raisef(code, "%s", dsl.BadItem(c.fn, name, index, v.Type().String()))
	case index != "":
		name += "[" + index + "]"
	}
	switch {
	case strings.Contains(string(text), "\x00"):
		c.raisef(code, "%s: %s holds a NUL byte, which no process can be given", c.fn.Name, name)
	case invalidUTF8(string(text)) >= 0:
		c.raisef(code, "%s: %s is not valid UTF-8", c.fn.Name, name)
	}
	return string(text)
}

// environment returns the entries of :env, ordered by name.
func (c call) environment(t *lua.LTable) []EnvVar {
	var env []EnvVar
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		c.program.State.Step(c.L, 1)
		name, ok := k.(lua.LString)
		if !ok {
			c.raisef(diag.BadOption, "%s", dsl.BadKey(c.fn, ":env", valueText(k)))
		}
		value := c.checkText(":env", string(name), v, diag.BadOption)
		c.checkText(":env", string(name), name, diag.BadOption)
		if name == "" || strings.Contains(string(name), "=") {
			c.raisef(diag.BadOption, "%s: :env cannot set `%s`: a name must not be empty or hold '='", c.fn.Name, string(name))
		}
		env = append(env, EnvVar{string(name), value})
	}
	sortEnv(env)
	return env
}

// resultKey holds, in the metatable of a result of sh, what the result's
// fields are read from.
const resultKey = "result"

// shResult returns the table for a result. Its output becomes strings only
// when it is read.
func (c call) shResult(r *ShResult) lua.LValue {
	t := c.L.NewTable()
	t.RawSetString("cmd", lua.LString(r.Cmd))
	if r.Looked == nil {
		t.RawSetString("exit", lua.LNumber(r.Exit))
		t.RawSetString("signal", r.signal())
	}
	held := c.L.NewUserData()
	held.Value = r
	mt := c.L.NewTable()
	mt.RawSetString(resultKey, held)
	mt.RawSetString("__metatable", lua.LFalse)
	mt.RawSetString("__index", c.L.NewFunction(c.vm.readOutput))
	t.Metatable = mt
	return t
}

// lazyFields returns the fields that a result of sh reads on demand.
func lazyFields(t *lua.LTable) []lazyField {
	mt, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return nil
	}
	held, ok := mt.RawGetString(resultKey).(*lua.LUserData)
	if !ok {
		return nil
	}
	r, ok := held.Value.(*ShResult)
	if !ok {
		return nil
	}
	text := func(read func() (string, error)) func() (lua.LValue, error) {
		return func() (lua.LValue, error) {
			r.look()
			s, err := read()
			return lua.LString(s), err
		}
	}
	fields := []lazyField{{"stdout", text(r.Stdout)}, {"stderr", text(r.Stderr)}}
	if r.Looked == nil {
		return fields
	}
	known := func(v lua.LValue) func() (lua.LValue, error) {
		return func() (lua.LValue, error) {
			r.look()
			return v, nil
		}
	}
	return append(fields, lazyField{"exit", known(lua.LNumber(r.Exit))}, lazyField{"signal", known(r.signal())})
}

// signal returns the field of that name.
func (r *ShResult) signal() lua.LValue {
	if r.Signal == "" {
		return lua.LNil
	}
	return lua.LString(r.Signal)
}

// readOutput is what a result of sh does for a key that it does not have yet.
func (v *vm) readOutput(L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		return 0
	}
	for _, f := range lazyFields(t) {
		if lua.LString(f.name) != L.Get(2) {
			continue
		}
		var value lua.LValue
		var err error
		v.outside(func() { value, err = f.read() })
		if err != nil {
			v.raise(L, diag.Diagnostic{Code: diag.Runtime, Message: err.Error()})
		}
		if text, ok := value.(lua.LString); ok {
			v.program.State.Charge(L, len(text))
		}
		t.RawSetString(f.name, value)
		L.Push(value)
		return 1
	}
	return 0
}
