/** Passwords, and what who guesses them meets. */

import assert from 'node:assert/strict';
import { argon2Sync, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type FerryError, limits, type Path } from '@ferry/protocol';
import { enrol, hello, password, protocolVersion, stat, type Welcome } from '@ferry/protocol/messages';
import { type ClientChannel, loginText } from '@ferry/protocol/session';
import { encodeFrame, Kind } from '@ferry/protocol/wire';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { localAccess } from '../../packages/server/src/access/operations.ts';
import { checkPassword, hashPassword, nobodysRecord } from '../../packages/server/src/access/password.ts';
import {
  AccountThrottle,
  isExempt,
  Penalties,
  penaltyMs,
  sourceKey,
} from '../../packages/server/src/access/throttle.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import { Passwords } from '../../packages/server/src/supervisor/passwords.ts';
import { Registry } from '../../packages/server/src/supervisor/registry.ts';
import {
  connect,
  type Device,
  enrolmentOf,
  helloFor,
  logInto,
  newDevice,
  type Where,
} from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { scratchFolder } from '../support/scratch.ts';
import { type Server, startServer, userEnv } from '../support/server.ts';

const root: Path = [];

const tidy: (() => void)[] = [];
let shared: Promise<{ server: Server; accounts: Accounts }> | undefined;

/** One server for all of them: each has its own accounts and addresses. */
function begin(): Promise<{ server: Server; accounts: Accounts }> {
  shared ??= (async () => {
    const afterwards = { after: (fn: () => void) => tidy.push(fn) };
    const server = await startServer(afterwards, {
      dir: scratchFolder(afterwards),
      args: ['--threads', '1'],
    });
    const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    tidy.push(() => accounts.close());
    return { server, accounts };
  })();
  return shared;
}
after(() => {
  for (const one of tidy.toReversed()) one();
});

async function logInBy(
  where: Where,
  user: string,
  typed: string,
  device: Device = newDevice(),
): Promise<{ channel: ClientChannel; welcome: Welcome }> {
  const channel = await connect(where);
  const welcome = await channel.call(password, {
    version: protocolVersion,
    features: 0,
    client: 'test 1',
    user,
    password: typed,
    deviceKey: device.publicKey,
    signature: sign(null, loginText(channel.link), device.privateKey),
  });
  return { channel, welcome };
}

describe('a kept password', () => {
  it('is right for what was typed and for nothing else (AUTH-07)', () => {
    const record = hashPassword('kahn-über');
    assert.match(record, /^\$argon2id\$v=19\$m=65536,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    assert.deepEqual(checkPassword('kahn-über', record), { isRight: true, isStale: false });
    assert.ok(checkPassword('kahn-u\u0308ber', record).isRight, 'the same letters, otherwise composed');
    for (const wrong of ['kahn-uber', 'kahn-über\0']) {
      assert.ok(!checkPassword(wrong, record).isRight, JSON.stringify(wrong.slice(0, 20)));
    }
    assert.ok(!checkPassword('wrong', nobodysRecord()).isRight);
    assert.ok(
      !checkPassword('', hashPassword('wrong')).isRight,
      'whatever is hashed in place of no password',
    );
    for (const bad of ['', 'a\0b', 'x'.repeat(1025)]) {
      assert.throws(() => hashPassword(bad), withCode('USAGE'));
    }
  });

  it('of other costs is read, and told to be hashed again', () => {
    const nonce = randomBytes(16);
    const tag = argon2Sync('argon2id', {
      message: 'old',
      nonce,
      memory: 1024,
      passes: 1,
      parallelism: 1,
      tagLength: 32,
    });
    const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
    const record = `$argon2id$v=19$m=1024,t=1,p=1$${text(nonce)}$${text(tag)}`;
    assert.deepEqual(checkPassword('old', record), { isRight: true, isStale: true });
    assert.throws(() => checkPassword('old', record.replace('m=1024', 'm=9999999')), withCode('CONFIG'));
    assert.throws(() => checkPassword('old', '$2b$10$x'), withCode('CONFIG'));
  });
});

describe('a login by password', () => {
  it('makes the device known, and is refused alike whatever is wrong (AUTH-05)', async () => {
    const { server, accounts } = await begin();
    accounts.add('anna', { ...newAccount, role: 'reader' }, 0);
    accounts.add('bare', newAccount, 0);
    accounts.setPassword('anna', hashPassword('secret'));
    const device = newDevice();
    const first = await logInBy(server, 'anna', 'secret', device);
    assert.deepEqual([first.welcome.user, first.welcome.readOnly], ['anna', true]);
    const again = await logInto(server, { device });
    assert.equal(again.welcome.user, 'anna');
    const refusals: string[] = [];
    for (const [user, typed] of [
      ['anna', 'wrong'],
      ['anna', ''],
      ['nobody', 'secret'],
      ['bare', 'secret'],
    ] as const) {
      await logInBy(server, user, typed).catch((error: FerryError) => {
        refusals.push(`${error.codeName} ${error.message}`);
      });
    }
    assert.deepEqual(refusals, Array(4).fill('AUTH_FAILED the name or the password is wrong'));
    accounts.setPassword('anna', undefined);
    await assert.rejects(logInBy(server, 'anna', 'secret'), withCode('AUTH_FAILED'));
    await again.channel.call(stat, { path: root });
    for (const { channel } of [first, again]) channel.close();
    await server.logged(/anna@\S+ logged in with a password/);
    assert.ok(!server.log().includes('secret'));
  });

  it('is one try for each connection', async () => {
    const { server } = await begin();
    const channel = await connect(server);
    const device = newDevice();
    const request = { ...helloFor(channel.link, { device }), user: 'anna', password: 'x' };
    const first = channel.call(password, {
      ...request,
      deviceKey: device.publicKey,
      signature: enrolmentOf(device, channel.link).signature,
    });
    const second = channel.call(hello, helloFor(channel.link, { device }));
    const ends = await Promise.allSettled([first, second]);
    assert.ok(ends.every(({ status }) => status === 'rejected'));
    const [, late] = ends;
    assert.ok(late?.status === 'rejected' && withCode('BAD_STATE')(late.reason));
  });

  it('stops neither who is known nor who comes by key when an account is guessed at (AUTH-02, AUTH-04)', async () => {
    const { server, accounts } = await begin();
    const device = newDevice();
    accounts.add('carl', newAccount, 0);
    accounts.setPassword('carl', hashPassword('secret'));
    accounts.addDevice('carl', device.publicKey, 'x', 0);
    let answer = '';
    for (let i = 0; answer !== 'AUTH_THROTTLED'; i++) {
      await logInBy(server, 'carl', `guess ${i}`).catch((error: FerryError) => {
        answer = error.codeName;
      });
      assert.ok(i >= 5 || answer === 'AUTH_FAILED', `${answer} after ${i + 1}`);
      assert.ok(i < 20, 'nobody stops it');
    }
    (await logInto(server, { device })).channel.close();
    const { channel } = await logInBy(server, 'carl', 'secret');
    channel.close();
  });

  it('waits in a line of bounded length (AUTH-08)', async (t) => {
    const file = join(scratchFolder(t), 'access.db');
    new Accounts(file).close();
    const passwords = new Passwords(file, localAccess(file).changes);
    t.after(() => passwords.close());
    const tries = Array.from({ length: limits.passwordsWaiting + 10 }, (_, i) =>
      passwords.check(`user ${i}`, 'x'),
    );
    const late = tries.splice(limits.passwordsWaiting);
    for (const { status } of await Promise.allSettled(late)) assert.equal(status, 'rejected');
    await passwords.close();
    for (const one of await Promise.allSettled(tries)) {
      assert.ok(
        one.status === 'fulfilled' || withCode('BUSY')(one.reason),
        'an end of the thread answers all',
      );
    }
  });
});

describe('a device that is known', () => {
  it('makes another one known, if that one agrees', async () => {
    const { server, accounts } = await begin();
    const [known, fresh] = [newDevice(), newDevice()];
    accounts.add('dora', newAccount, 0);
    accounts.addDevice('dora', known.publicKey, 'x', 0);
    const { channel } = await logInto(server, { device: known });
    const forged = { deviceKey: fresh.publicKey, signature: enrolmentOf(known, channel.link).signature };
    await assert.rejects(channel.call(enrol, forged), withCode('AUTH_FAILED'));
    await channel.call(enrol, enrolmentOf(fresh, channel.link));
    const other = await logInto(server, { device: fresh });
    assert.equal(other.welcome.user, 'dora');
    const third = enrolmentOf(newDevice(), other.channel.link);
    await assert.rejects(other.channel.call(enrol, third), withCode('FORBIDDEN'), 'only who the owner named');
    for (const one of [channel, other.channel]) one.close();
  });
});

describe('penalties', () => {
  it('add up, pass by themselves, and keep out only who owes much', () => {
    const penalties = new Penalties();
    const source = '192.0.2.7';
    for (let i = 0; i < 3; i++) penalties.add(source, 'password', 0);
    assert.equal(penalties.waitMs(source, 0), 0, 'three wrong passwords are forgiven');
    penalties.add(source, 'password', 0);
    assert.equal(penalties.waitMs(source, 0), penaltyMs.password);
    assert.equal(penalties.waitMs(source, penaltyMs.password - 1), 1);
    assert.equal(penalties.waitMs(source, penaltyMs.password), 0);
    assert.equal(penalties.waitMs('192.0.2.8', 0), 0);
    for (let i = 0; i < 1000; i++) penalties.add(source, 'malformed', 0);
    assert.equal(penalties.waitMs(source, 0), 600_000 - 15_000);
    assert.deepEqual([...penalties.barred(0)], [[source, 585_000]]);
  });

  it('leave an address 20 guesses an hour, whichever accounts it tries, and forgive who is seldom wrong (AUTH-01, AUTH-03)', (t) => {
    const hourMs = 3_600_000;
    const guesses = (fromMs: number, penalties: Penalties, source: string): number => {
      let count = 0;
      for (let nowMs = fromMs; nowMs < fromMs + hourMs; ) {
        const waitMs = penalties.waitMs(source, nowMs);
        if (waitMs === 0) {
          penalties.add(source, 'password', nowMs);
          count += 1;
        } else nowMs += waitMs;
      }
      return count;
    };
    const penalties = new Penalties();
    const each = [0, 1, 2, 3].map((hour) => guesses(hour * hourMs, penalties, '192.0.2.7'));
    t.diagnostic(`count: guesses an hour from one address: ${each.join(', ')}`);
    assert.ok(each.every((count) => count > 0 && count <= 20));
    // A house of forgetful people: one wrong password every ten minutes, all day.
    for (let nowMs = 0; nowMs < 24 * hourMs; nowMs += 600_000) {
      assert.equal(penalties.waitMs('192.0.2.8', nowMs), 0);
      penalties.add('192.0.2.8', 'password', nowMs);
    }
  });

  it('are kept for a bounded number of sources (RES-14)', () => {
    const penalties = new Penalties();
    const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    for (let i = 0; i < 65_537; i++) for (let n = 0; n < 4; n++) penalties.add(address(i), 'password', 0);
    assert.equal(penalties.waitMs(address(0), 0), 0, 'the first is forgotten');
    assert.ok(penalties.waitMs(address(1), 0) > 0);
  });

  it('hold for a customer, not for one of their many addresses', () => {
    assert.equal(sourceKey('2001:db8:0:1:aaaa::1'), '2001:db8:0:1::/64');
    assert.equal(sourceKey('2001:db8::1'), sourceKey('2001:0db8:0000:0000:ffff::2'));
    assert.equal(sourceKey('::ffff:192.0.2.7'), '192.0.2.7');
    assert.equal(sourceKey('fe80::1%eth0'), 'fe80:0:0:0::/64');
    assert.notEqual(sourceKey('2001:db8:0:1::1'), sourceKey('2001:db8:0:2::1'));
    assert.ok(isExempt('127.0.0.1') && isExempt('::1') && !isExempt('127.0.0.2'));
  });

  it('for an account grow from 1 s to 60 s, and end with a success', () => {
    const throttle = new AccountThrottle();
    const waits: number[] = [];
    for (let i = 0; i < 99; i++) {
      throttle.failed('anna', 0);
      waits.push(throttle.waitMs('anna', 0) / 1000);
    }
    assert.deepEqual(waits.slice(0, 12), [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
    throttle.failed('anna', 0);
    assert.equal(throttle.waitMs('anna', 1e12), Number.POSITIVE_INFINITY);
    assert.deepEqual([...throttle.waits(1e12)], [['anna', Number.POSITIVE_INFINITY]]);
    throttle.succeeded('anna');
    assert.equal(throttle.waitMs('anna', 0), 0);
  });

  it('bar an address that guesses, and let in from there who has a key', async () => {
    const { server, accounts } = await begin();
    const device = newDevice();
    accounts.add('emil', newAccount, 0);
    accounts.addDevice('emil', device.publicKey, 'x', 0);
    // Frames that no client sends, from an address that is not exempt.
    const offend = async (): Promise<void> => {
      const { promise: ended, resolve: onEnd } = Promise.withResolvers<unknown>();
      const channel = await connect({ ...server, localAddress: '127.0.0.2' }, { onEnd });
      channel.link.send(encodeFrame(Kind.stat, 1, Buffer.alloc(0)));
      await ended;
    };
    for (let i = 0; i < 4; i++) await offend();
    const answer = await logInFrom('127.0.0.2', server, newDevice());
    assert.equal(answer, 'AUTH_FAILED');
    assert.equal(await logInFrom('127.0.0.2', server, undefined), 'AUTH_THROTTLED');
    assert.equal(await logInFrom('127.0.0.2', server, device), 'in');
    (await logInto(server, { device })).channel.close();
  });
});

/** The thread that checks passwords, telling with each answer what it had to hash: nothing else takes it any time. */
const countingThread = `
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
const hashed = [];
crypto.argon2Sync = (kind, { message, nonce, ...cost }) => {
  hashed.push({ kind, saltBytes: nonce.length, ...cost });
  return Buffer.alloc(cost.tagLength);
};
syncBuiltinESMExports();
const answer = parentPort.postMessage.bind(parentPort);
parentPort.postMessage = (said) => answer({ ...said, hashed: hashed.splice(0) });
await import(workerData.thread);
`;

describe('a user who does not exist', () => {
  it('costs one hash like that of one who does, and so does whatever else is wrong (AUTH-06)', async (t) => {
    const accessFile = join(scratchFolder(t), 'access.db');
    const accounts = new Accounts(accessFile);
    const record = hashPassword('secret');
    for (const user of ['right', 'bare', 'expired', 'gone']) accounts.add(user, newAccount, 0);
    for (const user of ['right', 'expired', 'gone']) accounts.setPassword(user, record);
    accounts.set('expired', { expiresMs: 1 });
    accounts.revoke('gone');
    accounts.close();
    const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(countingThread)}`), {
      workerData: { accessFile, thread: import.meta.resolve('@ferry/server/access/password-thread') },
    });
    t.after(() => thread.terminate());
    const costs: unknown[] = [];
    const wrong = { right: 'wrong', nobody: 'secret', bare: 'secret', expired: 'secret', gone: 'secret' };
    const tooLong = 'x'.repeat(limits.passwordBytes + 1);
    for (const [user, typed] of [
      ...Object.entries(wrong),
      ['right', ''],
      ['right', tooLong],
      ['no\0body', 'a\0b'],
    ]) {
      thread.postMessage({ id: 1, user, password: typed });
      const [{ account, hashed }] = (await once(thread, 'message')) as [
        { account: unknown; hashed: unknown[] },
      ];
      assert.equal(account, undefined, user);
      costs.push(hashed);
    }
    const cost = { memory: 65_536, passes: 3, parallelism: 1, tagLength: 32 };
    assert.deepEqual(costs, Array(8).fill([{ kind: 'argon2id', saltBytes: 16, ...cost }]));
  });

  const skip = process.env['FERRY_SOAK'] === '1' ? false : 'only in a soak';
  it('cannot be told from one who does by the time it takes (AUTH-06)', { skip }, (t) => {
    const [real, nobody] = [hashPassword('right'), nobodysRecord()];
    const times: Record<'real' | 'nobody', number[]> = { real: [], nobody: [] };
    const samples = 100;
    for (let i = 0; i < samples; i++) {
      for (const [kind, record] of [
        ['real', real],
        ['nobody', nobody],
      ] as const) {
        const began = performance.now();
        assert.equal(checkPassword('wrong', record).isRight, false);
        times[kind].push(performance.now() - began);
      }
    }
    // How often one of the first takes longer than one of the second.
    const longer = times.real.reduce((sum, ms) => sum + times.nobody.filter((other) => ms > other).length, 0);
    const auc = longer / samples ** 2;
    t.diagnostic(`count: ${samples} of each, told apart with an AUC of ${auc.toFixed(3)}`);
    assert.ok(Math.abs(auc - 0.5) < 0.15, `${auc}`);
  });
});

/** What a hello from that address is answered: with a device, or as a guest. */
async function logInFrom(localAddress: string, where: Where, device: Device | undefined): Promise<string> {
  const channel = await connect({ ...where, localAddress });
  return channel
    .call(hello, helloFor(channel.link, device === undefined ? {} : { device }))
    .then(
      () => 'in',
      (error: FerryError) => error.codeName,
    )
    .finally(() => channel.close());
}

describe('the registry', () => {
  it('counts connections by source and refuses those beyond what one may have (RES-02)', () => {
    const registry = new Registry();
    let id = 0;
    const accept = (source: string): number => {
      id += 1;
      registry.accepted(id, source, 0);
      return id;
    };
    const first = accept('192.0.2.7');
    for (let i = 1; i < limits.sourceStrangers; i++) accept('192.0.2.7');
    assert.equal(registry.fullFor('192.0.2.7')?.codeName, 'LIMIT');
    assert.equal(registry.fullFor('192.0.2.8'), undefined);
    const as = { user: 'anna', kind: 'session', sessionId: 'ab' } as const;
    assert.ok(registry.known(first, as));
    assert.ok(registry.knows('192.0.2.7'));
    assert.equal(registry.fullFor('192.0.2.7'), undefined);
    registry.gone(first);
    registry.gone(first);
    assert.ok(!registry.knows('192.0.2.7'));
    assert.equal(registry.strangersOf('192.0.2.7'), limits.sourceStrangers - 1);
    for (let i = 0; i < 2 * limits.sourceConnections; i++) accept('127.0.0.1');
    assert.equal(registry.fullFor('127.0.0.1'), undefined, 'this machine is not counted');
  });
});
