package diag_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"testing"

	"quire/analysis/diag"
)

func TestEntries(t *testing.T) {
	sentences := regexp.MustCompile(`^[A-Z].*\.$`)
	title := regexp.MustCompile(`^[a-z].*[^.]$`)
	seen := map[diag.Code]bool{}
	for _, e := range diag.Entries() {
		if seen[e.Code] {
			t.Errorf("%s is listed twice", e.Code)
		}
		seen[e.Code] = true
		if e.Severity == 0 {
			t.Errorf("%s has no severity", e.Code)
		}
		if !title.MatchString(e.Title) {
			t.Errorf("%s: %q is no title", e.Code, e.Title)
		}
		if !sentences.MatchString(e.Explain) {
			t.Errorf("%s: %q is no explanation", e.Code, e.Explain)
		}
		if (e.Bad == "") != (e.Good == "") {
			t.Errorf("%s has only one example", e.Code)
		}
		if got := e.Code.Entry(); got != e {
			t.Errorf("Entry of %s is %v", e.Code, got)
		}
	}
	for _, c := range declared(t) {
		if !seen[c] {
			t.Errorf("%s is not in the table", c)
		}
	}
}

// declared returns the constants of type Code in codes.go.
func declared(t *testing.T) []diag.Code {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []diag.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, diag.Code(text))
		}
		return false
	})
	if len(codes) == 0 {
		t.Fatal("codes.go declares no codes")
	}
	return codes
}
