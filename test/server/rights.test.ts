/** Every role against every message (AUTZ-01, AUTZ-02), and rules against every verb of a storage. */

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { anyEntry, epoch, type FerryError, nameFromText, type Owner, type Path } from '@ferry/protocol';
import { BlockPool, SumAlgorithm, tarEnd } from '@ferry/protocol/content';
import {
  ArchiveFormat,
  activity,
  archive,
  changeAccount,
  commit,
  copy,
  create,
  discard,
  emptyTrash,
  endShare,
  enrol,
  fetch,
  find,
  history,
  invite,
  join as joinRoom,
  leave,
  list,
  listAccounts,
  listDevices,
  listInvites,
  listShares,
  listTrash,
  listVisits,
  locate,
  makeLink,
  manifest,
  mkdir,
  move,
  mute,
  nothingSaid,
  owner,
  patch,
  RoomKind,
  read,
  readLink,
  readRange,
  readSlice,
  received,
  remove,
  removeTree,
  rename,
  restore,
  rooms,
  ShareKind,
  say,
  setFacts,
  setOwner,
  share,
  slice,
  space,
  stat,
  store,
  sum,
  ticket,
  trash,
  unpack,
  unsay,
  unwatch,
  usage,
  Withdrawal,
  watch,
  who,
  withdraw,
} from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import { Kind } from '@ferry/protocol/wire';
import { MemoryStorage } from '@ferry/server/storage/memory';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import {
  checkMessage,
  needs,
  type Right,
  type Rights,
  type Role,
  roles,
} from '../../packages/server/src/access/rights.ts';
import { parseRule } from '../../packages/server/src/access/settings.ts';
import { withRights } from '../../packages/server/src/access/with-rights.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import {
  createOf,
  enrolmentOf,
  logInto,
  newDevice,
  openLane,
  sendBlock,
  type TestSession,
} from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder, snapshot } from '../support/scratch.ts';
import { startServer, userEnv } from '../support/server.ts';
import { contentOf, randomContent, specFor, writeAll } from '../support/staging.ts';

type Try = (session: ClientChannel, lane: ClientChannel, pool: BlockPool) => Promise<unknown>;

const content = randomContent(10);
const file = path('file');
/** Of the file, for who may not ask. */
let whose: Owner = { user: 'root', group: 'root' };
const graft = { existing: 0, expected: undefined } as const;
/** Of what went to the trash. */
let deletionId: Uint8Array = Buffer.alloc(16);
let shareId: Uint8Array = Buffer.alloc(8);
/** Of `file`; some messages want it, and not everybody may ask for it. */
let identity = '';

/** One honest use of every message that comes after login, in an order in which each can be done. */
const tries: ReadonlyMap<Kind, Try> = new Map<Kind, Try>([
  [Kind.list, (session) => session.call(list, { path: [] })],
  [Kind.stat, (session) => session.call(stat, { path: file })],
  [Kind.space, (session) => session.call(space, { path: [] })],
  [Kind.ticket, (session) => session.call(ticket, {})],
  [Kind.enrol, (session) => session.call(enrol, enrolmentOf(newDevice(), session.link))],
  [Kind.listAccounts, (session) => session.call(listAccounts, {})],
  [Kind.listDevices, (session) => session.call(listDevices, {})],
  [Kind.listInvites, (session) => session.call(listInvites, {})],
  [Kind.listVisits, (session) => session.call(listVisits, {})],
  [
    Kind.invite,
    (session) => session.call(invite, { user: 'bob', words: nothingSaid, forMs: 60_000, uses: 1 }),
  ],
  [
    Kind.changeAccount,
    (session) =>
      session.call(changeAccount, { user: 'bob', isNew: false, words: { ...nothingSaid, role: 'reader' } }),
  ],
  [Kind.withdraw, (session) => session.call(withdraw, { what: Withdrawal.remove, name: 'bob' })],
  [
    Kind.share,
    async (session) => {
      const order = { kind: ShareKind.read, paths: [file], forMs: 60_000, downloads: 1 };
      shareId = (await session.call(share, order)).id;
    },
  ],
  [Kind.listShares, (session) => session.call(listShares, {})],
  [Kind.endShare, (session) => session.call(endShare, { id: shareId })],
  [Kind.received, (_, lane) => lane.call(received, { paths: [file] })],
  [Kind.readLink, (session) => session.call(readLink, { path: path('link') })],
  [
    Kind.readRange,
    (session) => session.call(readRange, { path: file, identity: undefined, offset: 0, length: 1 }),
  ],
  [Kind.read, (_, lane) => lane.call(read, { path: file, identity: undefined, first: 0, count: 1 })],
  [Kind.fetch, (_, lane) => lane.call(fetch, { folder: [], names: [nameFromText('file')] })],
  [Kind.manifest, (_, lane) => lane.call(manifest, { path: file, identity })],
  [
    Kind.readSlice,
    (_, lane) =>
      lane.call(readSlice, { path: file, identity, index: 0, offset: 0, length: 3, digest: false }),
  ],
  [Kind.mkdir, (session) => session.call(mkdir, { path: path('new folder') })],
  [Kind.create, (_, lane) => lane.call(create, createOf(path('new'), content, { handle: 1 }))],
  [Kind.block, (_, lane, pool) => sendBlock(lane, 1, 0, content.bytes, pool).answered],
  [
    Kind.patch,
    (_, lane) =>
      lane.call(patch, { handle: 1, index: 0, digest: content.root, pieces: [], content: Buffer.alloc(0) }),
  ],
  [
    Kind.slice,
    (_, lane) =>
      lane.call(slice, { handle: 1, index: 0, offset: 0, content: content.bytes, digest: undefined }),
  ],
  [Kind.commit, (_, lane) => lane.call(commit, { handle: 1, rootDigest: content.root })],
  [Kind.discard, (_, lane) => lane.call(discard, { handle: 1, keep: false })],
  [
    Kind.store,
    (_, lane) => {
      const small = { name: nameFromText('small'), modified: epoch, mode: 0o644 };
      const files = [{ ...small, rootDigest: content.root, content: content.bytes }];
      return lane.call(store, { folder: [], overwrite: 0, again: false, files });
    },
  ],
  [Kind.makeLink, (session) => session.call(makeLink, { path: path('new-link'), target: 'file' })],
  [Kind.setFacts, (session) => session.call(setFacts, { path: file, modified: epoch, mode: 0o600 })],
  [
    Kind.owner,
    async (session) => {
      whose = await session.call(owner, { path: file });
    },
  ],
  [Kind.setOwner, (session) => session.call(setOwner, { path: file, ...whose })],
  [Kind.copy, (session) => session.call(copy, { ...graft, from: file, to: path('copy') })],
  [Kind.move, (session) => session.call(move, { ...graft, from: path('copy'), to: path('moved') })],
  [Kind.removeTree, (session) => session.call(removeTree, { path: path('moved') })],
  [Kind.sum, (session) => session.call(sum, { path: file, algorithm: SumAlgorithm.blake3 })],
  [Kind.usage, (session) => session.call(usage, { path: [] })],
  [Kind.find, (session) => session.call(find, { ...anyEntry, path: [], most: 1 })],
  [Kind.archive, (_, lane) => lane.call(archive, { path: file, format: ArchiveFormat.zstd })],
  [Kind.unpack, (session) => session.call(unpack, { archive: path('tar'), to: path('unpacked') })],
  [
    Kind.trash,
    async (session) => {
      const { deletion } = await session.call(trash, { path: path('thrown') });
      deletionId = deletion.id;
    },
  ],
  [Kind.listTrash, (session) => session.call(listTrash, {})],
  [Kind.restore, (session) => session.call(restore, { id: deletionId, to: undefined })],
  [Kind.emptyTrash, (session) => session.call(emptyTrash, { ids: undefined })],
  [Kind.rename, (session) => session.call(rename, { from: file, to: path('other') })],
  [Kind.remove, (session) => session.call(remove, { path: path('gone') })],
  [Kind.locate, (_, lane) => lane.call(locate, { size: 1, firstBlock: content.root })],
  [
    Kind.slice,
    (_, lane) =>
      lane.call(slice, { handle: 1, index: 0, offset: 0, content: content.bytes, digest: undefined }),
  ],
  [Kind.watch, (session) => session.call(watch, { id: 1, path: [] })],
  [Kind.who, (session) => session.call(who, {})],
  [Kind.activity, (session) => session.call(activity, { activity: undefined })],
  [Kind.unwatch, (session) => session.call(unwatch, { id: 1 })],
  [Kind.rooms, (session) => session.call(rooms, {})],
  [Kind.join, async (session) => void (await joinLobby(session))],
  [Kind.leave, async (session) => session.call(leave, { room: await joinLobby(session) })],
  [
    Kind.say,
    async (session) => {
      const said = { text: 'hello', path: undefined, sealed: undefined };
      return session.call(say, { room: await joinLobby(session), id: Buffer.alloc(16), ...said });
    },
  ],
  [
    Kind.unsay,
    async (session) => {
      const room = await joinLobby(session);
      const said = { text: 'oops', path: undefined, sealed: undefined };
      const { seq } = await session.call(say, { room, id: Buffer.alloc(16, 1), ...said });
      return session.call(unsay, { room, seq, id: Buffer.alloc(16, 2) });
    },
  ],
  [Kind.mute, (session) => session.call(mute, { name: 'owner', ms: 0 })],
  [
    Kind.history,
    async (session) => session.call(history, { room: await joinLobby(session), after: undefined, most: 10 }),
  ],
  [
    Kind.readSlice,
    async (session, lane) => {
      const { identity } = (await session.call(stat, { path: file })).facts;
      return lane.call(readSlice, { path: file, identity, index: 0, offset: 0, length: 3, digest: false });
    },
  ],
]);

/** Whoever may not join may not do what comes after that either. */
async function joinLobby(session: ClientChannel): Promise<number> {
  const asked = { kind: RoomKind.open, name: 'lobby', create: true, sealing: undefined };
  return (await session.call(joinRoom, asked)).room;
}

/** What each role may where it sees only a part (so nobody looks after accounts), said a second time and by hand: a slip in the table must not be a slip here. */
const looking = [
  Kind.list,
  Kind.stat,
  Kind.space,
  Kind.ticket,
  Kind.enrol,
  Kind.readLink,
  Kind.owner,
  Kind.read,
  Kind.readSlice,
  Kind.readRange,
  Kind.fetch,
  Kind.manifest,
  Kind.locate,
  Kind.sum,
  Kind.usage,
  Kind.find,
  Kind.archive,
  Kind.watch,
  Kind.who,
  Kind.activity,
  Kind.unwatch,
  Kind.received,
  Kind.rooms,
  Kind.join,
  Kind.leave,
  Kind.say,
  Kind.unsay,
  Kind.history,
];
const putting = [
  Kind.mkdir,
  Kind.create,
  Kind.block,
  Kind.patch,
  Kind.slice,
  Kind.commit,
  Kind.discard,
  Kind.store,
  Kind.makeLink,
];
const altering = [
  Kind.setFacts,
  Kind.setOwner,
  Kind.rename,
  Kind.remove,
  Kind.copy,
  Kind.move,
  Kind.removeTree,
  Kind.unpack,
  Kind.trash,
  Kind.listTrash,
  Kind.restore,
  Kind.emptyTrash,
];
const expected: Readonly<Record<Role, readonly Kind[]>> = {
  owner: [...looking, ...putting, ...altering, Kind.mute, Kind.share, Kind.listShares, Kind.endShare],
  writer: [...looking, ...putting, ...altering],
  reader: looking,
  uploader: [Kind.space, Kind.ticket, Kind.enrol, Kind.unwatch, ...putting],
};

/** Requests from 0x20 up are those of logged-in people; below are answers and the ways to log in. */
const operations = Object.values(Kind).filter((kind) => kind >= 0x20);

const refusals: ReadonlySet<string> = new Set(['READ_ONLY', 'FORBIDDEN', 'NOT_FOUND', 'REVOKED']);

describe('rights', () => {
  it('cover every message', () => {
    for (const kind of operations) {
      assert.ok(needs.has(kind), `0x${kind.toString(16)} has no row in the table of needs`);
      assert.ok(tries.has(kind), `0x${kind.toString(16)} is missing from this test`);
    }
  });

  it('refuse what is in no table, also to owners', () => {
    const owner: Rights = { role: 'owner', rules: [] };
    assert.throws(() => checkMessage(owner, [], Kind.hello), withCode('FORBIDDEN'));
    assert.throws(() => checkMessage(owner, [], 0x1f as Kind), withCode('FORBIDDEN'));
  });

  it('let each role do its messages and no other, and change nothing by what is refused (AUTZ-01, AUTZ-02)', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, { dir, args: ['--threads', '1', '--owners'] });
    const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    t.after(() => accounts.close());
    for (const role of roles) {
      const home = join(dir, role);
      mkdirSync(home);
      writeFileSync(join(home, 'file'), 'content');
      writeFileSync(join(home, 'gone'), 'content');
      writeFileSync(join(home, 'thrown'), 'content');
      writeFileSync(join(home, 'tar'), tarEnd);
      symlinkSync('file', join(home, 'link'));
      const device = newDevice();
      accounts.add(role, { ...newAccount, role: 'owner', root: path(role) }, 0);
      accounts.addDevice(role, device.publicKey, 'test', 0);
      const owner = await logInto(server, { device });
      identity = (await owner.channel.call(stat, { path: file })).facts.identity;
      owner.channel.close();
      if (role !== 'owner') accounts.set(role, { role });
      const before = snapshot(home).map(withoutAccessTime);
      const answers = await tryAll(server, await logInto(server, { device }));
      for (const kind of operations) {
        const answer = answers.get(kind) ?? '';
        const may = expected[role].includes(kind);
        assert.equal(!refusals.has(answer), may, `${role}, 0x${kind.toString(16)}: ${answer}`);
        // An upload without a base can take no patch; all else that is allowed is also done.
        if (may) assert.equal(answer, kind === Kind.patch ? 'BAD_STATE' : 'done', `0x${kind.toString(16)}`);
      }
      if (role === 'reader') assert.deepEqual(snapshot(home).map(withoutAccessTime), before);
    }
  });
});

async function tryAll(
  server: { readonly host: string; readonly port: number },
  session: TestSession,
): Promise<ReadonlyMap<Kind, string>> {
  const pool = new BlockPool();
  const lane = await openLane(server, session, { pool });
  const answers = new Map<Kind, string>();
  for (const [kind, attempt] of tries) {
    const answer = await attempt(session.channel, lane, pool).then(
      () => 'done',
      (error: FerryError) => error.codeName,
    );
    answers.set(kind, answer);
  }
  lane.close();
  session.channel.close();
  return answers;
}

describe('rules for folders', () => {
  const rights: Rights = {
    role: 'writer',
    rules: [
      'shown=reader',
      'shown/in=uploader',
      'hidden=none',
      'hidden/but/this=reader',
      'mixed/locked=list',
    ].map(parseRule),
  };

  async function makeStorage() {
    const memory = new MemoryStorage();
    for (const folder of [
      'shown',
      'shown/in',
      'hidden',
      'hidden/but',
      'hidden/but/this',
      'mixed',
      'mixed/locked',
    ]) {
      await memory.mkdir(path(folder));
      const upload = await memory.createUpload(specFor(`${folder}/file`, 4));
      const text = contentOf(Buffer.from('text'));
      await writeAll(upload, text);
      await upload.commit(text.root);
    }
    return withRights(memory, [], () => rights);
  }

  async function codeOf(work: Promise<unknown>): Promise<string> {
    return work.then(
      () => 'done',
      (error: FerryError) => error.codeName,
    );
  }

  it('decide for their folder and below, the nearest first', async () => {
    const storage = await makeStorage();
    const cases: readonly (readonly [Right, string, string])[] = [
      ['read', 'mixed/file', 'done'],
      ['read', 'shown/file', 'done'],
      ['read', 'shown/in/file', 'FORBIDDEN'],
      ['read', 'hidden/file', 'NOT_FOUND'],
      ['read', 'hidden/but/this/file', 'done'],
      ['read', 'mixed/locked/file', 'FORBIDDEN'],
      ['list', 'shown/file', 'done'],
      ['list', 'shown/in/file', 'FORBIDDEN'],
      ['list', 'hidden/file', 'NOT_FOUND'],
      ['list', 'hidden', 'done'],
      ['list', 'hidden/but', 'done'],
      ['mkdir', 'mixed/new', 'done'],
      ['mkdir', 'shown/new', 'FORBIDDEN'],
      ['mkdir', 'shown/in/new', 'done'],
      ['mkdir', 'hidden/new', 'NOT_FOUND'],
      ['create', 'shown/in/other', 'done'],
      ['create', 'shown/other', 'FORBIDDEN'],
      ['overwrite', 'shown/in/file', 'FORBIDDEN'],
      ['overwrite', 'mixed/file', 'done'],
      ['delete', 'shown/file', 'FORBIDDEN'],
      ['delete', 'mixed/locked/file', 'FORBIDDEN'],
      ['delete', 'mixed/file', 'done'],
    ];
    for (const [right, at, answer] of cases) {
      assert.equal(await codeOf(use(storage, right, path(at))), answer, `${right} ${at}`);
    }
  });

  it('hold for what a rename takes along, at both ends (AUTZ-06)', async () => {
    const storage = await makeStorage();
    const rename = (from: string, to: string): Promise<string> =>
      codeOf(storage.rename(path(from), path(to)));
    assert.equal(await rename('mixed/file', 'shown/taken'), 'FORBIDDEN');
    assert.equal(await rename('shown/file', 'mixed/taken'), 'FORBIDDEN');
    assert.equal(await rename('mixed', 'elsewhere'), 'FORBIDDEN', 'a locked folder would move along');
    assert.equal(await rename('hidden', 'elsewhere'), 'FORBIDDEN', 'it is seen, as the way to what is below');
    assert.equal(await rename('hidden/file', 'elsewhere'), 'NOT_FOUND');
    assert.equal(await rename('mixed/file', 'mixed/other'), 'done');
  });

  it('show of a folder what one may do something with, and the way to it', async () => {
    const storage = await makeStorage();
    const names = async (at: Path): Promise<readonly string[]> => {
      const found: string[] = [];
      for await (const page of storage.list(at)) found.push(...page.map(({ name }) => `${name}`));
      return found.toSorted();
    };
    assert.deepEqual(await names([]), ['hidden', 'mixed', 'shown']);
    assert.deepEqual(await names(path('hidden')), ['but']);
    assert.deepEqual(await names(path('hidden/but')), ['this']);
    assert.deepEqual(await names(path('hidden/but/this')), ['file']);
    await assert.rejects(names(path('shown/in')), withCode('FORBIDDEN'));
  });

  it('are asked again before anything is published (AUTZ-05)', async () => {
    const memory = new MemoryStorage();
    let now: Rights = { role: 'writer', rules: [] };
    const storage = withRights(memory, [], () => now);
    const upload = await storage.createUpload(specFor('file', 4));
    const text = contentOf(Buffer.from('text'));
    await writeAll(upload, text);
    now = { role: 'reader', rules: [] };
    await assert.rejects(upload.commit(text.root), withCode('READ_ONLY'));
    now = { role: 'writer', rules: [] };
    await assert.rejects(upload.commit(text.root));
    await assert.rejects(memory.stat(path('file')), withCode('NOT_FOUND'));
  });
});

/** The verb of a storage that a right is for. */
async function use(storage: ReturnType<typeof withRights>, right: Right, at: Path): Promise<unknown> {
  switch (right) {
    case 'read':
      return (await storage.openRead(at, undefined)).close();
    case 'list':
      return storage.stat(at);
    case 'mkdir':
      return storage.mkdir(at);
    case 'create':
      return (await storage.createUpload({ ...specFor('x', 1), target: at })).discard();
    case 'overwrite':
      return storage.setFacts(at, { modified: epoch, mode: 0o644 });
    case 'delete':
      return storage.remove(at);
    case 'rename':
    case 'share':
    case 'admin':
      return assert.fail('not asked here');
  }
}

/** Reading is allowed, and may leave an access time: the last column of a file's line. */
function withoutAccessTime(line: string): string {
  return line.split(' ').slice(0, 7).join(' ');
}
