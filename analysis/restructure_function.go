package analysis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
)

// convert writes the function around the place in another way.
func (r *restructurer) convert() {
	for i, n := range slices.Backward(r.path) {
		switch items := n.Items(); {
		case n.Kind == syntax.Prefix && n.Text == "#" && len(n.Children) > 0:
			r.unhash(n)
			return
		case head(n) == "fn" || head(n) == "lambda" || head(n) == "λ":
			other := map[string]string{"fn": "lambda", "lambda": "fn", "λ": "fn"}[items[0].Text]
			r.offer("Convert to "+other, false, r.replace(items[0].Span.Start, items[0].Span.End, other))
			if i > 0 && items[0].Text == "fn" {
				r.hash(n)
			}
			return
		}
	}
}

// hash writes (fn [a b] form) as #form.
func (r *restructurer) hash(fn *syntax.Node) {
	items := fn.Items()
	if len(items) != 3 || items[1].Kind != syntax.Sequence || r.commented(fn.Span, fn) {
		return
	}
	body := items[2]
	for n := range body.All() {
		if n.Kind == syntax.Prefix || n.Kind == syntax.Symbol && (strings.HasPrefix(n.Text, "$") || n.Text == "...") || head(n) == "hashfn" {
			return
		}
	}
	var edits []diag.Edit
	params := items[1].Items()
	for i, p := range params {
		sym, ok := r.bound(p)
		if !ok || i >= 9 || sym.UsedByMacro {
			return
		}
		name := "$" + strconv.Itoa(i+1)
		if len(params) == 1 {
			name = "$"
		}
		for _, u := range sym.Uses {
			if u.Len() != len(sym.Name) {
				return
			}
			if _, short := r.lexicon().shorthand(u); short {
				return // the name is the key of a table too
			}
			edits = append(edits, r.replace(u.Start, u.End, name))
		}
	}
	edits = append(edits, r.replace(fn.Span.Start, body.Span.Start, "#"), r.replace(body.Span.End, fn.Span.End, ""))
	slices.SortFunc(edits, func(a, b diag.Edit) int { return a.Span.Start - b.Span.Start })
	r.offer("Convert to a hashfn", false, edits...)
}

// bound returns the symbol that a parameter binds, which has a plain name.
func (r *restructurer) bound(p *syntax.Node) (*fennel.Symbol, bool) {
	if p.Kind != syntax.Symbol || strings.HasPrefix(p.Text, "&") || p.Text == "..." {
		return nil, false
	}
	sym, at, ok := r.Module().Index.At(p.Span.Start)
	return sym, ok && at == p.Span && sym.Def == p.Span && sym.Kind == fennel.Param
}

// unhash writes #form as (fn [a b] form).
func (r *restructurer) unhash(n *syntax.Node) {
	body := n.Children[len(n.Children)-1]
	most, rest := 0, false
	var edits []diag.Edit
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}
	for x := range body.All() {
		switch {
		case x.Kind == syntax.Prefix && x.Text == "#" || head(x) == "hashfn":
			return
		case x.Kind != syntax.Symbol:
			continue
		case x.Text == "$...":
			rest = true
			edits = append(edits, r.replace(x.Span.Start, x.Span.End, "..."))
			continue
		}
		root := x.Text[:rootLength(x.Text)]
		number := 1
		if root != "$" {
			digits, ok := strings.CutPrefix(root, "$")
			var err error
			if number, err = strconv.Atoi(digits); !ok || err != nil || number < 1 || number > len(names) {
				continue
			}
		}
		most = max(most, number)
		edits = append(edits, r.replace(x.Span.Start, x.Span.Start+len(root), names[number-1]))
	}
	for _, name := range names[:most] {
		if r.taken(name, n) {
			return
		}
	}
	params := slices.Clone(names[:most])
	if rest {
		params = append(params, "...")
	}
	opening := fmt.Sprintf("(fn [%s] ", strings.Join(params, " "))
	edits = append([]diag.Edit{r.replace(n.Span.Start, n.Span.Start+1, opening)}, edits...)
	r.offer("Convert to fn", false, append(edits, r.replace(n.Span.End, n.Span.End, ")"))...)
}

// taken reports whether a name stands in a form or can be seen there.
func (r *restructurer) taken(name string, in *syntax.Node) bool {
	for x := range in.All() {
		if x.Kind == syntax.Symbol && x.Text[:rootLength(x.Text)] == name {
			return true
		}
	}
	return slices.ContainsFunc(r.Module().Index.Visible(in.Span.Start), func(s *fennel.Symbol) bool { return s.Name == name })
}
