// The output channel, which has what jobs write, line by line behind the name of
// its job. Its language colours it and makes links of places.

import * as vscode from "vscode";
import { name, type Pipelines } from "./pipelines";
import type { Run, RunEvent, Runs } from "./runs";
import { plain, signs, text, took } from "./transcript";

const language = "quire-log";

/** Places such as src/main.go:12:3 in what commands write. */
const places = /(?<![\w./-])((?:\/|\.{0,2}\/)?[\w@.+-]+(?:\/[\w@.+-]+)*\.\w+):(\d+)(?::(\d+))?/g;

export class Output implements vscode.Disposable {
  private readonly channel = vscode.window.createOutputChannel("quire", language);
  /** What was written since the last end of a line, by run, job and stream. */
  private readonly open = new Map<string, string>();
  private readonly disposables: { dispose(): unknown }[];

  constructor(
    runs: Runs,
    private readonly pipelines: Pipelines,
  ) {
    this.disposables = [
      this.channel,
      runs.onEvent((event) => {
        this.take(event);
      }),
      vscode.languages.registerDocumentLinkProvider(
        { language },
        { provideDocumentLinks: (document) => links(document, this.pipelines) },
      ),
      // What the server shows as a document is a log too.
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (document.uri.scheme === "quire-run" && document.languageId !== language) {
          void vscode.languages.setTextDocumentLanguage(document, language);
        }
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }

  show(): void {
    this.channel.show(true);
  }

  private take(event: RunEvent): void {
    switch (event.kind) {
      case "started":
        this.channel.appendLine(`${signs.running} ${event.run.title}${this.whose(event.run)}`);
        break;
      case "job":
        this.end(event.run, event.job.job);
        this.lines(event.job.job, text(event));
        break;
      case "shStarted":
      case "shFinished":
        this.end(event.run, event.sh.job);
        this.lines(event.sh.job, text(event));
        break;
      case "output":
        this.write(event.run, event.output.job, event.output.stream, event.output.text);
        break;
      case "finished": {
        const { outcome, durationMs, message } = event.finished;
        const words = message.startsWith(signs[outcome]) ? message : `${signs[outcome]} ${message}`;
        this.channel.appendLine(`${words} (${took(durationMs)})\n`);
        if (outcome === "failed" || outcome === "internal") {
          this.show();
        }
        break;
      }
    }
  }

  /** Names the repository of a run where there are several. */
  private whose(run: Run): string {
    const pipeline = this.pipelines.get(run.uri);
    return pipeline && this.pipelines.all().length > 1 ? ` (${name(pipeline)})` : "";
  }

  /** Takes what a job wrote, of which whole lines are shown. */
  private write(run: Run, job: string, stream: string, written: string): void {
    const key = `${run.id}/${job}/${stream}`;
    const whole = (this.open.get(key) ?? "") + written;
    const cut = whole.lastIndexOf("\n") + 1;
    this.lines(job, whole.slice(0, cut));
    this.open.set(key, whole.slice(cut));
  }

  /** Shows the lines of a job that have no end, since nothing follows. */
  private end(run: Run, job: string): void {
    for (const stream of ["stdout", "stderr", "log"]) {
      const key = `${run.id}/${job}/${stream}`;
      const rest = this.open.get(key);
      if (rest) {
        this.lines(job, `${rest}\n`);
      }
      this.open.delete(key);
    }
  }

  private lines(job: string, text: string): void {
    const prefix = job === "" ? "" : `${job} │ `;
    this.channel.append(text.replace(/.*\n/g, (line) => `${prefix}${plain(line.slice(0, -1))}\n`));
  }
}

/** Returns links to the files of the workspace that a log names. */
async function links(document: vscode.TextDocument, pipelines: Pipelines): Promise<vscode.DocumentLink[]> {
  const roots = [
    ...pipelines.all().map((p) => vscode.Uri.parse(p.root)),
    ...(vscode.workspace.workspaceFolders ?? []).map((f) => f.uri),
  ];
  const found = new Map<string, Promise<vscode.Uri | undefined>>();
  const all: Promise<vscode.DocumentLink | undefined>[] = [];
  const content = document.getText();
  for (const match of content.matchAll(places)) {
    const [whole, file = "", line = "1", column = "1"] = match;
    let uri = found.get(file);
    if (!uri) {
      uri = locate(file, roots);
      found.set(file, uri);
    }
    const range = new vscode.Range(document.positionAt(match.index), document.positionAt(match.index + whole.length));
    all.push(uri.then((at) => at && new vscode.DocumentLink(range, at.with({ fragment: `L${line},${column}` }))));
  }
  return (await Promise.all(all)).filter((link) => link !== undefined);
}

/** Returns the file of a name, absolute or below one of the roots. */
async function locate(file: string, roots: vscode.Uri[]): Promise<vscode.Uri | undefined> {
  const candidates = file.startsWith("/") ? [vscode.Uri.file(file)] : roots.map((root) => vscode.Uri.joinPath(root, file));
  for (const uri of candidates) {
    try {
      if ((await vscode.workspace.fs.stat(uri)).type & vscode.FileType.File) {
        return uri;
      }
    } catch {
      // It is not there.
    }
  }
  return undefined;
}
