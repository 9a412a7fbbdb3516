// The runs that the server has under way, and how those before went.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type {
  JobState,
  RunFinished,
  RunNotifications,
  RunOutput,
  RunStarted,
  ShFinished,
  ShStarted,
} from "./protocol";

/** A run of which jobs are under way, or were. */
export interface Run {
  readonly id: string;
  readonly uri: string;
  readonly title: string;
  readonly jobs: Map<string, JobState>;
  finished?: RunFinished;
}

/** What happens in a run. */
export type RunEvent =
  | { kind: "started"; run: Run }
  | { kind: "job"; run: Run; job: JobState }
  | { kind: "shStarted"; run: Run; sh: ShStarted }
  | { kind: "shFinished"; run: Run; sh: ShFinished }
  | { kind: "output"; run: Run; output: RunOutput }
  | { kind: "finished"; run: Run; finished: RunFinished };

export class Runs implements vscode.Disposable {
  private readonly live = new Map<string, Run>();
  private readonly happened = new vscode.EventEmitter<RunEvent>();

  /** Tells what happens, in order. Dry runs, in which nothing does, are left out. */
  readonly onEvent = this.happened.event;

  /** The run that ended last in this session. */
  last: Run | undefined;

  dispose(): void {
    this.happened.dispose();
  }

  /** Takes what a server tells from here on. */
  follow(client: LanguageClient): vscode.Disposable {
    const on = <M extends keyof RunNotifications>(method: M, take: (p: RunNotifications[M]) => void) =>
      client.onNotification(method, take);
    return vscode.Disposable.from(
      on("quire/runStarted", (p) => {
        this.start(p);
      }),
      on("quire/jobState", (p) => {
        this.tell(p.runId, (run) => {
          run.jobs.set(p.job, p);
          return { kind: "job", run, job: p };
        });
      }),
      on("quire/shStarted", (p) => {
        this.tell(p.runId, (run) => ({ kind: "shStarted", run, sh: p }));
      }),
      on("quire/shFinished", (p) => {
        this.tell(p.runId, (run) => ({ kind: "shFinished", run, sh: p }));
      }),
      on("quire/runOutput", (p) => {
        this.tell(p.runId, (run) => ({ kind: "output", run, output: p }));
      }),
      on("quire/runFinished", (p) => {
        this.finish(p);
      }),
    );
  }

  /** The runs under way. */
  underWay(): Run[] {
    return [...this.live.values()];
  }

  /** Ends the runs whose server is gone. */
  abandon(): void {
    for (const run of this.underWay()) {
      this.finish({ runId: run.id, outcome: "cancelled", durationMs: 0, message: "the language server has ended", jobs: [] });
    }
  }

  private start(p: RunStarted): void {
    if (p.dryRun) {
      return;
    }
    const run: Run = { id: p.runId, uri: p.uri, title: p.title, jobs: new Map() };
    this.live.set(run.id, run);
    this.happened.fire({ kind: "started", run });
  }

  private finish(p: RunFinished): void {
    this.tell(p.runId, (run) => {
      this.live.delete(run.id);
      for (const job of p.jobs) {
        run.jobs.set(job.job, job);
      }
      run.finished = p;
      this.last = run;
      return { kind: "finished", run, finished: p };
    });
  }

  private tell(id: string, event: (run: Run) => RunEvent): void {
    const run = this.live.get(id);
    if (run) {
      this.happened.fire(event(run));
    }
  }
}
