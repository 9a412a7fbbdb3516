package pipeline

import (
	"context"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
)

// A call is a call of a primitive by a job.
type call struct {
	*vm
	L   *lua.LState
	job *activeJob
	fn  dsl.Func
}

// primitives returns the functions of the runtime table: those that the
// vocabulary lists, each behind the guard and the checks of its arguments.
func (v *vm) primitives() map[string]lua.LGFunction {
	work := map[string]func(call) lua.LValue{
		"sh":         call.sh,
		"secret":     call.secret,
		"jobs":       call.jobs,
		"read-file":  call.readFile,
		"read-json":  call.readJSON,
		"write-file": call.writeFile,
		"log":        call.log,
		"env":        call.env,
	}
	out := map[string]lua.LGFunction{}
	for _, f := range dsl.Runtime() {
		out[f.Name] = v.guarded(f, work[f.Name])
	}
	return out
}

func (v *vm) guarded(f dsl.Func, work func(call) lua.LValue) lua.LGFunction {
	return func(L *lua.LState) int {
		c := call{v, L, v.guard(L), f}
		c.checkArguments()
		L.Push(work(c))
		return 1
	}
}

// checkArguments raises where an argument is missing or of the wrong type.
// More arguments than there are parameters are dropped, as Lua does.
func (c call) checkArguments() {
	for i, p := range c.fn.Params {
		v := c.L.Get(i + 1)
		if v == lua.LNil && p.Optional {
			continue
		}
		if v == lua.LNil && i >= c.L.GetTop() {
			c.raisef(argumentCode(p), "%s", dsl.Missing(c.fn, p))
		}
		if problem := dsl.Mismatch(c.fn, p.Name, p.Type, v.Type().String(), valueText(v)); problem != "" {
			c.raisef(argumentCode(p), "%s", problem)
		}
		if t, ok := v.(*lua.LTable); ok && len(p.Keys) > 0 {
			c.checkOptions(p, t)
		}
	}
}

func argumentCode(p dsl.Param) diag.Code {
	if p.Type == dsl.Command {
		return diag.BadCommand
	}
	return diag.BadArgument
}

// checkOptions raises where a table has a key that is no option, or a value of
// the wrong type.
func (c call) checkOptions(p dsl.Param, t *lua.LTable) {
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		name := valueText(k)
		key, ok := p.Key(name)
		if _, isString := k.(lua.LString); !ok || !isString {
			message := dsl.UnknownOption(c.fn, p, name)
			if near, ok := diag.Nearest(name, dsl.KeyNames(p.Keys)); ok {
				message += fmt.Sprintf("; did you mean `%s`?", near)
			}
			c.raisef(diag.UnknownOption, "%s", message)
		}
		if problem := dsl.Mismatch(c.fn, ":"+name, key.Type, v.Type().String(), valueText(v)); problem != "" {
			c.raisef(diag.BadOption, "%s", problem)
		}
	}
}

// valueText shows a string or number as tostring does; other values are named
// by their type.
func valueText(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return luaNumberText(float64(v))
	}
	return v.Type().String()
}

func (c call) raisef(code diag.Code, format string, args ...any) {
	c.raise(c.L, diag.Diagnostic{Code: code, Message: fmt.Sprintf(format, args...)})
}

// wait calls a method of the host while other jobs may run, and raises the
// error that it returns.
func (c call) wait(f func(ctx context.Context) error) {
	var err error
	ctx := c.program.State.Context(c.L)
	c.outside(func() { err = f(ctx) })
	if err != nil {
		c.raisef(diag.Runtime, "%s", err.Error())
	}
}

// text returns the n-th argument, which is checked to be a string or number.
func (c call) text(n int) string { return valueText(c.L.Get(n)) }

// made takes a string that was made for the program from its budget.
func (c call) made(s string) lua.LValue {
	c.program.State.Charge(c.L, len(s))
	return lua.LString(s)
}

// build copies data into the state.
func (c call) build(d *Data) lua.LValue {
	if d == nil {
		return lua.LNil
	}
	if err := d.Err(); err != nil {
		c.raisef(diag.Runtime, "%s: the outputs of '%s' cannot be read: %s", c.fn.Name, c.text(1), err)
	}
	b := builder{L: c.L, charge: func(values, bytes int) {
		c.program.State.Step(c.L, values)
		c.program.State.Charge(c.L, bytes)
	}}
	return b.value(d.value)
}

func (c call) secret() lua.LValue {
	var value string
	c.wait(func(ctx context.Context) (err error) {
		value, err = c.job.host.Secret(ctx, c.job.id, c.text(1))
		return err
	})
	return c.made(value)
}

func (c call) jobs() lua.LValue {
	name := c.text(1)
	if err := c.graph.Readable(c.job.id, name); err != nil {
		c.raisef(diag.NotAnAncestor, "%s", err.Error())
	}
	return c.build(c.outputs(name))
}

func (c call) outputs(name string) *Data {
	var d *Data
	c.wait(func(ctx context.Context) (err error) {
		d, err = c.job.host.Outputs(ctx, c.job.id, name)
		return err
	})
	return d
}

// path returns the n-th argument as a clean path relative to the workspace.
func (c call) path(n int) string {
	p, _ := dsl.CleanPath(c.text(n))
	return p
}

func (c call) readFile() lua.LValue { return c.made(c.content()) }

func (c call) content() string {
	var content string
	path := c.path(1)
	c.wait(func(ctx context.Context) (err error) {
		content, err = c.job.host.ReadFile(ctx, c.job.id, path)
		return err
	})
	return content
}

func (c call) readJSON() lua.LValue {
	d, err := DataFromJSON([]byte(c.content()))
	if err != nil {
		c.raisef(diag.Runtime, "read-json: %s:%s", c.text(1), err)
	}
	return c.build(d)
}

func (c call) writeFile() lua.LValue {
	path, content := c.path(1), c.text(2)
	c.wait(func(ctx context.Context) error {
		return c.job.host.WriteFile(ctx, c.job.id, path, content)
	})
	return lua.LNil
}

func (c call) log() lua.LValue {
	message := c.text(1)
	c.wait(func(ctx context.Context) error {
		c.job.host.Log(ctx, c.job.id, message)
		return nil
	})
	return lua.LNil
}

func (c call) env() lua.LValue {
	var value string
	var ok bool
	name := c.text(1)
	c.wait(func(ctx context.Context) error {
		value, ok = c.job.host.Env(ctx, c.job.id, name)
		return nil
	})
	if !ok {
		return lua.LNil
	}
	return c.made(value)
}
