package analysis

import (
	"strings"
	"unicode"

	"quire/analysis/dsl"
	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// A TokenType says what a piece of the text is, for colours.
type TokenType int

// The types of tokens.
const (
	CommentToken TokenType = iota
	StringToken            // also keywords such as :text
	NumberToken
	KeywordToken  // special forms, true, false, nil and names such as &until
	OperatorToken // special forms without letters, prefixes, and the lone colon of {: name}
	MacroToken
	FunctionToken // functions, primitives, and ids of jobs
	MethodToken   // the name in object:method
	ParameterToken
	VariableToken
	PropertyToken  // fields, options and other keys of tables
	NamespaceToken // modules, libraries of Lua, and sources such as quire/push
	SecretToken    // the names of secrets
)

// A TokenModifier says more of a token. Modifiers are bits of a set.
type TokenModifier int

// The modifiers.
const (
	Declares      TokenModifier = 1 << iota // the name is bound here, or the job registered
	Provided                                // it comes from the product, the language or Lua
	Documentation                           // a docstring
)

// A Token is a piece of the text within one line. White space, brackets, the
// dots of multi-symbols and what does not read are in no token.
type Token struct {
	Span      source.Span
	Type      TokenType
	Modifiers TokenModifier
}

// Tokens returns the tokens of the file in their order. They do not overlap.
func (s *Snapshot) Tokens() []Token {
	words := s.lexicon().words
	// Of the tokens about every other one is a word with a meaning.
	t := tokenizer{Snapshot: s, words: words, out: make([]Token, 0, 2*len(words))}
	for _, form := range s.Module().Tree.Forms {
		t.node(form, nil)
	}
	return t.out
}

// A tokenizer walks the tree and the words of the lexicon side by side.
type tokenizer struct {
	*Snapshot
	words []*word // those that are not passed yet
	out   []Token
}

// add adds a token, or one for each line of it.
func (t *tokenizer) add(at source.Span, of TokenType, with TokenModifier) {
	for start := at.Start; start < at.End; {
		text := t.File.Text()[start:at.End]
		end, next := at.End, at.End
		if i := strings.IndexAny(text, "\r\n"); i >= 0 {
			end, next = start+i, start+i+1
		}
		if end > start {
			t.out = append(t.out, Token{source.Span{Start: start, End: end}, of, with})
		}
		start = next
	}
}

// word returns the word whose name has that place, if there is one. Places are
// asked for in order.
func (t *tokenizer) word(at source.Span) *word {
	for len(t.words) > 0 && t.words[0].Span.Start < at.Start {
		t.words = t.words[1:]
	}
	for _, w := range t.words {
		if w.Span.Start != at.Start {
			break
		}
		if w.Span == at {
			return w
		}
	}
	return nil
}

// node adds the tokens of a node, which stands in another one or at top level.
func (t *tokenizer) node(n, in *syntax.Node) {
	switch n.Kind {
	case syntax.Comment:
		t.add(n.Span, CommentToken, 0)
	case syntax.Number:
		t.add(n.Span, NumberToken, 0)
	case syntax.String:
		t.text(n, in)
	case syntax.Symbol:
		t.symbol(n, in)
	case syntax.Prefix:
		t.add(source.Span{Start: n.Span.Start, End: n.Span.Start + 1}, OperatorToken, Provided)
		t.children(n)
	case syntax.List, syntax.Sequence, syntax.Table:
		t.children(n)
	}
}

func (t *tokenizer) children(n *syntax.Node) {
	for _, c := range n.Children {
		t.node(c, n)
	}
}

// text adds a string, which may name something.
func (t *tokenizer) text(n, in *syntax.Node) {
	name := source.Span{Start: n.Span.Start + 1, End: n.Span.End}
	if !n.Open && strings.HasPrefix(t.File.Slice(n.Span), `"`) {
		name.End--
	}
	w := t.word(name)
	switch {
	case w != nil:
		of, with := t.named(w.Meaning, name)
		t.add(n.Span, of, with)
	case in != nil && isKey(in, n):
		t.add(n.Span, PropertyToken, 0)
	case in != nil && docstring(in) == n:
		t.add(n.Span, StringToken, Documentation)
	default:
		t.add(n.Span, StringToken, 0)
	}
}

// isKey reports whether a node is a key of a table.
func isKey(table, n *syntax.Node) bool {
	if table.Kind != syntax.Table {
		return false
	}
	i := 0
	for x := range table.Forms() {
		if x == n {
			return i%2 == 0
		}
		i++
	}
	return false
}

// docstring returns the string that documents the function or macro that a form
// makes, or nil.
func docstring(form *syntax.Node) *syntax.Node {
	switch head(form) {
	case "fn", "lambda", "λ", "macro":
	default:
		return nil
	}
	items := form.Items()
	for i := 1; i < len(items)-2 && i <= 2; i++ {
		if items[i].Kind == syntax.Sequence {
			if doc := items[i+1]; doc.Kind == syntax.String {
				return doc
			}
			return nil
		}
	}
	return nil
}

// named returns what a name with a meaning is.
func (t *tokenizer) named(m Meaning, at source.Span) (TokenType, TokenModifier) {
	var with TokenModifier
	if m.Symbol != nil && m.Symbol.Def == at && !m.Symbol.Expanded || m.Kind == JobName && m.As == Registers {
		with = Declares
	}
	switch m.Kind {
	case JobName:
		return FunctionToken, with
	case SourceName:
		return NamespaceToken, with | Provided
	case SecretName:
		return SecretToken, with
	case PrimitiveName:
		return FunctionToken, with | Provided
	case OptionName:
		return PropertyToken, with | Provided
	case ModuleName:
		return NamespaceToken, with
	case MemberName:
		if l := t.library(m.Of); l != nil {
			return l.token(m), with
		}
		if mod, _ := dsl.FindModule(m.Of); has(mod, m.Name) {
			return FunctionToken, with | Provided
		}
		return NamespaceToken, with | Provided
	case MacroName:
		return MacroToken, with
	case FieldName:
		if m.Symbol == nil && m.key.States == 0 { // one that a job of the file returns
			return PropertyToken, with
		}
		if m.Symbol == nil {
			return PropertyToken, with | Provided
		}
	}
	if m.Symbol == nil {
		return VariableToken, with
	}
	return t.bound(m.Symbol), with
}

// token returns what a member of a module of the repository is.
func (l *library) token(m Meaning) TokenType {
	switch {
	case l.member(m.Name).function != nil:
		return FunctionToken
	case m.Symbol != nil:
		return VariableToken
	}
	return PropertyToken
}

func has(m dsl.Module, function string) bool {
	_, ok := m.Func(function)
	return ok
}

// bound returns what a name of the file is.
func (t *tokenizer) bound(sym *fennel.Symbol) TokenType {
	switch k := t.lexicon().senses[sym].kind; {
	case sym.Kind == fennel.Macro:
		return MacroToken
	case sym.Kind == fennel.Function, k == function && sym.Kind == fennel.Local:
		return FunctionToken
	case k == module, k == runtime && sym.Kind == fennel.Local:
		return NamespaceToken
	case sym.Kind == fennel.Param:
		return ParameterToken
	}
	return VariableToken
}

// symbol adds the parts of a symbol.
func (t *tokenizer) symbol(n, in *syntax.Node) {
	text := n.Text
	first := source.Span{Start: n.Span.Start, End: n.Span.Start + rootLength(text)}
	w := t.word(first)
	heads := in != nil && isHead(in, n)
	switch {
	case w != nil:
		of, with := t.named(w.Meaning, first)
		t.add(first, of, with)
	case text == "true", text == "false", text == "nil", strings.HasPrefix(text, "&"):
		t.add(n.Span, KeywordToken, Provided)
		return
	case text == ":", text == ".", text == "..", text == "#":
		t.add(n.Span, OperatorToken, Provided)
		return
	case text == "...", strings.HasPrefix(text, "$"):
		t.add(n.Span, ParameterToken, Provided)
		return
	default:
		if form, ok := findForm(text); ok && heads {
			t.add(n.Span, formToken(form), Provided)
			return
		}
		of, with := t.free(text[:first.Len()], heads && first == n.Span)
		t.add(first, of, with)
	}
	t.parts(n, first, w == nil)
}

// rootLength returns the length of the first part of a multi-symbol.
func rootLength(text string) int {
	if i := strings.IndexAny(text, ".:"); i > 0 {
		return i
	}
	return len(text)
}

// parts adds what stands behind the first part of a symbol, which is free when
// the file does not bind it.
func (t *tokenizer) parts(n *syntax.Node, first source.Span, free bool) {
	for at := first; at.End < n.Span.End; {
		joint := t.File.Text()[at.End]
		at.Start = at.End + 1
		at.End = n.Span.End
		if i := strings.IndexAny(t.File.Text()[at.Start:at.End], ".:"); i >= 0 {
			at.End = at.Start + i
		}
		of, with := PropertyToken, TokenModifier(0)
		if w := t.word(at); w != nil {
			of, with = t.named(w.Meaning, at)
		} else if joint == ':' {
			of = MethodToken
		} else if g, ok := dsl.FindGlobal(n.Text[:at.End-n.Span.Start]); ok && free {
			of, with = libraryToken(g), Provided
		}
		t.add(at, of, with)
	}
}

// free returns what a name is that the file does not bind.
func (t *tokenizer) free(name string, called bool) (TokenType, TokenModifier) {
	if g, ok := dsl.FindGlobal(name); ok {
		return libraryToken(g), Provided
	}
	if called {
		return FunctionToken, 0
	}
	return VariableToken, 0
}

func libraryToken(g dsl.Global) TokenType {
	switch g.Kind {
	case dsl.FunctionGlobal:
		return FunctionToken
	case dsl.TableGlobal:
		return NamespaceToken
	}
	return VariableToken
}

// formToken returns what the name of a special form or built-in macro is.
func formToken(f fennel.Form) TokenType {
	switch {
	case !f.Special:
		return MacroToken
	case f.Name == "not=" || !strings.ContainsFunc(f.Name, unicode.IsLetter):
		return OperatorToken
	}
	return KeywordToken
}
