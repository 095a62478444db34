/**
 * Accounts that real ferryd of several machines (homes) keep together over a real nats-server. Not part of the normal run: `test:cluster`.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FerryError } from '@ferry/protocol';
import {
  type ChatMessage,
  history,
  join,
  list,
  RoomKind,
  type ServerEvent,
  ShareKind,
  say,
  share,
} from '@ferry/protocol/messages';
import { logInto, newDevice, type TestSession, tokenOf } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { startNats, type TestNats, withoutNats } from '../support/nats-server.ts';
import { runs } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { ferryd, type Server, startServer, userEnv } from '../support/server.ts';

async function until(met: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await met())) await pause(10);
}

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

/** A command of the owner on a machine of its own. */
function command(home: string, ...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [ferryd, ...args], { env: userEnv(home) });
  let [out, err] = ['', ''];
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

async function cluster(t: TestContext, count: number) {
  const nats = await startNats(t);
  const dir = scratchFolder(t);
  const bus = ['--bus', nats.url, '--bus-name', 'test'];
  const servers: Server[] = [];
  for (let i = 0; i < count; i++) servers.push(await startServer(t, { dir, args: bus }));
  return { nats, dir, bus, servers: servers as [Server, Server, Server] };
}

async function invited(
  home: string,
  bus: readonly string[],
  ...more: readonly string[]
): Promise<Uint8Array> {
  const { out, err } = await command(home, 'invite', '--address', 'x:1', ...bus, ...more);
  const line = out.trim().replace(/^ferry /, '');
  assert.ok(line.startsWith('ferry://'), `${out}${err}`);
  return tokenOf(line);
}

const codeOf = (error: unknown): string => (error instanceof FerryError ? error.codeName : String(error));

async function works({ channel }: TestSession): Promise<string> {
  try {
    await channel.call(list, { path: path('') }, { onPart: () => {} });
    return 'yes';
  } catch (error) {
    return codeOf(error);
  }
}

async function back(nats: TestNats, work: () => Promise<unknown>): Promise<void> {
  await nats.start();
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      assert.ok(['BUSY', 'LIMIT'].includes(codeOf(error)), String(error));
      await pause(200);
    }
  }
}

describe('accounts that several servers keep', { ...withoutNats, timeout: 180_000 }, () => {
  test('an invite of any machine lets in one device, whichever server it is shown to; all know it, and who is sent away', async (t) => {
    const { bus, servers } = await cluster(t, 3);
    const elsewhere = scratchFolder(t);
    for (let i = runs(3); i > 0; i--) {
      const token = await invited(elsewhere, bus, '--user', 'anna');
      const devices = Array.from({ length: 12 }, () => newDevice());
      const tries = await Promise.allSettled(
        devices.map((device, n) => logInto(servers[n % 3] ?? assert.fail(), { device, token })),
      );
      const inside = tries.flatMap((one, n) => (one.status === 'fulfilled' ? [n] : []));
      assert.equal(
        inside.length,
        1,
        tries.map((one) => (one.status === 'fulfilled' ? 'in' : codeOf(one.reason))).join(),
      );
      const winner = devices[inside[0] ?? 0] ?? assert.fail();
      const sessions: TestSession[] = [];
      for (const server of servers) {
        await until(async () => {
          const session = await logInto(server, { device: winner }).catch(() => undefined);
          if (session !== undefined) sessions.push(session);
          return session !== undefined;
        });
      }
      assert.deepEqual(
        sessions.map(({ welcome }) => welcome.user),
        ['anna', 'anna', 'anna'],
      );
      assert.deepEqual(await Promise.all(sessions.map(works)), ['yes', 'yes', 'yes']);
      const sinceMs = performance.now();
      const { out } = await command(elsewhere, 'user', 'revoke', 'anna', ...bus);
      assert.match(out, /anna is out/);
      for (const session of sessions) await until(async () => (await works(session)) !== 'yes');
      t.diagnostic(`ms until a revocation holds everywhere: ${(performance.now() - sinceMs).toFixed(0)}`);
    }
    const { out } = await command(elsewhere, 'user', 'list', ...bus);
    assert.match(out, /^anna +writer/m);
    const [a] = servers;
    const { err, code } = await command(a.home, 'user', 'kick', 'x').then(() =>
      command(a.home, 'kick', 'anna'),
    );
    assert.ok(code !== 0 && /--bus/.test(err), `without its bus nothing is changed: ${err}`);
  });

  test('without NATS those who are known go on, what would change accounts is refused in words, and all comes back', async (t) => {
    const { nats, bus, servers } = await cluster(t, 2);
    const [a, b] = servers;
    const elsewhere = scratchFolder(t);
    const device = newDevice();
    const anna = await logInto(a, {
      device,
      token: await invited(elsewhere, bus, '--user', 'anna', '--role', 'owner'),
    });
    const token = await invited(elsewhere, bus, '--user', 'bob');
    await until(() =>
      logInto(b, { device }).then(
        () => true,
        () => false,
      ),
    );
    await nats.kill();
    const order = { kind: ShareKind.read, paths: [path('')], forMs: 1000, downloads: undefined };
    await assert.rejects(anna.channel.call(share, order), withCode('BUSY'));
    assert.equal(await works(anna), 'yes');
    assert.equal((await logInto(b, { device })).welcome.user, 'anna');
    const refused = await logInto(b, { device: newDevice(), token }).then(
      () => assert.fail('nobody can know'),
      (error: unknown) => error,
    );
    assert.ok(refused instanceof FerryError && /cannot reach the others/.test(refused.message));
    assert.match(a.log(), /cannot reach the others/);
    const bob = newDevice();
    await back(nats, () => logInto(b, { device: bob, token }));
    await until(() =>
      logInto(a, { device: bob }).then(
        () => true,
        () => false,
      ),
    );
    await anna.channel.call(share, order);
    await a.logged(/reached again/);
  });

  test('a server that was away, and a new one, know what was agreed on meanwhile', async (t) => {
    const { dir, bus, servers } = await cluster(t, 2);
    const [a, b] = servers;
    b.signal('SIGKILL');
    await b.ended;
    const [anna, bob] = [newDevice(), newDevice()];
    await logInto(a, { device: anna, token: await invited(a.home, bus, '--user', 'anna') });
    await logInto(a, { device: bob, token: await invited(a.home, bus, '--user', 'bob') });
    await command(a.home, 'user', 'revoke', 'bob', ...bus);
    for (const home of [b.home, scratchFolder(t)]) {
      const server = await startServer(t, { dir, home, args: bus });
      assert.equal((await logInto(server, { device: anna })).welcome.user, 'anna');
      await assert.rejects(logInto(server, { device: bob }), withCode('AUTH_FAILED'));
    }
  });

  test('what is said on any server is heard on all, in one order, and is there when one comes back', async (t) => {
    const { nats, dir, bus, servers } = await cluster(t, 2);
    const [a, b] = servers;
    const elsewhere = scratchFolder(t);
    const [anna, bob] = [newDevice(), newDevice()];
    const told: string[][] = [[], []];
    const hear = (n: number) => (event: ServerEvent) => {
      if (event.kind === 'chat' && event.message !== undefined) told[n]?.push(event.message.text ?? '');
    };
    const sessions = [
      await logInto(a, { device: anna, token: await invited(elsewhere, bus) }, { onEvent: hear(0) }),
      await logInto(b, { device: bob, token: await invited(elsewhere, bus) }, { onEvent: hear(1) }),
    ] as const;
    const crew = { kind: RoomKind.open, name: 'crew', create: true, sealing: undefined };
    const joined = await Promise.all(sessions.map(({ channel }) => channel.call(join, crew)));
    assert.deepEqual(joined[0], joined[1], 'one room, one generation');
    const room = joined[0]?.room ?? assert.fail();
    const tell = (n: 0 | 1, text: string): Promise<{ seq: number }> =>
      sessions[n].channel.call(say, { room, id: randomBytes(16), text, path: undefined, sealed: undefined });
    const count = 8;
    const sinceMs = performance.now();
    await Promise.all(
      ([0, 1] as const).map(async (n) => {
        for (let i = 0; i < count; i++) await tell(n, `${n}-${i}`);
      }),
    );
    t.diagnostic(`ms a message: ${((performance.now() - sinceMs) / count / 2).toFixed(1)}`);
    await until(() => told.every((one) => one.length === 2 * count));
    assert.deepEqual(told[0], told[1]);
    await nats.kill();
    await assert.rejects(tell(0, 'lost'), withCode('BUSY'));
    const kept = async (session: TestSession): Promise<readonly string[]> => {
      const texts: string[] = [];
      const onPart = ({ messages }: { messages: readonly ChatMessage[] }): void => {
        texts.push(...messages.map(({ text = '' }) => text));
      };
      await session.channel.call(history, { room, after: undefined, most: 100 }, { onPart });
      return texts;
    };
    assert.deepEqual(await kept(sessions[0]), told[0], 'what was said can be read');
    await back(nats, () => tell(1, 'again'));
    await until(() => told[0]?.at(-1) === 'again');
    const c = await startServer(t, { dir, args: bus });
    const late = await logInto(c, { device: anna });
    assert.equal((await late.channel.call(join, { ...crew, create: false })).room, room);
    assert.deepEqual(await kept(late), await kept(sessions[1]));
  });
});
