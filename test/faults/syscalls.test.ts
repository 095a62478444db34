/**
 * Every call with which the programs change files fails once, or is the last thing that they do (XFER-10 … XFER-13, XFER-24):
 * no torn file has its name, what was promised is there, and when the fault is gone the same command completes.
 *
 * A first run without faults says which calls there are; then a seeded choice of them is hit, in a soak all.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AccessStore } from '../../packages/server/src/access/access-store.ts';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { QueueStore } from '../../packages/tui/src/queue/queue-store.ts';
import { ferryMain, type Server, startServer } from '../e2e/server.ts';
import { eventually } from '../e2e/terminal.ts';
import { seededBytes } from '../support/content.ts';
import { faultsOf, sample } from '../support/fault-points.ts';
import { heldFiles } from '../support/held-files.ts';
import { randomFrom, seed } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';
import { type Fault, noStrace, run, runTraced, watch } from '../support/strace.ts';
import type { Call } from '../support/trace.ts';
import { judge } from '../support/trace-order.ts';

const contents = new Map<string, Buffer>([
  ['empty', Buffer.alloc(0)],
  ['small-1', seededBytes(3001, 1)],
  ['small-2', seededBytes(3002, 2)],
  ['middle', seededBytes(2_000_000, 3)],
  ['nine-blocks', seededBytes(8_500_000, 4)],
  ['inner/one', seededBytes(100, 5)],
]);
const older = new Map([
  ['small-1', Buffer.from('an older version')],
  ['nine-blocks', seededBytes(8_400_000, 6)],
]);

/** Only faults whose description has this in it, each told of: to look at one. `''` is all, as in a soak. */
const only = process.env['FERRY_FAULT'];
const everything = process.env['FERRY_SOAK'] === '1' || only !== undefined;
const chosen = (faults: readonly Fault[], count: number): readonly Fault[] =>
  sample(faults, everything ? faults.length : count, randomFrom(seed)).filter((fault) =>
    shown(fault).includes(only ?? ''),
  );

function fill(folder: string, files: ReadonlyMap<string, Buffer>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'inner'), { recursive: true });
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
}

/** What has a name is whole: new, or what was there before. Gives how many are new. */
function newOnes(folder: string, hint: string): number {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('.ferry') && statSync(join(folder, name)).isFile(),
  );
  let fresh = 0;
  for (const name of names) {
    const content = readFileSync(join(folder, name));
    const isNew = contents.get(name)?.equals(content) === true;
    assert.ok(isNew || older.get(name)?.equals(content) === true, `${hint}: ${name} is torn`);
    if (isNew) fresh += 1;
  }
  return fresh;
}

/** Neither is a failed sync believed or tried again, nor, after success, anything on the disk that should not be. */
function checkOrder(calls: readonly Call[], folder: string, succeeded: boolean, hint: string): void {
  const { wrong } = judge(calls, { folder, acknowledges: () => false });
  const grave = succeeded ? wrong : wrong.filter((text) => !text.includes('the trace ends'));
  assert.deepEqual(grave, [], hint);
}

const ferry = (...args: readonly string[]): string[] => [
  process.execPath,
  ferryMain,
  ...args,
  '--accept-new',
];
const shown = ({ call, what, nth, path }: Fault): string =>
  `${call} ${nth}: ${what}${path === undefined ? '' : ` of ${path}`}`;

class Counts {
  rounds = 0;
  hit = 0;
  succeeded = 0;
  readonly #failures: string[] = [];

  add(isHit: boolean, succeeded: boolean): void {
    this.rounds += 1;
    if (isHit) this.hit += 1;
    if (succeeded) this.succeeded += 1;
  }

  /** One that fails stops no other. */
  async round(hint: string, go: () => Promise<void>): Promise<void> {
    try {
      await go();
    } catch (error) {
      this.#failures.push(error instanceof Error ? `${hint}: ${error.message}` : hint);
    }
    if (only !== undefined) writeSync(2, `${hint}: ${this.hit} hit, ${this.#failures.join('\n')}\n`);
  }

  /** @throws what failed in any round */
  end(what: string, faults: readonly Fault[]): string {
    assert.equal(this.#failures.length, 0, this.#failures.join('\n\n'));
    return `count: ${what}: ${this.rounds} rounds of ${faults.length} possible, ${this.hit} hit, ${this.succeeded} got through, torn 0, promised and lost 0 (seed ${seed})`;
  }
}

describe('every call that changes files fails (XFER-10, XFER-11, XFER-12, XFER-24)', {
  skip: noStrace,
}, () => {
  const home = scratchFolder({ after });
  const source = join(home, 'box');
  const share = join(home, 'share');
  const target = join(share, 'box');
  const opts = { env: { TZ: 'UTC', UV_THREADPOOL_SIZE: '1' } };
  let first: Server;
  let server: Server;
  before(async () => {
    fill(source, contents);
    fill(target, older);
    first = await startServer(share, opts);
    server = first;
    // With the first block that arrives Node starts its pool: only threads that are there are watched.
    assert.equal((await put()).status, 0);
    rmSync(target, { recursive: true });
    fill(target, older);
  });
  after(async () => {
    await server.stop();
    await first.stop();
  });

  const put = () => run(ferry('put', '-r', '--overwrite', source, `${server.address}/`), server.env);
  const isMover = (name: string): boolean => name === 'worker 1' || name === 'libuv-worker';

  /** One put to a server that is hit. When that kills it, it is started again at once. */
  async function putOnce(fault?: Fault) {
    const { child } = server;
    const watched = await watch(child.pid ?? 0, isMover, fault);
    const killed = new Promise<boolean>((resolve) => child.once('exit', () => resolve(true)));
    const putting = put();
    const wasKilled = await Promise.race([killed, putting.then(() => false)]);
    if (wasKilled) server = await startServer(share, { ...opts, again: first });
    const ended = await putting;
    return { ...ended, calls: await watched.end(), wasKilled };
  }

  async function startAgain(): Promise<void> {
    const ended = once(server.child, 'exit');
    server.child.kill('SIGKILL');
    await ended;
    server = await startServer(share, { ...opts, again: first });
  }

  /** A descriptor that stays open after everybody has gone is lost for good. */
  async function holdsNothing(hint: string): Promise<void> {
    const held = (): readonly string[] => heldFiles(server.child.pid ?? 0, share);
    try {
      await eventually('nothing held', () => held().length === 0);
    } catch {
      const left = held();
      await startAgain();
      assert.fail(`${hint}: the server keeps open ${left.join(', ')}`);
    }
  }

  test('on the server, in a put', async (t) => {
    const counts = new Counts();
    const { calls } = await putOnce();
    const faults = faultsOf(calls, share);
    for (const fault of chosen(faults, 6)) {
      const hint = shown(fault);
      await counts.round(hint, async () => {
        rmSync(join(share, '.ferry'), { recursive: true, force: true });
        fill(target, older);
        const round = await putOnce(fault);
        const succeeded = round.status === 0;
        counts.add(round.wasKilled || round.calls.some(({ injected }) => injected), succeeded);
        const fresh = newOnes(target, hint);
        if (succeeded) assert.equal(fresh, contents.size, `${hint}: reported and not there`);
        if (fault.path === undefined && !round.wasKilled) checkOrder(round.calls, share, succeeded, hint);
        // What was not closed stays open.
        if (fault.call === 'close') await startAgain();
        else if (!round.wasKilled) await holdsNothing(hint);
        const again = await put();
        assert.equal(again.status, 0, `${hint}: ${again.stderr}\n${server.output()}`);
        assert.equal(newOnes(target, hint), contents.size, hint);
      });
    }
    t.diagnostic(counts.end('put', faults));
  });

  test('on the client, in a get', async (t) => {
    const counts = new Counts();
    fill(target, contents);
    const own = join(home, 'own');
    const env = { ...server.env, TZ: 'UTC', UV_THREADPOOL_SIZE: '1' };
    const command = () => ferry('get', '-r', '--overwrite', `${server.address}/box`, own);
    const get = (fault?: Fault) => {
      rmSync(own, { recursive: true, force: true });
      fill(join(own, 'box'), older);
      return runTraced(command(), env, fault);
    };
    await get();
    const { calls } = await get();
    const faults = faultsOf(calls, own);
    for (const fault of chosen(faults, 6)) {
      const hint = shown(fault);
      await counts.round(hint, async () => {
        const round = await get(fault);
        const succeeded = round.status === 0;
        counts.add(round.status === null || round.calls.some(({ injected }) => injected), succeeded);
        const fresh = newOnes(own.concat('/box'), hint);
        if (succeeded) assert.equal(fresh, contents.size, `${hint}: reported and not there`);
        if (fault.path === undefined) checkOrder(round.calls, own, succeeded, hint);
        const again = await run(command(), env);
        assert.equal(again.status, 0, `${hint}: ${again.stderr}`);
        assert.equal(newOnes(own.concat('/box'), hint), contents.size, hint);
      });
    }
    t.diagnostic(counts.end('get', faults));
  });

  for (const [name, hasEarlier] of [
    ['the first job of a queue', false],
    ['a further job of a queue', true],
  ] as const) {
    test(`on the client, as it writes ${name}`, async (t) => {
      const counts = new Counts();
      const earlier = join(home, `earlier-${hasEarlier}`);
      const state = join(home, 'state');
      const env = { ...server.env, TZ: 'UTC', XDG_STATE_HOME: state };
      const order = (to: string) =>
        ferry('put', '--detach', '--paused', '--json', join(source, 'middle'), `${server.address}/${to}`);
      const jobs = async (hint: string): Promise<readonly string[]> => {
        const listed = await run([process.execPath, ferryMain, 'queue', '--json'], env);
        assert.deepEqual([listed.status, listed.stderr], [0, ''], hint);
        return [...listed.stdout.matchAll(/"target":\{"path":"(\w+)"/g)].map(([, path]) => path ?? '');
      };
      const submit = (fault?: Fault) => {
        rmSync(state, { recursive: true, force: true });
        cpSync(earlier, state, { recursive: true });
        return runTraced(order('later'), env, fault);
      };
      mkdirSync(earlier);
      if (hasEarlier)
        assert.equal((await run(order('before'), { ...env, XDG_STATE_HOME: earlier })).status, 0);
      const expected = hasEarlier ? ['before'] : [];
      const { calls } = await submit();
      const faults = faultsOf(calls, state);
      for (const fault of chosen(faults, 6)) {
        const hint = shown(fault);
        await counts.round(hint, async () => {
          const round = await submit(fault);
          const succeeded = round.status === 0;
          counts.add(round.status === null || round.calls.some(({ injected }) => injected), succeeded);
          const there = await jobs(hint);
          assert.deepEqual(there.slice(0, expected.length), expected, hint);
          // Told of is promised, whatever came after.
          if (succeeded || round.stdout.includes('"queued"')) assert.ok(there.includes('later'), hint);
          const again = await run(order('again'), env);
          assert.equal(again.status, 0, `${hint}: ${again.stderr}`);
          const store = QueueStore.open(join(state, 'ferry/queue.db'));
          const targets = store.jobs().map(({ order: { target } }) => target.join('/'));
          store.close();
          assert.deepEqual(targets, [...there, 'again'], hint);
        });
      }
      t.diagnostic(counts.end(name, faults));
    });
  }

  test('on the server, as an invite is redeemed: spent and the device known, or neither (AUTH-10)', async (t) => {
    const counts = new Counts();
    const [earlier, folder] = [join(home, 'access-earlier'), join(home, 'access')];
    const [token, key] = [Buffer.alloc(16, 1), Buffer.alloc(32, 2)];
    const accounts = new Accounts(join(earlier, 'access.db'));
    accounts.add('anna', newAccount, 0);
    accounts.addInvite('anna', token, 1e15, 1, 0);
    accounts.close();
    const script = `
      const { AccessStore } = await import(${JSON.stringify(import.meta.resolve('@ferry/server/access/access-store'))});
      const store = new AccessStore(${JSON.stringify(join(folder, 'access.db'))});
      const done = store.redeem(Buffer.alloc(16, 1), Buffer.alloc(32, 2), 'x', 1) !== undefined;
      (await import('node:fs')).writeSync(1, done ? 'done' : 'refused');`;
    const redeem = (fault?: Fault) => {
      rmSync(folder, { recursive: true, force: true });
      cpSync(earlier, folder, { recursive: true });
      return runTraced([process.execPath, '--input-type=module', '-e', script], process.env, fault);
    };
    const plain = await redeem();
    assert.equal(plain.stdout, 'done', plain.stderr);
    const faults = faultsOf(plain.calls, folder);
    for (const fault of chosen(faults, 8)) {
      const hint = shown(fault);
      await counts.round(hint, async () => {
        const round = await redeem(fault);
        const isDone = round.stdout === 'done';
        counts.add(round.status === null || round.calls.some(({ injected }) => injected), isDone);
        const after = new Accounts(join(folder, 'access.db'));
        const spent = after.invites(2).length === 0;
        const known = after.devices().some(({ user }) => user === 'anna');
        after.close();
        assert.equal(spent, known, hint);
        if (isDone) assert.ok(known, `${hint}: told of and not there`);
        const store = new AccessStore(join(folder, 'access.db'));
        assert.equal(store.redeem(token, key, 'x', 3) === undefined, spent, `${hint}: once, and not twice`);
        store.close();
      });
    }
    t.diagnostic(counts.end('redeem', faults));
  });
});
