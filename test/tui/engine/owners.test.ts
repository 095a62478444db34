/** Whom files belong to, through the engine: kept by names where asked and possible, told where not. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EntryKind } from '@ferry/protocol';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import type { Direction, Job, JobOrder } from '../../../packages/tui/src/engine/job.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { startServer } from '../../support/server.ts';
import { localPath, optsFor, Watch } from './bench.ts';

/** Two that every system has, by the numbers that this one gives them. */
function idOf(file: string, name: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((row) => row.startsWith(`${name}:`));
  return Number(line?.split(':')[2]);
}
const daemon = [idOf('/etc/passwd', 'daemon'), idOf('/etc/group', 'daemon')] as const;
/** A number without a name. */
const nobodys = 54_321;

const skip = process.geteuid?.() === 0 ? false : 'only root may give files to others';

/** Files large and small, a folder and a link of daemon's, and one of nobody's. */
function tree(folder: string): void {
  mkdirSync(join(folder, 't/below'), { recursive: true });
  writeFileSync(join(folder, 't/below/small'), 'small');
  writeFileSync(join(folder, 't/below/other'), 'other');
  writeFileSync(join(folder, 't/large'), randomBytes(100_000));
  symlinkSync('large', join(folder, 't/link'));
  for (const name of ['below', 'below/small', 'large']) chownSync(join(folder, 't', name), ...daemon);
  lchownSync(join(folder, 't/link'), ...daemon);
  chownSync(join(folder, 't/below/other'), nobodys, nobodys);
}

const ownerIn = (folder: string, name: string): readonly [uid: number, gid: number] => {
  const { uid, gid } = lstatSync(join(folder, name));
  return [uid, gid];
};

async function moved(
  t: TestContext,
  direction: Direction,
  more: Partial<JobOrder>,
  args: string[],
): Promise<[Job, string]> {
  const shared = scratchFolder(t);
  const local = scratchFolder(t);
  tree(direction === 'upload' ? local : shared);
  const server = await startServer(t, { dir: shared, args: ['--open', ...args] });
  const engine = new EngineCore(optsFor(t, server));
  t.after(() => engine.close());
  const watch = new Watch(engine);
  const isUpload = direction === 'upload';
  const [source, target] = isUpload
    ? [localPath(local, 't'), path('got')]
    : [path('t'), localPath(local, 'got')];
  const [id = 0] = await engine.submit([
    { direction, source, target, kind: EntryKind.folder, existing: 'fail', ...more },
  ]);
  return [await watch.over(id), join(isUpload ? shared : local, 'got')];
}

for (const direction of ['download', 'upload'] as const) {
  test(`an ${direction} that is to keep owners does, and says of whom it cannot`, { skip }, async (t) => {
    const [job, got] = await moved(t, direction, { owners: true }, ['--owners']);
    assert.equal(job.phase, 'done');
    for (const name of ['below', 'below/small', 'large', 'link'])
      assert.deepEqual(ownerIn(got, name), daemon);
    assert.deepEqual(ownerIn(got, 'below/other'), [0, 0]);
    assert.deepEqual(
      job.losses?.map(({ what }) => what),
      ['its owner :: there is no such user here'],
    );
  });

  test(`an ${direction} that is not asked to keep owners does not, and says nothing`, { skip }, async (t) => {
    const [job, got] = await moved(t, direction, {}, ['--owners']);
    assert.deepEqual([job.phase, job.lostCount ?? 0], ['done', 0]);
    assert.deepEqual(ownerIn(got, 'large'), [0, 0]);
  });
}

test('a server that keeps no owners: told of every entry, and with strict a failure', { skip }, async (t) => {
  const [job, got] = await moved(t, 'upload', { owners: true }, []);
  assert.deepEqual([job.phase, job.lostCount], ['done', 6]);
  assert.match(
    job.losses?.[0]?.what ?? '',
    /^its owner daemon:daemon: the server neither tells nor sets owners$/,
  );
  assert.deepEqual(ownerIn(got, 'large'), [0, 0]);
  const [strict] = await moved(t, 'download', { owners: true, strict: true }, []);
  assert.equal(strict.phase, 'failed');
});
