// Bundles the extension and its graph view into dist/.
//
//   node scripts/build.mjs [--production]

import * as esbuild from "esbuild";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const production = process.argv.includes("--production");
const shared = {
  absWorkingDir: fileURLToPath(new URL("..", import.meta.url)),
  bundle: true,
  minify: production,
  sourcemap: !production,
  legalComments: "none",
  outdir: "dist",
  logLevel: "warning",
};

await rm(new URL("../dist", import.meta.url), { recursive: true, force: true });
await Promise.all([
  esbuild.build({
    ...shared,
    entryPoints: ["src/extension.ts"],
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
  }),
  esbuild.build({
    ...shared,
    entryPoints: ["webview/graph.ts", "webview/graph.css"],
    platform: "browser",
    format: "iife",
    target: "chrome122",
  }),
]);
