// Jobs as tests: each one can be run from the Test Explorer and from the margin
// of the editor, and every run, wherever it was started, is a test run.

import * as vscode from "vscode";
import { name, type Pipelines } from "./pipelines";
import type { JobState, Pipeline, PipelineNode, RunArguments } from "./protocol";
import type { Run, RunEvent, Runs } from "./runs";
import type { Session } from "./session";
import { editorLocation } from "./places";
import { text } from "./transcript";

export class Tests implements vscode.Disposable {
  private readonly controller = vscode.tests.createTestController("quire", "quire");
  private readonly withNeeds: vscode.TestRunProfile;
  /** By the ids of the runs under way. */
  private readonly shown = new Map<string, vscode.TestRun>();
  /** Runs that were asked for here and have no id yet; what happens meanwhile waits. */
  private starting = 0;
  private held: RunEvent[] = [];
  private readonly disposables: { dispose(): unknown }[];

  constructor(
    private readonly session: Session,
    pipelines: Pipelines,
    runs: Runs,
  ) {
    const profile = (label: string, only: boolean, isDefault: boolean) =>
      this.controller.createRunProfile(
        label,
        vscode.TestRunProfileKind.Run,
        (request, token) => this.run(request, only, token),
        isDefault,
      );
    this.withNeeds = profile("Run with what it needs", false, true);
    this.controller.refreshHandler = () => this.session.start();
    this.disposables = [
      this.controller,
      this.withNeeds,
      profile("Run only", true, false),
      pipelines.onDidChange((pipeline) => {
        this.update(pipeline);
      }),
      runs.onEvent((event) => {
        this.take(event);
      }),
    ];
    for (const pipeline of pipelines.all()) {
      this.update(pipeline);
    }
  }

  dispose(): void {
    for (const run of this.shown.values()) {
      run.end();
    }
    vscode.Disposable.from(...this.disposables).dispose();
  }

  /** Brings the items of a pipeline up to date. */
  private update(pipeline: Pipeline): void {
    if (pipeline.gone) {
      this.controller.items.delete(pipeline.uri);
      return;
    }
    let item = this.controller.items.get(pipeline.uri);
    if (!item) {
      item = this.controller.createTestItem(pipeline.uri, name(pipeline), vscode.Uri.parse(pipeline.uri));
      this.controller.items.add(item);
    }
    item.description = ".quire/ci.fnl";
    const jobs = pipeline.nodes.filter((node) => node.kind === "job");
    const names = new Set(jobs.map((job) => job.name));
    const gone: string[] = [];
    item.children.forEach((child) => {
      if (!names.has(child.label)) {
        gone.push(child.id);
      }
    });
    for (const id of gone) {
      item.children.delete(id);
    }
    jobs.forEach((job, order) => {
      this.updateJob(item.children, pipeline, job, order);
    });
  }

  private updateJob(items: vscode.TestItemCollection, pipeline: Pipeline, job: PipelineNode, order: number): void {
    const place = job.location && editorLocation(job.location);
    const id = jobItem(pipeline.uri, job.name);
    let item = items.get(id);
    if (item?.uri?.toString() !== place?.uri.toString()) {
      item = undefined; // where an item is cannot be changed
    }
    if (!item) {
      item = this.controller.createTestItem(id, job.name, place?.uri ?? vscode.Uri.parse(pipeline.uri));
      items.add(item);
    }
    item.range = place?.range;
    item.sortText = String(order).padStart(6, "0");
    item.description = descriptionOf(job);
  }

  private item(uri: string, job: string): vscode.TestItem | undefined {
    return this.controller.items.get(uri)?.children.get(jobItem(uri, job));
  }

  /** Runs what a user chose, a run for each pipeline. */
  private async run(request: vscode.TestRunRequest, only: boolean, token: vscode.CancellationToken): Promise<void> {
    const included: vscode.TestItem[] = [...(request.include ?? [])];
    if (!request.include) {
      this.controller.items.forEach((item) => included.push(item));
    }
    const byPipeline = new Map<string, Set<string>>();
    for (const item of included) {
      const uri = item.parent?.id ?? item.id;
      const jobs = byPipeline.get(uri) ?? new Set();
      if (item.parent) {
        jobs.add(item.label);
      } else {
        jobs.add(all);
      }
      byPipeline.set(uri, jobs);
    }
    const excluded = new Set((request.exclude ?? []).map((item) => item.label));
    await Promise.all(
      [...byPipeline].map(([uri, jobs]) => this.start(request, token, runArguments(uri, jobs, excluded, only))),
    );
  }

  /** Starts a run and returns when it has ended. */
  private async start(request: vscode.TestRunRequest, token: vscode.CancellationToken, args: RunArguments): Promise<void> {
    const run = this.controller.createTestRun(request);
    this.starting++;
    const result = await this.session.execute<{ runId: string }>("quire.run", args);
    this.starting--;
    if (result) {
      this.adopt(result.runId, run, token);
    } else {
      run.end();
    }
    const held = this.held;
    this.held = [];
    for (const event of held) {
      this.take(event);
    }
  }

  /** Shows a run of the server as a test run, which ends it when it is cancelled. */
  private adopt(id: string, run: vscode.TestRun, token: vscode.CancellationToken): void {
    this.shown.set(id, run);
    const cancel = () => void this.session.execute("quire.cancel", { runId: id });
    token.onCancellationRequested(cancel);
    if (token.isCancellationRequested) {
      cancel();
    }
  }

  private take(event: RunEvent): void {
    let shown = this.shown.get(event.run.id);
    if (!shown && this.starting > 0) {
      this.held.push(event);
      return;
    }
    if (!shown && event.kind === "started") {
      shown = this.controller.createTestRun(this.requestOf(event.run), event.run.title);
      this.adopt(event.run.id, shown, shown.token);
    }
    if (shown) {
      this.show(shown, event);
    }
  }

  /** Returns what a user would have chosen to start a run that began elsewhere. */
  private requestOf(run: Run): vscode.TestRunRequest {
    const item = this.controller.items.get(run.uri);
    return new vscode.TestRunRequest(item ? [item] : undefined, undefined, this.withNeeds);
  }

  private show(shown: vscode.TestRun, event: RunEvent): void {
    const written = text(event).replace(/\r?\n/g, "\r\n");
    switch (event.kind) {
      case "job":
        this.state(shown, event.run, event.job);
        break;
      case "finished":
        this.finish(shown, event.run);
        return;
    }
    if (written !== "") {
      shown.appendOutput(written, undefined, this.item(event.run.uri, jobOf(event)));
    }
  }

  private state(shown: vscode.TestRun, run: Run, job: JobState): void {
    const item = this.item(run.uri, job.job);
    if (!item) {
      return;
    }
    switch (job.state) {
      case "queued":
        shown.enqueued(item);
        break;
      case "running":
        shown.started(item);
        break;
      case "succeeded":
        shown.passed(item, job.durationMs);
        break;
      case "skipped":
      case "cancelled":
      case "not-run":
        shown.skipped(item);
        break;
      case "failed":
      case "internal":
        break; // where and why is known when the run is over
    }
  }

  private finish(shown: vscode.TestRun, run: Run): void {
    for (const job of run.jobs.values()) {
      const item = this.item(run.uri, job.job);
      if (!item) {
        continue;
      }
      switch (job.state) {
        case "failed":
        case "internal":
          shown.failed(item, messageOf(job), job.durationMs);
          break;
        case "cancelled":
        case "not-run":
        case "queued":
        case "running":
          shown.skipped(item);
          break;
      }
    }
    if (run.jobs.size === 0 && run.finished) {
      shown.appendOutput(`${run.finished.message}\r\n`);
    }
    shown.end();
    this.shown.delete(run.id);
  }
}

/** Stands for all jobs of a pipeline. */
const all = "";

function runArguments(uri: string, jobs: Set<string>, excluded: Set<string>, only: boolean): RunArguments {
  const except = [...excluded];
  if (jobs.has(all)) {
    return except.length > 0 ? { uri, options: { except } } : { uri };
  }
  return { uri, jobs: [...jobs].filter((job) => !excluded.has(job)), ...(only ? { only } : {}) };
}

/** Returns what a test run does not show already: why it failed elsewhere, and that it is another job now. */
function descriptionOf({ last }: PipelineNode): string {
  const why = last?.state === "failed" ? last.title.replace(/^✗ /, "") : "";
  return [why, last?.edited ? "edited since" : ""].filter(Boolean).join(", ");
}

function jobItem(uri: string, job: string): string {
  return `${uri}#${job}`;
}

function jobOf(event: RunEvent): string {
  switch (event.kind) {
    case "job":
      return event.job.job;
    case "shStarted":
    case "shFinished":
      return event.sh.job;
    case "output":
      return event.output.job;
    default:
      return "";
  }
}

function messageOf(job: JobState): vscode.TestMessage {
  const message = new vscode.TestMessage(job.failure?.message ?? job.message ?? "failed");
  if (job.failure?.location) {
    message.location = editorLocation(job.failure.location);
  }
  return message;
}
