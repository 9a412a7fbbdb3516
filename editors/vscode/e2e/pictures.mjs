// Makes the pictures of the README and the walkthrough.

import fs from "node:fs";
import path from "node:path";
import { until, Workbench } from "./workbench.mjs";

const files = {
  ".quire/ci.fnl": `;; What every push has to pass.

(local {: job} (require :quire.ci))

(fn make [sh target]
  (let [{: exit} (sh [:make target] {:timout 60})]
    (when (not= exit 0)
      (error (.. target " failed")))))

(job :lint [:quire/push]
  (fn [{: sh}] (make sh :lint)))

(job :build [:quire/push]
  (fn [{: sh}] (make sh :app)))

(job :test [:build]
  (fn [{: sh}] (make sh :check)))

(job :package [:lint :test]
  (fn [{: sh}] (make sh :package)))
`,
  Makefile: `.SILENT:
lint:
	echo 'no issues'
app:
	sleep 0.7; echo 'built app'
check:
	printf '\\033[32mPASS\\033[m TestCart\\n\\033[31mFAIL\\033[m TestTotal\\n'
	echo 'cart.c:3: got 41, want 42'; exit 1
package:
	sleep 1000
`,
  "cart.c": "int total(void) {\n  int sum = 41;\n  return sum;\n}\n",
};

export const start = (tour) => {
  for (const [name, text] of Object.entries(files)) {
    fs.writeFileSync(path.join(tour.root, name), text);
  }
  return Workbench.start(
    tour,
    {
      "breadcrumbs.enabled": false,
      "editor.folding": false,
      "testing.automaticallyOpenPeekView": "never",
      "testing.automaticallyOpenTestResults": "neverOpen",
      "workbench.activityBar.location": "top",
    },
    { width: 960, height: 600 },
  );
};

export default async function (bench, tour) {
  await bench.open(tour.file);
  await bench.lens("run all").waitFor();
  await editor(bench);
  await tests(bench);
  await graph(bench);
}

async function editor(bench) {
  const { page } = bench;
  await bench.command("View: Close Primary Side Bar");
  const [line, column] = placeOf(bench.text(), "timout");
  await bench.goto(line, column);
  await bench.command("Show or Focus Hover");
  await page.locator(".monaco-hover", { hasText: "unknown field" }).first().waitFor();
  await bench.shot("editor");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+.");
  await page.locator(".action-widget .monaco-list-row", { hasText: "timeout" }).first().click();
  await bench.line(":timeout 60").waitFor();
  await page.keyboard.press("Control+s");
}

async function tests(bench) {
  await bench.clickLens("lint", "▶ run");
  await until("lint has passed", () => bench.lensOf("lint", "✓ "));
  const item = await bench.testExplorer("lint");
  await item("test").hover();
  await item("test").locator(".codicon-testing-run-icon").first().click();
  await item("test").locator(".codicon-testing-failed-icon").waitFor();
  await bench.command("Test Results: Focus on Test Results View");
  await until("the output is there", () => bench.shown(".part.panel .xterm-rows", "TestTotal"));
  await bench.command("Notifications: Clear All Notifications");
  await bench.shot("tests");
}

async function graph(bench) {
  const { page } = bench;
  await bench.command("View: Hide Panel");
  await bench.command("View: Close Primary Side Bar");
  await bench.focusEditor();
  await bench.command("quire: Show Job Graph");
  const frame = page.frameLocator("iframe.webview.ready").frameLocator("iframe");
  const box = (name) => frame.locator(".box", { hasText: name }).first();
  await box("package").locator(".open").focus();
  await page.keyboard.press("Shift+R");
  await until("package runs", async () => (await box("package").getAttribute("class")).includes("running"));
  await bench.shot("graph");
}

/** The line and the column of a word, from 1. */
function placeOf(text, word) {
  const before = text.slice(0, text.indexOf(word)).split("\n");
  return [before.length, before.at(-1).length + 1];
}
