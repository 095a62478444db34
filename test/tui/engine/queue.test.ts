/** The queue that outlives its programs, and that several of them share: engines against real servers. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EntryKind } from '@ferry/protocol';
import { parseFingerprint } from '@ferry/protocol/session';
import { EngineCore, type EngineOpts } from '../../../packages/tui/src/engine/engine-core.ts';
import { EngineThread } from '../../../packages/tui/src/engine/engine-thread.ts';
import type { Job, JobOrder } from '../../../packages/tui/src/engine/job.ts';
import { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import type { QueueServer } from '../../../packages/tui/src/queue/stored-job.ts';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import type { Server } from '../../support/server.ts';
import { sharedServer } from '../../support/shared-server.ts';
import { assertSame, filled, localPath, optsFor, ownServer, Watch } from './bench.ts';

const MiB = 1024 ** 2;
/** So that something can happen meanwhile. */
const slow = { up: 20 * MiB, down: 20 * MiB };
const unlimited = { up: undefined, down: undefined };

type Place = {
  readonly server: Server;
  readonly shared: string;
  readonly local: string;
  readonly opts: EngineOpts & { readonly queueFile: string };
  readonly download: (name: string, more?: Partial<JobOrder>) => JobOrder;
};

const served = sharedServer();

async function placeFor(t: TestContext, isSecond = false): Promise<Place> {
  const { shared, server } = isSecond ? await ownServer(t) : served();
  const local = scratchFolder(t);
  const opts = { ...optsFor(t, server), queueFile: join(scratchFolder(t), 'queue.db') };
  const download: Place['download'] = (name, more) => ({
    direction: 'download',
    source: path(name),
    target: localPath(local, name),
    kind: EntryKind.file,
    existing: 'fail',
    ...more,
  });
  return { server, shared, local, opts, download };
}

function engineOf(t: TestContext, opts: EngineOpts): { engine: EngineCore; watch: Watch } {
  const engine = new EngineCore(opts);
  t.after(() => engine.close());
  return { engine, watch: new Watch(engine) };
}

function storeOf(t: TestContext, file: string): QueueStore {
  const store = QueueStore.open(file);
  t.after(() => store.close());
  return store;
}

function serverOf({ host, port, fingerprint }: Pick<Server, 'host' | 'port' | 'fingerprint'>): QueueServer {
  const pin = parseFingerprint(fingerprint);
  assert.ok(pin);
  return { host, port, fingerprint: pin };
}

function inOrder(watch: Watch): Job[] {
  return [...watch.jobs.values()].toSorted((a, b) => a.place - b.place);
}

function brief({ source, phase, priority }: Job): string {
  return `${source.join('/')} ${phase} ${priority}`;
}

test('order, priority and pauses survive the end; what was moving goes on by itself', async (t) => {
  const { shared, local, opts, download } = await placeFor(t);
  for (const name of ['a', 'b', 'c', 'd']) filled(join(shared, name), 40 * MiB);
  const first = engineOf(t, opts);
  first.engine.setLimits(slow);
  const [a = 0, b = 0, c = 0, d = 0] = await first.engine.submit(
    ['a', 'b', 'c', 'd'].map((name) => download(name)),
  );
  first.engine.act('pause', [a, c, d]);
  first.engine.setPriority([c], 5);
  first.engine.setLimit([d], 10 ** 9);
  first.engine.act('top', [d]);
  first.engine.act('down', [a]);
  await first.watch.job(b, ({ doneBytes }) => doneBytes > 0);
  await first.engine.close();
  assert.deepEqual(readdirSync(local), ['.ferry'], 'nothing half done shows');

  const { engine, watch } = engineOf(t, opts);
  engine.setLimits(unlimited);
  await watch.until(() => watch.jobs.size === 4);
  assert.deepEqual(
    inOrder(watch).map(({ source, priority, limit }) => [...source, priority, limit]),
    [
      ['d', 3, 10 ** 9],
      ['b', 3, undefined],
      ['a', 3, undefined],
      ['c', 5, undefined],
    ],
  );
  const job = await watch.over(b);
  assert.equal(job.phase, 'done');
  assert.ok((job.endedMs ?? 0) >= job.addedMs && job.server === `127.0.0.1:${opts.address.port}`);
  assert.deepEqual(inOrder(watch).map(brief), ['d paused 3', 'b done 3', 'a paused 3', 'c paused 5']);
  assert.deepEqual(readdirSync(local), ['b']);
  engine.act('resume', [a, c, d]);
  for (const id of [a, c, d]) assert.equal((await watch.over(id)).phase, 'done');
  assertSame(shared, local);
});

test('a job that somebody else adds shows up and moves; so do their wishes', async (t) => {
  const { server, shared, local, opts, download } = await placeFor(t);
  writeFileSync(join(shared, 'x'), 'x');
  filled(join(shared, 'big'), 40 * MiB);
  const { engine, watch } = engineOf(t, opts);
  engine.setLimits(slow);
  const store = storeOf(t, opts.queueFile);
  const [x = 0, big = 0] = store.add(
    [download('x'), download('big')].map((order) => ({ server: serverOf(server), order })),
    1,
  );
  assert.equal((await watch.over(x)).phase, 'done');
  assert.equal(readFileSync(join(local, 'x'), 'utf8'), 'x');
  await watch.job(big, ({ phase, doneBytes }) => phase === 'moving' && doneBytes > 0);
  store.ask('pause', [big]);
  await watch.job(big, ({ phase }) => phase === 'paused');
  store.ask('cancel', [big]);
  store.clear([big]);
  await watch.until(() => !watch.jobs.has(big));
  while (readdirSync(local).length > 1) await watch.until(() => true);
  assert.deepEqual(readdirSync(local), ['x']);
});

test('of two engines one moves and one shows, and takes over when the first is gone', async (t) => {
  const { shared, local, opts, download } = await placeFor(t);
  for (const name of ['a', 'b']) filled(join(shared, name), 40 * MiB);
  const first = engineOf(t, opts);
  // It must last until the other one has seen it move.
  const slower = { up: 4 * MiB, down: 4 * MiB };
  first.engine.setLimits(slower);
  await first.watch.until(() => first.watch.queue?.moves === 'here');
  const second = new EngineThread(opts);
  t.after(() => second.close());
  const watch = new Watch(second);
  await watch.until(() => watch.queue?.moves === 'elsewhere');
  const [a = 0, b = 0] = await second.submit([download('a'), download('b')]);
  second.act('pause', [b]);
  await watch.job(a, ({ phase, doneBytes, rate }) => phase === 'moving' && doneBytes > 0 && rate > 0);
  assert.equal(watch.jobs.get(b)?.phase, 'paused');
  assert.equal((await first.watch.job(b, ({ phase }) => phase === 'paused')).place, watch.jobs.get(b)?.place);
  second.act('pause', [a]);
  await first.watch.job(a, ({ phase }) => phase === 'paused');
  second.pauseAll(true);
  await first.watch.until(() => first.watch.queue?.pausedAll);
  second.setLimits({ up: 5, timetable: 'x' });
  await first.watch.until(() => first.watch.queue?.limits.up === 5);
  assert.deepEqual(first.watch.queue?.limits, { up: 5, down: slower.down, timetable: 'x' });
  await first.engine.close();
  await watch.until(() => watch.queue?.moves === 'here');
  second.act('cancel', [b]);
  second.pauseAll(false);
  second.setLimits(unlimited);
  second.act('resume', [a]);
  assert.equal((await watch.over(a)).phase, 'done');
  assertSame(join(shared, 'a'), join(local, 'a'));
  assert.deepEqual(readdirSync(local), ['a']);
  second.clear();
  await watch.until(() => watch.jobs.size === 0);
});

test('jobs for other servers move too, and one that is away holds up nobody', async (t) => {
  const here = await placeFor(t);
  const there = await placeFor(t, true);
  const silent = createServer(() => {});
  silent.listen(0, '127.0.0.1');
  t.after(() => silent.close());
  await new Promise((resolve) => silent.once('listening', resolve));
  const { port } = silent.address() as { port: number };
  writeFileSync(join(here.shared, 'own'), 'own');
  mkdirSync(join(there.shared, 'tree'));
  for (let i = 0; i < 20; i++) writeFileSync(join(there.shared, `tree/${i}`), `${i}`);
  const { engine, watch } = engineOf(t, { ...here.opts, attempts: { first: 1e9, laterMs: 1e9 } });
  const store = storeOf(t, here.opts.queueFile);
  const away = { ...serverOf(here.server), port };
  const stuck = store.add(
    Array.from({ length: 20 }, (_, i) => ({
      server: away,
      order: here.download(`${i}`),
      priority: 5 as const,
    })),
    1,
  );
  const [tree = 0] = store.add(
    [{ server: serverOf(there.server), order: here.download('tree', { kind: EntryKind.folder }) }],
    1,
  );
  const [own = 0] = await engine.submit([here.download('own')]);
  assert.equal((await watch.over(tree)).phase, 'done');
  assert.equal((await watch.over(own)).phase, 'done');
  assert.equal(watch.jobs.get(tree)?.server, `127.0.0.1:${there.server.port}`);
  assertSame(join(there.shared, 'tree'), join(here.local, 'tree'));
  engine.act('cancel', stuck);
  for (const id of stuck) assert.equal((await watch.over(id)).phase, 'cancelled');
});

test('a server with another identity than the one that was stored moves nothing', async (t) => {
  const { server, shared, local, opts, download } = await placeFor(t);
  writeFileSync(join(shared, 'x'), 'x');
  const { watch } = engineOf(t, opts);
  const store = storeOf(t, opts.queueFile);
  const other = {
    ...serverOf(server),
    fingerprint: `${'abcd-'.repeat(12)}abca` as QueueServer['fingerprint'],
  };
  const [id = 0] = store.add([{ server: other, order: download('x') }], 1);
  const job = await watch.over(id);
  assert.equal(job.phase, 'failed');
  assert.match(job.error?.[1] ?? '', /not the one you know/);
  assert.deepEqual(readdirSync(local), []);
  assert.equal(watch.status?.phase, 'online');
});

test('what has a higher priority begins first, and then the order of the queue', async (t) => {
  const { shared, opts, download } = await placeFor(t);
  for (let i = 0; i < 12; i++) filled(join(shared, `${i}`), 40 * MiB);
  const { engine, watch } = engineOf(t, opts);
  engine.setLimits(slow);
  engine.pauseAll(true);
  const ids = await engine.submit(Array.from({ length: 12 }, (_, i) => download(`${i}`)));
  engine.setPriority(ids.slice(10), 4);
  engine.setPriority(ids.slice(0, 1), 2);
  engine.act('top', ids.slice(9, 10));
  engine.pauseAll(false);
  const moving = await watch.until(() => {
    const some = inOrder(watch).filter(({ doneBytes }) => doneBytes > 0);
    return some.length >= 4 ? some : undefined;
  });
  // There are eight places.
  const expected = ['9', '1', '2', '3', '4', '5', '10', '11'];
  assert.deepEqual(
    moving.filter(({ source: [name = ''] }) => !expected.includes(name)),
    [],
  );
  engine.act('cancel', ids);
});

test('a failed job of an earlier engine is tried again; a folder counts what is skipped', async (t) => {
  const { shared, local, opts, download } = await placeFor(t);
  mkdirSync(join(shared, 'tree'));
  for (let i = 0; i < 20; i++) writeFileSync(join(shared, `tree/${i}`), `${i}`);
  mkdirSync(join(local, 'tree/7'), { recursive: true });
  const first = engineOf(t, opts);
  const [id = 0] = await first.engine.submit([
    download('tree', { kind: EntryKind.folder, existing: 'overwrite' }),
  ]);
  assert.equal((await first.watch.over(id)).failedFiles, 1);
  await first.engine.close();
  const { engine, watch } = engineOf(t, opts);
  const failed = await watch.job(id, ({ phase }) => phase === 'failed');
  assert.equal(failed.failures[0]?.source.join('/'), 'tree/7');
  rmdirSync(join(local, 'tree/7'));
  engine.act('retry', [id]);
  await watch.job(id, ({ phase }) => phase === 'done');
  assertSame(join(shared, 'tree'), join(local, 'tree'));
});

for (const direction of ['download', 'upload'] as const) {
  test(`a folder's ${direction} that was left in the middle goes on over what is there, and nothing fails`, async (t) => {
    const { shared, local, opts } = await placeFor(t);
    const [from, to] = direction === 'download' ? [shared, local] : [local, shared];
    mkdirSync(join(from, 'tree'));
    for (let i = 0; i < 200; i++) writeFileSync(join(from, `tree/${i}`), `${i}`);
    filled(join(from, 'tree/zz'), 40 * MiB);
    const order: JobOrder = {
      direction,
      source: direction === 'download' ? path('tree') : localPath(local, 'tree'),
      target: direction === 'download' ? localPath(local, 'tree') : path('tree'),
      kind: EntryKind.folder,
      existing: 'fail',
    };
    const first = engineOf(t, opts);
    first.engine.setLimits(slow);
    const [id = 0] = await first.engine.submit([order]);
    await first.watch.job(id, ({ doneFiles, phase }) => doneFiles > 20 && phase === 'moving');
    await first.engine.close();
    assert.ok(readdirSync(join(to, 'tree')).length < 201, 'it was in the middle');
    const { engine, watch } = engineOf(t, opts);
    engine.setLimits(unlimited);
    const job = await watch.over(id);
    assert.deepEqual([job.phase, job.doneFiles, job.failedFiles, job.error], ['done', 201, 0, undefined]);
    assertSame(join(from, 'tree'), join(to, 'tree'));
  });
}

test('an engine says when the queue file was damaged, and refuses one of a newer ferry', async (t) => {
  const { server, opts, download } = await placeFor(t);
  const store = QueueStore.open(opts.queueFile);
  store.add([{ server: serverOf(server), order: download('x'), paused: true }], 1);
  store.close();
  const bytes = readFileSync(opts.queueFile);
  bytes.writeUInt32BE(99, 60);
  writeFileSync(opts.queueFile, bytes);
  assert.throws(() => new EngineCore(opts), withCode('CONFIG'));
  bytes.writeUInt32BE(1, 60);
  bytes.fill(0, 0, 16);
  writeFileSync(opts.queueFile, bytes);
  const { watch } = engineOf(t, opts);
  await watch.until(() => /damaged; one job could be read/.test(watch.queue?.notice?.[1] ?? ''));
  await watch.until(() => watch.jobs.size === 1);
});
