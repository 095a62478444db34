/** One of several threads that publish the same names at the same moment; run by staging.test.ts. */

import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import { FerryError } from '@ferry/protocol';
import { Root, Staging } from '@ferry/protocol/disk';
import { contentOf, specFor } from '../../support/staging.ts';

type Task = { folder: string; gate: SharedArrayBuffer; threads: number; rounds: number; thread: number };

const { folder, gate, threads, rounds, thread } = workerData as Task;
const root = Root.open(folder, { durable: false });
const staging = new Staging(root);
const arrived = new Int32Array(gate);
const content = contentOf(Buffer.from(`of thread ${thread}`));

/** Returns when all threads are here. */
function meet(round: number): void {
  if (Atomics.add(arrived, round, 1) + 1 === threads) Atomics.notify(arrived, round);
  for (let seen = Atomics.load(arrived, round); seen < threads; seen = Atomics.load(arrived, round)) {
    Atomics.wait(arrived, round, seen, 1000);
  }
}

const answers: string[] = [];
for (let round = 0; round < rounds; round++) {
  const file = staging.create(specFor(`file-${round}`, content.bytes.length));
  file.write(0, content.bytes, content.digests[0] ?? Buffer.alloc(0));
  meet(round);
  try {
    file.commit(content.root);
    answers.push('published');
  } catch (error) {
    assert.ok(error instanceof FerryError);
    answers.push(error.codeName);
  }
}
root.close();
parentPort?.postMessage(answers);
