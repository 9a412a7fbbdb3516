// Jobs in the Test Explorer and in the graph view.

import { holds, until, Workbench } from "./workbench.mjs";

export const start = (tour) => Workbench.start(tour, { "testing.automaticallyOpenPeekView": "never" });

export default async function (bench, tour) {
  await bench.open(tour.file);
  await bench.lens("run all").waitFor();
  await explorer(bench);
  await graph(bench);
  await walkthrough(bench);
}

async function explorer(bench) {
  const { page } = bench;
  const item = await bench.testExplorer("build");
  for (const job of ["build", "test", "broken", "long", "option"]) {
    await item(job).waitFor();
  }
  holds("every job is a test", true);
  // With what it needs: build passes too.
  await item("test").hover();
  await item("test").locator(".codicon-testing-run-icon").first().click();
  await item("test").locator(".codicon-testing-passed-icon").waitFor();
  await item("build").locator(".codicon-testing-passed-icon").waitFor();
  holds("a job is run with what it needs", true);
  await item("broken").hover();
  await item("broken").locator(".codicon-testing-run-icon").first().click();
  await item("broken").locator(".codicon-testing-failed-icon").waitFor();
  await bench.command("Test Results: Focus on Test Results View");
  await until("the output is coloured", () => bench.shown(".part.panel .xterm-rows", "broken failed"));
  const message = page.locator(".test-error-content-widget", { hasText: "job 'broken' failed: assertion failed!" });
  const sh = page.locator(".editor-instance .view-line", { hasText: "echo reason; exit 3" });
  await until("the failure stands at its sh", async () => {
    const [at, line] = await Promise.all([message.boundingBox(), sh.boundingBox()]);
    return at && line && at.y < line.y + line.height && line.y < at.y + at.height;
  });
  await bench.shot("explorer");
  await link(bench);
  await item("long").hover();
  await item("long").locator(".codicon-testing-run-icon").first().click();
  await until("the long job runs", () => item("long").locator(".codicon-loading, .codicon-testing-loading-icon, .codicon-modifier-spin").first().isVisible());
  await bench.command("Test: Cancel Test Run");
  await page.locator(".statusbar-item", { hasText: "quire: cancelled" }).waitFor();
  holds("a job is cancelled in the Test Explorer", true);
}

/** The place of the command in the output leads there. */
async function link(bench) {
  const { page } = bench;
  const place = page.locator(".part.panel .xterm-rows > div", { hasText: "echo reason; exit 3" }).locator("span", { hasText: "ci.fnl:17:21" }).last();
  const { x, y, width, height } = await place.boundingBox();
  const at = [x + width / 2, y + height / 2];
  await page.keyboard.down("Control");
  await page.mouse.move(...at);
  // It is a link as soon as the workbench has found the file.
  await until("the place is a link", () => place.evaluate((e) => document.defaultView.getComputedStyle(e).textDecorationLine === "underline"));
  await page.mouse.click(...at);
  await page.keyboard.up("Control");
  await until("Ctrl+click leads to the command", () => bench.shown(".statusbar-item", "Ln 17, Col 21"));
  holds("places in the output lead there", true);
}

async function graph(bench) {
  const { page } = bench;
  await bench.command("View: Show Explorer");
  await bench.focusEditor();
  await bench.command("quire: Show Job Graph");
  const frame = page.frameLocator("iframe.webview.ready").frameLocator("iframe");
  const box = (name) => frame.locator(".box", { hasText: name }).first();
  await box("test").waitFor();
  for (const [job, state] of [["build", "succeeded"], ["test", "succeeded"], ["broken", "failed"]]) {
    await until(`${job} has ${state}`, async () => (await box(job).getAttribute("class")).split(" ").includes(state));
  }
  await bench.shot("graph");
  holds("the graph shows how jobs went", true);
  await box("long").locator(".run").click();
  await until("the graph shows that the job runs", async () => (await box("long").getAttribute("class")).includes("running"));
  await bench.shot("graph-running");
  await frame.getByRole("button", { name: "Cancel" }).click();
  await until("the graph shows that it no longer runs", async () => !(await box("long").getAttribute("class")).includes("running"));
  holds("a job is run and cancelled in the graph", true);
  // With the keyboard: to what needs a job, and run that.
  await box("build").locator(".open").focus();
  await page.keyboard.press("ArrowRight");
  const focused = () => frame.locator(".open:focus").getAttribute("data-name");
  await until("the arrow leads to what needs the job", async () => (await focused()) === "test");
  await page.keyboard.press("ArrowLeft");
  await until("and back", async () => (await focused()) === "build");
  await page.keyboard.press("r");
  await page.locator(".statusbar-item", { hasText: /quire: \d/ }).waitFor();
  holds("the keyboard runs a job", true);
  await box("option").locator(".open").click();
  await until("a click goes to the job", () => bench.shown(".statusbar-item", "Ln 23"));
  holds("a click goes to the job", true);
}

/**
 * What was there before the walkthrough is ticked when it opens. VS Code drops an
 * event whose condition holds as it reads the walkthrough, so that each of these
 * steps has another one, which holds only once the walkthrough shows.
 */
async function walkthrough(bench) {
  await bench.walkthrough();
  for (const step of ["server", "pipeline", "run"]) {
    await bench.step(step, true).waitFor();
  }
  holds("the walkthrough knows what was done before it was opened", true);
}
