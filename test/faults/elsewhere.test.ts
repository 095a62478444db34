/**
 * A server that comes back as another: with another folder, or with folders that may no longer be written to. What was begun is
 * joined to nothing else (XFER-13, XFER-26).
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { codeName, EntryKind } from '@ferry/protocol';
import type { Job, JobOrder } from '../../packages/tui/src/engine/job.ts';
import { type Server, startServer } from '../e2e/server.ts';
import { seededBytes } from '../support/content.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { until } from '../support/moments.ts';
import { engineFor, whereIs } from '../support/one-errand.ts';
import { partialsIn } from '../support/partials.ts';
import { randomFrom, seed } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { localPath, Watch } from '../tui/engine/bench.ts';

const bytes = 12_000_000;
const slow = { bytesPerSecond: 30_000_000, slices: 60_000 };
const nobody = 65534;

/** Moves it over a slow line; `change` comes when the receiving side has some of it. */
async function midway(
  t: TestContext,
  server: Server,
  order: JobOrder,
  staging: string,
  change: () => Promise<void> | void,
): Promise<Job> {
  const proxy = await startFaultProxy({
    port: server.port,
    random: randomFrom(seed),
    plan: () => ({ up: slow, down: slow }),
  });
  const engine = engineFor({ ...whereIs(server), port: proxy.port }, join(scratchFolder(t), 'device.key'));
  try {
    const watch = new Watch(engine);
    const [id = 0] = await engine.submit([order]);
    const isOver = (): boolean => ['done', 'failed'].includes(watch.jobs.get(id)?.phase ?? '');
    const moment = { what: '', reached: () => partialsIn(staging).records >= 3 };
    assert.ok(await until(moment, isOver), 'it was over too soon');
    await change();
    return await watch.over(id);
  } finally {
    await engine.close();
    await proxy.close();
  }
}

describe('a server that comes back as another', () => {
  for (const direction of ['download', 'upload'] as const)
    test(`${direction}: with another folder: nothing is joined from both (XFER-26)`, async (t) => {
      const home = scratchFolder(t);
      const [first, second, own] = ['first', 'second', 'own'].map((name) => join(home, name));
      assert.ok(first !== undefined && second !== undefined && own !== undefined);
      for (const folder of [first, second, own]) mkdirSync(folder);
      const isDownload = direction === 'download';
      const contents = [seededBytes(bytes, 81), seededBytes(bytes, 82)] as const;
      writeFileSync(join(isDownload ? first : own, 'file'), contents[0]);
      if (isDownload) writeFileSync(join(second, 'file'), contents[1]);
      const order: JobOrder = {
        direction,
        source: isDownload ? path('file') : localPath(own, 'file'),
        target: isDownload ? localPath(own, 'moved') : path('moved'),
        kind: EntryKind.file,
        existing: 'fail',
      };
      const server = await startServer(first);
      t.after(() => server.stop());
      let again: Server | undefined;
      t.after(() => again?.stop());
      const job = await midway(t, server, order, isDownload ? own : first, async () => {
        const ended = once(server.child, 'exit');
        server.child.kill('SIGKILL');
        await ended;
        again = await startServer(second, { again: server });
      });
      if (isDownload) {
        assert.equal(job.error && codeName(job.error[0]), 'SOURCE_CHANGED');
        assert.deepEqual(readdirSync(own), []);
      } else {
        assert.equal(job.phase, 'done', JSON.stringify(job.error));
        assert.ok(readFileSync(join(second, 'moved')).equals(contents[0]));
        assert.deepEqual(readdirSync(first), ['.ferry']);
      }
    });

  const skip = process.getuid?.() !== 0 && 'only root can start a server as somebody else';
  test('a folder that may not be written to any more: FORBIDDEN, and with the right back it goes on (XFER-13)', {
    skip,
  }, async (t) => {
    const home = scratchFolder(t);
    chmodSync(home, 0o755);
    const [share, own] = [join(home, 'share'), join(home, 'own')];
    const box = join(share, 'box');
    for (const folder of [share, own, box]) mkdirSync(folder);
    for (const folder of [share, box]) chownSync(folder, nobody, nobody);
    const content = seededBytes(bytes, 83);
    writeFileSync(join(own, 'file'), content);
    const server = await startServer(share, { uid: nobody });
    t.after(() => server.stop());
    const order: JobOrder = {
      direction: 'upload',
      source: localPath(own, 'file'),
      target: path('box/file'),
      kind: EntryKind.file,
      existing: 'fail',
    };
    const job = await midway(t, server, order, share, () => chmodSync(box, 0o555));
    assert.equal(job.error && codeName(job.error[0]), 'FORBIDDEN', JSON.stringify(job.error));
    assert.deepEqual(readdirSync(box), []);
    assert.equal(dirname(box), share);
    const kept = partialsIn(share).records;
    assert.ok(kept >= 3, `${kept} blocks were kept`);
    chmodSync(box, 0o755);
    const again = await midway(t, server, order, share, () => {});
    assert.equal(again.phase, 'done', JSON.stringify(again.error));
    assert.ok(readFileSync(join(box, 'file')).equals(content));
  });
});
