/** Processes that use the queue and are killed at any moment: what was acknowledged is there. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MoverLock } from '../../../packages/tui/src/queue/mover-lock.ts';
import { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { scratchFolder } from '../../support/scratch.ts';

/** Few enough that no finished job makes room for others: each process ends nine at most. */
const roundsPerFile = 50;

const user = fileURLToPath(new URL('./queue-user.ts', import.meta.url));

test('two at once, killed at any moment: no job that was acknowledged is lost, no wish and no end', async (t) => {
  const folder = scratchFolder(t);
  let file = '';
  const random = randomFrom(seed);
  const said = { added: new Set<number>(), paused: new Set<number>(), done: new Set<number>() };
  const total = { added: 0, paused: 0, done: 0 };
  const children = new Set<ChildProcess>();
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const rounds = runs(50);
  let lines = 0;

  const run = async (): Promise<void> => {
    const child = spawn(process.execPath, [user, file, `${random(2 ** 30)}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.add(child);
    const heard = createInterface(child.stdout);
    heard.on('line', (line) => {
      lines += 1;
      const [what, ...ids] = line.split(' ');
      const set = said[what as keyof typeof said] as Set<number> | undefined;
      for (const id of ids) if (id !== '') set?.add(Number(id));
    });
    const ended = once(heard, 'close');
    // Sometimes before it has opened the file, mostly in the middle of something.
    if (random(10) > 0) await once(heard, 'line');
    await rest(random(60));
    child.kill('SIGKILL');
    await ended;
    children.delete(child);
  };

  for (let round = 0; round < rounds; round++) {
    if (round % roundsPerFile === 0) {
      file = join(folder, `${round}`, 'queue.db');
      for (const [what, set] of Object.entries(said)) {
        total[what as keyof typeof said] += set.size;
        set.clear();
      }
    }
    await Promise.all([run(), run()]);
    const store = QueueStore.open(file);
    try {
      assert.equal(store.notice, undefined, `round ${round}`);
      for (const id of said.added) assert.ok(store.get(id), `round ${round}: job ${id} is lost`);
      for (const id of said.paused)
        assert.ok(store.get(id)?.wish.paused, `round ${round}: job ${id} is paused`);
      for (const id of said.done)
        assert.equal(store.get(id)?.fact.phase, 'done', `round ${round}: job ${id} is done`);
      assert.equal(new Set(store.jobs().map(({ wish }) => wish.place)).size, store.jobs().length);
    } finally {
      store.close();
    }
    assert.equal(MoverLock.isHeld(file), false);
  }
  for (const [what, set] of Object.entries(said)) total[what as keyof typeof said] += set.size;
  assert.ok(total.added > 0 && total.paused > 0 && total.done > 0);
  t.diagnostic(
    `count: ${rounds} rounds of two killed processes (seed ${seed}), ${lines} acknowledgements: ` +
      `${total.added} jobs, ${total.paused} pauses and ${total.done} ends, none lost`,
  );
});
