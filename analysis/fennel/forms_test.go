package fennel_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"quire/analysis/fennel"
	"quire/analysis/source"
)

// The forms of Fennel 1.6.1.
const (
	specialNames = `# % * + - . .. / // : < <= = > >= ^ and band bnot bor bxor comment do each eval-compiler
 fn for global hashfn if import-macros include length let local lshift lua macrodebug macros not not= or pick-values
 quote require-macros rshift set set-forcibly! tail! tset unquote values var while ~=`
	macroNames = `-> ->> -?> -?>> ?. accumulate assert-repl case case-try collect doto faccumulate fcollect icollect
 lambda macro match match-try partial pick-args when with-open λ`
)

// TestForms checks that the table of forms is what the language has, that each
// entry is documented, and that the compiler dispatches on it.
func TestForms(t *testing.T) {
	var specials, macros []string
	for _, f := range fennel.Forms() {
		reference := "a macro"
		if f.Special {
			reference = "a special form"
			specials = append(specials, f.Name)
		} else {
			macros = append(macros, f.Name)
		}
		if len(f.Params) == 0 || !strings.HasSuffix(f.Doc, ".") || slices.Contains(f.Params, "") {
			t.Errorf("%s is not documented: %q %q", f.Name, f.Params, f.Doc)
		}
		for text, want := range map[string]string{
			fmt.Sprintf("(let [%s 1] nil)", f.Name): fmt.Sprintf("local %s was overshadowed by a special form or macro", f.Name),
			fmt.Sprintf("(print %s)", f.Name):       fmt.Sprintf("tried to reference %s without calling it", reference),
		} {
			m := compileFile(source.NewFile("in.fnl", text), nil)
			if len(m.Diagnostics) == 0 || m.Diagnostics[0].Message != want && !isPunctuation(f.Name) {
				t.Errorf("%s: %v, want %s", text, m.Diagnostics, want)
			}
		}
	}
	slices.Sort(specials)
	slices.Sort(macros)
	if diff := cmp.Diff(strings.Fields(specialNames), specials); diff != "" {
		t.Errorf("special forms: -language +table\n%s", diff)
	}
	if diff := cmp.Diff(strings.Fields(macroNames), macros); diff != "" {
		t.Errorf("macros: -language +table\n%s", diff)
	}
}

// isPunctuation reports whether a name is refused for the characters in it
// before it is looked up.
func isPunctuation(name string) bool { return strings.Trim(name, ".:?") == "" }
