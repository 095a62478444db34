/** `ferry queue` and `--detach` as scripts use them: real processes, and a mover in the background. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { MoverLock } from '../../../packages/tui/src/queue/mover-lock.ts';
import { QueueStore } from '../../../packages/tui/src/queue/queue-store.ts';
import { phaseOf } from '../../../packages/tui/src/queue/stored-job.ts';
import { ferryMain, type Server, startServer } from '../../e2e/server.ts';
import { eventually } from '../../e2e/terminal.ts';

const MiB = 1024 ** 2;
/** So that something can happen meanwhile. */
const slow = { limitUp: 20 * MiB, limitDown: 20 * MiB };
const unlimited = { limitUp: undefined, limitDown: undefined };

/** Waits until the check no longer throws; throws what it throws in the end. */
async function holds(check: () => void): Promise<void> {
  const passes = (): boolean => {
    try {
      check();
      return true;
    } catch {
      return false;
    }
  };
  await eventually('a check', passes).catch(check);
}

type Ran = { code: number | null; out: string; err: string };
type Row = {
  id: number;
  phase: string;
  priority: number;
  doneBytes: number;
  limit?: number;
  source: { path: string };
  error?: { code: string };
  digest?: string;
  ms: number;
  bytesPerSecond: number;
  notKept?: readonly object[];
};

describe('the queue from the command line', () => {
  let home: string;
  let shared: string;
  let server: Server;
  let env: NodeJS.ProcessEnv;
  let here: string;
  let places = 0;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-queue-'));
    shared = join(home, 'shared');
    mkdirSync(join(shared, 'folder'), { recursive: true });
    for (let i = 0; i < 30; i++) writeFileSync(join(shared, `folder/${i}`), `${i}`);
    for (const name of ['a', 'b', 'c']) writeFileSync(join(shared, name), name);
    for (const name of ['big', 'bigger']) writeFileSync(join(shared, name), Buffer.alloc(40 * MiB, name));
    server = await startServer(shared);
  });
  after(async () => {
    // No mover stays behind, whatever failed.
    for (let i = 1; i <= places; i++) {
      const file = join(home, `state-${i}/ferry/queue.db`);
      if (!existsSync(file)) continue;
      const store = QueueStore.open(file);
      store.set({ pausedAll: true });
      store.close();
      await holds(() => assert.equal(MoverLock.isHeld(file), false));
    }
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });
  beforeEach(() => {
    places += 1;
    here = join(home, `place-${places}`);
    mkdirSync(here);
    env = { ...server.env, XDG_STATE_HOME: join(home, `state-${places}`) };
  });

  const ferry = (...args: readonly string[]): Ran => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [ferryMain, ...args], {
      env,
      encoding: 'utf8',
      input: '',
    });
    return { code: status, out: stdout, err: stderr };
  };
  const done = (...args: readonly string[]): string => {
    const { code, out, err } = ferry(...args);
    assert.equal(code, 0, err);
    return out;
  };
  const get = (name: string, ...more: readonly string[]): string =>
    done('get', '--detach', ...more, '--accept-new', `${server.address}/${name}`, here);
  const rows = (): Row[] =>
    done('queue', '--json')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  const phases = (): string =>
    rows()
      .map(({ source, phase }) => `${source.path} ${phase}`)
      .join(', ');
  /** Looks into the file, as it would be dear to ask the program again and again. */
  const nothingMoves = (): Promise<void> =>
    eventually('the end of all jobs', () => {
      const store = QueueStore.open(queueFile());
      const { settings } = store;
      const isRunning = store.jobs().some((job) => /waiting|moving/.test(phaseOf(job, settings)));
      store.close();
      return !isRunning;
    });
  const endsAs = async (expected: string): Promise<void> => {
    await nothingMoves();
    assert.equal(phases(), expected);
  };
  const queueFile = (): string => join(env['XDG_STATE_HOME'] ?? '', 'ferry/queue.db');
  const isHeld = (): boolean => MoverLock.isHeld(queueFile());
  const runner = (): ChildProcess =>
    spawn(process.execPath, [ferryMain, 'queue', 'run'], { env, stdio: 'ignore' });

  test('--detach returns at once, a mover in the background moves it and ends', async () => {
    writeFileSync(join(shared, 'folder/special'), 'special');
    chmodSync(join(shared, 'folder/special'), 0o4755);
    assert.equal(get('a'), '1  a\n');
    assert.match(get('folder', '-r', '--json'), /^\{"event":"queued","id":2,.*"phase":"waiting"/);
    await endsAs('a done, folder done');
    assert.equal(spawnSync('diff', ['-r', join(shared, 'folder'), join(here, 'folder')]).status, 0);
    assert.deepEqual(readdirSync(here).toSorted(), ['a', 'folder']);
    await holds(() => assert.equal(isHeld(), false));
    writeFileSync(join(here, 'up'), 'up');
    assert.equal(done('put', '--detach', '--accept-new', join(here, 'up'), `${server.address}/`), '3  up\n');
    await holds(() => assert.ok(existsSync(join(shared, 'up'))));
    // What is over is kept with its time, rate, digest and what could not be kept.
    const [first, second] = rows();
    assert.match(first?.digest ?? '', /^[0-9a-f]{64}$/);
    assert.ok(first !== undefined && first.ms > 0 && first.bytesPerSecond > 0);
    assert.deepEqual(second?.notKept, [{ path: { path: 'folder/special' }, what: 'its setuid bit' }]);
    assert.match(done('queue'), /^ {3}1 {2}done {7}1 B in \d+\.\d s, \S+ \S+\/s {2}↓/);
    assert.match(done('queue'), /\n {3}2 {2}done {7}.* in \d+\.\d s, \S+ \S+\/s {2}↓ .* {2}1 not kept\n/);
    assert.match(
      done('queue'),
      /^ {3}1 {2}done .*↓ 127\.0\.0\.1:\d+\/a → \/.*\/a\n {3}2 {2}done .*\n.*↑ .*\/up\n$/,
    );
    await holds(() => assert.equal(isHeld(), false));
    done('queue', 'clear', '1');
    assert.equal(phases().split(', ').length, 2);
    done('queue', 'clear');
    assert.equal(done('queue', 'list'), '');
  });

  test('paused jobs wait, can be put in order, and go on when they are resumed', async () => {
    for (const name of ['a', 'b', 'c']) get(name, '--paused', '--priority', '4');
    assert.equal(isHeld(), false);
    done('queue', 'top', '3');
    done('queue', 'down', '1');
    done('queue', 'priority', '5', '2');
    done('queue', 'limit', '512k', '1', '2');
    done('queue', 'limit', 'off', '2');
    assert.deepEqual(
      rows().map(({ id, phase, priority, limit }) => [id, phase, priority, limit]),
      [
        [3, 'paused', 4, undefined],
        [2, 'paused', 5, undefined],
        [1, 'paused', 4, 512 * 1024],
      ],
    );
    done('queue', 'cancel', '1');
    done('queue', 'pause', '--all');
    done('queue', 'resume', '2');
    await endsAs('c paused, b done, a cancelled');
    done('queue', 'resume', '--all');
    await endsAs('c done, b done, a cancelled');
    assert.deepEqual(readdirSync(here).toSorted(), ['b', 'c']);
    await holds(() => assert.equal(isHeld(), false));
  });

  test('limits of all jobs together', () => {
    assert.equal(done('queue', 'limits'), 'up off\ndown off\n');
    done('queue', 'limits', '--up', '1.5M', '--timetable', '08:00 512k 18:00 off');
    assert.equal(
      done('queue', 'limits', '--down', '10k'),
      'up 1.5M\ndown 10k\ntimetable 08:00 512k 18:00 off\n',
    );
    assert.equal(done('queue', 'limits', '--up', 'off', '--timetable', ''), 'up off\ndown 10k\n');
  });

  test('what failed says why, and is tried again as asked', async () => {
    writeFileSync(join(here, 'a'), 'precious');
    get('a');
    await nothingMoves();
    assert.equal(rows()[0]?.error?.code, 'EXISTS');
    assert.match(done('queue'), /failed .*a file of that name is there \[EXISTS\]\n$/);
    await holds(() => assert.equal(isHeld(), false));
    done('queue', 'overwrite', '--all');
    await endsAs('a done');
    assert.equal(readFileSync(join(here, 'a'), 'utf8'), 'a');
    await holds(() => assert.equal(isHeld(), false));
  });

  test('killed in the middle, the next mover goes on', async () => {
    get('big', '--paused');
    get('bigger', '--paused');
    const store = QueueStore.open(queueFile());
    store.set(slow);
    store.ask('resume', [1]);
    const mover = runner();
    await holds(() => {
      store.refresh();
      assert.ok((store.get(1)?.fact.figures.doneBytes ?? 0) > 0);
    });
    mover.kill('SIGKILL');
    await once(mover, 'exit');
    store.refresh();
    assert.equal(store.get(1)?.fact.phase, 'moving');
    assert.equal(phases(), 'big waiting, bigger paused');
    store.set(unlimited);
    const next = runner();
    await once(next, 'exit');
    assert.equal(next.exitCode, 0);
    assert.equal(phases(), 'big done, bigger paused');
    store.close();
  });

  test('a mover told to end leaves the jobs to the next one', async () => {
    get('big', '--paused');
    const store = QueueStore.open(queueFile());
    store.set(slow);
    store.ask('resume', [1]);
    const mover = runner();
    await holds(() => {
      store.refresh();
      assert.ok((store.get(1)?.fact.figures.doneBytes ?? 0) > 0);
    });
    mover.kill('SIGTERM');
    await once(mover, 'exit');
    assert.equal(mover.exitCode, 130);
    assert.equal(phases(), 'big waiting');
    assert.deepEqual(readdirSync(here), ['.ferry']);
    store.close();
    done('queue', 'cancel', '--all');
    assert.deepEqual(readdirSync(here), []);
    done('queue', 'clear');
    assert.equal(phases(), '');
  });

  test('cancelled while nobody moves it, what the server has of an upload goes, too', async () => {
    // No holes: a limit is not for what need not travel.
    writeFileSync(join(here, 'long'), Buffer.alloc(40 * MiB, 'long'));
    const folder = join(shared, '.ferry/part');
    const all = (): string[] => (existsSync(folder) ? readdirSync(folder) : []);
    const before = new Set(all());
    // Those of other tests may go meanwhile.
    const parts = (): string[] => all().filter((name) => !before.has(name));
    done('put', '--detach', '--paused', '--accept-new', join(here, 'long'), `${server.address}/`);
    const store = QueueStore.open(queueFile());
    store.set({ ...slow, limitUp: 6 * MiB });
    store.ask('resume', [1]);
    const mover = runner();
    await holds(() => {
      store.refresh();
      assert.ok((store.get(1)?.fact.figures.doneBytes ?? 0) > 9 * MiB);
    });
    mover.kill('SIGTERM');
    await once(mover, 'exit');
    store.close();
    assert.notDeepEqual(parts(), []);
    done('queue', 'cancel', '--all');
    await holds(() => assert.deepEqual(parts(), []));
    await holds(() => assert.equal(isHeld(), false));
    assert.equal(rows()[0]?.phase, 'cancelled');
  });

  for (const [args, code, words] of [
    [['pause'], 2, /name jobs by their numbers/],
    [['pause', '1', '--all'], 2, /name jobs by their numbers/],
    [['pause', 'x'], 2, /not the number of a job/],
    [['pause', '7'], 1, /there is no job 7 in the queue \[NOT_FOUND\]/],
    [['priority', '9', '1'], 2, /from 1 to 5/],
    [['limit', 'much', '1'], 2, /much.*\[USAGE\]/],
    [['limits', '--timetable', '8 o’clock'], 2, /\[USAGE\]/],
    [['limits', '--up', '-1'], 2, /-1.*\[USAGE\]/],
    [['frobnicate'], 2, /too many arguments|unknown command/],
  ] as const) {
    test(`queue ${args.join(' ')}: refused with exit code ${code}`, () => {
      const ran = ferry('queue', ...args);
      assert.equal(ran.code, code, ran.err);
      assert.match(ran.err, words);
    });
  }

  test('--paused and --priority want --detach', () => {
    for (const more of [['--paused'], ['--priority', '3']]) {
      const ran = ferry('get', ...more, '--accept-new', `${server.address}/a`, here);
      assert.equal(ran.code, 2);
      assert.match(ran.err, /use them with --detach/);
    }
    const ran = ferry('get', '--detach', '--priority', '0', '--accept-new', `${server.address}/a`, here);
    assert.match(ran.err, /from 1 to 5/);
    assert.equal(existsSync(queueFile()), false);
  });
});
