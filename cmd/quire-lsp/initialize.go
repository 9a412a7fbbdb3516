package main

import (
	"context"
	"slices"
	"time"

	"go.lsp.dev/protocol"

	"quire/exec"
)

// capabilities are those of the client that the server asks about.
type capabilities struct {
	encoding     encoding
	progress     bool // window/workDoneProgress/create
	showDocument bool
	snippets     bool // in completion
	labelOffsets bool // parameters of a signature by their place in its label
	resolveEdits bool // of code actions
	running

	pull              bool // the client asks for diagnostics, and again when it is asked to
	diagnosticRefresh bool // workspace/diagnostic/refresh
	related           bool // relatedInformation in diagnostics
	unnecessary       bool // the tag of diagnostics
	data              bool // data of diagnostics comes back with code actions

	configuration         bool // workspace/configuration
	registerConfiguration bool // for workspace/didChangeConfiguration
	registerWatchers      bool // for workspace/didChangeWatchedFiles
	relativePatterns      bool // in them
}

func (s *server) Initialize(_ context.Context, p *protocol.InitializeParams) (*protocol.InitializeResult, error) {
	s.state = serving
	s.caps = clientCapabilities(p.Capabilities)
	s.caps.pull = s.caps.pull && !refreshesOthersOnly(p)
	s.watchParent(p)
	s.startConfiguration(p.InitializationOptions)
	s.documents.changing.Lock()
	defer s.documents.changing.Unlock()
	s.readConfig()
	yes, incremental := true, protocol.TextDocumentSyncKindIncremental
	result := &protocol.InitializeResult{
		ServerInfo: protocol.ServerInfo{Name: "quire-lsp", Version: protocol.NewOptional(exec.Version())},
		Capabilities: protocol.ServerCapabilities{
			PositionEncoding: s.caps.encoding.kind(),
			TextDocumentSync: &protocol.TextDocumentSyncOptions{
				OpenClose: &yes,
				Change:    &incremental,
				Save:      protocol.Boolean(true),
			},
			CodeLensProvider: &protocol.CodeLensOptions{},
			CodeActionProvider: &protocol.CodeActionOptions{
				ResolveProvider: &yes,
				CodeActionKinds: []protocol.CodeActionKind{protocol.CodeActionKindQuickFix, runKind,
					protocol.CodeActionKindRefactorRewrite, protocol.CodeActionKindRefactorExtract},
			},
			HoverProvider:              protocol.Boolean(true),
			DefinitionProvider:         protocol.Boolean(true),
			ReferencesProvider:         protocol.Boolean(true),
			DocumentHighlightProvider:  protocol.Boolean(true),
			DocumentSymbolProvider:     protocol.Boolean(true),
			WorkspaceSymbolProvider:    protocol.Boolean(true),
			CompletionProvider:         &protocol.CompletionOptions{TriggerCharacters: completionTriggers(), ResolveProvider: &yes},
			RenameProvider:             &protocol.RenameOptions{PrepareProvider: &yes},
			SemanticTokensProvider:     tokenOptions(),
			FoldingRangeProvider:       protocol.Boolean(true),
			SelectionRangeProvider:     protocol.Boolean(true),
			InlayHintProvider:          protocol.Boolean(true),
			CallHierarchyProvider:      protocol.Boolean(true),
			LinkedEditingRangeProvider: protocol.Boolean(true),
			DocumentLinkProvider:       &protocol.DocumentLinkOptions{},
			DeclarationProvider:        protocol.Boolean(true),
			SignatureHelpProvider:      &protocol.SignatureHelpOptions{TriggerCharacters: []string{" ", "(", "[", "{"}},

			DocumentFormattingProvider:       protocol.Boolean(true),
			DocumentRangeFormattingProvider:  protocol.Boolean(true),
			DocumentOnTypeFormattingProvider: protocol.DocumentOnTypeFormattingOptions{FirstTriggerCharacter: "\n"},
			ExecuteCommandProvider:           protocol.ExecuteCommandOptions{Commands: commands()},
			Workspace:                        s.workspaceOptions(),
		},
	}
	if s.caps.pull {
		result.Capabilities.DiagnosticProvider = &protocol.DiagnosticOptions{InterFileDependencies: true, WorkspaceDiagnostics: true}
	}
	for _, u := range folders(p) {
		if u.IsFile() {
			s.documents.setFolder(u, true)
		}
	}
	return result, nil
}

// workspaceOptions say what the server wants to be told of folders and files.
func (s *server) workspaceOptions() *protocol.WorkspaceOptions {
	yes := true
	file := "file"
	options := s.logs.provider(s.caps)
	if options == nil {
		options = &protocol.WorkspaceOptions{}
	}
	options.WorkspaceFolders = &protocol.WorkspaceFoldersServerCapabilities{Supported: &yes, ChangeNotifications: protocol.Boolean(true)}
	options.FileOperations = &protocol.FileOperationOptions{DidRename: protocol.FileOperationRegistrationOptions{
		Filters: []protocol.FileOperationFilter{{Scheme: &file, Pattern: protocol.FileOperationPattern{Glob: "**/*"}}},
	}}
	return options
}

func clientCapabilities(c protocol.ClientCapabilities) capabilities {
	caps := capabilities{encoding: utf16, running: runningCapabilities(c)}
	if g := c.General; g != nil && slices.Contains(g.PositionEncodings, protocol.PositionEncodingKindUTF8) {
		caps.encoding = utf8
	}
	if w := c.Window; w != nil {
		caps.progress = isTrue(w.WorkDoneProgress)
		caps.showDocument = w.ShowDocument != nil && w.ShowDocument.Support
	}
	if t := c.TextDocument; t != nil && t.Completion != nil {
		if i := t.Completion.CompletionItem; i != nil {
			caps.snippets = isTrue(i.SnippetSupport)
		}
	}
	if t := c.TextDocument; t != nil && t.CodeAction != nil {
		caps.resolveEdits = isTrue(t.CodeAction.DataSupport) && slices.Contains(t.CodeAction.ResolveSupport.Properties, "edit")
	}
	if t := c.TextDocument; t != nil && t.SignatureHelp != nil && t.SignatureHelp.SignatureInformation != nil {
		if p := t.SignatureHelp.SignatureInformation.ParameterInformation; p != nil {
			caps.labelOffsets = isTrue(p.LabelOffsetSupport)
		}
	}
	if w := c.Workspace; w != nil {
		caps.workspace(w)
	}
	if t := c.TextDocument; t != nil {
		// Runs and other files change what is wrong with a file that does not
		// change: who cannot be asked to ask again is told.
		caps.pull = t.Diagnostic != nil && caps.diagnosticRefresh
		switch {
		case t.Diagnostic != nil:
			caps.diagnostics(t.Diagnostic.DiagnosticsCapabilities)
		case t.PublishDiagnostics != nil:
			caps.diagnostics(t.PublishDiagnostics.DiagnosticsCapabilities)
		}
	}
	return caps
}

// refreshesOthersOnly reports whether a client that is asked to ask again for
// diagnostics does so only for files that are not open: Neovim 0.12
// (github.com/neovim/neovim/pull/40623), of which no version loses anything by
// being told.
func refreshesOthersOnly(p *protocol.InitializeParams) bool { return p.ClientInfo.Name == "Neovim" }

func (caps *capabilities) workspace(w *protocol.WorkspaceClientCapabilities) {
	caps.configuration = isTrue(w.Configuration)
	caps.registerConfiguration = w.DidChangeConfiguration != nil && isTrue(w.DidChangeConfiguration.DynamicRegistration)
	caps.diagnosticRefresh = w.Diagnostics != nil && isTrue(w.Diagnostics.RefreshSupport)
	if f := w.DidChangeWatchedFiles; f != nil {
		caps.registerWatchers, caps.relativePatterns = isTrue(f.DynamicRegistration), isTrue(f.RelativePatternSupport)
	}
}

func (caps *capabilities) diagnostics(d protocol.DiagnosticsCapabilities) {
	caps.related, caps.data = isTrue(d.RelatedInformation), isTrue(d.DataSupport)
	caps.unnecessary = slices.Contains(d.TagSupport.ValueSet, protocol.DiagnosticTagUnnecessary)
}

func isTrue(b *bool) bool { return b != nil && *b }

// Initialized registers for what the client tells only those who ask, and asks
// for the settings.
func (s *server) Initialized(context.Context, *protocol.InitializedParams) error {
	s.documents.changing.Lock()
	defer s.documents.changing.Unlock()
	s.refreshAll()
	s.goWork(func() {
		s.tellConfiguration()
		s.register()
		s.pullConfiguration()
	})
	return nil
}

// register asks the client to be told of changes.
func (s *server) register() {
	var wanted []protocol.Registration
	if s.caps.registerConfiguration {
		wanted = append(wanted, protocol.Registration{
			ID: "quire-configuration", Method: protocol.MethodWorkspaceDidChangeConfiguration,
			RegisterOptions: encode(map[string]string{"section": section}),
		})
	}
	if s.caps.registerWatchers {
		wanted = append(wanted, protocol.Registration{
			ID: "quire-files", Method: protocol.MethodWorkspaceDidChangeWatchedFiles,
			RegisterOptions: encode(protocol.DidChangeWatchedFilesRegistrationOptions{Watchers: s.watchers()}),
		})
	}
	if len(wanted) > 0 {
		// A client that refuses tells nothing, which is no reason to stop.
		_ = s.client.RegisterCapability(s.ctx, &protocol.RegistrationParams{Registrations: wanted})
	}
}

func (s *server) SetTrace(context.Context, *protocol.SetTraceParams) error { return nil }

// endGrace is how long a session that ends lets its runs end by themselves.
const endGrace = 10 * time.Second

// Shutdown ends all runs and answers when nothing of them is left.
func (s *server) Shutdown(ctx context.Context) error {
	s.state = stopping
	s.orderly.Store(true)
	s.runs.cancelAll()
	release(ctx)
	// Those that run on other machines may wait for a server.
	defer time.AfterFunc(endGrace, s.runs.cancelAll).Stop()
	s.runs.wait()
	return nil
}

func (s *server) Exit(context.Context) error {
	s.state = gone
	s.leave()
	return nil
}
