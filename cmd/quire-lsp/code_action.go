package main

import (
	"context"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"quire/analysis/diag"
	"quire/analysis/source"
)

// runKind is the kind of the actions that run jobs and show how they went, for
// clients without code lenses.
const runKind protocol.CodeActionKind = "quire.run"

// CodeAction offers the fixes of the diagnostics in the range, what the lenses of
// the job around it do, and to write the code there in other ways.
func (s *server) CodeAction(ctx context.Context, p *protocol.CodeActionParams) ([]protocol.CommandOrCodeAction, error) {
	doc := s.documents.get(p.TextDocument.URI)
	release(ctx)
	actions := []protocol.CommandOrCodeAction{}
	if doc == nil {
		return append(actions, told(p.Context)...), nil
	}
	if doc.snapshot == nil {
		return actions, nil
	}
	span := s.caps.encoding.span(doc.file, p.Range)
	if wanted(p.Context.Only, protocol.CodeActionKindQuickFix) {
		for _, d := range doc.diagnostics() {
			if d.Span.Start <= span.End && span.Start <= d.Span.End {
				actions = append(actions, s.fixes(doc, d)...)
			}
		}
	}
	if wanted(p.Context.Only, runKind) {
		actions = append(actions, s.runActions(doc, span)...)
	}
	actions = append(actions, s.restructurings(doc, span, p.Context.Only)...)
	return actions, ctx.Err()
}

// wanted reports whether a client that asks for only some kinds gets this one.
// A kind includes those below it, which begin with it and a dot.
func wanted(only []protocol.CodeActionKind, kind protocol.CodeActionKind) bool {
	for _, o := range only {
		if o == kind || o == "" || strings.HasPrefix(string(kind), string(o)+".") {
			return true
		}
	}
	return len(only) == 0
}

// runActions returns the actions that do what lenses do, for the jobs in a span
// and for the file.
func (s *server) runActions(doc *document, span source.Span) []protocol.CommandOrCodeAction {
	var actions []protocol.CommandOrCodeAction
	add := func(o offer) {
		kind := runKind
		actions = append(actions, &protocol.CodeAction{Title: o.action, Kind: &kind, Command: o.command(o.action)})
	}
	forms, of := doc.jobForms(), s.jobOffers(doc)
	for _, f := range forms {
		if f.span.Start <= span.End && span.Start <= f.span.End {
			for _, o := range of(f) {
				add(o)
			}
		}
	}
	for _, o := range s.fileOffers(doc, forms) {
		add(o)
	}
	return actions
}

// fixes returns the fixes of a diagnostic as actions.
func (s *server) fixes(doc *document, d diag.Diagnostic) []protocol.CommandOrCodeAction {
	var actions []protocol.CommandOrCodeAction
	for _, f := range s.fixData(doc, d).Fixes {
		actions = append(actions, f.action(s.diagnostic(doc, d)))
	}
	return actions
}

// fixData is the data of a diagnostic: its fixes, ready to be applied to the
// text that it is about.
type fixData struct {
	Fixes []fix `json:"fixes"`
}

type fix struct {
	Title string                          `json:"title"`
	Safe  bool                            `json:"safe"`
	Edits map[uri.URI][]protocol.TextEdit `json:"edits"`
}

func (s *server) fixData(doc *document, d diag.Diagnostic) fixData {
	var data fixData
	for _, f := range d.Fixes {
		edits := map[uri.URI][]protocol.TextEdit{}
		for _, e := range f.Edits {
			u := doc.sibling(e.File)
			edits[u] = append(edits[u], s.textEdit(e.File, e))
		}
		data.Fixes = append(data.Fixes, fix{f.Title, f.Safe, edits})
	}
	return data
}

func (f fix) action(d protocol.Diagnostic) *protocol.CodeAction {
	kind := protocol.CodeActionKindQuickFix
	return &protocol.CodeAction{
		Title:       f.Title,
		Kind:        &kind,
		Diagnostics: []protocol.Diagnostic{d},
		IsPreferred: &f.Safe,
		Edit:        &protocol.WorkspaceEdit{Changes: f.Edits},
	}
}

// told returns the fixes that the diagnostics of a file carry that is not open.
func told(c protocol.CodeActionContext) []protocol.CommandOrCodeAction {
	var actions []protocol.CommandOrCodeAction
	if !wanted(c.Only, protocol.CodeActionKindQuickFix) {
		return nil
	}
	for _, d := range c.Diagnostics {
		var data fixData
		if len(d.Data) == 0 || protocol.Unmarshal(d.Data, &data) != nil {
			continue
		}
		for _, f := range data.Fixes {
			actions = append(actions, f.action(d))
		}
	}
	return actions
}

func (s *server) textEdit(f *source.File, e diag.Edit) protocol.TextEdit {
	return protocol.TextEdit{Range: s.caps.encoding.rangeOf(f, e.Span), NewText: e.Text}
}
