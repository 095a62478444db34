/** Looking after accounts from afar: who may, that it does what `ferryd user` does, and that it holds at once. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FerryError } from '@ferry/protocol';
import {
  type AccountRow,
  type AccountWords,
  changeAccount,
  type DeviceRow,
  type InviteRow,
  invite,
  listAccounts,
  listDevices,
  listInvites,
  listVisits,
  mkdir,
  nothingSaid,
  share,
  stat,
  type VisitRow,
  Withdrawal,
  withdraw,
} from '@ferry/protocol/messages';
import { type ClientChannel, formatInvite, parseFingerprint } from '@ferry/protocol/session';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import { type Device, logInto, newDevice, openLane, type TestSession } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { ferryMain as ferry } from '../support/programs.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { type Server, startServer, userEnv } from '../support/server.ts';

describe('an owner from afar', () => {
  const tidy: (() => void)[] = [];
  const afterwards = { after: (fn: () => void) => tidy.push(fn) };
  let server: Server;
  let auditFile: string;
  let accounts: Accounts;
  let owner: TestSession;

  /** An account with a device, and its session. */
  const entered = async (user: string, settings: object): Promise<TestSession & { device: Device }> => {
    const device = newDevice();
    accounts.add(user, { ...newAccount, ...settings }, 0);
    accounts.addDevice(user, device.publicKey, 'test', 0);
    return { ...(await logInto(server, { device })), device };
  };
  const set = (user: string, words: Partial<AccountWords>, isNew = false): Promise<unknown> =>
    owner.channel.call(changeAccount, { user, isNew, words: { ...nothingSaid, ...words } });
  const users = async (channel: ClientChannel = owner.channel): Promise<readonly AccountRow[]> => {
    const rows: AccountRow[] = [];
    await channel.call(listAccounts, {}, { onPart: (row) => rows.push(row) });
    return rows;
  };

  before(async () => {
    const dir = scratchFolder(afterwards);
    mkdirSync(join(dir, 'part'));
    auditFile = join(scratchFolder(afterwards), 'audit.jsonl');
    server = await startServer(afterwards, { dir, args: ['--threads', '2', '--open', '--audit', auditFile] });
    accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    owner = await entered('boss', {});
  });
  after(() => {
    owner.channel.close();
    accounts.close();
    for (const one of tidy.toReversed()) one();
  });

  it('is an owner of all that is shared: no other role, nobody who sees a part, no guest, no share (AUTZ-01)', async () => {
    const others = [
      await entered('writer', { role: 'writer' }),
      await entered('part', { root: path('part') }),
      await logInto(server),
    ];
    const order = { kind: 0, paths: [path('part')], forMs: 60_000, downloads: undefined } as const;
    const { token } = await owner.channel.call(share, order);
    others.push(await logInto(server, { device: newDevice(), token }));
    for (const { channel, welcome } of others) {
      const tries = [
        users(channel),
        channel.call(listDevices, {}),
        channel.call(listInvites, {}),
        channel.call(listVisits, {}),
        channel.call(invite, { user: undefined, words: nothingSaid, forMs: 1, uses: 1 }),
        channel.call(changeAccount, {
          user: 'writer',
          isNew: false,
          words: { ...nothingSaid, role: 'owner' },
        }),
        channel.call(withdraw, { what: Withdrawal.remove, name: 'boss' }),
      ];
      for (const one of tries) await assert.rejects(one, withCode('FORBIDDEN'), welcome.user);
      channel.close();
    }
    assert.equal((await users()).find(({ user }) => user === 'writer')?.role, 'writer');
    accounts.remove('part');
  });

  it('makes, lists and changes accounts, in the words of ferryd user', async () => {
    await set('anna', { role: 'reader', path: 'part', rules: ['part/x=none'], quota: '1G' }, true);
    const anna = (await users()).find(({ user }) => user === 'anna');
    assert.deepEqual(
      [anna?.role, anna?.root, anna?.rules, anna?.quotaBytes, anna?.devices],
      ['reader', path('part'), ['/part/x=none'], 2 ** 30, 0],
    );
    await set('anna', { quota: 'none', noRules: true, down: '5M' });
    const now = (await users()).find(({ user }) => user === 'anna');
    assert.deepEqual([now?.rules, now?.quotaBytes, now?.downRate], [[], undefined, 5 * 2 ** 20]);
    const wrong: readonly (readonly [Partial<AccountWords>, RegExp])[] = [
      [{ role: 'king' }, /--role wants one of/],
      [{ quota: 'much' }, /--quota wants a size/],
      [{ rules: ['x'] }, /--rule wants FOLDER=RIGHTS/],
      [{ expires: 'soon' }, /--expires wants a time/],
      [{ key: 'ssh-rsa AAAA' }, /no OpenSSH public key/],
      [{}, /say what to change/],
    ];
    for (const [words, why] of wrong) {
      await assert.rejects(set('anna', words), (error: FerryError) => {
        assert.equal(error.codeName, 'USAGE');
        assert.match(error.message, why);
        return true;
      });
    }
    await assert.rejects(set('nobody', { role: 'reader' }), withCode('USAGE'));
    await assert.rejects(set('anna', {}, true), withCode('USAGE'), 'she is there already');
    await assert.rejects(set('boss', { role: 'writer' }), withCode('USAGE'), 'somebody has to stay owner');
  });

  it('invites, and takes invites and devices back', async () => {
    const words = { ...nothingSaid, role: 'reader' };
    const one = await owner.channel.call(invite, { user: 'carl', words, forMs: 60_000, uses: 2 });
    const guest = await logInto(server, { device: newDevice(), token: one.token });
    assert.deepEqual([guest.welcome.user, guest.welcome.readOnly], ['carl', true]);
    const invites: InviteRow[] = [];
    await owner.channel.call(listInvites, {}, { onPart: (row) => invites.push(row) });
    const id = invites.find(({ user }) => user === 'carl')?.id ?? '';
    await owner.channel.call(withdraw, { what: Withdrawal.invite, name: id });
    await assert.rejects(logInto(server, { device: newDevice(), token: one.token }), withCode('AUTH_FAILED'));
    const devices: DeviceRow[] = [];
    await owner.channel.call(listDevices, {}, { onPart: (row) => devices.push(row) });
    const his = devices.find(({ user }) => user === 'carl');
    assert.equal(his?.label, 'test 1');
    assert.deepEqual(await owner.channel.call(withdraw, { what: Withdrawal.device, name: his?.id ?? '' }), {
      user: 'carl',
    });
    await assert.rejects(guest.channel.call(stat, { path: [] }), 'he is out');
    await assert.rejects(
      owner.channel.call(withdraw, { what: Withdrawal.device, name: '' }),
      withCode('USAGE'),
      'that names several',
    );
  });

  it('sees who is connected, and what is changed holds for them at once, on every thread', async () => {
    const dora = await entered('dora', { role: 'writer' });
    await openLane(server, dora);
    const visits: VisitRow[] = [];
    await owner.channel.call(listVisits, {}, { onPart: (row) => visits.push(row) });
    const hers = visits.find(({ user }) => user === 'dora');
    assert.deepEqual([hers?.lanes, hers?.source], [1, '127.0.0.1']);
    await set('dora', { role: 'reader' });
    await assert.rejects(dora.channel.call(mkdir, { path: path('new') }), withCode('READ_ONLY'));
    await owner.channel.call(withdraw, { what: Withdrawal.kick, name: 'dora' });
    await assert.rejects(dora.channel.call(stat, { path: [] }));
    const back = await logInto(server, { device: dora.device });
    await owner.channel.call(withdraw, { what: Withdrawal.revoke, name: 'dora' });
    await assert.rejects(back.channel.call(stat, { path: [] }));
    await assert.rejects(
      logInto(server, { device: newDevice(), token: randomBytes(16) }),
      withCode('AUTH_FAILED'),
    );
    await owner.channel.call(withdraw, { what: Withdrawal.remove, name: 'dora' });
    assert.equal(
      (await users()).find(({ user }) => user === 'dora'),
      undefined,
    );
    await server.logged(/boss@\S+ changed the account dora$/);
    await server.logged(/boss@\S+ removed the account dora$/);
    const audited = (): readonly string[] =>
      readFileSync(auditFile, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { user: string; verb: string; about?: string })
        .filter(({ about }) => about === 'dora')
        .map(({ user, verb }) => `${user} ${verb}`);
    while (audited().length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(audited(), ['boss changeAccount', 'boss withdraw', 'boss withdraw', 'boss withdraw']);
  });

  it('types ferry admin', () => {
    const home = scratchFolder(afterwards);
    const env = userEnv(home);
    const run = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [ferry, ...args, '--accept-new'], {
        env,
        encoding: 'utf8',
        input: '',
      });
      return { code: status, out: stdout, err: stderr };
    };
    const at = `ferry://127.0.0.1:${server.port}`;
    // A guest, who may do everything with files.
    const guest = run('admin', 'users', at);
    assert.deepEqual([guest.code, /only owners with an account/.test(guest.err)], [4, true], guest.err);
    const fingerprint = parseFingerprint(server.fingerprint) ?? assert.fail();
    const token = randomBytes(16);
    accounts.addInvite('boss', token, Date.now() + 60_000, 1, Date.now());
    const made = formatInvite({ host: '127.0.0.1', port: server.port }, fingerprint, token);
    assert.equal(run('ls', made).code, 0);
    const key = join(home, 'id.pub');
    const blob = Buffer.concat([
      Buffer.from('0000000b7373682d6564323535313900000020', 'hex'),
      randomBytes(32),
    ]);
    writeFileSync(key, `ssh-ed25519 ${blob.toString('base64')} erik@home\n`);
    assert.equal(run('admin', 'add', at, 'erik', '--role', 'reader', '--key', key).err, 'erik is added\n');
    assert.match(run('admin', 'users', at).out, /^erik +reader +\/ +1 +- +- +-$/m);
    assert.match(run('admin', 'set', at, 'erik', '--role', 'king').err, /--role wants one of .* \[USAGE\]/);
    const line = run('admin', 'invite', at, '--user', 'erik', '--address', 'files.example.org:1').out;
    assert.match(line, /^ferry 'ferry:\/\/files\.example\.org:1\/#\S+'\n$/);
    const json = JSON.parse(run('admin', 'sessions', at, '--json').out.split('\n')[0] ?? '') as VisitRow;
    assert.equal(typeof json.lanes, 'number');
  });
});
