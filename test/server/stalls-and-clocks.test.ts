/** One thread of a server whose clock jumps (AUTH-25), and that a thousand peers leave waiting (RES-06). */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits, rootPath } from '@ferry/protocol';
import { ticket as askTicket, create, read, stat } from '@ferry/protocol/messages';
import { frameHeaderBytes, Kind } from '@ferry/protocol/wire';
import { MemoryStorage } from '@ferry/server/storage/memory';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { createOf, newDevice, readWhole } from '../support/client.ts';
import { laneOn, type Served, serverContext, sessionOn } from '../support/in-process.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { randomContent, specFor, writeAll } from '../support/staging.ts';

const hour = 3_600_000;
const year = 365.25 * 24 * hour;

async function storageWith(size: number): Promise<MemoryStorage> {
  const storage = new MemoryStorage({ capacity: 2 ** 31 });
  const content = randomContent(size);
  const upload = await storage.createUpload(specFor('file', size));
  await writeAll(upload, content);
  await upload.commit(content.root);
  return storage;
}

describe('a clock that jumps', () => {
  for (const [words, jump] of [
    ['an hour on', hour],
    ['an hour back', -hour],
    ['ten years on', 10 * year],
    ['ten years back', -10 * year],
  ] as const) {
    it(`${words} ends no session, no login, no lane and no ticket, but what expires (AUTH-25)`, async (t) => {
      const before = Date.UTC(2026, 5);
      t.mock.timers.enable({ apis: ['Date'], now: before });
      const folder = scratchFolder(t);
      const context = serverContext(folder, await storageWith(100));
      const accounts = new Accounts(`${folder}/access.db`);
      t.after(() => accounts.close());
      const device = newDevice();
      accounts.add('anna', { ...newAccount, expiresMs: before + hour / 2 }, before);
      accounts.addDevice('anna', device.publicKey, 'x', before);
      const [guest, anna] = [await sessionOn(context), await sessionOn(context, { device })];
      const lane = await laneOn(context, guest);
      const { ticket } = await guest.client.call(askTicket, {});
      t.mock.timers.setTime(before + jump);
      context.standings.look();
      await guest.client.call(stat, { path: rootPath });
      assert.equal((await readWhole(lane.client, path('file'))).bytes.length, 100);
      const fresh = await laneOn(context, guest, {}, ticket);
      assert.equal((await readWhole(fresh.client, path('file'))).bytes.length, 100);
      const hers = anna.client.call(stat, { path: rootPath });
      if (jump > 0) await assert.rejects(hers, 'her access has ended');
      else await hers;
      // An open door lets her in as anybody.
      const again = await sessionOn(context, { device });
      assert.equal(again.welcome.user, jump > 0 ? 'guest' : 'anna');
      again.client.close();
      for (const { client } of [guest, anna, lane, fresh]) client.close();
    });
  }
});

describe('peers that stall', () => {
  it('took all block buffers of a thread, so that nobody else could download there (RES-06)', async (t) => {
    const folder = scratchFolder(t);
    const context = serverContext(folder, await storageWith(4 * limits.blockBytes));
    const accounts = new Accounts(`${folder}/access.db`);
    t.after(() => accounts.close());
    const device = newDevice();
    accounts.add('anna', newAccount, Date.now());
    accounts.addDevice('anna', device.publicKey, 'x', Date.now());
    const anna = await sessionOn(context, { device });
    const guest = await sessionOn(context);
    const wanted = { path: path('file'), identity: undefined, first: 0, count: 4 };
    const stalled: Served[] = [];
    for (let i = 0; i < 2 * limits.workerBlockBuffers; i++) {
      const lane = await laneOn(context, guest);
      lane.client.call(read, wanted).catch(() => {});
      lane.link.pause();
      stalled.push(lane);
    }
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(context.pool.out, limits.workerBlockBuffers / 4);
    const lane = await laneOn(context, anna);
    assert.equal((await readWhole(lane.client, path('file'))).bytes.length, 4 * limits.blockBytes);
    for (const { client } of [...stalled, lane, anna, guest]) client.close();
  });

  const crowd = process.env['FERRY_SOAK'] === '1' ? 1000 : 40;

  it('in downloads and in uploads hold no more memory than is promised, and lose their places (RES-06)', async (t) => {
    // The server's looks at its watch alone: the client's would end what has gone silent for it.
    let isServer = false;
    const looks: (() => void)[] = [];
    const interval = globalThis.setInterval;
    t.mock.method(globalThis, 'setInterval', (look: () => void, ms: number) => {
      if (isServer) looks.push(look);
      return interval(isServer ? () => {} : look, ms);
    });
    let aheadMs = 0;
    const real = performance.now.bind(performance);
    t.mock.method(performance, 'now', () => real() + aheadMs);
    const context = serverContext(scratchFolder(t), await storageWith(4 * limits.blockBytes));
    const session = await sessionOn(context);
    const crowdLane = async (): Promise<Served> => {
      const onServerLink = (): void => {
        isServer = true;
      };
      const lane = await laneOn(context, session, { onServerLink });
      isServer = false;
      return lane;
    };
    const lanes: Served[] = [];
    for (let i = 0; i < crowd; i++) lanes.push(await crowdLane());
    // As many blocks as may be asked for, and nobody takes them.
    for (const { client, link } of lanes) {
      const wanted = { path: path('file'), identity: undefined, first: 0, count: 4 };
      client.call(read, wanted).catch(() => {});
      link.pause();
    }
    const content = randomContent(limits.blockBytes);
    const stalledUploads: Served[] = [];
    for (let i = 0; i < crowd; i++) {
      const lane = await crowdLane();
      await lane.client.call(create, createOf(path(`new-${i}`), content));
      // A block that is announced, and never comes.
      const header = Buffer.alloc(frameHeaderBytes);
      header.writeUInt32BE(limits.blockFrameBytes - 64 + 45);
      header.writeUInt8(Kind.block, 4);
      header.writeUInt32BE(7, 5);
      lane.link.send(header);
      stalledUploads.push(lane);
    }
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    const held = context.pool.out;
    t.diagnostic(`count: ${2 * crowd} stalled, ${held} block buffers of ${limits.workerBlockBuffers}`);
    assert.ok(held <= limits.workerBlockBuffers, `${held} buffers`);
    assert.ok(!context.transfers.isIdle(performance.now()));
    // A minute later: the session is served, and those that stall say that they are alive, with a ping, or one more byte. Lanes that
    // waited for buffers get those of the first that went, and go the same way a minute later.
    const left = (): number => [...lanes, ...stalledUploads].filter(({ isOver }) => !isOver()).length;
    let minutes = 0;
    for (let before = left() + 1; left() > 0 && left() < before; minutes++) {
      before = left();
      aheadMs += limits.stallMs + 1000;
      await session.client.call(stat, { path: rootPath });
      for (const { link } of lanes) link.send(Buffer.from('000000050600000000', 'hex'));
      for (const { link } of stalledUploads) link.send(Buffer.alloc(1));
      for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
      for (const look of looks) look();
      for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    t.diagnostic(`count: all gone after ${minutes} minutes`);
    assert.equal(left(), 0);
    assert.equal(context.pool.out, 0, 'all buffers are back');
    assert.ok(context.transfers.isIdle(performance.now() + 2000));
    session.client.close();
  });
});
