// The pipelines that the server knows.

import * as vscode from "vscode";
import type { Pipeline } from "./protocol";

export class Pipelines implements vscode.Disposable {
  private readonly known = new Map<string, Pipeline>();
  private readonly changed = new vscode.EventEmitter<Pipeline>();

  /** Tells of a pipeline that is new, different, or gone. */
  readonly onDidChange = this.changed.event;

  dispose(): void {
    this.changed.dispose();
  }

  /** Takes what the server says. */
  update(pipeline: Pipeline): void {
    if (pipeline.gone) {
      this.known.delete(pipeline.uri);
    } else {
      this.known.set(pipeline.uri, pipeline);
    }
    this.changed.fire(pipeline);
  }

  /** Forgets all, as when the server has stopped. */
  clear(): void {
    for (const pipeline of this.all()) {
      this.update({ ...pipeline, gone: true });
    }
  }

  all(): Pipeline[] {
    return [...this.known.values()].sort((a, b) => a.uri.localeCompare(b.uri));
  }

  get(uri: string): Pipeline | undefined {
    return this.known.get(uri);
  }

  /** Returns the pipeline of the repository that a file is in. */
  of(file: vscode.Uri): Pipeline | undefined {
    const path = file.path;
    return this.all()
      .filter((p) => path.startsWith(vscode.Uri.parse(p.root).path.replace(/\/?$/, "/")))
      .sort((a, b) => b.root.length - a.root.length)[0];
  }

  /**
   * Returns the pipeline that a command is about: that of the active editor, or
   * the only one, or the one that the user picks. Undefined: the user picks none,
   * or was told that there is none.
   */
  async choose(): Promise<Pipeline | undefined> {
    const active = vscode.window.activeTextEditor?.document.uri;
    const here = active && this.of(active);
    if (here) {
      return here;
    }
    const all = this.all();
    if (all.length === 0) {
      void vscode.window.showInformationMessage("There is no .quire/ci.fnl in this workspace.");
    }
    if (all.length < 2) {
      return all[0];
    }
    const picked = await vscode.window.showQuickPick(
      all.map((pipeline) => ({ label: name(pipeline), pipeline })),
      { title: "Which pipeline?" },
    );
    return picked?.pipeline;
  }
}

/** Returns what a pipeline is called: its repository, as the workspace has it. */
export function name(pipeline: Pipeline): string {
  const root = vscode.Uri.parse(pipeline.root);
  const folder = vscode.workspace.getWorkspaceFolder(root);
  if (folder?.uri.path === root.path) {
    return folder.name;
  }
  return vscode.workspace.asRelativePath(root, true);
}
