/** One file from a server that may lie, on lanes that may die: the whole file or nothing. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CodeName, limits } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { Root } from '@ferry/protocol/disk';
import type { TransferContext } from '../../../packages/tui/src/transfer/context.ts';
import { download } from '../../../packages/tui/src/transfer/download.ts';
import { Gate } from '../../../packages/tui/src/transfer/gate.ts';
import { unpaced } from '../../../packages/tui/src/transfer/pace.ts';
import { withCode } from '../../support/code.ts';
import { type Lies, type LyingServer, lyingServer } from '../../support/lying-server.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { boundarySizes } from '../../support/staging.ts';

const MiB = limits.blockBytes;

type Setup = {
  readonly folder: string;
  readonly context: TransferContext;
  readonly abort: AbortController;
  /** What is told about progress, summed. */
  readonly told: () => number;
  readonly run: () => Promise<void>;
};

function setUp(t: TestContext, server: LyingServer, more: Partial<TransferContext> = {}): Setup {
  const folder = scratchFolder(t);
  const root = Root.open(folder);
  t.after(() => root.close());
  const abort = new AbortController();
  let told = 0;
  const context: TransferContext = {
    lanes: server.lanes,
    pool: new BlockPool(),
    gate: new Gate(),
    pace: unpaced,
    placing: { existing: 'fail' },
    signal: abort.signal,
    onBytes: (bytes) => {
      told += bytes;
    },
    ...more,
  };
  const run = () => download({ root, source: path('f'), target: path('got') }, context);
  return { folder, context, abort, told: () => told, run };
}

/** No file, no look-alike, no partial file. */
function assertNothing(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  assert.deepEqual(
    files.map(({ name }) => name),
    [],
  );
}

for (const size of [...boundarySizes, 9 * MiB]) {
  test(`a file of ${size} bytes arrives byte for byte, with its time and permissions`, async (t) => {
    const server = lyingServer(randomBytes(size));
    const { folder, told, run } = setUp(t, server);
    await run();
    assert.ok(readFileSync(join(folder, 'got')).equals(server.content.bytes));
    const { mode, mtimeMs } = statSync(join(folder, 'got'));
    assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 1_600_000_000_000]);
    assert.equal(told(), size);
    assert.deepEqual([...server.asks.values()], Array(server.content.blocks.length).fill(1));
  });
}

test('a damaged block is asked for again, and it alone', async (t) => {
  const server = lyingServer(randomBytes(9 * MiB), {
    block: (block, ask) =>
      block.index === 6 && ask === 1 ? [{ ...block, content: randomBytes(block.content.length) }] : [block],
  });
  const { folder, told, run } = setUp(t, server);
  await run();
  assert.ok(readFileSync(join(folder, 'got')).equals(server.content.bytes));
  assert.equal(server.asks.get(6), 2);
  assert.equal(told(), 9 * MiB);
});

test('a block left out is asked for again', async (t) => {
  const lies: Lies = { block: (block, ask) => (block.index === 1 && ask === 1 ? [] : [block]) };
  const server = lyingServer(randomBytes(3 * MiB), lies);
  const { folder, run } = setUp(t, server);
  await run();
  assert.ok(readFileSync(join(folder, 'got')).equals(server.content.bytes));
  assert.equal(server.asks.get(1), 2);
});

const lies: readonly (readonly [what: string, code: CodeName, lies: Lies])[] = [
  [
    'a block that stays damaged',
    'INTEGRITY',
    { block: (block) => [block.index === 2 ? { ...block, digest: randomBytes(32) } : block] },
  ],
  [
    'a first block that stays damaged',
    'INTEGRITY',
    { block: (block) => [{ ...block, digest: randomBytes(32) }] },
  ],
  ['a block that never comes', 'INTEGRITY', { block: (block) => (block.index === 2 ? [] : [block]) }],
  [
    'a block that was not asked for',
    'MALFORMED',
    { block: (block) => [block.index === 2 ? { ...block, index: 8 } : block] },
  ],
  ['a block beyond the end', 'MALFORMED', { block: (block) => [{ ...block, index: 2 ** 32 - 1 }] }],
  ['a block twice', 'MALFORMED', { block: (block) => [block, block] }],
  [
    'a block that is too short',
    'MALFORMED',
    { block: (block) => [{ ...block, content: block.content.subarray(1) }] },
  ],
  ['a file described as smaller', 'MALFORMED', { facts: (facts) => [{ ...facts, size: 3 * MiB - 1 }] }],
  ['a file described as larger', 'INTEGRITY', { facts: (facts) => [{ ...facts, size: 13 * MiB }] }],
  ['a file described as empty', 'MALFORMED', { facts: (facts) => [{ ...facts, size: 0 }] }],
  ['a file described twice', 'MALFORMED', { facts: (facts) => [facts, facts] }],
  ['a file not described', 'MALFORMED', { facts: () => [] }],
  ['a file larger than any disk', 'NO_SPACE', { facts: (facts) => [{ ...facts, size: 2 ** 51 }] }],
];

for (const [what, code, lie] of lies) {
  test(`${what}: ${code}, and nothing is left (CLNT-02, CLNT-06)`, async (t) => {
    const { folder, told, run } = setUp(t, lyingServer(randomBytes(9 * MiB), lie));
    await assert.rejects(run(), withCode(code));
    assertNothing(folder);
    assert.equal(told(), 0);
  });
}

test('lanes that are cut mid-file: others carry it on from where it was', async (t) => {
  const server = lyingServer(randomBytes(9 * MiB), {}, (lane) =>
    lane <= 4 ? { cutAfterBytes: 3 * MiB + 5000 } : {},
  );
  const { folder, told, run } = setUp(t, server);
  await run();
  assert.ok(readFileSync(join(folder, 'got')).equals(server.content.bytes));
  assert.ok(server.opened > 1, 'no lane was cut');
  assert.equal(told(), 9 * MiB);
});

test('a lane cut before the facts, and one cut in the first block', async (t) => {
  const server = lyingServer(randomBytes(2 * MiB + 1), {}, (lane) =>
    lane === 1 ? { cutAfterBytes: 10 } : lane === 2 ? { cutAfterBytes: 5000 } : {},
  );
  const { folder, run } = setUp(t, server);
  await run();
  assert.ok(readFileSync(join(folder, 'got')).equals(server.content.bytes));
});

test('what was asked for on a lane cut before the facts is not waited for when the next is cut in the middle', async (t) => {
  const server = lyingServer(randomBytes(3 * MiB), {}, (lane) =>
    lane === 1 ? { cutAfterBytes: 10 } : lane === 2 ? { cutAfterBytes: MiB + 5000 } : {},
  );
  const { folder, run } = setUp(t, server);
  await run();
  assert.ok(readFileSync(join(folder, 'got')).equals(server.content.bytes));
  assert.equal(server.opened, 3);
});

test('lanes that never carry a block end in an error, and nothing is left', async (t) => {
  const server = lyingServer(randomBytes(MiB), {}, () => ({ cutAfterBytes: 5000 }));
  const { folder, run } = setUp(t, server);
  await assert.rejects(run(), withCode('CONNECTION_LOST'));
  assertNothing(folder);
});

test('a name that is taken fails, or is replaced, as asked', async (t) => {
  const server = lyingServer(randomBytes(MiB + 1));
  for (const existing of ['fail', 'overwrite'] as const) {
    const { folder, run } = setUp(t, server, { placing: { existing } });
    writeFileSync(join(folder, 'got'), 'precious');
    if (existing === 'fail') await assert.rejects(run(), withCode('EXISTS'));
    else await run();
    const expected = existing === 'fail' ? Buffer.from('precious') : server.content.bytes;
    assert.ok(readFileSync(join(folder, 'got')).equals(expected), existing);
  }
  assert.equal(server.asks.get(0), 1, 'only what is wanted is asked for');
});

test('XFER-14: another version than the one to be replaced is a conflict, and stays', async (t) => {
  const server = lyingServer(randomBytes(MiB + 1));
  const { folder, run } = setUp(t, server, { placing: { existing: 'overwrite', expected: 'another' } });
  writeFileSync(join(folder, 'got'), 'precious');
  await assert.rejects(run(), withCode('CONFLICT'));
  assert.equal(readFileSync(join(folder, 'got'), 'utf8'), 'precious');
  assert.equal(server.asks.size, 0);
});

test('a name taken during the transfer is not overwritten', async (t) => {
  let folder = '';
  const server = lyingServer(randomBytes(9 * MiB), {
    before: (index) => {
      if (index === 5) writeFileSync(join(folder, 'got'), 'precious');
    },
  });
  const setup = setUp(t, server);
  folder = setup.folder;
  await assert.rejects(setup.run(), withCode('EXISTS'));
  assert.equal(readFileSync(join(folder, 'got'), 'utf8'), 'precious');
});

test('cancelled in the middle it leaves nothing', async (t) => {
  const abort = new AbortController();
  const server = lyingServer(randomBytes(9 * MiB), {
    before: (index) => {
      if (index === 6) abort.abort();
    },
  });
  const { folder, told, run } = setUp(t, server, { signal: abort.signal });
  await assert.rejects(run(), withCode('CANCELLED'));
  assertNothing(folder);
  assert.equal(told(), 0);
});

test('cancelled before it began it asks for nothing', async (t) => {
  const server = lyingServer(randomBytes(1));
  const { folder, abort, run } = setUp(t, server);
  abort.abort();
  await assert.rejects(run(), withCode('CANCELLED'));
  assertNothing(folder);
  assert.equal(server.opened, 0);
});

test('paused, what is asked for comes to rest and no more is asked; resumed, it goes on', async (t) => {
  const gate = new Gate();
  const server = lyingServer(randomBytes(40 * MiB), {
    before: (index) => {
      if (index === 3) gate.shut();
    },
  });
  const { folder, abort, told, run } = setUp(t, server, { gate });
  const result = run();
  // The first request's four blocks; the window after it waits at the gate.
  while (told() < 4 * MiB) await new Promise(setImmediate);
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
  assert.equal(told(), 4 * MiB);
  assert.equal(server.asks.size, 4);
  assert.ok(!abort.signal.aborted);
  gate.open();
  await result;
  assert.ok(readFileSync(join(folder, 'got')).equals(server.content.bytes));
});

test('a pause gives up what stands still on a line; resumed, it comes over another', async (t) => {
  const late: (() => void)[] = [];
  const gate = new Gate((call) => {
    late.push(call);
    return () => {};
  });
  const server = lyingServer(randomBytes(9 * MiB), {
    before: async (index) => {
      if (index !== 6 || late.length > 0) return;
      gate.shut();
      await new Promise(() => {});
    },
  });
  const { folder, told, run } = setUp(t, server, { gate });
  const running = run();
  while (late.length === 0) await new Promise(setImmediate);
  const before = told();
  late[0]?.();
  gate.open();
  await running;
  assert.ok(before >= 4 * MiB);
  assert.ok(readFileSync(join(folder, 'got')).equals(server.content.bytes));
  assert.deepEqual([server.opened, told()], [2, 9 * MiB]);
});

test('cancelled while paused it ends and leaves nothing', async (t) => {
  const gate = new Gate();
  const server = lyingServer(randomBytes(9 * MiB), { before: () => gate.shut() });
  const { folder, abort, told, run } = setUp(t, server, { gate });
  const result = run();
  while (told() < 4 * MiB) await new Promise(setImmediate);
  abort.abort();
  await assert.rejects(result, withCode('CANCELLED'));
  assertNothing(folder);
});

test('a disk that fills up in the middle is NO_SPACE; with room again it goes on where it was (XFER-10)', async (t) => {
  const small = scratchFolder(t);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', small]).status !== 0) {
    t.skip('no small file system can be mounted here');
    return;
  }
  const root = Root.open(small);
  let isFull = false;
  const server = lyingServer(randomBytes(9 * MiB), {
    before: (index) => {
      if (index !== 4 || isFull) return;
      isFull = true;
      writeFileSync(join(small, 'ballast'), Buffer.alloc(6 * MiB));
    },
  });
  const { context } = setUp(t, server);
  try {
    const got = download({ root, source: path('f'), target: path('got') }, context);
    await assert.rejects(got, withCode('NO_SPACE'));
    rmSync(join(small, 'ballast'));
    assert.equal(existsSync(join(small, 'got')), false);
    const asked = new Map(server.asks);
    await download({ root, source: path('f'), target: path('got') }, context);
    assert.ok(readFileSync(join(small, 'got')).equals(server.content.bytes));
    // The very first block is asked for before it is known that it is there.
    for (const index of [1, 2, 3]) assert.equal(server.asks.get(index), asked.get(index), `block ${index}`);
  } finally {
    root.close();
    spawnSync('umount', ['--lazy', small]);
  }
});
