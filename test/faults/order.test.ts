/**
 * The order in which both programs ask the disk for things, seen from outside: whole and synced first, then the name, then
 * the folder's sync, then a word about it (XFER-23).
 */

import assert from 'node:assert/strict';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { EntryKind, limits } from '@ferry/protocol';
import { QueueStore } from '../../packages/tui/src/queue/queue-store.ts';
import { ferryMain, type Server, startServer } from '../e2e/server.ts';
import { seededBytes } from '../support/content.ts';
import { whereIs } from '../support/one-errand.ts';
import { runs } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { noStrace, run, runTraced, watch } from '../support/strace.ts';
import type { Call } from '../support/trace.ts';
import { judge, type Verdict } from '../support/trace-order.ts';
import { localPath } from '../tui/engine/bench.ts';

/** Enough for marks in a journal, which come every 64 MiB, if the disk takes those before the rest is there. */
const longBytes = 200 * 1024 * 1024;
const contents = new Map<string, Buffer>([
  ['empty', Buffer.alloc(0)],
  ...Array.from({ length: 12 }, (_, i): [string, Buffer] => [`small-${i}`, seededBytes(3000 + i, i + 1)]),
  ['middle', seededBytes(3_000_000, 77)],
  ['nine-blocks', seededBytes(9_000_000, 78)],
  ['inner/deep/one', seededBytes(100, 80)],
]);

type Which = (name: string) => boolean;

/** What travels together in one message; the rest goes by itself. */
const isPacked: Which = (name) => /^(?:small|empty)/.test(name);
const isAlone: Which = (name) => !isPacked(name);

function makeSource(folder: string, which: Which = () => true): string {
  mkdirSync(join(folder, 'inner/deep'), { recursive: true });
  for (const [name, content] of contents) if (which(name)) writeFileSync(join(folder, name), content);
  if (!which('long')) return folder;
  const long = join(folder, 'long');
  const fd = openSync(long, 'w');
  // Something in each block: what is nothing but zeros is not written.
  for (let at = 0; at < longBytes; at += limits.blockBytes) writeSync(fd, 'x', at);
  closeSync(fd);
  truncateSync(long, longBytes);
  return folder;
}

/** Other versions are there already: a small one and one that is replaced over a partial file. */
function makeTarget(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'small-0'), 'an older version');
  writeFileSync(join(folder, 'nine-blocks'), seededBytes(9_100_000, 79));
  return folder;
}

const ferry = (...args: readonly string[]): string[] => [
  process.execPath,
  ferryMain,
  ...args,
  '--accept-new',
];

function assertAll(verdict: Verdict, folder: string, which: Which = () => true): void {
  assert.deepEqual(verdict.wrong, []);
  const names = [...contents.keys(), 'long'].filter(which);
  assert.deepEqual(verdict.published.toSorted(), names.map((name) => join(folder, name)).toSorted());
  assert.ok(verdict.acknowledged > 0, 'somebody was told');
  if (which('long')) assert.ok(verdict.records >= 200 + 9, 'the journals were kept');
  for (const [name, content] of contents)
    if (which(name)) assert.ok(readFileSync(join(folder, name)).equals(content), name);
}

/** As the lane saw it that the files came over, which said the most: what is said on others meanwhile is about something else. */
function judgeLane(calls: readonly Call[], folder: string): Verdict {
  const said = calls.filter(toASocket).map(({ file }) => file);
  const [, ...lanes] = new Set(said);
  const times = (lane: string | undefined): number => said.filter((file) => file === lane).length;
  const [lane] = lanes.toSorted((a, b) => times(b) - times(a));
  assert.ok(lane, 'there was a lane');
  return judge(calls, { folder, acknowledges: (call) => toASocket(call) && call.file === lane });
}

/** Its log goes over a pair of sockets, too, from the main thread and whenever that comes to it. */
const toASocket = ({ name, file, args }: Call): boolean =>
  /^(?:write|writev|sendto|sendmsg)$/.test(name) &&
  file?.startsWith('socket:') === true &&
  !/^[12]</.test(args);
/** Microseconds more for each sync: what does not wait for it is done before it. */
const slowSyncs = { call: 'fsync,fdatasync', what: 'delay_enter=50000' } as const;
/** How far it is tells of no file. */
const toTheUser = ({ name, args }: Call): boolean =>
  name === 'write' && /^[12]</.test(args) && !args.endsWith(', 0') && !args.includes('"progress');

describe('the order of syncs, names and answers (XFER-23)', { skip: noStrace }, () => {
  /** One worker: what it writes to a socket between a name and its sync is too early, whatever it is. */
  const serve = (t: TestContext, share: string): Promise<Server> => {
    const server = startServer(share, { env: { TZ: 'UTC' } });
    t.after(async () => (await server).stop());
    return server;
  };

  test('ferryd answers for no file that a power cut could take', async (t) => {
    const home = scratchFolder(t);
    const share = join(home, 'share');
    const target = makeTarget(join(share, 'box'));
    const server = await serve(t, share);
    // With the first block that arrives Node starts its pool: only threads that are there are watched.
    const warm = join(home, 'warm');
    writeFileSync(warm, seededBytes(1_000_000, 7));
    assert.equal((await run(ferry('put', warm, `${server.address}/`), server.env)).status, 0);
    let files = 0;
    let marks = 0;
    for (let round = 0; round < runs(1); round++)
      // One after the other: a pack is synced beside, and other files may be told of meanwhile.
      for (const which of [isAlone, isPacked]) {
        const source = makeSource(
          join(home, `${which === isAlone ? 'alone' : 'packed'}-${round}`, 'box'),
          which,
        );
        rmSync(target, { recursive: true });
        makeTarget(target);
        const watched = await watch(server.child.pid ?? 0, () => true, slowSyncs);
        const put = await run(ferry('put', '-r', '--overwrite', source, `${server.address}/`), server.env);
        const calls = await watched.end();
        assert.equal(put.status, 0, put.stderr);
        const verdict =
          which === isAlone
            ? judge(calls, { folder: share, acknowledges: toASocket })
            : judgeLane(calls, share);
        assertAll(verdict, target, which);
        files += verdict.published.length;
        marks += verdict.marks;
      }
    t.diagnostic(
      `count: ${files} files put and ${marks} marks, none before its sync, none told of before its folder's`,
    );
  });

  test('ferry reports no file that a power cut could take', async (t) => {
    const home = scratchFolder(t);
    const share = join(home, 'share');
    makeSource(join(share, 'box'));
    const server = await serve(t, share);
    let files = 0;
    let marks = 0;
    for (let round = 0; round < runs(1); round++) {
      const target = join(home, `own-${round}`);
      makeTarget(join(target, 'box'));
      const get = await runTraced(
        ferry('get', '-r', '--overwrite', '--json', `${server.address}/box`, target),
        { ...server.env, TZ: 'UTC' },
        slowSyncs,
      );
      assert.equal(get.status, 0, get.stderr);
      const verdict = judge(get.calls, { folder: target, acknowledges: toTheUser });
      assertAll(verdict, join(target, 'box'));
      files += verdict.published.length;
      marks += verdict.marks;
    }
    t.diagnostic(
      `count: ${files} files got and ${marks} marks, none before its sync, none told of before its folder's`,
    );
  });

  test('a resumed download counts what is there only once its folders are on the disk', async (t) => {
    const home = scratchFolder(t);
    const share = join(home, 'share');
    const own = join(home, 'own');
    mkdirSync(join(share, 'box/inner/deep'), { recursive: true });
    for (const name of ['one', 'two', 'inner/deep/three']) writeFileSync(join(share, 'box', name), name);
    const server = await serve(t, share);
    // As somebody leaves it who is killed after the names and before the syncs.
    cpSync(join(share, 'box'), join(own, 'box'), { recursive: true, preserveTimestamps: true });
    const state = join(home, 'state');
    const queueFile = join(state, 'ferry/queue.db');
    const fingerprint = whereIs(server).fingerprint;
    const before = QueueStore.open(queueFile);
    const order = {
      direction: 'download',
      source: path('box'),
      target: localPath(own, 'box'),
      kind: EntryKind.folder,
      existing: 'fail',
    } as const;
    const ids = before.add([{ server: { host: '127.0.0.1', port: server.port, fingerprint }, order }], 1);
    before.begin(ids);
    before.close();
    const env = { ...server.env, TZ: 'UTC', XDG_STATE_HOME: state };
    const run = [process.execPath, ferryMain, 'queue', 'run'];
    // The queue's own writes come a while after the end that they tell of.
    const slowFolders = { call: 'fsync', what: 'delay_enter=400000' };
    const { calls, status, stderr } = await runTraced(run, env, slowFolders);
    assert.equal(status, 0, stderr);
    const after = QueueStore.open(queueFile);
    t.after(() => after.close());
    assert.deepEqual(
      ids.map((id) => [after.get(id)?.fact.phase, after.get(id)?.fact.figures.doneFiles]),
      [['done', 3]],
    );
    const told = calls.findLast(({ name, file }) => name === 'pwrite64' && file?.startsWith(queueFile));
    assert.ok(told);
    for (const folder of ['', 'box', 'box/inner', 'box/inner/deep']) {
      const syncs = calls.filter(({ name, file }) => name === 'fsync' && file === join(own, folder));
      assert.equal(syncs.length, 1, `«${folder}» was synced ${syncs.length} times`);
      assert.ok(syncs.every(({ ended }) => ended < told.began));
    }
  });

  test('a job that ferry has told of stays in the queue, also the first one', async (t) => {
    const home = scratchFolder(t);
    const share = join(home, 'share');
    mkdirSync(share);
    const server = await serve(t, share);
    const state = join(home, 'all', 'state');
    const env = { ...server.env, TZ: 'UTC', XDG_STATE_HOME: state };
    writeFileSync(join(home, 'file'), 'content');
    mkdirSync(join(home, 'all'));
    for (const name of ['first', 'second']) {
      const put = ferry('put', '--detach', '--paused', join(home, 'file'), `${server.address}/${name}`);
      const submitted = await runTraced(put, env);
      assert.equal(submitted.status, 0, submitted.stderr);
      const { wrong, acknowledged } = judge(submitted.calls, {
        folder: join(home, 'all'),
        acknowledges: toTheUser,
      });
      // Its end, where SQLite puts away its log, is after all promises.
      assert.deepEqual(
        wrong.filter((text) => !text.includes('the trace ends')),
        [],
        name,
      );
      assert.equal(acknowledged, 1);
    }
  });
});
