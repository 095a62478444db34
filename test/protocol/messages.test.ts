import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, EntryKind, type Facts, FerryError, nameFromText } from '@ferry/protocol';
import * as messages from '@ferry/protocol/messages';
import {
  decodeBody,
  encodeBody,
  type Operation,
  type Packable,
  pack,
  type Shape,
} from '@ferry/protocol/wire';
import { withCode } from '../support/code.ts';

const entry = {
  name: nameFromText('a.txt'),
  kind: EntryKind.file,
  size: 2 ** 41,
  modified: { s: -5, ns: 999_999_999 },
  mode: 0o644,
};
const facts: Facts = { ...entry, identity: 'i'.repeat(16), sparse: true };
const path = [nameFromText('a'), nameFromText('ü')];
const bytes = (count: number): Buffer => Buffer.alloc(count, 7);
const progress = { files: 1, folders: 2, bytes: 3, failures: [{ path, code: 45, message: 'taken' }] };
const deletion = {
  id: bytes(16),
  path,
  kind: 1,
  files: 2,
  bytes: 3,
  deletedMs: 4,
  isReplaced: true,
} as const;

const sealing = { salt: bytes(16), check: bytes(16) };
const sealedMessage = {
  seq: 2,
  after: 1,
  ms: 3,
  from: 'anna',
  id: bytes(16),
  text: undefined,
  path: undefined,
  sealed: { session: bytes(16), counter: 4, sentMs: 5, box: bytes(64) },
  takes: undefined,
};

/** An example of every shape that crosses the wire. */
const examples: readonly (readonly [string, Shape<unknown>, unknown])[] = [
  ...of('hello', messages.hello, {
    request: {
      version: 1,
      features: 0,
      client: 'test',
      login: 2,
      token: bytes(16),
      deviceKey: bytes(32),
      signature: bytes(64),
    },
    reply: {
      version: 1,
      features: 0,
      sessionId: bytes(16),
      sessionSecret: bytes(32),
      user: 'anna',
      readOnly: true,
      lanes: 4,
    },
  }),
  ...of('list', messages.list, { request: { path }, part: { entries: [entry, entry] } }),
  ...of('stat', messages.stat, { request: { path: [] }, reply: { facts } }),
  ...of('mkdir', messages.mkdir, { request: { path } }),
  ...of('rename', messages.rename, { request: { from: path, to: [nameFromText('b')] } }),
  ...of('remove', messages.remove, { request: { path } }),
  ...of('space', messages.space, { request: { path }, reply: { free: 1, total: 2 ** 50 } }),
  ...of('owner', messages.owner, { request: { path }, reply: { user: 'anna', group: '' } }),
  ...of('setOwner', messages.setOwner, { request: { path, user: 'anna', group: 'crew' } }),
  ...of('setFacts', messages.setFacts, { request: { path, modified: { s: 1, ns: 2 }, mode: 0o755 } }),
  ...of('readLink', messages.readLink, { request: { path }, reply: { target: '../x' } }),
  ...of('makeLink', messages.makeLink, { request: { path, target: '../x' } }),
  ...of('copy', messages.copy, {
    request: { from: path, to: [nameFromText('b')], existing: 1, expected: 'x' },
    part: progress,
    reply: { files: 1, folders: 2, bytes: 3, skipped: 4, failed: 5 },
  }),
  ...of('move', messages.move, {
    request: { from: path, to: [nameFromText('b')], existing: 2, expected: undefined },
  }),
  ...of('removeTree', messages.removeTree, { request: { path } }),
  ...of('sum', messages.sum, {
    request: { path, algorithm: 1 },
    part: { ...progress, rows: [{ path: [], size: 3, digest: bytes(32) }] },
  }),
  ...of('usage', messages.usage, {
    request: { path },
    part: {
      ...progress,
      allocated: 4096,
      rows: [{ name: nameFromText('b'), files: 1, folders: 1, bytes: 3, allocated: 4096 }],
    },
    reply: { files: 1, folders: 2, bytes: 3, skipped: 4, failed: 5, allocated: 6 },
  }),
  ...of('find', messages.find, {
    request: {
      path,
      most: 10,
      name: '*.txt',
      anyCase: true,
      kind: 0,
      minSize: 1,
      maxSize: 2,
      after: -3,
      before: 4,
      content: 'ü',
    },
    part: { ...progress, rows: [{ folder: path, entry, line: 3, text: 'a line' }] },
    reply: { files: 1, folders: 2, bytes: 3, skipped: 4, failed: 5, more: true },
  }),
  ...of('trash', messages.trash, { request: { path }, part: progress, reply: { deletion } }),
  ...of('listTrash', messages.listTrash, { request: {}, part: { ...progress, rows: [deletion] } }),
  ...of('restore', messages.restore, { request: { id: bytes(16), to: path }, reply: { path } }),
  ...of('emptyTrash', messages.emptyTrash, { request: { ids: [bytes(16)] } }),
  ...of('locate', messages.locate, {
    request: { size: 5_000_000, firstBlock: bytes(32) },
    reply: { place: { path, identity: facts.identity } },
  }),
  ...of('archive', messages.archive, {
    request: { path, format: messages.ArchiveFormat.zstd },
    part: progress,
    reply: { files: 1, folders: 2, bytes: 3, skipped: 4, failed: 5, blocks: 6, size: 7 },
  }),
  ...of('unpack', messages.unpack, { request: { archive: path, to: path } }),
  ...of('ticket', messages.ticket, { request: {}, reply: { ticket: bytes(100) } }),
  ...of('attach', messages.attach, { request: { version: 1, ticket: bytes(100), proof: bytes(32) } }),
  ...of('read', messages.read, {
    request: { path, identity: undefined, first: 0, count: 16 },
    part: { facts },
    reply: { blocks: 3 },
  }),
  ...of('create', messages.create, {
    request: {
      handle: 1,
      transferId: bytes(16),
      path,
      size: 5,
      modified: { s: 1, ns: 2 },
      mode: 0o755,
      overwrite: 1,
      expected: 'x',
      begin: 1,
      source: 'y',
      base: 'z',
      basePath: path,
      sparse: true,
    },
    part: { first: 3, digests: bytes(64) },
    reply: { committed: { facts, durable: true }, run: 8 },
  }),
  ...of('commit', messages.commit, {
    request: { handle: 1, rootDigest: bytes(32) },
    reply: { facts, durable: true },
  }),
  ...of('store', messages.store, {
    request: {
      folder: path,
      overwrite: 0,
      again: true,
      files: [
        {
          name: nameFromText('b'),
          modified: { s: 1, ns: 2 },
          mode: 0o644,
          rootDigest: bytes(32),
          content: bytes(9),
        },
      ],
    },
    reply: { failures: [{ index: 3, code: 45, message: 'taken' }], durable: true },
  }),
  ...of('fetch', messages.fetch, {
    request: { folder: path, names: [nameFromText('b')] },
    part: {
      files: [{ index: 0, facts, rootDigest: bytes(32), content: bytes(9) }],
      failures: [{ index: 1, code: 42, message: 'gone' }],
    },
  }),
  ...of('manifest', messages.manifest, {
    request: { path, identity: 'x' },
    part: { blocks: bytes(64), chunks: bytes(38), chunkBytes: 70_000 },
  }),
  ...of('patch', messages.patch, {
    request: {
      handle: 1,
      index: 2,
      digest: bytes(32),
      pieces: [
        { from: 5, length: 6 },
        { from: undefined, length: 3 },
      ],
      content: bytes(3),
    },
  }),
  ...of('readSlice', messages.readSlice, {
    request: { path, identity: 'x', index: 2, offset: 65_536, length: 32_768, digest: true },
    reply: { content: bytes(9), digest: bytes(32) },
  }),
  ...of('slice', messages.slice, {
    request: { handle: 1, index: 2, offset: 3, content: bytes(9), digest: undefined },
  }),
  ...of('rooms', messages.rooms, {
    request: {},
    part: { rooms: [{ room: 1, kind: 1, name: 'crew', last: 2, lastMs: 3, sealing }] },
    reply: { generation: bytes(16) },
  }),
  ...of('join', messages.join, {
    request: { kind: 1, name: 'crew', create: true, sealing },
    reply: { room: 1, last: 2, sealing: undefined, generation: bytes(16) },
  }),
  ...of('leave', messages.leave, { request: { room: 1 } }),
  ...of('say', messages.say, {
    request: { room: 1, id: bytes(16), text: 'höher', path, sealed: undefined },
    reply: { seq: 1, ms: 2 },
  }),
  ...of('unsay', messages.unsay, {
    request: { room: 1, seq: 2, id: bytes(16) },
    reply: { seq: 3, ms: 4 },
  }),
  ...of('mute', messages.mute, { request: { name: 'bert', ms: undefined } }),
  ...of('history', messages.history, {
    request: { room: 1, after: 2, most: 3 },
    part: { messages: [sealedMessage] },
    reply: { last: 4 },
  }),
  ...of('discard', messages.discard, { request: { handle: 1, keep: true } }),
];

function of<Q, P, R>(
  name: string,
  op: Operation<Q, P, R>,
  values: { request: Q; part?: P; reply?: R },
): (readonly [string, Shape<unknown>, unknown])[] {
  const list: (readonly [string, Shape<unknown>, unknown])[] = [
    [`${name} request`, op.request as Shape<unknown>, values.request],
  ];
  if (values.part !== undefined) list.push([`${name} part`, op.part as Shape<unknown>, values.part]);
  if (values.reply !== undefined) list.push([`${name} reply`, op.reply as Shape<unknown>, values.reply]);
  return list;
}

/** What no field takes as its own. */
const confusing: readonly Packable[] = [
  null,
  true,
  -1,
  1.5,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  'text',
  '',
  Buffer.alloc(0),
  Buffer.alloc(3000),
  [],
  [[]],
];

describe('messages', () => {
  for (const [name, shape, value] of examples) {
    test(`${name} survives the wire`, () => {
      assert.deepEqual(decodeBody(shape, encodeBody(shape, value)), value);
    });

    test(`${name} with more fields at its end reads the same, with fewer it is malformed`, () => {
      const packed = shape.put(value) as readonly Packable[];
      assert.deepEqual(decodeBody(shape, pack([...packed, 'from the future'])), value);
      if (packed.length > 0) {
        assert.throws(
          () => decodeBody(shape, pack(packed.slice(0, -1))),
          (error) => error instanceof FerryError,
        );
      }
    });

    test(`${name} with a field of the wrong type is refused or means the same (PROT-10, PROT-11)`, () => {
      const packed = shape.put(value) as readonly Packable[];
      packed.forEach((_, i) => {
        for (const wrong of confusing) {
          const body = pack(packed.map((field, at) => (at === i ? wrong : field)));
          try {
            const again = encodeBody(shape, decodeBody(shape, body));
            // Taken: then it is a legal value of that field and comes out as it went in.
            assert.equal(again.toString('hex'), body.toString('hex'));
          } catch (error) {
            if (!(error instanceof FerryError)) throw error;
            const { code } = error;
            assert.ok(
              code === Code.MALFORMED || code === Code.NAME_INVALID || code === Code.NAME_TOO_LONG,
              error.message,
            );
          }
        }
      });
    });
  }

  test('an illegal name in a listing is refused (CLNT-01)', () => {
    for (const name of ['..', '.', '', 'a/b', 'a\0b', 'x'.repeat(256)]) {
      const row = [Buffer.from(name, 'latin1'), 0, 0, 0, 0, 0];
      assert.throws(
        () => decodeBody(messages.list.part, pack([[row]])),
        (error) => error instanceof FerryError,
        name,
      );
    }
  });

  test('errors keep their code, sentence and hint; unknown codes become INTERNAL', () => {
    const error = new FerryError(Code.NO_SPACE, 'full', { retryAfterMs: 500 });
    const back = messages.decodeFailure(messages.encodeFailure(error));
    assert.deepEqual([back.code, back.message, back.retryAfterMs], [Code.NO_SPACE, 'full', 500]);
    const strange = messages.decodeFailure(pack([9999, 'odd', 0]));
    assert.equal(strange.code, Code.INTERNAL);
    assert.match(strange.message, /9999/);
  });

  test('an unknown event is skipped', () => {
    assert.equal(messages.decodeEvent(pack([77, 'whatever'])), undefined);
    assert.deepEqual(messages.decodeEvent(messages.encodeEvent({ kind: 'going-down', drainMs: 5 })), {
      kind: 'going-down',
      drainMs: 5,
    });
    const closed = messages.encodeEvent({ kind: 'closed', error: new FerryError(Code.KICKED, 'out') });
    const told = messages.decodeEvent(closed);
    assert.ok(told?.kind === 'closed');
    assert.deepEqual([told.error.code, told.error.message], [Code.KICKED, 'out']);
    assert.throws(() => messages.decodeEvent(pack([2, 'x', 'out'])), FerryError);
    const taking = { ...sealedMessage, sealed: undefined, takes: 1 };
    const taken = { ...taking, takes: undefined };
    for (const message of [undefined, sealedMessage, taking, taken]) {
      const event = { kind: 'chat', room: 1, last: 2, message } as const;
      assert.deepEqual(messages.decodeEvent(messages.encodeEvent(event)), event);
    }
  });

  test('a message that is both said and sealed, or neither, is refused', () => {
    const shape = messages.say.request;
    const { sealed } = sealedMessage;
    for (const said of [
      { text: 'a', path: undefined, sealed },
      { text: undefined, path, sealed },
      { text: undefined, path: undefined, sealed: undefined },
    ]) {
      const body = encodeBody(shape as unknown as Shape<object>, { room: 1, id: bytes(16), ...said });
      assert.throws(() => decodeBody(shape, body), withCode('MALFORMED'));
    }
  });
});
