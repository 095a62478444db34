/** What the owner does to single sessions of a running server, from another process. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Code, limits, rootPath } from '@ferry/protocol';
import { attach, list, protocolVersion, read, type ServerEvent, ticket } from '@ferry/protocol/messages';
import { laneProof } from '@ferry/protocol/session';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import { ServerWatch } from '../../packages/server/src/owner/server-watch.ts';
import { readOrder } from '../../packages/server/src/supervisor/order.ts';
import type { ServerStatus } from '../../packages/server/src/supervisor/status.ts';
import { connect as dial, logInto, openLane } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { startServer, userEnv } from '../support/server.ts';

/** What the server says, as somebody who watches hears it. */
function watching(socket: string) {
  const statuses: ServerStatus[] = [];
  const lines: string[] = [];
  let look = (): void => {};
  const ended = Promise.withResolvers<void>();
  const watch = new ServerWatch(socket, {
    onTold: (told) => {
      if (told.say === 'status') statuses.push(told.status);
      else if (told.say === 'log') lines.push(...told.lines.map(({ text }) => text));
      look();
    },
    onEnd: ended.resolve,
  });
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      look = () => {
        const found = find();
        if (found !== undefined) resolve(found);
      };
      look();
    });
  return {
    watch,
    ended: ended.promise,
    status: (is: (status: ServerStatus) => boolean) => until(() => statuses.findLast(is)),
    /** The same among those that come from now on. */
    later: (is: (status: ServerStatus) => boolean) => {
      const from = statuses.length;
      return until(() => statuses.slice(from).findLast(is));
    },
    logged: (pattern: RegExp) => until(() => lines.find((line) => pattern.test(line))),
  };
}

describe('the owner, watching', () => {
  it('sees who is there and what moves, tells, slows down and closes one session of two', async (t) => {
    const dir = scratchFolder(t);
    const audit = join(scratchFolder(t), 'audit');
    writeFileSync(join(dir, 'file'), Buffer.alloc(3 * limits.blockBytes, 'x'));
    const args = ['--open=read-only', '--threads', '2', '--audit', audit];
    const server = await startServer(t, { dir, args });
    const folder = join(server.home, 'state/ferryd/running');
    const socket = join(folder, readdirSync(folder)[0] ?? '');
    const { watch, ended, status, later, logged } = watching(socket);
    const events: ServerEvent[] = [];
    const heard = Promise.withResolvers<void>();
    const one = await logInto(
      server,
      {},
      {
        onEvent: (event) => {
          events.push(event);
          heard.resolve();
        },
      },
    );
    const two = await logInto(server);
    const idOf = ({ welcome }: typeof one): string => Buffer.from(welcome.sessionId).toString('hex');
    const session = idOf(one);
    await logged(/logged in without an account/);
    await status(({ connections }) => connections.filter(({ kind }) => kind === 'session').length === 2);

    await watch.order({ do: 'tell', session, text: 'lunch at noon' });
    await heard.promise;
    assert.deepEqual(events, [{ kind: 'notice', text: 'lunch at noon' }]);

    const rates = { down: 8 * limits.blockBytes, up: undefined };
    await watch.order({ do: 'throttle', session, rates });
    const [lane, other] = [await openLane(server, one), await openLane(server, two)];
    const want = { path: path('file'), identity: undefined, first: 0, count: 3 };
    await other.call(read, want);
    const before = await status(({ figures }) => figures.verbs.some(({ verb }) => verb === 'read'));
    assert.equal(before.figures.waits, 0);
    // A machine that is busy may be slower than the rate for a while.
    let slowed: ServerStatus | undefined;
    const waiting = status(({ figures }) => figures.waits > 0).then((found) => {
      slowed = found;
    });
    while (slowed === undefined) await Promise.all(Array.from({ length: 4 }, () => lane.call(read, want)));
    await waiting;
    assert.deepEqual(slowed.slowed, [{ sessionId: session, down: rates.down }]);
    await lane.call(read, { ...want, first: 0, count: 1 });
    const moving = await later((now) => now.moving.length > 0);
    assert.deepEqual(
      moving.moving.map(({ verb, path, size, done, sessionId }) => [verb, path, size, done, sessionId]),
      [['download', '/file', 3 * limits.blockBytes, limits.blockBytes, session]],
    );

    lane.close();
    const alone = await later(
      ({ connections }) => connections.filter(({ sessionId }) => sessionId === session).length === 1,
    );
    assert.equal(alone.slowed.length, 1, 'a lane that goes takes no limit with it');

    const { ticket: late } = await one.channel.call(ticket, {});
    await watch.order({ do: 'kick', session });
    const gone = await later(
      ({ connections }) => !connections.some(({ sessionId }) => sessionId === session),
    );
    assert.deepEqual(gone.slowed, []);
    await assert.rejects(one.channel.call(list, { path: rootPath }), withCode('KICKED'));
    const closed = events.at(-1);
    assert.ok(closed?.kind === 'closed' && closed.error.code === Code.KICKED);
    // The other one is in nobody's way.
    await two.channel.call(list, { path: rootPath });
    await other.call(read, want);
    const again = await dial(server);
    const proof = laneProof(again.link, one.welcome.sessionSecret);
    const attached = again.call(attach, { version: protocolVersion, ticket: late, proof });
    await assert.rejects(attached, withCode('KICKED'));

    await assert.rejects(watch.order({ do: 'kick', session }), /that session has gone/);
    await logged(/the owner has closed the session of guest@127\.0\.0\.1/);
    const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    await assert.rejects(watch.order({ do: 'kick-account', user: 'anna' }), /no account/);
    await assert.rejects(
      watch.order({ do: 'limit-account', user: 'guest', rates }),
      /guests have no account/,
    );
    accounts.add('anna', newAccount, 0);
    await watch.order({ do: 'limit-account', user: 'anna', rates });
    assert.equal(accounts.list().find(({ user }) => user === 'anna')?.bounds.downRate, rates.down);
    accounts.close();
    await watch.order({ do: 'kick-account', user: 'guest' });
    await assert.rejects(two.channel.call(list, { path: rootPath }), withCode('KICKED'));
    await logged(/the owner has closed all sessions of guest/);
    for (const channel of [two.channel, other]) channel.close();
    server.signal('SIGTERM');
    await Promise.all([server.ended, ended]);
    const orders = readFileSync(audit, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"user":"owner"'))
      .map((line) => (JSON.parse(line) as { verb: string }).verb);
    assert.deepEqual(orders, ['tell', 'throttle', 'kick', 'limit-account', 'kick-account']);
  });

  it('is heard only where it makes sense, and what is senseless harms nobody', async (t) => {
    for (const good of [
      { do: 'kick', session: 'ab' },
      { do: 'kick-account', user: 'anna' },
      { do: 'limit-account', user: 'anna', rates: { down: 5, up: undefined } },
    ])
      assert.deepEqual(readOrder(good), good);
    for (const bad of [
      undefined,
      null,
      1,
      [],
      {},
      { do: 'kick' },
      { do: 'kick-account', user: '' },
      { do: 'limit-account', user: 'anna', rates: { down: -1 } },
      { do: 'kick', session: '../x' },
      { do: 'explode', session: 'ab' },
      { do: 'tell', session: 'ab', text: '' },
      { do: 'tell', session: 'ab', text: 'x'.repeat(limits.textBytes + 1) },
      { do: 'throttle', session: 'ab', rates: { down: -1 } },
      { do: 'throttle', session: 'ab', rates: { up: '5' } },
    ]) {
      assert.throws(() => readOrder(bad), withCode('USAGE'), JSON.stringify(bad));
    }
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open', '--threads', '1'] });
    const folder = join(server.home, 'state/ferryd/running');
    const at = join(folder, readdirSync(folder)[0] ?? '');
    for (const words of [
      'no json\n',
      '{"say":"what"}\n',
      'x'.repeat(20_000),
      '[]\n',
      '{"say":"order","id":1}\n',
    ]) {
      const socket = connect(at);
      socket.on('error', () => {});
      socket.resume();
      socket.end(words);
      await once(socket, 'close');
    }
    const { watch, status } = watching(at);
    await status(() => true);
    watch.close();
    server.signal('SIGKILL');
    await server.ended;
    assert.deepEqual(readdirSync(folder).length, 1);
    const late = watching(at);
    await late.ended;
    await assert.rejects(late.watch.order({ do: 'kick', session: 'ab' }), withCode('CONNECTION_LOST'));
    assert.deepEqual(readdirSync(folder), [], 'what a killed server left is in nobody’s way');
  });
});
