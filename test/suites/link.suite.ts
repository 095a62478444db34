/** What every Link must do (packages/protocol/src/link/link.ts). An implementation's test hands over a way to make joined pairs. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { Code, FerryError } from '@ferry/protocol';
import type { Link, LinkReader } from '@ferry/protocol/link';

export type LinkPair = { readonly a: Link; readonly b: Link; readonly done?: () => void };

type End = {
  readonly bytes: Buffer[];
  readonly ended: Promise<FerryError | undefined>;
  drains: number;
  count: () => number;
};

function listen(link: Link, onData?: (bytes: Buffer) => void): End {
  const bytes: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<FerryError | undefined>();
  let ends = 0;
  const end: End = {
    bytes,
    ended: promise,
    drains: 0,
    count: () => bytes.reduce((sum, { length }) => sum + length, 0),
  };
  const reader: LinkReader = {
    onData: (piece) => {
      assert.equal(ends, 0, 'nothing arrives after the end');
      bytes.push(Buffer.from(piece));
      onData?.(piece);
    },
    onDrain: () => {
      end.drains += 1;
    },
    onEnd: (error) => {
      ends += 1;
      assert.equal(ends, 1, 'onEnd is called once');
      resolve(error);
    },
  };
  link.start(reader);
  return end;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(met: () => boolean): Promise<void> {
  while (!met()) await turn();
}

const digest = (chunks: readonly Buffer[]): string =>
  createHash('sha256').update(Buffer.concat(chunks)).digest('hex');

export function linkSuite(name: string, join: () => Promise<LinkPair>): void {
  describe(`link: ${name}`, () => {
    const pair = async (use: (pair: LinkPair) => Promise<void>): Promise<void> => {
      const joined = await join();
      try {
        await use(joined);
      } finally {
        joined.a.abort(new FerryError(Code.CANCELLED, 'over'));
        joined.b.abort(new FerryError(Code.CANCELLED, 'over'));
        joined.done?.();
      }
    };

    test('bytes arrive whole, once and in order, both ways at once', () =>
      pair(async ({ a, b }) => {
        const there = Array.from({ length: 60 }, (_, i) => randomBytes(1 + i * 700));
        const back = Array.from({ length: 60 }, (_, i) => randomBytes(1 + i * 300));
        const atB = listen(b);
        const atA = listen(a);
        there.forEach((bytes, i) => {
          a.send(bytes);
          b.send(back[i] ?? Buffer.alloc(0));
        });
        const size = (chunks: readonly Buffer[]): number =>
          chunks.reduce((sum, { length }) => sum + length, 0);
        await until(() => atB.count() === size(there) && atA.count() === size(back));
        assert.equal(digest(atB.bytes), digest(there));
        assert.equal(digest(atA.bytes), digest(back));
      }));

    test('what is sent before the other side has started is not lost', () =>
      pair(async ({ a, b }) => {
        listen(a);
        a.send(Buffer.from('early'));
        for (let i = 0; i < 20; i++) await turn();
        const atB = listen(b);
        await until(() => atB.count() === 5);
        assert.equal(Buffer.concat(atB.bytes).toString(), 'early');
      }));

    test('a paused reader stops the sender, and what was held comes after resume', () =>
      pair(async ({ a, b }) => {
        const atB = listen(b);
        const atA = listen(a);
        b.pause();
        const piece = Buffer.alloc(256 * 1024, 1);
        let sent = 0;
        // It says "enough" long before a gigabyte; then nothing more is taken until it drains.
        while (sent < 4096 && a.send(piece)) {
          sent += 1;
          if (sent % 8 === 0) await turn();
        }
        sent += 1;
        assert.ok(sent < 4096, 'send never said enough');
        const arrived = atB.count();
        for (let i = 0; i < 30; i++) await turn();
        assert.equal(atB.count(), arrived, 'nothing arrives while paused');
        b.resume();
        await until(() => atB.count() === sent * piece.length && atA.drains > 0);
      }));

    test('sent is called for every piece, and the buffer may be used again then', () =>
      pair(async ({ a, b }) => {
        const atB = listen(b);
        listen(a);
        const buffer = Buffer.alloc(1000);
        for (let i = 0; i < 50; i++) {
          buffer.fill(i);
          await new Promise<void>((resolve) => {
            a.send(buffer, resolve);
          });
        }
        await until(() => atB.count() === 50_000);
        const all = Buffer.concat(atB.bytes);
        for (let i = 0; i < 50; i++)
          assert.ok(all.subarray(i * 1000, (i + 1) * 1000).every((byte) => byte === i));
      }));

    test('close lets what was sent arrive and ends both without an error; it is idempotent', () =>
      pair(async ({ a, b }) => {
        const atB = listen(b);
        const atA = listen(a);
        a.send(Buffer.alloc(300_000, 7));
        a.close();
        a.close();
        a.send(Buffer.from('too late'));
        assert.equal(await atB.ended, undefined);
        assert.equal(await atA.ended, undefined);
        assert.equal(atB.count(), 300_000);
      }));

    test('abort ends this side with its reason at once, and the other side too', () =>
      pair(async ({ a, b }) => {
        const atB = listen(b);
        const atA = listen(a);
        const reason = new FerryError(Code.TIMEOUT, 'enough of this');
        a.abort(reason);
        a.abort(new FerryError(Code.INTERNAL, 'a second reason'));
        assert.equal(await atA.ended, reason);
        await atB.ended;
      }));

    test('both ends export the same key for a label, another for another', () =>
      pair(async ({ a, b }) => {
        listen(a);
        listen(b);
        assert.deepEqual(a.exportKey('EXPORTER-one'), b.exportKey('EXPORTER-one'));
        assert.notDeepEqual(a.exportKey('EXPORTER-one'), a.exportKey('EXPORTER-two'));
        assert.equal(a.exportKey('EXPORTER-one').length, 32);
      }));
  });
}
