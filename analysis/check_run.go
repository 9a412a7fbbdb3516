package analysis

import (
	"fmt"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
)

// runFn checks what a function is as a run-fn: how it is called and what it
// returns.
func (c *checker) runFn(fn *fennel.Func) {
	if len(c.jobs[fn]) == 0 {
		return
	}
	if fn.Params > 1 {
		c.whenEvaluated(func() { c.arity(fn) })
	}
	for _, v := range fn.Returns {
		if t := c.typeOf(v); t != "" && t != "table" && t != "nil" {
			c.note(diag.Diagnostic{Span: c.at(v.Span), Code: diag.RunResult,
				Message: fmt.Sprintf("The run-fn returns a %s, which is discarded: outputs are a table.", t),
				Help:    "Return a table for outputs, or nil for none; raise with error to fail the job."})
		}
	}
}

// arity reports a run-fn that takes too many arguments, unless evaluation saw it
// registered, and so had its say.
func (c *checker) arity(fn *fennel.Func) {
	at := c.at(fn.Span)
	for _, j := range c.graph.Jobs {
		if j.Run.File == c.file && j.Run.Span == at {
			return
		}
	}
	c.note(diag.Diagnostic{Span: at, Code: diag.RunArity,
		Message: fmt.Sprintf("The run-fn takes %d arguments, but is called with one, the runtime table.", fn.Params),
		Help:    "Destructure what it needs from one argument: (fn [{: sh : jobs}] …)."})
}

// typeOf returns the Lua type that a value is known to have, or nothing.
func (c *checker) typeOf(v *fennel.Value) string {
	if t, known := luaType(v); known {
		return t
	}
	if v.Kind != fennel.Result {
		return ""
	}
	switch t := c.sense(v.Call.Callee); t.kind {
	case primitive:
		f, _ := dsl.Primitive(t.name)
		switch f.Type {
		case dsl.String, dsl.Number, dsl.Boolean, dsl.Table:
			return string(f.Type)
		}
	case function:
		known, ok := c.types[t.fn]
		if !ok {
			c.types[t.fn] = "" // while it is looked at: it may call itself
			known = c.commonType(t.fn.Returns)
			c.types[t.fn] = known
		}
		return known
	}
	return ""
}

// commonType returns the type that all values are known to have.
func (c *checker) commonType(values []*fennel.Value) (all string) {
	for i, v := range values {
		t := c.typeOf(v)
		if t == "" || i > 0 && t != all {
			return ""
		}
		all = t
	}
	return all
}
