// VS Code's workbench, served by code-server and driven in chromium.

import { spawn, execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { chromium } from "playwright-core";

const settings = {
  "chat.disableAIFeatures": true,
  "editor.accessibilitySupport": "off",
  "editor.cursorBlinking": "solid",
  "editor.minimap.enabled": false,
  "editor.stickyScroll.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.enabled": false,
  "npm.autoDetect": "off",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.commandCenter": false,
  "window.autoDetectColorScheme": false,
  "workbench.enableExperiments": false,
  "workbench.layoutControl.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/** How long the workbench may take to open, which on a busy machine is long. */
const slow = { timeout: 180_000 };

export class Workbench {
  /**
   * Starts code-server with the extension on a tour, and a browser.
   * @param tour what the Go test gives
   * @param more settings beside those that keep it quiet
   */
  static async start(tour, more = {}, viewport = { width: 1280, height: 800 }) {
    const self = new Workbench();
    self.tour = tour;
    self.dirs = ["--user-data-dir", path.join(tour.home, "user-data"), "--extensions-dir", path.join(tour.home, "extensions")];
    self.env = { ...process.env, ...tour.env, EXTENSIONS_GALLERY: "{}" };
    write(path.join(tour.home, "user-data", "User", "settings.json"), {
      ...settings,
      "security.workspace.trust.enabled": false,
      "workbench.colorTheme": tour.theme,
      ...more,
    });
    // What belongs to the machine, such as a path, counts there for a workbench
    // that is served; of the user's settings it does when these are read first.
    write(path.join(tour.home, "user-data", "Machine", "settings.json"), more);
    // The PATH of the user's programs is the one that a login shell has.
    if (tour.bin) {
      fs.writeFileSync(path.join(tour.home, ".profile"), `PATH='${tour.bin}':$PATH\n`);
    }
    self.install();
    await self.serve();
    self.browser = await chromium.launch({
      executablePath: tour.chromium,
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
    });
    const context = await self.browser.newContext({ viewport, locale: "en-US", permissions: ["clipboard-read", "clipboard-write"] });
    self.page = await context.newPage();
    self.page.setDefaultTimeout(60_000);
    return self;
  }

  /** Installs the extension with the command that its README gives. */
  install() {
    const readme = fs.readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const [command] = /^code-server --install-extension .*$/m.exec(readme);
    const dir = path.join(this.tour.home, "programs");
    fs.mkdirSync(dir);
    const quoted = [this.tour.node, this.tour.codeServer, ...this.dirs].map((word) => `'${word}'`);
    fs.writeFileSync(path.join(dir, "code-server"), `#!/bin/sh\nexec ${quoted.join(" ")} "$@"\n`, { mode: 0o755 });
    execFileSync("sh", ["-euc", command], {
      cwd: path.dirname(this.tour.vsix),
      env: { ...this.env, PATH: `${dir}:${this.env.PATH}` },
    });
  }

  async serve() {
    this.port = await freePort();
    const log = fs.openSync(path.join(this.tour.home, "code-server.log"), "a");
    const launch = () => {
      this.server = spawn(
        this.tour.node,
        [this.tour.codeServer, ...this.dirs, "--auth", "none", "--bind-addr", `127.0.0.1:${this.port}`,
          "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"],
        { env: this.env, stdio: ["ignore", log, log] },
      );
      this.ended = new Promise((resolve) => this.server.on("exit", resolve));
    };
    launch();
    await until("code-server answers", async () => {
      if (this.server.exitCode !== null) {
        launch(); // it gives up by itself on a machine that is too busy
      }
      try {
        return (await fetch(`http://127.0.0.1:${this.port}/healthz`)).ok;
      } catch {
        return false;
      }
    }, 180);
  }

  /** Opens the repository, and a file of it. */
  async open(file) {
    const query = [`folder=${encodeURIComponent(this.tour.root)}`];
    if (file) {
      const payload = JSON.stringify([["openFile", `vscode-remote://127.0.0.1:${this.port}${file}`]]);
      query.push(`payload=${encodeURIComponent(payload)}`);
    }
    await this.page.goto(`http://127.0.0.1:${this.port}/?${query.join("&")}`);
    await this.page.waitForSelector(".monaco-workbench", slow);
    if (file) {
      await this.page.waitForSelector(".editor-instance .view-lines .view-line", slow);
    }
  }

  /** Ends everything, as when the window is closed and the machine shut down. */
  async quit() {
    await this.browser?.close();
    this.server?.kill("SIGTERM");
    await this.ended;
  }

  // What a person does.

  /** Carries out a command that asks for nothing more. */
  async command(title) {
    const input = await this.choose(title);
    await input.waitFor({ state: "hidden" }).catch(() => {});
  }

  /** Chooses a command, and returns the input that may ask for more. */
  async choose(title) {
    await this.page.keyboard.press("F1");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click();
    return input;
  }

  async pick(label) {
    await this.page.locator(".quick-input-list .monaco-list-row", { hasText: label }).first().click();
  }

  /** Puts the cursor at a place, which counts from 1. */
  async goto(line, column = 1) {
    await this.page.keyboard.press("Control+g");
    const input = this.page.locator(".quick-input-widget input");
    await input.waitFor();
    await input.fill(`:${line}:${column}`);
    await this.page.keyboard.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  async focusEditor() {
    await this.command("View: Focus Active Editor Group");
  }

  /** Shows the jobs of the repository in the Test Explorer, and returns what finds a row of it. */
  async testExplorer(job) {
    await this.command("Testing: Focus on Test Explorer View");
    const item = (name) => this.page.locator(".test-explorer .monaco-list-row", { hasText: name }).first();
    await item(path.basename(this.tour.root)).waitFor();
    if (!(await item(job).isVisible())) {
      await item(path.basename(this.tour.root)).locator(".monaco-tl-twistie").click();
    }
    await item(job).waitFor();
    return item;
  }

  /** Opens the walkthrough from the welcome page. */
  async walkthrough() {
    await this.choose("Welcome: Open Walkthrough...");
    await this.pick("Get Started with quire");
    await this.page.locator(".gettingStartedDetailsContent").waitFor();
  }

  // What a person sees.

  line(text) {
    return this.page.locator(".editor-instance .view-line", { hasText: text }).first();
  }

  lens(title) {
    return this.page.locator(".codelens-decoration a", { hasText: title });
  }

  /**
   * The lens with a title of the job that a line registers: the first one above
   * the line. It is the element that was seen there, which is gone once the
   * lenses are drawn anew.
   */
  async lensOf(job, title) {
    const line = this.line(`(job :${job} `);
    const find = async () => {
      const below = await line.boundingBox();
      let best;
      for (const lens of await this.lens(title).elementHandles()) {
        const box = await lens.boundingBox().catch(() => null);
        if (below && box && box.y < below.y && below.y - box.y < 40 && (!best || box.x < best.box.x)) {
          best = { lens, box };
        }
      }
      return best?.lens;
    };
    return until(`the lens ${title} of ${job}`, find);
  }

  async clickLens(job, title) {
    await until(`the lens ${title} of ${job} is clicked`, async () => {
      try {
        await (await this.lensOf(job, title)).click();
        return true;
      } catch (error) {
        if (!String(error).includes("not attached")) {
          throw error;
        }
        return false; // the lenses were drawn anew before the click
      }
    });
  }

  /** Every problem that the workbench has for files with a name, as it copies them. */
  async problems(file) {
    await this.page.evaluate(() => navigator.clipboard.writeText(""));
    const row = this.page.locator(".markers-panel .monaco-list-row", { hasText: file }).first();
    await row.click();
    await this.page.keyboard.press("Control+c");
    return JSON.parse(await until("the problems are copied", () => this.page.evaluate(() => navigator.clipboard.readText())));
  }

  /** The mark of a step in the walkthrough that is open, when it is ticked or not. */
  step(id, ticked) {
    return this.page.locator(`.gettingStartedDetailsContent .codicon[data-done-step-id$="#${id}"][aria-checked="${ticked}"]`);
  }

  status() {
    return this.page.locator(".statusbar-item#quire\\.quire\\.quire, .statusbar-item[aria-label*='quire']").first();
  }

  /** Reports whether an element has a text, whatever blanks it is written with. */
  shown(selector, text) {
    return this.page.evaluate(
      ([selector, text]) => [...document.querySelectorAll(selector)].some((e) => e.textContent.replaceAll("\u00a0", " ").includes(text)),
      [selector, text],
    );
  }

  text() {
    return fs.readFileSync(this.tour.file, "utf8");
  }

  async shot(name) {
    if (this.tour.shots) {
      await this.page.screenshot({ path: path.join(this.tour.shots, `${name}.png`) });
    }
  }
}

/** Waits until a condition gives something, and returns that. */
export async function until(what, condition, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; ; ) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`waited in vain until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function same(what, got, want) {
  if (JSON.stringify(got) !== JSON.stringify(want)) {
    throw new Error(`${what}: got\n${JSON.stringify(got, null, 1)}\nwant\n${JSON.stringify(want, null, 1)}`);
  }
  console.log(`ok   ${what}`);
}

export function holds(what, condition) {
  if (!condition) {
    throw new Error(`not so: ${what}`);
  }
  console.log(`ok   ${what}`);
}

function write(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(value));
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
