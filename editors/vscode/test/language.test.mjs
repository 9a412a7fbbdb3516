// What the editor does with Fennel before the server has answered.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const configuration = JSON.parse(await readFile(new URL("../language-configuration.json", import.meta.url), "utf8"));
const { increaseIndentPattern, decreaseIndentPattern } = configuration.indentationRules;

test("lines that leave a bracket open indent the next", () => {
  for (const [line, indents] of [
    ["(job :build [:quire/push]", true],
    ["  (fn [{: sh}]", true],
    ["    (let [{: exit : stdout} (sh (.. :a (f 1)))]", true],
    ["{:a 1", true],
    ["[", true],
    ["(f) (g ; and (so) on", true],
    ['(sh "echo \\"; (" {:cwd :src}', true],
    ["(f x)", false],
    ["(f) ; (g", false],
    [";; (f", false],
    ['(sh "(")', false],
    ["x)]", false],
    ["", false],
  ]) {
    assert.equal(new RegExp(increaseIndentPattern).test(line), indents, line);
  }
});

test("closing brackets go back", () => {
  assert.match("  ])", new RegExp(decreaseIndentPattern));
  assert.doesNotMatch("  (f)", new RegExp(decreaseIndentPattern));
});

test("a long line takes no time that anyone sees", { timeout: 10_000 }, () => {
  for (const part of ["(", "(a ", '"', '("', "[]", "((a)", "\\"]) {
    new RegExp(increaseIndentPattern).test(part.repeat(2000));
  }
});

test("words are what one selects with a double click", () => {
  const words = (text) => text.match(new RegExp(configuration.wordPattern, "g"));
  for (const [text, want] of [
    ["(job :release-all [:quire/push])", ["job", "release-all", "quire/push"]],
    ["(local {: exit} result.first?)", ["local", "exit", "result", "first?"]],
    ["#(set! x $1)", ["set!", "x", "$1"]],
    ['"two words"', ["two", "words"]],
    ["`(,a ,@b)", ["a", "b"]],
  ]) {
    assert.deepEqual(words(text), want, text);
  }
});
