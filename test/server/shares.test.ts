/** Shares of a real server: what those who come by one get, how downloads are counted, and that ending one ends them. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { anyEntry, type FerryError, nameFromText } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import {
  ArchiveFormat,
  archive,
  endShare,
  fetch,
  find,
  list,
  listShares,
  readRange,
  received,
  rooms,
  type Shared,
  ShareKind,
  type ShareRow,
  share,
  stat,
} from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { parseRule } from '../../packages/server/src/access/settings.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import {
  createOf,
  logInto,
  newDevice,
  openLane,
  readWhole,
  type TestSession,
  upload,
} from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { type Server, startServer, userEnv } from '../support/server.ts';
import { contentOf } from '../support/staging.ts';

describe('a share of a real server', () => {
  const tidy: (() => void)[] = [];
  const afterwards = { after: (fn: () => void) => tidy.push(fn) };
  const big = randomBytes(3 * 1024 * 1024);
  let dir: string;
  let server: Server;
  let accounts: Accounts;
  let maker: TestSession;
  let pool: BlockPool;

  before(async () => {
    dir = scratchFolder(afterwards);
    for (const folder of ['photos/private', 'inbox', 'other'])
      mkdirSync(join(dir, folder), { recursive: true });
    for (const file of ['photos/a.jpg', 'photos/b.jpg', 'photos/private/c.jpg', 'other/d'])
      writeFileSync(join(dir, file), file);
    writeFileSync(join(dir, 'photos/big'), big);
    server = await startServer(afterwards, { dir, args: ['--threads', '2'] });
    accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    const device = newDevice();
    accounts.add('anna', newAccount, 0);
    accounts.addDevice('anna', device.publicKey, 'test', 0);
    maker = await logInto(server, { device });
    pool = new BlockPool();
  });
  after(() => {
    maker.channel.close();
    accounts.close();
    for (const one of tidy.toReversed()) one();
  });

  const made = (paths: readonly string[], more: object = {}): Promise<Shared> =>
    maker.channel.call(share, {
      kind: ShareKind.read,
      paths: paths.map(path),
      forMs: 3_600_000,
      downloads: undefined,
      ...more,
    });
  const guestOf = async ({ token }: Shared): Promise<TestSession> =>
    logInto(server, { device: newDevice(), token });
  const withLane = async (shared: Shared): Promise<{ guest: TestSession; lane: ClientChannel }> => {
    const guest = await guestOf(shared);
    return { guest, lane: await openLane(server, guest, { pool }) };
  };
  const namesIn = async ({ channel }: TestSession, at = ''): Promise<readonly string[]> => {
    const names: string[] = [];
    await channel.call(
      list,
      { path: path(at) },
      { onPart: ({ entries }) => names.push(...entries.map(({ name }) => `${name}`)) },
    );
    return names.toSorted();
  };
  const listed = async (): Promise<readonly ShareRow[]> => {
    const rows: ShareRow[] = [];
    await maker.channel.call(listShares, {}, { onPart: (row) => rows.push(row) });
    return rows;
  };

  it('shows and gives what was shared and nothing else', async () => {
    const { guest, lane } = await withLane(await made(['photos/a.jpg', 'photos/private']));
    assert.deepEqual(await namesIn(guest), ['a.jpg', 'private']);
    assert.deepEqual(await namesIn(guest, 'private'), ['c.jpg']);
    assert.equal((await readWhole(lane, path('a.jpg'))).bytes.toString(), 'photos/a.jpg');
    await assert.rejects(readWhole(lane, path('b.jpg')), withCode('NOT_FOUND'));
    await assert.rejects(guest.channel.call(stat, { path: path('b.jpg') }), withCode('NOT_FOUND'));
    assert.equal(guest.welcome.readOnly, true);
    const again = guest.channel.call(share, { kind: 0, paths: [path('a.jpg')], forMs: 1, downloads: 1 });
    await assert.rejects(again, withCode('FORBIDDEN'), 'what is shared is not shared on');
    await assert.rejects(guest.channel.call(rooms, {}), withCode('FORBIDDEN'), 'nor does it chat');
    guest.channel.close();
  });

  it('of a folder has that as its root; a drop box takes and shows nothing', async () => {
    const folder = await guestOf(await made(['photos']));
    assert.deepEqual(await namesIn(folder), ['a.jpg', 'b.jpg', 'big', 'private']);
    folder.channel.close();
    const { guest, lane } = await withLane(await made(['inbox'], { kind: ShareKind.drop }));
    const words = contentOf(Buffer.from('for you'));
    await upload(lane, createOf(path('letter'), words), words, pool);
    assert.equal(readFileSync(join(dir, 'inbox/letter'), 'utf8'), 'for you');
    await assert.rejects(namesIn(guest), withCode('FORBIDDEN'));
    await assert.rejects(readWhole(lane, path('letter')), withCode('FORBIDDEN'));
    await assert.rejects(upload(lane, createOf(path('letter'), words), words, pool), withCode('EXISTS'));
    guest.channel.close();
  });

  it('says in words why an upload is refused', async () => {
    const { guest, lane } = await withLane(await made(['photos']));
    const words = contentOf(Buffer.from('mine'));
    await assert.rejects(upload(lane, createOf(path('new'), words), words, pool), {
      message: 'you may look and download here, but not change anything',
    });
    guest.channel.close();
  });

  it('is made only of what is there, and may be shared', async () => {
    await assert.rejects(made(['photos/none']), withCode('NOT_FOUND'));
    await assert.rejects(made(['photos/a.jpg'], { kind: ShareKind.drop }), withCode('NOT_FOLDER'));
    await assert.rejects(made([]), withCode('NOT_FOUND'));
    await assert.rejects(made(['photos', 'inbox'], { kind: ShareKind.drop }), withCode('NOT_FOLDER'));
    accounts.set('anna', { rules: [parseRule('other=list,read')] });
    await assert.rejects(made(['other/d']), withCode('FORBIDDEN'));
    accounts.set('anna', { rules: [] });
  });

  it('counts what arrived whole, and gives each file out as often as was said', async () => {
    const shared = await made(['photos'], { downloads: 2 });
    const [one, two] = [await withLane(shared), await withLane(shared)];
    await assert.rejects(guestOf(shared), withCode('AUTH_FAILED'), 'as many devices as downloads');
    const said = (lane: ClientChannel, at: string): Promise<unknown> =>
      lane.call(received, { paths: [path(at)] });
    // Never begun: nothing to count.
    await said(one.lane, 'big');
    for (let i = 0; i < 2; i++) {
      assert.deepEqual((await readWhole(one.lane, path('big'))).bytes, big);
      await said(one.lane, 'big');
      await said(one.lane, 'big');
    }
    const { verified } = (await listed()).find(({ id }) => Buffer.compare(id, shared.id) === 0) ?? {};
    assert.equal(verified, 2);
    const used = /downloaded as often as its share allows/;
    await assert.rejects(readWhole(one.lane, path('big')), used);
    await assert.rejects(readWhole(two.lane, path('big')), used);
    const range = { path: path('big'), identity: undefined, offset: 0, length: 1 };
    await assert.rejects(two.guest.channel.call(readRange, range), used, 'nor by looking into it');
    assert.equal(
      (await readWhole(two.lane, path('a.jpg'))).bytes.length,
      12,
      'others are counted by themselves',
    );
    for (const { guest } of [one, two]) guest.channel.close();
  });

  it('gets nothing for silence: who has had a file keeps its place', async () => {
    const shared = await made(['photos'], { downloads: 2 });
    const [one, two] = [await withLane(shared), await withLane(shared)];
    await readWhole(one.lane, path('big'));
    assert.deepEqual((await readWhole(one.lane, path('big'))).bytes, big, 'what it has it may have again');
    await readWhole(two.lane, path('big'));
    await two.lane.call(received, { paths: [path('big')] });
    await assert.rejects(readWhole(two.lane, path('big')), withCode('FORBIDDEN'), 'the other place is taken');
    for (const { guest } of [one, two]) guest.channel.close();
  });

  it('that is bounded gives files as files only: no archives, no lines out of them; small ones count too', async () => {
    const { guest, lane } = await withLane(await made(['photos'], { downloads: 1 }));
    const asArchive = lane.call(archive, { path: path('private'), format: ArchiveFormat.tar });
    await assert.rejects(asArchive, withCode('FORBIDDEN'));
    const search = guest.channel.call(find, { ...anyEntry, content: 'photos', path: [], most: 9 });
    await assert.rejects(search, withCode('FORBIDDEN'));
    const names = ['a.jpg', 'b.jpg'].map(nameFromText);
    const fetched = async (): Promise<readonly number[]> => {
      const counts = [0, 0];
      await lane.call(
        fetch,
        { folder: [], names },
        {
          onPart: ({ files, failures }) => {
            counts[0] = (counts[0] ?? 0) + files.length;
            counts[1] = (counts[1] ?? 0) + failures.length;
          },
        },
      );
      return counts;
    };
    assert.deepEqual(await fetched(), [2, 0]);
    await lane.call(received, { paths: [path('a.jpg')] });
    assert.deepEqual(await fetched(), [1, 1]);
    guest.channel.close();
  });

  it('that is ended ends what is under way, on every thread, within a second', async () => {
    const shared = await made(['photos']);
    const ended = [0, 1].map(() => Promise.withResolvers<FerryError>());
    const onEnd = (i: number) => ({ onEnd: (error: FerryError) => ended[i]?.resolve(error) });
    const guest = await logInto(server, { device: newDevice(), token: shared.token }, onEnd(0));
    const lane = await openLane(server, guest, { pool, ...onEnd(1) });
    await readWhole(lane, path('a.jpg'));
    await maker.channel.call(endShare, { id: shared.id });
    // Neither asks for anything: they are told.
    const [why] = await Promise.all(ended.map(({ promise }) => promise));
    assert.match(why?.message ?? '', /this share has ended/);
    await server.logged(/left after .*: this share has ended/);
    await assert.rejects(guestOf(shared), withCode('AUTH_FAILED'));
    await assert.rejects(maker.channel.call(endShare, { id: shared.id }), withCode('NOT_FOUND'));
    await server.logged(/shared \/photos as share\.[0-9a-f]{16}/);
  });
});
