package dsl

import (
	"fmt"
	"iter"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The texts below are shared by whoever finds the mistake first: a call at run
// time, or a look at the source. Options are named with their colon, :cwd.

// UnknownOption returns the message for a key that an option table cannot
// have.
func UnknownOption(f Func, p Param, key string) string {
	return fmt.Sprintf("%s: unknown field `%s`, expected %s", f.Name, key, join(KeyNames(p.Keys), "`"))
}

// UnknownPrimitive returns the message for a key that the runtime table does
// not have.
func UnknownPrimitive(key string) string {
	return fmt.Sprintf("unknown runtime primitive '%s' — expected %s", key, join(PrimitiveNames(), ""))
}

// Missing returns the message for a call that leaves a parameter out.
func Missing(f Func, p Param) string { return fmt.Sprintf("%s: %s is missing", f.Name, p.Name) }

// EmptySequence returns the message for a table without items where a sequence
// of strings is wanted. keyed says that the table has other keys.
func EmptySequence(f Func, name string, keyed bool) string {
	message := fmt.Sprintf("%s: %s must be a non-empty sequence of strings or a shell string", f.Name, name)
	if keyed {
		message += ", got a table without items"
	}
	return message
}

// BadItem returns the message for an item, named by its index or key, that is
// not a string.
func BadItem(f Func, name, index, got string) string {
	return fmt.Sprintf("%s: %s[%s] must be a string, got %s", f.Name, name, index, got)
}

// BadKey returns the message for a key that is not a string in a table that
// maps names to strings.
func BadKey(f Func, name, key string) string {
	return fmt.Sprintf("%s: %s must map names to strings, got the key %s", f.Name, name, key)
}

// Mismatch returns the message for a value of the Lua type got where the
// parameter or option of that name wants another, or an empty string when it
// fits. text is the value as tostring shows it; it matters for strings and
// numbers. The items of tables are not looked at.
func Mismatch(f Func, name string, want Type, got, text string) string {
	fits, expected := fitting(name, want, got)
	shown := got
	switch {
	case want == Path && got == "string":
		if _, ok := CleanPath(text); !ok {
			return fmt.Sprintf("%s: %s leaves the workspace: %s", f.Name, name, text)
		}
	case want == Duration && fits:
		if shown = text; got == "string" {
			shown = strconv.Quote(text)
		}
		_, fits = ParseDuration(got, text)
	}
	if fits {
		return ""
	}
	return fmt.Sprintf("%s: %s must be a %s, got %s", f.Name, name, expected, shown)
}

// fitting reports whether a Lua type fits, and what would. Where an argument
// is a string Lua turns numbers into one; options are stricter.
func fitting(name string, want Type, got string) (fits bool, expected string) {
	isOption := strings.HasPrefix(name, ":")
	switch want {
	case String, JobName, Secret, Path:
		return got == "string" || got == "number" && !isOption, "string"
	case Command:
		return got == "string" || got == "table", string(Command)
	case Duration:
		return got == "string" || got == "number", string(Duration)
	case Strings, EnvMap:
		return got == "table", string(want)
	case RunFn:
		return got == "function", "function"
	case Any:
		return true, "value"
	}
	return got == string(want), string(want)
}

// ParseDuration returns how long a value of the Lua type number or string
// asks for, given as text: seconds, or a string such as "90s" or "1m30s". ok
// is false for what cannot be read, and for times that are not above zero.
func ParseDuration(luaType, text string) (d time.Duration, ok bool) {
	if luaType == "string" {
		d, err := time.ParseDuration(text)
		return d, err == nil && d > 0
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0) {
		return 0, false
	}
	const longest = math.MaxInt64 / float64(time.Second)
	if seconds >= longest {
		return math.MaxInt64, true
	}
	return max(time.Duration(seconds*float64(time.Second)), 1), true
}

// CleanPath returns the shortest form of a slash-separated path relative to
// the workspace, which is empty for the workspace itself. ok is false for a
// path that leaves it.
func CleanPath(p string) (clean string, ok bool) {
	clean = path.Clean(p)
	if path.IsAbs(p) || clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(p, "\x00") {
		return "", false
	}
	if clean == "." {
		clean = ""
	}
	return clean, true
}

// join lists names as a sentence does, each between quotes: a, b or c.
func join(names iter.Seq[string], quote string) string {
	words := slices.Collect(names)
	for i, w := range words {
		words[i] = quote + w + quote
	}
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " or " + words[n]
}

// UnknownMember returns the message for a name that a module does not have.
func UnknownMember(m Module, name string) string {
	if len(m.Funcs)+len(m.Fields) == 0 {
		return fmt.Sprintf("%s has no '%s'", m.Name, name)
	}
	return fmt.Sprintf("%s has no '%s' — expected %s", m.Name, name, join(MemberNames(m), ""))
}

// UnknownField returns the message for a key that a table of a known shape
// does not have. What names the table.
func UnknownField(what string, fields []Key, name string) string {
	return fmt.Sprintf("%s has no field `%s`, expected %s", what, name, join(KeyNames(fields), "`"))
}
