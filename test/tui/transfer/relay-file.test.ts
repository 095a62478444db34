/** A file of another server on its way through: what is asked for ahead, damaged blocks, and that every buffer comes back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { EntryKind, type Facts, limits, nameFromText } from '@ferry/protocol';
import {
  type BlockHeader,
  BlockPool,
  blockContentAt,
  blockDigest,
  blockLength,
} from '@ferry/protocol/content';
import type { Lane, LaneSource } from '../../../packages/tui/src/client/lanes.ts';
import type { FileSource } from '../../../packages/tui/src/engine/source.ts';
import { RelayFile } from '../../../packages/tui/src/transfer/relay-file.ts';
import { withCode } from '../../support/code.ts';
import { path } from '../../support/scratch.ts';

type Asked = {
  readonly index: number;
  /** The block arrives, as it is or as the test says; the call ends. */
  readonly answer: (change?: { content?: Buffer; index?: number }) => void;
  readonly isCancelled: () => boolean;
};

const facts: Facts = {
  name: nameFromText('f'),
  kind: EntryKind.file,
  size: 20 * limits.blockBytes + 5,
  modified: { s: 0, ns: 0 },
  mode: 0o644,
  identity: 'one',
};

const contentOf = (index: number): Buffer => Buffer.alloc(blockLength(facts.size, index), index + 1);

/** A server that answers when the test says so. */
class Far {
  readonly asked: Asked[] = [];
  held = 0;
  readonly file: RelayFile;

  constructor() {
    const call = (
      _: unknown,
      { first }: { first: number },
      opts: { signal: AbortSignal; onBlock: (header: BlockHeader, content: Buffer) => void },
    ): Promise<void> =>
      new Promise((resolve, reject) => {
        const cancel = (): void => reject(new Error('cancelled'));
        opts.signal.addEventListener('abort', cancel, { once: true });
        this.asked.push({
          index: first,
          isCancelled: () => opts.signal.aborted,
          answer: ({ content = contentOf(first), index = first } = {}) => {
            const header = {
              handle: 0,
              index,
              length: content.length,
              digest: blockDigest(contentOf(first)),
            };
            try {
              opts.onBlock(header, content);
              resolve();
            } catch (error) {
              reject(error);
            }
          },
        });
      });
    const lane = {
      channel: { call, abort: () => {} },
      moved: () => {},
      release: () => {
        this.held -= 1;
      },
    } as unknown as Lane;
    const lanes: LaneSource = {
      take: async () => {
        this.held += 1;
        return lane;
      },
      prepare: () => {},
      share: () => 1,
    };
    this.file = new RelayFile({ lanes, remote: {} as FileSource, key: 'far' }, path('f'), facts);
  }

  get indices(): number[] {
    return this.asked.map(({ index }) => index);
  }
}

const never = new AbortController().signal;
const all = (): boolean => true;

test('six blocks are asked for ahead, none twice, and none that is not wanted', async () => {
  const far = new Far();
  const pool = new BlockPool(32);
  const isWanted = (index: number): boolean => index !== 3;
  const first = far.file.block(0, pool, never, isWanted);
  await turn();
  assert.deepEqual(far.indices, [0, 1, 2, 4, 5, 6]);
  for (const { answer } of far.asked) answer();
  const { buffer, length } = await first;
  assert.ok(buffer.subarray(blockContentAt, blockContentAt + length).equals(contentOf(0)));
  pool.give(buffer);
  const second = await far.file.block(1, pool, never, isWanted);
  assert.equal(second.buffer[blockContentAt], 2);
  pool.give(second.buffer);
  await turn();
  assert.deepEqual(far.indices, [0, 1, 2, 4, 5, 6, 7], 'one more for the one that was taken');
  far.file.close();
  await turn();
  assert.deepEqual([pool.out, far.held], [0, 0]);
});

test('a pool with little left is left to others; nobody waits for ever', async () => {
  const far = new Far();
  const pool = new BlockPool(10);
  const first = far.file.block(0, pool, never, all);
  await turn();
  // One for itself, one ahead, eight spared.
  assert.deepEqual(far.indices, [0, 1]);
  for (const { answer } of far.asked) answer();
  pool.give((await first).buffer);
  far.file.close();
  await turn();
  assert.equal(pool.out, 0);
});

test('what is damaged, of another place or too short is refused, and is asked for again', async () => {
  const far = new Far();
  const pool = new BlockPool(1);
  const wrong = [
    [{ content: Buffer.alloc(limits.blockBytes, 9) }, 'INTEGRITY'],
    [{ index: 1 }, 'MALFORMED'],
    [{ content: Buffer.alloc(7, 1) }, 'MALFORMED'],
  ] as const;
  for (const [change, code] of wrong) {
    const asked = far.file.block(0, pool, never, all);
    await turn();
    far.asked.at(-1)?.answer(change);
    await assert.rejects(asked, withCode(code));
    assert.deepEqual([pool.out, far.held], [0, 0]);
  }
  const good = far.file.block(0, pool, never, all);
  await turn();
  far.asked.at(-1)?.answer();
  pool.give((await good).buffer);
  assert.equal(pool.out, 0);
});

test('who gives up while a block comes leaves no buffer behind', async () => {
  const far = new Far();
  const pool = new BlockPool(32);
  const first = far.file.block(0, pool, never, all);
  await turn();
  far.asked[0]?.answer();
  pool.give((await first).buffer);
  const controller = new AbortController();
  const second = far.file.block(1, pool, controller.signal, all);
  await turn();
  controller.abort();
  await assert.rejects(second, withCode('CANCELLED'));
  far.asked[1]?.answer();
  await turn();
  far.file.close();
  assert.ok(far.asked.slice(2).every(({ isCancelled }) => isCancelled()));
  await turn();
  assert.deepEqual([pool.out, far.held], [0, 0]);
});

test('what failed ahead is asked for when somebody wants it', async () => {
  const far = new Far();
  const pool = new BlockPool(32);
  const first = far.file.block(0, pool, never, all);
  await turn();
  far.asked[0]?.answer();
  far.asked[1]?.answer({ content: Buffer.alloc(limits.blockBytes, 9) });
  pool.give((await first).buffer);
  await turn();
  const before = far.asked.length;
  const second = far.file.block(1, pool, never, all);
  await turn();
  assert.equal(far.asked[before]?.index, 1);
  far.asked[before]?.answer();
  pool.give((await second).buffer);
  far.file.close();
  await turn();
  assert.equal(pool.out, 0);
});
