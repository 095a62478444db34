/** Shares as the list of accounts keeps them: what they let do as far as their makers may, and places for downloads. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { nameFromText, type Path } from '@ferry/protocol';
import { AccessStore } from '../../packages/server/src/access/access-store.ts';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { hasPlace, quietMs, type Use } from '../../packages/server/src/access/downloads.ts';
import { allRights, type Rights, rightsAt, roles } from '../../packages/server/src/access/rights.ts';
import { parseRule } from '../../packages/server/src/access/settings.ts';
import { type ShareOrder, Shares } from '../../packages/server/src/access/shares.ts';
import { withinMaker } from '../../packages/server/src/access/within-maker.ts';
import { withCode } from '../support/code.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';

const randomInt = randomFrom(seed);

describe('what a share lets do', () => {
  const reader: Rights = { role: 'reader', rules: [] };

  it('is never more than its maker may do and share there', () => {
    const maker: Rights = {
      role: 'owner',
      rules: ['shown/secret=none', 'shown/drafts=list,share', 'shown/kept=list,read'].map(parseRule),
    };
    const now = withinMaker({ rights: reader, root: path('shown') }, { rights: maker, root: [] });
    const rights = (at: string): string => [...rightsAt(now, path(at))].join();
    assert.equal(rights('shown'), 'list,read');
    assert.equal(rights('shown/a/b'), 'list,read');
    assert.equal(rights('shown/secret/a'), '');
    assert.equal(rights('shown/drafts/a'), 'list');
    assert.equal(rights('shown/kept'), '', 'it may not be shared');
    assert.equal(rights('elsewhere'), '', 'outside of its root');
    assert.equal(rights(''), '');
  });

  it('is nothing outside of what its maker sees', () => {
    const maker: Rights = { role: 'owner', rules: [] };
    const now = withinMaker({ rights: reader, root: path('a') }, { rights: maker, root: path('a/b') });
    assert.deepEqual([...rightsAt(now, path('a'))], []);
    assert.deepEqual([...rightsAt(now, path('a/b/c'))], ['list', 'read']);
    const moved = withinMaker({ rights: reader, root: path('a') }, { rights: maker, root: path('z') });
    assert.deepEqual([...rightsAt(moved, path('a/b'))], []);
  });

  it('is what both allow, whatever rules there are', (t) => {
    t.diagnostic(`seed: ${seed}`);
    const names = ['a', 'b', 'c'];
    const anyPath = (): Path =>
      Array.from({ length: randomInt(4) }, () => nameFromText(names[randomInt(3)] ?? 'a'));
    const anyRights = (): Rights => ({
      role: roles[randomInt(roles.length)] ?? 'reader',
      rules: Array.from({ length: randomInt(5) }, () => ({
        path: anyPath(),
        rights: new Set(allRights.filter(() => randomInt(2) === 0)),
      })),
    });
    for (let run = 0; run < runs(300); run++) {
      const [own, maker, root] = [anyRights(), anyRights(), anyPath()];
      const now = withinMaker({ rights: own, root }, { rights: maker, root: [] });
      for (let i = 0; i < 20; i++) {
        const at = [...root, ...anyPath()];
        const makers = rightsAt(maker, at);
        const expected = allRights.filter(
          (right) =>
            right !== 'share' && makers.has('share') && makers.has(right) && rightsAt(own, at).has(right),
        );
        assert.deepEqual([...rightsAt(now, at)].toSorted(), expected.toSorted(), at.join('/'));
      }
    }
  });
});

describe('a place for a download', () => {
  const nowMs = 10 * quietMs;
  const use = (verified: number, sent: number, ageMs = 0): Use => ({
    verified,
    sent,
    touchedMs: nowMs - ageMs,
  });
  const has = (others: readonly Use[], own: Use | undefined, most: number): boolean =>
    hasPlace(others, own, { size: 100, most, nowMs });

  it('is there while fewer have arrived or are on their way than may', () => {
    assert.ok(has([], undefined, 1));
    assert.ok(!has([use(1, 0)], undefined, 1), 'one has arrived');
    assert.ok(!has([use(0, 1)], undefined, 1), 'one is on its way');
    assert.ok(has([use(1, 0), use(0, 1)], undefined, 3));
    assert.ok(!has([use(1, 0), use(0, 1)], undefined, 2));
  });

  it('is free again when it was given up, and never when all of the file went out', () => {
    assert.ok(has([use(0, 99, quietMs)], undefined, 1));
    assert.ok(!has([use(0, 99, quietMs - 1)], undefined, 1));
    assert.ok(!has([use(0, 100, 9 * quietMs)], undefined, 1), 'it has it all, and said nothing');
  });

  it('stays with who has it, and is used up by what arrived', () => {
    assert.ok(has([], use(0, 250), 1), 'blocks that were lost go out again');
    assert.ok(!has([], use(1, 0), 1));
    assert.ok(has([], use(1, 0), 2));
    assert.ok(!has([use(1, 0)], use(0, 50), 1), 'somebody else was faster, after a long pause');
  });
});

describe('the list of shares', () => {
  function open(t: TestContext) {
    const file = join(scratchFolder(t), 'access.db');
    const [accounts, store, shares] = [new Accounts(file), new AccessStore(file), new Shares(file)];
    t.after(() => {
      for (const one of [accounts, store, shares]) one.close();
    });
    accounts.add('anna', newAccount, 0);
    const maker = accounts.get('anna')?.id ?? 0;
    const order = (more: Partial<ShareOrder> = {}): ShareOrder => ({
      maker,
      kind: 'read',
      paths: [path('a/x'), path('a/b/y')],
      isFolder: false,
      expiresMs: 1000,
      downloads: 2,
      ...more,
    });
    return { accounts, store, shares, maker, order };
  }

  it('lets in as many devices as there are downloads, to see only what is shared, under its nearest folder', (t) => {
    const { accounts, store, shares, order } = open(t);
    const { token, user } = shares.add(order(), 0);
    const device = randomBytes(32);
    const guest = store.redeem(token, device, 'x', 1);
    assert.equal(guest?.user, user);
    assert.deepEqual(guest.root, path('a'));
    assert.deepEqual(guest.account?.share?.maker.user, 'anna');
    assert.deepEqual(
      ['a', 'a/x', 'a/b', 'a/b/y', 'a/z'].map((at) => [...rightsAt(guest.rights, path(at))].join()),
      ['', 'list,read', '', 'list,read', ''],
    );
    assert.ok(store.redeem(token, randomBytes(32), 'x', 1));
    assert.equal(store.redeem(token, randomBytes(32), 'x', 1), undefined);
    assert.deepEqual(
      accounts.list().map((one) => one.user),
      ['anna'],
      'it is no account of a person',
    );
    assert.throws(() => accounts.add(user, newAccount, 0), withCode('USAGE'));
  });

  it('is bounded by its maker from one moment to the next (AUTZ-05)', (t) => {
    const { accounts, store, shares, order } = open(t);
    accounts.add('bob', newAccount, 0);
    accounts.addDevice('bob', randomBytes(32), 'x', 0);
    accounts.addDevice('anna', randomBytes(32), 'x', 0);
    const { token } = shares.add(order({ paths: [path('a')], isFolder: true }), 0);
    const device = randomBytes(32);
    const rights = (): string => {
      const principal = store.principalOf(device, 1);
      return principal === undefined ? 'out' : [...rightsAt(principal.rights, path('a/x'))].join();
    };
    store.redeem(token, device, 'x', 1);
    assert.equal(rights(), 'list,read');
    accounts.set('anna', { role: 'writer' });
    assert.equal(rights(), '', 'a writer shares nothing');
    accounts.set('anna', { rules: [parseRule('a=list,share')] });
    assert.equal(rights(), 'list');
    accounts.set('anna', { role: 'owner', rules: [], root: path('b') });
    assert.equal(rights(), '');
    accounts.set('anna', { root: [], expiresMs: 1 });
    assert.equal(rights(), 'out', 'who made it has no access any more');
    accounts.set('anna', { expiresMs: undefined });
    assert.equal(rights(), 'list,read');
    accounts.revoke('anna');
    assert.equal(rights(), 'out');
    assert.deepEqual(shares.list(undefined, 1), []);
  });

  it('gives what is put there to its maker to pay for', (t) => {
    const { accounts, store, shares, maker, order } = open(t);
    accounts.set('anna', {
      bounds: { quotaBytes: 5, quotaFiles: undefined, downRate: 9, upRate: undefined, keepsOld: true },
      root: path('home'),
    });
    const { token } = shares.add(order({ kind: 'drop', paths: [path('home/in')], isFolder: true }), 0);
    const { account, rights } = store.redeem(token, randomBytes(32), 'x', 1) ?? assert.fail();
    assert.deepEqual([account?.bounds.quotaBytes, account?.bounds.downRate], [5, 9]);
    assert.deepEqual(account?.share?.maker, { id: maker, user: 'anna', root: path('home') });
    assert.deepEqual([...rightsAt(rights, path('home/in/x'))].toSorted(), ['create', 'mkdir']);
  });

  it('ends by time, by its maker or by the owner, and by nobody else', (t) => {
    const { accounts, store, shares, maker, order } = open(t);
    accounts.add('bob', newAccount, 0);
    const bob = accounts.get('bob')?.id ?? 0;
    const [one, two, three] = [1, 2, 3].map((at) => shares.add(order(), at));
    const device = randomBytes(32);
    store.redeem(one?.token ?? device, device, 'x', 1);
    assert.ok(store.principalOf(device, 999));
    assert.equal(store.principalOf(device, 1000), undefined);
    assert.throws(() => shares.end(one?.id ?? device, bob), withCode('NOT_FOUND'));
    assert.ok(store.principalOf(device, 999));
    shares.end(one?.id ?? device, maker);
    assert.equal(store.principalOf(device, 999), undefined);
    assert.throws(() => shares.end(one?.id ?? device, maker), withCode('NOT_FOUND'));
    assert.deepEqual(
      shares.list(maker, 999).map(({ id }) => id),
      [three?.id, two?.id].map((id) => new Uint8Array(id ?? [])),
    );
    assert.deepEqual(shares.list(bob, 999), []);
    shares.end(two?.id ?? device, undefined);
    assert.equal(shares.list(undefined, 999).length, 1);
    assert.equal(shares.list(undefined, 1000).length, 0);
    accounts.add('carl', { ...newAccount, role: 'owner' }, 0);
    accounts.addDevice('carl', randomBytes(32), 'x', 0);
    accounts.remove('anna');
    assert.equal(shares.list(undefined, 999).length, 0, 'its maker has gone');
  });

  it('has so many of one account and no more', (t) => {
    const { shares, order } = open(t);
    for (let i = 0; i < 100; i++) shares.add(order(), 0);
    assert.throws(() => shares.add(order(), 0), withCode('LIMIT'));
    assert.ok(shares.add(order({ expiresMs: 3000 }), 1000), 'those that have expired are forgotten');
  });

  it('never takes a device from the account that it has', (t) => {
    const { accounts, store, shares, order } = open(t);
    const device = randomBytes(32);
    accounts.addDevice('anna', device, 'x', 0);
    const { token } = shares.add(order({ downloads: 1 }), 0);
    assert.throws(() => store.redeem(token, device, 'x', 1), withCode('FORBIDDEN'));
    assert.equal(store.principalOf(device, 1)?.user, 'anna');
    assert.ok(store.redeem(token, randomBytes(32), 'x', 1), 'and is not spent by that');
  });
});
