/**
 * Three servers over object storage and NATS, each asked by itself: what one takes another has, a lane goes to any, who is sent away
 * by one is sent away by all, and how soon a change made through one shows on another.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, describe, it } from 'node:test';
import { setTimeout as rest } from 'node:timers/promises';
import { Code, FerryError, type Name, nameFromText } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import {
  type ChatMessage,
  history,
  join as joinRoom,
  list,
  messageIdBytes,
  mkdir,
  RoomKind,
  type ServerEvent,
  say,
  watch,
} from '@ferry/protocol/messages';
import {
  createOf,
  type Device,
  logInto,
  newDevice,
  openLane,
  readWhole,
  type TestSession,
  upload,
  type Where,
} from '../support/client.ts';
import { path } from '../support/scratch.ts';
import { ferryd, userEnv } from '../support/server.ts';
import { randomContent } from '../support/staging.ts';
import { sharedCluster } from './cluster.ts';
import { busOf, clusterFleet } from './cluster-fleet.ts';

const cluster = await sharedCluster();
const skip = cluster === undefined ? 'there is no real cluster here' : false;
const changes = process.env['FERRY_BRIEF'] === '1' ? 10 : 50;
/** Changes come three in a row, as people make them: somebody who never stops is told of once a second. */
const apartMs = 120;
const restMs = 3000;
/** Nobody says more than five lines a second. */
const sayMs = 220;

/** Of milliseconds. */
function spread(took: readonly number[]): string {
  const sorted = took.toSorted((a, b) => a - b);
  const quantile = (p: number): string => (sorted[Math.floor(p * (sorted.length - 1))] ?? 0).toFixed(0);
  return `${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`;
}

describe('any of three servers', { skip }, async () => {
  if (cluster === undefined) return;
  const bucket = `any-${Date.now()}`;
  const fleet = await clusterFleet({ after }, cluster, { servers: 3, bucket });
  const pool = new BlockPool();
  // Not from where the balancer is, as nobody says here whose connection it is.
  const at = (server: number): Where => ({
    host: '127.0.0.1',
    port: fleet.servers[server]?.behind.port ?? 0,
    localAddress: '127.0.0.2',
  });
  const open = new Set<TestSession>();
  after(() => {
    for (const { channel } of open) channel.abort(new FerryError(Code.CANCELLED, 'the test is over'));
  });

  /** On each server one, all of one account. */
  async function sessions(
    user: string,
    onEvent: (event: ServerEvent, server: number) => void = () => {},
  ): Promise<{ readonly device: Device; readonly on: readonly TestSession[] }> {
    const device = newDevice();
    const token = await fleet.invite(user, 1);
    const on: TestSession[] = [];
    for (const server of fleet.servers.keys()) {
      const login = server === 0 ? { device, token } : { device };
      const opts = { onEvent: (event: ServerEvent) => onEvent(event, server) };
      const session = await logInto(at(server), login, opts);
      open.add(session);
      on.push(session);
    }
    return { device, on };
  }

  async function namesAt({ channel }: TestSession): Promise<readonly Name[]> {
    const names: Name[] = [];
    const onPart = ({ entries }: { readonly entries: readonly { readonly name: Name }[] }): void =>
      void names.push(...entries.map(({ name }) => name));
    await channel.call(list, { path: path('') }, { onPart });
    return names;
  }

  it('gives what another took, over lanes to any', async () => {
    const { on } = await sessions('anna');
    for (const [i, session] of on.entries()) {
      const content = randomContent(3_000_000 + i);
      const target = path(`from-${i}`);
      const lane = await openLane(at((i + 1) % 3), session);
      await upload(lane, createOf(target, content), content, pool);
      for (const [k, other] of on.entries()) {
        assert.ok(
          (await namesAt(other)).includes(nameFromText(`from-${i}`)),
          `server ${k} lists what ${i} took`,
        );
        const { bytes } = await readWhole(await openLane(at((k + 2) % 3), other), target);
        assert.ok(bytes.equals(content.bytes), `from ${i}, read at ${k}`);
      }
    }
  });

  it('hears of a change on another soon', async (t) => {
    let news = 0;
    let hear = (): void => {};
    const { on } = await sessions('bob', (event, server) => {
      if (server !== 1 || event.kind !== 'folder') return;
      news += 1;
      hear();
    });
    const [here, there] = on;
    assert.ok(here && there);
    await there.channel.call(watch, { id: 1, path: path('') });
    await namesAt(there);
    const took: number[] = [];
    for (let i = 0; i < changes; i++) {
      const name = nameFromText(`folder-${i}`);
      await rest(i % 3 === 0 ? restMs : apartMs);
      await here.channel.call(mkdir, { path: [name] });
      const made = performance.now();
      for (let known = news; ; ) {
        // What was told says that there is something, the listing what.
        if (news !== known) {
          known = news;
          if ((await namesAt(there)).includes(name)) break;
        }
        if (news === known) await new Promise<void>((resolve) => (hear = resolve));
      }
      took.push(performance.now() - made);
    }
    t.diagnostic(
      `count: ${changes} changes show on another server after ${spread(took)}, their listing counted`,
    );
  });

  it('tells on another what is said on one, and each has all of it', async (t) => {
    const heard = new Map<string, number>();
    let hear = (): void => {};
    const { on } = await sessions('dora', (event, server) => {
      if (server !== 1 || event.kind !== 'chat' || event.message?.text === undefined) return;
      heard.set(event.message.text, performance.now());
      hear();
    });
    const [here, there] = on;
    assert.ok(here && there);
    const request = { kind: RoomKind.open, name: 'hall', create: true, sealing: undefined };
    const rooms: number[] = [];
    for (const { channel } of on) rooms.push((await channel.call(joinRoom, request)).room);
    const [room = 0] = rooms;
    assert.deepEqual(new Set(rooms), new Set([room]), 'one room, whichever server is asked');
    const took: number[] = [];
    for (let i = 0; i < changes; i++) {
      const text = `line ${i}`;
      await rest(sayMs);
      const began = performance.now();
      const said = { text, path: undefined, sealed: undefined };
      await here.channel.call(say, { room, id: randomBytes(messageIdBytes), ...said });
      while (!heard.has(text)) await new Promise<void>((resolve) => (hear = resolve));
      took.push((heard.get(text) ?? 0) - began);
    }
    for (const { channel } of on) {
      let found: (string | undefined)[] = [];
      const onPart = ({ messages }: { readonly messages: readonly ChatMessage[] }): void =>
        void found.push(...messages.map(({ text }) => text));
      // The third one may hear a moment later than the second.
      do {
        found = [];
        await channel.call(history, { room, after: 0, most: 100 }, { onPart });
      } while (found.length < changes);
      assert.deepEqual(
        found,
        Array.from({ length: changes }, (_, i) => `line ${i}`),
      );
    }
    t.diagnostic(
      `count: ${changes} lines are heard on another server after ${spread(took)}, their keeping counted`,
    );
  });

  it('sends away who was sent away at any machine', async () => {
    const { device, on } = await sessions('carla');
    const ended = on.map(({ channel }) => channel.call(list, { path: path('') }, { onPart: () => {} }));
    await Promise.all(ended);
    const [first] = fleet.servers;
    assert.ok(first);
    const args = ['user', 'revoke', 'carla', ...busOf(cluster, bucket)];
    const child = spawn(process.execPath, [ferryd, ...args], {
      env: userEnv(first.home, cluster.env),
      stdio: 'ignore',
    });
    await once(child, 'close');
    assert.equal(child.exitCode, 0);
    // The other machines may hear of it a moment later.
    for (const server of fleet.servers.keys())
      for (;;) {
        const login = await logInto(at(server), { device }).then(
          ({ channel }) => {
            channel.abort(new FerryError(Code.CANCELLED, 'let in'));
            return 'in';
          },
          (error: unknown) => (error instanceof FerryError ? error.codeName : String(error)),
        );
        if (login === 'AUTH_FAILED') break;
        assert.equal(login, 'in');
      }
  });
});
