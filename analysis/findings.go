package analysis

import (
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel"
)

// find runs the checks on a loaded file and takes away what comments silence.
func find(m *fennel.Module, l loaded, s surround) found {
	findings := check(m, l.graph, s)
	loaded, findings := reconcile(l.diagnostics, findings)
	quiet := newSilencer(m.Tree)
	out := found{quiet.filter(loaded, true), quiet.filter(findings, false)}
	if !loaded.HasErrors() {
		out.findings = append(out.findings, quiet.unused(m.Tree.File, s.checks)...)
		out.findings.Sort()
	}
	return out
}

// checks reports whether findings of a code are looked for.
func (s surround) checks(c diag.Code) bool {
	switch c {
	case diag.UnknownSecret:
		return s.secrets != nil
	case diag.NotOnServer:
		return s.server != 0
	}
	return true
}

// reconcile takes away findings that say what loading said already. Where a
// call failed because its module has no such name, the finding knows better
// what would be right.
func reconcile(loaded, findings diag.List) (diag.List, diag.List) {
	loaded = slices.Clone(loaded)
	findings = slices.DeleteFunc(findings, func(f diag.Diagnostic) bool {
		for i, d := range loaded {
			if d.File != f.File {
				continue
			}
			if d.Code == f.Code && d.Span == f.Span {
				return true
			}
			isCall := d.Code == diag.Runtime && f.Code == diag.UnknownPrimitive && d.Span.Encloses(f.Span) &&
				strings.HasPrefix(d.Message, "attempt to call a nil value") &&
				strings.Contains(d.Message, "'"+f.File.Slice(f.Span)+"'")
			if isCall && d.Help == "" {
				loaded[i].Help, loaded[i].Fixes = f.Message+". "+f.Help, f.Fixes
				return true
			}
			if d.Code == diag.UnknownPrimitive && f.Code == diag.UnknownPrimitive && d.Span.Encloses(f.Span) && d.Severity() == diag.Error {
				loaded[i].Span, loaded[i].Help, loaded[i].Fixes = f.Span, f.Help, f.Fixes
				return true
			}
		}
		return false
	})
	return loaded, findings
}
