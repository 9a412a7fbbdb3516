// Places as the server writes them, for the editor.

import * as vscode from "vscode";
import type { Location } from "vscode-languageclient/node";

export function editorLocation(at: Location): vscode.Location {
  const { start, end } = at.range;
  return new vscode.Location(
    vscode.Uri.parse(at.uri),
    new vscode.Range(start.line, start.character, end.line, end.character),
  );
}

/** Opens a file at a place. */
export async function reveal(at: Location, column?: vscode.ViewColumn): Promise<void> {
  const { uri, range } = editorLocation(at);
  const selection = new vscode.Range(range.start, range.start);
  const editor = await vscode.window.showTextDocument(uri, { selection, ...(column ? { viewColumn: column } : {}) });
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}
