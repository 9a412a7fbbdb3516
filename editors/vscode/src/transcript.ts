// How what happens in a run reads, in the colours of terminals.

import * as vscode from "vscode";
import type { JobState, State } from "./protocol";
import type { RunEvent } from "./runs";

const paint = (code: string) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;
export const bold = paint("1");
export const dim = paint("2");
export const red = paint("31");
export const green = paint("32");
export const yellow = paint("33");
export const cyan = paint("36");

/** The sign of a state, as the server's lenses have it. */
export const signs: Record<State, string> = {
  queued: "◌",
  running: "▶",
  succeeded: "✓",
  failed: "✗",
  skipped: "○",
  cancelled: "■",
  "not-run": "–",
  internal: "✗",
};

const colours: Record<State, (text: string) => string> = {
  queued: dim,
  running: cyan,
  succeeded: green,
  failed: red,
  skipped: dim,
  cancelled: yellow,
  "not-run": dim,
  internal: red,
};

/** Returns how long something took: 0.3 s, 1 min 5 s. */
export function took(ms: number): string {
  const seconds = Math.round(ms / 100) / 10;
  if (seconds < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.floor(seconds);
  return whole < 3600
    ? `${String(Math.floor(whole / 60))} min ${String(whole % 60)} s`
    : `${String(Math.floor(whole / 3600))} h ${String(Math.floor((whole % 3600) / 60))} min`;
}

/** Says in a line how a job went. */
export function verdict(job: JobState): string {
  const time = job.durationMs === undefined ? "" : ` ${took(job.durationMs)}`;
  const why = job.message ? `: ${firstLine(job.message)}` : "";
  const words = job.state === "succeeded" ? "" : ` ${job.state.replace("-", " ")}`;
  return `${colours[job.state](signs[job.state])} ${bold(job.job)}${words}${time}${why}`;
}

/** Returns what an event of a run adds to what is shown of it, or nothing. */
export function text(event: RunEvent): string {
  switch (event.kind) {
    case "job":
      if (event.job.state === "queued") {
        return "";
      }
      return event.job.state === "running" ? `${cyan(signs.running)} ${bold(event.job.job)}\n` : `${verdict(event.job)}\n`;
    case "shStarted": {
      const { command, location } = event.sh;
      const place = location ? `  ${dim(placeOf(location))}` : "";
      return `${dim("$")} ${command}${place}\n`;
    }
    case "shFinished":
      if (event.sh.signal) {
        return yellow(`ended by ${event.sh.signal}`) + "\n";
      }
      return event.sh.exit === 0 ? "" : yellow(`exit ${String(event.sh.exit)}`) + "\n";
    case "output":
      return event.output.text;
    default:
      return "";
  }
}

/** Returns a place as terminals and output channels make a link of it. */
function placeOf(location: { uri: string; range: { start: { line: number; character: number } } }): string {
  const file = vscode.workspace.asRelativePath(vscode.Uri.parse(location.uri), false);
  const { line, character } = location.range.start;
  return `${file}:${String(line + 1)}:${String(character + 1)}`;
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

// eslint-disable-next-line no-control-regex -- they are what is taken out
const sequences = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]/g;

/** Returns one line as it looks without a terminal: the last state of it, and no colours. */
export function plain(line: string): string {
  const whole = line.replace(/\r+$/, "");
  return whole
    .slice(whole.lastIndexOf("\r") + 1)
    .replace(sequences, "")
    // eslint-disable-next-line no-control-regex -- they are what is taken out
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, "");
}
