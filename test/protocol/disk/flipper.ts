/** Swaps a folder and a file with symlinks to the outside until told to stop; run by flip.test.ts as a thread of its own. */

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';

const { shared, state } = workerData as { shared: string; state: Int32Array };
const pairs = [
  ['flip', 'link'],
  ['leaf', 'leaf-link'],
].map((pair) => pair.map((name) => join(shared, name)) as [string, string]);
const hold = join(shared, 'hold');

/** As long as long work takes a step or two, milliseconds: else none of it would ever be served. */
const restMs = 0.3;

for (let cycle = 0; Atomics.load(state, 0) === 0; cycle++) {
  for (const [place, link] of pairs) {
    renameSync(place, hold);
    renameSync(link, place);
    renameSync(place, link);
    renameSync(hold, place);
  }
  Atomics.add(state, 1, 1);
  if (cycle % 16 === 0) Atomics.wait(state, 2, 0, restMs);
}
