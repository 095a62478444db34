/** Replacing a file by a version that is nearly the same: little travels, and the old one stays until the switch. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EntryKind, limits } from '@ferry/protocol';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import type { JobOrder } from '../../../packages/tui/src/engine/job.ts';
import { countingProxy } from '../../support/counting-proxy.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { sharedServer } from '../../support/shared-server.ts';
import { localPath, optsFor, Watch } from './bench.ts';

const MiB = limits.blockBytes;

type Ends = { shared: string; local: string; move: (order: JobOrder) => Promise<number> };

const served = sharedServer();

async function ends(t: TestContext, delayMs = 0): Promise<Ends> {
  const { shared, server } = served();
  const local = scratchFolder(t);
  const proxy = await countingProxy(t, server.port, delayMs);
  const opts = optsFor(t, server);
  const engine = new EngineCore({ ...opts, address: { host: '127.0.0.1', port: proxy.port } });
  t.after(() => engine.close());
  const watch = new Watch(engine);
  const move = async (order: JobOrder): Promise<number> => {
    const before = proxy.bytes();
    const [id = 0] = await engine.submit([order]);
    const job = await watch.over(id);
    assert.equal(job.phase, 'done', job.error?.[1]);
    return proxy.bytes() - before;
  };
  return { shared, local, move };
}

const inserted = (old: Buffer): Buffer => Buffer.concat([randomBytes(MiB / 2), old]);

test('an upload over an older version sends what is new, and little else', async (t) => {
  const { shared, local, move } = await ends(t);
  const old = randomBytes(40 * MiB);
  const fresh = inserted(old);
  writeFileSync(join(shared, 'f'), old);
  writeFileSync(join(local, 'f'), fresh);
  const source = localPath(local, 'f');
  const bytes = await move({
    direction: 'upload',
    source,
    kind: EntryKind.file,
    target: path('f'),
    existing: 'overwrite',
  });
  assert.ok(readFileSync(join(shared, 'f')).equals(fresh));
  t.diagnostic(`count: bytes for an upload of 40.5 MiB of which 0.5 were new: ${bytes}`);
  assert.ok(bytes < 4 * MiB, `${bytes} bytes travelled`);
});

test('a download over an older version fetches what is new, and little else', async (t) => {
  const { shared, local, move } = await ends(t);
  const old = randomBytes(40 * MiB);
  const fresh = inserted(old);
  writeFileSync(join(shared, 'f'), fresh);
  writeFileSync(join(local, 'f'), old);
  const target = localPath(local, 'f');
  const bytes = await move({
    direction: 'download',
    source: path('f'),
    kind: EntryKind.file,
    target,
    existing: 'overwrite',
  });
  assert.ok(readFileSync(join(local, 'f')).equals(fresh));
  t.diagnostic(`count: bytes for a download of 40.5 MiB of which 0.5 were new: ${bytes}`);
  assert.ok(bytes < 4 * MiB, `${bytes} bytes travelled`);
});

test('a version that has nothing in common is sent as a whole', async (t) => {
  const { shared, local, move } = await ends(t);
  const fresh = randomBytes(12 * MiB);
  writeFileSync(join(shared, 'f'), randomBytes(20 * MiB));
  writeFileSync(join(local, 'f'), fresh);
  const source = localPath(local, 'f');
  await move({ direction: 'upload', source, kind: EntryKind.file, target: path('f'), existing: 'overwrite' });
  assert.ok(readFileSync(join(shared, 'f')).equals(fresh));
});

test('content that the server has under another name is not sent again', async (t) => {
  const { shared, local, move } = await ends(t, 4);
  const content = randomBytes(20 * MiB);
  writeFileSync(join(local, 'f'), content);
  const putAs = (name: string): Promise<number> =>
    move({
      direction: 'upload',
      source: localPath(local, 'f'),
      kind: EntryKind.file,
      target: path(name),
      existing: 'fail',
    });
  assert.ok((await putAs('first')) > 20 * MiB);
  const bytes = await putAs('second');
  assert.ok(readFileSync(join(shared, 'second')).equals(content));
  t.diagnostic(`count: bytes for 20 MiB that are there under another name: ${bytes}`);
  assert.ok(bytes < MiB, `${bytes} bytes travelled`);

  // What is not there any more, or only begins like it, is no help and no harm.
  writeFileSync(join(shared, 'first'), 'short');
  writeFileSync(join(shared, 'second'), 'short');
  assert.ok((await putAs('third')) > 20 * MiB);
  const other = Buffer.concat([content.subarray(0, MiB), randomBytes(19 * MiB)]);
  writeFileSync(join(local, 'f'), other);
  await putAs('fourth');
  assert.ok(readFileSync(join(shared, 'fourth')).equals(other));
});
