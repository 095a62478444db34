/** Long work over the wire: one request, told about as it goes on, stopped at once, and in nobody's way. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { anyEntry, limits, nameFromText } from '@ferry/protocol';
import {
  copy,
  Existing,
  type FindPart,
  find,
  move,
  removeTree,
  stat,
  type TreeFailure,
  type TreeProgress,
  usage,
} from '@ferry/protocol/messages';
import { logInto } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { countingProxy } from '../support/counting-proxy.ts';
import { runs } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { type Server, startServer } from '../support/server.ts';

const treeFiles = 200 * runs(1);

function plant(dir: string, files: number, bytes = 3): void {
  const content = Buffer.alloc(bytes, 'x');
  for (let i = 0; i < files; i++) {
    const folder = join(dir, 'tree', String(i % 20));
    if (i < 20) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${i}`), content);
  }
}

async function serve(t: TestContext, env: NodeJS.ProcessEnv = {}): Promise<{ dir: string; server: Server }> {
  const dir = scratchFolder(t);
  const server = await startServer(t, { dir, args: ['--open', '--threads', '1'], env });
  return { dir, server };
}

const order = (from: string, to: string) => ({
  from: path(from),
  to: path(to),
  existing: Existing.fail,
  expected: undefined,
});
const staged = (dir: string): string[] => {
  const part = join(dir, '.ferry/part');
  return existsSync(part) ? readdirSync(part) : [];
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('long work', () => {
  it(`copies, moves and removes ${treeFiles} files, with hardly a byte over the line`, async (t) => {
    const { dir, server } = await serve(t);
    plant(dir, treeFiles, 5000);
    const proxy = await countingProxy(t, server.port);
    const { channel } = await logInto({ host: '127.0.0.1', port: proxy.port });
    const parts: TreeProgress[] = [];
    const done = await channel.call(copy, order('tree', 'copy'), { onPart: (part) => parts.push(part) });
    assert.deepEqual(done, { files: treeFiles, folders: 21, bytes: treeFiles * 5000, skipped: 0, failed: 0 });
    assert.equal(parts.at(-1)?.files, treeFiles);
    const moved = await channel.call(move, order('copy', 'moved'));
    assert.equal(moved.folders, 1);
    const removed = await channel.call(removeTree, { path: path('moved') });
    assert.deepEqual([removed.files, removed.folders], [treeFiles, 21]);
    assert.deepEqual(readdirSync(dir).sort(), ['.ferry', 'tree']);
    assert.ok(proxy.bytes() < 100_000, `${proxy.bytes()} bytes`);
    assert.match(await server.logged(/copied/), /copied \/tree to \/copy \(\d+ files, \d+ MB in /);
    assert.match(await server.logged(/removed/), /removed \/moved \(\d+ files\)/);
    channel.close();
  });

  it('tells every failure, also more than go into one part', async (t) => {
    const { dir, server } = await serve(t);
    const count = 3 * limits.partFailures + 1;
    plant(dir, count);
    mkdirSync(join(dir, 'taken'));
    for (let i = 0; i < 20; i++) {
      for (let j = i; j < count; j += 20)
        mkdirSync(join(dir, 'taken', String(i), `file-${j}`), { recursive: true });
    }
    const { channel } = await logInto(server);
    const failures: TreeFailure[] = [];
    const done = await channel.call(
      copy,
      { ...order('tree', 'taken'), existing: Existing.overwrite },
      { onPart: (part) => failures.push(...part.failures) },
    );
    assert.deepEqual([done.files, done.failed, failures.length], [0, count, count]);
    assert.ok(failures.some((one) => one.path.join('/') === '3/file-3'));
    channel.close();
  });

  it('lets other sessions of its thread go on, and stops at once when it is told to', async (t) => {
    const { dir, server } = await serve(t);
    writeFileSync(join(dir, 'big'), Buffer.alloc(64 * limits.blockBytes, 'y'));
    plant(dir, 500);
    const { channel } = await logInto(server);
    const other = await logInto(server);
    const controller = new AbortController();
    const { signal } = controller;
    const works = ['a', 'b', 'c', 'd'].flatMap((to) => [
      channel.call(copy, order('big', `big-${to}`), { signal }),
      channel.call(copy, order('tree', `tree-${to}`), { signal }),
    ]);
    const ended = Promise.allSettled(works);
    let isOver = false;
    void ended.then(() => (isOver = true));
    let answers = 0;
    while (!isOver && answers < 20) {
      await other.channel.call(stat, { path: path('big') });
      answers += 1;
    }
    assert.equal(answers, 20, 'the other session was held up');
    await assert.rejects(channel.call(copy, order('big', 'one-more')), withCode('LIMIT'));
    controller.abort();
    const finished = (await ended).filter(({ status }) => status === 'fulfilled').length;
    await until(() => staged(dir).length === 0);
    const visible = readdirSync(dir).filter((name) => name.includes('-'));
    assert.ok(visible.length >= finished);
    for (const name of visible) {
      const facts = await channel.call(stat, { path: [nameFromText(name)] });
      assert.ok(name.startsWith('tree') || facts.facts.size === 64 * limits.blockBytes);
    }
    await channel.call(copy, order('big', 'one-more'));
    channel.close();
    other.channel.close();
  });

  it('gives the first hit at once, no more than it was asked for, and goes on for nobody', async (t) => {
    const { dir, server } = await serve(t);
    plant(dir, treeFiles);
    const { channel } = await logInto(server);
    const parts: FindPart[] = [];
    const onPart = (part: FindPart): void => void parts.push(part);
    const all = await channel.call(find, { ...anyEntry, path: [], most: limits.findHits }, { onPart });
    const rows = parts.flatMap((part) => part.rows);
    assert.equal(rows.length, Math.min(limits.findHits, treeFiles + 21));
    assert.equal(parts[0]?.rows.length, 1);
    assert.equal(all.more, treeFiles + 21 > limits.findHits);
    assert.ok(rows.every(({ folder }) => folder[0] !== '.ferry'));
    parts.length = 0;
    assert.equal((await channel.call(find, { ...anyEntry, path: [], most: 7 }, { onPart })).more, true);
    assert.equal(parts.flatMap((part) => part.rows).length, 7);
    const controller = new AbortController();
    const searching = channel.call(
      find,
      { ...anyEntry, path: [], most: limits.findHits, content: 'y' },
      { signal: controller.signal },
    );
    controller.abort();
    await assert.rejects(searching, withCode('CANCELLED'));
    for (let i = 0; i < limits.sessionWorks; i++) await channel.call(usage, { path: [] });
    channel.close();
  });

  it('ends with its connection, and with its thread, leaving nothing that looks like a file', async (t) => {
    const { dir, server } = await serve(t, { FERRY_TEST_CRASH: '1' });
    writeFileSync(join(dir, 'big'), Buffer.alloc(192 * limits.blockBytes, 'y'));
    const gone = await logInto(server);
    const left = gone.channel.call(copy, order('big', 'left'));
    await until(() => staged(dir).length > 0);
    gone.channel.close();
    await assert.rejects(left, withCode('CONNECTION_LOST'));
    await until(() => staged(dir).length === 0);
    const crashed = await logInto(server);
    const lost = crashed.channel.call(copy, order('big', 'lost'));
    await until(() => staged(dir).length > 0);
    server.signal('SIGUSR2');
    await assert.rejects(lost, withCode('CONNECTION_LOST'));
    assert.deepEqual(readdirSync(dir).sort(), ['.ferry', 'big']);
    assert.equal(staged(dir).length, 1);
  });
});
