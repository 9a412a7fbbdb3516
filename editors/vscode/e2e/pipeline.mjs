// What a person does with a pipeline: completes, fixes, formats, renames, runs,
// fails, cancels.

import fs from "node:fs";
import { holds, until, Workbench } from "./workbench.mjs";

export const start = (tour) => Workbench.start(tour);

export default async function (bench, tour) {
  await bench.open(tour.file);
  await bench.lens("run all").waitFor();
  await complete(bench);
  await fix(bench);
  await format(bench);
  await rename(bench);
  await runs(bench);
  await fails(bench);
  await cancels(bench, tour);
}

/** Completion offers the jobs that a job may need, and the one chosen is written. */
async function complete(bench) {
  const { page } = bench;
  const line = lineOf(bench, "(job :test [:build]");
  await bench.goto(line, 19);
  await page.keyboard.type(" :");
  await page.keyboard.press("Control+Space");
  const row = page.locator(".suggest-widget .monaco-list-row", { hasText: "broken" }).first();
  await row.waitFor();
  await bench.shot("completion");
  await row.click();
  await bench.line("(job :test [:build :broken]").waitFor();
  holds("completion writes an input", true);
  await page.keyboard.press("Control+z");
  await until("the completion is undone", async () => {
    await page.keyboard.press("Control+z");
    return bench.line("(job :test [:build]").isVisible();
  });
}

/** The quick fix of the misspelt option. */
async function fix(bench) {
  const { page } = bench;
  const line = lineOf(bench, ":timout");
  await bench.goto(line, 36);
  await page.keyboard.press("Control+.");
  const action = page.locator(".action-widget .monaco-list-row", { hasText: "timeout" }).first();
  await action.waitFor();
  await bench.shot("quick-fix");
  await action.click();
  await bench.line(":timeout 3").waitFor();
  await page.waitForFunction(() => !document.querySelector(".squiggly-error"));
  holds("the quick fix is applied, and nothing is wrong", true);
}

/** Formatting brings a line that went astray back. */
async function format(bench) {
  const { page } = bench;
  const line = lineOf(bench, '(sh "echo built")');
  await bench.goto(line, 1);
  await page.keyboard.type("        ");
  await bench.command("Format Document");
  await save(bench);
  await until("the document is formatted", () => /\n {4}\(let \[\{: exit : stdout\} \(sh "echo built"\)\]\n/.test(bench.text()));
  holds("the document is formatted", true);
}

/** Renaming a job changes it wherever it is named. */
async function rename(bench) {
  const { page } = bench;
  await bench.goto(lineOf(bench, "(job :build"), 7);
  await page.keyboard.press("F2");
  const input = page.locator(".rename-box input");
  await input.waitFor();
  await input.fill("compile");
  await page.keyboard.press("Enter");
  await bench.line("(job :test [:compile]").waitFor();
  await save(bench);
  const text = bench.text();
  holds("the job is renamed everywhere", text.includes("(job :compile [") && text.includes("(jobs :compile)") && !text.includes(":build"));
}

/** A job is run from its lens, and succeeds with what it needs. */
async function runs(bench) {
  const { page } = bench;
  await bench.clickLens("test", "▶ run");
  await until("the lens says that the job succeeded", () => bench.lensOf("test", "✓ "));
  await page.locator(".statusbar-item", { hasText: /quire: \d/ }).waitFor();
  holds("a job is run from its lens, and the status bar says that it succeeded", true);
  await bench.shot("succeeded");
}

/** The job that fails shows its failure at its sh. */
async function fails(bench) {
  const { page } = bench;
  await bench.goto(lineOf(bench, "(job :broken"), 1);
  await bench.clickLens("broken", "▶ run");
  await page.locator(".statusbar-item", { hasText: "quire: broken" }).waitFor();
  await bench.lensOf("broken", "✗ ");
  await until("the output opens", () => bench.shown(".part.panel .view-line", "broken │ reason"));
  holds("the output of the failure opens by itself", true);
  await bench.shot("failed");
  await bench.command("Problems: Focus on Problems View");
  const problem = (await until("the failure is a problem", async () => {
    const row = page.locator(".markers-panel .monaco-list-row", { hasText: "job 'broken' failed" });
    return (await row.count()) > 0 && bench.problems("ci.fnl");
  })).find(({ message }) => message.startsWith("job 'broken' failed"));
  const lines = bench.text().split("\n");
  const text = lines[problem.startLineNumber - 1].slice(problem.startColumn - 1, problem.endColumn - 1);
  holds(`the failure is at its sh: ${text}`, text === '(sh "echo reason; exit 3")' && problem.message.includes("reason"));
}

/** The long job is cancelled from its lens. */
async function cancels(bench, tour) {
  const { page } = bench;
  await bench.focusEditor();
  await bench.goto(lineOf(bench, "(job :long"), 1);
  await bench.clickLens("long", "▶ run");
  await until("the long job runs", () => sleeps(tour.mark));
  await bench.lensOf("long", "■ cancel");
  await bench.shot("running");
  await bench.clickLens("long", "■ cancel");
  await page.locator(".statusbar-item", { hasText: "quire: cancelled" }).waitFor();
  await until("the long job is gone", () => !sleeps(tour.mark));
  holds("the long job is cancelled", true);
  // One more, which ends with the editor.
  await bench.clickLens("long", "▶ run");
  await until("the long job runs again", () => sleeps(tour.mark));
}

function sleeps(mark) {
  return fs.readdirSync("/proc").some((pid) => {
    try {
      return /^\d+$/.test(pid) && fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`sleep\0${mark}`);
    } catch {
      return false;
    }
  });
}

async function save(bench) {
  await bench.page.keyboard.press("Control+s");
  await bench.page.waitForFunction(() => !document.querySelector(".tabs-container .tab.dirty"));
}

/** The number of the line in the file that has a text. */
function lineOf(bench, text) {
  return bench.text().split("\n").findIndex((line) => line.includes(text)) + 1;
}
