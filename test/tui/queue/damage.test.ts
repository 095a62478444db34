/** A damaged queue file: nothing is lost in silence, and nothing that was not ordered is moved. */

import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FerryError } from '@ferry/protocol';
import { MoverLock } from '../../../packages/tui/src/queue/mover-lock.ts';
import { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import { noFigures } from '../../../packages/tui/src/queue/stored-job.ts';
import { withCode } from '../../support/code.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { orderOf, wishes } from './order.ts';

const jobs = 40;

/** A queue with a bit of everything, closed or as a killed process leaves it. */
function queueIn(folder: string, how: 'closed' | 'killed'): { file: string; before: unknown } {
  const file = join(folder, 'queue.db');
  const store = QueueStore.open(file);
  store.add(
    Array.from({ length: jobs }, (_, i) => orderOf(`file ${i} \xff`, { paused: i % 3 === 0 })),
    1,
  );
  store.ask('top', [7]);
  store.setPriority([3], 5);
  store.set({ limitUp: 1000 });
  store.begin([2, 5]);
  store.settle(5, { phase: 'done', figures: noFigures, endedMs: 2, digest: 'ab' });
  const before = wishes(store);
  if (how === 'killed') {
    store.progress(new Map([[2, { ...noFigures, doneBytes: 5 }]]));
    const killed = join(folder, 'killed');
    mkdirSync(killed);
    for (const suffix of ['', '-wal']) copyFileSync(file + suffix, join(killed, `queue.db${suffix}`));
    store.close();
    return { file: join(killed, 'queue.db'), before };
  }
  store.close();
  return { file, before };
}

type Found = { readonly outcome: 'same' | 'told' | 'refused'; readonly kept: number };

/** Opens it and checks that nothing is wrong without being told. */
function look(file: string, before: unknown): Found {
  let store: QueueStore;
  try {
    store = QueueStore.open(file);
  } catch (error) {
    assert.ok(error instanceof FerryError, String(error));
    assert.equal(error.codeName, 'CONFIG');
    // A version that lost a bit cannot be told from a later one.
    assert.match(error.message, /was written by a newer ferry/);
    return { outcome: 'refused', kept: 0 };
  }
  try {
    const after = wishes(store) as { jobs: { id: number; order: object }[] };
    if (store.notice === undefined) {
      assert.deepEqual(after, before);
      return { outcome: 'same', kept: after.jobs.length };
    }
    const ordered = new Map((before as typeof after).jobs.map((job) => [job.id, job.order]));
    for (const { id, order } of after.jobs) assert.deepEqual(order, ordered.get(id));
    assert.ok(
      readdirSync(dirname(file)).some((name) => name.startsWith('queue.db.corrupt-')),
      'the damaged file is kept',
    );
    return { outcome: 'told', kept: after.jobs.length };
  } finally {
    store.close();
  }
}

function tally(t: TestContext, what: string, found: readonly Found[]): void {
  const of = (outcome: Found['outcome']): Found[] => found.filter((one) => one.outcome === outcome);
  const least = Math.min(jobs, ...of('told').map(({ kept }) => kept));
  t.diagnostic(
    `count: ${found.length} ${what} (seed ${seed}): ${of('same').length} harmless, ${of('told').length} told ` +
      `(at least ${least} of ${jobs} jobs kept), ${of('refused').length} refused`,
  );
}

for (const how of ['closed', 'killed'] as const) {
  for (const suffix of how === 'killed' ? ['', '-wal'] : ['']) {
    test(`a flipped byte anywhere in queue.db${suffix} of a ${how} ferry is harmless, told or refused`, (t) => {
      const folder = scratchFolder(t);
      const { file, before } = queueIn(folder, how);
      const bytes = new Map(
        ['', '-wal'].map((end) => [
          end,
          end === '-wal' && how === 'closed' ? undefined : readFileSync(file + end),
        ]),
      );
      const target = bytes.get(suffix) ?? Buffer.alloc(0);
      const random = randomFrom(seed);
      // The head of the file and of each page byte by byte, the rest by chance.
      const offsets = new Set<number>();
      for (let at = 0; at < 100; at++) offsets.add(at);
      while (offsets.size < Math.min(target.length, 100 + runs(60))) offsets.add(random(target.length));
      const found: Found[] = [];
      for (const at of offsets) {
        const place = join(folder, `round-${at}`);
        mkdirSync(place);
        const copy = join(place, 'queue.db');
        for (const [end, content] of bytes) if (content !== undefined) writeFileSync(copy + end, content);
        const damaged = Buffer.from(target);
        damaged[at] = (damaged[at] ?? 0) ^ (1 + random(255));
        writeFileSync(copy + suffix, damaged);
        try {
          found.push(look(copy, before));
        } catch (error) {
          throw new Error(`byte ${at}: ${(error as Error).message}`, { cause: error });
        }
        rmSync(place, { recursive: true });
      }
      tally(t, 'flipped bytes', found);
    });
  }
}

test('a file that was cut off anywhere is told or refused, never taken for an empty queue', (t) => {
  const folder = scratchFolder(t);
  const { file, before } = queueIn(folder, 'closed');
  const whole = readFileSync(file);
  const random = randomFrom(seed);
  const found: Found[] = [];
  for (const size of [0, 1, 100, 4096, ...Array.from({ length: runs(20) }, () => random(whole.length))]) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    writeFileSync(file, whole);
    truncateSync(file, size);
    const one = look(file, before);
    assert.notEqual(one.outcome, 'same', `cut to ${size} bytes`);
    found.push(one);
  }
  tally(t, 'cut files', found);
});

test('a damaged file is left alone while another ferry moves its jobs', (t) => {
  const { file } = queueIn(scratchFolder(t), 'closed');
  const damaged = readFileSync(file);
  damaged.fill(0, damaged.indexOf('file 10'), damaged.indexOf('file 10') + 500);
  writeFileSync(file, damaged);
  const lock = MoverLock.take(file);
  assert.ok(lock);
  assert.throws(() => QueueStore.open(file), withCode('CONFIG'));
  assert.ok(readFileSync(file).equals(damaged));
  lock.release();
  const store = QueueStore.open(file);
  t.after(() => store.close());
  assert.match(store.notice?.message ?? '', /could be read from it, and it is kept as .*corrupt-/);
});

test('who has a file open that was moved aside goes on with its successor', (t) => {
  const { file } = queueIn(scratchFolder(t), 'closed');
  const early = QueueStore.open(file);
  t.after(() => early.close());
  const aside = QueueStore.open(join(scratchFolder(t), 'queue.db'));
  aside.add([orderOf('new')], 1);
  aside.close();
  rmSync(file);
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  copyFileSync(aside.file, file);
  early.refresh();
  assert.equal(early.jobs().length, 1);
  assert.deepEqual(early.add([orderOf('more')], 1), [2]);
});
