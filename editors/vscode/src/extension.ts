// The extension: starts quire-lsp and shows what it says.

import * as vscode from "vscode";
import { registerCommands } from "./commands";
import { Graphs } from "./graphs";
import { Output } from "./output";
import { Pipelines } from "./pipelines";
import { Runs } from "./runs";
import { Session } from "./session";
import { StatusBar } from "./status";
import { Tests } from "./tests";

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("quire Language Server", { log: true });
  const pipelines = new Pipelines();
  const runs = new Runs();
  session = new Session(context, log, pipelines, runs);
  const output = new Output(runs, pipelines);
  const graphs = new Graphs(context, session, pipelines, runs);
  context.subscriptions.push(
    log,
    pipelines,
    runs,
    session,
    output,
    graphs,
    new Tests(session, pipelines, runs),
    new StatusBar(pipelines, runs),
    registerCommands({ session, pipelines, runs, output, graphs, log }),
    ...whenItStarts(session),
  );
  if (vscode.workspace.textDocuments.some(isOurs) || (await hasPipeline())) {
    await session.start();
  }
}

export function deactivate(): Promise<void> | undefined {
  return session?.stop();
}

/** What starts the server, or starts it anew. */
function whenItStarts(session: Session): vscode.Disposable[] {
  const watcher = vscode.workspace.createFileSystemWatcher("**/.quire/ci.fnl", false, true, true);
  return [
    watcher,
    watcher.onDidCreate(() => session.start()),
    vscode.workspace.onDidOpenTextDocument((document) => (isOurs(document) ? session.start() : undefined)),
    vscode.workspace.onDidGrantWorkspaceTrust(() => session.restart()),
    vscode.workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("quire.path") ? session.restart() : undefined,
    ),
  ];
}

/** Reports whether a document alone is a reason to start the server. */
function isOurs(document: vscode.TextDocument): boolean {
  return document.uri.scheme === "file" && document.languageId === "fennel" && document.uri.path.includes("/.quire/");
}

/** Reports whether the workspace has a pipeline, whose modules may be anywhere. */
async function hasPipeline(): Promise<boolean> {
  return (await vscode.workspace.findFiles("**/.quire/ci.fnl", "**/node_modules/**", 1)).length > 0;
}
