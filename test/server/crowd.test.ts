/**
 * Crowds: thousands of connections that say nothing, thousands of sessions that do nothing, counted and measured in a soak; and what
 * a few that take nothing can make a server hold.
 */

import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { limits, rootPath } from '@ferry/protocol';
import { list, read, stat } from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import { logInto, openLane, type TestSession } from '../support/client.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { type Server, startServer } from '../support/server.ts';

const isSoak = process.env['FERRY_SOAK'] === '1';
/** Seconds of work for both ends, and many descriptors. */
const skip = isSoak ? false : 'only in a soak';

const mostMiB = 900;

/** At the p-th part of the way through, sorted. */
function quantile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(p * values.length))] ?? 0;
}

function statusOf({ pid }: Server): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8');
}

function rssMiB(server: Server): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(statusOf(server))?.[1] ?? 0) / 1024;
}

async function loginMs(server: Server): Promise<number> {
  const began = performance.now();
  const { channel } = await logInto(server);
  const took = performance.now() - began;
  channel.close();
  return took;
}

describe('a crowd', { skip }, () => {
  it('of 5,000 that say nothing holds up nobody, and is gone in time (PROT-18)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const aloneMs = await loginMs(server);
    const ages: number[] = [];
    const open = new Set<Socket>();
    const crowd = 5000;
    for (let came = 0; came < crowd; came += 250) {
      const some = Array.from({ length: 250 }, async () => {
        // An address of its own, as strangers have.
        const socket = connectTcp({ host: server.host, port: server.port, localAddress: '127.0.0.9' });
        const cameMs = performance.now();
        open.add(socket);
        socket.on('error', () => {});
        socket.resume();
        socket.once('close', () => {
          open.delete(socket);
          ages.push(performance.now() - cameMs);
        });
        await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
      });
      await Promise.all(some);
    }
    const logins: number[] = [];
    while (open.size > 0) logins.push(await loginMs(server));
    assert.ok(logins.length > 20, `${logins.length} logins`);
    t.diagnostic(
      `count: ${crowd} silent sockets, all gone ${(Math.max(...ages) / 1000).toFixed(1)} s after they came; ${logins.length} logins ` +
        `meanwhile, p50 ${quantile(logins, 0.5).toFixed(0)} ms, p99 ${quantile(logins, 0.99).toFixed(0)} ms (alone ${aloneMs.toFixed(0)} ms)`,
    );
    assert.doesNotMatch(server.log(), / died /);
  });

  it('of 10,000 idle sessions is held, and somebody active is served (RES-01)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const before = rssMiB(server);
    const sessions: TestSession[] = [];
    const crowd = limits.connections - 1;
    while (sessions.length < crowd) {
      const some = Math.min(50, crowd - sessions.length);
      sessions.push(...(await Promise.all(Array.from({ length: some }, () => logInto(server)))));
    }
    const active = await logInto(server);
    const answers: number[] = [];
    for (let i = 0; i < 500; i++) {
      const began = performance.now();
      await active.channel.call(stat, { path: rootPath });
      answers.push(performance.now() - began);
    }
    let after = rssMiB(server);
    // What logging in left is collected in its own time.
    for (let i = 0; i < 20 && after >= mostMiB; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      after = rssMiB(server);
    }
    t.diagnostic(
      `count: ${sessions.length + 1} sessions in ${after.toFixed(0)} MiB (${before.toFixed(0)} before the first, ` +
        `${(((after - before) * 1024) / sessions.length).toFixed(0)} KiB each), stat p99 ${quantile(answers, 0.99).toFixed(1)} ms`,
    );
    const dead = sessions.filter(({ channel }) => channel.ended !== undefined).length;
    assert.equal(dead, 0);
    assert.ok(after < mostMiB, `${after} MiB`);
    for (const { channel } of [...sessions, active]) channel.close();
  });
});

describe('little memory', () => {
  it('is enough for a client that takes nothing: below 512 MiB, and others are served (RES-13)', async (t) => {
    const dir = scratchFolder(t);
    // Neither zeros nor what can be compressed: all of it has to go over the line.
    const block = randomFillSync(Buffer.alloc(limits.blockBytes));
    for (let i = 0; i < 64; i++) appendFileSync(join(dir, 'large'), block);
    mkdirSync(join(dir, 'many'));
    for (let i = 0; i < 1000; i++) writeFileSync(join(dir, 'many', `${'a'.repeat(200)}-${i}`), '');
    const server = await startServer(t, { dir, args: ['--open', '--threads', '1'] });
    const before = rssMiB(server);
    const channels: ClientChannel[] = [];
    // In a soak as many as may come from one address.
    const crowd = isSoak ? limits.sourceConnections : 34;
    while (channels.length < crowd) {
      const greedy = await logInto(server);
      const lanes = await Promise.all(
        Array.from({ length: limits.sessionLanes }, () => openLane(server, greedy)),
      );
      for (const lane of lanes) {
        for (let first = 0; first < 64; first += limits.readBlocks) {
          const wanted = { path: path('large'), identity: undefined, first, count: limits.readBlocks };
          lane.call(read, wanted).catch(() => {});
        }
        lane.link.pause();
      }
      for (let i = 0; i < limits.controlInFlight; i++)
        greedy.channel.call(list, { path: path('many') }).catch(() => {});
      greedy.channel.link.pause();
      channels.push(greedy.channel, ...lanes);
    }
    const other = await logInto(server);
    const served: number[] = [];
    for (let i = 0; i < 10; i++)
      await other.channel.call(
        list,
        { path: path('many') },
        { onPart: ({ entries }) => void served.push(entries.length) },
      );
    assert.equal(
      served.reduce((sum, count) => sum + count, 0),
      10_000,
    );
    const peak = Number(/^VmHWM:\s+(\d+)/m.exec(statusOf(server))?.[1]) / 1024;
    t.diagnostic(
      `count: ${channels.length} connections that take nothing, ${before.toFixed(0)} MiB before, ${peak.toFixed(0)} MiB at most`,
    );
    assert.ok(peak < 512, `${peak} MiB`);
    for (const channel of [...channels, other.channel]) channel.close();
  });
});
