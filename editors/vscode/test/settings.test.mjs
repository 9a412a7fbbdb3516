// The settings of the manifest are those of the server.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { properties } from "../scripts/settings.mjs";

const read = (name) => readFile(new URL(name, import.meta.url), "utf8");
const schema = await read("../../../cmd/quire-lsp/settings.schema.json");
const { contributes, capabilities } = JSON.parse(await read("../package.json"));

test("package.json has the settings of the server: npm run settings", () => {
  assert.deepEqual(contributes.configuration.properties, properties(schema));
});

test("what Restricted Mode keeps back are settings", () => {
  for (const name of capabilities.untrustedWorkspaces.restrictedConfigurations) {
    assert.ok(name in contributes.configuration.properties, name);
  }
});

test("the README describes every setting with its default", async () => {
  const readme = await read("../README.md");
  for (const [name, { default: value }] of Object.entries(contributes.configuration.properties)) {
    assert.ok(readme.includes(`| \`${name}\` | \`${JSON.stringify(value)}\` |`), name);
  }
});
