// The status bar item: what runs, or else how the last run went.

import * as vscode from "vscode";
import type { Pipelines } from "./pipelines";
import type { LastResult, Pipeline } from "./protocol";
import type { Run, Runs } from "./runs";
import { firstLine, took } from "./transcript";

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("quire", vscode.StatusBarAlignment.Left, 10);
  private readonly disposables: { dispose(): unknown }[];

  constructor(
    private readonly pipelines: Pipelines,
    private readonly runs: Runs,
  ) {
    this.item.name = "quire";
    this.item.command = "quire.menu";
    const update = () => {
      this.update();
    };
    this.disposables = [
      this.item,
      pipelines.onDidChange(update),
      runs.onEvent((event) => {
        if (event.kind !== "output") {
          update();
        }
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private update(): void {
    const running = this.runs.underWay();
    void vscode.commands.executeCommand("setContext", "quire.running", running.length > 0);
    void vscode.commands.executeCommand("setContext", "quire.hasPipeline", this.pipelines.all().length > 0);
    void vscode.commands.executeCommand("setContext", "quire.hasRun", this.runs.last !== undefined);
    this.item.backgroundColor = undefined;
    if (running.length > 0) {
      this.showRunning(running);
    } else if (this.runs.last?.finished) {
      this.showFinished(this.runs.last);
    } else {
      this.showEarlier();
    }
    if (this.pipelines.all().length > 0 || running.length > 0) {
      this.item.show();
    } else {
      this.item.hide();
    }
  }

  private showRunning(running: Run[]): void {
    const jobs = running.flatMap((run) => [...run.jobs.values()]);
    const names = jobs.filter((job) => job.state === "running").map((job) => job.job);
    const done = jobs.filter((job) => job.state !== "running" && job.state !== "queued").length;
    const what = names.length === 0 ? "starting" : names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "");
    const many = jobs.length > 1 ? ` ${String(done)}/${String(jobs.length)}` : "";
    this.item.text = `$(sync~spin) quire: ${what}${many}`;
    this.item.tooltip = `${running.map((run) => run.title).join("\n")}\nClick to cancel it, or for more.`;
  }

  private showFinished(run: Run): void {
    const finished = run.finished;
    if (!finished) {
      return;
    }
    const failed = [...run.jobs.values()].find((job) => job.state === "failed" || job.state === "internal");
    switch (finished.outcome) {
      case "succeeded":
        this.item.text = `$(pass) quire: ${took(finished.durationMs)}`;
        break;
      case "cancelled":
        this.item.text = "$(circle-slash) quire: cancelled";
        break;
      case "not-run":
        this.item.text = "$(circle-slash) quire";
        break;
      default:
        this.failed(failed?.job);
    }
    this.item.tooltip = `${run.title}: ${firstLine(finished.message)}`;
  }

  /** Shows how the last run went that is known from the results of its jobs. */
  private showEarlier(): void {
    const results = this.pipelines.all().flatMap(lastResults);
    const newest = results.reduce<string>((id, { last }) => (last.runId > id ? last.runId : id), "");
    const run = results.filter(({ last }) => last.runId === newest);
    const failed = run.find(({ last }) => last.state === "failed");
    if (run.length === 0) {
      this.item.text = "$(circle-outline) quire";
      this.item.tooltip = "No job has been run. Click to run one.";
      return;
    }
    if (failed) {
      this.failed(failed.job);
    } else {
      this.item.text = "$(pass) quire";
    }
    const when = new Date(Math.max(...run.map(({ last }) => last.finishedMs)));
    this.item.tooltip = `Last run, ${when.toLocaleString()}:\n${run.map(({ job, last }) => `${job} ${last.title}`).join("\n")}`;
  }

  private failed(job: string | undefined): void {
    this.item.text = job ? `$(error) quire: ${job}` : "$(error) quire";
    this.item.backgroundColor = new vscode.ThemeColor("statusBarItem.errorBackground");
  }
}

function lastResults(pipeline: Pipeline): { job: string; last: LastResult }[] {
  return pipeline.nodes.flatMap(({ name, last }) => (last ? [{ job: name, last }] : []));
}
