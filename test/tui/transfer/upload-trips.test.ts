/** How often a large upload waits for the server before its bytes go out: what can be asked at once is, and nobody waits for leave. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Code, EntryKind, FerryError, limits } from '@ferry/protocol';
import { BlockPool, blockCount, readBlockHeader } from '@ferry/protocol/content';
import { Root } from '@ferry/protocol/disk';
import { memoryLinks } from '@ferry/protocol/link';
import { Begin, type Create, commit, create, discard, locate, manifest } from '@ferry/protocol/messages';
import { ClientChannel, handler, ServerChannel } from '@ferry/protocol/session';
import { frameHeaderBytes } from '@ferry/protocol/wire';
import type { Lane, LaneSource } from '@ferry/tui/client/lanes';
import { Gate } from '@ferry/tui/transfer/gate';
import { unpaced } from '@ferry/tui/transfer/pace';
import { upload } from '@ferry/tui/transfer/upload';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder } from '../../support/scratch.ts';

const lanes = 3;
const blocks = 30;
const bytes = randomBytes(blocks * limits.blockBytes);

type Manners = {
  readonly onCreate?: (request: Create) => Promise<void> | void;
  readonly onLocate?: () => Promise<string | undefined> | undefined;
  readonly onBlock?: (handle: number) => Promise<void> | void;
};

/** A server that takes everything, and the lanes to it. */
function taker({ onCreate, onLocate, onBlock }: Manners): { source: LaneSource; creates: Create[] } {
  const creates: Create[] = [];
  const open = (): ClientChannel => {
    const { a, b } = memoryLinks();
    const handlers = new Map([
      handler(create, async (request) => {
        creates.push(request);
        await onCreate?.(request);
        return { committed: undefined, run: 1 };
      }),
      handler(locate, async () => {
        const identity = await onLocate?.();
        return { place: identity === undefined ? undefined : { path: path('elsewhere'), identity } };
      }),
      handler(manifest, () => Promise.reject(new FerryError(Code.SOURCE_CHANGED, 'it is gone'))),
      handler(discard, () => ({})),
      handler(commit, () => {
        const facts = { name: path('got')[0] ?? assert.fail(), kind: EntryKind.file, size: bytes.length };
        const modified = { s: 0, ns: 0 };
        return { facts: { ...facts, modified, mode: 0o600, identity: 'x', sparse: false }, durable: true };
      }),
    ]);
    const lane = new ServerChannel(b, { pool: new BlockPool(), handlers: new Map(), onEnd: () => {} });
    lane.become(handlers, limits.controlFrameBytes, async (buffer, bodyBytes) => {
      const body = buffer.subarray(frameHeaderBytes, frameHeaderBytes + bodyBytes);
      await onBlock?.(readBlockHeader(body).handle);
    });
    return new ClientChannel(a);
  };
  const all = Array.from({ length: lanes }, () => ({ channel: open(), users: 0 }));
  let handle = 0;
  const take = async (): Promise<Lane> => {
    const one = all.toSorted((a, b) => a.users - b.users)[0] ?? assert.fail();
    one.users += 1;
    const none = (): void => {};
    const release = (): void => void one.users--;
    const nextHandle = (): number => ++handle;
    return {
      ...{ channel: one.channel, nextHandle, moved: none, window: () => 4, rttMs: 100 },
      ...{ abandon: none, release },
    };
  };
  return { source: { take, share: () => lanes, prepare: () => {} }, creates };
}

async function send(t: TestContext, { source }: ReturnType<typeof taker>): Promise<number> {
  const folder = scratchFolder(t);
  writeFileSync(join(folder, 'f'), bytes);
  const root = Root.open(folder);
  t.after(() => root.close());
  let told = 0;
  const onBytes = (count: number): void => {
    told += count;
  };
  await upload(
    { root, source: path('f'), target: path('got') },
    {
      ...{ lanes: source, pool: new BlockPool(16), gate: new Gate(), pace: unpaced, onBytes },
      ...{ placing: { existing: 'fail' }, signal: new AbortController().signal },
    },
  );
  return told;
}

test('whether the content is there already is asked beside the begin, not before it', async (t) => {
  const [asked, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const server = taker({
    onLocate: async () => {
      asked.resolve();
      await begun.promise;
      return undefined;
    },
    onCreate: async () => {
      begun.resolve();
      await asked.promise;
    },
  });
  assert.equal(await send(t, server), bytes.length);
});

test('who joins sends its blocks behind the request, and waits for no answer', async (t) => {
  const came = new Map<number, PromiseWithResolvers<void>>();
  const firstOf = (handle: number): PromiseWithResolvers<void> => {
    const one = came.get(handle) ?? Promise.withResolvers<void>();
    came.set(handle, one);
    return one;
  };
  const server = taker({
    onCreate: async ({ begin, handle }) => {
      if (begin === Begin.join) await firstOf(handle).promise;
    },
    onBlock: (handle) => firstOf(handle).resolve(),
  });
  assert.equal(await send(t, server), bytes.length);
  assert.equal(server.creates.filter(({ begin }) => begin === Begin.join).length, lanes - 1);
});

test('why a lane may not join is told, not what became of its blocks', async (t) => {
  const server = taker({
    onCreate: ({ begin }) => {
      if (begin === Begin.join) throw new FerryError(Code.FORBIDDEN, 'not you');
    },
    onBlock: (handle) => {
      if (handle > 1) throw new FerryError(Code.BAD_STATE, 'there is no such upload on this lane');
    },
  });
  await assert.rejects(send(t, server), withCode('FORBIDDEN'));
});

test('content that turns out to be there is named when the transfer is begun anew; if it goes, all is sent', async (t) => {
  const server = taker({ onLocate: async () => 'elsewhere' });
  assert.equal(await send(t, server), bytes.length);
  const begun = server.creates.filter(({ begin }) => begin !== Begin.join);
  assert.deepEqual(
    begun.map(({ base }) => base),
    [undefined, 'elsewhere', undefined],
  );
  assert.equal(blockCount(bytes.length), blocks);
});
