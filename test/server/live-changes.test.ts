/** What the owner changes while people are connected (AUTH-22, AUTH-23, AUTZ-08), and what one session may hold. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type FerryError, limits, type Path } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import {
  attach,
  commit,
  create,
  list,
  mkdir,
  protocolVersion,
  read,
  stat,
  ticket,
} from '@ferry/protocol/messages';
import { type ClientChannel, laneProof } from '@ferry/protocol/session';
import { type AccountSettings, Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import {
  connect,
  createOf,
  type Device,
  logInto,
  newDevice,
  openLane,
  sendBlock,
  upload,
} from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { type Server, startServer, userEnv } from '../support/server.ts';
import { randomContent } from '../support/staging.ts';

type Scene = {
  readonly server: Server;
  /** What the accounts of this scene see as their root… */
  readonly dir: string;
  /** …and where it is in the shared folder. */
  readonly root: Path;
  readonly accounts: Accounts;
  /** An account with one device. */
  readonly add: (user: string, settings?: Partial<AccountSettings>) => Device;
};

type Shared = { readonly server: Server; readonly dir: string; readonly accounts: Accounts };

const tidy: (() => void)[] = [];
const servers = new Map<string, Shared>();
let scenes = 0;

/** A server of two threads, so that sessions and their lanes lie on different ones, for all scenes that want such a one. */
async function serverFor(args: readonly string[]): Promise<Shared> {
  const found = servers.get(args.join(' '));
  if (found !== undefined) return found;
  const afterwards = { after: (fn: () => void) => tidy.push(fn) };
  const dir = scratchFolder(afterwards);
  const server = await startServer(afterwards, { dir, args: ['--threads', '2', ...args] });
  const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
  tidy.push(() => accounts.close());
  const shared = { server, dir, accounts };
  servers.set(args.join(' '), shared);
  return shared;
}
after(() => {
  for (const one of tidy.toReversed()) one();
});

/** Accounts and a folder of its own, and the owner's commands. */
async function begin(args: readonly string[] = []): Promise<Scene> {
  const { server, dir, accounts } = await serverFor(args);
  for (const { user, role } of accounts.list()) if (role !== 'owner') accounts.remove(user);
  scenes += 1;
  const root = path(`scene${scenes}`);
  mkdirSync(join(dir, `scene${scenes}`));
  const add = (user: string, settings: Partial<AccountSettings> = {}): Device => {
    const device = newDevice();
    accounts.add(user, { ...newAccount, role: 'writer', root, ...settings }, Date.now());
    accounts.addDevice(user, device.publicKey, 'test', Date.now());
    return device;
  };
  return { server, dir: join(dir, `scene${scenes}`), root, accounts, add };
}

/** Resolves with why the channel ended. */
function ending(channel: { readonly ended: FerryError | undefined }): Promise<string> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (channel.ended === undefined) return;
      clearInterval(timer);
      resolve(channel.ended.codeName);
    }, 5);
  });
}

describe('a change by the owner', () => {
  it('ends sessions, lanes and downloads of who is revoked, and nobody else’s', async (t) => {
    const { server, dir, accounts, add } = await begin();
    writeFileSync(join(dir, 'big'), Buffer.alloc(64 * limits.blockBytes));
    const [anna, bob] = [add('anna'), add('bob')];
    const hers = await logInto(server, { device: anna });
    const his = await logInto(server, { device: bob });
    const lane = await openLane(server, hers);
    const hisLane = await openLane(server, his);
    // She takes a block now and then, so that the download lasts as long as she may.
    let taken = 0;
    const { promise: begun, resolve: began } = Promise.withResolvers<void>();
    const download = async (): Promise<void> => {
      for (let first = 0; ; first = (first + limits.readBlocks) % 64) {
        await lane.call(
          read,
          { path: path('big'), identity: undefined, first, count: limits.readBlocks },
          {
            onBlock: () => {
              taken += 1;
              if (taken === 3) began();
            },
          },
        );
      }
    };
    const stopped = assert.rejects(download(), withCode('REVOKED'));
    await begun;
    const sinceMs = performance.now();
    accounts.revoke('anna');
    assert.equal(await ending(hers.channel), 'REVOKED');
    assert.equal(await ending(lane), 'REVOKED');
    await stopped;
    t.diagnostic(`ms: revoked to ended ${Math.round(performance.now() - sinceMs)}`);
    await assert.rejects(logInto(server, { device: anna }), withCode('AUTH_FAILED'));
    await his.channel.call(stat, { path: path('big') });
    await hisLane.call(read, { path: path('big'), identity: undefined, first: 0, count: 1 });
    await server.logged(/anna@\S+ left .*taken your access away/);
    for (const channel of [his.channel, hisLane]) channel.close();
  });

  it('lets nothing be published or changed after it, however quick one is', async () => {
    const { server, dir, accounts, add } = await begin();
    const session = await logInto(server, { device: add('anna') });
    const pool = new BlockPool();
    const lane = await openLane(server, session, { pool });
    const content = randomContent(10);
    const request = createOf(path('late'), content);
    await lane.call(create, request);
    await sendBlock(lane, request.handle, 0, content.bytes, pool).answered;
    accounts.revoke('anna');
    await assert.rejects(
      lane.call(commit, { handle: request.handle, rootDigest: content.root }),
      withCode('REVOKED'),
    );
    await assert.rejects(session.channel.call(mkdir, { path: path('late folder') }), withCode('REVOKED'));
    assert.deepEqual(
      readdirSync(dir).filter((name) => name !== '.ferry'),
      [],
    );
  });

  it('gives and takes rights without ending anything (AUTH-23)', async () => {
    const { server, dir, root, accounts, add } = await begin();
    mkdirSync(join(dir, 'drafts'));
    const session = await logInto(server, { device: add('anna') });
    const pool = new BlockPool();
    const lane = await openLane(server, session, { pool });
    const content = randomContent(10);
    const open = createOf(path('open'), content);
    await lane.call(create, open);
    accounts.set('anna', { role: 'reader' });
    await assert.rejects(
      sendBlock(lane, open.handle, 0, content.bytes, pool).answered,
      withCode('READ_ONLY'),
    );
    await assert.rejects(session.channel.call(mkdir, { path: path('x') }), withCode('READ_ONLY'));
    await session.channel.call(list, { path: [] });
    accounts.set('anna', {
      role: 'writer',
      rules: [{ path: [...root, ...path('drafts')], rights: new Set() }],
    });
    await upload(lane, createOf(path('again'), content), content, pool);
    await assert.rejects(session.channel.call(list, { path: path('drafts') }), withCode('NOT_FOUND'));
    for (const channel of [session.channel, lane]) channel.close();
  });

  it('lets who was kicked come back, guests too, but no lane of the session before', async () => {
    const { server, accounts, add } = await begin(['--open']);
    const device = add('anna');
    const hers = await logInto(server, { device });
    const guest = await logInto(server);
    const early = await hers.channel.call(ticket, {});
    accounts.kick('anna');
    assert.equal(await ending(hers.channel), 'KICKED');
    const lane = await connect(server);
    const proof = laneProof(lane.link, hers.welcome.sessionSecret);
    await assert.rejects(
      lane.call(attach, { version: protocolVersion, ticket: early.ticket, proof }),
      withCode('KICKED'),
    );
    const again = await logInto(server, { device });
    accounts.kick('guest');
    assert.equal(await ending(guest.channel), 'KICKED');
    const back = await logInto(server);
    for (const { channel } of [again, back]) {
      await channel.call(stat, { path: [] });
      channel.close();
    }
  });

  it('ends the connections of a device that is taken away, and of an account whose time is over', async () => {
    const { server, accounts, add } = await begin();
    const [first, second] = [add('anna'), newDevice()];
    accounts.addDevice('anna', second.publicKey, 'other', Date.now());
    const [one, two] = [await logInto(server, { device: first }), await logInto(server, { device: second })];
    accounts.removeDevice(first.publicKey);
    assert.equal(await ending(one.channel), 'REVOKED');
    await two.channel.call(stat, { path: [] });
    accounts.set('anna', { expiresMs: Date.now() - 1 });
    assert.equal(await ending(two.channel), 'REVOKED');
    await assert.rejects(logInto(server, { device: second }), withCode('AUTH_FAILED'));
  });
});

describe('a session', () => {
  it('opens one lane with each ticket, on whatever thread it is shown again (AUTH-14)', async () => {
    const { server } = await begin(['--open']);
    const session = await logInto(server);
    const { ticket: sealed } = await session.channel.call(ticket, {});
    const attempt = async (): Promise<string> => {
      const lane = await connect(server);
      const proof = laneProof(lane.link, session.welcome.sessionSecret);
      return lane
        .call(attach, { version: protocolVersion, ticket: sealed, proof })
        .then(() => 'opened')
        .catch((error: FerryError) => error.codeName)
        .finally(() => lane.close());
    };
    const answers = await Promise.all(Array.from({ length: 20 }, attempt));
    answers.push(await attempt());
    assert.equal(answers.filter((answer) => answer === 'opened').length, 1);
    assert.equal(answers.filter((answer) => answer === 'TICKET_INVALID').length, 20);
    session.channel.close();
  });

  it('holds as many lanes as it was told, and another when one of them ends', async () => {
    const { server } = await begin(['--open']);
    const session = await logInto(server);
    const lanes: ClientChannel[] = [];
    for (let i = 0; i < session.welcome.lanes; i++) lanes.push(await openLane(server, session));
    assert.equal(await ending(await openLane(server, session)), 'LIMIT');
    lanes.pop()?.close();
    // The end of a lane reaches the supervisor in its own time.
    for (;;) {
      const lane = await openLane(server, session);
      const answer = await Promise.race([
        ending(lane),
        session.channel.call(stat, { path: [] }).then(() => 'open'),
      ]);
      if (answer !== 'open') continue;
      lanes.push(lane);
      break;
    }
    const other = await logInto(server);
    lanes.push(await openLane(server, other), session.channel, other.channel);
    for (const channel of lanes) channel.close();
  });
});
