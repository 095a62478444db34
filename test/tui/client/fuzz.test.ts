/**
 * What a hostile server may send to our client, in this process: mutated answers to every kind of call, bombs, floods. A call
 * ends or the connection does; nothing is thrown but FerryErrors, nothing takes long, nothing takes much.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, type Entry, epoch, FerryError, limits, nameFromText } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { type Link, memoryLinks } from '@ferry/protocol/link';
import * as messages from '@ferry/protocol/messages';
import { ClientChannel } from '@ferry/protocol/session';
import { decodeBody, encodeFrame, frameHeaderBytes, Kind, type Operation } from '@ferry/protocol/wire';
import type { Connection } from '../../../packages/tui/src/client/connection.ts';
import { remoteSource } from '../../../packages/tui/src/client/remote-source.ts';
import { withCode } from '../../support/code.ts';
import {
  answerKinds,
  bombs,
  framed,
  mutate,
  type Random,
  vectorFrames,
  vectorsOf,
} from '../../support/hostile-frames.ts';
import { Meter } from '../../support/meter.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';

/** The most that one frame may cost. */
const most = { ms: 5, bytes: 8 * 1024 * 1024 };

type AnyOperation = Operation<unknown, unknown, unknown>;

/** Every operation with a request as a client would make it. */
const asks: readonly (readonly [AnyOperation, unknown])[] = Object.values(messages).flatMap((value) => {
  if (typeof value !== 'object' || !('kind' in value) || !('request' in value)) return [];
  const operation = value as unknown as AnyOperation;
  for (const frame of vectorsOf(new Set([operation.kind]))) {
    try {
      return [[operation, decodeBody(operation.request, frame.subarray(frameHeaderBytes))] as const];
    } catch {
      // A hostile vector.
    }
  }
  return [];
});

const answers = vectorsOf(new Set(answerKinds));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Evil = { readonly link: Link; readonly client: ClientChannel };

/** A client of a server that is ours to play. */
function evil(meter: Meter): Evil {
  const { a, b } = memoryLinks();
  meter.watch(a);
  b.start({ onData: () => {}, onDrain: () => {}, onEnd: () => {} });
  return { link: b, client: new ClientChannel(a) };
}

/** Whatever becomes of a call, it is a FerryError or an answer. */
function settle(call: Promise<unknown>): void {
  call.catch((error: unknown) => {
    if (!(error instanceof FerryError)) throw error;
  });
}

function answer(random: Random, id: number): Buffer {
  const from = answers[random(answers.length)] ?? Buffer.alloc(0);
  const other = vectorFrames[random(vectorFrames.length)] ?? Buffer.alloc(0);
  const body = mutate(random, from.subarray(frameHeaderBytes), other.subarray(frameHeaderBytes));
  const kind = random(5) > 0 ? (from[4] ?? 0) : (answerKinds[random(answerKinds.length)] ?? random(256));
  return framed(random, kind, random(20) === 0 ? random(3) : id, body);
}

/** The least that it costs of several tries: once, the collector or another program may have been in the way. */
async function costOf(ask: (typeof asks)[number], frame: Buffer): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const meter = new Meter();
    const { link, client } = evil(meter);
    settle(client.call(ask[0], ask[1]));
    const first = Buffer.from(frame);
    if (first.length >= frameHeaderBytes) first.writeUInt32BE(1, 5);
    link.send(first);
    await turn();
    await turn();
    least = Math.min(least, meter.last.ms);
    client.abort(new FerryError(Code.CANCELLED, 'over'));
  }
  return least;
}

describe('whatever a server sends', () => {
  test('each operation is asked for', () => {
    assert.ok(asks.length >= 15, `${asks.length} operations`);
  });

  test('mutated answers: no crash, no long work, no large memory (CLNT-01, CLNT-05, PROT-11)', async (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    const meter = new Meter();
    const total = runs(20_000);
    const slow: [(typeof asks)[number], Buffer][] = [];
    let dearest = 0;
    let server = evil(meter);
    let connections = 1;
    let id = 0;
    for (let sent = 0; sent < total; ) {
      if (server.client.ended !== undefined) {
        server = evil(meter);
        connections += 1;
        id = 0;
      }
      const ask = asks[random(asks.length)];
      assert.ok(ask);
      const [operation, request] = ask;
      const over = new AbortController();
      settle(
        server.client.call(operation, request, { signal: over.signal, onPart: () => {}, onBlock: () => {} }),
      );
      id += 1;
      for (let frames = 1 + random(6); frames > 0 && server.client.ended === undefined; frames--) {
        const frame = answer(random, id);
        server.link.send(frame);
        sent += 1;
        await turn();
        if (meter.last.ms > most.ms) slow.push([ask, frame]);
        else dearest = Math.max(dearest, meter.last.ms);
      }
      over.abort();
    }
    for (const [ask, frame] of slow) {
      const ms = await costOf(ask, frame);
      assert.ok(ms <= most.ms, frame.toString('hex'));
      dearest = Math.max(dearest, ms);
    }
    assert.ok(meter.worstBytes <= most.bytes, `${meter.worstBytes} bytes`);
    t.diagnostic(
      `count: ${total} mutated answers over ${connections} connections, crashes 0; the dearest took ` +
        `${dearest.toFixed(1)} ms and ${(meter.worstBytes / 1024).toFixed(0)} KiB`,
    );
  });

  test('bombs as answers to every call (CLNT-05, PROT-05, PROT-06, PROT-07)', async (t) => {
    const meter = new Meter();
    let dearest = 0;
    for (const ask of asks)
      for (const [name, body] of bombs())
        for (const kind of [Kind.reply, Kind.part, Kind.error, Kind.event]) {
          const { link, client } = evil(meter);
          settle(client.call(ask[0], ask[1]));
          const frame = encodeFrame(kind, 1, body.subarray(0, limits.controlFrameBytes));
          link.send(frame);
          await turn();
          await turn();
          const ms = meter.last.ms > most.ms ? await costOf(ask, frame) : meter.last.ms;
          dearest = Math.max(dearest, ms);
          assert.ok(ms <= most.ms, `${name}: ${ms} ms`);
          assert.ok(meter.last.bytes <= most.bytes, `${name}: ${meter.last.bytes} bytes`);
          client.abort(new FerryError(Code.CANCELLED, 'over'));
        }
    t.diagnostic(
      `count: the dearest bomb took ${dearest.toFixed(1)} ms and ${(meter.worstBytes / 1024).toFixed(0)} KiB`,
    );
  });

  test('a frame of 4 GiB is refused on its header (CLNT-05, PROT-01)', async () => {
    const { link, client } = evil(new Meter());
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt32BE(0xffff_ffff, 0);
    header.writeUInt8(Kind.reply, 4);
    link.send(header);
    while (client.ended === undefined) await turn();
    assert.equal(client.ended.code, Code.FRAME_TOO_LARGE);
  });

  test('a listing that never ends is given up (CLNT-05)', async () => {
    const row = { name: nameFromText('x'), kind: 0, size: 0, modified: epoch, mode: 0 } as const;
    const entries = Array<Entry>(limits.pageEntries).fill(row);
    const endless = {
      call: async (_: unknown, __: unknown, { onPart }: { onPart: (page: messages.ListPage) => void }) => {
        for (;;) onPart({ entries });
      },
    };
    const connection = { session: async () => ({ channel: endless }) } as unknown as Connection;
    let rows = 0;
    const listing = remoteSource(connection).list([], (page) => {
      rows += page.length;
    });
    await assert.rejects(listing, withCode('LIMIT'));
    assert.equal(rows, limits.listEntries);
  });

  test('blocks that nobody asked for give their buffers back (CLNT-02)', async () => {
    const { a, b } = memoryLinks();
    b.start({ onData: () => {}, onDrain: () => {}, onEnd: () => {} });
    const pool = new BlockPool(4);
    const client = new ClientChannel(a, { pool });
    const block = encodeFrame(Kind.block, 77, Buffer.alloc(1000));
    for (let i = 0; i < 50; i++) b.send(block);
    b.send(encodeFrame(Kind.event, 0, Buffer.from([0x91, 0x7f])));
    await turn();
    await turn();
    assert.equal(pool.out, 0);
    assert.equal(client.ended, undefined);
    client.abort(new FerryError(Code.CANCELLED, 'over'));
  });

  test('there is no message by which a server could ask or order something (CLNT-08, CLNT-09)', async () => {
    const orders = Object.values(Kind).filter((kind) => !answerKinds.includes(kind));
    assert.ok(orders.length > 15);
    for (const kind of orders) {
      const { link, client } = evil(new Meter());
      const call = client.call(messages.stat, { path: [] });
      link.send(encodeFrame(kind, 1, Buffer.from([0x90])));
      await assert.rejects(call, withCode('UNKNOWN_MESSAGE'));
      while (client.ended === undefined) await turn();
      assert.equal(client.ended.code, Code.UNKNOWN_MESSAGE);
    }
  });
});
