package analysis

import (
	"strings"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
)

// snippets are what usually follows a name at the head of a form, with the
// stops of LSP's snippets, by the names of primitives, members, special forms
// and macros.
var snippets = map[string]string{
	"job":           ":${1:name} [:${2:quire/push}]\n  (fn [{: sh}]\n    $0)",
	"image":         "\"${1:name}\"",
	"mirror":        "\"${1:url}\" {:tag (fn [push] $2) :secret :$3}",
	"defrun":        "[${1:sh}]\n  $0",
	"sh":            "[:$1]",
	"secret":        ":$1",
	"jobs":          ":$1",
	"local":         "${1:name} $0",
	"let":           "[${1:name} ${2:value}]\n  $0",
	"fn":            "[${1:parameters}]\n  $0",
	"lambda":        "[${1:parameters}]\n  $0",
	"when":          "${1:condition}\n  $0",
	"if":            "${1:condition}\n  ${2:then}\n  $0",
	"each":          "[_ ${1:item} (ipairs ${2:sequence})]\n  $0",
	"for":           "[${1:i} 1 ${2:last}]\n  $0",
	"icollect":      "[_ ${1:item} (ipairs ${2:sequence})]\n  $0",
	"collect":       "[${1:key} ${2:value} (pairs ${3:table})]\n  $0",
	"case":          "${1:value}\n  ${2:pattern} $0",
	"import-macros": "{: ${1:name}} :${2:module}",
}

// addSnippets offers, behind the names that a form may begin with, those of
// them that come with what usually follows.
func (c *completer) addSnippets() {
	here := c.outer(0)
	if here == nil || here.Kind != syntax.List || c.index(here) != 0 || len(here.Items()) > 1 {
		return
	}
	visible := map[string]*fennel.Symbol{}
	for _, sym := range c.Module().Index.Visible(c.offset) {
		visible[sym.Name] = sym
	}
	for _, x := range c.out {
		body, ok := snippets[c.provided(x, visible[x.Label])]
		if !ok {
			continue
		}
		x.Snippet = snippetText(x.Text) + " " + body
		x.Label += " …"
		c.out = append(c.out, x)
	}
}

// provided returns the name by which the product or the language knows what a
// candidate names, which may be a name of the file, or nothing.
func (c *completer) provided(x Candidate, sym *fennel.Symbol) string {
	switch x.Kind {
	case PrimitiveName, FormName:
		return x.Label
	case MemberName:
		if x.Subject.Of == dsl.CI {
			return x.Label
		}
	case SymbolName:
		if t := c.lexicon().senses[sym]; t.kind == primitive || t.kind == member && t.module == dsl.CI {
			return t.name
		}
		if m, ok := c.importedMacro(sym); ok && m.Of == dsl.CI {
			return m.Name
		}
	}
	return ""
}

// snippetText returns text as it stands in a snippet.
func snippetText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "$", `\$`, "}", `\}`).Replace(text)
}
