// Package dsl is the vocabulary of ci.fnl: every module, function, parameter,
// option and source a pipeline can name, with its documentation. It is plain
// data. The binder, the static checks, hover, completion, signature help and
// the generated reference all read it.
package dsl

// A State names states of the upstream server that know an entry.
type State uint8

// The states, and their combinations.
const (
	S1 State = 1 << iota
	S2
	H
	Product // known here and to no server
)

// A Type is what a value may be.
type Type string

// The types.
const (
	String   Type = "string"
	Number   Type = "number"
	Boolean  Type = "boolean"
	Table    Type = "table"
	Strings  Type = "sequence of strings"
	Command  Type = "string or sequence of strings"
	EnvMap   Type = "table of strings"
	Duration Type = "number of seconds or a string such as \"90s\""
	RunFn    Type = "function of one argument"
	Function Type = "function"
	Any      Type = "any"
	JobName  Type = "name of a job or source"
	Secret   Type = "name of a secret"
	Path     Type = "path in the workspace"
)

// A Func is a function that a pipeline can call.
type Func struct {
	Name   string
	Params []Param
	Result []Key // fields of the table it returns
	Type   Type  // of its result
	Doc    string
	States State
}

// A Param is one parameter.
type Param struct {
	Name     string
	Type     Type
	Optional bool
	Keys     []Key // of an option table: everything it may hold
	Doc      string
}

// A Key is one key of an option table, of a result or of a source's table.
type Key struct {
	Name     string
	Type     Type
	Required bool
	Doc      string
	States   State
}

// A Module is what (require name) gives.
type Module struct {
	Name   string
	Funcs  []Func
	Macros []Func
	Doc    string
	States State
}

// A Source is a name that starts a pipeline.
type Source struct {
	Name   string
	Fields []Key
	Doc    string
	States State
}
