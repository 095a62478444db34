/** What simulations have found, each told as short as it can be. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standIn } from './hooks.ts';
import { trouble } from './model/sqlite.ts';
import { inWorld, type World } from './world.ts';

standIn('/tui/src/engine/live-job.ts', new URL('./queue/job-at-work.ts', import.meta.url));
const { QueueStore } = await import('../../packages/tui/src/queue/queue-store.ts');
const { serverKey } = await import('../../packages/tui/src/queue/stored-job.ts');
const { file, openQueue, orderOf, servers } = await import('./queue/life.ts');
const { newWitness, Story } = await import('./queue/witness.ts');

const server = servers[0]!;
const order = { server, order: orderOf('a', 'ask') };

/** As a program at home, until its promises have come to rest. */
async function doing<T>(world: World, machine: ReturnType<World['machine']>, act: () => T): Promise<T> {
  let result: { value: T } | undefined;
  world.post(world.process('ferry', machine), () => {
    result = { value: act() };
  });
  await world.run(world.nowMs);
  assert.ok(result !== undefined);
  return result.value;
}

test('the first order of all was lost in a power cut, with the folder of the queue', async () => {
  for (let seed = 0; seed < 50; seed++)
    await inWorld(seed, async (world) => {
      const home = world.machine('home');
      await doing(world, home, () => QueueStore.open(file).add([order], 0));
      world.cutPower(home);
      const jobs = await doing(world, home, () => QueueStore.open(file).jobs());
      assert.equal(jobs.length, 1);
    });
});

test('an order that could not be written was moved all the same', async () => {
  await inWorld(1, async (world) => {
    const store = await doing(world, world.machine('home'), () => {
      const opened = QueueStore.open(file);
      trouble.isFullAtCommit = true;
      assert.throws(() => opened.add([order], 0));
      trouble.isFullAtCommit = false;
      return opened;
    });
    assert.deepEqual(store.jobs(), []);
  });
});

test('a beginning that could not be written was never told: who came next found files in its way', async () => {
  await inWorld(1, async (world) => {
    const witness = newWitness();
    witness.stories.set('a', new Story('a', world.random, [], 5000));
    const { store } = await doing(world, world.machine('home'), () => {
      const queue = openQueue(witness, undefined);
      queue.add([order]);
      trouble.fullPercent = 100;
      return queue;
    });
    trouble.fullPercent = 0;
    assert.equal(store.jobs()[0]?.fact.begun, false);
    await world.run(world.nowMs + 1100);
    assert.equal(store.jobs()[0]?.fact.begun, true);
  });
});

test('a question that could not be written was never asked', async () => {
  await inWorld(1, async (world) => {
    const witness = newWitness();
    witness.stories.set('a', new Story('a', world.random, ['taken']));
    const { store } = await doing(world, world.machine('home'), () => {
      const queue = openQueue(witness, undefined);
      queue.add([order]);
      return queue;
    });
    await world.run(world.nowMs + 900);
    trouble.fullPercent = 100;
    await world.run(world.nowMs + 200);
    trouble.fullPercent = 0;
    assert.equal(store.jobs()[0]?.fact.question, undefined);
    await world.run(world.nowMs + 1100);
    assert.notEqual(store.jobs()[0]?.fact.question, undefined);
  });
});

test('a failed job that was retried elsewhere and cancelled here at once never ended', async () => {
  await inWorld(1, async (world) => {
    const witness = newWitness();
    witness.stories.set('a', new Story('a', world.random, ['permanent']));
    const home = world.machine('home');
    const browser = world.process('browser', home);
    const queues: ReturnType<typeof openQueue>[] = [];
    world.post(browser, () => {
      const queue = openQueue(witness, serverKey(server));
      queue.add([order]);
      queues.push(queue);
    });
    await world.run(world.nowMs + 1100);
    const store = queues[0]!.store;
    assert.equal(store.jobs()[0]?.fact.phase, 'failed');
    world.post(world.process('script', home), () => QueueStore.open(file).ask('retry', [1]));
    world.post(browser, () => queues[0]?.wish((own) => own.ask('cancel', [1])));
    await world.run(world.nowMs + 1100);
    assert.equal(store.jobs()[0]?.fact.phase, 'cancelled');
  });
});
