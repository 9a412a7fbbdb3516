package main

import (
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
