package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/dsl"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// replaceLiteral returns the fix that puts another text into a string literal,
// or none when the text is not written at the place.
func (ld *loader) replaceLiteral(p source.Place, old, text string) []diag.Fix {
	n, _ := ld.trees.literal(p, old)
	if n == nil {
		return nil
	}
	return []diag.Fix{{
		Title: fmt.Sprintf("Replace '%s' by '%s'", old, text),
		Edits: []diag.Edit{{File: p.File, Span: n.Span, Text: literalText(p.File.Slice(n.Span), text)}},
	}}
}

// literalText writes a string as the literal it takes the place of was
// written, if that is possible.
func literalText(written, text string) string {
	if strings.HasPrefix(written, ":") && isKeyword(text) {
		return ":" + text
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isKeyword reports whether a text can be written with a colon before it.
func isKeyword(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune("()[]{}\"'~;,@`", r)
	})
}

// addSource returns the fix that adds a source to the inputs at a place, or
// none when they are not written there.
func (ld *loader) addSource(p source.Place) []diag.Fix {
	n, _ := ld.trees.node(p)
	if n == nil || n.Kind != syntax.Sequence || n.Open {
		return nil
	}
	text := ":" + dsl.Push
	for range n.Forms() {
		text += " "
		break
	}
	return []diag.Fix{{
		Title: "Add :" + dsl.Push + " to the inputs",
		Edits: []diag.Edit{{File: p.File, Span: source.Span{Start: n.Span.Start + 1, End: n.Span.Start + 1}, Text: text}},
	}}
}

// removeInput returns the fix that takes an input out of the sequence it is
// written in, or none when it is not written.
func (ld *loader) removeInput(in Input, title string) []diag.Fix {
	n, parent := ld.trees.literal(in.Place, in.Name)
	if n == nil || parent.Kind != syntax.Sequence {
		return nil
	}
	span := n.Span
	i := slices.Index(parent.Children, n)
	switch {
	case i > 0 && parent.Children[i-1].Kind != syntax.Comment:
		span.Start = parent.Children[i-1].Span.End
	case i == 0 && i+1 < len(parent.Children) && parent.Children[i+1].Kind != syntax.Comment:
		span.End = parent.Children[i+1].Span.Start
	}
	return []diag.Fix{{Title: title, Edits: []diag.Edit{{File: in.Place.File, Span: span}}}}
}

// dropInput returns the fix that ends a job's need of an input. A job whose
// only input it is gets a source instead. There is none for an input that is
// listed more than once, which has a diagnostic of its own.
func (ld *loader) dropInput(j *Job, in Input) []diag.Fix {
	others, same := 0, 0
	for _, other := range j.Inputs {
		if other.Name == in.Name {
			same++
		} else {
			others++
		}
	}
	if same > 1 {
		return nil
	}
	if others > 0 {
		return ld.removeInput(in, fmt.Sprintf("Remove '%s' from the inputs of '%s'", in.Name, j.ID))
	}
	fixes := ld.replaceLiteral(in.Place, in.Name, dsl.Push)
	for i := range fixes {
		fixes[i].Title = fmt.Sprintf("Replace '%s' by '%s' in the inputs of '%s'", in.Name, dsl.Push, j.ID)
	}
	return fixes
}

// removeForm returns the fix that removes a top-level form with the line that
// it leaves empty, or none when the place is none.
func (ld *loader) removeForm(p source.Place, title string) []diag.Fix {
	n, parent := ld.trees.node(p)
	if n == nil || parent != nil {
		return nil
	}
	text, span := p.File.Text(), n.Span
	lineStart := strings.LastIndexAny(text[:span.Start], "\n\r") + 1
	rest := strings.TrimLeft(text[span.End:], " \t")
	if strings.TrimSpace(text[lineStart:span.Start]) == "" && (rest == "" || rest[0] == '\n' || rest[0] == '\r') {
		span = source.Span{Start: lineStart, End: len(text) - len(rest)}
		for _, terminator := range []string{"\r\n", "\n", "\r"} {
			if strings.HasPrefix(rest, terminator) {
				span.End += len(terminator)
				break
			}
		}
	}
	return []diag.Fix{{Title: title, Edits: []diag.Edit{{File: p.File, Span: span}}}}
}
