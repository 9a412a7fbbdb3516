package fennel

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"quire/analysis/diag"
	"quire/analysis/fennel/macros"
	"quire/analysis/sandbox"
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
		{"module name must compile to string", "Give the name of the module as a string."},
		{"module not found", "Check the name; the dots in it stand for directories."},
		{"circular include detected", "Move what both modules need into a module of its own."},
		{"cannot be used inside of match", "Write the name alone: match compares with names that are bound."},
		{"(=) must be used in", "Write (where (= name)) as the pattern."},
		{"(=) should take only one argument", "Give one name: (where (= name))."},
		{"(or) must be used in", "Write (where (or a b)) as the pattern."},
		{"can't nest (where) pattern", "Put one where around the whole pattern, with all conditions behind it."},
		{"can't nest (or) pattern", "Put all alternatives into one or, right inside of where."},
		{"legacy guard clause", "Write (where pattern condition)."},
		{"missing subject", "Give the value to look at first."},
		{"expected at least one pattern/body pair", "Add a pattern and what to do when it matches."},
		{"expected even number of pattern/body pairs", "Give every pattern a body; _ is the pattern that always matches."},
		{"to have a body", "Give every pattern a body; _ is the pattern that always matches."},
		{"Expected a function call as argument", "Write the call of a function: (tail! (f x))."},
		{"Expected one argument", "Give one argument."},
		{"expected one argument", "Give one argument."},
		{"expected at least 2 arguments", "Give an object and the name of a method: (: object :method)."},
		{"expected 1 or 2 arguments", "Give statements of Lua as a string, and an expression as another if there is a value."},
		{"Expected more than 0 arguments", "Give at least one operand."},
		{"Expected n to be an integer", "Write the number of values out: (pick-values 2 …)."},
		{"expected a literal number of arguments", "Write the number of arguments out: (pick-args 2 f)."},
		{"expected even number of binding/modulename pairs", "Give every module a name or {: names} in front of it."},
		{"expected even number of values in table literal", "Give every key a value."},
		{"Expected one module name argument", "Give the name of one module."},
		{"Expected one table argument", "Give one table of functions: (macros {:name (fn [] …)})."},
		{"expected macros to be table", "Have it give a table of functions by name."},
		{"expected each macro to be function", "Give each name a function, with no tables in between."},
		{"macro not found in", "Check the name against the table that the module gives."},
		{"not found in module", "Check the name against the table that the module gives."},
		{"expected symbol for macro name", "Begin with a name and parameters: (macro name [x] …)."},
		{"set multisym macro", "Give the macro a name of its own."},
		{"could not compile value of type", "Return code: a list, a symbol, a table, a string, a number or a boolean."},
		{"cannot set field of literal value", "Put a table, or the name of one, first."},
		{"cannot set method sym", "Use a dot instead of the colon to set a field."},
		{"dynamic set needs symbol target", "Put the name of a table first: (set (. t :key) value)."},
		{"dynamic set needs at least one key", "Give a key: (set (. t :key) value)."},
		{"expected table argument", "Give a table and a key: (. t :key)."},
		{"expected table, key, and value arguments", "Give all three: (tset t :key value)."},
		{"expected key to be a literal", "Write the key as a string or a number."},
		{"expected arg list", "Put the parameters in square brackets: (lambda [a b] …)."},
		{"expected iterator binding table", "Put names and an iterator in square brackets: [k v (pairs t)]."},
		{"expected range binding table", "Put a name and a range in square brackets: [i 1 10]."},
		{"expected initial value and iterator binding table", "Put a name, its first value and an iterator in square brackets: [sum 0 _ n (ipairs t)]."},
		{"expected key and value expression", "Give a key and a value, or one form that gives both."},
		{"expected table value expression", "Give the form that makes each item."},
		{"rap multiple expressions", "Wrap the forms in do."},
		{"unexpected iterator clause", "Remove it: only the collecting forms take &into, and only loops &until."},
		{"in &into clause", "Give a table, a call or a name behind &into."},
		{"unexpected arguments", "Remove what is behind the step: (for [i start stop step] …)."},
		{"expected body", "Add at least one form as the body."},
		{"with-open expects a binding table", "Put names and values in square brackets: (with-open [f (open)] …)."},
		{"with-open only allows symbols", "Use a plain name for what is opened."},
		{"expected a function to partially apply", "Give the function first."},
		{"invalid character: &", "Leave & out of names: it marks rest arguments and clauses."},
		{"invalid character: .", "Leave the dot out of the front of a name."},
		{"expected & rest argument before last parameter", "Put & and one name at the end."},
		{"expected a symbol behind &as", "Give the whole table a name, and take it apart by that one."},
		{"no code of Lua stands for the value", "End with nil when the value is of no use."},
		{"expected a string of Lua code", "Write the code of Lua as a string."},
		{"in metadata table", "Use strings as keys and literals as values."},
	}
}

// nearest returns a hint at which of the names an unknown one was probably meant
// to be.
func nearest(unknown string, names iter.Seq[string]) string {
	if name, ok := diag.Nearest(unknown, names); ok {
		return "Did you mean " + name + "?"
	}
	return ""
}

// maxCompared bounds the search for what was meant in one file, in names that
// unknown ones are compared with.
const maxCompared = 250_000

// candidates iterates over what an unknown name may have been meant to be. There
// is nothing of that kind in a file with so many unknown names that nobody would
// look. The names are gathered when they are first asked for.
func (c *compiler) candidates(unknown string, s *scope) iter.Seq[string] {
	gather := sync.OnceValue(func() []string {
		if c.compared > maxCompared {
			return nil
		}
		// How many were compared depends on what stands before the form.
		c.needsTurn()
		names := c.similar(unknown, s)
		c.compared += len(names)
		return names
	})
	return func(yield func(string) bool) { slices.Values(gather())(yield) }
}

// similar returns the names that an unknown one is compared with: for a
// multi-symbol the members of the library, else the names in scope.
func (c *compiler) similar(unknown string, s *scope) []string {
	if !isMulti(unknown) {
		return c.visible(s)
	}
	root, _, _ := strings.Cut(unknown, ".")
	return slices.DeleteFunc(sandbox.Names(), func(name string) bool {
		return !strings.HasPrefix(name, root+".") || !c.isGlobal(name, root)
	})
}

// visible returns the names that mean something in a scope, in no order and
// some of them more than once.
func (c *compiler) visible(s *scope) []string {
	c.unit.lookedAt = c.around.names
	var known []string
	for ; s != nil; s = s.outer {
		for _, b := range s.bindings {
			known = append(known, b.name)
		}
	}
	known = slices.AppendSeq(known, maps.Keys(c.around.locals))
	known = slices.AppendSeq(known, maps.Keys(c.around.macros))
	for _, name := range append(sandbox.Names(), "require") {
		if !isMulti(name) && c.isGlobal(name, name) {
			known = append(known, name)
		}
	}
	known = slices.AppendSeq(known, maps.Keys(c.specials))
	for _, m := range macros.All() {
		known = append(known, m.Name)
	}
	return known
}
