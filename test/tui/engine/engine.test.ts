/** The engine against a real ferryd, inline as commands use it and on its thread as the browser does: no difference. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  stat,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { getPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { codeName, EntryKind, type Path } from '@ferry/protocol';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import { EngineThread } from '../../../packages/tui/src/engine/engine-thread.ts';
import type { Job, JobOrder } from '../../../packages/tui/src/engine/job.ts';
import type { FileSource } from '../../../packages/tui/src/engine/source.ts';
import { niceness } from '../../../packages/tui/src/engine/step-back.ts';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { startServer } from '../../support/server.ts';
import { sharedServer } from '../../support/shared-server.ts';
import { assertSame, bench, filled, localPath, type Make, optsFor, Watch } from './bench.ts';

const MiB = 1024 ** 2;
/** So that something can happen meanwhile. */
const slow = { up: 10 * MiB, down: 10 * MiB };
/** Three seconds of that. */
const large = 30 * MiB;
const unlimited = { up: undefined, down: undefined };

function tree(folder: string): void {
  mkdirSync(join(folder, 'a/deep/empty'), { recursive: true });
  mkdirSync(join(folder, 'b'));
  for (let i = 0; i < 30; i++) writeFileSync(join(folder, `a/${i}`), randomBytes(i * 1000));
  writeFileSync(join(folder, 'a/deep/x'), randomBytes(3_000_000));
  writeFileSync(join(folder, 'b/y'), '');
  writeFileSync(join(folder, 'top'), 'top');
}

function fifo(place: string): void {
  assert.equal(spawnSync('mkfifo', [place]).status, 0);
}

async function names(source: FileSource, folder: Path): Promise<string[]> {
  const all: string[] = [];
  await source.list(folder, (page) => all.push(...Array.from(page, ({ name }) => name)));
  return all.toSorted();
}

/** Downloads of the files 0, 1, 2… */
function numbered(count: number, local: string): JobOrder[] {
  return Array.from({ length: count }, (_, i) => ({
    direction: 'download',
    source: path(`${i}`),
    target: localPath(local, `${i}`),
    kind: EntryKind.file,
    existing: 'fail',
  }));
}

function told(job: Job): [phase: string, code: string | undefined] {
  return [job.phase, job.error === undefined ? undefined : codeName(job.error[0])];
}

/** The thread holds the same; the tests of commands and of the queue ask for it inline as well. */
const inline: Readonly<Record<string, Make>> = {
  inline: (opts) => new EngineCore(opts),
  'inline with a queue file': (opts) =>
    new EngineCore({ ...opts, queueFile: join(dirname(opts.deviceKeyFile), 'queue.db') }),
};
const engines: Readonly<Record<string, Make>> = {
  ...(process.env['FERRY_SOAK'] === '1' ? inline : {}),
  'on its thread': (opts) => new EngineThread(opts),
};

for (const [where, make] of Object.entries(engines)) {
  describe(`engine ${where}`, () => {
    const served = sharedServer();

    test('both sides: list, stat, mkdir, rename, remove, space', async (t) => {
      const { engine, shared, local } = await bench(t, make, served());
      for (const [source, folder, at] of [
        [engine.remote, shared, (below: string) => path(below)],
        [engine.local, local, (below: string) => localPath(local, below)],
      ] as const) {
        assert.deepEqual(await names(source, at('')), []);
        writeFileSync(join(folder, 'f'), 'four');
        await source.mkdir(at('d'));
        assert.deepEqual(await names(source, at('')), ['d', 'f']);
        const { size, kind, name } = await source.stat(at('f'));
        assert.deepEqual([size, kind, name], [4, EntryKind.file, 'f']);
        await source.rename(at('f'), at('d/g'));
        assert.deepEqual(readdirSync(join(folder, 'd')), ['g']);
        await assert.rejects(source.remove(at('d')), withCode('NOT_EMPTY'));
        await assert.rejects(source.mkdir(at('d')), withCode('EXISTS'));
        await assert.rejects(source.stat(at('none')), withCode('NOT_FOUND'));
        await assert.rejects(names(source, at('d/g')), withCode('NOT_FOLDER'));
        await source.remove(at('d/g'));
        await source.remove(at('d'));
        assert.deepEqual(await names(source, at('')), []);
        const { free, total } = await source.space(at(''));
        assert.ok(free > 0 && total >= free);
      }
    });

    test('a cancelled listing says CANCELLED', async (t) => {
      const { engine } = await bench(t, make, served());
      const signal = AbortSignal.abort();
      await assert.rejects(
        engine.remote.list([], () => {}, { signal }),
        withCode('CANCELLED'),
      );
    });

    test('a folder downloads and uploads whole, and both sides are told what arrived', async (t) => {
      const { shared, local, watch, submit } = await bench(t, make, served());
      tree(join(shared, 'src'));
      const down = await watch.over(await submit({ from: 'src', kind: EntryKind.folder }));
      assert.deepEqual(told(down), ['done', undefined]);
      assertSame(join(shared, 'src'), join(local, 'src'));
      assert.deepEqual(readdirSync(local), ['src']);
      assert.deepEqual([down.doneFiles, down.totalFiles, down.failedFiles, down.walked], [33, 33, 0, true]);
      assert.equal(down.doneBytes, down.totalBytes);
      const up = await watch.over(
        await submit({ from: 'src', to: 'back', direction: 'upload', kind: EntryKind.folder }),
      );
      assert.deepEqual(told(up), ['done', undefined]);
      assertSame(join(shared, 'src'), join(shared, 'back'));
      await watch.until(() => watch.changed.has(`local ${localPath(local).join('/')}`));
      await watch.until(() => watch.changed.has('remote back/a'));
    });

    test('links that stay inside, empty folders, and what folders are: the same there and back', async (t) => {
      const { shared, local, watch, submit } = await bench(t, make, served());
      const src = join(shared, 'src');
      mkdirSync(join(src, 'deep/empty'), { recursive: true });
      writeFileSync(join(src, 'deep/file'), 'x');
      symlinkSync('deep/file', join(src, 'inside'));
      symlinkSync('../nothing-there', join(src, 'deep/dangling'));
      symlinkSync('../outside', join(src, 'out'));
      symlinkSync(shared, join(src, 'absolute'));
      chmodSync(join(src, 'deep/empty'), 0o700);
      for (const [folder, s] of [
        ['deep/empty', 1_500_000_000],
        ['deep', 1_400_000_000],
        ['', 1_300_000_000],
      ] as const)
        utimesSync(join(src, folder), s, s);
      const down = await watch.over(await submit({ from: 'src', kind: EntryKind.folder }));
      assert.equal(down.phase, 'done');
      assert.deepEqual((down.losses ?? []).map(({ source }) => source.join('/')).toSorted(), [
        'src/absolute',
        'src/out',
      ]);
      for (const lost of ['out', 'absolute']) rmSync(join(src, lost));
      utimesSync(src, 1_300_000_000, 1_300_000_000);
      assertSame(src, join(local, 'src'));
      const up = await watch.over(
        await submit({ from: 'src', to: 'back', direction: 'upload', kind: EntryKind.folder }),
      );
      assert.deepEqual([up.phase, up.lostCount], ['done', undefined]);
      for (const copy of [join(local, 'src'), join(shared, 'back')]) {
        assert.equal(readlinkSync(join(copy, 'inside')), 'deep/file');
        assert.equal(readlinkSync(join(copy, 'deep/dangling')), '../nothing-there');
        assert.equal(statSync(join(copy, 'deep/empty')).mode & 0o777, 0o700);
        for (const folder of ['', 'deep', 'deep/empty'])
          assert.equal(statSync(join(copy, folder)).mtimeMs, statSync(join(src, folder)).mtimeMs, folder);
      }
    });

    test('what fails stops nothing else, whatever it is', async (t) => {
      const { shared, local, watch, submit } = await bench(t, make, served());
      tree(join(shared, 'src'));
      fifo(join(shared, 'src/a/pipe'));
      mkdirSync(join(local, 'src/a'), { recursive: true });
      writeFileSync(join(local, 'src/a/7'), 'precious');
      // A file where a folder should go.
      writeFileSync(join(local, 'src/a/deep'), 'precious');
      const job = await watch.over(await submit({ from: 'src', kind: EntryKind.folder }));
      assert.equal(job.phase, 'failed');
      const failures = job.failures.map(({ source, error }) => `${source.join('/')} ${codeName(error[0])}`);
      assert.deepEqual(failures.toSorted(), [
        'src/a/7 EXISTS',
        'src/a/deep EXISTS',
        'src/a/pipe NOT_REGULAR',
      ]);
      assert.equal(readFileSync(join(local, 'src/a/7'), 'utf8'), 'precious');
      assert.ok(existsSync(join(local, 'src/b/y')));
      assert.equal(job.doneFiles, 31);
    });

    test('a retry goes over what failed and nothing else, and what stays refused stays failed', async (t) => {
      const { shared, local, engine, watch, submit } = await bench(t, make, served());
      tree(join(shared, 'src'));
      fifo(join(shared, 'src/b/pipe'));
      mkdirSync(join(local, 'src/a'), { recursive: true });
      writeFileSync(join(local, 'src/a/7'), 'old');
      writeFileSync(join(local, 'src/a/deep'), 'in the way');
      const id = await submit({ from: 'src', kind: EntryKind.folder });
      assert.equal((await watch.over(id)).failedFiles, 3);
      rmSync(join(local, 'src/a/7'));
      rmSync(join(local, 'src/a/deep'));
      engine.act('retry', [id]);
      const again = await watch.job(id, ({ phase, failedFiles }) => phase === 'failed' && failedFiles < 3);
      const failures = again.failures.map(({ source, error }) => `${source.join('/')} ${codeName(error[0])}`);
      assert.deepEqual(failures, ['src/b/pipe NOT_REGULAR']);
      assert.deepEqual([again.doneFiles, again.totalFiles], [33, 33]);
      rmSync(join(shared, 'src/b/pipe'));
      assertSame(join(shared, 'src'), join(local, 'src'));
    });

    test('overwrite replaces what was in the way', async (t) => {
      const { shared, local, engine, watch, submit } = await bench(t, make, served());
      writeFileSync(join(shared, 'f'), 'new');
      writeFileSync(join(local, 'f'), 'old');
      const id = await submit({ from: 'f' });
      assert.deepEqual(told(await watch.over(id)), ['failed', 'EXISTS']);
      engine.act('overwrite', [id]);
      const job = await watch.job(id, ({ phase }) => phase === 'done');
      assert.deepEqual([job.doneBytes, job.totalBytes, job.error], [3, 3, undefined]);
      assert.equal(readFileSync(join(local, 'f'), 'utf8'), 'new');
    });

    test('a source that is not there fails its job', async (t) => {
      const { watch, submit } = await bench(t, make, served());
      assert.deepEqual(told(await watch.over(await submit({ from: 'none' }))), ['failed', 'NOT_FOUND']);
      const up = await submit({ from: 'none', direction: 'upload', kind: EntryKind.folder });
      assert.deepEqual(told(await watch.over(up)), ['failed', 'NOT_FOUND']);
    });

    test('twenty jobs at once all end, and cleared they are gone', async (t) => {
      const { shared, local, engine, watch } = await bench(t, make, served());
      for (let i = 0; i < 20; i++) writeFileSync(join(shared, `${i}`), randomBytes(i * 100_000));
      const ids = await engine.submit(numbered(20, local));
      const phases = await Promise.all(ids.map(async (id) => (await watch.over(id)).phase));
      assert.deepEqual(phases, Array(20).fill('done'));
      assertSame(shared, local);
      engine.clear();
      await watch.until(() => watch.jobs.size === 0);
    });

    test('paused it stands, resumed it ends, and small jobs pass it meanwhile', async (t) => {
      const { shared, local, engine, watch, submit } = await bench(t, make, served());
      filled(join(shared, 'big'), large);
      writeFileSync(join(shared, 'small'), 'small');
      engine.setLimits(slow);
      const big = await submit({ from: 'big' });
      await watch.job(big, ({ doneBytes }) => doneBytes > 0);
      engine.act('pause', [big]);
      await watch.job(big, ({ phase }) => phase === 'paused');
      assert.equal((await watch.over(await submit({ from: 'small' }))).phase, 'done');
      assert.equal(watch.jobs.get(big)?.phase, 'paused');
      assert.ok(!existsSync(join(local, 'big')));
      engine.setLimits(unlimited);
      engine.act('resume', [big]);
      assert.equal((await watch.over(big)).phase, 'done');
      assertSame(shared, local);
    });

    test('paused before it began, and paused at any time up to its end, it ends once resumed', async (t) => {
      const { shared, local, engine, watch } = await bench(t, make, served());
      for (let i = 0; i < 40; i++) writeFileSync(join(shared, `${i}`), randomBytes(i * 20_000));
      const ids = await engine.submit(numbered(40, local));
      engine.act('pause', ids);
      // Files whose last blocks were on their way come to their end while their jobs are paused.
      await engine.remote.stat([]);
      engine.act('resume', ids);
      for (let i = 0; i < 30; i++) {
        await engine.remote.stat([]);
        engine.act('pause', ids);
        await engine.remote.stat([]);
        engine.act('resume', ids);
      }
      for (const id of ids) assert.equal((await watch.over(id)).phase, 'done');
      assertSame(shared, local);
    });

    test('cancelled, both directions leave nothing', async (t) => {
      const { shared, local, engine, watch, submit } = await bench(t, make, served());
      filled(join(shared, 'down'), large);
      filled(join(local, 'up'), large);
      engine.setLimits(slow);
      const ids = [await submit({ from: 'down' }), await submit({ from: 'up', direction: 'upload' })];
      for (const id of ids) await watch.job(id, ({ doneBytes }) => doneBytes > 0);
      engine.act('cancel', ids);
      for (const id of ids) assert.equal((await watch.over(id)).phase, 'cancelled');
      const parts = join(shared, '.ferry/part');
      // The server hears of it in its own time.
      while (existsSync(parts) && readdirSync(parts).length > 0) await engine.remote.stat([]);
      while (readdirSync(local).length > 1) await engine.remote.stat([]);
      assert.deepEqual(readdirSync(local), ['up']);
      assert.ok(!existsSync(join(shared, 'up')));
    });

    test('closed in the middle it keeps what it began, hidden, to go on with', async (t) => {
      const { shared, local, engine, watch } = await bench(t, make, served());
      for (let i = 0; i < 8; i++) filled(join(shared, `${i}`), large / 2);
      engine.setLimits(slow);
      const ids = await engine.submit(numbered(8, local));
      for (const id of ids) await watch.job(id, ({ doneBytes }) => doneBytes > 0);
      await engine.close();
      assert.deepEqual(readdirSync(local), ['.ferry']);
    });

    test('a server killed in the middle and started again: everything ends by itself', async (t) => {
      const { server, shared, local, engine, watch, submit } = await bench(t, make);
      filled(join(shared, 'down'), large);
      filled(join(local, 'up'), large);
      engine.setLimits(slow);
      mkdirSync(join(shared, 'tree'));
      for (let i = 0; i < 150; i++) {
        mkdirSync(join(shared, `tree/${i}`));
        writeFileSync(join(shared, `tree/${i}/f`), `${i}`);
      }
      const ids = [
        await submit({ from: 'down' }),
        await submit({ from: 'up', direction: 'upload' }),
        await submit({ from: 'tree', kind: EntryKind.folder }),
      ];
      await Promise.all(ids.map((id) => watch.job(id, ({ doneBytes }) => doneBytes > 0)));
      server.signal('SIGKILL');
      await server.ended;
      await watch.until(() => watch.status?.phase === 'offline');
      for (const file of [join(shared, 'up'), join(local, 'down')])
        assert.ok(!existsSync(file) || statSync(file).size === large, 'a look-alike');
      engine.setLimits(unlimited);
      const args = ['--open', '--listen', `127.0.0.1:${server.port}`];
      await startServer(t, { dir: shared, home: server.home, args });
      for (const id of ids) assert.deepEqual(told(await watch.over(id)), ['done', undefined]);
      for (const name of ['down', 'up', 'tree']) assertSame(join(shared, name), join(local, name));
    });

    test('closed, it answers no more, and closing again is no error', async (t) => {
      const { engine } = await bench(t, make, served());
      await engine.remote.stat([]);
      await engine.close();
      await engine.close();
      await assert.rejects(engine.remote.stat([]), withCode('CANCELLED'));
    });
  });
}

test('an engine thread that cannot begin says why, answers nothing and can be closed', async (t) => {
  const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
  const deviceKeyFile = join(scratchFolder(t), 'device.key');
  writeFileSync(deviceKeyFile, 'no key');
  const engine = new EngineThread(optsFor(t, server, deviceKeyFile));
  const watch = new Watch(engine);
  const status = await watch.until(() => (watch.status?.phase === 'closed' ? watch.status : undefined));
  assert.equal(codeName(status.error?.[0] ?? 0), 'CONFIG');
  await assert.rejects(engine.remote.stat([]), withCode('CANCELLED'));
  await engine.close();
});

const linuxOnly = process.platform === 'linux' ? false : 'threads have no priorities of their own';
test('the threads that move files step back behind the screen', { skip: linuxOnly }, async (t) => {
  const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
  const before = getPriority(process.pid);
  await new Promise((done) => stat('/', done));
  const engine = new EngineThread(optsFor(t, server, join(scratchFolder(t), 'device.key')));
  const nices = (name: string): number[] =>
    readdirSync('/proc/self/task').flatMap((thread) => {
      try {
        const isIt = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim() === name;
        return isIt ? [getPriority(Number(thread))] : [];
      } catch {
        // Threads of the tests before end meanwhile.
        return [];
      }
    });
  const behind = Math.min(19, before + niceness);
  const movers = (): number[] => [...nices('libuv-worker'), ...nices('ferry I/O')];
  await engine.remote.stat([]);
  while (movers().some((nice) => nice !== behind)) await new Promise(setImmediate);
  assert.ok(nices('libuv-worker').length > 0 && nices('ferry I/O').length > 0);
  assert.equal(getPriority(process.pid), before);
  await engine.close();
});
