package analysis

import (
	"strings"
	"unicode"

	"quire/analysis/fennel/syntax"
)

// thread writes calls in each other as steps, one after the other.
func (r *restructurer) thread() {
	n, i := r.bracket()
	if n == nil || i > 0 && isThread(r.path[i-1]) {
		return
	}
	// The outermost call of the nest is meant.
	for i > 0 && r.path[i-1].Kind == syntax.List && r.threads(r.path[i-1]) && (firstOf(r.path[i-1]) == n || lastOf(r.path[i-1]) == n) {
		i--
		n = r.path[i]
	}
	if r.commented(n.Span, n) {
		return
	}
	r.threadBy("->", n, firstOf)
	r.threadBy("->>", n, lastOf)
}

func (r *restructurer) threadBy(macro string, n *syntax.Node, argument func(*syntax.Node) *syntax.Node) {
	var steps []string
	value := n
	for r.threads(value) && r.threads(argument(value)) {
		steps = append(steps, r.without(value, argument(value)))
		value = argument(value)
	}
	if len(steps) == 0 {
		return
	}
	if inner := argument(value); inner.Kind != syntax.Number && inner.Kind != syntax.String {
		steps = append(steps, r.without(value, inner))
		value = inner
	}
	var text strings.Builder
	text.WriteString("(" + macro + " " + r.text(value))
	for i := len(steps) - 1; i >= 0; i-- {
		text.WriteString(" " + steps[i])
	}
	text.WriteString(")")
	r.offer("Thread with "+macro, false, r.replace(n.Span.Start, n.Span.End, text.String()))
}

// without returns the text of a call without one of its arguments.
func (r *restructurer) without(call, argument *syntax.Node) string {
	var parts []string
	for x := range call.Forms() {
		if x != argument {
			parts = append(parts, r.text(x))
		}
	}
	return "(" + strings.Join(parts, " ") + ")"
}

// threads reports whether a form is a call of a function or operator with an
// argument, which can be a step.
func (r *restructurer) threads(n *syntax.Node) bool {
	if n == nil || n.Kind != syntax.List {
		return false
	}
	items := n.Items()
	if len(items) < 2 || items[0].Kind != syntax.Symbol || r.isMacro(items[0]) {
		return false
	}
	f, ok := findForm(items[0].Text)
	return !ok || f.Special && f.Name != "." && f.Name != ":" && !strings.ContainsFunc(f.Name, unicode.IsLetter)
}

func firstOf(call *syntax.Node) *syntax.Node {
	if items := call.Items(); len(items) > 1 {
		return items[1]
	}
	return nil
}

func lastOf(call *syntax.Node) *syntax.Node {
	if items := call.Items(); len(items) > 1 {
		return items[len(items)-1]
	}
	return nil
}

func isThread(n *syntax.Node) bool { return head(n) == "->" || head(n) == "->>" }

// unthread writes steps as calls in each other.
func (r *restructurer) unthread() {
	i := len(r.path) - 1
	for i >= 0 && !isThread(r.path[i]) {
		i--
	}
	if i < 0 {
		return
	}
	n := r.path[i]
	items := n.Items()
	if len(items) < 3 || r.commented(n.Span, n) {
		return
	}
	text := r.text(items[1])
	for _, step := range items[2:] {
		parts := step.Items()
		switch {
		case step.Kind != syntax.List || len(parts) == 0:
			text = "(" + r.text(step) + " " + text + ")"
		case head(n) == "->":
			rest := r.text(parts[0]) + " " + text
			for _, x := range parts[1:] {
				rest += " " + r.text(x)
			}
			text = "(" + rest + ")"
		default:
			rest := ""
			for _, x := range parts {
				rest += r.text(x) + " "
			}
			text = "(" + rest + text + ")"
		}
	}
	r.offer("Unthread", false, r.replace(n.Span.Start, n.Span.End, text))
}
