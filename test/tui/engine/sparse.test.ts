/** Files with holes through the engine: they stay holes both ways, and nothing of them travels. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EntryKind, limits } from '@ferry/protocol';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import type { JobOrder } from '../../../packages/tui/src/engine/job.ts';
import { countingProxy } from '../../support/counting-proxy.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { startServer } from '../../support/server.ts';
import { localPath, optsFor, Watch } from './bench.ts';

const MiB = limits.blockBytes;
const sizes = { small: 3 * MiB + 5, large: 40 * MiB };
const noiseBytes = 100_000;

/** Noise at the start and across two blocks; the rest is holes. */
function writeHoley(file: string, bytes: number): void {
  const fd = openSync(file, 'w');
  ftruncateSync(fd, bytes);
  for (const at of [0, 2 * MiB - 50_000]) writeSync(fd, randomBytes(noiseBytes), 0, noiseBytes, at);
  closeSync(fd);
}

function usedBytes(file: string): number {
  return statSync(file).blocks * 512;
}

test('holes stay holes there and back, and do not travel; zeros that are no holes become none', async (t) => {
  const home = scratchFolder(t);
  for (const folder of ['shared', 'local', 'back']) mkdirSync(join(home, folder));
  const server = await startServer(t, { dir: join(home, 'shared'), args: ['--open'] });
  const proxy = await countingProxy(t, server.port);
  const engine = new EngineCore(optsFor(t, { ...server, port: proxy.port }));
  t.after(() => engine.close());
  const watch = new Watch(engine);
  const move = async (order: Pick<JobOrder, 'direction' | 'source' | 'target'>): Promise<void> => {
    const [id = 0] = await engine.submit([{ ...order, kind: EntryKind.file, existing: 'fail' }]);
    assert.equal((await watch.over(id)).phase, 'done');
  };
  for (const [name, bytes] of Object.entries(sizes)) writeHoley(join(home, 'local', name), bytes);
  writeFileSync(join(home, 'local/zeros'), Buffer.alloc(3 * MiB));
  for (const name of ['small', 'large', 'zeros']) {
    const before = proxy.bytes();
    await move({ direction: 'upload', source: localPath(join(home, 'local'), name), target: path(name) });
    await move({ direction: 'download', source: path(name), target: localPath(join(home, 'back'), name) });
    const travelled = proxy.bytes() - before;
    // Noise lies in three blocks, which travel whole, up and down.
    const most = name === 'zeros' ? MiB : 7 * MiB;
    assert.ok(travelled < most, `${name}: ${travelled} bytes travelled`);
    const original = readFileSync(join(home, 'local', name));
    for (const folder of ['shared', 'back']) {
      const copy = join(home, folder, name);
      assert.ok(readFileSync(copy).equals(original), `${folder}/${name}`);
      if (name === 'zeros') assert.ok(usedBytes(copy) >= 3 * MiB);
      else assert.ok(usedBytes(copy) <= usedBytes(join(home, 'local', name)) + 16_384, `${folder}/${name}`);
    }
  }
});
