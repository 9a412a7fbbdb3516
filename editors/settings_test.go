package editors

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// What the documentation of an editor, or of its client, says of settings: the
// fields that ours rely on, with their types. A field that is not here is a
// mistake, since editors ignore what they do not know.

// Sublime's LSP: docs/src/client_configuration.md and LSP.sublime-settings in
// github.com/sublimelsp/LSP.
type sublime struct {
	Clients map[string]struct {
		Enabled               bool
		Command               []string
		Selector              string
		InitializationOptions options
	}
	ShowCodeLens         string `json:"show_code_lens"` // annotation or phantom
	ShowInlayHints       bool   `json:"show_inlay_hints"`
	SemanticHighlighting bool   `json:"semantic_highlighting"`
}

// Kate: "LSP Client Plugin" in The Kate Handbook.
type kate struct {
	Servers map[string]struct {
		Command                 []string
		URL                     string
		HighlightingModeRegex   string
		RootIndicationFileNames []string
		InitializationOptions   options
	}
}

// Zed: "Configuring Languages" and "All Settings" in zed.dev/docs.
type zed struct {
	LSP map[string]struct {
		InitializationOptions options `json:"initialization_options"`
	}
	Languages map[string]struct {
		LanguageServers []string `json:"language_servers"`
		FormatOnSave    string   `json:"format_on_save"` // on or off
	}
	InlayHints struct{ Enabled bool } `json:"inlay_hints"`
}

// LSP4IJ: docs/UserDefinedLanguageServerTemplate.md in
// github.com/redhat-developer/lsp4ij.
type lsp4ij struct {
	ID, Name         string
	ProgramArgs      struct{ Default, Windows string }
	FileTypeMappings []struct {
		FileType struct {
			Name     string
			Patterns []string
		}
		LanguageID string
	}
}

// coc.nvim: data/schema.json in github.com/neoclide/coc.nvim. Names of servers
// are letters and underscores.
type coc struct {
	Languageserver map[string]struct {
		Command               string
		Filetypes             []string
		RootPatterns          []string
		RequireRootPattern    bool
		InitializationOptions options
	}
	CodeLens       bool `json:"codeLens.enable"`
	SemanticTokens bool `json:"semanticTokens.enable"`
}

// options are the initialization options of quire-lsp that settings here give.
type options struct{ Trusted bool }

// The settings have nothing that their documentation does not know, and start
// the server for Fennel.
func TestSettings(t *testing.T) {
	var s sublime
	read(t, "sublime/LSP.sublime-settings", &s)
	if c := s.Clients["quire"]; !c.Enabled || len(c.Command) != 1 || c.Command[0] != "quire-lsp" || c.Selector != "source.fennel" {
		t.Errorf("sublime: %+v", c)
	}
	if s.ShowCodeLens != "phantom" && s.ShowCodeLens != "annotation" {
		t.Errorf("sublime: show_code_lens is %q", s.ShowCodeLens)
	}

	var k kate
	read(t, "kate/settings.json", &k)
	// The name of the server is the language that the server is told.
	if c := k.Servers["fennel"]; len(c.Command) != 1 || c.Command[0] != "quire-lsp" || c.HighlightingModeRegex != "^Fennel$" {
		t.Errorf("kate: %+v", c)
	}

	var z zed
	read(t, "zed/settings.json", &z)
	extension, err := os.ReadFile("zed/extension.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, server := range z.Languages["Fennel"].LanguageServers {
		if !bytes.Contains(extension, []byte("[language_servers."+server+"]")) {
			t.Errorf("zed: the extension has no server %s", server)
		}
	}
	if len(z.Languages["Fennel"].LanguageServers) == 0 {
		t.Error("zed: no server for Fennel")
	}

	var j lsp4ij
	read(t, "jetbrains/quire/template.json", &j)
	if j.ID == "" || j.Name == "" || j.ProgramArgs.Default != "quire-lsp" || len(j.FileTypeMappings) != 1 ||
		j.FileTypeMappings[0].LanguageID != "fennel" || j.FileTypeMappings[0].FileType.Patterns[0] != "*.fnl" {
		t.Errorf("jetbrains: %+v", j)
	}
	read(t, "jetbrains/quire/initializationOptions.json", &options{})

	var c coc
	read(t, "vim/coc-settings.json", &c)
	if q := c.Languageserver["quire"]; q.Command != "quire-lsp" || len(q.Filetypes) != 1 || q.Filetypes[0] != "fennel" ||
		!q.RequireRootPattern || len(q.RootPatterns) != 1 || q.RootPatterns[0] != ".quire" {
		t.Errorf("coc: %+v", q)
	}
}

// read reads settings, of which all fields must be known.
func read(t *testing.T, path string, settings any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(settings); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}
