// The connection to the language server.

import * as vscode from "vscode";
import {
  type ClientCapabilities,
  type DocumentSelector,
  type FeatureState,
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  type StaticFeature,
} from "vscode-languageclient/node";
import { capabilities } from "./protocol";

/** The settings under `quire` that are this extension's and not the server's. */
const own = ["path", "trace"];

/** The commands of the server that run what a repository says. */
const running = new Set(["quire.run", "quire.rerunLast"]);

/** Of Lua, only modules can be told from other files by where they are. */
export const selector: DocumentSelector = [
  { scheme: "file", language: "fennel" },
  { scheme: "file", pattern: "**/.quire/**/*.lua" },
];

/** Tells the server that this client follows pipelines and runs. */
class Following implements StaticFeature {
  fillClientCapabilities(to: ClientCapabilities): void {
    to.experimental = { ...(to.experimental as object | undefined), quire: capabilities };
  }
  initialize(): void {
    // Nothing depends on what the server can do.
  }
  getState(): FeatureState {
    return { kind: "static" };
  }
  clear(): void {
    // Nothing was registered.
  }
}

/** Returns a client for the server, which is not started yet. */
export function newClient(server: string, log: vscode.LogOutputChannel): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: selector,
    outputChannel: log,
    initializationOptions: { ...settings(), trusted: vscode.workspace.isTrusted },
    middleware: middleware(),
    markdown: { isTrusted: false, supportHtml: false },
  };
  const client = new LanguageClient("quire", "quire", { command: server }, options);
  client.registerFeature(new Following());
  return client;
}

/** The settings that the server knows, of a folder or of the whole window. */
function settings(folder?: vscode.Uri): Record<string, unknown> {
  const all = vscode.workspace.getConfiguration(undefined, folder).get<Record<string, unknown>>("quire", {});
  return Object.fromEntries(Object.entries(all).filter(([key]) => !own.includes(key)));
}

function middleware(): Middleware {
  return {
    workspace: {
      configuration: (params) =>
        params.items.map(({ section, scopeUri }) =>
          section === "quire" ? settings(scopeUri === undefined ? undefined : vscode.Uri.parse(scopeUri)) : null,
        ),
    },
    executeCommand: async (command, args, next) => {
      if (running.has(command) && !vscode.workspace.isTrusted) {
        await offerTrust();
        return undefined;
      }
      return next(command, args) as unknown;
    },
    // The status bar shows what runs, and ends it.
    handleWorkDoneProgress: (_token, params, next) => {
      if (params.kind === "end") {
        next(_token, params);
      }
    },
  };
}

/** Says why nothing is run, and leads to where that can be changed. */
async function offerTrust(): Promise<void> {
  const manage = "Manage Workspace Trust";
  const chosen = await vscode.window.showWarningMessage(
    "quire runs no jobs in Restricted Mode: they could run any command. Trust this workspace to run them.",
    manage,
  );
  if (chosen === manage) {
    await vscode.commands.executeCommand("workbench.trust.manage");
  }
}
