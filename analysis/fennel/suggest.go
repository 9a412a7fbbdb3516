package fennel

import (
	"maps"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel/macros"
)

// suggest returns what would be right where a compile error says what is
// wrong, or nothing.
func suggest(message string) string {
	for _, s := range suggestions() {
		if strings.Contains(message, s.part) {
			return s.help
		}
	}
	return ""
}

// A suggestion is the help for messages that contain a text.
type suggestion struct{ part, help string }

func suggestions() []suggestion {
	return []suggestion{
		{"expected var ", "Define it with var instead of local or let, or bind a new local."},
		{"expected local table", "Define the table with local in front of the function."},
		{"expected local ", "Define it with var in front of this, or correct its name."},
		{"is aliased by a local", "Choose another name for the local, or write _G. in front of the global."},
		{"conflicts with local", "Choose another name for one of the two."},
		{"was overshadowed by a special form or macro", "Choose another name; this one already has a meaning."},
		{"without gensym", "Write the name with # at its end, such as x#, so that it cannot meet a name of the caller."},
		{"tried to reference a macro without calling it", "Put the macro in parentheses, or wrap a call of it in a function."},
		{"tried to reference a special form without calling it", "Put the form in parentheses, or wrap it in a function such as #(+ $1 $2)."},
		{"expected even number of name/value bindings", "Give every name a value and every value a name."},
		{"expected binding sequence", "Put the names and values in square brackets: (let [x 1] …)."},
		{"expected binding table", "Put the names and the iterator in square brackets."},
		{"expected binding and iterator", "Put an iterator such as (ipairs t) or (pairs t) last in the brackets."},
		{"expected body expression", "Add at least one form as the body."},
		{"expected condition and body", "Give the condition and what to do when it holds."},
		{"expected name and value", "Give one name and one value."},
		{"expected parameters table", "Put the parameters in square brackets: (fn [a b] …)."},
		{"expected symbol for function parameter", "Use names, or patterns such as [a b] and {: key}, as parameters."},
		{"expected vararg as last parameter", "Move ... behind the other parameters."},
		{"expected rest argument before last parameter", "Put & and one name at the end."},
		{"expected &as argument before last parameter", "Put &as and one name at the end."},
		{"expected range to include start and stop", "Give the first and the last number: (for [i 1 10] …)."},
		{"could not destructure literal", "Use a table on the right, or one name on the left."},
		{"can't nest multi-value destructuring", "Take the inner values apart in a binding of their own."},
		{"can't introduce ", "Put it on its own in the body of a function, let or do."},
		{"unexpected multi symbol", "Use a name without dots and colons here."},
		{"multisym method calls may only be in call position", "Call the method: (object:method)."},
		{"unexpected vararg", "Add ... at the end of the function's parameters."},
		{"use $... in hashfn", "Write $... for all arguments of a hashfn."},
		{"$ and $... in hashfn are mutually exclusive", "Use $... or numbered parameters, not both."},
		{"cannot call literal value", "Put a function's name first, or use square brackets for a sequence of values."},
		{"expected a function, macro, or special to call", "Write [] for an empty sequence or nil for nothing."},
		{"expected at least two arguments", "Give two values to compare."},
		{"tried to use vararg with operator", "Accumulate over the values instead."},
		{"unable to bind", "Use a name or a pattern on the left."},
		{"must provide at least one value", "Put at least one name in the parentheses."},
		{"tried to use unquote outside quote", "Remove the comma, or put a backtick in front of the form around it."},
		{"may only be used at compile time", "Remove the backtick, or move the code into a macro."},
		{"Must be in tail position", "Make it the last form of the function."},
		{"module name must be string literal", "Write the name of the module as a string."},
	}
}

// nearest returns a hint at the name that an unknown one was probably meant to
// be.
func (c *compiler) nearest(unknown string, s *scope) string {
	c.unit.lookedAt = c.around.names
	var known []string
	for ; s != nil; s = s.outer {
		for _, b := range s.bindings {
			known = append(known, b.name)
		}
	}
	known = slices.AppendSeq(known, maps.Keys(c.around.locals))
	known = slices.AppendSeq(known, maps.Keys(c.around.macros))
	for _, name := range []string{
		"assert", "coroutine", "error", "getmetatable", "ipairs", "math", "next", "pairs", "pcall", "print", "rawequal",
		"rawget", "rawset", "require", "select", "setmetatable", "string", "table", "tonumber", "tostring", "type", "xpcall",
	} {
		if c.isGlobal(name, name) {
			known = append(known, name)
		}
	}
	known = slices.AppendSeq(known, maps.Keys(c.specials))
	for _, m := range macros.All() {
		known = append(known, m.Name)
	}
	if name, ok := diag.Nearest(unknown, slices.Values(known)); ok {
		return "Did you mean " + name + "?"
	}
	return ""
}
