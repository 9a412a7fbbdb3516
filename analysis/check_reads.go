package analysis

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel"
)

// reads checks the name that (jobs name) reads for every job that the call is
// made for.
func (c *checker) reads(call *fennel.Call, name *fennel.Value) {
	if name.Kind != fennel.Literal || name.Type != "string" {
		return
	}
	var wrong []string
	ids := c.jobsOf(call.Fn)
	for _, id := range ids {
		if _, ok := c.graph.Job(id); ok && c.graph.Readable(id, name.Text) != nil {
			wrong = append(wrong, id)
		}
	}
	// Which of several jobs comes to a call under a condition is not known.
	if len(wrong) == 0 || c.mayMiss(call) && len(wrong) < len(ids) {
		return
	}
	c.unreadable(call, name, wrong[0])
}

// mayMiss reports whether a job that runs the function around a call need not
// come to the call.
func (c *checker) mayMiss(call *fennel.Call) bool { return call.Conditional || !c.certain()[call.Fn] }

// unreadable reports that a job may not read a name.
func (c *checker) unreadable(call *fennel.Call, name *fennel.Value, id string) {
	d := diag.Diagnostic{Span: c.at(name.Span), Code: diag.NotAnAncestor, Message: c.graph.Readable(id, name.Text).Error()}
	if id == name.Text {
		d.Code = diag.SelfRead
		d.Help = "A job's outputs exist only when it has ended."
		c.report(call.Fn, call.Conditional, d)
		return
	}
	readable := append(c.graph.Needs(id), dsl.Push)
	j, _ := c.graph.Job(id)
	if near, ok := diag.Nearest(name.Text, slices.Values(readable)); ok && !c.isJob(name.Text) {
		d.Help = fmt.Sprintf("Did you mean `%s`? ", near)
		d.Fixes = append(d.Fixes, c.replaceName(d.Span, name.Text, near)...)
	}
	d.Help += fmt.Sprintf("Add it to the inputs of '%s', or read one of: %s.", id, strings.Join(readable, ", "))
	if c.isJob(name.Text) && !slices.Contains(c.graph.Dependents(id), name.Text) {
		d.Fixes = append(d.Fixes, c.addInput(j, name.Text)...)
	}
	c.report(call.Fn, call.Conditional, d)
}

func (c *checker) isJob(id string) bool {
	_, ok := c.graph.Job(id)
	return ok
}
