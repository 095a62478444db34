/** From one server to another, through this machine: a real engine between two real servers. */

import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Code, EntryKind } from '@ferry/protocol';
import { parseFingerprint } from '@ferry/protocol/session';
import type { EngineEvent } from '@ferry/tui/engine/engine';
import { EngineCore, type EngineOpts } from '@ferry/tui/engine/engine-core';
import { EngineThread } from '@ferry/tui/engine/engine-thread';
import type { JobId, JobOrder, OrderServer } from '@ferry/tui/engine/job';
import { seededBytes } from '../../support/content.ts';
import { countingProxy } from '../../support/counting-proxy.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { type Server, startServer } from '../../support/server.ts';
import { optsFor, Watch } from './bench.ts';

const MiB = 1024 * 1024;

const noise = (bytes: number): Buffer => seededBytes(bytes, 7);

type Two = {
  readonly here: string;
  readonly there: string;
  readonly from: Server;
  readonly opts: EngineOpts;
  readonly origin: OrderServer;
};

function identityOf({ host, port, fingerprint }: Server): OrderServer {
  const known = parseFingerprint(fingerprint);
  assert.ok(known);
  return { host, port, fingerprint: known };
}

async function two(t: TestContext): Promise<Two> {
  const [here, there] = [scratchFolder(t), scratchFolder(t)];
  const args = ['--open', '--threads', '1'];
  const [from, to] = await Promise.all([
    startServer(t, { dir: here, args }),
    startServer(t, { dir: there, args }),
  ]);
  return { here, there, from, opts: optsFor(t, to), origin: identityOf(from) };
}

function start(t: TestContext, opts: EngineOpts): { engine: EngineCore; watch: Watch } {
  const engine = new EngineCore(opts);
  t.after(() => engine.close());
  return { engine, watch: new Watch(engine) };
}

async function submit(engine: EngineCore, order: Partial<JobOrder> & { name: string }): Promise<JobId> {
  const { name, ...more } = order;
  const [id] = await engine.submit([
    {
      direction: 'upload',
      source: path(name),
      target: path(`got-${name}`),
      kind: EntryKind.file,
      existing: 'fail',
      ...more,
    },
  ]);
  assert.ok(id !== undefined);
  return id;
}

test('a tree goes from one server to the other as it is, and nothing of it stays on this machine', async (t) => {
  const { here, there, opts, origin } = await two(t);
  mkdirSync(join(here, 'tree/empty'), { recursive: true });
  writeFileSync(join(here, 'tree/large.bin'), noise(20 * MiB + 17));
  writeFileSync(join(here, 'tree/nothing'), '');
  for (let i = 0; i < 40; i++) writeFileSync(join(here, `tree/small-${i}`), `${i}`.repeat(i));
  writeFileSync(join(here, 'tree/some.bin'), noise(3 * MiB), { mode: 0o640 });
  symlinkSync('small-1', join(here, 'tree/link'));
  utimesSync(join(here, 'tree/some.bin'), 1_600_000_000, 1_600_000_000);
  const { engine, watch } = start(t, opts);
  const id = await submit(engine, { name: 'tree', kind: EntryKind.folder, origin });
  const job = await watch.over(id);
  assert.equal(job.phase, 'done', JSON.stringify(job.error));
  assert.deepEqual([job.doneFiles, job.failedFiles], [44, 0]);
  const names = readdirSync(join(here, 'tree')).toSorted();
  assert.deepEqual(readdirSync(join(there, 'got-tree')).toSorted(), names);
  for (const name of names.filter((one) => one !== 'empty' && one !== 'link')) {
    const was = readFileSync(join(here, 'tree', name));
    assert.ok(readFileSync(join(there, 'got-tree', name)).equals(was), name);
  }
  assert.equal(readlinkSync(join(there, 'got-tree/link')), 'small-1');
  const { mode, mtimeMs } = lstatSync(join(there, 'got-tree/some.bin'));
  assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 1_600_000_000_000]);
});

test('after an end in between it goes on: what is there comes from neither server again', async (t) => {
  const { here, there, from, opts, origin } = await two(t);
  const size = 40 * MiB;
  const content = noise(size);
  writeFileSync(join(here, 'large.bin'), content);
  const proxy = await countingProxy(t, from.port);
  const queueFile = join(scratchFolder(t), 'queue.db');
  const first = start(t, { ...opts, queueFile });
  first.engine.setLimits({ up: 20 * MiB });
  const id = await submit(first.engine, { name: 'large.bin', origin: { ...origin, port: proxy.port } });
  await first.watch.job(id, ({ doneBytes }) => doneBytes >= 16 * MiB);
  await first.engine.close();
  assert.ok(!existsSync(join(there, 'got-large.bin')));
  const before = proxy.bytes();
  const second = start(t, { ...opts, queueFile });
  second.engine.setLimits({ up: undefined });
  const job = await second.watch.over(id);
  assert.equal(job.phase, 'done', JSON.stringify(job.error));
  assert.ok(readFileSync(join(there, 'got-large.bin')).equals(content));
  assert.ok(proxy.bytes() - before < size - 10 * MiB, `${proxy.bytes() - before} bytes came again`);
});

test('rules for names that are taken look at both servers; what fails there is told in their words', async (t) => {
  const { here, there, opts, origin } = await two(t);
  const content = noise(6 * MiB);
  for (const name of ['same', 'other']) writeFileSync(join(here, name), content);
  writeFileSync(join(there, 'got-same'), content);
  writeFileSync(join(there, 'got-other'), noise(6 * MiB).fill(1, 5 * MiB));
  const { engine, watch } = start(t, opts);
  const [taken, same, other, gone] = await Promise.all([
    submit(engine, { name: 'same', origin }),
    submit(engine, { name: 'same', origin, existing: 'content-differs' }),
    submit(engine, { name: 'other', origin, existing: 'content-differs' }),
    submit(engine, { name: 'missing', origin }),
  ]);
  assert.deepEqual((await watch.over(taken)).error?.[1], 'a file of that name is there');
  assert.equal((await watch.over(same)).skippedFiles, 1);
  assert.equal((await watch.over(other)).phase, 'done');
  assert.ok(readFileSync(join(there, 'got-other')).equals(content));
  assert.equal((await watch.over(gone)).phase, 'failed');
});

test('a source that changes meanwhile is a failure of that name, and no file is there', async (t) => {
  const { here, there, opts, origin } = await two(t);
  writeFileSync(join(here, 'f'), noise(12 * MiB));
  const { engine, watch } = start(t, opts);
  // What goes through this machine is within both limits.
  engine.setLimits({ down: 6 * MiB });
  const id = await submit(engine, { name: 'f', origin });
  await watch.job(id, ({ doneBytes }) => doneBytes >= 2 * MiB);
  writeFileSync(join(here, 'f'), noise(11 * MiB));
  const job = await watch.over(id);
  assert.deepEqual([job.phase, job.error?.[0]], ['failed', Code.SOURCE_CHANGED]);
  assert.ok(!existsSync(join(there, 'got-f')));
});

test('a server that is opened later has its own trash, shares, people, chat and copies', async (t) => {
  const { here, there, opts, origin } = await two(t);
  const engine = new EngineThread(opts);
  t.after(() => engine.close());
  const where = engine.open(origin);
  writeFileSync(join(here, 'mine'), 'of the second\n');
  writeFileSync(join(there, 'mine'), 'of the first\n');
  const { trash, shares, people, edits, chat } = engine.at(where);
  await engine.worksAt(where).run({ verb: 'trash', path: path('mine') });
  assert.deepEqual(
    (await trash.list()).map((row) => row.path),
    [path('mine')],
  );
  assert.deepEqual(await engine.at().trash.list(), []);
  const news = new Promise<EngineEvent>((resolve) =>
    engine.onEvent((event) => {
      if (event.kind === 'chat') resolve(event);
    }),
  );
  await chat.join('#crew', { create: true });
  await chat.say('#crew', 'hello', undefined);
  const told = await news;
  assert.equal(told.kind === 'chat' && told.where, where);
  assert.deepEqual(await engine.at().chat.rooms(), []);
  assert.equal((await people.list()).length, 1);
  assert.deepEqual(await shares.list(), []);
  writeFileSync(join(here, 'mine'), 'again\n');
  const { copy, version } = await edits.fetch(path('mine'));
  writeFileSync(`/${copy.join('/')}`, 'edited\n');
  await edits.store({ copy, path: path('mine'), replaces: version, mode: 0o644 });
  assert.equal(readFileSync(join(here, 'mine'), 'utf8'), 'edited\n');
  assert.equal(readFileSync(join(there, 'mine'), 'utf8'), 'of the first\n');
  assert.throws(() => engine.source('nowhere:1'), /not connected/);
});
