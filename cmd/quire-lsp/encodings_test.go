package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/pipeline"
	"quire/analysis/source"
)

// TestEncodings asks everything about every fixture of testdata/editor,
// testdata/analysis and testdata/load in UTF-8 and in UTF-16: the answers mean the same places. The
// ids of jobs get a character that the two count differently, and there are CRLF in
// half of them. The ordinary run asks at some places only.
func TestEncodings(t *testing.T) {
	var paths []string
	for _, suite := range []string{"editor", "analysis", "load"} {
		found, err := filepath.Glob("../../testdata/" + suite + "/*.txtar")
		if err != nil || len(found) == 0 {
			t.Fatalf("no test data: %v", err)
		}
		paths = append(paths, found...)
	}
	encodings := []encoding{utf8, utf16}
	var sessions []*session
	for _, enc := range encodings {
		sessions = append(sessions, newSession(t, fmt.Sprintf(`{"general": {"positionEncodings": [%q]},
			"textDocument": {"diagnostic": {"relatedInformation": true, "dataSupport": true}}}`, enc.kind())))
	}
	asked := 0
	for i, path := range paths {
		if filepath.Base(path) == "limits.txtar" {
			continue // each version takes its budget
		}
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, files := range repositories(archive) {
			root := t.TempDir()
			texts := map[uri.URI]*source.File{}
			for file, text := range files {
				text = wider.ReplaceAllString(text, ":𝄞$1")
				if i%2 == 1 {
					text = strings.ReplaceAll(text, "\n", "\r\n")
				}
				texts[write(t, root, file, text)] = source.NewFile(file, text)
			}
			what := filepath.Base(path) + " " + name
			for _, u := range slices.Sorted(maps.Keys(texts)) {
				if strings.HasSuffix(string(u), ".lua") {
					continue
				}
				for _, s := range sessions {
					s.open(u, buffer{1, texts[u].Text()})
				}
				asked += askInBoth(t, what, sessions, encodings, u, texts)
				for _, s := range sessions {
					s.notify("textDocument/didClose", `{"textDocument": {"uri": %q}}`, u)
				}
			}
		}
	}
	if asked < 1000 {
		t.Errorf("only %d questions were asked", asked)
	}
	for _, s := range sessions {
		s.leave()
	}
}

// wider matches the beginnings of keys and ids that get another character.
var wider = regexp.MustCompile(`:((?:build|test|lint|a|b|fmt|ship)\b)`)

// repositories returns the files of each pipeline of an archive.
func repositories(a *txtar.Archive) map[string]map[string]string {
	all := map[string]map[string]string{}
	add := func(name, path, text string) {
		if all[name] == nil {
			all[name] = map[string]string{}
		}
		all[name][path] = text
	}
	for _, f := range a.Files {
		dir, rest, nested := strings.Cut(f.Name, "/")
		switch {
		case f.Name == "ci.fnl":
			add("", pipeline.Path, string(f.Data))
		case !nested && strings.HasSuffix(f.Name, ".fnl"):
			add(f.Name, pipeline.Path, string(f.Data))
		case !nested || rest == "want":
		case all[""] != nil: // what belongs to the one pipeline
			add("", f.Name, string(f.Data))
		case rest == "ci.fnl":
			add(dir, pipeline.Path, string(f.Data))
		default:
			add(dir, rest, string(f.Data))
		}
	}
	return all
}

// askInBoth asks about one file in each of the sessions, and returns how many
// questions that were.
func askInBoth(t *testing.T, what string, sessions []*session, encodings []encoding, u uri.URI, texts map[uri.URI]*source.File) (asked int) {
	t.Helper()
	f := texts[u]
	step := 97
	if long {
		step = 5
	}
	next := 0
	for at := range f.Text() + " " { // where characters begin
		if at < next {
			continue
		}
		next = at + step
		for _, r := range modelRequests {
			if at > 0 && r.more == "" || strings.HasPrefix(r.more, `"options"`) && at > 0 {
				continue // it is about no place
			}
			var answers []string
			for i, s := range sessions {
				place := string(encode(encodings[i].position(f, at)))
				answer := s.answer(s.request("textDocument/"+r.method, r.params(u, func() string { return place })))
				answers = append(answers, absolute(t, answer, encodings[i], u, texts))
			}
			asked++
			equal(t, fmt.Sprintf("%s: %s at %d of %s in UTF-16 beside UTF-8", what, r.method, at, f.Name()), answers[1], answers[0])
		}
	}
	return asked
}

// absolute returns an answer with offsets for positions.
func absolute(t *testing.T, answer string, enc encoding, u uri.URI, texts map[uri.URI]*source.File) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(offsets(v, enc, u, texts), "", " ") // keys are sorted
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func offsets(v any, enc encoding, u uri.URI, texts map[uri.URI]*source.File) any {
	offset := func(line, character any) any {
		return enc.offset(texts[u], protocol.Position{Line: uint32(line.(float64)), Character: uint32(character.(float64))})
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = offsets(v[i], enc, u, texts)
		}
	case map[string]any:
		if data, ok := v["data"].([]any); ok && len(data)%5 == 0 && len(data) > 0 {
			v["data"] = tokenOffsets(data, offset)
			return v
		}
		delete(v, "resultId") // which is made of the places
		if at, ok := v["uri"].(string); ok && texts[uri.URI(at)] != nil {
			u = uri.URI(at)
		}
		if line, ok := v["line"]; ok {
			return offset(line, v["character"])
		}
		if line, ok := v["startLine"]; ok {
			if at, ok := v["startCharacter"]; ok {
				v["startCharacter"] = offset(line, at)
			}
			if at, ok := v["endCharacter"]; ok {
				v["endCharacter"] = offset(v["endLine"], at)
			}
		}
		for key, x := range v {
			of := u
			if texts[uri.URI(key)] != nil {
				of = uri.URI(key)
			}
			v[key] = offsets(x, enc, of, texts)
		}
	}
	return v
}

// tokenOffsets returns the places of semantic tokens, with what they are.
func tokenOffsets(data []any, offset func(line, character any) any) []any {
	var all []any
	line, column := 0.0, 0.0
	for k := 0; k < len(data); k += 5 {
		n := func(i int) float64 { return data[k+i].(float64) }
		if line += n(0); n(0) > 0 {
			column = 0
		}
		column += n(1)
		all = append(all, offset(line, column), offset(line, column+n(2)), n(3), n(4))
	}
	return all
}
