/**
 * Several real ferryd that belong together over a real nats-server: people, changes and lanes of one are there on the others, and what
 * they do without NATS. They share one folder and one home on this machine. Not part of the normal run: `test:cluster`.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  attach,
  list,
  mkdir,
  protocolVersion,
  type ServerEvent,
  ticket,
  watch,
  who,
} from '@ferry/protocol/messages';
import { laneProof } from '@ferry/protocol/session';
import { parseBus } from '../../packages/server/src/bus/bus-address.ts';
import { connectToNats } from '../../packages/server/src/bus/nats-connection.ts';
import { ServerWatch } from '../../packages/server/src/owner/server-watch.ts';
import { connect, logInto, openLane, readWhole, type TestSession } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { startNats, withoutNats } from '../support/nats-server.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { ferryd, type Server, startServer, userEnv } from '../support/server.ts';

async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await met())) await pause(10);
}

/** @param config further lines of that of NATS */
async function cluster(t: TestContext, count: number, config = '') {
  const nats = await startNats(t, config);
  const home = scratchFolder(t);
  const dir = scratchFolder(t);
  // Looking for changes themselves they would find them after 2 s.
  const args = ['--open', '--poll', '--metrics', '127.0.0.1:0', '--bus', nats.url, '--bus-name', 'test'];
  const servers: Server[] = [];
  for (let i = 0; i < count; i++) servers.push(await startServer(t, { dir, home, args }));
  return { nats, home, dir, args, servers: servers as [Server, Server, Server] };
}

async function here({ channel }: TestSession): Promise<number> {
  let count = 0;
  const onPart = (): void => {
    count += 1;
  };
  await channel.call(who, {}, { onPart });
  return count;
}

describe('servers that belong together', { ...withoutNats, timeout: 120_000 }, () => {
  test('who is on one is seen on all; those of a server that is killed are not any more', async (t) => {
    const { servers } = await cluster(t, 3);
    const [a, b, c] = servers;
    const events: ServerEvent[] = [];
    const anna = await logInto(a, {}, { onEvent: (event) => events.push(event) });
    const bob = await logInto(b);
    const carla = await logInto(c);
    await until(async () => (await here(anna)) === 3 && (await here(bob)) === 3 && (await here(carla)) === 3);
    events.length = 0;
    c.signal('SIGKILL');
    await until(async () => (await here(anna)) === 2 && (await here(bob)) === 2);
    await until(() => events.some((event) => event.kind === 'presence' && event.here === 2));
    b.signal('SIGTERM');
    await until(async () => (await here(anna)) === 1);
    assert.equal(await b.ended, 0);
  });

  test('what is changed through one server shows at once to who looks at the folder on another', async (t) => {
    const { servers } = await cluster(t, 2);
    const [a, b] = servers;
    const anna = await logInto(a);
    const seen = new Map<string, number>();
    const bob = await logInto(
      b,
      {},
      {
        onEvent: (event) => {
          if (event.kind !== 'folder' || event.news.kind !== 'changed') return;
          for (const { name } of event.news.entries) seen.set(name, performance.now());
        },
      },
    );
    await bob.channel.call(watch, { id: 1, path: path('') });
    await bob.channel.call(list, { path: path('') }, { onPart: () => {} });
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const name = `folder-${i}`;
      const beganMs = performance.now();
      await anna.channel.call(mkdir, { path: path(name) });
      await until(() => seen.has(name));
      took.push((seen.get(name) ?? 0) - beganMs);
    }
    took.sort((x, y) => x - y);
    t.diagnostic(
      `count: a change shows on another server after ${took[10]?.toFixed(0)} ms, at worst ${took.at(-1)?.toFixed(0)} ms`,
    );
    assert.ok((took[10] ?? 0) < 1000, 'half of them before anybody would have looked');
  });

  test('a lane is let in at any server, a ticket once among all, and at none whose session has gone', async (t) => {
    const { nats, dir, servers } = await cluster(t, 3);
    const [a, b, c] = servers;
    writeFileSync(join(dir, 'file'), 'content');
    const session = await logInto(a);
    await logInto(b);
    await until(async () => (await here(session)) === 2);
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const beganMs = performance.now();
      const lane = await openLane(i % 2 === 0 ? b : c, session);
      took.push(performance.now() - beganMs);
      const { bytes } = await readWhole(lane, path('file'));
      assert.equal(bytes.toString(), 'content');
      lane.close();
    }
    took.sort((x, y) => x - y);
    t.diagnostic(`count: a lane at another server is open after ${took[10]?.toFixed(1)} ms`);
    // Nine tries at once with one ticket, at all servers: one gets in.
    const { ticket: granted } = await session.channel.call(ticket, {});
    const tries = await Promise.allSettled(
      Array.from({ length: 9 }, async (_, i) => {
        const lane = await connect(servers[i % 3] as Server);
        const proof = laneProof(lane.link, session.welcome.sessionSecret);
        await lane.call(attach, { version: protocolVersion, ticket: granted, proof });
      }),
    );
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of tries) {
      if (one.status === 'rejected') assert.ok(withCode('TICKET_INVALID')(one.reason));
    }
    await nats.kill();
    await b.logged(/not reached any more/);
    await assert.rejects(openLane(b, session), withCode('BUSY'));
    await openLane(a, session);
    await nats.start();
    await until(async () => {
      const opened = await openLane(b, session).catch((error: unknown) => error);
      return !(opened instanceof Error);
    });
    const { ticket: late } = await session.channel.call(ticket, {});
    a.signal('SIGKILL');
    await until(async () => {
      const lane = await connect(b);
      const proof = laneProof(lane.link, session.welcome.sessionSecret);
      const answer = lane.call(attach, { version: protocolVersion, ticket: late, proof });
      return answer.then(
        () => false,
        (error: unknown) => withCode('BUSY')(error),
      );
    });
  });

  test('a session is closed on all servers at once, whichever is told', async (t) => {
    const { home, servers } = await cluster(t, 3);
    const [a, b, c] = servers;
    const session = await logInto(a);
    await logInto(b);
    await logInto(c);
    await until(async () => (await here(session)) === 3);
    const closed: string[] = [];
    const ear = (who: string) => ({ onEnd: () => void closed.push(who) });
    const one = await logInto(a, {}, ear('session'));
    await openLane(a, one, ear('lane a'));
    await openLane(b, one, ear('lane b'));
    const id = Buffer.from(one.welcome.sessionId).toString('hex');
    const { ticket: later } = await one.channel.call(ticket, {});
    // The server that is told has nothing of it.
    const watch = new ServerWatch(join(home, `state/ferryd/running/${c.pid}.sock`), {
      onTold: () => {},
      onEnd: () => {},
    });
    t.after(() => watch.close());
    await watch.order({ do: 'throttle', session: id, rates: { down: 1_000_000, up: undefined } });
    await watch.order({ do: 'kick', session: id });
    await until(() => closed.length === 3);
    const lane = await connect(b);
    const proof = laneProof(lane.link, one.welcome.sessionSecret);
    const request = { version: protocolVersion, ticket: later, proof };
    await assert.rejects(lane.call(attach, request), withCode('KICKED'));
    await assert.rejects(watch.order({ do: 'kick', session: id }), /has gone/);
    assert.equal(await here(session), 3);
  });

  test('a server that stands still until NATS has hung up on it knows everybody again when it is back, and has who looks at a folder look anew', async (t) => {
    const log = join(scratchFolder(t), 'nats.log');
    const { nats, servers } = await cluster(
      t,
      2,
      `log_file: "${log}"\nmax_pending: 4194304\nwrite_deadline: "300ms"`,
    );
    const [a, b] = servers;
    const anna = await logInto(a);
    const seen = new Set<string>();
    const bob = await logInto(
      b,
      {},
      {
        onEvent: (event) => {
          if (event.kind === 'folder') seen.add(event.news.kind);
        },
      },
    );
    await bob.channel.call(watch, { id: 1, path: path('') });
    await bob.channel.call(list, { path: path('') }, { onPart: () => {} });
    await until(async () => (await here(anna)) === 2 && (await here(bob)) === 2);
    const line = await connectToNats(parseBus(nats.url), { name: 'flood' });
    t.after(() => line.close());
    b.signal('SIGSTOP');
    // More than what NATS and the system hold for it, of which nothing makes sense.
    await until(async () => {
      for (let i = 0; i < 64; i++)
        line.nats.publish(`ferry.test.all.${'f'.repeat(16)}`, Buffer.alloc(65_536));
      await line.nats.flush();
      return /Slow Consumer/.test(readFileSync(log, 'utf8'));
    });
    await until(async () => (await here(anna)) === 1);
    const carla = await logInto(a);
    await anna.channel.call(mkdir, { path: path('meanwhile') });
    seen.clear();
    b.signal('SIGCONT');
    await until(async () => (await here(bob)) === 3 && (await here(anna)) === 3 && (await here(carla)) === 3);
    // What was lost may have been of its folder: it has to look itself.
    await until(() => seen.size > 0);
    await openLane(b, carla);
  });

  test('ferryd status shows all; a server that loses NATS says so, goes on, and comes back by itself', async (t) => {
    const { nats, home, dir, servers } = await cluster(t, 2);
    const [a, b] = servers;
    const say = (): string =>
      spawnSync(process.execPath, [ferryd, 'status'], { env: userEnv(home), encoding: 'utf8' }).stdout;
    const first = await logInto(a);
    await logInto(b);
    await until(async () => (await here(first)) === 2);
    await until(() => / 1 +0$/m.test(say()));
    const shown = say();
    assert.ok(shown.includes(`the bus "test" at 127.0.0.1:${nats.port}`), shown);
    // Both belong together: the people of both stand in one table, once.
    assert.match(shown, /^WHO +FROM +AT +FOR +LANES/m);
    assert.equal(shown.match(/^guest /gm)?.length, 2, shown);
    for (const { port } of [a, b]) assert.match(shown, new RegExp(`^guest .* 127.0.0.1:${port} `, 'm'));
    // What the owner does to an account on one holds on all.
    const left = Promise.withResolvers<unknown>();
    await logInto(b, {}, { onEnd: left.resolve });
    const orders = new ServerWatch(join(home, `state/ferryd/running/${a.pid}.sock`), {
      onTold: () => {},
      onEnd: () => {},
    });
    t.after(() => orders.close());
    await orders.order({ do: 'kick-account', user: 'guest' });
    await left.promise;
    const anna = await logInto(a);
    const bob = await logInto(b);
    await until(async () => (await here(anna)) === 2);
    const metrics = async (): Promise<string> => (await fetch(a.said(/^metrics at (.*)$/))).text();
    assert.match(await metrics(), /^ferry_bus_whole 1\n[\s\S]*^ferry_bus_servers 1$/m);
    await nats.kill();
    await a.logged(/the other servers are not reached any more/);
    assert.match(await metrics(), /^ferry_bus_whole 0\n[\s\S]*^ferry_bus_servers 0$/m);
    assert.equal(await here(anna), 1, 'of the others it knows nothing');
    assert.match(say(), /is not reached/);
    writeFileSync(join(dir, 'x'), 'x');
    await anna.channel.call(mkdir, { path: path('goes-on') });
    await bob.channel.call(list, { path: path('') }, { onPart: () => {} });
    await nats.start();
    await until(async () => (await here(anna)) === 2 && (await here(bob)) === 2);
    await until(() => /are reached$[\s\S]*not reached any more$[\s\S]*are reached$/m.test(a.log()));
    // One that cannot come to its bus says why, and does not start.
    const wrong = spawnSync(
      process.execPath,
      [ferryd, dir, '--listen', '127.0.0.1:0', '--open', '--bus', `tls://127.0.0.1:${nats.port}`],
      { env: userEnv(home), encoding: 'utf8' },
    );
    assert.match(wrong.stderr, /^ferryd: the bus at 127\.0\.0\.1:\d+ cannot be used: .*tls.* \[CONFIG\]$/m);
    assert.equal(wrong.status, 1);
  });
});
