package main

import (
	"encoding/json"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

func TestRefactoring(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		at := a.at(`(s|h "true"`).Position
		p := &protocol.CodeActionParams{
			TextDocument: protocol.TextDocumentIdentifier{URI: a.uri},
			Range:        protocol.Range{Start: at, End: at},
			Context:      protocol.CodeActionContext{Only: []protocol.CodeActionKind{protocol.CodeActionKindRefactorExtract}},
		}
		var actions []protocol.CodeAction
		a.call("textDocument/codeAction", p, &actions)
		var titles []string
		for _, action := range actions {
			titles = append(titles, action.Title)
		}
		equal(t, "extractions", titles, []string{"Add a job that needs 'build'", "Extract the run-fn"})

		// The form that registers the job stands behind a string, whose line it
		// does not begin.
		edits := actions[1].Edit.Changes[a.uri]
		equal(t, "edits", []string{a.text(edits[0].Range) + edits[0].NewText, a.text(edits[1].Range), edits[1].NewText}, []string{
			"2:10 (fn run-build [{: sh}] (sh \"true\" {:cwd \"x\"}))\n\n",
			`2:36 (fn [{: sh}] (sh "true" {:cwd "x"}))`, "run-build"})

		p.Context.Only = []protocol.CodeActionKind{protocol.CodeActionKindRefactor}
		a.call("textDocument/codeAction", p, &actions)
		if len(actions) < 3 {
			t.Errorf("all refactorings: %+v", actions)
		}
	})
}

// What an action does is the same for clients that resolve it and those that do
// not, whatever is offered at whatever place.
func TestResolvedActions(t *testing.T) {
	resolving := strings.Replace(everything, `"textDocument": {`,
		`"textDocument": {"codeAction": {"dataSupport": true, "resolveSupport": {"properties": ["edit"]}}, `, 1)
	plain, lazy := start(t, everything), start(t, resolving)
	plainURI, lazyURI := plain.open(".quire/ci.fnl", lensed), lazy.open(".quire/ci.fnl", lensed)
	count := 0
	for line := range strings.Count(lensed, "\n") {
		for character := uint32(0); character < 60; character += 4 {
			at := protocol.Position{Line: uint32(line), Character: character}
			p := &protocol.CodeActionParams{Range: protocol.Range{Start: at, End: at},
				Context: protocol.CodeActionContext{Only: []protocol.CodeActionKind{protocol.CodeActionKindRefactor}}}
			var whole, offered []protocol.CodeAction
			p.TextDocument.URI = plainURI
			plain.call("textDocument/codeAction", p, &whole)
			p.TextDocument.URI = lazyURI
			lazy.call("textDocument/codeAction", p, &offered)
			equal(t, "number of actions", len(offered), len(whole))
			for i, action := range offered {
				if action.Edit != nil || action.Data == nil {
					t.Fatalf("offered: %+v", action)
				}
				var resolved protocol.CodeAction
				lazy.call("codeAction/resolve", &action, &resolved)
				equal(t, "title", resolved.Title, whole[i].Title)
				equal(t, "edits of "+action.Title, resolved.Edit.Changes[lazyURI], whole[i].Edit.Changes[plainURI])
				count++
			}
		}
	}
	if count < 100 {
		t.Errorf("only %d actions", count)
	}

	// An action that was offered for another version does nothing.
	var offered []json.RawMessage
	at := protocol.Position{Line: 1, Character: 8}
	lazy.call("textDocument/codeAction", &protocol.CodeActionParams{TextDocument: protocol.TextDocumentIdentifier{URI: lazyURI},
		Range: protocol.Range{Start: at, End: at}}, &offered)
	lazy.change(lazyURI, 2, "\n"+lensed)
	if err := lazy.try("codeAction/resolve", offered[len(offered)-1], nil); err == nil || !strings.Contains(err.Error(), "changed since") {
		t.Errorf("an action of another version: %v", err)
	}
	// One that has all that there is stays as it is.
	var same protocol.CodeAction
	lazy.call("codeAction/resolve", offered[0], &same)
	if same.Command.Command == "" {
		t.Errorf("%+v", same)
	}
}
