/** `ferryd status`: what the owner sees of running servers. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { limits, show } from '@ferry/protocol';
import { read } from '@ferry/protocol/messages';
import { gateLines, movingTable } from '../../packages/server/src/owner/status.ts';
import type { ConnectionStatus, ServerStatus } from '../../packages/server/src/supervisor/status.ts';
import { type Visit, visitsOf } from '../../packages/server/src/visits.ts';
import { logInto, newDevice, openLane, tokenOf } from '../support/client.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { ferryd, startServer, userEnv } from '../support/server.ts';

async function status(home: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [ferryd, 'status', ...args], {
    env: userEnv(home),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return text(child.stdout);
}

type Told = ServerStatus & { readonly visits: readonly Visit[] };

function one(id: number, more: Partial<ConnectionStatus>): ConnectionStatus {
  return {
    id,
    source: '10.0.0.1',
    sinceMs: 1000 + id,
    user: 'anna',
    kind: 'lane',
    sessionId: 'a',
    received: 0,
    sent: 0,
    ...more,
  };
}

describe('ferryd status', () => {
  it('shows each server, who is there and what they have moved', async (t) => {
    const home = scratchFolder(t);
    assert.equal(await status(home), 'no ferryd of this user is running\n');
    const dir = scratchFolder(t);
    writeFileSync(join(dir, 'file'), Buffer.alloc(2 * limits.blockBytes, 'x'));
    const server = await startServer(t, { dir, home, args: ['--threads', '2'] });
    assert.match(await status(home), /nobody is connected/);
    const session = await logInto(server, { device: newDevice(), token: tokenOf(server.invite) });
    const lane = await openLane(server, session);
    await lane.call(read, { path: path('file'), identity: undefined, first: 0, count: 2 });
    const [told, ...others] = JSON.parse(await status(home, '--json')) as readonly Told[];
    assert.ok(told);
    assert.equal(others.length, 0);
    assert.deepEqual([told.pid, told.folder], [server.pid, dir]);
    assert.equal(told.address, `127.0.0.1:${server.port}`);
    const [visit] = told.visits;
    assert.equal(told.visits.length, 1);
    assert.ok(visit);
    assert.deepEqual([visit.user, visit.source, visit.lanes], [session.welcome.user, '127.0.0.1', 1]);
    assert.ok(visit.sent > 1000);
    const asked = told.figures.verbs.find(({ verb }) => verb === 'read');
    assert.deepEqual([asked?.results.ok, (asked?.sent ?? 0) >= 2 * limits.blockBytes], [1, true]);
    assert.deepEqual(told.tallies.logins, { 'with an invite': 1 });
    assert.deepEqual([told.threads.map(({ index }) => index), told.restarts], [[1, 2], 0]);
    assert.ok((told.disk?.total ?? 0) > 0);
    assert.match(await status(home), new RegExp(`^${visit.user} +127\\.0\\.0\\.1 +\\d+ s +1 +\\d+ B/s`, 'm'));
    for (const channel of [session.channel, lane]) channel.close();
    server.signal('SIGTERM');
    await server.ended;
    assert.deepEqual(readdirSync(join(home, 'state/ferryd/running')), []);
  });

  it('clears away what a server that was killed has left', async (t) => {
    const home = scratchFolder(t);
    const server = await startServer(t, { dir: scratchFolder(t), home, args: ['--threads', '1'] });
    server.signal('SIGKILL');
    await server.ended;
    assert.equal(readdirSync(join(home, 'state/ferryd/running')).length, 1);
    assert.equal(await status(home), 'no ferryd of this user is running\n');
    assert.deepEqual(readdirSync(join(home, 'state/ferryd/running')), []);
  });

  it('shows a file with all of its lanes', () => {
    const lane = (done: number, path: string) => ({
      sessionId: 'a',
      verb: 'download' as const,
      path: show(path),
      size: 400,
      done,
      ms: 3000,
      quietMs: 0,
    });
    const [visit] = visitsOf([one(1, { kind: 'session', sessionId: 'a' })], [], 1);
    assert.ok(visit);
    const work = {
      sessionId: 'a',
      verb: 'copy' as const,
      path: show('/b'),
      done: 5000,
      ms: 90_000,
      quietMs: 0,
    };
    assert.equal(
      movingTable([lane(100, '/film'), lane(60, '/film'), work], [visit]),
      'WHO   WHAT      SO FAR         FOR    PATH\n' +
        'anna  download  40 % of 400 B  3 s    /film\n' +
        'anna  copy      5 kB           1 min  /b\n',
    );
    assert.equal(movingTable([], [visit]), '');
  });

  it('says who has to wait, who was refused and why, and nothing where all is well', () => {
    const calm = {
      gate: { mostConnections: 10, mostStrangers: 5, passwordsWaiting: 0, guessed: [], shunned: [] },
      tallies: { logins: {}, refusals: {}, filesSent: 0, filesReceived: 0, troubles: 0 },
      turnedAway: 0,
      figures: { verbs: [], received: 0, sent: 0, waits: 0, waitedMs: 0 },
    };
    assert.equal(gateLines(calm), '');
    assert.equal(
      gateLines({
        gate: {
          ...calm.gate,
          passwordsWaiting: 3,
          guessed: [
            { user: 'anna\x1b[2J', ms: 32_000 },
            { user: 'bob', ms: undefined },
          ],
          shunned: [{ user: 'eve', ms: 80_000 }],
        },
        tallies: { ...calm.tallies, refusals: { LIMIT: 1, AUTH_FAILED: 5 } },
        turnedAway: 2,
        figures: { ...calm.figures, waits: 7, waitedMs: 4200 },
      }),
      'eve is kept out for 1 min: a thread broke over what they sent\n' +
        'passwords of anna\\e[2J are not looked at for 32 s: too many were wrong\n' +
        'passwords of bob are not looked at: 100 were wrong; a known device of theirs ends that\n' +
        `3 of ${limits.passwordsWaiting} passwords wait to be checked\n` +
        'refused since the start: 6 (AUTH_FAILED 5, LIMIT 1)\n' +
        'turned away without a word since the start: 2\n' +
        'rates made somebody wait 7 times, 4 s in all\n',
    );
  });

  it('counts lanes with their session, and rates between two looks', () => {
    const earlier = [one(1, { kind: 'session', sent: 10 }), one(2, { sent: 100, received: 50 })];
    const now = [
      one(1, { kind: 'session', sent: 20 }),
      one(2, { sent: 1100, received: 50 }),
      one(3, { sent: 500 }),
      one(4, { kind: 'session', sessionId: 'b', user: 'bob' }),
      one(5, { kind: 'stranger', sessionId: undefined, user: undefined }),
    ];
    const [anna, bob, ...rest] = visitsOf(now, earlier, 2);
    assert.deepEqual(anna, {
      sessionId: 'a',
      user: 'anna',
      source: '10.0.0.1',
      sinceMs: 1001,
      lanes: 2,
      received: 50,
      sent: 1620,
      upRate: 0,
      downRate: 755,
    });
    assert.deepEqual([bob?.user, bob?.lanes], ['bob', 0]);
    assert.deepEqual(rest, []);
  });
});
