package main

import (
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

func TestSignatureHelp(t *testing.T) {
	asked(t, func(t *testing.T, a asker) {
		var help protocol.SignatureHelp
		a.call("textDocument/signatureHelp", &protocol.SignatureHelpParams{TextDocumentPositionParams: a.at(`{:cwd |"x"`)}, &help)
		sig := help.Signatures[0]
		equal(t, "label", sig.Label, "(sh cmd ?opts)")
		active, _ := help.ActiveParameter.Get()
		equal(t, "active parameter", sig.Parameters[active].Label, protocol.ParameterInformationLabel(protocol.String("?opts")))
		doc := sig.Parameters[active].Documentation.(*protocol.MarkupContent)
		if !strings.Contains(doc.Value, "`timeout`") {
			t.Errorf("documentation: %s", doc.Value)
		}
		var nothing *protocol.SignatureHelp
		a.call("textDocument/signatureHelp", &protocol.SignatureHelpParams{TextDocumentPositionParams: a.at(`"é𝄞|" (job`)}, &nothing)
		if nothing != nil {
			t.Errorf("at top level: %+v", nothing)
		}
	})
}

// TestSignatureOffsets has a client that wants to know where in the label the
// parameters stand, which it counts in UTF-16.
func TestSignatureOffsets(t *testing.T) {
	c := start(t, `{"textDocument": {"signatureHelp": {"signatureInformation": {"parameterInformation": {"labelOffsetSupport": true}}}}}`)
	u := c.open(".quire/ci.fnl", "(fn 𝄞 [é x] x)\n(𝄞 1 ")
	var help protocol.SignatureHelp
	c.call("textDocument/signatureHelp", &protocol.SignatureHelpParams{TextDocumentPositionParams: protocol.TextDocumentPositionParams{
		TextDocument: protocol.TextDocumentIdentifier{URI: u}, Position: protocol.Position{Line: 1, Character: 6}}}, &help)
	equal(t, "label", help.Signatures[0].Label, "(𝄞 é x)")
	equal(t, "x", help.Signatures[0].Parameters[1].Label, protocol.ParameterInformationLabel(protocol.ParameterInformationLabelTuple{6, 7}))
}
