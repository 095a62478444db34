/**
 * Clocks that are wrong or jump, programs that stand still for a while, and disks that are slow: nothing that is moved depends on what
 * time it is, and the times of files are the source's (XFER-21, XFER-27).
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as rest } from 'node:timers/promises';
import { limits, rootPath } from '@ferry/protocol';
import { stat } from '@ferry/protocol/messages';
import { ferryMain, type Server, startServer } from '../e2e/server.ts';
import { assertArrived, cargo, sources, stow } from '../support/cargo.ts';
import { logInto } from '../support/client.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { partialsIn } from '../support/partials.ts';
import { randomFrom, seed } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';
import { noStrace, watch } from '../support/strace.ts';

const random = randomFrom(seed);
const day = 86_400_000;

/** Runs before the program: its clock, on every thread, is off by what the text says. */
function clockOff(text: string): NodeJS.ProcessEnv {
  const code = `
    const Real = Date, now = Real.now.bind(Real);
    globalThis.Date = class Date extends Real {
      constructor(...args) { if (args.length === 0) super(Date.now()); else super(...args); }
      static now() { return Math.round(now() + (${text})); }
    };`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}` };
}

const jumping = 'Math.random() * 7.2e6 - 3.6e6';
/** The server's and the client's. */
const clocks = [
  ['a day apart', `${day}`, '0'],
  ['two days apart', `-${day}`, `${day}`],
  ['jumping by an hour each way', jumping, jumping],
] as const;

type Done = { readonly code: number | null; readonly err: string };

/** As a user would type it. `started` gets the process. */
async function ferry(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  started: (pid: number) => Promise<void> = async () => {},
): Promise<Done> {
  const child = spawn(process.execPath, [ferryMain, ...args, '-r', '--accept-new', '--overwrite'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  const ended = once(child, 'close');
  await started(child.pid ?? 0);
  const [code] = await ended;
  return { code: code as number | null, err };
}

describe('time', { concurrency: 2 }, () => {
  const home = scratchFolder({ after });
  let count = 0;

  /** There and back again, under another name each way. */
  async function thereAndBack(
    address: string,
    share: string,
    env: NodeJS.ProcessEnv,
    started?: (pid: number) => Promise<void>,
  ): Promise<void> {
    const own = join(home, `own-${count++}`);
    const [from, back] = [join(own, 'from'), join(own, 'back')];
    stow(from, cargo, 1_500_000_000.25);
    mkdirSync(back);
    const put = await ferry(['put', ...sources.map((name) => join(from, name)), `${address}/`], env, started);
    assert.equal(put.code, 0, put.err);
    const get = await ferry(['get', ...sources.map((name) => `${address}/${name}`), back], env, started);
    assert.equal(get.code, 0, get.err);
    assertArrived(from, share, cargo, 'there');
    assertArrived(from, back, cargo, 'back');
    rmSync(own, { recursive: true });
  }

  const newShare = (): string => {
    const share = join(home, `share-${count++}`);
    mkdirSync(share);
    return share;
  };

  for (const [what, theirs, ours] of clocks)
    test(`clocks are ${what} (XFER-27)`, async (t) => {
      const share = newShare();
      const server = await startServer(share, { env: clockOff(theirs) });
      t.after(() => server.stop());
      await thereAndBack(server.address, share, { ...server.env, ...clockOff(ours) });
    });

  for (const who of ['server', 'client'] as const)
    test(`the ${who} stands still in the middle and goes on (XFER-21)`, async (t) => {
      const share = newShare();
      const server: Server = await startServer(share);
      t.after(() => server.stop());
      const slow = { bytesPerSecond: 50_000_000, slices: 100_000 };
      const proxy = await startFaultProxy({
        port: server.port,
        random,
        plan: () => ({ up: slow, down: slow }),
      });
      let stops = 0;
      await thereAndBack(`ferry://127.0.0.1:${proxy.port}`, share, server.env, async (client) => {
        const before = proxy.bytes.up + proxy.bytes.down;
        while (proxy.bytes.up + proxy.bytes.down < before + 5_000_000) await rest(2);
        const pid = who === 'server' ? (server.child.pid ?? 0) : client;
        process.kill(pid, 'SIGSTOP');
        await rest(1000);
        process.kill(pid, 'SIGCONT');
        stops += 1;
      });
      await proxy.close();
      assert.equal(stops, 2);
      assert.deepEqual(partialsIn(share).names, []);
    });

  test('a disk that takes a tenth of a second for each block: who sends waits, others are answered, memory stays (RES-16)', {
    skip: noStrace,
  }, async (t) => {
    const share = newShare();
    const server = await startServer(share);
    t.after(() => server.stop());
    const own = join(home, `own-${count++}`);
    mkdirSync(own);
    const megabytes = 40;
    const blocks = Math.ceil((megabytes * 1_000_000) / limits.blockBytes);
    const block = randomBytes(1_000_000);
    for (let i = 0; i < megabytes; i++) appendFileSync(join(own, 'large'), block);
    writeFileSync(join(own, 'warm'), block);
    assert.equal((await ferry(['put', join(own, 'warm'), `${server.address}/`], server.env)).code, 0);
    const pid = server.child.pid ?? 0;
    const other = await logInto({ host: '127.0.0.1', port: server.port });
    const slow = await watch(pid, () => true, { call: 'pwrite64', what: 'delay_exit=100000' });
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    const before = statusOf(pid, 'VmRSS');
    const over = new AbortController();
    let answers = 0;
    const asking = (async () => {
      while (!over.signal.aborted) {
        await other.channel.call(stat, { path: rootPath });
        answers += 1;
        await rest(50);
      }
    })();
    const put = await ferry(['put', join(own, 'large'), `${server.address}/`], server.env);
    over.abort();
    await asking;
    const grew = (statusOf(pid, 'VmHWM') - before) / 1024;
    const writes = (await slow.end()).filter(
      ({ name, file }) => name === 'pwrite64' && file?.includes('.part'),
    );
    assert.equal(put.code, 0, put.err);
    assert.ok(writes.length >= blocks, `${writes.length} writes were slow`);
    assert.ok(answers >= 10, `${answers} answers`);
    assert.ok(grew < 24, `${grew} MiB`);
    t.diagnostic(
      `count: ${writes.length} slow writes, ${answers} answers meanwhile, ${grew.toFixed(0)} MiB more`,
    );
    other.channel.close();
  });
});

/** KiB. */
function statusOf(pid: number, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
}
