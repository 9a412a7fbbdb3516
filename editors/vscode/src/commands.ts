// The commands of the palette and of the status bar.

import * as vscode from "vscode";
import type { Graphs } from "./graphs";
import type { Output } from "./output";
import type { Pipelines } from "./pipelines";
import type { Pipeline } from "./protocol";
import type { Runs } from "./runs";
import type { Session } from "./session";

interface Parts {
  session: Session;
  pipelines: Pipelines;
  runs: Runs;
  output: Output;
  graphs: Graphs;
  log: vscode.LogOutputChannel;
}

export function registerCommands(parts: Parts): vscode.Disposable {
  const { session, pipelines, runs, output, graphs, log } = parts;
  const about = (act: (pipeline: Pipeline) => unknown) => async () => {
    await session.start();
    const pipeline = await pipelines.choose();
    if (pipeline) {
      await act(pipeline);
    }
  };
  const ofJob = (act: (pipeline: Pipeline, job: string) => unknown) =>
    about(async (pipeline) => {
      const job = await chooseJob(pipeline);
      if (job !== undefined) {
        await act(pipeline, job);
      }
    });
  const all: Record<string, () => unknown> = {
    "quire.runAll": about(({ uri }) => session.execute("quire.run", { uri })),
    "quire.runJob": ofJob(({ uri }, job) => session.execute("quire.run", { uri, jobs: [job] })),
    "quire.runJobOnly": ofJob(({ uri }, job) => session.execute("quire.run", { uri, jobs: [job], only: true })),
    "quire.runAgain": about(({ uri }) => session.execute("quire.rerunLast", { uri })),
    "quire.plan": about(({ uri }) => session.execute("quire.dryRun", { uri })),
    "quire.showLastLog": about(({ uri }) => session.execute("quire.showLog", { uri })),
    "quire.showGraph": about((pipeline) => {
      graphs.show(pipeline);
    }),
    "quire.cancelRuns": async () => {
      await Promise.all(runs.underWay().map((run) => session.execute("quire.cancel", { runId: run.id })));
    },
    "quire.showOutput": () => {
      output.show();
    },
    "quire.showServerLog": () => {
      log.show(true);
    },
    "quire.restartServer": async () => {
      await session.start();
      await session.restart();
    },
    "quire.menu": () => menu(runs.underWay().length > 0),
  };
  return vscode.Disposable.from(
    ...Object.entries(all).map(([id, act]) => vscode.commands.registerCommand(id, act)),
  );
}

async function chooseJob(pipeline: Pipeline): Promise<string | undefined> {
  const items = pipeline.nodes
    .filter((node) => node.kind === "job")
    .map((node) => ({
      label: node.name,
      description: node.last?.title ?? "",
      detail: pipeline.edges
        .filter((edge) => edge.to === node.name)
        .map((edge) => edge.from)
        .join(", "),
    }));
  return (await vscode.window.showQuickPick(items, { title: "Which job?", matchOnDescription: true }))?.label;
}

/** Offers what can be done, which is to cancel where something runs. */
async function menu(running: boolean): Promise<void> {
  const items: (vscode.QuickPickItem & { command?: string })[] = [
    ...(running ? [{ label: "$(debug-stop) Cancel", command: "quire.cancelRuns" }] : []),
    { label: "$(run-all) Run All Jobs", command: "quire.runAll" },
    { label: "$(play) Run Job…", command: "quire.runJob" },
    { label: "$(debug-rerun) Run Last Again", command: "quire.runAgain" },
    { label: "$(list-ordered) Show What Would Run", command: "quire.plan" },
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    { label: "$(type-hierarchy) Show Job Graph", command: "quire.showGraph" },
    { label: "$(output) Show Output", command: "quire.showOutput" },
    { label: "$(history) Show Log of Last Run", command: "quire.showLastLog" },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: "quire" });
  if (picked?.command) {
    await vscode.commands.executeCommand(picked.command);
  }
}
