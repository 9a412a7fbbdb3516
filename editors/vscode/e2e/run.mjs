// Plays one scenario on a tour: node e2e/run.mjs SCENARIO <tour.json. The Go test
// beside the extension starts it, and prepares the tour.

import path from "node:path";
import { text } from "node:stream/consumers";

const [name] = process.argv.slice(2);
const { default: play, start } = await import(`./${name}.mjs`);
const tour = JSON.parse(await text(process.stdin));
const bench = await start(tour);
const began = Date.now();
try {
  await play(bench, tour);
  console.log(`PASS ${Date.now() - began} ms`);
} catch (error) {
  console.error(error);
  await bench.page?.screenshot({ path: path.join(tour.shots, `${name}-failed.png`) }).catch(() => {});
  process.exitCode = 1;
} finally {
  await bench.quit();
}
