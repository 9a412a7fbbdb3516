package fennel

import (
	"sync"

	"quire/analysis/fennel/macros"
)

// A special is a form that the compiler knows itself.
type special struct {
	Form
	compile func(c *compiler, f form) exprs
}

// Forms returns the special forms and built-in macros, from the tables that
// the compiler dispatches on.
func Forms() []Form {
	var out []Form
	for _, sp := range specialTable() {
		out = append(out, sp.Form)
	}
	for _, m := range macros.All() {
		out = append(out, Form{Name: m.Name, Params: m.Params, Doc: m.Doc, Binds: bindsNames(m.Name)})
	}
	return out
}

// bindsNames reports whether a built-in macro introduces names.
func bindsNames(name string) bool {
	switch name {
	case "with-open", "collect", "icollect", "fcollect", "accumulate", "faccumulate", "lambda", "λ", "macro",
		"case", "case-try", "match", "match-try":
		return true
	}
	return false
}

// specials are the special forms by name, once somebody asked.
var specials struct {
	once   sync.Once
	byName map[string]*special
}

func specialForms() map[string]*special {
	specials.once.Do(func() {
		table := specialTable()
		specials.byName = make(map[string]*special, len(table))
		for i := range table {
			specials.byName[table[i].Name] = &table[i]
		}
	})
	return specials.byName
}

// specialTable returns the special forms in the order they are documented.
func specialTable() []special {
	return concat(bindingForms(), controlForms(), dataForms(), operatorForms(), macroForms())
}

func concat(tables ...[]special) (out []special) {
	for _, t := range tables {
		out = append(out, t...)
	}
	return out
}

// define returns an entry of the table of special forms.
func define(name string, params []string, compile func(*compiler, form) exprs, doc string) special {
	return special{Form{Name: name, Params: params, Doc: doc, Special: true}, compile}
}

// binder returns the entry of a special form that introduces names.
func binder(name string, params []string, compile func(*compiler, form) exprs, doc string) special {
	sp := define(name, params, compile, doc)
	sp.Binds = true
	return sp
}

func bindingForms() []special {
	return []special{
		binder("fn", []string{"?name", "[parameters]", "..."}, compileFn,
			"Makes a function. With a name it is also bound to a local, or stored in the field that a multi-symbol names. "+
				"The value of the last form is what it returns."),
		binder("hashfn", []string{"form"}, compileHashfn,
			"Makes a function of one form, also written #form, in which $ or $1 to $9 are the parameters and $... is all of them."),
		binder("let", []string{"[name value ...]", "..."}, compileLet,
			"Binds names to values, one after the other, for the forms in its body."),
		binder("local", []string{"name", "value"}, compileLocal,
			"Binds a name to a value that never changes, until the end of the block."),
		binder("var", []string{"name", "value"}, compileVar,
			"Binds a name to a value that set may change, until the end of the block."),
		define("set", []string{"name", "value"}, compileSet,
			"Changes a local that var defined, or a field of a table."),
		define("set-forcibly!", []string{"name", "value"}, compileSetForcibly,
			"Changes a local even when var did not define it. For macros."),
		define("tset", []string{"table", "key", "...", "value"}, compileTset,
			"Stores a value in a table under a key, or under nested keys."),
		binder("global", []string{"name", "value"}, compileGlobal,
			"Sets a global variable."),
	}
}

func controlForms() []special {
	return []special{
		define("do", []string{"..."}, compileDo,
			"Evaluates forms in order; its values are those of the last."),
		define("if", []string{"condition", "then", "...", "?else"}, compileIf,
			"Evaluates the form behind the first condition that holds, or the last one when its conditions run out."),
		binder("each", []string{"[name ... iterator]", "..."}, compileEach,
			"Runs its body for each step of an iterator. &until and a condition at the end of the binding end the loop early."),
		binder("for", []string{"[name start stop ?step]", "..."}, compileFor,
			"Runs its body for each number of a range. &until and a condition at the end of the binding end the loop early."),
		define("while", []string{"condition", "..."}, compileWhile,
			"Runs its body as long as the condition holds."),
		define("values", []string{"..."}, compileValues,
			"Gives several values at once, from a function or to whatever takes several."),
		define("pick-values", []string{"count", "..."}, compilePickValues,
			"Gives exactly that many of the values."),
		define("tail!", []string{"call"}, compileTail,
			"Calls a function in tail position and refuses to be anywhere else."),
		define("comment", []string{"..."}, compileComment,
			"Ignores what is in it."),
		define("lua", []string{"statements", "?expression"}, compileLua,
			"Inserts Lua code: statements first, and an expression that is the form's value."),
	}
}

func dataForms() []special {
	return []special{
		define(".", []string{"table", "key", "..."}, compileDot,
			"Looks up a key in a table, and further keys in what is found."),
		define(":", []string{"object", "method", "..."}, compileMethod,
			"Calls a method of an object, which is passed as the first argument."),
		define("length", []string{"x"}, compileLength, "Gives the length of a string or sequence."),
		define("#", []string{"x"}, compileLength, "Gives the length of a string or sequence."),
		define("..", []string{"..."}, compileConcat, "Joins strings and numbers to one string."),
		define("not", []string{"x"}, compileNot, "Gives true for false and nil, false for everything else."),
		define("and", []string{"..."}, shortCircuit("and", "true"),
			"Gives the first operand that is false or nil, or the last; those behind it are not evaluated."),
		define("or", []string{"..."}, shortCircuit("or", "false"),
			"Gives the first operand that is neither false nor nil, or the last; those behind it are not evaluated."),
	}
}

func operatorForms() []special {
	ab := []string{"a", "b", "..."}
	all := []string{"..."}
	return []special{
		define("+", all, arithmetic(operator{symbol: "+", zero: "0", unary: "0"}), "Adds numbers."),
		define("-", []string{"a", "..."}, arithmetic(operator{symbol: "-"}), "Subtracts from the first number, or negates it."),
		define("*", all, arithmetic(operator{symbol: "*", zero: "1", unary: "1"}), "Multiplies numbers."),
		define("/", []string{"a", "..."}, arithmetic(operator{symbol: "/", unary: "1"}), "Divides the first number by the others, or 1 by it."),
		define("//", []string{"a", "..."}, throughFunction(floorDivide, "", "1"), "Divides and rounds down."),
		define("%", []string{"a", "..."}, arithmetic(operator{symbol: "%"}), "Gives the remainder of a division that rounds down."),
		define("^", []string{"a", "..."}, compilePower, "Raises to a power."),
		define("=", ab, comparison("==", "and"), "Tells whether all operands are equal."),
		define("not=", ab, comparison("~=", "or"), "Tells whether neighbours differ."),
		define("~=", ab, comparison("~=", "or"), "Tells whether neighbours differ. Deprecated, write not=."),
		define("<", ab, comparison("<", "and"), "Tells whether each operand is less than the next."),
		define(">", ab, comparison(">", "and"), "Tells whether each operand is greater than the next."),
		define("<=", ab, comparison("<=", "and"), "Tells whether no operand is greater than the next."),
		define(">=", ab, comparison(">=", "and"), "Tells whether no operand is less than the next."),
		define("band", all, throughFunction(bitAnd, "-1", "-1"), "Combines integers bit by bit with and."),
		define("bor", all, throughFunction(bitOr, "0", "0"), "Combines integers bit by bit with or."),
		define("bxor", all, throughFunction(bitXor, "0", "0"), "Combines integers bit by bit with exclusive or."),
		define("bnot", []string{"x"}, compileBnot, "Inverts the bits of an integer."),
		define("lshift", []string{"x", "n"}, throughFunction(shiftLeft, "", "1"), "Shifts the bits of an integer to the left."),
		define("rshift", []string{"x", "n"}, throughFunction(shiftRight, "", "1"), "Shifts the bits of an integer to the right."),
	}
}

func macroForms() []special {
	return []special{
		binder("macros", []string{"{:name function ...}"}, compileMacros,
			"Defines macros by a table of functions."),
		binder("import-macros", []string{"binding", "module", "..."}, compileImportMacros,
			"Loads macros of a module: all of them as fields of a name, or some by {: name}."),
		binder("require-macros", []string{"module"}, compileRequireMacros,
			"Loads all macros of a module. Deprecated, write import-macros."),
		define("eval-compiler", []string{"..."}, compileEvalCompiler,
			"Runs code while the file is compiled."),
		define("macrodebug", []string{"form", "?return"}, compileMacrodebug,
			"Prints what a form expands to, or returns it as a string."),
		define("quote", []string{"form"}, compileQuote,
			"Makes code of a form, in macros; also written with a backtick."),
		define("unquote", []string{"form"}, compileUnquote,
			"Puts a value into quoted code; also written with a comma."),
		define("include", []string{"module"}, compileInclude,
			"Loads a module, whose code is compiled into this file."),
	}
}
