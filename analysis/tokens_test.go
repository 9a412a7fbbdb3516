package analysis_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"

	"quire/analysis"
	"quire/analysis/source"
)

// tokenLetters are what stands for tokens in testdata/tokens. A capital is a
// name where it is declared.
var tokenLetters = map[analysis.Token]string{
	{Type: analysis.CommentToken}:   ";",
	{Type: analysis.StringToken}:    "s",
	{Type: analysis.NumberToken}:    "1",
	{Type: analysis.FunctionToken}:  "f",
	{Type: analysis.MacroToken}:     "m",
	{Type: analysis.MethodToken}:    "t",
	{Type: analysis.ParameterToken}: "p",
	{Type: analysis.VariableToken}:  "v",
	{Type: analysis.PropertyToken}:  "k",
	{Type: analysis.NamespaceToken}: "n",
	{Type: analysis.SecretToken}:    "x",

	{Type: analysis.StringToken, Modifiers: analysis.Documentation}: "d",

	{Type: analysis.KeywordToken, Modifiers: analysis.Provided}:   "=",
	{Type: analysis.OperatorToken, Modifiers: analysis.Provided}:  "+",
	{Type: analysis.MacroToken, Modifiers: analysis.Provided}:     "&",
	{Type: analysis.FunctionToken, Modifiers: analysis.Provided}:  "q",
	{Type: analysis.PropertyToken, Modifiers: analysis.Provided}:  "o",
	{Type: analysis.NamespaceToken, Modifiers: analysis.Provided}: "z",
	{Type: analysis.ParameterToken, Modifiers: analysis.Provided}: "$",
	{Type: analysis.VariableToken, Modifiers: analysis.Provided}:  "l",

	{Type: analysis.FunctionToken, Modifiers: analysis.Declares}:  "F",
	{Type: analysis.MacroToken, Modifiers: analysis.Declares}:     "M",
	{Type: analysis.ParameterToken, Modifiers: analysis.Declares}: "P",
	{Type: analysis.VariableToken, Modifiers: analysis.Declares}:  "V",
	{Type: analysis.NamespaceToken, Modifiers: analysis.Declares}: "N",

	{Type: analysis.FunctionToken, Modifiers: analysis.Declares | analysis.Provided}:  "Q",
	{Type: analysis.NamespaceToken, Modifiers: analysis.Declares | analysis.Provided}: "Z",
}

// TestTokens holds the classification of every character of the examples and
// of the files in testdata/editor: testdata/tokens/NAME.txt has each line of
// the file, and below it a letter of tokenLetters for each character, or a
// blank for what is in no token.
func TestTokens(t *testing.T) {
	for name, text := range tokenFixtures(t) {
		t.Run(name, func(t *testing.T) {
			got := tokenText(t, load(text, nil))
			path := filepath.Join("../testdata/tokens", strings.TrimSuffix(name, ".fnl")+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			crlf := load(strings.ReplaceAll(text, "\n", "\r\n"), nil)
			if diff := gocmp.Diff(string(want), tokenText(t, crlf)); diff != "" {
				t.Errorf("with CRLF (-want +got):\n%s", diff)
			}
		})
	}
}

// tokenFixtures returns the examples and a file that does not read.
func tokenFixtures(t *testing.T) map[string]string {
	all := examples(t)
	delete(all, "ci.fnl") // the project's own, which changes with the project
	broken, err := os.ReadFile("../testdata/tokens/broken.fnl")
	if err != nil {
		t.Fatal(err)
	}
	all["broken.fnl"] = string(broken)
	return all
}

// tokenText returns a file with the letters of its tokens, and checks that they
// are in order, apart, and each in one line.
func tokenText(t *testing.T, s *analysis.Snapshot) string {
	tokens := s.Tokens()
	var b strings.Builder
	last := 0
	for line := 1; line <= s.File.LineCount(); line++ {
		at := s.File.Line(line)
		var letters strings.Builder
		for end := at.Start; len(tokens) > 0 && tokens[0].Span.Start < at.End; tokens = tokens[1:] {
			k := tokens[0]
			if k.Span.Start < last || k.Span.End > at.End || k.Span.Len() == 0 {
				t.Fatalf("token %v in line %d, behind %d", k, line, last)
			}
			last = k.Span.End
			letters.WriteString(strings.Repeat(" ", utf8.RuneCountInString(s.File.Slice(source.Span{Start: end, End: k.Span.Start}))))
			letter, ok := tokenLetters[analysis.Token{Type: k.Type, Modifiers: k.Modifiers}]
			if !ok {
				t.Errorf("%q has no letter: %v", s.File.Slice(k.Span), k)
			}
			letters.WriteString(strings.Repeat(letter, utf8.RuneCountInString(s.File.Slice(k.Span))))
			end = k.Span.End
		}
		b.WriteString(s.File.Slice(at) + "\n")
		if letters.Len() > 0 {
			b.WriteString(letters.String() + "\n")
		}
	}
	if len(tokens) > 0 {
		t.Errorf("tokens behind the end: %v", tokens)
	}
	return b.String()
}
