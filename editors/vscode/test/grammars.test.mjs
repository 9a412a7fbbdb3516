// The grammars give the scopes that the files in grammars/ say.
//
// A line that begins with ; and has ^ or <- is about the line above it: what
// stands over each ^, or over the ; and each - of <-, has all of the scopes, and
// none of those that follow a !.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";

const require = createRequire(import.meta.url);
const { contributes } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
const wasm = await readFile(require.resolve("vscode-oniguruma/release/onig.wasm"));
const registry = new textmate.Registry({
  onigLib: oniguruma.loadWASM(wasm).then(() => ({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  })),
  loadGrammar: async (scope) => {
    const { path } = contributes.grammars.find(({ scopeName }) => scopeName === scope);
    return textmate.parseRawGrammar(await readFile(new URL(`../${path}`, import.meta.url), "utf8"), path);
  },
});

const folder = new URL("grammars/", import.meta.url);
for (const file of await readdir(folder)) {
  const text = await readFile(new URL(file, folder), "utf8");
  const scope = contributes.grammars.find(({ language }) => file.startsWith(`${language}.`)).scopeName;
  test(file, async (t) => {
    const grammar = await registry.loadGrammar(scope);
    let state = textmate.INITIAL;
    let line = "";
    let tokens = [];
    let claims = 0;
    for (const [at, words] of text.split("\n").entries()) {
      const claim = /^;(?: *(?<over>\^+)|<(?<first>-+)) (?<scopes>.+)$/.exec(words);
      if (!claim) {
        line = words;
        ({ tokens, ruleStack: state } = grammar.tokenizeLine(line, state));
        continue;
      }
      claims++;
      const { over, first, scopes } = claim.groups;
      const start = over ? words.indexOf("^") : 0;
      const end = start + (over ?? first).length;
      await t.test(`${at}: ${line.slice(start, end)} is ${scopes}`, () => {
        assert.ok(end <= line.length, "the line above is shorter");
        for (const token of tokens.filter(({ startIndex, endIndex }) => startIndex < end && endIndex > start)) {
          for (const scope of scopes.split(" ")) {
            const wanted = !scope.startsWith("!");
            const has = token.scopes.some((s) => `${s}.`.startsWith(`${scope.replace("!", "")}.`));
            assert.equal(has, wanted, `${line.slice(token.startIndex, token.endIndex)}: ${token.scopes.join(" ")}`);
          }
        }
      });
    }
    assert.ok(claims > 0, "the file claims nothing");
  });
}
