package pipeline

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Limits of data. They bound memory, not what a pipeline would sensibly pass
// on.
const (
	maxDataDepth  = 200
	maxDataValues = 1_000_000
	maxDataBytes  = 64 << 20
)

// Data is a plain Lua value that was copied out of one state and can be copied
// into another: strings, numbers, booleans and tables of these. It is
// immutable.
type Data struct {
	value any // nil, string, float64, bool or *dataTable
	bad   *badValue
}

// A dataTable is the pairs of a table in the order that they were met.
type dataTable struct{ pairs []dataPair }

type dataPair struct{ key, value any }

// A badValue is why a table could not be copied.
type badValue struct {
	path string
	what string // completes "…: "
}

// Err says why the data could not be copied, naming the path of the key, or
// nil. Data with an error holds nothing.
func (d *Data) Err() error {
	if d.bad == nil {
		return nil
	}
	return fmt.Errorf("`%s` %s", d.bad.path, d.bad.what)
}

// Strings calls yield with every string in the data, keys included, until it
// returns false: for finding secrets in it.
func (d *Data) Strings(yield func(string) bool) { yieldStrings(d.value, yield) }

func yieldStrings(v any, yield func(string) bool) bool {
	switch v := v.(type) {
	case string:
		return yield(v)
	case *dataTable:
		for _, p := range v.pairs {
			if !yieldStrings(p.key, yield) || !yieldStrings(p.value, yield) {
				return false
			}
		}
	}
	return true
}

// Map returns the data with f applied to every string, keys included. The error is
// the first of f, or says that the strings became too long.
func (d *Data) Map(f func(string) (string, error)) (*Data, error) {
	if d.bad != nil {
		return d, nil
	}
	m := mapper{f: f}
	value, err := m.value(d.value)
	if err != nil {
		return nil, err
	}
	return &Data{value: value}, nil
}

type mapper struct {
	f     func(string) (string, error)
	bytes int
}

func (m *mapper) value(v any) (any, error) {
	switch v := v.(type) {
	case string:
		s, err := m.f(v)
		if m.bytes += len(s); err == nil && m.bytes > maxDataBytes {
			err = fmt.Errorf("it is more than %d MiB of text", maxDataBytes>>20)
		}
		return s, err
	case *dataTable:
		out := &dataTable{pairs: make([]dataPair, len(v.pairs))}
		for i, p := range v.pairs {
			key, err := m.value(p.key)
			if err != nil {
				return nil, err
			}
			value, err := m.value(p.value)
			if err != nil {
				return nil, err
			}
			out.pairs[i] = dataPair{key, value}
		}
		return out, nil
	}
	return v, nil
}

// A copier copies Lua values to data.
type copier struct {
	// lazy returns the fields of a table that are read on demand, or nil.
	lazy   func(t *lua.LTable) []lazyField
	path   []any // keys of the value now copied
	parent map[*lua.LTable]bool
	values int
	bytes  int
}

// A lazyField is a field of a table that is not in the table yet.
type lazyField struct {
	name string
	read func() (lua.LValue, error)
}

// copyData copies a value. When that is not possible the data holds only why.
func copyData(v lua.LValue, lazy func(*lua.LTable) []lazyField) *Data {
	c := copier{lazy: lazy, parent: map[*lua.LTable]bool{}}
	copied, what := c.copy(v)
	if what != "" {
		return &Data{bad: &badValue{pathText(c.path), what}}
	}
	return &Data{value: copied}
}

// copy returns the copied value, or what is wrong with the one at c.path.
func (c *copier) copy(v lua.LValue) (any, string) {
	if c.values++; c.values > maxDataValues {
		return nil, fmt.Sprintf("is more than %d values", maxDataValues)
	}
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, ""
	case lua.LString:
		return c.text(string(v))
	case lua.LNumber:
		return float64(v), ""
	case lua.LBool:
		return bool(v), ""
	case *lua.LTable:
		return c.table(v)
	}
	return nil, "is a " + v.Type().String() + ", which cannot be passed on"
}

func (c *copier) text(s string) (any, string) {
	if c.bytes += len(s); c.bytes > maxDataBytes {
		return nil, fmt.Sprintf("is more than %d MiB of text", maxDataBytes>>20)
	}
	return s, ""
}

func (c *copier) table(t *lua.LTable) (any, string) {
	if c.parent[t] {
		return nil, "holds itself"
	}
	if len(c.path) == maxDataDepth {
		return nil, fmt.Sprintf("is nested deeper than %d", maxDataDepth)
	}
	c.parent[t] = true
	out := &dataTable{}
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if what := c.pair(out, k, v); what != "" {
			return nil, what
		}
	}
	for _, f := range c.lazy(t) {
		if t.RawGetString(f.name) != lua.LNil {
			continue
		}
		value, err := f.read()
		if err != nil {
			c.path = append(c.path, f.name)
			return nil, "cannot be read: " + err.Error()
		}
		if value == lua.LNil {
			continue
		}
		if what := c.pair(out, lua.LString(f.name), value); what != "" {
			return nil, what
		}
	}
	delete(c.parent, t)
	return out, ""
}

func (c *copier) pair(out *dataTable, k, v lua.LValue) string {
	if _, isTable := k.(*lua.LTable); isTable {
		c.path = append(c.path, "?")
		return "has a table as its key, which cannot be passed on"
	}
	key, what := c.copy(k)
	if what != "" {
		c.path = append(c.path, "?")
		return strings.Replace(what, "is a ", "has as its key a ", 1)
	}
	c.path = append(c.path, key)
	value, what := c.copy(v)
	if what != "" {
		return what
	}
	c.path = c.path[:len(c.path)-1]
	out.pairs = append(out.pairs, dataPair{key, value})
	return ""
}

var plainKey = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[\pL_?*+!<>=-][\pL\pN_?*+!<>=-]*$`)
})

// pathText shows a path of keys as in artifacts[2].run.
func pathText(path []any) string {
	var b strings.Builder
	for _, k := range path {
		switch k := k.(type) {
		case string:
			switch {
			case !plainKey().MatchString(k):
				fmt.Fprintf(&b, "[%q]", k)
			case b.Len() > 0:
				b.WriteString("." + k)
			default:
				b.WriteString(k)
			}
		case float64:
			fmt.Fprintf(&b, "[%s]", numberText(k))
		default:
			fmt.Fprintf(&b, "[%v]", k)
		}
	}
	return b.String()
}

// A builder copies data into a Lua state.
type builder struct {
	L *lua.LState
	// charge takes a number of created values and bytes from the budget.
	charge func(values, bytes int)
}

func (b builder) value(v any) lua.LValue {
	switch v := v.(type) {
	case string:
		b.charge(0, len(v))
		return lua.LString(v)
	case float64:
		return lua.LNumber(v)
	case bool:
		return lua.LBool(v)
	case *dataTable:
		b.charge(1+len(v.pairs), 0)
		t := b.L.NewTable()
		for _, p := range v.pairs {
			t.RawSet(b.value(p.key), b.value(p.value))
		}
		return t
	}
	return lua.LNil
}

// integral reports whether a number is an integer that an int64 holds.
func integral(f float64) bool {
	return f == math.Trunc(f) && f >= -1<<63 && f < 1<<63
}
