// Opens a pipeline with one of each mistake and sees all of them, where the
// command line says they are.

import { holds, same, until, Workbench } from "./workbench.mjs";

export const start = (tour) => Workbench.start(tour, {}, { width: 1280, height: 1000 });

const severities = { error: 8, warning: 4, info: 2 };

export default async function (bench, tour) {
  const { page } = bench;
  await bench.open(tour.file);
  await bench.lens("run all").waitFor();
  await bench.shot("mistakes");
  const found = tour.findings.filter(({ file }) => file === ".quire/ci.fnl");
  await problems(bench, found.filter(({ severity }) => severity !== "hint"));
  await bench.shot("problems");
  // Hints are not among the problems; what they are about looks faded.
  await bench.command("View: Toggle Problems");
  const lines = bench.text().split("\n");
  for (const { code, start, end } of found.filter(({ severity }) => severity === "hint")) {
    const text = lines[start.line - 1].slice(start.column - 1, end.column - 1);
    await bench.goto(start.line, start.column);
    await page.locator(".view-line [class*=squiggly-inline-unnecessary], .squiggly-hint", { hasText: text }).first().waitFor({ state: "attached" });
    holds(`the hint ${code} at ${text}`, true);
  }
}

/** Compares what the workbench has with what the command line finds. */
async function problems(bench, found) {
  const want = found.map(({ code, severity, message, start, end }) => ({
    code, severity: severities[severity], message: first(message),
    start: [start.line, start.column], end: [end.line, end.column],
  })).sort(order);
  await bench.command("View: Toggle Problems");
  let got = [];
  await until("the problems are as many as the command line finds", async () => {
    got = (await bench.problems("ci.fnl")).map((m) => ({
      code: m.code?.value ?? m.code, severity: m.severity, message: first(m.message),
      start: [m.startLineNumber, m.startColumn], end: [m.endLineNumber, m.endColumn],
    })).sort(order);
    return got.length >= want.length;
  });
  same(`${want.length} findings at their places`, got, want);
}

/** Behind the message stands what would be right. */
function first(message) {
  return message.split("\n", 1)[0];
}

function order(a, b) {
  return a.start[0] - b.start[0] || a.start[1] - b.start[1] || a.code.localeCompare(b.code) || a.end[1] - b.end[1];
}
