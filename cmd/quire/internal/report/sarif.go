package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"quire/analysis/diag"
	"quire/analysis/source"
	"quire/cmd/quire/internal/terminal"
)

// SARIF writes diagnostics as a log of the Static Analysis Results Interchange
// Format 2.1.0, which code scanners exchange. Its rules are the table of
// codes. version is that of the tool.
//
// Places are relative to the root of the repository, %SRCROOT%. Columns count
// UTF-16 code units from 1.
func SARIF(w io.Writer, version string, list diag.List) error {
	rules, index := sarifRules()
	run := sarifRun{
		Tool:             sarifTool{sarifDriver{Name: "quire", Version: version, Rules: rules}},
		ColumnKind:       "utf16CodeUnits",
		NewlineSequences: []string{"\r\n", "\n", "\r"},
		Results:          []sarifResult{},
	}
	seen := map[string]int{}
	for _, d := range list {
		r := sarifResultOf(d, index)
		print := fingerprint(d)
		seen[print]++
		r.PartialFingerprints = map[string]string{"quireFinding/v1": fmt.Sprintf("%s:%d", print, seen[print])}
		run.Results = append(run.Results, r)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool             sarifTool     `json:"tool"`
	ColumnKind       string        `json:"columnKind"`
	NewlineSequences []string      `json:"newlineSequences"`
	Results          []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   diag.Code     `json:"id"`
	ShortDescription     sarifMessage  `json:"shortDescription"`
	FullDescription      sarifMessage  `json:"fullDescription"`
	Help                 sarifMarkdown `json:"help"`
	DefaultConfiguration sarifLevel    `json:"defaultConfiguration"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifMarkdown struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifResult struct {
	RuleID              diag.Code         `json:"ruleId"`
	RuleIndex           *int              `json:"ruleIndex,omitempty"`
	Level               string            `json:"level"`
	Message             sarifMessage      `json:"message"`
	Locations           []sarifLocation   `json:"locations,omitempty"`
	RelatedLocations    []sarifLocation   `json:"relatedLocations,omitempty"`
	PartialFingerprints map[string]string `json:"partialFingerprints"`
	Fixes               []sarifFix        `json:"fixes,omitempty"`
}

type sarifLocation struct {
	ID               *int          `json:"id,omitempty"`
	PhysicalLocation sarifPlace    `json:"physicalLocation"`
	Message          *sarifMessage `json:"message,omitempty"`
}

type sarifPlace struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI       string `json:"uri"`
	URIBaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
	EndLine     int `json:"endLine"`
	EndColumn   int `json:"endColumn"`
}

type sarifFix struct {
	Description     sarifMessage  `json:"description"`
	ArtifactChanges []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	ArtifactLocation sarifArtifact      `json:"artifactLocation"`
	Replacements     []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	DeletedRegion   sarifRegion  `json:"deletedRegion"`
	InsertedContent sarifMessage `json:"insertedContent"`
}

// sarifRules returns the table of codes as rules, and where each stands in it.
func sarifRules() ([]sarifRule, map[diag.Code]int) {
	index := map[diag.Code]int{}
	var rules []sarifRule
	for i, e := range diag.Entries() {
		index[e.Code] = i
		help := sarifMarkdown{Text: braces(e.Explain), Markdown: braces(e.Explain)}
		for _, example := range []struct{ title, text string }{{"This has it:", e.Bad}, {"This has not:", e.Good}} {
			if example.text != "" {
				text := strings.TrimRight(example.text, "\n")
				help.Text += braces(fmt.Sprintf("\n\n%s\n\n%s", example.title, text))
				help.Markdown += braces(fmt.Sprintf("\n\n%s\n\n```fennel\n%s\n```", example.title, text))
			}
		}
		rules = append(rules, sarifRule{
			ID:                   e.Code,
			ShortDescription:     sarifMessage{braces(e.Title)},
			FullDescription:      sarifMessage{braces(e.Explain)},
			Help:                 help,
			DefaultConfiguration: sarifLevel{sarifLevelOf(e.Severity)},
		})
	}
	return rules, index
}

func sarifLevelOf(s diag.Severity) string {
	switch s {
	case diag.Error, diag.Warning:
		return s.String()
	}
	return "note"
}

func sarifResultOf(d diag.Diagnostic, index map[diag.Code]int) sarifResult {
	text := d.Message
	if d.Help != "" {
		text += "\n" + d.Help
	}
	r := sarifResult{RuleID: d.Code, Level: sarifLevelOf(d.Severity()), Message: message(text)}
	if i, ok := index[d.Code]; ok {
		r.RuleIndex = &i
	}
	if d.File != nil {
		r.Locations = []sarifLocation{{PhysicalLocation: place(d.File, d.Span)}}
	}
	for _, related := range d.Related {
		if related.File != nil {
			id, m := len(r.RelatedLocations)+1, message(related.Message)
			r.RelatedLocations = append(r.RelatedLocations, sarifLocation{&id, place(related.File, related.Span), &m})
		}
	}
	for _, f := range d.Fixes {
		if len(f.Edits) > 0 {
			r.Fixes = append(r.Fixes, sarifFix{message(f.Title), changes(f.Edits)})
		}
	}
	return r
}

// message returns a text as it may stand in a message: control characters are
// made visible, because a viewer may be a terminal.
func message(text string) sarifMessage { return sarifMessage{braces(terminal.Plain(text))} }

var braceEscapes = strings.NewReplacer("{", "{{", "}", "}}")

// braces doubles the braces of a text: single ones are places for arguments.
func braces(text string) string { return braceEscapes.Replace(text) }

func place(f *source.File, s source.Span) sarifPlace {
	return sarifPlace{artifact(f), region(f, s)}
}

func artifact(f *source.File) sarifArtifact {
	if f.Name() == standardInput {
		return sarifArtifact{URI: standardInput}
	}
	return sarifArtifact{URI: escapePath(f.Name()), URIBaseID: "%SRCROOT%"}
}

// escapePath returns a slash-separated path as a relative URI reference.
func escapePath(path string) string {
	const plain = "-._~/"
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(plain, c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func region(f *source.File, s source.Span) sarifRegion {
	start, end := f.Position16(s.Start), f.Position16(s.End)
	return sarifRegion{start.Line + 1, start.Character + 1, end.Line + 1, end.Character + 1}
}

// changes groups edits by the files they change.
func changes(edits []diag.Edit) []sarifChange {
	var out []sarifChange
	index := map[*source.File]int{}
	for _, e := range edits {
		i, ok := index[e.File]
		if !ok {
			i = len(out)
			index[e.File] = i
			out = append(out, sarifChange{ArtifactLocation: artifact(e.File)})
		}
		out[i].Replacements = append(out[i].Replacements, sarifReplacement{region(e.File, e.Span), sarifMessage{e.Text}})
	}
	return out
}

// fingerprint names what a diagnostic is about in a way that stays the same
// when the lines around it move.
func fingerprint(d diag.Diagnostic) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", d.Code, d.Message)
	if d.File != nil {
		fmt.Fprintf(h, "%s\x00%s", d.File.Name(), strings.Join(strings.Fields(d.File.Slice(d.Span)), " "))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
