// In a workspace that is not trusted, quire says what is wrong and runs nothing.

import { holds, until, Workbench } from "./workbench.mjs";

export const start = (tour) =>
  Workbench.start(tour, {
    "security.workspace.trust.enabled": true,
    "security.workspace.trust.startupPrompt": "never",
    "security.workspace.trust.banner": "never",
  });

export default async function (bench, tour) {
  const { page } = bench;
  await bench.open(tour.file);
  await page.waitForSelector(".squiggly-error", { state: "attached" });
  holds("what is wrong shows without trust", true);
  await bench.clickLens("build", "▶ run");
  const refusal = page.locator(".notification-toast", { hasText: "Restricted Mode" });
  await refusal.waitFor();
  await bench.shot("restricted");
  holds("nothing runs without trust", (await bench.lens("✓").count()) === 0);
  await refusal.getByRole("button", { name: "Manage Workspace Trust" }).click();
  await page.getByRole("button", { name: "Trust", exact: true }).first().click();
  await page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor({ state: "detached" });
  const modal = page.locator(".monaco-modal-editor-block");
  await modal.locator(".codicon-close").last().click();
  await modal.waitFor({ state: "detached" });
  await bench.clickLens("build", "▶ run");
  await until("it runs when it is trusted, and nobody asks again", () => bench.lensOf("build", "✓ "));
  holds("it runs when it is trusted", true);
}
