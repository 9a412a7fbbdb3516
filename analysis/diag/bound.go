package diag

import (
	"cmp"
	"fmt"
)

// Most is how many diagnostics of one severity are kept of a file. Nobody reads
// more of them, and a file of errors would fill the memory, the terminal and the
// editor with them.
const Most = 1000

// mostFiles is how many files have room for [Most] diagnostics.
const mostFiles = 5

// A Bound decides which of many diagnostics are kept: of each file, the first
// [Most] of each severity. Once five times as many are kept of all files, there is
// room for only one of each file. The zero Bound is ready.
type Bound struct {
	// Room is how many are kept instead of [Most], if it is not 0.
	Room int

	kept   map[Severity]int
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
			b.groups, b.kept = map[group]*counted{}, map[Severity]int{}
		}
		c = &counted{}
		b.groups[g] = c
		b.order = append(b.order, c)
	}
	if c.kept == 0 || c.kept < cmp.Or(b.Room, Most) && b.kept[g.severity] < mostFiles*Most {
		c.kept++
		b.kept[g.severity]++
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
			Message: fmt.Sprintf("%d more %s%s %s not shown", c.more, severity.noun(), plural, are),
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
