// Whoever lacks the language server installs it by the walkthrough, whose steps
// are ticked when they are done.

import fs from "node:fs";
import path from "node:path";
import { holds, Workbench } from "./workbench.mjs";

const program = (tour) => path.join(tour.home, "tools", "quire-lsp");

export const start = (tour) => Workbench.start(tour, { "quire.path": program(tour) });

export default async function (bench, tour) {
  const { page } = bench;
  await bench.open(tour.file);
  const missing = page.locator(".notification-toast", { hasText: "which is no program" });
  await missing.waitFor();
  await missing.getByRole("button", { name: "How to Install" }).click();
  for (const step of ["server", "pipeline", "run", "tests", "graph"]) {
    await bench.step(step, false).waitFor();
  }
  await bench.shot("walkthrough-missing");
  holds("nothing is ticked without the language server", true);
  fs.mkdirSync(path.dirname(program(tour)));
  fs.symlinkSync(path.join(tour.bin, "quire-lsp"), program(tour));
  await page.getByRole("button", { name: "Try Again" }).first().click();
  await bench.step("server", true).waitFor();
  await bench.step("pipeline", true).waitFor();
  await bench.step("run", false).waitFor();
  await bench.command("View: Close Primary Side Bar");
  await page.frameLocator("iframe.webview.ready").frameLocator("iframe").getByText("go install").waitFor();
  await bench.shot("walkthrough");
  holds("the language server and the pipeline are ticked once they are there", true);
}
