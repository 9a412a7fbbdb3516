package fennel_test

import (
	"fmt"
	"strings"

	"quire/analysis/fennel"
	"quire/analysis/source"
)

// A dump writes names and facts as text with lines and columns.
type dump struct {
	strings.Builder
	file *source.File
}

func (d *dump) at(s source.Span) string {
	return fmt.Sprintf("%s-%s", d.file.Position(s.Start), d.file.Position(s.End))
}

func showIndex(m *fennel.Module) string {
	kinds := map[fennel.SymbolKind]string{
		fennel.Local: "local", fennel.Var: "var", fennel.Param: "param", fennel.LoopVar: "loop",
		fennel.Function: "function", fennel.Macro: "macro", fennel.Global: "global",
	}
	d := &dump{file: m.Tree.File}
	for s := range m.Index.Symbols() {
		fmt.Fprintf(d, "%s %s %s seen %s", s.Name, kinds[s.Kind], d.at(s.Def), d.at(s.Scope))
		if s.Written {
			d.WriteString(" written")
		}
		if s.UsedByMacro {
			d.WriteString(" used by macro")
		}
		if s.Expanded {
			d.WriteString(" expanded")
		}
		if s.Params != nil {
			fmt.Fprintf(d, " %v", s.Params)
		}
		if s.Doc != "" {
			fmt.Fprintf(d, " %q", s.Doc)
		}
		if s.Value != nil {
			d.WriteString(" = " + d.value(s.Value))
		}
		d.WriteString("\n")
		for _, u := range s.Uses {
			fmt.Fprintf(d, "  %s\n", d.at(u))
		}
	}
	return d.String()
}

func showFacts(m *fennel.Module) string {
	d := &dump{file: m.Tree.File}
	for f := range m.Functions() {
		fmt.Fprintf(d, "fn %s", d.fn(f))
		for _, r := range f.Returns {
			fmt.Fprintf(d, " -> %s", d.value(r))
		}
		d.WriteString("\n")
	}
	for c := range m.Calls() {
		fmt.Fprintf(d, "call %s %s", d.at(c.Span), d.value(c.Callee))
		for _, a := range c.Args {
			fmt.Fprintf(d, " %s", d.value(a))
		}
		d.flags(c.Fn, c.Conditional)
		if c.Dropped {
			d.WriteString(" dropped")
		}
		d.WriteString("\n")
	}
	for a := range m.Accesses() {
		fmt.Fprintf(d, "access %s %s", d.at(a.Value.Span), d.value(a.Value))
		d.flags(a.Fn, a.Conditional)
		d.WriteString("\n")
	}
	return d.String()
}

func (d *dump) flags(fn *fennel.Func, conditional bool) {
	if fn != nil {
		fmt.Fprintf(d, " in %s", d.fn(fn))
	}
	if conditional {
		d.WriteString(" conditional")
	}
}

func (d *dump) fn(f *fennel.Func) string {
	text := fmt.Sprintf("%s@%s/%d", f.Name, d.file.Position(f.Span.Start), f.Params)
	if f.Vararg {
		text += "+"
	}
	if f.Outer != nil {
		text += "<" + d.fn(f.Outer)
	}
	return text
}

func (d *dump) value(v *fennel.Value) string {
	text := ""
	switch v.Kind {
	case fennel.Unknown:
		text = "?"
	case fennel.Literal:
		text = v.Type + ":" + v.Text
	case fennel.ArrayOf, fennel.TableOf:
		text = d.table(v)
	case fennel.Lambda:
		text = "fn:" + d.fn(v.Fn)
	case fennel.Path:
		text = d.path(v)
	case fennel.Result:
		text = "result:" + d.at(v.Call.Span)
	}
	if v.Made {
		text += "'"
	}
	return text
}

func (d *dump) table(v *fennel.Value) string {
	var parts []string
	for _, item := range v.Items {
		parts = append(parts, d.value(item))
	}
	for _, f := range v.Fields {
		parts = append(parts, d.value(f.Key)+"="+d.value(f.Value))
	}
	if v.Open {
		parts = append(parts, "…")
	}
	brackets := "[%s]"
	if v.Kind == fennel.TableOf {
		brackets = "{%s}"
	}
	return fmt.Sprintf(brackets, strings.Join(parts, " "))
}

func (d *dump) path(v *fennel.Value) string {
	text := ""
	switch r := v.Root; r.Kind {
	case fennel.ModuleRoot:
		text = "module:" + r.Name
	case fennel.GlobalRoot:
		text = "global:" + r.Name
	case fennel.ParamRoot:
		text = fmt.Sprintf("param%d:%s", r.Index, d.fn(r.Fn))
	case fennel.CallRoot:
		text = "result:" + d.at(r.Call.Span)
	}
	for _, k := range v.Keys {
		text += fmt.Sprintf(".%s(%s)", k.Name, d.file.Slice(k.Span))
	}
	return text
}
