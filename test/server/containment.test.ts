/** What breaks or fills up takes with it only what it must. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { rootPath } from '@ferry/protocol';
import { mkdir, stat } from '@ferry/protocol/messages';
import { capacityFor } from '../../packages/server/src/supervisor/descriptors.ts';
import { logInto, type TestSession } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';

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
