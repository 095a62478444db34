/** Bandwidth limits of a job and of all: nothing ends sooner than they allow, and taking one off lets it run. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EntryKind, limits } from '@ferry/protocol';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import type { Direction, JobOrder } from '../../../packages/tui/src/engine/job.ts';
import { countingProxy } from '../../support/counting-proxy.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { sharedServer } from '../../support/shared-server.ts';
import { localPath, optsFor, Watch } from './bench.ts';

const MiB = limits.blockBytes;
const bytes = randomBytes(12 * MiB);

type Ends = {
  engine: EngineCore;
  watch: Watch;
  order: (direction: Direction) => JobOrder;
  got: () => Buffer;
};

const served = sharedServer();

function ends(t: TestContext): Ends {
  const { shared, server } = served();
  const local = scratchFolder(t);
  const engine = new EngineCore(optsFor(t, server));
  t.after(() => engine.close());
  const here = localPath(local, 'f');
  let target = '';
  const order = (direction: Direction): JobOrder => {
    const isUpload = direction === 'upload';
    writeFileSync(join(isUpload ? local : shared, 'f'), bytes);
    target = join(isUpload ? shared : local, 'f');
    const [source, to] = isUpload ? [here, path('f')] : [path('f'), here];
    return { direction, source, kind: EntryKind.file, target: to, existing: 'fail' };
  };
  return { engine, watch: new Watch(engine), order, got: () => readFileSync(target) };
}

for (const direction of ['upload', 'download'] as const) {
  test(`a limit of all ${direction}s holds`, async (t) => {
    const { engine, watch, order, got } = ends(t);
    engine.setLimits(direction === 'upload' ? { up: 6 * MiB } : { down: 6 * MiB });
    const [id = 0] = await engine.submit([order(direction)]);
    const job = await watch.over(id);
    assert.equal(job.phase, 'done');
    assert.ok(got().equals(bytes));
    // The last piece goes before it is paid for, and what was saved up before the first.
    assert.ok(job.movingMs > 900, `12 MiB at 6 MiB/s took ${job.movingMs} ms`);
  });
}

test('a timetable limits too, and a limit that is taken off lets the job run', async (t) => {
  const { engine, watch, order, got } = ends(t);
  engine.setLimits({ timetable: '64k' });
  const [id = 0] = await engine.submit([order('download')]);
  await watch.job(id, ({ phase }) => phase === 'moving');
  engine.setLimits({ timetable: '' });
  assert.equal((await watch.over(id)).phase, 'done');
  assert.ok(got().equals(bytes));
});

test("a job's own limit holds, and no other job's", async (t) => {
  const { engine, watch, order, got } = ends(t);
  engine.pauseAll(true);
  const [id = 0] = await engine.submit([order('download')]);
  engine.setLimit([id], 6 * MiB);
  engine.pauseAll(false);
  const job = await watch.over(id);
  assert.ok(got().equals(bytes));
  assert.ok(job.movingMs > 900, `12 MiB at 6 MiB/s took ${job.movingMs} ms`);
});

for (const direction of ['upload', 'download'] as const) {
  test(`at a low limit an ${direction} sends no more than that, in slices; without it the rest goes whole`, async (t) => {
    const { shared, server } = served();
    const local = scratchFolder(t);
    const proxy = await countingProxy(t, server.port);
    const engine = new EngineCore(optsFor(t, { ...server, port: proxy.port }));
    t.after(() => engine.close());
    const watch = new Watch(engine);
    const isUpload = direction === 'upload';
    writeFileSync(join(isUpload ? local : shared, 'f'), bytes);
    const here = localPath(local, 'f');
    const [source, target] = isUpload ? [here, path('f')] : [path('f'), here];
    const rate = 400_000;
    engine.setLimits({ up: rate, down: rate });
    const beganMs = performance.now();
    const [id = 0] = await engine.submit([
      { direction, source, target, kind: EntryKind.file, existing: 'fail' },
    ]);
    // Less than one block: whole ones would be over what is allowed by then.
    await watch.job(id, ({ doneBytes }) => doneBytes > 300_000);
    const seconds = (performance.now() - beganMs) / 1000;
    const allowed = (seconds + 0.5) * rate * 1.05 + 50_000;
    assert.ok(proxy.bytes() < allowed, `${proxy.bytes()} bytes in ${seconds} s`);
    engine.act('pause', [id]);
    await watch.job(id, ({ phase }) => phase === 'paused');
    engine.act('resume', [id]);
    engine.setLimits({ up: undefined, down: undefined });
    const job = await watch.over(id);
    assert.equal(job.phase, 'done');
    assert.equal(job.doneBytes, bytes.length);
    assert.ok(readFileSync(join(isUpload ? shared : local, 'f')).equals(bytes));
    t.diagnostic(`count: ${proxy.bytes()} bytes for ${bytes.length}`);
  });
}

for (const direction of ['upload', 'download'] as const) {
  test(`an ${direction} in slices goes on after its lanes were cut, and counts every byte once`, async (t) => {
    const { shared, server } = served();
    const local = scratchFolder(t);
    const isUpload = direction === 'upload';
    const way = isUpload ? 'up' : 'down';
    // The first connection is the session's; lanes come after it.
    const proxy = await startFaultProxy({
      port: server.port,
      plan: (connection) =>
        connection < 1 || connection > 4
          ? {}
          : { [way]: { faults: [{ at: 700_000 + 500_000 * connection, kind: 'reset' }] } },
      random: () => 0,
    });
    t.after(() => proxy.close());
    const engine = new EngineCore(optsFor(t, { ...server, port: proxy.port }));
    t.after(() => engine.close());
    const watch = new Watch(engine);
    writeFileSync(join(isUpload ? local : shared, 'f'), bytes);
    const here = localPath(local, 'f');
    const [source, target] = isUpload ? [here, path('f')] : [path('f'), here];
    engine.setLimits({ up: 7_000_000, down: 7_000_000 });
    const [id = 0] = await engine.submit([
      { direction, source, target, kind: EntryKind.file, existing: 'fail' },
    ]);
    const job = await watch.over(id);
    assert.equal(job.phase, 'done');
    assert.equal(job.doneBytes, bytes.length);
    assert.ok(proxy.happened.reset > 1, `${proxy.happened.reset} of the lanes were cut`);
    assert.ok(readFileSync(join(isUpload ? shared : local, 'f')).equals(bytes));
  });
}
