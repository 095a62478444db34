/** Identity and accounts on disk. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import type { FerryError } from '@ferry/protocol';
import { createPrivateFile, replacePrivateFile } from '@ferry/protocol/disk/private-file';
import { makeTicketKeys, newSessionId, openTicket, sealTicket } from '@ferry/protocol/session';
import { Kind } from '@ferry/protocol/wire';
import { AccessStore } from '../../packages/server/src/access/access-store.ts';
import { type AccountSettings, Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { makeCertificate } from '../../packages/server/src/access/certificate.ts';
import { readIdentity, readOrMakeIdentity } from '../../packages/server/src/access/identity.ts';
import { may } from '../../packages/server/src/access/rights.ts';
import { parseRule } from '../../packages/server/src/access/settings.ts';
import { Standings } from '../../packages/server/src/access/standing.ts';
import { newTicketMemory, TicketLedger } from '../../packages/server/src/access/ticket-ledger.ts';
import { withCode } from '../support/code.ts';
import { runs } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';

const noOpenssl = spawnSync('openssl', ['version']).status !== 0 && 'openssl is not installed';

const anna: AccountSettings = { ...newAccount, role: 'reader', root: path('a/b') };

/** A list of accounts with Anna in it, as the owner and as a server see it. */
function open(t: TestContext, settings: Partial<AccountSettings> = {}) {
  const file = join(scratchFolder(t), 'access.db');
  const [accounts, store] = [new Accounts(file), new AccessStore(file)];
  t.after(() => {
    accounts.close();
    store.close();
  });
  accounts.add('anna', { ...anna, ...settings }, 0);
  const invite = (expiresMs: number, uses: number): Buffer => {
    const token = randomBytes(16);
    accounts.addInvite('anna', token, expiresMs, uses, 0);
    return token;
  };
  return { file, accounts, store, invite };
}

describe('the certificate', () => {
  const { key, cert } = makeCertificate('ferryd', new Date(Date.UTC(2026, 0)), new Date(Date.UTC(2076, 0)));

  it('is one that Node understands', () => {
    const x509 = new X509Certificate(cert);
    assert.equal(x509.subject, 'CN=ferryd');
    assert.equal(x509.validFrom, 'Jan  1 00:00:00 2026 GMT');
    assert.equal(x509.validTo, 'Jan  1 00:00:00 2076 GMT');
    assert.ok(x509.verify(x509.publicKey));
    assert.match(key, /^-----BEGIN PRIVATE KEY-----/);
  });

  it('is one that openssl verifies', { skip: noOpenssl }, (t) => {
    const file = join(scratchFolder(t), 'cert.pem');
    writeFileSync(file, cert);
    const { stdout, stderr } = spawnSync('openssl', ['verify', '-x509_strict', '-CAfile', file, file], {
      encoding: 'utf8',
    });
    assert.equal(stdout, `${file}: OK\n`, stderr);
  });
});

describe('the identity', () => {
  it('is made once and read from then on', (t) => {
    const file = join(scratchFolder(t), 'data/identity.pem');
    assert.equal(readIdentity(file), undefined);
    const made = readOrMakeIdentity(file, Date.now());
    assert.deepEqual(readOrMakeIdentity(file, Date.now()), made);
  });

  it('with the key of another is refused', (t) => {
    const file = join(scratchFolder(t), 'identity.pem');
    const [one, two] = [0, 1].map(() => makeCertificate('x', new Date(), new Date()));
    writeFileSync(file, `${one?.key}${two?.cert}`);
    assert.throws(() => readIdentity(file), withCode('CONFIG'));
  });
});

describe('a private file', () => {
  it('is created by one only and replaced as a whole', (t) => {
    const file = join(scratchFolder(t), 'folder/file');
    assert.equal(createPrivateFile(file, 'first'), true);
    assert.equal(createPrivateFile(file, 'second'), false);
    replacePrivateFile(file, 'third');
    assert.equal(spawnSync('ls', ['-A', join(file, '..')], { encoding: 'utf8' }).stdout, 'file\n');
  });
});

describe('the list of accounts', () => {
  it('gives a device the account of the invite, as often as it may be used', (t) => {
    const { store, invite } = open(t);
    assert.ok(store.hasNoDevices());
    const token = invite(1000, 2);
    const [one, two, three] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    const principal = store.redeem(token, one, 'x', 999);
    assert.equal(principal?.user, 'anna');
    assert.deepEqual(principal.root, path('a/b'));
    assert.deepEqual(principal.rights, { role: 'reader', rules: [] });
    assert.equal(store.redeem(token, two, 'x', 999)?.account?.id, principal.account?.id);
    assert.equal(store.redeem(token, three, 'x', 999), undefined);
    assert.deepEqual(store.principalOf(one, 999), principal);
    assert.equal(store.principalOf(three, 999), undefined);
    assert.equal(store.hasNoDevices(), false);
  });

  it('knows no invite that has expired, was taken back or was never made', (t) => {
    const { accounts, store, invite } = open(t);
    const [good, bad] = [invite(1000, 1), invite(2000, 1)];
    assert.equal(store.redeem(good, randomBytes(32), 'x', 1000), undefined);
    assert.equal(store.redeem(randomBytes(16), randomBytes(32), 'x', 0), undefined);
    accounts.removeInvite(accounts.invites(0)[1]?.tokenHash ?? Buffer.alloc(0));
    assert.equal(store.redeem(bad, randomBytes(32), 'x', 0), undefined);
    assert.ok(store.redeem(good, randomBytes(32), 'x', 999));
  });

  it('lets nobody in whose account has expired, by invite or by key (AUTH-24)', (t) => {
    const { store, invite } = open(t, { expiresMs: 500 });
    const token = invite(1000, 2);
    const device = randomBytes(32);
    assert.ok(store.redeem(token, device, 'x', 499));
    assert.equal(store.redeem(token, randomBytes(32), 'x', 500), undefined);
    assert.equal(store.principalOf(device, 500), undefined);
  });

  it('forgets devices and invites of who is revoked or removed, and of nobody else', (t) => {
    const { accounts, store, invite } = open(t);
    accounts.add('bob', { ...anna, role: 'owner' }, 0);
    const [hers, his] = [randomBytes(32), randomBytes(32)];
    accounts.addDevice('bob', his, 'x', 0);
    const token = invite(1000, 9);
    assert.ok(store.redeem(token, hers, 'x', 0));
    accounts.revoke('anna');
    assert.equal(store.principalOf(hers, 0), undefined);
    assert.equal(store.redeem(token, hers, 'x', 0), undefined);
    assert.ok(store.redeem(invite(1000, 1), hers, 'x', 0));
    accounts.remove('anna');
    assert.equal(store.principalOf(hers, 0), undefined);
    assert.ok(store.principalOf(his, 0));
    // A new account of an old name is another one.
    accounts.add('anna', anna, 0);
    assert.equal(store.principalOf(hers, 0), undefined);
  });

  it('keeps the last owner (AUTZ-07)', (t) => {
    const { accounts } = open(t, { role: 'owner' });
    accounts.addDevice('anna', randomBytes(32), 'x', 0);
    assert.throws(() => accounts.set('anna', { role: 'writer' }), withCode('USAGE'));
    assert.throws(() => accounts.remove('anna'), withCode('USAGE'));
    accounts.add('bob', { ...anna, role: 'owner' }, 0);
    assert.throws(() => accounts.remove('anna'), withCode('USAGE'), 'an owner who cannot get in is none');
    accounts.addDevice('bob', randomBytes(32), 'x', 0);
    accounts.remove('anna');
  });

  it('refuses names that would not be one word on a line', (t) => {
    const { accounts } = open(t);
    for (const name of ['', 'a b', 'a/b', 'a@b', 'a\u001b[2J', 'a\u202eb', 'x'.repeat(65)]) {
      assert.throws(() => accounts.add(name, anna, 0), withCode('USAGE'), JSON.stringify(name));
    }
    assert.throws(() => accounts.add('anna', anna, 0), withCode('USAGE'));
    accounts.add('Zoë-2', anna, 0);
  });

  it('reads what the first version wrote, with the lesser rights where devices differed', (t) => {
    const file = join(scratchFolder(t), 'access.db');
    const old = new DatabaseSync(file);
    old.exec(`
      create table account (user text primary key, since_ms integer not null) strict;
      create table device (key blob primary key, user text not null references account (user),
        read_only integer not null, root blob not null, since_ms integer not null) strict;
      create table invite (token_hash blob primary key, user text not null, read_only integer not null,
        root blob not null, expires_ms integer not null, uses_left integer not null) strict;
      insert into account values ('me', 5), ('anna', 6);
      insert into device values (x'01', 'me', 0, x'', 7), (x'02', 'anna', 1, x'61', 8), (x'03', 'anna', 0, x'', 9);`);
    old.close();
    const store = new AccessStore(file);
    t.after(() => store.close());
    assert.equal(store.principalOf(Buffer.of(1), 0)?.rights.role, 'owner');
    const principal = store.principalOf(Buffer.of(3), 0);
    assert.equal(principal?.rights.role, 'reader');
    assert.deepEqual(principal.root, path('a'));
  });

  it('spends an invite and lets a device in, or neither, whenever the server dies (AUTH-10)', async (t) => {
    const { file, accounts, invite } = open(t);
    const uses = 1_000_000;
    const token = invite(1000, uses);
    const redeeming = `
      import { randomBytes } from 'node:crypto';
      import { AccessStore } from ${JSON.stringify(import.meta.resolve('../../packages/server/src/access/access-store.ts'))};
      const store = new AccessStore(${JSON.stringify(file)});
      for (;;) {
        store.redeem(Buffer.from('${token.toString('hex')}', 'hex'), randomBytes(32), 'x', 1);
        process.stdout.write('.');
      }`;
    let devices = 0;
    for (let i = runs(3); i > 0; i--) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', redeeming], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      const [first] = (await once(child.stdout, 'data')) as [Buffer];
      child.kill('SIGKILL');
      await ended;
      const now = accounts.devices().length;
      assert.ok(now >= devices + first.length, 'what was answered stays');
      devices = now;
      assert.equal(accounts.invites(0)[0]?.usesLeft, uses - devices);
    }
  });

  it('keeps no token that could be used by who reads the file', (t) => {
    const { file, invite } = open(t);
    const token = invite(1000, 1);
    const { stdout } = spawnSync('cat', [file, `${file}-wal`]);
    assert.ok(stdout.length > 0 && !stdout.includes(token));
  });
});

describe('standings', () => {
  const kind = Kind.list;

  it('end for a device that goes over to another account, on the very thread that let it', (t) => {
    const { accounts, store, invite } = open(t);
    accounts.add('bob', anna, 0);
    const [hers, device] = [invite(5000, 1), randomBytes(32)];
    const standings = new Standings(store, () => 1);
    const ended: FerryError[] = [];
    const principal = store.redeem(hers, device, 'x', 1) ?? assert.fail();
    const standing = standings.enter(principal, (why) => ended.push(why));
    standing.check(Kind.list);
    const his = randomBytes(16);
    accounts.addInvite('bob', his, 5000, 1, 0);
    standing.check(Kind.list);
    assert.equal(store.redeem(his, device, 'x', 1)?.user, 'bob');
    assert.throws(() => standing.check(Kind.list), withCode('REVOKED'));
    assert.equal(ended.length, 1);
  });

  it('end with the account, its device or its time, and with a kick (AUTH-22)', (t) => {
    const { accounts, store, invite } = open(t, { expiresMs: 5000 });
    accounts.add('bob', { ...anna, role: 'owner' }, 0);
    accounts.addDevice('bob', randomBytes(32), 'x', 0);
    let nowMs = 1;
    const standings = new Standings(store, () => nowMs);
    const enter = (): { readonly code: () => string; readonly check: () => void } => {
      const device = randomBytes(32);
      const principal = store.redeem(invite(5000, 1), device, 'x', 1);
      assert.ok(principal);
      let ended: FerryError | undefined;
      const standing = standings.enter(principal, (why) => {
        ended = why;
      });
      return { code: () => ended?.codeName ?? 'open', check: () => standing.check(kind) };
    };
    const first = enter();
    first.check();
    accounts.add('carl', anna, 0);
    first.check();
    assert.equal(first.code(), 'open');
    accounts.kick('anna');
    assert.throws(first.check, withCode('KICKED'), 'without waiting for the timer');
    assert.equal(first.code(), 'KICKED');
    const second = enter();
    second.check();
    accounts.revoke('anna');
    standings.look();
    assert.equal(second.code(), 'REVOKED');
    const third = enter();
    nowMs = 4999;
    standings.look();
    assert.equal(third.code(), 'open');
    nowMs = 5000;
    standings.look();
    assert.equal(third.code(), 'REVOKED');
  });

  it('follow a change of rights without ending', (t) => {
    const { accounts, store, invite } = open(t, { role: 'writer' });
    const principal = store.redeem(invite(5000, 1), randomBytes(32), 'x', 1);
    assert.ok(principal);
    const standing = new Standings(store).enter(principal, () => assert.fail('it ended'));
    standing.check(Kind.mkdir);
    accounts.set('anna', { role: 'reader' });
    assert.throws(() => standing.check(Kind.mkdir), withCode('READ_ONLY'));
    accounts.set('anna', { rules: [parseRule('a/b/inbox=mkdir')] });
    standing.check(Kind.mkdir);
    assert.ok(may(standing.rights(), 'mkdir', path('a/b/inbox/x')));
    assert.ok(!may(standing.rights(), 'mkdir', path('a/b/x')));
  });
});

describe('the ticket ledger', () => {
  it('lets each number be used once, by whichever thread', () => {
    const memory = newTicketMemory();
    const [here, there] = [new TicketLedger(memory), new TicketLedger(memory)];
    assert.ok(!here.spend(0));
    const serials = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? here : there).issue());
    assert.equal(new Set(serials).size, 100);
    for (const serial of serials) {
      assert.ok(there.spend(serial));
      assert.ok(!here.spend(serial));
      assert.ok(!there.spend(serial));
    }
    assert.ok(!here.spend(100), 'not given out yet');
  });

  it('counts what was given out long ago as used, also when the numbers begin again', () => {
    const memory = newTicketMemory();
    const ledger = new TicketLedger(memory);
    new Int32Array(memory)[0] = -3;
    const early = ledger.issue();
    for (let i = 0; i < 2 ** 19 - 1; i++) ledger.issue();
    assert.ok(ledger.spend(early));
    const late = ledger.issue();
    for (let i = 0; i < 2 ** 20; i++) ledger.issue();
    assert.ok(!ledger.spend(late));
    assert.ok(!ledger.spend(early));
    assert.ok(ledger.spend(ledger.issue()));
  });

  it('and the seal let no forged or replayed ticket through (AUTH-13, AUTH-14)', (t) => {
    const keys = makeTicketKeys();
    const ledger = new TicketLedger(newTicketMemory());
    const grant = () => ({ sessionId: newSessionId(), device: undefined, kicks: 0, serial: ledger.issue() });
    const isAccepted = (ticket: Buffer): boolean => {
      try {
        return ledger.spend(openTicket(keys, ticket, 0).serial);
      } catch (error) {
        assert.ok(withCode('TICKET_INVALID')(error));
        return false;
      }
    };
    const good = Array.from({ length: 16 }, () => sealTicket(keys, grant(), 0));
    for (const ticket of good) assert.ok(isAccepted(ticket));
    let accepted = 0;
    const tries = process.env['FERRY_SOAK'] === '1' ? 1_000_000 : 100_000;
    for (let i = 0; i < tries; i++) {
      const ticket = Buffer.from(good[i % good.length] ?? '');
      // Every second one as it was; of the others one bit is turned, each in its turn.
      const bit = (i >> 5) % (ticket.length * 8);
      if (i % 2 === 1) ticket[bit >> 3] = (ticket[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (isAccepted(ticket)) accepted += 1;
    }
    assert.equal(accepted, 0);
    t.diagnostic(`count: tickets shown again or forged ${tries}, accepted ${accepted}`);
  });
});
