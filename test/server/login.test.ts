/** Who is let in by a real ferryd, and who is not. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Entry, FerryError, rootPath } from '@ferry/protocol';
import { attach, hello, list, mkdir, protocolVersion, stat, ticket } from '@ferry/protocol/messages';
import { laneProof, parseAddress } from '@ferry/protocol/session';
import { connect, helloFor, logInto, newDevice, openLane, tokenOf } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { ferryd, startServer, userEnv } from '../support/server.ts';

/** What `ferryd invite` prints for the user with this home. */
function invite(home: string, ...args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [ferryd, 'invite', ...args], {
    env: userEnv(home),
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return /ferry:\/\/\S+/.exec(stdout)?.[0] ?? '';
}

async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof FerryError, String(error));
    return `${error.codeName}: ${error.message}`;
  }
  throw new assert.AssertionError({ message: 'it was let in' });
}

describe('login', () => {
  it('lets the owner in with the first invite, and from then on with the device key', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t) });
    const device = newDevice();
    const address = parseAddress(server.invite ?? '');
    assert.equal(address.port, server.port);
    assert.equal(address.invite?.fingerprint, server.fingerprint);
    const first = await logInto(server, { device, token: tokenOf(server.invite) });
    assert.equal(first.welcome.readOnly, false);
    await first.channel.call(mkdir, { path: path('mine') });
    const again = await logInto(server, { device });
    assert.equal(again.welcome.user, first.welcome.user);
    await again.channel.call(stat, { path: path('mine') });
    for (const { channel } of [first, again]) channel.close();
    await server.logged(/logged in with an invite/);
    await server.logged(/logged in with its device key/);
  });

  it('keeps accounts and identity over a restart, and prints no second invite', async (t) => {
    const home = scratchFolder(t);
    const dir = scratchFolder(t);
    const before = await startServer(t, { dir, home });
    const device = newDevice();
    const session = await logInto(before, { device, token: tokenOf(before.invite) });
    session.channel.close();
    before.signal('SIGTERM');
    assert.equal(await before.ended, 0);
    const after = await startServer(t, { dir, home });
    assert.equal(after.fingerprint, before.fingerprint);
    assert.equal(after.invite, undefined);
    const { channel } = await logInto(after, { device });
    channel.close();
  });

  it('answers every wrong proof with the same sentence (AUTH-05, AUTH-11)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t) });
    const token = tokenOf(server.invite);
    (await logInto(server, { device: newDevice(), token })).channel.close();
    const spent = await refusal(logInto(server, { device: newDevice(), token }));
    const unknown = await refusal(logInto(server, { device: newDevice(), token: Buffer.alloc(16, 1) }));
    const stranger = await refusal(logInto(server, { device: newDevice() }));
    const forger = newDevice();
    const channel = await connect(server);
    const forged = await refusal(
      channel.call(hello, { ...helloFor(channel.link, { device: forger }), signature: Buffer.alloc(64, 7) }),
    );
    assert.match(spent, /^AUTH_FAILED: /);
    assert.deepEqual([unknown, stranger, forged], [spent, spent, spent]);
    assert.match(await refusal(logInto(server)), /^AUTH_REQUIRED: /);
  });

  it('lets exactly one of many redeem an invite at once (AUTH-09)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--threads', '2'] });
    const token = tokenOf(server.invite);
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => logInto(server, { device: newDevice(), token })),
    );
    const inside = tries.filter((result) => result.status === 'fulfilled');
    assert.equal(inside.length, 1);
    for (const { value } of inside) value.channel.close();
  });

  it('sees an invite of another process at once, with its rights, uses and folder (AUTH-12, AUTZ-03)', async (t) => {
    const dir = scratchFolder(t);
    mkdirSync(join(dir, 'photos/2026'), { recursive: true });
    writeFileSync(join(dir, 'photos/2026/a.jpg'), 'x');
    const server = await startServer(t, { dir });
    const line = invite(server.home, '--user', 'anna', '--read-only', '--path', 'photos', '--uses', '2');
    assert.equal(parseAddress(line).port, server.port);
    const token = tokenOf(line);
    const { channel, welcome } = await logInto(server, { device: newDevice(), token });
    assert.equal(welcome.user, 'anna');
    assert.equal(welcome.readOnly, true);
    const entries: Entry[] = [];
    await channel.call(list, { path: rootPath }, { onPart: (page) => entries.push(...page.entries) });
    assert.deepEqual(
      entries.map(({ name }) => `${name}`),
      ['2026'],
    );
    assert.equal((await channel.call(stat, { path: rootPath })).facts.name, '~');
    await channel.call(stat, { path: path('2026/a.jpg') });
    await assert.rejects(channel.call(stat, { path: path('photos') }), withCode('NOT_FOUND'));
    (await logInto(server, { device: newDevice(), token })).channel.close();
    await assert.rejects(logInto(server, { device: newDevice(), token }), withCode('AUTH_FAILED'));
    channel.close();
  });

  it('gives a known device the account also on an open server, and guests the open rights', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, { dir, args: ['--open=read-only'] });
    const device = newDevice();
    const token = tokenOf(invite(server.home, '--user', 'anna'));
    const guest = await logInto(server, { device });
    assert.deepEqual([guest.welcome.user, guest.welcome.readOnly], ['guest', true]);
    const anna = await logInto(server, { device, token });
    assert.deepEqual([anna.welcome.user, anna.welcome.readOnly], ['anna', false]);
    for (const { channel } of [guest, anna]) channel.close();
  });

  it('names both versions when they differ (PROT-24)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const channel = await connect(server);
    const request = { ...helloFor(channel.link, {}), version: protocolVersion + 7 };
    assert.match(
      await refusal(channel.call(hello, request)),
      new RegExp(`^VERSION: .*${protocolVersion}.*${protocolVersion + 7}`),
    );
  });

  it('gives a stranger one try and answers nothing else before it', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const early = await connect(server);
    await assert.rejects(early.call(stat, { path: rootPath }), withCode('BAD_STATE'));
    await assert.rejects(early.call(hello, helloFor(early.link, {})));
    const { channel } = await logInto(server);
    await assert.rejects(channel.call(hello, helloFor(channel.link, {})), withCode('BAD_STATE'));
    await channel.call(stat, { path: rootPath });
    channel.close();
  });
});

describe('a ticket', () => {
  it('opens a lane only to who knows the session secret, on that connection (AUTH-13, AUTH-14)', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    const session = await logInto(server);
    const { ticket: sealed } = await session.channel.call(ticket, {});
    const good = await openLane(server, session);
    const proofElsewhere = laneProof(good.link, session.welcome.sessionSecret);
    const tampered = Buffer.from(sealed);
    tampered.writeUInt8(tampered.readUInt8(5) ^ 1, 5);
    const withoutSecret = (lane: typeof good) => laneProof(lane.link, Buffer.alloc(32));
    const attempts: [name: string, ticket: Uint8Array, proof: (lane: typeof good) => Uint8Array][] = [
      ['replayed without the secret', sealed, withoutSecret],
      ['replayed with the proof of another connection', sealed, () => proofElsewhere],
      ['tampered', tampered, (lane) => laneProof(lane.link, session.welcome.sessionSecret)],
      ['invented', Buffer.alloc(150, 7), (lane) => laneProof(lane.link, session.welcome.sessionSecret)],
      ['cut off', sealed.subarray(0, 20), (lane) => laneProof(lane.link, session.welcome.sessionSecret)],
    ];
    for (const [name, presented, proof] of attempts) {
      const lane = await connect(server);
      await assert.rejects(
        lane.call(attach, { version: protocolVersion, ticket: presented, proof: proof(lane) }),
        withCode('TICKET_INVALID'),
        name,
      );
    }
    good.close();
    session.channel.close();
  });

  it('of another server is worthless', async (t) => {
    const dir = scratchFolder(t);
    const one = await startServer(t, { dir, args: ['--open'] });
    const other = await startServer(t, { dir, args: ['--open'] });
    const session = await logInto(one);
    const { ticket: sealed } = await session.channel.call(ticket, {});
    const lane = await connect(other);
    const proof = laneProof(lane.link, session.welcome.sessionSecret);
    await assert.rejects(
      lane.call(attach, { version: protocolVersion, ticket: sealed, proof }),
      withCode('TICKET_INVALID'),
    );
    session.channel.close();
  });
});
