// One language server after the other: at most one at a time, and none where
// nothing asks for it.

import * as vscode from "vscode";
import { type LanguageClient, State } from "vscode-languageclient/node";
import { newClient } from "./client";
import type { Pipelines } from "./pipelines";
import type { Pipeline } from "./protocol";
import type { Runs } from "./runs";
import { findServer, NoServer } from "./server";

export class Session implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private following: vscode.Disposable | undefined;
  /** Starts and stops, one after the other. */
  private changes: Promise<void> = Promise.resolve();
  private wanted = false;

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly pipelines: Pipelines,
    private readonly runs: Runs,
  ) {}

  dispose(): void {
    this.following?.dispose();
  }

  /** Starts the server, unless it runs. */
  start(): Promise<void> {
    this.wanted = true;
    return this.change(async () => {
      if (!this.client) {
        await this.launch();
      }
    });
  }

  /** Starts the server anew, if there was one or one was wanted. */
  restart(): Promise<void> {
    return this.change(async () => {
      if (this.wanted) {
        await this.halt();
        await this.launch();
      }
    });
  }

  stop(): Promise<void> {
    return this.change(() => this.halt());
  }

  /**
   * Carries out a command of the server. What the server says against it is
   * shown to the user; then, and without a server, the result is undefined.
   */
  async execute<T>(command: string, argument: object): Promise<T | undefined> {
    await this.start();
    if (!this.client) {
      return undefined;
    }
    try {
      // The client has registered it, and asks for trust where that matters.
      return await vscode.commands.executeCommand<T>(command, argument);
    } catch (error) {
      void vscode.window.showErrorMessage(`quire: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  private change(step: () => Promise<void>): Promise<void> {
    this.changes = this.changes.then(step, step);
    return this.changes;
  }

  private async launch(): Promise<void> {
    try {
      const server = await findServer(this.context);
      this.log.info(`starting ${server}`);
      const client = newClient(server, this.log);
      this.following = vscode.Disposable.from(
        client.onNotification("quire/pipeline", (p: Pipeline) => {
          this.pipelines.update(p);
        }),
        client.onDidChangeState(({ newState }) => {
          void vscode.commands.executeCommand("setContext", "quire.serverRuns", newState === State.Running);
          if (newState === State.Stopped) {
            this.forget();
          }
        }),
        this.runs.follow(client),
      );
      this.client = client;
      await client.start();
    } catch (error) {
      this.client = undefined;
      this.following?.dispose();
      this.log.error(error instanceof Error ? error : String(error));
      void this.explain(error);
    }
  }

  private async halt(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose();
    this.following?.dispose();
    this.forget();
  }

  /** Forgets what a server said that is gone. */
  private forget(): void {
    this.runs.abandon();
    this.pipelines.clear();
  }

  /** Says why there is no server, and what to do. */
  private async explain(error: unknown): Promise<void> {
    const settings = "Open Settings";
    const retry = "Try Again";
    const help = "How to Install";
    const missing = error instanceof NoServer;
    const message = missing ? error.message : `quire-lsp does not start: ${String(error)}`;
    const chosen = await vscode.window.showErrorMessage(message, ...(missing ? [help] : []), settings, retry);
    if (chosen === settings) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "quire.path");
    } else if (chosen === help) {
      await vscode.commands.executeCommand("workbench.action.openWalkthrough", `${this.context.extension.id}#start`, false);
    } else if (chosen === retry) {
      await this.restart();
    }
  }
}
