// What the extension and the graph view tell each other.

import type { PipelineEdge, State } from "./protocol";

/** A box of the graph. */
export interface GraphNode {
  name: string;
  kind: "job" | "source" | "unknown";
  severity?: "error" | "warning";
  faults: string[];
  /** What becomes of it, or became of it the last time. */
  state?: State;
  /** The second line of the box. */
  note: string;
  /** When it began, of a job that runs, since the Unix epoch. */
  since?: number;
  /** The result is of another text than the one that there is now. */
  edited?: boolean;
}

export interface GraphState {
  title: string;
  running: boolean;
  /** Jobs may run. */
  trusted: boolean;
  nodes: GraphNode[];
  edges: PipelineEdge[];
}

/** What a user does in the view. */
export type GraphAction =
  | { kind: "ready" }
  | { kind: "open"; job: string }
  | { kind: "run"; job: string; only: boolean }
  | { kind: "log"; job: string }
  | { kind: "runAll" }
  | { kind: "cancel" };
