// Opens a pipeline with one of each mistake and sees all of them, where the
// command line says they are.

import { same, until, Workbench } from "./workbench.mjs";

export const start = (tour) => Workbench.start(tour, {}, { width: 1280, height: 1000 });

const severities = { error: 8, warning: 4, info: 2, hint: 1 };

export default async function (bench, tour) {
  const { page } = bench;
  await bench.open(tour.file);
  await page.waitForSelector(".squiggly-error", { state: "attached" });
  await bench.shot("mistakes");
  await bench.command("View: Toggle Problems");
  const want = tour.findings.filter(({ file }) => file === ".quire/ci.fnl").map(({ code, severity, message, start, end }) => ({
    code, severity: severities[severity], message,
    start: [start.line, start.column], end: [end.line, end.column],
  })).sort(order);
  let got = [];
  await until("the problems are as many as the command line finds", async () => {
    got = (await bench.problems("ci.fnl")).map((m) => ({
      code: m.code?.value ?? m.code, severity: m.severity, message: m.message,
      start: [m.startLineNumber, m.startColumn], end: [m.endLineNumber, m.endColumn],
    })).sort(order);
    return got.length >= want.length;
  });
  same(`${want.length} findings at their places`, got, want);
  await page.keyboard.press("Escape");
  await bench.shot("problems");
}

function order(a, b) {
  return a.start[0] - b.start[0] || a.start[1] - b.start[1] || a.code.localeCompare(b.code) || a.end[1] - b.end[1];
}
