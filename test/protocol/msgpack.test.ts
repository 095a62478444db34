import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, FerryError, limits } from '@ferry/protocol';
import { type Packable, pack, scan, unpack } from '@ferry/protocol/wire';
import fc from 'fast-check';
import { runs, seed } from '../support/random.ts';

const malformed = (error: unknown): boolean => error instanceof FerryError && error.code === Code.MALFORMED;
const refused = (name: string, ...bytes: readonly number[]): void => {
  const body = Buffer.from(bytes);
  assert.notEqual(scan(body), undefined, name);
  assert.throws(() => unpack(body), malformed, name);
};

describe('the msgpack we speak', () => {
  const packable: fc.Arbitrary<Packable> = fc.letrec<{ value: Packable }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
      fc.array(tie('value'), { maxLength: 5 }),
    ),
  })).value;

  test('what is packed passes the scan and unpacks to the same', (t) => {
    t.diagnostic(`seed: ${seed}`);
    fc.assert(
      fc.property(packable, (value) => {
        const body = pack(value);
        assert.equal(scan(body), undefined);
        assert.deepEqual(JSON.stringify(unpack(body)), JSON.stringify(value));
      }),
      { seed, numRuns: runs(500) },
    );
  });

  test('mutated messages never do more than throw MALFORMED', (t) => {
    let accepted = 0;
    const total = runs(100_000);
    const base = pack([1, 'text', Buffer.from('bytes'), [2 ** 40, -5, true, null], [[['deep']]]]);
    let state = seed;
    const next = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return state % below;
    };
    for (let i = 0; i < total; i++) {
      const body = Buffer.from(base.subarray(0, next(4) === 0 ? next(base.length + 1) : base.length));
      for (let flips = 1 + next(4); flips > 0 && body.length > 0; flips--)
        body[next(body.length)] = next(256);
      try {
        unpack(body);
        accepted += 1;
      } catch (error) {
        if (!malformed(error)) throw error;
      }
    }
    t.diagnostic(`count: mutated messages ${total}, still valid ${accepted}, crashes 0 (seed ${seed})`);
  });

  test('extensions of every type and form are refused (PROT-08)', () => {
    for (let type = 0; type < 256; type++) {
      refused(`fixext1 ${type}`, 0xd4, type, 0);
      refused(`fixext4 ${type}`, 0xd6, type, 0, 0, 0, 0);
      refused(`ext8 ${type}`, 0xc7, 1, type, 0);
      refused(`ext16 ${type}`, 0xc8, 0, 1, type, 0);
      refused(`ext32 ${type}`, 0xc9, 0, 0, 0, 1, type, 0);
    }
    refused('never used', 0xc1);
  });

  test('maps, float32 and 32-bit lengths are refused (PROT-05, PROT-09)', () => {
    refused('fixmap', 0x80);
    refused('map16', 0xde, 0, 0);
    refused('map32', 0xdf, 0, 0, 0, 0);
    refused('float32', 0xca, 0, 0, 0, 0);
    refused('array32', 0xdd, 0, 0, 0, 0);
    refused('str32', 0xdb, 0, 0, 0, 0);
    refused('bin32', 0xc6, 0, 0, 0, 0);
  });

  test('announced counts beyond the bytes, depth and items are refused (PROT-05, PROT-06, PROT-07)', () => {
    refused('array of 65535 nothing', 0xdc, 0xff, 0xff);
    refused('bin of 65535 nothing', 0xc5, 0xff, 0xff);
    refused('deep', ...Array(limits.msgpackDepth + 1).fill(0x91), 0xc0);
    assert.equal(scan(Buffer.from([...Array(limits.msgpackDepth).fill(0x91), 0xc0])), undefined);
    assert.throws(() => unpack(Buffer.alloc(1_000_000, 0x91)), malformed);
    const many = Buffer.concat([Buffer.from([0xdc, 0xff, 0xff]), Buffer.alloc(65535, 0xc0)]);
    assert.throws(() => unpack(many), malformed);
  });

  test('trailing bytes, truncation at every place and invalid UTF-8 are refused (PROT-04, PROT-12)', () => {
    const body = pack([1, 'text', Buffer.from('bytes'), [2 ** 40, -5.5, true, null]]);
    assert.throws(() => unpack(Buffer.concat([body, Buffer.from([0])])), malformed);
    for (let end = 0; end < body.length; end++) assert.throws(() => unpack(body.subarray(0, end)), malformed);
    refused('invalid UTF-8', 0xa2, 0xc0, 0xaf);
  });
});
