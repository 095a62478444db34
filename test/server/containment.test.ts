/** What breaks or fills up takes with it only what it must. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { FerryError, rootPath } from '@ferry/protocol';
import { mkdir, stat } from '@ferry/protocol/messages';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { Blame } from '../../packages/server/src/blame.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import { status } from '../../packages/server/src/owner/status.ts';
import { SessionRules, shunMs } from '../../packages/server/src/session/session-rules.ts';
import { capacityFor } from '../../packages/server/src/supervisor/descriptors.ts';
import { logInto, newDevice, type TestSession } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { startServer, userEnv } from '../support/server.ts';

const noPrlimit = spawnSync('prlimit', ['--version']).status === 0 ? false : 'prlimit is not installed';

async function isAlive({ channel }: TestSession): Promise<boolean> {
  return channel.call(stat, { path: rootPath }).then(
    () => true,
    () => false,
  );
}

/** Seconds of work, which on a busy machine are minutes. */
const long = process.env['FERRY_SOAK'] === '1' ? false : 'only in a soak';

describe('a worker that breaks', { skip: long }, () => {
  for (const [how, words] of [
    ['hang', /worker . died.*busy for too long/],
    ['heap', /worker . died.*memory limit/],
  ] as const) {
    it(`by ${how} is replaced, and the sessions of the other go on`, async (t) => {
      const server = await startServer(t, {
        dir: scratchFolder(t),
        args: ['--open', '--threads', '2'],
        env: { FERRY_TEST_CRASH: how },
      });
      const sessions = await Promise.all(Array.from({ length: 6 }, () => logInto(server)));
      server.signal('SIGUSR2');
      await server.logged(words);
      await server.logged(/worker . is back/);
      const alive = await Promise.all(sessions.map(isAlive));
      assert.equal(alive.filter(Boolean).length, 3);
      const next = await logInto(server);
      assert.ok(await isAlive(next));
      for (const { channel } of [...sessions, next]) channel.close();
    });
  }
});

describe('who breaks a worker', () => {
  it('is kept out for a while, so that it is not every worker in turn; others come back at once', async (t) => {
    const server = await startServer(t, {
      dir: scratchFolder(t),
      env: { FERRY_TEST_CRASH: 'message' },
    });
    const [anna, bob] = [newDevice(), newDevice()];
    const places = placesOf(userEnv(server.home), server.home);
    const accounts = new Accounts(places.accessFile);
    t.after(() => accounts.close());
    for (const [user, device] of [
      ['anna', anna],
      ['bob', bob],
    ] as const) {
      accounts.add(user, newAccount, 0);
      accounts.addDevice(user, device.publicKey, 'test', 0);
    }
    const [first, other] = [await logInto(server, { device: anna }), await logInto(server, { device: bob })];
    server.signal('SIGUSR2');
    while (await isAlive(first));
    assert.match(await server.logged(/broke over/), /worker 1 broke over a message of anna@127\.0\.0\.1/);
    await server.logged(/worker 1 is back/);
    const refused = await logInto(server, { device: anna }).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(refused instanceof FerryError && refused.codeName === 'BUSY', String(refused));
    assert.ok((refused.retryAfterMs ?? 0) > 1000 && (refused.retryAfterMs ?? 0) <= shunMs);
    const again = await logInto(server, { device: bob });
    assert.ok(await isAlive(again), 'who only was on the same worker is let in');
    const told = await status(places, false);
    assert.match(told, /^anna is kept out for \d+ (?:s|min): a thread broke over what they sent$/m);
    assert.match(told, /^1 of \d+ connections, 0 of \d+ not logged in yet$/m);
    for (const { channel } of [first, other, again]) channel.close();
  });

  it('is let in again when the time is over, and is not remembered without end (RES-14)', () => {
    const rules = new SessionRules();
    rules.shun('anna', shunMs, 1000);
    assert.equal(rules.shunned('anna', 1000)?.retryAfterMs, shunMs);
    assert.equal(rules.shunned('bob', 1000), undefined);
    assert.deepEqual([...rules.allShunned(1000)], [['anna', shunMs]]);
    assert.equal(rules.shunned('anna', 1000 + shunMs), undefined);
    for (let i = 0; i < 5000; i++) rules.shun(`user ${i}`, shunMs, 2000);
    assert.equal([...rules.allShunned(2000)].length, 4096);
    assert.ok(rules.shunned('user 4999', 2000) && rules.shunned('user 0', 2000) === undefined);
  });

  it('with what a handler makes of it later is known as well', async () => {
    const thread = new Worker(new URL('../support/broken-channel.ts', import.meta.url));
    const heard: unknown[] = [];
    thread.on('message', (said) => heard.push(said));
    thread.on('error', () => {});
    // Its error is what it is to die of.
    await new Promise((resolve) => thread.once('exit', resolve));
    const [memory] = heard;
    assert.ok(memory instanceof SharedArrayBuffer);
    assert.equal(new Blame(memory).connection, 7);
  });
});

describe('a server with few descriptors', { skip: noPrlimit }, () => {
  it('says that it is full when it is, goes on with who is there, and takes others when some have left (RES-02, RES-03)', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, {
      dir,
      args: ['--open', '--threads', '2'],
      through: ['prlimit', '--nofile=256:256'],
    });
    const { connections } = capacityFor(256);
    const sessions: TestSession[] = [];
    // A few at once: there is room for few strangers, too.
    while (sessions.length < connections)
      sessions.push(...(await Promise.all(Array.from({ length: 8 }, () => logInto(server)))));
    await assert.rejects(logInto(server), withCode('LIMIT'));
    const [first, second] = sessions;
    assert.ok(first && second);
    await first.channel.call(mkdir, { path: path('made when full') });
    for (const session of sessions) assert.ok(await isAlive(session));
    second.channel.close();
    await server.logged(/left after/);
    // Ends reach the main thread in their own time.
    let next: TestSession | undefined;
    while (next === undefined) {
      next = await logInto(server).catch((error: unknown) => {
        assert.ok(withCode('LIMIT')(error));
        return undefined;
      });
    }
    assert.ok(await isAlive(next));
    assert.doesNotMatch(server.log(), / died /);
    for (const { channel } of [...sessions, next]) channel.close();
  });
});
