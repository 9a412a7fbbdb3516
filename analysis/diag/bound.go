package diag

import "fmt"

// Most is how many diagnostics of one severity are kept of a file. Nobody reads
// more of them, and a file of errors would fill the memory, the terminal and the
// editor with them.
const Most = 1000

// A Bound decides which of many diagnostics are kept: of each file, the first
// [Most] of each severity. The zero Bound is ready.
type Bound struct {
	groups map[group]*counted
	order  []*counted // in which the groups were first met
}

type group struct {
	file     string
	severity Severity
}

type counted struct {
	kept, more int
	first      Diagnostic // that was not kept
}

// Admit reports whether there is room for a diagnostic, and else counts it.
func (b *Bound) Admit(d Diagnostic) bool {
	g := group{d.File.Name(), d.Severity()}
	c := b.groups[g]
	if c == nil {
		if b.groups == nil {
			b.groups = map[group]*counted{}
		}
		c = &counted{}
		b.groups[g] = c
		b.order = append(b.order, c)
	}
	if c.kept < Most {
		c.kept++
		return true
	}
	if c.more == 0 {
		c.first = d
	}
	c.more++
	return false
}

// Rest returns, for each file and severity that had no room for all, one
// diagnostic that says how many were not kept. It is at the first of them and
// has their severity.
func (b *Bound) Rest() List {
	var rest List
	for _, c := range b.order {
		if c.more == 0 {
			continue
		}
		severity := c.first.Severity()
		are, plural := "are", "s"
		if c.more == 1 {
			are, plural = "is", ""
		}
		rest = append(rest, Diagnostic{
			File: c.first.File, Span: c.first.Span, Code: LoadLimit, As: severity,
			Message: fmt.Sprintf("%d more %s%s %s not shown: a file has up to %d", c.more, severity.noun(), plural, are, Most),
		})
	}
	return rest
}

// noun returns what a diagnostic of the severity is called.
func (s Severity) noun() string {
	if s == Information {
		return "note"
	}
	return s.String()
}
