// What quire-lsp says beyond LSP, to clients whose capabilities have
// {"experimental": {"quire": …}}; the project's README describes it.

import type { Location } from "vscode-languageclient/node";

/** The capabilities under `experimental.quire`. */
export const capabilities = { runOutput: true, runState: true, runCommands: true, pipelines: true };

/** What becomes of a job or a run. */
export type State =
  | "queued"
  | "running"
  | "succeeded"
  | "failed"
  | "skipped"
  | "cancelled"
  | "not-run"
  | "internal";

/** How a job went the last time that it ran, wherever that was. */
export interface LastResult {
  runId: string;
  state: State;
  /** In a few words, as a lens shows it. */
  title: string;
  /** The job has another text now. */
  edited?: boolean;
  durationMs?: number;
  /** Since the Unix epoch. */
  finishedMs: number;
}

export interface PipelineNode {
  name: string;
  kind: "job" | "source" | "unknown";
  /** Of the form that registers a job. */
  location?: Location;
  /** How bad the worst is that is known about it. */
  severity?: "error" | "warning" | "info" | "hint";
  /** What is wrong with it, a sentence each. */
  faults?: string[];
  last?: LastResult;
}

/** `to` needs `from`. */
export interface PipelineEdge {
  from: string;
  to: string;
  /** It closes a cycle. */
  back?: boolean;
}

/** quire/pipeline: the jobs of a pipeline, whenever they are other ones. */
export interface Pipeline {
  /** Of the ci.fnl. */
  uri: string;
  /** The repository. */
  root: string;
  /** There is no such pipeline any more. */
  gone?: boolean;
  nodes: PipelineNode[];
  edges: PipelineEdge[];
}

/** quire/runStarted */
export interface RunStarted {
  runId: string;
  uri: string;
  title: string;
  dryRun?: boolean;
}

/** quire/jobState, and the jobs of quire/runFinished. */
export interface JobState {
  runId: string;
  job: string;
  state: State;
  durationMs?: number;
  /** The last that was not zero. */
  exit?: number;
  message?: string;
  /** When the run is over: why it failed, with the end of what the command wrote, and where. */
  failure?: { message: string; location?: Location };
}

/** quire/shStarted */
export interface ShStarted {
  runId: string;
  job: string;
  sh: number;
  command: string;
  location?: Location;
}

/** quire/shFinished */
export interface ShFinished {
  runId: string;
  job: string;
  sh: number;
  exit: number;
  signal?: string;
}

/** quire/runOutput */
export interface RunOutput {
  runId: string;
  job: string;
  sh: number;
  stream: "stdout" | "stderr" | "log";
  seq: number;
  text: string;
}

/** quire/runFinished */
export interface RunFinished {
  runId: string;
  outcome: State;
  durationMs: number;
  message: string;
  jobs: JobState[];
}

/** The argument of the command quire.run. */
export interface RunArguments {
  uri: string;
  jobs?: string[];
  only?: boolean;
  options?: { except?: string[] };
}

/** Every notification that is about runs, by its method. */
export interface RunNotifications {
  "quire/runStarted": RunStarted;
  "quire/jobState": JobState;
  "quire/shStarted": ShStarted;
  "quire/shFinished": ShFinished;
  "quire/runOutput": RunOutput;
  "quire/runFinished": RunFinished;
}
