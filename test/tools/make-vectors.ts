/**
 * Writes test/vectors: one frame per file, as hex and as what it means, made from fixed values. Run by hand when the protocol
 * changes; docs/PROTOCOL.md quotes the files and a test keeps page, files and code equal.
 */

import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code, EntryKind, FerryError, type FolderNews, nameFromText, pathFromText } from '@ferry/protocol';
import {
  blockDigest,
  blockHeaderBytes,
  rootDigest,
  SumAlgorithm,
  writeBlockHeader,
} from '@ferry/protocol/content';
import * as messages from '@ferry/protocol/messages';
import { encodeBody, encodeFrame, frameHeaderBytes, Kind, type Shape } from '@ferry/protocol/wire';
import { meaningOf, quoted } from '../support/vector.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../vectors');

function counted(first: number, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, i) => (first + i) & 0xff));
}

function block(id: number, handle: number, index: number, content: Buffer): Buffer {
  const body = Buffer.alloc(blockHeaderBytes + content.length);
  writeBlockHeader(body, 0, { handle, index, length: content.length, digest: blockDigest(content) });
  content.copy(body, blockHeaderBytes);
  return encodeFrame(Kind.block, id, body);
}

function body<T>(kind: Kind, id: number, shape: Shape<T>, value: T): Buffer {
  return encodeFrame(kind, id, encodeBody(shape, value));
}

function folderEvent(news: FolderNews): Buffer {
  return encodeFrame(Kind.event, 0, messages.encodeEvent({ kind: 'folder', id: 1, news }));
}

const shownActivity = {
  folder: pathFromText('docs'),
  moving: [{ way: messages.Way.down, path: pathFromText('docs/notes.txt') }],
  movingCount: 4,
};

const entry = {
  name: nameFromText('notes.txt'),
  kind: EntryKind.file,
  size: 6,
  modified: { s: 1_760_000_000, ns: 5 },
  mode: 0o644,
};
const sub = {
  name: nameFromText('ü'),
  kind: EntryKind.folder,
  size: 0,
  modified: { s: 1_760_000_000, ns: 0 },
  mode: 0o755,
};
const facts = { ...entry, identity: counted(0x40, 16).toString('latin1'), sparse: false };
const path = pathFromText('docs/notes.txt');
const deletion = {
  id: counted(0xd0, 16),
  path: pathFromText('docs'),
  kind: EntryKind.folder,
  files: 2,
  bytes: 600,
  deletedMs: 1_760_000_000_000,
  isReplaced: false,
};
const sealing = { salt: counted(0x30, 16), check: counted(0x50, 16) };
const chatMessage = {
  seq: 4,
  after: 3,
  ms: 1_760_000_000_005,
  from: 'anna',
  id: counted(0xc0, 16),
  text: 'siehe über',
  path,
  sealed: undefined,
  takes: undefined,
};
const content = Buffer.from('ferry\n');
const root = rootDigest(content.length, [blockDigest(content)]);

const {
  hello,
  list,
  stat,
  mkdir,
  rename,
  remove,
  space,
  ticket,
  attach,
  read,
  create,
  commit,
  discard,
  store,
  fetch,
} = messages;
const login = { version: 1, features: 0, client: 'ferry 0.1.0' };

const vectors: Record<string, readonly [says: string, frame: Buffer]> = {
  'hello-open': [
    'a client logs in to an open server',
    body(Kind.hello, 1, hello.request, {
      ...login,
      login: 0,
      token: undefined,
      deviceKey: undefined,
      signature: undefined,
    }),
  ],
  'hello-key': [
    'a client logs in with its device key',
    body(Kind.hello, 1, hello.request, {
      ...login,
      login: 1,
      token: undefined,
      deviceKey: counted(1, 32),
      signature: counted(0x80, 64),
    }),
  ],
  'hello-invite': [
    'a client redeems an invite',
    body(Kind.hello, 1, hello.request, {
      ...login,
      login: 2,
      token: counted(0xa0, 16),
      deviceKey: counted(1, 32),
      signature: counted(0x80, 64),
    }),
  ],
  password: [
    'a client logs in with a name and a password',
    body(Kind.password, 1, messages.password.request, {
      version: 1,
      features: 0,
      client: 'ferry 0.1.0',
      user: 'anna',
      password: 'kahn-über',
      deviceKey: counted(1, 32),
      signature: counted(0x80, 64),
    }),
  ],
  enrol: [
    'a client makes another device known',
    body(Kind.enrol, 3, messages.enrol.request, { deviceKey: counted(1, 32), signature: counted(0x80, 64) }),
  ],
  listAccounts: ['who has an account', body(Kind.listAccounts, 9, messages.listAccounts.request, {})],
  'listAccounts-part': [
    'one of them',
    body(Kind.part, 9, messages.listAccounts.part, {
      user: 'anna',
      role: 'reader',
      root: pathFromText('docs'),
      rules: ['/docs/private=none'],
      expiresMs: undefined,
      hasPassword: false,
      devices: 2,
      invites: 0,
      sinceMs: 1_760_000_000_000,
      quotaBytes: 1_000_000,
      quotaFiles: undefined,
      downRate: undefined,
      upRate: undefined,
      keepsOld: true,
    }),
  ],
  listDevices: ['which devices are known', body(Kind.listDevices, 9, messages.listDevices.request, {})],
  'listDevices-part': [
    'one of them',
    body(Kind.part, 9, messages.listDevices.part, {
      id: 'abcd-efgh',
      user: 'anna',
      label: 'ferry 0.1.0 on laptop',
      sinceMs: 1_760_000_000_000,
      seenMs: 1_760_000_600_000,
    }),
  ],
  listInvites: ['which invites are open', body(Kind.listInvites, 9, messages.listInvites.request, {})],
  'listInvites-part': [
    'one of them',
    body(Kind.part, 9, messages.listInvites.part, {
      id: 'abcd-efgh',
      user: 'bob',
      usesLeft: 1,
      sinceMs: 1_760_000_000_000,
      expiresMs: 1_760_600_000_000,
    }),
  ],
  listVisits: ['who is connected', body(Kind.listVisits, 9, messages.listVisits.request, {})],
  'listVisits-part': [
    'somebody',
    body(Kind.part, 9, messages.listVisits.part, {
      user: 'anna',
      source: '10.0.0.9',
      sinceMs: 1_760_000_000_000,
      lanes: 2,
      received: 100,
      sent: 5000,
    }),
  ],
  invite: [
    'somebody shall get in',
    body(Kind.invite, 9, messages.invite.request, {
      user: undefined,
      words: { ...messages.nothingSaid, role: 'reader', path: 'docs' },
      forMs: 259_200_000,
      uses: 1,
    }),
  ],
  'invite-reply': [
    'and this lets them',
    body(Kind.reply, 9, messages.invite.reply, {
      user: 'guest1',
      token: counted(0xa0, 16),
      expiresMs: 1_760_259_200_000,
    }),
  ],
  changeAccount: [
    'somebody may do something else from now on',
    body(Kind.changeAccount, 9, messages.changeAccount.request, {
      user: 'anna',
      isNew: false,
      words: { ...messages.nothingSaid, rules: ['docs=writer'], quota: '20G' },
    }),
  ],
  withdraw: [
    'a device is forgotten',
    body(Kind.withdraw, 9, messages.withdraw.request, {
      what: messages.Withdrawal.device,
      name: 'abcd-efgh',
    }),
  ],
  'withdraw-reply': ['whose it was', body(Kind.reply, 9, messages.withdraw.reply, { user: 'anna' })],
  share: [
    'two files for a week, three times each',
    body(Kind.share, 9, messages.share.request, {
      kind: messages.ShareKind.read,
      paths: [path, pathFromText('ü')],
      forMs: 604_800_000,
      downloads: 3,
    }),
  ],
  'share-reply': [
    'what goes into its address',
    body(Kind.reply, 9, messages.share.reply, {
      id: counted(0xe0, 8),
      user: 'share.e0e1e2e3e4e5e6e7',
      token: counted(0xa0, 16),
      expiresMs: 1_760_604_800_000,
    }),
  ],
  listShares: ['which shares there are', body(Kind.listShares, 9, messages.listShares.request, {})],
  'listShares-part': [
    'one of them',
    body(Kind.part, 9, messages.listShares.part, {
      id: counted(0xe0, 8),
      kind: messages.ShareKind.read,
      maker: 'anna',
      paths: [path, pathFromText('ü')],
      pathCount: 2,
      sinceMs: 1_760_000_000_000,
      expiresMs: 1_760_604_800_000,
      downloads: 3,
      verified: 1,
      devices: 2,
    }),
  ],
  endShare: ['one is over', body(Kind.endShare, 9, messages.endShare.request, { id: counted(0xe0, 8) })],
  received: ['a file is there whole', body(Kind.received, 9, messages.received.request, { paths: [path] })],
  welcome: [
    'the server lets it in',
    body(Kind.reply, 1, hello.reply, {
      version: 1,
      features: 0,
      sessionId: counted(0x10, 16),
      sessionSecret: counted(0x20, 32),
      user: 'anna',
      readOnly: false,
      lanes: 16,
    }),
  ],
  error: [
    'a request has failed',
    encodeFrame(
      Kind.error,
      2,
      messages.encodeFailure(new FerryError(Code.NOT_FOUND, 'no such file or folder')),
    ),
  ],
  list: ['list the folder docs', body(Kind.list, 2, list.request, { path: pathFromText('docs') })],
  'list-part': ['a page of it', body(Kind.part, 2, list.part, { entries: [entry, sub] })],
  'list-reply': ['the listing is complete', body(Kind.reply, 2, list.reply, {})],
  stat: ['describe one entry', body(Kind.stat, 3, stat.request, { path })],
  'stat-reply': ['its facts', body(Kind.reply, 3, stat.reply, { facts })],
  mkdir: ['make a folder', body(Kind.mkdir, 4, mkdir.request, { path: pathFromText('new') })],
  rename: [
    'give another name',
    body(Kind.rename, 5, rename.request, { from: path, to: pathFromText('docs/old.txt') }),
  ],
  remove: ['remove an entry', body(Kind.remove, 6, remove.request, { path })],
  space: ['how much is free', body(Kind.space, 7, space.request, { path: [] })],
  setFacts: [
    'time and permissions of a folder',
    body(Kind.setFacts, 7, messages.setFacts.request, {
      path: pathFromText('docs'),
      modified: entry.modified,
      mode: 0o750,
    }),
  ],
  owner: ['whose a file is', body(Kind.owner, 7, messages.owner.request, { path })],
  'owner-reply': ['hers', body(Kind.reply, 7, messages.owner.reply, { user: 'anna', group: 'crew' })],
  setOwner: [
    'give a file to somebody',
    body(Kind.setOwner, 7, messages.setOwner.request, { path, user: 'anna', group: 'crew' }),
  ],
  readLink: ['where a link leads', body(Kind.readLink, 7, messages.readLink.request, { path })],
  'readLink-reply': ['there', body(Kind.reply, 7, messages.readLink.reply, { target: '../a' })],
  makeLink: ['make one', body(Kind.makeLink, 7, messages.makeLink.request, { path, target: '../a' })],
  'space-reply': [
    'this much, of so much',
    body(Kind.reply, 7, space.reply, { free: 5_000_000_000, total: 2 ** 40 }),
  ],
  copy: [
    'copy a file inside of the server',
    body(Kind.copy, 7, messages.copy.request, {
      from: path,
      to: pathFromText('new/notes.txt'),
      existing: 1,
      expected: facts.identity,
    }),
  ],
  'copy-part': [
    'so far, and what failed',
    body(Kind.part, 7, messages.copy.part, {
      files: 20,
      folders: 2,
      bytes: 5000,
      failures: [
        { path: pathFromText('docs/socket'), code: Code.NOT_REGULAR, message: 'not a regular file' },
      ],
    }),
  ],
  'copy-reply': [
    'what it came to',
    body(Kind.reply, 7, messages.copy.reply, { files: 21, folders: 2, bytes: 6000, skipped: 1, failed: 1 }),
  ],
  move: [
    'move it',
    body(Kind.move, 7, messages.move.request, {
      from: path,
      to: pathFromText('new/notes.txt'),
      existing: 0,
      expected: undefined,
    }),
  ],
  removeTree: [
    'remove a folder with all that is in it',
    body(Kind.removeTree, 7, messages.removeTree.request, { path: pathFromText('docs') }),
  ],
  sum: [
    'the digests of all files in a folder',
    body(Kind.sum, 7, messages.sum.request, { path: pathFromText('docs'), algorithm: SumAlgorithm.sha256 }),
  ],
  'sum-part': [
    'one of them',
    body(Kind.part, 7, messages.sum.part, {
      files: 1,
      folders: 1,
      bytes: 6,
      failures: [],
      rows: [{ path: [entry.name], size: 6, digest: counted(0x20, 32) }],
    }),
  ],
  usage: ['how much is in a folder', body(Kind.usage, 7, messages.usage.request, { path: [] })],
  'usage-part': [
    'so far, and a folder of it',
    body(Kind.part, 7, messages.usage.part, {
      files: 3,
      folders: 2,
      bytes: 700,
      failures: [],
      allocated: 12_288,
      rows: [{ name: nameFromText('docs'), files: 2, folders: 1, bytes: 600, allocated: 8192 }],
    }),
  ],
  'usage-reply': [
    'all of it',
    body(Kind.reply, 7, messages.usage.reply, {
      files: 4,
      folders: 2,
      bytes: 800,
      skipped: 0,
      failed: 0,
      allocated: 16_384,
    }),
  ],
  find: [
    'text files of 1 kB at least that have a word, twenty at most',
    body(Kind.find, 7, messages.find.request, {
      path: pathFromText('docs'),
      most: 20,
      name: '*.txt',
      anyCase: true,
      kind: 0,
      minSize: 1000,
      maxSize: undefined,
      after: undefined,
      before: undefined,
      content: 'ferry',
    }),
  ],
  'find-part': [
    'the first hit',
    body(Kind.part, 7, messages.find.part, {
      files: 9,
      folders: 1,
      bytes: 5000,
      failures: [],
      rows: [{ folder: [sub.name], entry, line: 12, text: 'a ferry to the other shore' }],
    }),
  ],
  'find-reply': [
    'there was only that one',
    body(Kind.reply, 7, messages.find.reply, {
      files: 20,
      folders: 2,
      bytes: 9000,
      skipped: 0,
      failed: 0,
      more: false,
    }),
  ],
  trash: [
    'delete a folder so that it can be had back',
    body(Kind.trash, 7, messages.trash.request, { path: pathFromText('docs') }),
  ],
  'trash-reply': ['this brings it back', body(Kind.reply, 7, messages.trash.reply, { deletion })],
  listTrash: ['what can be had back', body(Kind.listTrash, 7, messages.listTrash.request, {})],
  'listTrash-part': [
    'the newest of it',
    body(Kind.part, 7, messages.listTrash.part, {
      files: 0,
      folders: 0,
      bytes: 0,
      failures: [],
      rows: [deletion],
    }),
  ],
  restore: [
    'to where it was',
    body(Kind.restore, 7, messages.restore.request, { id: deletion.id, to: undefined }),
  ],
  'restore-reply': [
    'there it is',
    body(Kind.reply, 7, messages.restore.reply, { path: pathFromText('docs') }),
  ],
  emptyTrash: [
    'one of it, for good',
    body(Kind.emptyTrash, 7, messages.emptyTrash.request, { ids: [deletion.id] }),
  ],
  unpack: [
    'an archive into a new folder',
    body(Kind.unpack, 7, messages.unpack.request, {
      archive: pathFromText('docs.tar.zst'),
      to: pathFromText('docs'),
    }),
  ],
  archive: [
    'a folder as tar.zst',
    body(Kind.archive, 7, messages.archive.request, {
      path: pathFromText('docs'),
      format: messages.ArchiveFormat.zstd,
    }),
  ],
  'archive-reply': [
    'all was sent',
    body(Kind.reply, 7, messages.archive.reply, {
      files: 2,
      folders: 1,
      bytes: 600,
      skipped: 0,
      failed: 0,
      blocks: 1,
      size: 310,
    }),
  ],
  ticket: ['a ticket for a lane', body(Kind.ticket, 8, ticket.request, {})],
  'ticket-reply': ['here it is (opaque)', body(Kind.reply, 8, ticket.reply, { ticket: counted(0, 24) })],
  attach: [
    'the first frame of a lane',
    body(Kind.attach, 1, attach.request, { version: 1, ticket: counted(0, 24), proof: counted(0x60, 32) }),
  ],
  read: [
    'facts and the first four blocks of a file',
    body(Kind.read, 2, read.request, { path, identity: undefined, first: 0, count: 4 }),
  ],
  'read-part': ['its facts', body(Kind.part, 2, read.part, { facts })],
  'read-block': ['its only block', block(2, 0, 0, content)],
  'read-reply': ['one block came', body(Kind.reply, 2, read.reply, { blocks: 1 })],
  create: [
    'begin an upload',
    body(Kind.create, 3, create.request, {
      handle: 1,
      transferId: counted(0xc0, 16),
      path,
      size: content.length,
      modified: entry.modified,
      mode: 0o644,
      overwrite: 0,
      expected: undefined,
      begin: 0,
      source: facts.identity,
      base: undefined,
      basePath: undefined,
      sparse: false,
    }),
  ],
  'create-part': [
    'resumed: block 0 is there',
    body(Kind.part, 3, create.part, { first: 0, digests: blockDigest(content) }),
  ],
  'create-reply': ['begun', body(Kind.reply, 3, create.reply, { committed: undefined, run: 8 })],
  block: ['its only block', block(4, 1, 0, content)],
  'block-reply': ['it is verified and written', body(Kind.reply, 4, messages.block.reply, {})],
  commit: ['publish it', body(Kind.commit, 5, commit.request, { handle: 1, rootDigest: root })],
  'commit-reply': ['it is durable', body(Kind.reply, 5, commit.reply, { facts, durable: true })],
  discard: ['give an upload up', body(Kind.discard, 6, discard.request, { handle: 1, keep: false })],
  store: [
    'two small files at once',
    body(Kind.store, 7, store.request, {
      folder: pathFromText('docs'),
      overwrite: 0,
      again: false,
      files: [
        { name: entry.name, modified: entry.modified, mode: 0o644, rootDigest: root, content },
        {
          name: nameFromText('empty'),
          modified: entry.modified,
          mode: 0o600,
          rootDigest: rootDigest(0, []),
          content: Buffer.alloc(0),
        },
      ],
    }),
  ],
  'store-reply': [
    'the second name was taken',
    body(Kind.reply, 7, store.reply, {
      failures: [{ index: 1, code: Code.EXISTS, message: 'that name is taken' }],
      durable: true,
    }),
  ],
  fetch: [
    'a small file, whole',
    body(Kind.fetch, 8, fetch.request, { folder: pathFromText('docs'), names: [entry.name] }),
  ],
  'fetch-part': [
    'here it is',
    body(Kind.part, 8, fetch.part, { files: [{ index: 0, facts, rootDigest: root, content }], failures: [] }),
  ],
  manifest: [
    'what a file consists of',
    body(Kind.manifest, 9, messages.manifest.request, { path, identity: facts.identity }),
  ],
  'manifest-part': [
    'one block, one chunk',
    body(Kind.part, 9, messages.manifest.part, {
      blocks: blockDigest(content),
      chunks: Buffer.concat([Buffer.from([0, 0, 6]), blockDigest(content).subarray(0, 16)]),
      chunkBytes: 6,
    }),
  ],
  locate: [
    'who begins so, and is so long?',
    body(Kind.locate, 9, messages.locate.request, { size: 5_000_000, firstBlock: blockDigest(content) }),
  ],
  'locate-reply': [
    'perhaps that one',
    body(Kind.reply, 9, messages.locate.reply, { place: { path, identity: facts.identity } }),
  ],
  patch: [
    'a block of four old bytes and two new ones',
    body(Kind.patch, 10, messages.patch.request, {
      handle: 1,
      index: 0,
      digest: blockDigest(content),
      pieces: [
        { from: 100, length: 4 },
        { from: undefined, length: 2 },
      ],
      content: content.subarray(4),
    }),
  ],
  readSlice: [
    'four bytes of a block, with its digest',
    body(Kind.readSlice, 11, messages.readSlice.request, {
      path,
      identity: facts.identity,
      index: 0,
      offset: 2,
      length: 4,
      digest: true,
    }),
  ],
  'readSlice-reply': [
    'the last four bytes of a block',
    body(Kind.reply, 11, messages.readSlice.reply, {
      content: content.subarray(2),
      digest: blockDigest(content),
    }),
  ],
  slice: [
    'the last four bytes of a block, which is to be verified now',
    body(Kind.slice, 12, messages.slice.request, {
      handle: 1,
      index: 0,
      offset: 2,
      content: content.subarray(2),
      digest: blockDigest(content),
    }),
  ],
  readRange: [
    'look at two bytes of a file',
    body(Kind.readRange, 9, messages.readRange.request, { path, identity: undefined, offset: 2, length: 2 }),
  ],
  'readRange-reply': [
    'the file as it is now, and the bytes',
    body(Kind.reply, 9, messages.readRange.reply, { facts, content: content.subarray(2, 4) }),
  ],
  rooms: ['which rooms are there', body(Kind.rooms, 10, messages.rooms.request, {})],
  'rooms-part': [
    'a sealed room, and a direct one with bert',
    body(Kind.part, 10, messages.rooms.part, {
      rooms: [
        { room: 7, kind: 1, name: 'crew', last: 3, lastMs: 1_760_000_000_000, sealing },
        { room: 9, kind: 2, name: 'bert', last: 1, lastMs: 1_750_000_000_000, sealing: undefined },
      ],
    }),
  ],
  'rooms-reply': [
    'that is all',
    body(Kind.reply, 10, messages.rooms.reply, { generation: counted(0x10, 16) }),
  ],
  join: [
    'enter a sealed room, made where it is missing',
    body(Kind.join, 11, messages.join.request, { kind: 1, name: 'crew', create: true, sealing }),
  ],
  'join-reply': [
    'it was there already, made with other salt',
    body(Kind.reply, 11, messages.join.reply, {
      room: 7,
      last: 3,
      sealing: { salt: counted(0x70, 16), check: counted(0x80, 16) },
      generation: counted(0x10, 16),
    }),
  ],
  leave: ['leave it', body(Kind.leave, 12, messages.leave.request, { room: 7 })],
  say: [
    'say something in an open room, with a path',
    body(Kind.say, 13, messages.say.request, {
      room: 8,
      id: counted(0xc0, 16),
      text: 'siehe über',
      path,
      sealed: undefined,
    }),
  ],
  'say-sealed': [
    'say something in a sealed room',
    body(Kind.say, 14, messages.say.request, {
      room: 7,
      id: counted(0xd0, 16),
      text: undefined,
      path: undefined,
      sealed: { session: counted(0x20, 16), counter: 2, sentMs: 1_760_000_000_000, box: counted(0, 80) },
    }),
  ],
  'say-reply': [
    'it has number 4',
    body(Kind.reply, 13, messages.say.reply, { seq: 4, ms: 1_760_000_000_005 }),
  ],
  unsay: [
    'take message 4 of room 8 away',
    body(Kind.unsay, 13, messages.unsay.request, { room: 8, seq: 4, id: counted(0xe0, 16) }),
  ],
  'unsay-reply': [
    'message 5 says so',
    body(Kind.reply, 13, messages.unsay.reply, { seq: 5, ms: 1_760_000_000_006 }),
  ],
  mute: [
    'bert says nothing for an hour',
    body(Kind.mute, 14, messages.mute.request, { name: 'bert', ms: 3_600_000 }),
  ],
  'event-chat-taken': [
    'message 4 was taken away',
    encodeFrame(
      Kind.event,
      0,
      messages.encodeEvent({
        kind: 'chat',
        room: 8,
        last: 5,
        message: { ...chatMessage, seq: 5, after: 4, text: undefined, path: undefined, takes: 4 },
      }),
    ),
  ],
  history: [
    'what was said behind number 2',
    body(Kind.history, 15, messages.history.request, { room: 8, after: 2, most: 100 }),
  ],
  'history-part': ['one message', body(Kind.part, 15, messages.history.part, { messages: [chatMessage] })],
  'history-reply': ['the last one is number 4', body(Kind.reply, 15, messages.history.reply, { last: 4 })],
  watch: [
    'watch /docs as 1',
    body(Kind.watch, 16, messages.watch.request, { id: 1, path: pathFromText('docs') }),
  ],
  'watch-reply': ['the system says what changes', body(Kind.reply, 16, messages.watch.reply, { pollMs: 0 })],
  unwatch: ['no more of 1', body(Kind.unwatch, 17, messages.unwatch.request, { id: 1 })],
  who: ['who is here', body(Kind.who, 18, messages.who.request, {})],
  'who-part': [
    'anna, who shows what she does',
    body(Kind.part, 18, messages.who.part, {
      person: {
        id: counted(0x90, 8).toString('latin1'),
        user: 'anna',
        client: 'ferry 0.1',
        sinceMs: 1_760_000_000_000,
        isSelf: true,
        activity: shownActivity,
      },
    }),
  ],
  'who-reply': ['that is all', body(Kind.reply, 18, messages.who.reply, {})],
  activity: [
    'what others may see',
    body(Kind.activity, 19, messages.activity.request, { activity: shownActivity }),
  ],
  'activity-none': [
    'nothing any more',
    body(Kind.activity, 20, messages.activity.request, { activity: undefined }),
  ],
  'event-presence': [
    'three are here',
    encodeFrame(Kind.event, 0, messages.encodeEvent({ kind: 'presence', here: 3 })),
  ],
  'event-rights': [
    'nothing may be changed any more',
    encodeFrame(Kind.event, 0, messages.encodeEvent({ kind: 'rights', readOnly: true })),
  ],
  'event-folder': [
    'a row and a name that went',
    folderEvent({ kind: 'changed', entries: [entry], gone: [nameFromText('old')] }),
  ],
  'event-folder-again': ['list it again', folderEvent({ kind: 'again' })],
  'event-folder-over': [
    'it has gone',
    folderEvent({ kind: 'over', error: new FerryError(Code.NOT_FOUND, 'no such file or folder') }),
  ],
  'event-chat': [
    'something was said',
    encodeFrame(
      Kind.event,
      0,
      messages.encodeEvent({ kind: 'chat', room: 8, last: 4, message: chatMessage }),
    ),
  ],
  'event-chat-more': [
    'there is more than was told, up to number 9',
    encodeFrame(Kind.event, 0, messages.encodeEvent({ kind: 'chat', room: 8, last: 9, message: undefined })),
  ],
  cancel: ['request 2 is no longer wanted', encodeFrame(Kind.cancel, 2, Buffer.alloc(0))],
  'event-closed': [
    'the owner has taken the access away',
    encodeFrame(
      Kind.event,
      0,
      messages.encodeEvent({ kind: 'closed', error: new FerryError(Code.REVOKED, 'you are out') }),
    ),
  ],
  'event-notice': [
    'the owner says something',
    encodeFrame(Kind.event, 0, messages.encodeEvent({ kind: 'notice', text: 'lunch at noon' })),
  ],
  'event-going-down': [
    'the server ends in 30 s',
    encodeFrame(Kind.event, 0, messages.encodeEvent({ kind: 'going-down', drainMs: 30_000 })),
  ],
  ping: ['are you there', encodeFrame(Kind.ping, 0, Buffer.alloc(0))],
  pong: ['yes', encodeFrame(Kind.pong, 0, Buffer.alloc(0))],
};

const bytes = (...list: readonly number[]): Buffer => Buffer.from(list);
const listOf = (name: string): Buffer =>
  encodeFrame(
    Kind.list,
    2,
    Buffer.concat([bytes(0x91, 0xc4, Buffer.byteLength(name, 'latin1')), Buffer.from(name, 'latin1')]),
  );
const goodBlock = block(4, 1, 0, content);
const changed = (frame: Buffer, at: number, value: number): Buffer => {
  const copy = Buffer.from(frame);
  copy[at] = value;
  return copy;
};

const hostile: Record<string, readonly [says: string, frame: Buffer, error: keyof typeof Code]> = {
  'frame-4-gib': [
    'a length of 4 GiB',
    bytes(0xff, 0xff, 0xff, 0xff, Kind.list, 0, 0, 0, 2),
    'FRAME_TOO_LARGE',
  ],
  'frame-too-short': [
    'a length that does not hold kind and id',
    bytes(0, 0, 0, 4, Kind.list, 0, 0, 0, 2),
    'MALFORMED',
  ],
  map: [
    'a map where a tuple belongs',
    encodeFrame(Kind.list, 2, bytes(0x81, 0xa4, 0x70, 0x61, 0x74, 0x68, 0xc4, 0x00)),
    'MALFORMED',
  ],
  extension: ['an extension', encodeFrame(Kind.list, 2, bytes(0x91, 0xd4, 0x72, 0x40)), 'MALFORMED'],
  'deep-arrays': [
    'nine arrays in one another',
    encodeFrame(Kind.list, 2, bytes(...Array(9).fill(0x91), 0xc0)),
    'MALFORMED',
  ],
  'array-count-lies': [
    'an array of 65,535 elements in three bytes',
    encodeFrame(Kind.list, 2, bytes(0xdc, 0xff, 0xff)),
    'MALFORMED',
  ],
  'trailing-bytes': [
    'a byte behind the value',
    encodeFrame(Kind.list, 2, bytes(0x91, 0xc4, 0x00, 0xc0)),
    'MALFORMED',
  ],
  'text-not-utf-8': [
    'text that is not UTF-8',
    encodeFrame(Kind.hello, 1, bytes(0x97, 1, 0, 0xa2, 0xc0, 0xaf, 0, 0xc0, 0xc0, 0xc0)),
    'MALFORMED',
  ],
  'path-as-text': ['a path as str, not bin', encodeFrame(Kind.list, 2, bytes(0x91, 0xa1, 0x61)), 'MALFORMED'],
  'count-as-text': [
    'a number as text',
    encodeFrame(Kind.read, 2, bytes(0x94, 0xc4, 1, 0x61, 0xc0, 0, 0xa1, 0x31)),
    'MALFORMED',
  ],
  'count-too-large': [
    'seventeen blocks asked for',
    encodeFrame(Kind.read, 2, bytes(0x94, 0xc4, 1, 0x61, 0xc0, 0, 17)),
    'MALFORMED',
  ],
  'tuple-too-short': [
    'a rename without its target',
    encodeFrame(Kind.rename, 2, bytes(0x91, 0xc4, 1, 0x61)),
    'MALFORMED',
  ],
  'path-up': ['..', listOf('docs/../../etc'), 'NAME_INVALID'],
  'path-absolute': ['a leading slash', listOf('/etc'), 'NAME_INVALID'],
  'path-empty-name': ['a doubled slash', listOf('a//b'), 'NAME_INVALID'],
  'path-nul': ['a NUL byte', listOf('a\0b'), 'NAME_INVALID'],
  'path-staging': ['the folder of partial files', listOf('.ferry/part'), 'NAME_INVALID'],
  'name-256': [
    'a name of 256 bytes',
    encodeFrame(Kind.list, 2, Buffer.concat([bytes(0x91, 0xc5, 1, 0), Buffer.alloc(256, 0x61)])),
    'NAME_TOO_LONG',
  ],
  'block-length-lies': [
    'a block header of another length than its content',
    changed(goodBlock, 9 + 11, 7),
    'MALFORMED',
  ],
  'block-unknown-flag': ['a block with a flag that nobody knows', changed(goodBlock, 9 + 12, 2), 'MALFORMED'],
};

// Those of the chunker are for ever and not made here.
for (const old of globSync('{*,hostile/*}.json', { cwd: folder })) rmSync(join(folder, old));
mkdirSync(join(folder, 'hostile'), { recursive: true });
const write = (name: string, vector: object): void => {
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(vector, undefined, 2)}\n`);
};
for (const [name, [says, frame]] of Object.entries(vectors)) {
  const kind = frame.readUInt8(4);
  write(name, {
    says,
    kind,
    id: frame.readUInt32BE(5),
    meaning: meaningOf(kind, frame.subarray(frameHeaderBytes)),
    hex: frame.toString('hex'),
  });
}
for (const [name, [says, frame, error]] of Object.entries(hostile)) {
  write(`hostile/${name}`, { says, error, hex: frame.toString('hex') });
}
const page = join(folder, '../../docs/PROTOCOL.md');
writeFileSync(
  page,
  quoted(readFileSync(page, 'utf8'), (name) => vectors[name]?.[1].toString('hex')),
);
process.stdout.write(`${Object.keys(vectors).length} vectors, ${Object.keys(hostile).length} hostile ones\n`);
