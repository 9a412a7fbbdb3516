package neovim

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"quire/analysis/fennel"
	"quire/analysis/fennel/syntax"
	"quire/analysis/source"
)

// Words that begin a body are those below which the server indents by two.
func TestLispwords(t *testing.T) {
	words := namesIn(t, "ftplugin/fennel.vim", `(?m)^setlocal lispwords\+?=(.*)$`, ",")
	candidates := append([]string{"print"}, words...)
	for _, form := range fennel.Forms() {
		candidates = append(candidates, form.Name)
	}
	for _, word := range candidates {
		if got, want := slices.Contains(words, word), hasBody(t, word); got != want {
			t.Errorf("%s is in lispwords: %v, want %v", word, got, want)
		}
	}
}

// hasBody reports whether the server indents by two what stands below a form that
// begins with a word.
func hasBody(t *testing.T, word string) bool {
	t.Helper()
	const unindented = "\nbody)\n"
	text := "(" + word + unindented
	for _, edit := range syntax.Format(syntax.Read(source.NewFile("in.fnl", text))) {
		text = text[:edit.Span.Start] + edit.Text + text[edit.Span.End:]
	}
	if strings.HasSuffix(text, unindented) {
		t.Fatalf("not indented: %q", text)
	}
	return strings.HasSuffix(text, "\n  body)\n")
}

// What is coloured as a keyword are the forms of the language whose names are words.
func TestForms(t *testing.T) {
	coloured := namesIn(t, "syntax/fennel.vim", `(?m)^syntax keyword fennelSpecial contained (.*)$`, " ")
	var forms []string
	for _, form := range fennel.Forms() {
		if regexp.MustCompile(`^[a-z]`).MatchString(form.Name) {
			forms = append(forms, form.Name)
		}
	}
	slices.Sort(forms)
	slices.Sort(coloured)
	if !slices.Equal(coloured, forms) {
		t.Errorf("coloured are\n%q, the forms are\n%q", coloured, forms)
	}
}

// namesIn returns the names in the lines of a file that match a pattern.
func namesIn(t *testing.T, file, pattern, separator string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		names = append(names, strings.Split(line[1], separator)...)
	}
	if len(names) == 0 {
		t.Fatalf("%s has no line that matches %s", file, pattern)
	}
	return names
}
