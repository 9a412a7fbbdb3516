// The graph views: one panel for each pipeline.

import * as crypto from "node:crypto";
import * as vscode from "vscode";
import type { GraphAction, GraphNode, GraphState } from "./graphmessages";
import { name, type Pipelines } from "./pipelines";
import { reveal } from "./places";
import type { JobState, Pipeline, PipelineNode } from "./protocol";
import type { Run, RunEvent, Runs } from "./runs";
import type { Session } from "./session";
import { firstLine, took } from "./transcript";

const viewType = "quire.graph";

export class Graphs implements vscode.Disposable {
  private readonly panels = new Map<string, vscode.WebviewPanel>();
  /** When the jobs that run began, by run and job. */
  private readonly began = new Map<string, number>();
  private readonly disposables: { dispose(): unknown }[];

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly session: Session,
    private readonly pipelines: Pipelines,
    private readonly runs: Runs,
  ) {
    this.disposables = [
      pipelines.onDidChange(({ uri }) => {
        this.send(uri);
      }),
      runs.onEvent((event) => {
        this.take(event);
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        for (const uri of this.panels.keys()) {
          this.send(uri);
        }
      }),
      vscode.window.registerWebviewPanelSerializer(viewType, {
        deserializeWebviewPanel: (panel, state: { uri?: string } | undefined) => {
          if (state?.uri === undefined) {
            panel.dispose();
          } else {
            this.fill(panel, state.uri);
          }
          return Promise.resolve();
        },
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables, ...this.panels.values()).dispose();
  }

  /** Shows the graph of a pipeline beside the editor. */
  show(pipeline: Pipeline): void {
    const shown = this.panels.get(pipeline.uri);
    if (shown) {
      shown.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(viewType, `Jobs of ${name(pipeline)}`, vscode.ViewColumn.Beside, {});
    this.fill(panel, pipeline.uri);
  }

  private fill(panel: vscode.WebviewPanel, uri: string): void {
    const dist = vscode.Uri.joinPath(this.context.extensionUri, "dist");
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    panel.iconPath = vscode.Uri.joinPath(this.context.extensionUri, "media", "graph.svg");
    panel.webview.html = page(panel.webview, dist, uri);
    this.panels.set(uri, panel);
    panel.onDidDispose(() => this.panels.delete(uri));
    panel.webview.onDidReceiveMessage((action: GraphAction) => this.act(uri, action));
  }

  private take(event: RunEvent): void {
    if (event.kind === "output") {
      return;
    }
    if (event.kind === "job" && event.job.state === "running") {
      this.began.set(`${event.run.id}/${event.job.job}`, Date.now());
    }
    if (event.kind === "finished") {
      for (const job of event.run.jobs.keys()) {
        this.began.delete(`${event.run.id}/${job}`);
      }
    }
    this.send(event.run.uri);
  }

  private send(uri: string): void {
    void this.panels.get(uri)?.webview.postMessage(this.state(uri));
  }

  private state(uri: string): GraphState {
    const pipeline = this.pipelines.get(uri);
    const live = this.runs.underWay().filter((run) => run.uri === uri);
    return {
      title: pipeline ? name(pipeline) : "",
      running: live.length > 0,
      trusted: vscode.workspace.isTrusted,
      nodes: (pipeline?.nodes ?? []).map((node) => this.node(node, live)),
      edges: pipeline?.edges ?? [],
    };
  }

  private node(node: PipelineNode, live: Run[]): GraphNode {
    const { name, kind, last } = node;
    const box: GraphNode = { name, kind, note: "", faults: node.faults ?? [] };
    if (node.severity === "error" || node.severity === "warning") {
      box.severity = node.severity;
    }
    for (const run of live) {
      const job = run.jobs.get(name);
      if (job) {
        const since = this.began.get(`${run.id}/${name}`);
        return { ...box, state: job.state, note: noteOf(job), ...(since === undefined ? {} : { since }) };
      }
    }
    if (kind === "unknown") {
      return { ...box, note: "no such job" };
    }
    return last ? { ...box, state: last.state, note: last.title, ...(last.edited ? { edited: true } : {}) } : box;
  }

  private async act(uri: string, action: GraphAction): Promise<void> {
    switch (action.kind) {
      case "ready":
        this.send(uri);
        break;
      case "open": {
        const node = this.pipelines.get(uri)?.nodes.find((node) => node.name === action.job);
        if (node?.location) {
          await reveal(node.location, vscode.ViewColumn.One);
        }
        break;
      }
      case "run":
        await this.session.execute("quire.run", { uri, jobs: [action.job], ...(action.only ? { only: true } : {}) });
        break;
      case "runAll":
        await this.session.execute("quire.run", { uri });
        break;
      case "log":
        await this.session.execute("quire.showLog", { uri, job: action.job });
        break;
      case "cancel":
        for (const run of this.runs.underWay().filter((run) => run.uri === uri)) {
          await this.session.execute("quire.cancel", { runId: run.id });
        }
        break;
    }
  }
}

/** Says in a line what becomes of a job. */
function noteOf(job: JobState): string {
  const time = job.durationMs === undefined ? "" : took(job.durationMs);
  switch (job.state) {
    case "succeeded":
      return `✓ ${time}`;
    case "failed":
    case "internal":
      return `✗ ${firstLine(job.message ?? "")}`;
    case "skipped":
      return "– skipped";
    default:
      return job.state.replace("-", " ");
  }
}

function page(webview: vscode.Webview, dist: vscode.Uri, uri: string): string {
  const nonce = crypto.randomBytes(16).toString("base64");
  const file = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(dist, name)).toString();
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'">
<link rel="stylesheet" href="${file("graph.css")}">
<title>Jobs</title>
</head>
<body data-uri="${encodeURI(uri)}">
<script nonce="${nonce}" src="${file("graph.js")}"></script>
</body>
</html>`;
}
