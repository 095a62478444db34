/** Read-only people, against every verb (AUTZ-01). The matrix comes from the table of operations, so none can be forgotten. */

import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { epoch, type FerryError, nameFromText } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import {
  commit,
  create,
  discard,
  fetch,
  list,
  locate,
  makeLink,
  manifest,
  mkdir,
  patch,
  read,
  readLink,
  readRange,
  readSlice,
  remove,
  rename,
  setFacts,
  slice,
  space,
  stat,
  store,
  ticket,
} from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import { Kind } from '@ferry/protocol/wire';
import { checkRight, rights } from '../../packages/server/src/access/principal.ts';
import { createOf, logInto, openLane, sendBlock } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder, snapshot } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';
import { randomContent } from '../support/staging.ts';

type Try = (session: ClientChannel, lane: ClientChannel, pool: BlockPool) => Promise<unknown>;

const content = randomContent(10);
const file = path('file');

/** One honest use of every operation that comes after login. */
const tries: ReadonlyMap<Kind, Try> = new Map<Kind, Try>([
  [Kind.list, (session) => session.call(list, { path: [] })],
  [Kind.stat, (session) => session.call(stat, { path: file })],
  [Kind.space, (session) => session.call(space, { path: [] })],
  [Kind.ticket, (session) => session.call(ticket, {})],
  [Kind.mkdir, (session) => session.call(mkdir, { path: path('new') })],
  [Kind.rename, (session) => session.call(rename, { from: file, to: path('other') })],
  [Kind.remove, (session) => session.call(remove, { path: file })],
  [Kind.setFacts, (session) => session.call(setFacts, { path: file, modified: epoch, mode: 0o600 })],
  [Kind.readLink, (session) => session.call(readLink, { path: path('link') })],
  [
    Kind.readRange,
    (session) => session.call(readRange, { path: file, identity: undefined, offset: 0, length: 1 }),
  ],
  [Kind.makeLink, (session) => session.call(makeLink, { path: path('new-link'), target: 'file' })],
  [Kind.read, (_, lane) => lane.call(read, { path: file, identity: undefined, first: 0, count: 1 })],
  [Kind.create, (_, lane) => lane.call(create, createOf(path('new'), content))],
  [Kind.block, (_, lane, pool) => sendBlock(lane, 1, 0, content.bytes, pool).answered],
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
  [
    Kind.manifest,
    async (session, lane) => {
      const { facts } = await session.call(stat, { path: file });
      return lane.call(manifest, { path: file, identity: facts.identity });
    },
  ],
  [
    Kind.patch,
    (_, lane) =>
      lane.call(patch, { handle: 1, index: 0, digest: content.root, pieces: [], content: Buffer.alloc(0) }),
  ],
  [Kind.locate, (_, lane) => lane.call(locate, { size: 1, firstBlock: content.root })],
  [
    Kind.slice,
    (_, lane) =>
      lane.call(slice, { handle: 1, index: 0, offset: 0, content: content.bytes, digest: undefined }),
  ],
  [
    Kind.readSlice,
    async (session, lane) => {
      const { identity } = (await session.call(stat, { path: file })).facts;
      return lane.call(readSlice, { path: file, identity, index: 0, offset: 0, length: 3, digest: false });
    },
  ],
  [Kind.fetch, (_, lane) => lane.call(fetch, { folder: [], names: [nameFromText('file')] })],
]);

/** Requests from 0x20 up are those of logged-in people; below are answers and the two ways to log in. */
const operations = Object.values(Kind).filter((kind) => kind >= 0x20);

describe('rights', () => {
  it('cover every operation', () => {
    for (const kind of operations) {
      assert.ok(rights.get('owner')?.has(kind), `nobody may do 0x${kind.toString(16)}`);
      assert.ok(tries.has(kind), `0x${kind.toString(16)} is missing from this test`);
    }
  });

  it('refuse what is in no table', () => {
    assert.throws(() => checkRight('owner', Kind.hello), withCode('FORBIDDEN'));
  });

  it('let readers read, and change nothing (AUTZ-01)', async (t) => {
    const dir = scratchFolder(t);
    writeFileSync(join(dir, 'file'), 'content');
    symlinkSync('file', join(dir, 'link'));
    const server = await startServer(t, { dir, args: ['--open=read-only'] });
    const session = await logInto(server);
    const pool = new BlockPool();
    const before = snapshot(dir).map(withoutAccessTime);
    const answers = new Map<Kind, string>();
    const lane = await openLane(server, session, { pool });
    for (const [kind, attempt] of tries) {
      const answer = await attempt(session.channel, lane, pool).then(
        () => 'done',
        (error: FerryError) => error.codeName,
      );
      answers.set(kind, answer);
    }
    const reading = new Set<Kind>([
      Kind.list,
      Kind.stat,
      Kind.space,
      Kind.ticket,
      Kind.read,
      Kind.readSlice,
      Kind.fetch,
      Kind.manifest,
      Kind.locate,
      Kind.readLink,
      Kind.readRange,
    ]);
    for (const kind of operations) assert.equal(answers.get(kind), reading.has(kind) ? 'done' : 'READ_ONLY');
    assert.deepEqual(snapshot(dir).map(withoutAccessTime), before);
    lane.close();
    session.channel.close();
  });
});

/** Reading is allowed, and may leave an access time: the last column of a file's line. */
function withoutAccessTime(line: string): string {
  return line.split(' ').slice(0, 7).join(' ');
}
