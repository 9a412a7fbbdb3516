package exec

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// FuzzConfig checks that whatever a configuration is, what is wrong with it has a
// place in it, and that with errors it tells nothing else.
func FuzzConfig(f *testing.F) {
	f.Add(diag.Config.Entry().Bad)
	f.Add(diag.Config.Entry().Good)
	for _, pattern := range []string{"../testdata/cli/*config*.txtar", "../testdata/cli/secret*.txtar", "../testdata/hostile/surface/config*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no files %s: %v", pattern, err)
		}
		for _, file := range files {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range archive.Files {
				if strings.HasSuffix(file.Name, ".fnl") {
					f.Add(string(file.Data))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4<<10 {
			return
		}
		file := source.NewFile("config.fnl", text)
		s := SettingsOf(context.Background(), file)
		if s.Diagnostics.HasErrors() && (s.Secrets != nil || s.Server != 0) {
			t.Errorf("with errors it tells %+v", s)
		}
		for _, d := range s.Diagnostics {
			if d.Code != diag.Config || d.Message == "" || d.File == nil || d.Span.Start > d.Span.End || d.Span.End > len(d.File.Text()) {
				t.Errorf("a diagnostic without a place: %+v", d)
			}
		}
	})
}
