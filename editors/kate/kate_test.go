// Package kate tests the highlighting for Kate with the highlighter of Kate.
package kate

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What is not text is drawn as what it is, and the file is found by its name.
func TestHighlighting(t *testing.T) {
	var highlighter string
	for _, name := range []string{"ksyntaxhighlighter6", "kate-syntax-highlighter"} {
		if path, err := exec.LookPath(name); err == nil {
			highlighter = path
		}
	}
	if highlighter == "" {
		t.Skip("no kate-syntax-highlighter in PATH; .ci/editors installs it")
	}
	definition, err := os.ReadFile("fennel.xml")
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	file := filepath.Join(data, "ci.fnl")
	for path, text := range map[string]string{
		filepath.Join(data, "org.kde.syntax-highlighting", "syntax", "fennel.xml"): string(definition),
		file: "(let [a-fn (sh \"two\\n\nlines\" :name -1.5)] nil) ; fn\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(highlighter, "--output-format", "ansi", "--syntax-trace", "format", "--no-ansi-background", file)
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+data, "QT_QPA_PLATFORM=offscreen")
	var messages strings.Builder
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil || messages.Len() > 0 {
		t.Fatalf("%v: %v\n%s", cmd, err, messages.String())
	}
	t.Log(string(out))
	for _, want := range []string{"Form", "String", "Escape", "Name", "Number", "Constant", "Comment"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("nothing is drawn as %s", want)
		}
	}
	if n := strings.Count(string(out), "Form"); n != 1 {
		t.Errorf("%d words are drawn as special forms, want only the first", n)
	}
}
