package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/source"
)

// A mirroring is what (ci.mirror …) was told.
type mirroring struct {
	url    string
	secret string
	tag    lua.LValue
	refs   []string
}

// mirror is (ci.mirror url opts).
func (ld *loader) mirror(L *lua.LState) int {
	s := ld.begin(L, "mirror")
	m := mirroring{url: ld.stringArgument(L, s, 1)}
	opts, ok := L.Get(2).(*lua.LTable)
	if !ok {
		ld.raiseAt(L, s, s.argumentPlace(2), fmt.Sprintf("bad argument #2: error converting Lua %s to table", typeName(L.Get(2))))
	}
	j := &Job{ID: dsl.MirrorJob, Call: s.call(), Inner: s.inner(), Name: s.call(), Mirror: true}
	j.Broken = ld.mirrorOptions(s, opts, &m)
	m.refs = ld.mirrorNames(L, s, opts, "refs")
	j.Inputs = []Input{{dsl.Push, j.Call}}
	_, list := s.key(2, "after")
	for _, name := range ld.mirrorNames(L, s, opts, "after") {
		j.Inputs = append(j.Inputs, Input{name, ld.entry(list, name)})
	}
	ld.add(L, j, L.NewFunction(func(L *lua.LState) int { return ld.vm.runMirror(L, m) }))
	return 0
}

// entry returns the place of a literal in a sequence, or that of the sequence.
func (ld *loader) entry(list source.Place, text string) source.Place {
	if n, _ := ld.trees.node(list); n != nil {
		if hits := ld.trees.literalsIn(n, everywhere)[text]; len(hits) > 0 {
			list.Span = hits[0].Span
		}
	}
	return list
}

// mirrorOptions reads the options that are checked one by one, and reports
// what is wrong with them.
func (ld *loader) mirrorOptions(s site, opts *lua.LTable, m *mirroring) (broken bool) {
	bad := func(at source.Place, message, help string, fixes ...diag.Fix) {
		broken = true
		ld.report(diag.Diagnostic{File: at.File, Span: at.Span, Code: diag.BadMirror, Message: "ci.mirror: " + message,
			Help: help, Fixes: fixes})
	}
	const tagHelp = "Give :tag a function such as (fn [push] (.. \"v-\" push.sha))."
	_, tagPlace := s.key(2, "tag")
	switch m.tag = opts.RawGetString("tag"); m.tag.(type) {
	case *lua.LNilType:
		bad(tagPlace, ":tag is required (a function returning the tag name)", tagHelp)
	case *lua.LFunction:
	default:
		bad(tagPlace, fmt.Sprintf(":tag must be a function, got %s", typeName(m.tag)), tagHelp)
	}
	const secretHelp = "Name the secret whose value is the HTTP header for the push."
	_, secretPlace := s.key(2, "secret")
	switch secret := opts.RawGetString("secret").(type) {
	case *lua.LNilType:
		bad(secretPlace, "missing field `secret`", secretHelp)
	case lua.LString:
		m.secret = string(secret)
	default:
		bad(secretPlace, fmt.Sprintf(":secret must be a string, got %s", typeName(secret)), secretHelp)
	}
	ci, _ := dsl.FindModule(dsl.CI)
	mirror, _ := ci.Func("mirror")
	known := mirror.Params[1]
	for _, name := range unknownKeys(opts, known) {
		keyPlace, _ := s.key(2, name)
		help, fixes := "It takes :tag, :secret, :refs and :after.", []diag.Fix(nil)
		missing := slices.DeleteFunc(slices.Clone(known.Keys), func(k dsl.Key) bool { return opts.RawGetString(k.Name) != lua.LNil })
		if near, ok := diag.Nearest(name, dsl.KeyNames(missing)); ok {
			help, fixes = fmt.Sprintf("Did you mean :%s?", near), ld.replaceLiteral(keyPlace, name, near)
		}
		bad(keyPlace, fmt.Sprintf("unknown field `%s`", name), help, fixes...)
	}
	return broken
}

// unknownKeys returns the keys of a table that are not among the options, in
// order.
func unknownKeys(t *lua.LTable, p dsl.Param) []string {
	var unknown []string
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		name := valueText(k)
		if _, ok := p.Key(name); !ok || k.Type() != lua.LTString {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// mirrorNames returns an option that is a list of names.
func (ld *loader) mirrorNames(L *lua.LState, s site, opts *lua.LTable, name string) []string {
	v := opts.RawGetString(name)
	if v == lua.LNil {
		return nil
	}
	list, at, problem := stringsFrom(v)
	if problem != "" {
		_, place := s.key(2, name)
		ld.raiseAt(L, s, ld.item(place, at), problem)
	}
	ld.program.State.Step(L, len(list)*inputCost)
	return list
}

// runMirror is the run-fn of the job that (ci.mirror …) registers.
func (v *vm) runMirror(L *lua.LState, m mirroring) int {
	secret, _ := dsl.Primitive("secret")
	c := call{v, L, v.guard(L), secret}
	push, ok := c.build(c.outputs(dsl.Push)).(*lua.LTable)
	if !ok {
		c.raisef(diag.Runtime, "ci.mirror: there is no %s", dsl.Push)
	}
	ref, _ := push.RawGetString("ref").(lua.LString)
	if len(m.refs) > 0 && !slices.Contains(m.refs, string(ref)) {
		return 0
	}
	L.Push(m.tag)
	L.Push(push)
	L.Call(1, 1)
	tag, problem := stringFrom(L.Get(-1))
	L.Pop(1)
	if problem != "" {
		c.raisef(diag.Runtime, "ci.mirror: :tag must return the tag's name: %s", problem)
	}
	p := publication{url: m.url, tag: tag, refs: m.refs}
	p.sha, _ = stringOf(push.RawGetString("sha"))
	p.gitDir, _ = stringOf(push.RawGetString("git-dir"))
	if len(p.refs) == 0 && ref != "" {
		p.refs = []string{string(ref)}
	}
	c.wait(func(ctx context.Context) (err error) {
		p.header, err = c.job.host.Secret(ctx, c.job.id, m.secret)
		return err
	})
	L.Push(c.publish(p))
	return 1
}

func stringOf(v lua.LValue) (string, bool) {
	s, ok := v.(lua.LString)
	return string(s), ok
}

// A publication is a tag and refs to push.
type publication struct {
	url, header, sha, tag, gitDir string
	refs                          []string
}

// stdlibMirror is (stdlib.mirror opts).
func (v *vm) stdlibMirror(L *lua.LState) int {
	module, _ := dsl.FindModule(dsl.Stdlib)
	mirror, _ := module.Func("mirror")
	c := call{v, L, v.guard(L), mirror}
	opts, ok := L.Get(1).(*lua.LTable)
	if !ok {
		c.raisef(diag.BadArgument, "%s", cmp.Or(
			dsl.Mismatch(mirror, "opts", dsl.Table, L.Get(1).Type().String(), ""), dsl.Missing(mirror, mirror.Params[0])))
	}
	var p publication
	for _, field := range []struct {
		name string
		to   *string
	}{{"url", &p.url}, {"auth-header", &p.header}, {"sha", &p.sha}, {"tag", &p.tag}, {"git-dir", &p.gitDir}} {
		value := opts.RawGetString(field.name)
		if value == lua.LNil {
			c.raisef(diag.BadArgument, "Missing argument %s", field.name)
		}
		*field.to = c.checkText(":"+field.name, "", value, diag.BadOption)
	}
	if refs := opts.RawGetString("refs"); refs != lua.LNil {
		list, _, problem := stringsFrom(refs)
		if problem != "" {
			c.raisef(diag.BadArgument, "%s: :refs: %s", mirror.Name, problem)
		}
		p.refs = list
	}
	L.Push(c.publish(p))
	return 1
}

// publish tags the commit and pushes.
func (c call) publish(p publication) lua.LValue {
	env := []EnvVar{
		{"GIT_CONFIG_COUNT", "1"},
		{"GIT_CONFIG_KEY_0", "http.extraHeader"},
		{"GIT_CONFIG_VALUE_0", p.header},
		{"GIT_DIR", p.gitDir},
	}
	refs := append(slices.Clone(p.refs), "refs/tags/"+p.tag)
	c.git(Command{Argv: []string{"git", "tag", p.tag, p.sha}, Env: env})
	push := append([]string{"git", "push", "--porcelain", p.url}, refs...)
	c.git(Command{Argv: push, Env: env, Publishes: p.sha})

	out := c.L.NewTable()
	out.RawSetString("tag", lua.LString(p.tag))
	pushed := c.L.NewTable()
	for _, ref := range refs {
		pushed.Append(lua.LString(ref))
	}
	out.RawSetString("pushed_refs", pushed)
	return out
}

// git runs a git command, and raises when it fails.
func (c call) git(cmd Command) {
	r := c.execute(cmd)
	r.look()
	if r.Exit == 0 {
		return
	}
	var stderr string
	c.wait(func(context.Context) (err error) {
		stderr, err = r.Stderr()
		return err
	})
	c.raisef(diag.Runtime, "git %s failed: %s", cmd.Argv[1], strings.TrimRight(stderr, " \t\r\n"))
}

func sortEnv(env []EnvVar) {
	slices.SortFunc(env, func(a, b EnvVar) int { return cmp.Compare(a.Name, b.Name) })
}
