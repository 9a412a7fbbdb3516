// Packages the extension as a .vsix.
//
//   npm run package -- [--target PLATFORM] [--out FILE]
//
// With a platform, such as linux-x64 or darwin-arm64, the package brings
// quire-lsp along, which Go builds; without, it uses the one that is installed.

import { execFileSync } from "node:child_process";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createVSIX } from "@vscode/vsce";

const root = new URL("..", import.meta.url);
const inRoot = (name) => fileURLToPath(new URL(name, root));
const systems = { linux: "linux", alpine: "linux", darwin: "darwin", win32: "windows" };
const processors = { x64: "amd64", arm64: "arm64" };

const { values } = parseArgs({ options: { target: { type: "string" }, out: { type: "string" } } });
await rm(inRoot("bin"), { recursive: true, force: true });
if (values.target) {
  await buildServer(values.target);
}
await copyFile(inRoot("../../LICENSE"), inRoot("LICENSE"));
await createVSIX({
  cwd: inRoot("."),
  packagePath: values.out ?? inRoot(values.target ? `dist/quire-${values.target}.vsix` : "dist/quire.vsix"),
  dependencies: false,
  allowMissingRepository: true,
  rewriteRelativeLinks: false, // the pictures are in the package
  ...(values.target ? { target: values.target } : {}),
});

/** Puts quire-lsp for a platform into bin/. */
async function buildServer(target) {
  const [system, processor] = target.split("-");
  const GOOS = systems[system];
  const GOARCH = processors[processor];
  if (!GOOS || !GOARCH) {
    throw new Error(`no platform ${target}: expected ${Object.keys(systems).join(", ")}, then -x64 or -arm64`);
  }
  await mkdir(inRoot("bin"));
  const program = GOOS === "windows" ? "quire-lsp.exe" : "quire-lsp";
  execFileSync("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", inRoot(`bin/${program}`), "./cmd/quire-lsp"], {
    cwd: inRoot("../.."),
    env: { ...process.env, GOOS, GOARCH, CGO_ENABLED: "0" },
    stdio: "inherit",
  });
}
