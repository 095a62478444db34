/** What an account may hold and how fast it moves (AUTZ-04). */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { epoch, type FerryError, limits, nameFromText } from '@ferry/protocol';
import { BlockPool, tarEnd, tarHeader, tarPadding } from '@ferry/protocol/content';
import { type GraftSpec, Work } from '@ferry/protocol/disk';
import { commit, create, emptyTrash, mkdir, Overwrite, remove, space, store } from '@ferry/protocol/messages';
import { LocalStorage } from '@ferry/server/storage/local';
import { MemoryStorage } from '@ferry/server/storage/memory';
import { AccountMemory, newAccountMemory } from '../../packages/server/src/access/account-memory.ts';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { type Bounds, unbounded } from '../../packages/server/src/access/bounds.ts';
import { Pace, Way } from '../../packages/server/src/access/pace.ts';
import { trashOwnerOf } from '../../packages/server/src/access/principal.ts';
import { type Amount, amountIn, Quota, Quotas } from '../../packages/server/src/access/quota.ts';
import { withQuota } from '../../packages/server/src/access/with-quota.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import { status } from '../../packages/server/src/owner/status.ts';
import { createOf, logInto, newDevice, openLane, readWhole, sendBlock, upload } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { startServer, userEnv } from '../support/server.ts';
import { contentOf, randomContent, specFor, writeAll } from '../support/staging.ts';

const bytes = (count: number, files = 0): Amount => ({ bytes: count, files });

describe('a quota (AUTZ-04)', () => {
  const bounds: Bounds = { ...unbounded, quotaBytes: 100, quotaFiles: 10 };

  function makeQuotas(there: Amount = bytes(0)) {
    const memory = newAccountMemory(2);
    let counts = 0;
    const count = async (): Promise<Amount> => {
      counts += 1;
      return there;
    };
    const on = (worker: number): Quota => new Quota(new AccountMemory(memory, worker), 7, count);
    return { memory, on, counts: () => counts, here: on(1), there: on(2) };
  }

  it('counts what is there once, for all threads, and keeps what it promised', async () => {
    const { here, there, counts } = makeQuotas(bytes(40, 4));
    await here.promise(bytes(60, 1), bounds);
    await assert.rejects(there.promise(bytes(1, 1), bounds), withCode('QUOTA'));
    assert.deepEqual(await there.used(), bytes(100, 5));
    here.settle(bytes(60, 1), bytes(0));
    await there.promise(bytes(60, 1), bounds);
    there.settle(bytes(60, 1), bytes(50, 1));
    assert.deepEqual(await here.used(), bytes(90, 5));
    assert.equal(counts(), 2, 'who was refused counted again, once');
  });

  it('gives the last of it to one of many who want it at once', async () => {
    const { here, there } = makeQuotas();
    const tries = Array.from({ length: 50 }, (_, i) =>
      (i % 2 === 0 ? here : there).promise(bytes(30, 1), bounds),
    );
    const ends = await Promise.allSettled(tries);
    assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 3);
    assert.deepEqual(await here.used(), bytes(90, 3));
  });

  it('lets what is smaller replace what is larger, however full it is', async () => {
    const { here } = makeQuotas(bytes(500, 50));
    await here.promise(bytes(0, 0), bounds);
    here.settle(bytes(0), bytes(-450));
    assert.deepEqual(await here.used(), bytes(50, 50));
  });

  it('forgets what a worker that died had promised', async () => {
    const { memory, here, there, on } = makeQuotas();
    await here.promise(bytes(60, 1), bounds);
    await there.promise(bytes(30, 1), bounds);
    assert.deepEqual(await there.used(), bytes(90, 2));
    on(1);
    assert.deepEqual(await there.used(), bytes(30, 1));
    assert.ok(memory);
  });

  it('follows every verb of a storage, and ends with the truth', async () => {
    const storage = new MemoryStorage();
    const quota = new Quota(new AccountMemory(newAccountMemory(1), 1), 1, () => amountIn(storage, []));
    const bounded = withQuota(
      storage,
      () => bounds,
      () => quota,
    );
    const put = async (
      name: string,
      size: number,
      existing: 'fail' | 'overwrite' = 'fail',
    ): Promise<void> => {
      const content = contentOf(Buffer.alloc(size, name));
      const one = await bounded.createUpload({ ...specFor(name, size), existing });
      await writeAll(one, content);
      await one.commit(content.root);
    };
    const agrees = async (): Promise<void> =>
      assert.deepEqual(await quota.used(), await amountIn(storage, []));
    await bounded.mkdir(path('f'));
    await put('f/a', 50);
    await agrees();
    await assert.rejects(put('b', 51), withCode('QUOTA'));
    await put('f/a', 90, 'overwrite');
    await agrees();
    await put('f/a', 10, 'overwrite');
    await agrees();
    await assert.rejects(put('f/a', 5), withCode('EXISTS'));
    await agrees();
    const left = await bounded.createUpload(specFor('left', 80));
    assert.equal((await bounded.space([])).free, 10);
    await left.leave();
    await agrees();
    const small = (name: string, text: string) => {
      const { bytes: content, root: rootDigest } = contentOf(Buffer.from(text));
      return { name: nameFromText(name), modified: epoch, mode: 0o644, rootDigest, content };
    };
    const files = [small('a', 'x'.repeat(10)), small('one', 'y'.repeat(40)), small('two', 'z'.repeat(60))];
    const { outcomes } = await bounded.storePack({
      folder: path('f'),
      existing: 'fail',
      again: false,
      files,
    });
    assert.deepEqual(
      outcomes.map((error) => error?.codeName),
      ['EXISTS', undefined, 'QUOTA'],
    );
    await agrees();
    await bounded.remove(path('f/one'));
    await assert.rejects(bounded.remove(path('f/one')), withCode('NOT_FOUND'));
    await assert.rejects(bounded.mkdir(path('f')), withCode('EXISTS'));
    await agrees();
    for (let i = 0; i < 8; i++) await bounded.mkdir(path(`d${i}`));
    await assert.rejects(bounded.mkdir(path('more')), withCode('QUOTA'));
    await agrees();
  });

  it('holds old versions that are kept, and where there is no room for them they are not', async (t) => {
    const dir = scratchFolder(t);
    mkdirSync(join(dir, 'anna'));
    writeFileSync(join(dir, 'anna/f'), Buffer.alloc(60));
    const storage = LocalStorage.open(dir);
    t.after(() => storage.close());
    const quotas = new Quotas(new AccountMemory(newAccountMemory(1), 1), storage);
    const quota = () => quotas.of(1, path('anna'));
    const bounded = withQuota(storage, () => bounds, quota);
    const again = { existing: 'overwrite', keepsFor: trashOwnerOf(1) } as const;
    const put = async (size: number): Promise<Amount> => {
      const content = randomContent(size);
      const one = await bounded.createUpload({ ...specFor('anna/f', size), ...again });
      await writeAll(one, content);
      await one.commit(content.root);
      return quota().used();
    };
    assert.deepEqual(await put(70), bytes(70, 1), 'both would be too much');
    assert.deepEqual(await put(20), bytes(90, 2));
    const small = (size: number) => {
      const { bytes: content, root: rootDigest } = randomContent(size);
      return { name: nameFromText('f'), modified: epoch, mode: 0o644, rootDigest, content };
    };
    const pack = { folder: path('anna'), again: false, ...again };
    await bounded.storePack({ ...pack, files: [small(5)] });
    assert.deepEqual(await quota().used(), bytes(95, 3));
    await bounded.storePack({ ...pack, files: [small(8)] });
    assert.deepEqual(await quota().used(), bytes(98, 3), 'not kept: it would be 103');
    quota().forget();
    assert.deepEqual(await quota().used(), bytes(98, 3), 'as counted anew');
  });

  it('counts copies before they are made, and what is in the trash', async (t) => {
    const dir = scratchFolder(t);
    mkdirSync(join(dir, 'anna/f'), { recursive: true });
    writeFileSync(join(dir, 'anna/f/a'), Buffer.alloc(40));
    const storage = LocalStorage.open(dir);
    t.after(() => storage.close());
    const quotas = new Quotas(new AccountMemory(newAccountMemory(1), 1), storage);
    const root = path('anna');
    const used = () => quotas.of(1, root).used();
    const { works } = withQuota(
      storage,
      () => bounds,
      () => quotas.of(1, root),
    );
    const graft = (from: string, to: string): GraftSpec => ({
      from: path(from),
      to: path(to),
      existing: 'fail',
      inside: root,
    });
    await works.copy(graft('anna/f', 'anna/g'), new Work());
    assert.deepEqual(await used(), bytes(80, 4));
    await assert.rejects(works.copy(graft('anna/f', 'anna/h'), new Work()), withCode('QUOTA'));
    await assert.rejects(works.copy(graft('anna/f/a', 'anna/h'), new Work()), withCode('QUOTA'));
    assert.deepEqual(await used(), bytes(80, 4));
    const { id } = await works.trash(path('anna/g'), trashOwnerOf(1), new Work());
    assert.equal((await used()).bytes, 80);
    await assert.rejects(works.copy(graft('anna/f', 'anna/h'), new Work()), withCode('QUOTA'));
    assert.equal((await used()).bytes, 80);
    await works.emptyTrash(trashOwnerOf(1), root, [id], new Work());
    assert.deepEqual(await used(), bytes(40, 2));
    const entry = { path: 'big', kind: 'file', size: 200, mode: 0o644, modified: 0, target: '' } as const;
    const content = Buffer.alloc(200);
    writeFileSync(join(dir, 'x.tar'), Buffer.concat([tarHeader(entry), content, tarPadding(200), tarEnd]));
    const unpacking = works.unpack({ archive: path('x.tar'), to: path('anna/u'), inside: root }, new Work());
    await assert.rejects(unpacking, withCode('QUOTA'));
    assert.deepEqual(await used(), bytes(40, 2));
    await works.removeTree(path('anna/f'), new Work());
    assert.deepEqual(await used(), bytes(0));
  });

  it('ends an archive that holds more than there is room for, and leaves nothing of it', async (t) => {
    const dir = scratchFolder(t);
    mkdirSync(join(dir, 'anna'));
    mkdirSync(join(dir, 'packed'));
    writeFileSync(join(dir, 'packed/zeros'), Buffer.alloc(8 * limits.blockBytes));
    execFileSync('tar', ['-czf', join(dir, 'anna/a.tgz'), '-C', dir, 'packed']);
    const storage = LocalStorage.open(dir);
    t.after(() => storage.close());
    const root = path('anna');
    const quotas = new Quotas(new AccountMemory(newAccountMemory(1), 1), storage);
    const within = (quotaBytes: number) =>
      withQuota(
        storage,
        () => ({ ...unbounded, quotaBytes }),
        () => quotas.of(1, root),
      ).works.unpack({ archive: path('anna/a.tgz'), to: path('anna/out') }, new Work());
    await assert.rejects(within(4 * limits.blockBytes), withCode('QUOTA'));
    assert.deepEqual(readdirSync(join(dir, 'anna')), ['a.tgz']);
    await within(9 * limits.blockBytes);
    assert.deepEqual(readdirSync(join(dir, 'anna')), ['a.tgz', 'out']);
  });

  it('holds for a running server, is its free space, and can be changed', async (t) => {
    const dir = scratchFolder(t);
    mkdirSync(join(dir, 'anna'));
    writeFileSync(join(dir, 'anna/there'), Buffer.alloc(1000));
    writeFileSync(join(dir, 'others'), Buffer.alloc(100_000));
    const server = await startServer(t, { dir, args: ['--threads', '2'] });
    const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    t.after(() => accounts.close());
    const device = newDevice();
    accounts.add('anna', { ...newAccount, role: 'writer', root: path('anna') }, 0);
    accounts.addDevice('anna', device.publicKey, 'x', 0);
    accounts.set('anna', { bounds: { ...unbounded, quotaBytes: 10_000 } });
    const session = await logInto(server, { device });
    const pool = new BlockPool();
    const lanes = await Promise.all([
      openLane(server, session, { pool }),
      openLane(server, session, { pool }),
    ]);
    const [one, two] = lanes;
    assert.equal((await session.channel.call(space, { path: [] })).free, 9000);
    const content = randomContent(6000);
    assert.match(
      await status(placesOf(userEnv(server.home), server.home), false),
      /^anna holds 1000 B of 9\.77 KiB, entries: 1$/m,
    );
    const first = createOf(path('first'), content);
    await one.call(create, first);
    const refused = await two
      .call(create, createOf(path('second'), content))
      .catch((error: FerryError) => error);
    assert.ok(withCode('QUOTA')(refused), 'two that fit only singly');
    await sendBlock(one, first.handle, 0, content.bytes, pool).answered;
    await one.call(commit, { handle: first.handle, rootDigest: content.root });
    assert.deepEqual(await session.channel.call(space, { path: [] }), { free: 3000, total: 10_000 });
    const little = randomContent(10);
    await upload(two, createOf(path('first'), little, { overwrite: Overwrite.replace }), little, pool);
    await session.channel.call(remove, { path: path('there') });
    assert.equal(
      (await session.channel.call(space, { path: [] })).free,
      3990,
      'the trash has the old version',
    );
    await session.channel.call(emptyTrash, { ids: undefined });
    assert.equal((await session.channel.call(space, { path: [] })).free, 9990);
    accounts.set('anna', { bounds: { ...unbounded, quotaBytes: 20_000 } });
    await upload(two, createOf(path('third'), content), content, pool);
    accounts.set('anna', { bounds: { ...unbounded, quotaFiles: 3 } });
    await session.channel.call(mkdir, { path: path('folder') });
    const small = { name: nameFromText('small'), modified: epoch, mode: 0o644 };
    const { failures } = await one.call(store, {
      folder: [],
      overwrite: Overwrite.never,
      again: false,
      files: [{ ...small, rootDigest: content.root, content: content.bytes }],
    });
    assert.equal(failures.length, 1);
    for (const channel of [session.channel, ...lanes]) channel.close();
    rmSync(join(dir, 'anna'), { recursive: true });
  });
});

describe('a pace', () => {
  const second = 1_000_000_000n;

  it('is kept over all threads and ways apart, and forgives what was not used', () => {
    const memory = newAccountMemory(2);
    let now = 1000n * second;
    const on = (worker: number): Pace => new Pace(new AccountMemory(memory, worker), () => now);
    const [here, there] = [on(1), on(2)];
    const rate = 1000;
    assert.equal(here.charge(1, Way.down, 5000, undefined), 0);
    assert.equal(here.charge(1, Way.down, 200, rate), 0, 'a little ahead is nothing to wait for');
    assert.equal(there.charge(1, Way.down, 1000, rate), 950);
    assert.equal(here.charge(1, Way.up, 200, rate), 0);
    assert.equal(here.charge(2, Way.down, 200, rate), 0);
    now += 1200_000_000n;
    assert.equal(here.charge(1, Way.down, 250, rate), 0);
    now += 3600n * second;
    assert.equal(here.charge(1, Way.down, 1250, rate), 1000, 'an hour of rest is no credit');
    assert.equal(
      there.charge(1, Way.down, 10_000_000, rate),
      20_000,
      'never so long that the line seems dead',
    );
  });

  it('tells accounts apart until there are too many, and goes without then', () => {
    const memory = new AccountMemory(newAccountMemory(1), 1);
    const slots = new Set(Array.from({ length: 4096 }, (_, i) => memory.slotOf(1 + i * 4096)));
    assert.equal(slots.size, 4096);
    assert.equal(memory.slotOf(5), undefined);
    assert.equal(memory.slotOf(1), 1);
    assert.throws(() => new Quota(memory, 5, () => assert.fail()), withCode('LIMIT'));
  });

  it('slows down lanes of an account, both ways and together, and not its session', async (t) => {
    const dir = scratchFolder(t);
    writeFileSync(join(dir, 'file'), randomContent(3 * limits.blockBytes).bytes);
    const server = await startServer(t, { dir, args: ['--threads', '2'] });
    const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    t.after(() => accounts.close());
    const device = newDevice();
    const rate = 4 * limits.blockBytes;
    accounts.add('anna', { ...newAccount, bounds: { ...unbounded, downRate: rate, upRate: rate } }, 0);
    accounts.addDevice('anna', device.publicKey, 'x', 0);
    const session = await logInto(server, { device });
    const pool = new BlockPool();
    const lanes = await Promise.all([
      openLane(server, session, { pool }),
      openLane(server, session, { pool }),
    ]);
    const took = async (work: () => Promise<unknown>): Promise<number> => {
      const sinceMs = performance.now();
      await work();
      return performance.now() - sinceMs;
    };
    // One request for all of it: what it sends waits, not only the next request.
    const downMs = await took(() => Promise.all(lanes.map((lane) => readWhole(lane, path('file')))));
    const upMs = await took(() =>
      Promise.all(
        lanes.map((lane, i) => {
          const large = randomContent(3 * limits.blockBytes);
          return upload(lane, createOf(path(`up ${i}`), large), large, pool);
        }),
      ),
    );
    // Six blocks at four a second, of which one may be ahead and the last need not be waited for. Slower is the machine's affair.
    t.diagnostic(`ms: six blocks at four a second, down ${Math.round(downMs)}, up ${Math.round(upMs)}`);
    assert.ok(downMs >= 700, `down in ${downMs} ms`);
    assert.ok(upMs >= 700, `up in ${upMs} ms`);
    for (const channel of [session.channel, ...lanes]) channel.close();
  });
});
