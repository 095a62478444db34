/** One file to a server that keeps the rules, over lanes that may die: the whole file or nothing. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Code, EntryKind, FerryError, limits } from '@ferry/protocol';
import {
  BlockPool,
  blockContentAt,
  blockCount,
  blockDigest,
  readBlockHeader,
  rootDigest,
  sameDigest,
} from '@ferry/protocol/content';
import { Root } from '@ferry/protocol/disk';
import { type MemoryLinkOpts, memoryLinks } from '@ferry/protocol/link';
import {
  Begin,
  type Commit,
  type Create,
  type Created,
  commit,
  create,
  discard,
  type Have,
  Overwrite,
} from '@ferry/protocol/messages';
import { ClientChannel, handler, type ServerCall, ServerChannel } from '@ferry/protocol/session';
import { frameHeaderBytes } from '@ferry/protocol/wire';
import type { LaneSource } from '../../../packages/tui/src/client/lanes.ts';
import type { TransferContext } from '../../../packages/tui/src/transfer/context.ts';
import { Gate } from '../../../packages/tui/src/transfer/gate.ts';
import { unpaced } from '../../../packages/tui/src/transfer/pace.ts';
import { upload } from '../../../packages/tui/src/transfer/upload.ts';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { boundarySizes } from '../../support/staging.ts';

const MiB = limits.blockBytes;

type Receiver = {
  readonly lanes: LaneSource;
  readonly creates: Create[];
  /** Files by path, as committed. */
  readonly files: Map<string, Buffer>;
  /** Uploads that are neither committed nor given up, by their handle… */
  readonly open: Map<number, Parts>;
  /** …and those that a lost lane left behind, by their transfer. */
  readonly left: Map<string, Parts>;
  opened: number;
  blocks: number;
};

type Parts = { request: Create; blocks: Map<number, Buffer>; digests: Uint8Array[] };

type Manners = {
  readonly linkOpts?: (lane: number) => MemoryLinkOpts;
  /** Called before a block is taken; may throw or wait. */
  readonly before?: (index: number) => Promise<void> | void;
  readonly onCommit?: () => void;
};

/** A server in memory that checks what it is sent. */
function receiver({ linkOpts = () => ({}), before, onCommit }: Manners = {}): Receiver {
  const pool = new BlockPool();
  let channel: ClientChannel | undefined;
  let handle = 0;
  const begin = (request: Create, call: ServerCall<Have>): Created => {
    server.creates.push(request);
    if (request.overwrite === Overwrite.never && server.files.has(request.path.join('/')))
      throw new FerryError(Code.EXISTS, 'that name is taken');
    const id = Buffer.from(request.transferId).toString('hex');
    const found = request.begin === Begin.fresh ? undefined : server.left.get(id);
    for (const [first, digests] of found?.digests.entries() ?? []) call.part({ first, digests });
    const partial = found ?? { request, blocks: new Map(), digests: [] };
    server.left.set(id, partial);
    server.open.set(request.handle, partial);
    return { committed: undefined, run: 1 };
  };
  const forget = (of: number): void => {
    const id = server.open.get(of)?.request.transferId;
    server.open.delete(of);
    if (id !== undefined) server.left.delete(Buffer.from(id).toString('hex'));
  };
  const finish = ({ handle: of, rootDigest: expected }: Commit) => {
    onCommit?.();
    const found = server.open.get(of);
    if (found === undefined) throw new FerryError(Code.BAD_STATE, 'there is no such upload');
    forget(of);
    const { request, blocks, digests } = found;
    if (blocks.size !== blockCount(request.size)) throw new FerryError(Code.BAD_STATE, 'blocks are missing');
    if (!sameDigest(rootDigest(request.size, digests), expected))
      throw new FerryError(Code.INTEGRITY, 'another file');
    const inOrder = [...blocks].toSorted(([a], [b]) => a - b).map(([, bytes]) => bytes);
    server.files.set(request.path.join('/'), Buffer.concat(inOrder));
    const { size, modified, mode } = request;
    const name = request.path.at(-1) ?? path('f')[0];
    assert.ok(name);
    return {
      facts: { name, kind: EntryKind.file, size, modified, mode, identity: 'x', sparse: false },
      durable: true,
    };
  };
  const take = async (buffer: Buffer, bodyBytes: number): Promise<void> => {
    const header = readBlockHeader(buffer.subarray(frameHeaderBytes, frameHeaderBytes + bodyBytes));
    const content = Buffer.from(buffer.subarray(blockContentAt, blockContentAt + header.length));
    await before?.(header.index);
    const found = server.open.get(header.handle);
    if (found === undefined) throw new FerryError(Code.BAD_STATE, 'there is no such upload');
    if (!sameDigest(blockDigest(content), header.digest)) throw new FerryError(Code.INTEGRITY, 'damaged');
    found.blocks.set(header.index, content);
    found.digests[header.index] = header.digest;
    server.blocks += 1;
  };
  /** A small file is not kept for later. */
  const lost = (): void => {
    for (const [of, { request }] of server.open) if (blockCount(request.size) <= 8) forget(of);
    server.open.clear();
  };
  const open = ({ a, b }: ReturnType<typeof memoryLinks>): ClientChannel => {
    const lane = new ServerChannel(b, { pool, handlers: new Map(), onEnd: lost });
    const handlers = new Map([
      handler(create, begin),
      handler(commit, finish),
      handler(discard, ({ handle: of, keep }) => {
        if (keep) server.open.delete(of);
        else forget(of);
        return {};
      }),
    ]);
    lane.become(handlers, limits.controlFrameBytes, take);
    return new ClientChannel(a);
  };
  const server: Receiver = {
    creates: [],
    files: new Map(),
    open: new Map(),
    left: new Map(),
    opened: 0,
    blocks: 0,
    lanes: {
      share: () => 1,
      prepare: () => {},
      take: async () => {
        if (channel === undefined || channel.ended !== undefined) {
          server.opened += 1;
          channel = open(memoryLinks(linkOpts(server.opened)));
        }
        return {
          channel,
          nextHandle: () => {
            handle += 1;
            return handle;
          },
          moved: () => {},
          window: () => 6,
          rttMs: 0,
          abandon: () => channel?.abort(new FerryError(Code.CONNECTION_LOST, 'abandoned')),
          release: () => {},
        };
      },
    },
  };
  return server;
}

type Setup = {
  readonly file: string;
  readonly pool: BlockPool;
  readonly told: () => number;
  readonly run: () => Promise<void>;
};

type More = Partial<TransferContext> & { readonly source?: Setup };

function setUp(t: TestContext, server: Receiver, bytes: Buffer, { source, ...more }: More = {}): Setup {
  const folder = source === undefined ? scratchFolder(t) : dirname(source.file);
  const file = join(folder, 'f');
  if (source === undefined) {
    writeFileSync(file, bytes);
    chmodSync(file, 0o640);
    utimesSync(file, 1_600_000_000, 1_600_000_000);
  }
  const root = Root.open(folder);
  t.after(() => root.close());
  const pool = new BlockPool(8);
  let told = 0;
  const context: TransferContext = {
    lanes: server.lanes,
    pool,
    gate: new Gate(),
    pace: unpaced,
    placing: { existing: 'fail' },
    signal: new AbortController().signal,
    onBytes: (count) => {
      told += count;
    },
    ...more,
  };
  const run = () => upload({ root, source: path('f'), target: path('to/got') }, context);
  return { file, pool, told: () => told, run };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

async function assertNothing(server: Receiver, { pool, told }: Setup): Promise<void> {
  assert.equal(server.files.size, 0);
  await until(() => server.open.size === 0 && server.left.size === 0 && pool.out === 0);
  assert.equal(told(), 0);
}

for (const size of [...boundarySizes, 9 * MiB]) {
  test(`a file of ${size} bytes arrives byte for byte, with its time and permissions`, async (t) => {
    const bytes = randomBytes(size);
    const server = receiver();
    const { pool, told, run } = setUp(t, server, bytes);
    await run();
    assert.ok(server.files.get('to/got')?.equals(bytes));
    const [request] = server.creates;
    assert.deepEqual([request?.mode, request?.modified.s], [0o640, 1_600_000_000]);
    assert.deepEqual([told(), pool.out, server.creates.length], [size, 0, 1]);
  });
}

for (const [what, change] of [
  ['written to', (file: string) => writeFileSync(file, randomBytes(20 * MiB))],
  ['appended to', (file: string) => appendFileSync(file, 'more')],
  ['cut off', (file: string) => writeFileSync(file, randomBytes(MiB))],
] as const) {
  test(`a source ${what} while it is sent is SOURCE_CHANGED, and nothing is there (XFER-06)`, async (t) => {
    let file = '';
    const server = receiver({
      before: (index) => {
        if (index === 2) change(file);
      },
    });
    const setup = setUp(t, server, randomBytes(20 * MiB));
    file = setup.file;
    await assert.rejects(setup.run(), withCode('SOURCE_CHANGED'));
    await assertNothing(server, setup);
  });
}

test('a lane cut in a small file: it begins again on another', async (t) => {
  const bytes = randomBytes(7 * MiB);
  const server = receiver({ linkOpts: (lane) => (lane <= 3 ? { cutAfterBytes: 4 * MiB + 5000 } : {}) });
  const { pool, told, run } = setUp(t, server, bytes);
  await run();
  assert.ok(server.files.get('to/got')?.equals(bytes));
  assert.deepEqual([server.opened, told(), pool.out], [4, 7 * MiB, 0]);
});

test('lanes cut in a large file: what the server has is not sent again (XFER-25)', async (t) => {
  const bytes = randomBytes(20 * MiB);
  const server = receiver({ linkOpts: (lane) => (lane <= 3 ? { cutAfterBytes: 4 * MiB + 5000 } : {}) });
  const { pool, told, run } = setUp(t, server, bytes);
  await run();
  assert.ok(server.files.get('to/got')?.equals(bytes));
  assert.deepEqual([server.opened, told(), pool.out], [4, 20 * MiB, 0]);
  assert.equal(server.blocks, 20);
});

test('an upload that was interrupted is gone on with by the next one', async (t) => {
  const bytes = randomBytes(20 * MiB);
  const stop = new AbortController();
  const quit = new FerryError(Code.SHUTTING_DOWN, 'quit');
  const server = receiver({
    before: (index) => {
      if (index === 9 && server.opened === 1) stop.abort(quit);
    },
  });
  const first = setUp(t, server, bytes, { signal: stop.signal });
  await assert.rejects(first.run(), withCode('CANCELLED'));
  assert.equal(first.told(), 0);
  const sent = server.blocks;
  assert.ok(sent >= 9 && sent < 20);
  const again = setUp(t, server, bytes, { source: first });
  await again.run();
  assert.ok(server.files.get('to/got')?.equals(bytes));
  assert.deepEqual([again.told(), server.blocks], [20 * MiB, 20]);
});

test('lanes that never carry a block end in an error', async (t) => {
  const server = receiver({ linkOpts: () => ({ cutAfterBytes: 5000 }) });
  const setup = setUp(t, server, randomBytes(3 * MiB));
  await assert.rejects(setup.run(), withCode('CONNECTION_LOST'));
  await assertNothing(server, setup);
});

test('a name that is taken fails, or is replaced, as asked', async (t) => {
  for (const existing of ['fail', 'overwrite'] as const) {
    const bytes = randomBytes(20 * MiB);
    const server = receiver();
    server.files.set('to/got', Buffer.from('precious'));
    const { pool, told, run } = setUp(t, server, bytes, { placing: { existing } });
    if (existing === 'fail') await assert.rejects(run(), withCode('EXISTS'));
    else await run();
    const expected = existing === 'fail' ? Buffer.from('precious') : bytes;
    assert.ok(server.files.get('to/got')?.equals(expected), existing);
    assert.equal(told(), existing === 'fail' ? 0 : bytes.length);
    await until(() => pool.out === 0);
  }
});

test('the first thing that goes wrong is told, not what follows from it', async (t) => {
  const server = receiver({
    before: (index) => {
      if (index === 3) throw new FerryError(Code.IO_ERROR, 'the disk fails');
    },
  });
  const setup = setUp(t, server, randomBytes(20 * MiB));
  await assert.rejects(setup.run(), withCode('IO_ERROR'));
  await assertNothing(server, setup);
});

test('refused at the commit, nothing counts as moved', async (t) => {
  const onCommit = (): void => {
    throw new FerryError(Code.CONFLICT, 'somebody was faster');
  };
  const server = receiver({ onCommit });
  const setup = setUp(t, server, randomBytes(3 * MiB));
  await assert.rejects(setup.run(), withCode('CONFLICT'));
  await assertNothing(server, setup);
});

test('cancelled in the middle it leaves nothing', async (t) => {
  const abort = new AbortController();
  const server = receiver({
    before: (index) => {
      if (index === 4) abort.abort();
    },
  });
  const setup = setUp(t, server, randomBytes(20 * MiB), { signal: abort.signal });
  await assert.rejects(setup.run(), withCode('CANCELLED'));
  await assertNothing(server, setup);
});

test('paused, no more blocks go out; resumed, the file is completed', async (t) => {
  const bytes = randomBytes(30 * MiB);
  const gate = new Gate();
  const server = receiver({
    before: (index) => {
      if (index === 2) gate.shut();
    },
  });
  const { pool, run } = setUp(t, server, bytes, { gate });
  const result = run();
  await until(() => gate.isShut && pool.out === 0);
  const { blocks } = server;
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  assert.ok(blocks < 15, `${blocks} blocks went through`);
  assert.equal(server.files.size, 0);
  gate.open();
  await result;
  assert.ok(server.files.get('to/got')?.equals(bytes));
});

for (const blocks of [3, 20]) {
  test(`a pause gives up what ${blocks} blocks have on a line that stands still; resumed, they go over another`, async (t) => {
    const bytes = randomBytes(blocks * MiB);
    const late: (() => void)[] = [];
    const gate = new Gate((call) => {
      late.push(call);
      return () => {};
    });
    const stuck = Promise.withResolvers<void>();
    let isStuck = true;
    const server = receiver({
      before: async (index) => {
        if (index !== 2 || !isStuck) return;
        gate.shut();
        await stuck.promise;
      },
    });
    const { pool, told, run } = setUp(t, server, bytes, { gate });
    const running = run();
    await until(() => late.length === 1);
    isStuck = false;
    late[0]?.();
    await until(() => server.open.size === 0 && pool.out === 0);
    stuck.resolve();
    gate.open();
    await running;
    assert.ok(server.files.get('to/got')?.equals(bytes));
    assert.deepEqual([server.opened, told(), pool.out], [2, blocks * MiB, 0]);
  });
}

test('a file that is not there, and a folder, are refused without a word to the server', async (t) => {
  const server = receiver();
  const folder = scratchFolder(t);
  const root = Root.open(folder);
  t.after(() => root.close());
  const context = {
    lanes: server.lanes,
    pool: new BlockPool(),
    gate: new Gate(),
    pace: unpaced,
    placing: { existing: 'fail' },
    signal: new AbortController().signal,
    onBytes: () => {},
  } as const;
  const send = (source: string) => upload({ root, source: path(source), target: path('x') }, context);
  await assert.rejects(send('none'), withCode('NOT_FOUND'));
  await assert.rejects(send(''), withCode('NOT_REGULAR'));
  assert.equal(server.opened, 0);
});
