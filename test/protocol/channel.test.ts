import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { byteString, bytesOf, Code, EntryKind, FerryError, limits, nameFromText } from '@ferry/protocol';
import { BlockPool, blockContentAt, blockDigest, readBlockHeader } from '@ferry/protocol/content';
import { type Link, type MemoryLinkOpts, memoryLinks } from '@ferry/protocol/link';
import { type Fetched, fetch, list, mkdir, read, stat, store } from '@ferry/protocol/messages';
import {
  ClientChannel,
  type ClientChannelOpts,
  type Handlers,
  handler,
  ServerChannel,
  type ServerChannelOpts,
} from '@ferry/protocol/session';
import { encodeFrame, frameHeaderBytes, Kind } from '@ferry/protocol/wire';

const withCode =
  (code: Code) =>
  (error: unknown): boolean =>
    error instanceof FerryError && error.code === code;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const entry = {
  name: nameFromText('a'),
  kind: EntryKind.file,
  size: 1,
  modified: { s: 0, ns: 0 },
  mode: 0o644,
};

function join(
  handlers: Handlers,
  opts: { link?: MemoryLinkOpts; server?: Partial<ServerChannelOpts>; client?: ClientChannelOpts } = {},
): { client: ClientChannel; server: ServerChannel; pool: BlockPool; cut: () => void } {
  const { a, b, cut } = memoryLinks(opts.link);
  const pool = new BlockPool();
  const server = new ServerChannel(b, {
    pool,
    handlers,
    controlLimit: limits.controlFrameBytes,
    onEnd: () => {},
    ...opts.server,
  });
  return { client: new ClientChannel(a, opts.client), server, pool, cut };
}

/** As bytes of a socket do. */
function arriveInOnePlace(link: Link): void {
  const start = link.start.bind(link);
  link.start = (reader) =>
    start({
      ...reader,
      onData: (bytes) => {
        reader.onData(bytes);
        bytes.fill(0xee);
      },
    });
}

/** A peer that says what it likes. */
function raw(handlers: Handlers): {
  link: Link;
  frames: { kind: number; id: number; code: number | undefined }[];
  ended: Promise<void>;
} {
  const { a, b } = memoryLinks();
  new ServerChannel(b, { pool: new BlockPool(), handlers, onEnd: () => {} });
  const frames: { kind: number; id: number; code: number | undefined }[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let pending = Buffer.alloc(0);
  a.start({
    onData: (bytes) => {
      pending = Buffer.concat([pending, bytes]);
      while (pending.length >= frameHeaderBytes && pending.length >= 4 + pending.readUInt32BE(0)) {
        const size = 4 + pending.readUInt32BE(0);
        const kind = pending.readUInt8(4);
        frames.push({
          kind,
          id: pending.readUInt32BE(5),
          code: kind === Kind.error ? pending.readUInt8(10) : undefined,
        });
        pending = pending.subarray(size);
      }
    },
    onDrain: () => {},
    onEnd: () => resolve(),
  });
  return { link: a, frames, ended };
}

describe('channels', () => {
  test('a call gets its parts and its reply, errors come with their code', async () => {
    const { client } = join(
      new Map([
        handler(list, ({ path }, call) => {
          assert.deepEqual(path, [nameFromText('x')]);
          call.part({ entries: [entry] });
          call.part({ entries: [entry, entry] });
          return {};
        }),
        handler(mkdir, () => {
          throw new FerryError(Code.EXISTS, 'there');
        }),
      ]),
    );
    const pages: number[] = [];
    await client.call(
      list,
      { path: [nameFromText('x')] },
      { onPart: ({ entries }) => pages.push(entries.length) },
    );
    assert.deepEqual(pages, [1, 2]);
    await assert.rejects(client.call(mkdir, { path: [nameFromText('x')] }), withCode(Code.EXISTS));
  });

  test('answers find their calls in whatever order they come', async () => {
    const waiting: (() => void)[] = [];
    const { client } = join(
      new Map([
        handler(mkdir, async ({ path }) => {
          await new Promise<void>((resolve) => waiting.push(resolve));
          if (path[0] === 'b') throw new FerryError(Code.EXISTS, 'b');
          return {};
        }),
      ]),
    );
    const calls = ['a', 'b', 'c'].map((name) => client.call(mkdir, { path: [nameFromText(name)] }));
    const settled = Promise.allSettled(calls);
    while (waiting.length < 3) await turn();
    for (const answer of waiting.toReversed()) answer();
    assert.deepEqual(
      (await settled).map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
  });

  test('a cancelled call is over at once and the server hears of it', async () => {
    const { promise: heard, resolve } = Promise.withResolvers<void>();
    const { client } = join(
      new Map([
        handler(stat, (_, call) => {
          call.signal.addEventListener('abort', () => resolve());
          return new Promise<never>(() => {});
        }),
      ]),
    );
    const controller = new AbortController();
    const call = client.call(stat, { path: [] }, { signal: controller.signal });
    for (let i = 0; i < 5; i++) await turn();
    controller.abort();
    await assert.rejects(call, withCode(Code.CANCELLED));
    await heard;
    assert.equal(client.inFlight, 0);
  });

  test('a cut line settles every call, also those that wait for a place', async () => {
    const { client, cut } = join(new Map([handler(stat, () => new Promise<never>(() => {}))]));
    const calls = Array.from({ length: limits.controlInFlight + 20 }, () => client.call(stat, { path: [] }));
    const settled = Promise.allSettled(calls);
    await turn();
    cut();
    for (const end of await settled) {
      assert.ok(end.status === 'rejected' && withCode(Code.CONNECTION_LOST)(end.reason));
    }
    await assert.rejects(client.call(stat, { path: [] }), withCode(Code.CONNECTION_LOST));
  });

  test('calls that are cancelled in the line leave their places to the next', async () => {
    const answers: (() => void)[] = [];
    const { client } = join(
      new Map([
        handler(mkdir, () => new Promise<Record<never, never>>((resolve) => answers.push(() => resolve({})))),
      ]),
    );
    const first = Array.from({ length: limits.controlInFlight }, () => client.call(mkdir, { path: [] }));
    const given = Array.from({ length: 30 }, () => {
      const giveUp = new AbortController();
      const call = client.call(mkdir, { path: [] }, { signal: giveUp.signal });
      giveUp.abort();
      return call;
    });
    await Promise.allSettled(given);
    const last = client.call(mkdir, { path: [] });
    while (client.inFlight > 0) {
      await turn();
      for (const answer of answers.splice(0)) answer();
    }
    await Promise.all([...first, last]);
  });

  test('a server takes no more at once than it may, and serves the rest after (PROT-16)', async () => {
    let running = 0;
    let most = 0;
    const { client } = join(
      new Map([
        handler(mkdir, async () => {
          running += 1;
          most = Math.max(most, running);
          await turn();
          running -= 1;
          return {};
        }),
      ]),
    );
    await Promise.all(Array.from({ length: 500 }, () => client.call(mkdir, { path: [nameFromText('x')] })));
    assert.ok(most <= limits.controlInFlight, `${most} at once`);
  });

  test('and reads what is more than it may be asked in a second later (PROT-21)', async () => {
    const { client } = join(new Map([handler(mkdir, () => ({}))]));
    const extra = 400;
    const beganMs = performance.now();
    await Promise.all(
      Array.from({ length: limits.requestBurst + extra }, () => client.call(mkdir, { path: [] })),
    );
    const leastMs = (extra * 1000) / limits.requestsPerSecond;
    assert.ok(performance.now() - beganMs > leastMs * 0.9, 'the last ones had to wait');
  });

  test('nor more bytes of requests at once than it may', async () => {
    let running = 0;
    let most = 0;
    const content = new Uint8Array(limits.packedFileBytes);
    const file = { modified: { s: 0, ns: 0 }, mode: 0, rootDigest: new Uint8Array(32), content };
    const files = Array.from({ length: 8 }, () => ({ ...file, name: nameFromText('x') }));
    const packed = handler(store, async () => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      running -= 1;
      return { failures: [], durable: true };
    });
    const { client } = join(new Map([packed]), { server: { controlLimit: limits.laneFrameBytes } });
    const request = { folder: [], overwrite: 0, again: false, files } as const;
    await Promise.all(Array.from({ length: 40 }, () => client.call(store, request)));
    const bytes = most * files.length * content.length;
    assert.ok(most > 1 && bytes <= limits.bytesInFlight, `${bytes} bytes at once`);
  });

  test('what is kept of a message is not touched by the next one', async () => {
    const { a, b } = memoryLinks();
    for (const link of [a, b]) arriveInOnePlace(link);
    const kept: Uint8Array[] = [];
    const handlers: Handlers = new Map([
      handler(store, async ({ files }) => {
        kept.push(...files.map(({ content }) => content));
        return { failures: [], durable: true };
      }),
      handler(fetch, ({ names }, call) => {
        const files = names.map((name, index) => ({
          index,
          facts: { ...entry, name, identity: 'x' },
          rootDigest,
          content: bytesOf(name),
        }));
        call.part({ files, failures: [] });
        return {};
      }),
    ]);
    const rootDigest = new Uint8Array(32);
    new ServerChannel(b, {
      pool: new BlockPool(),
      handlers,
      controlLimit: limits.laneFrameBytes,
      onEnd: () => {},
    });
    const client = new ClientChannel(a);
    const names = Array.from({ length: 20 }, (_, i) => nameFromText(`content ${i}`));
    for (const name of names) {
      const file = { name, modified: entry.modified, mode: 0, rootDigest, content: bytesOf(name) };
      await client.call(store, { folder: [], overwrite: 0, again: false, files: [file] });
      const onPart = ({ files }: Fetched): unknown => kept.push(...files.map(({ content }) => content));
      await client.call(fetch, { folder: [], names: [name] }, { onPart });
    }
    assert.deepEqual(
      kept.map((bytes) => byteString(bytes)),
      names.flatMap((name) => [name, name]),
    );
  });

  test('known messages at the wrong time are BAD_STATE; the third strike ends it (PROT-13, PROT-14)', async () => {
    const { link, frames, ended } = raw(new Map());
    for (let id = 1; id <= 3; id++)
      link.send(encodeFrame(id === 2 ? 0x7f : Kind.list, id, Buffer.from([0x90])));
    await ended;
    assert.deepEqual(
      frames.map(({ kind, code }) => [kind, code]),
      [
        [Kind.error, Code.BAD_STATE],
        [Kind.error, Code.UNKNOWN_MESSAGE],
        [Kind.error, Code.BAD_STATE],
      ],
    );
  });

  test('a request id in use ends the connection (PROT-15)', async () => {
    const { link, ended } = raw(new Map([handler(stat, () => new Promise<never>(() => {}))]));
    const body = Buffer.from([0x91, 0xc4, 0]);
    link.send(encodeFrame(Kind.stat, 9, body));
    link.send(encodeFrame(Kind.stat, 9, body));
    await ended;
  });

  test('before login no message may be large, and blocks not at all', async () => {
    const large = raw(new Map());
    large.link.send(encodeFrame(Kind.hello, 1, Buffer.alloc(limits.helloFrameBytes + 1)));
    await large.ended;
    const block = raw(new Map());
    block.link.send(encodeFrame(Kind.block, 1, Buffer.alloc(100)));
    await block.ended;
  });

  test('blocks go both ways, and every buffer comes back to its pool', async () => {
    const content = randomBytes(limits.blockBytes);
    const received: Buffer[] = [];
    const { client, pool } = join(
      new Map([
        handler(read, async ({ count }, call) => {
          for (let index = 0; index < count; index++) {
            const buffer = pool.takeAnyway();
            content.copy(buffer, blockContentAt);
            const header = { handle: 0, index, length: content.length, digest: blockDigest(content) };
            if (!call.block(buffer, header, () => pool.give(buffer))) await call.ready();
          }
          return { blocks: count };
        }),
      ]),
      {
        link: { pieceBytes: 100_000 },
        server: {
          onBlock: async (buffer, bodyBytes) => {
            await turn();
            const { length } = readBlockHeader(
              buffer.subarray(frameHeaderBytes, frameHeaderBytes + bodyBytes),
            );
            received.push(Buffer.from(buffer.subarray(blockContentAt, blockContentAt + length)));
          },
        },
      },
    );
    let blocks = 0;
    await client.call(
      read,
      { path: [nameFromText('f')], identity: undefined, first: 0, count: 16 },
      {
        onBlock: ({ digest }, bytes) => {
          assert.deepEqual(Buffer.from(blockDigest(bytes)), Buffer.from(digest));
          blocks += 1;
        },
      },
    );
    assert.equal(blocks, 16);
    const mine = new BlockPool();
    const sends = Array.from({ length: 8 }, (_, index) => {
      const buffer = mine.takeAnyway();
      content.copy(buffer, blockContentAt);
      const header = { handle: 1, index, length: content.length, digest: blockDigest(content) };
      return client.sendBlock(buffer, header, () => mine.give(buffer));
    });
    await Promise.all(sends);
    assert.equal(received.length, 8);
    assert.ok(received.every((bytes) => bytes.equals(content)));
    assert.deepEqual([pool.out, mine.out], [0, 0]);
  });

  test('events reach the client, unknown kinds of answer end it', async () => {
    const events: string[] = [];
    const { client, server } = join(new Map(), { client: { onEvent: ({ kind }) => events.push(kind) } });
    server.sendEvent({ kind: 'going-down', drainMs: 1000 });
    while (events.length === 0) await turn();
    assert.deepEqual(events, ['going-down']);
    assert.equal(client.ended, undefined);
  });

  test('a server that ends a connection says why to all who wait, and gives up what it is doing', async () => {
    let aborted = false;
    const waits = handler(stat, async (_request, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      aborted = true;
      throw new FerryError(Code.CANCELLED, 'cancelled');
    });
    const { client, server } = join(new Map([waits]), {});
    const asked = client.call(stat, { path: [] });
    while (server.inFlight === 0) await turn();
    server.end(new FerryError(Code.REVOKED, 'out'));
    await assert.rejects(asked, withCode(Code.REVOKED));
    await assert.rejects(client.call(stat, { path: [] }), withCode(Code.REVOKED));
    assert.ok(aborted);
  });
});

describe('a line on which one block takes most of a minute', () => {
  const second = 1000;

  /** Client and server, and between them somebody who carries so many bytes each second that goes by. */
  function slow(t: TestContext, handlers: Handlers, server: Partial<ServerChannelOpts> = {}) {
    let nowMs = performance.now();
    t.mock.timers.enable({ apis: ['setInterval'] });
    t.mock.method(performance, 'now', () => nowMs);
    const [near, far] = [memoryLinks({ capacityBytes: 1e9 }), memoryLinks({ capacityBytes: 1e9 })];
    const client = new ClientChannel(near.a);
    const opts = { pool: new BlockPool(), handlers, controlLimit: limits.controlFrameBytes, onEnd: () => {} };
    new ServerChannel(far.b, { ...opts, ...server });
    const carry = (from: Link, to: Link): ((bytes: number) => void) => {
      let waiting: Buffer = Buffer.alloc(0);
      from.start({
        onData: (bytes) => {
          waiting = Buffer.concat([waiting, bytes]);
        },
        onDrain: () => {},
        onEnd: () => {},
      });
      return (bytes) => {
        if (waiting.length > 0 && bytes > 0) to.send(Buffer.from(waiting.subarray(0, bytes)));
        waiting = waiting.subarray(bytes);
      };
    };
    const [up, down] = [carry(near.b, far.a), carry(far.a, near.b)];
    const go = async (seconds: number, upBytes: number, downBytes: number): Promise<void> => {
      for (let i = 0; i < seconds; i++) {
        up(upBytes);
        down(downBytes);
        nowMs += second;
        t.mock.timers.tick(second);
        for (let k = 0; k < 4; k++) await turn();
      }
    };
    return { client, go };
  }

  const content = randomBytes(limits.blockBytes);
  const digest = blockDigest(content);
  const header = { handle: 1, index: 0, length: content.length, digest };
  const most = Number.POSITIVE_INFINITY;
  const rate = 25_000;
  const secondsOfAll = Math.ceil(limits.blockBytes / rate) + 2;

  function send(client: ClientChannel): Promise<void> {
    const buffer = new BlockPool().takeAnyway();
    buffer.set(content, blockContentAt);
    return client.sendBlock(buffer, header, () => {}, { timeoutMs: 15 * second });
  }

  test('an upload there was taken for one that stands still, and never got anywhere', async (t) => {
    let came = 0;
    const onBlock = async (): Promise<void> => {
      came += 1;
    };
    const { client, go } = slow(t, new Map(), { onBlock });
    const sent = send(client);
    await go(secondsOfAll, rate, most);
    await sent;
    assert.equal(came, 1);
  });

  test('so was a download', async (t) => {
    const facts = { ...entry, size: content.length, identity: 'x', sparse: false };
    const handlers = new Map([
      handler(read, (_, call) => {
        call.part({ facts });
        const buffer = new BlockPool().takeAnyway();
        buffer.set(content, blockContentAt);
        call.block(buffer, header, () => {});
        return { blocks: 1 };
      }),
    ]);
    const { client, go } = slow(t, handlers);
    const blocks: number[] = [];
    const got = client.call(
      read,
      { path: [nameFromText('a')], identity: undefined, first: 0, count: 1 },
      { timeoutMs: 15 * second, onBlock: ({ index }) => void blocks.push(index) },
    );
    await go(secondsOfAll, most, rate);
    await got;
    assert.deepEqual(blocks, [0]);
  });

  test('an upload to a server that has no buffer for it waits', async (t) => {
    const pool = new BlockPool(1);
    const held = pool.takeAnyway();
    const { client, go } = slow(t, new Map(), { pool, onBlock: async () => {} });
    const sent = send(client);
    await go(100, most, most);
    pool.give(held);
    await go(3, most, most);
    await sent;
  });

  test('what stands still is told from it: the upload fails after the time that it was given', async (t) => {
    const { client, go } = slow(t, new Map(), { onBlock: async () => {} });
    let failure: unknown;
    const sent = send(client).catch((error: unknown) => {
      failure = error;
    });
    await go(20, rate, most);
    assert.equal(failure, undefined);
    // The last word of the server may be five seconds younger than the last byte.
    await go(22, 0, most);
    await sent;
    assert.ok(withCode(Code.TIMEOUT)(failure));
  });
});

describe('a peer that holds its place', () => {
  /** When a server gives up one that does `each` every second, in seconds; undefined: not within ten minutes. */
  async function givenUp(t: TestContext, each: (second: number, link: Link) => void) {
    let nowMs = Math.ceil(performance.now());
    t.mock.timers.enable({ apis: ['setInterval'] });
    t.mock.method(performance, 'now', () => nowMs);
    const { a, b } = memoryLinks();
    let why: FerryError | undefined;
    let isOver = false;
    const onEnd = (error: FerryError | undefined): void => {
      why = error;
      isOver = true;
    };
    const pool = new BlockPool();
    new ServerChannel(b, { pool, handlers: new Map(), controlLimit: limits.controlFrameBytes, onEnd });
    a.start({ onData: () => {}, onDrain: () => {}, onEnd: () => {} });
    for (let second = 0; second < 600; second++) {
      each(second, a);
      for (let k = 0; k < 4; k++) await turn();
      if (isOver) return { second, code: why?.code };
      nowMs += 1000;
      t.mock.timers.tick(1000);
    }
    a.close();
    return undefined;
  }
  /** It is looked at so often. */
  const look = limits.pingMs / 3000;

  test('by a message of which a byte comes now and then has a minute for it (PROT-02, PROT-03)', async (t) => {
    const frame = encodeFrame(Kind.stat, 1, Buffer.alloc(1000));
    const ended = await givenUp(t, (second, link) => {
      if (second % 5 === 0) link.send(frame.subarray(second / 5, second / 5 + 1));
    });
    assert.equal(ended?.code, Code.TIMEOUT);
    const least = limits.frameMs / 1000;
    assert.ok(ended.second > least && ended.second <= least + 2 * look, `${ended.second} s`);
  });

  test('and says nothing any more, as one whose cable was pulled, is given up in time (PROT-22)', async (t) => {
    const ended = await givenUp(t, () => {});
    assert.equal(ended?.code, Code.TIMEOUT);
    const least = limits.deadMs / 1000;
    assert.ok(ended.second > least && ended.second <= least + 2 * look, `${ended.second} s`);
  });

  test('by a ping now and then keeps it', async (t) => {
    const ping = encodeFrame(Kind.ping, 1, Buffer.alloc(0));
    const ended = await givenUp(t, (second, link) => {
      if (second % (limits.pingMs / 1000) === 0) link.send(ping);
    });
    assert.equal(ended, undefined);
  });
});
