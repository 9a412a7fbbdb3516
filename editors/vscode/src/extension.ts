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
  const ours = await Promise.all(vscode.workspace.textDocuments.map(isOurs));
  if (ours.includes(true) || (await hasPipeline())) {
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
    vscode.workspace.onDidOpenTextDocument(async (document) => {
      if (await isOurs(document)) {
        await session.start();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => session.restart()),
    vscode.workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("quire.path") ? session.restart() : undefined,
    ),
  ];
}

/** Reports whether a document alone is a reason to start the server. */
async function isOurs({ uri, languageId }: vscode.TextDocument): Promise<boolean> {
  return uri.scheme === "file" && languageId === "fennel" && belowPipeline(vscode.Uri.joinPath(uri, ".."));
}

/** Reports whether a directory is in a repository with a pipeline, which may require any file of it. */
async function belowPipeline(directory: vscode.Uri): Promise<boolean> {
  if (directory.path.endsWith("/.quire") || (await exists(vscode.Uri.joinPath(directory, ".quire", "ci.fnl")))) {
    return true;
  }
  const parent = vscode.Uri.joinPath(directory, "..");
  return parent.path !== directory.path && belowPipeline(parent);
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

/** Reports whether the workspace has a pipeline, whose modules may be anywhere. */
async function hasPipeline(): Promise<boolean> {
  return (await vscode.workspace.findFiles("**/.quire/ci.fnl", "**/node_modules/**", 1)).length > 0;
}
