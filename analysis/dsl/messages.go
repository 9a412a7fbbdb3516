package dsl

import (
	"fmt"
	"iter"
	"strings"
)

// The texts below are shared by whoever finds the mistake first: a call at run
// time, or a look at the source.

// UnknownOption returns the message for a key that the function's option table
// does not have, and the option that was probably meant, if any.
func (f *Func) UnknownOption(p *Param, key string) (message, nearest string) {
	quoted := make([]string, len(p.Keys))
	for i, k := range p.Keys {
		quoted[i] = "`" + k.Name + "`"
	}
	message = fmt.Sprintf("%s: unknown field `%s`, expected %s", f.Name, key, join(quoted, "or"))
	nearest, _ = Nearest(key, names(p.Keys, func(k Key) string { return k.Name }))
	return message, nearest
}

// UnknownPrimitive returns the message for a key that the runtime table does
// not have, and the primitive that was probably meant, if any.
func UnknownPrimitive(key string) (message, nearest string) {
	known := make([]string, len(runtime))
	for i, f := range runtime {
		known[i] = f.Name
	}
	message = fmt.Sprintf("unknown runtime primitive '%s' — expected %s", key, join(known, "or"))
	nearest, _ = Nearest(key, names(runtime, func(f Func) string { return f.Name }))
	return message, nearest
}

func names[T any](table []T, name func(T) string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range table {
			if !yield(name(e)) {
				return
			}
		}
	}
}

// join lists words as a sentence does: a, b or c.
func join(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}
