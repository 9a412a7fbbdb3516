// Writes the settings of the server into package.json, from the schema that the
// server's own tests hold it to.
//
//   npm run settings
//
// What only an editor decides, such as where a setting may be set, is below.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const manifest = new URL("../package.json", import.meta.url);
const schema = new URL("../../../cmd/quire-lsp/settings.schema.json", import.meta.url);

/** Trust is the editor's to know, not a setting. */
const notSettings = new Set(["trusted"]);

/** What the extension itself reads. */
const before = {
  "quire.path": {
    type: "string",
    default: "",
    scope: "machine-overridable",
    markdownDescription:
      "Absolute path of `quire-lsp`. Empty: the one that came with the extension, or else the one in the `PATH`.",
  },
};
const after = {
  "quire.trace.server": {
    type: "string",
    enum: ["off", "messages", "verbose"],
    default: "off",
    scope: "window",
    description: "Which messages between the editor and the language server are logged.",
  },
};

/**
 * Returns the settings that a manifest has to contribute.
 * @param schema the text of settings.schema.json
 */
export function properties(schema) {
  return { ...before, ...Object.fromEntries(settings("quire", JSON.parse(schema).properties)), ...after };
}

/** Returns settings by their full names: objects are but parts of these. */
function settings(prefix, all) {
  return Object.entries(all)
    .filter(([name]) => !notSettings.has(name))
    .flatMap(([name, setting]) =>
      setting.type === "object"
        ? settings(`${prefix}.${name}`, setting.properties)
        : [[`${prefix}.${name}`, { ...setting, scope: "resource" }]],
    );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const written = JSON.parse(await readFile(manifest, "utf8"));
  written.contributes.configuration.properties = properties(await readFile(schema, "utf8"));
  await writeFile(manifest, `${JSON.stringify(written, null, 2)}\n`);
}
