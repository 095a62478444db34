/**
 * Adds jobs, wishes and moves, as fast as it can, and says what was acknowledged, until it is killed. Arguments: the queue's
 * file, a seed.
 */

import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { MoverLock } from '../../../packages/tui/src/queue/mover-lock.ts';
import { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import { noFigures } from '../../../packages/tui/src/queue/stored-job.ts';
import { randomFrom } from '../../support/random.ts';
import { orderOf } from './order.ts';

// Nobody who is killed keeps what was compiled.
flushCompileCache();
const [file = '', seed = '0'] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const store = QueueStore.open(file);
let ended = 0;
let lock: MoverLock | undefined;
let mine: readonly number[] = [];

function say(what: string, ids: readonly number[]): void {
  writeSync(1, `${what} ${ids.join(' ')}\n`);
}

for (;;) {
  const some = mine.filter(() => random(3) === 0);
  const what = random(5);
  if (what <= 1) {
    const orders = Array.from({ length: 1 + random(4) }, () => orderOf(`job of ${seed}`));
    const ids = store.add(orders, 1);
    say('added', ids);
    mine = [...mine, ...ids];
  } else if (what === 2) {
    // Once said it stays: nobody else touches our jobs, and we never resume.
    store.ask('pause', some);
    say('paused', some);
  } else if (what === 3) {
    store.ask('up', some);
    say('moved', some);
  } else {
    lock ??= MoverLock.take(file);
    if (lock === undefined || ended + some.length > 9) continue;
    ended += some.length;
    store.begin(some);
    store.progress(new Map(some.map((id) => [id, noFigures])));
    for (const id of some)
      store.settle(id, { phase: 'done', figures: noFigures, endedMs: 1, digest: undefined });
    say('done', some);
    mine = mine.filter((id) => !some.includes(id));
  }
}
