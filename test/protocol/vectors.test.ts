import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Code, codeName, FerryError, limits } from '@ferry/protocol';
import { blockDigest, readBlockHeader, rootDigest, sameDigest } from '@ferry/protocol/content';
import * as messages from '@ferry/protocol/messages';
import {
  decodeBody,
  encodeBody,
  encodeFrame,
  FrameDecoder,
  Kind,
  type Operation,
  pack,
  type Shape,
} from '@ferry/protocol/wire';
import { fromMeaning, type Meaning, meaningOf, quoted } from '../support/vector.ts';

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');
const page = readFileSync(join(top, 'docs/PROTOCOL.md'), 'utf8');

type Vector = { says: string; kind: number; id: number; meaning: Meaning; hex: string; error?: string };
const load = (pattern: string): [string, Vector][] =>
  globSync(pattern, { cwd: join(top, 'test/vectors') })
    .toSorted()
    .map((file) => [
      basename(file, '.json'),
      JSON.parse(readFileSync(join(top, 'test/vectors', file), 'utf8')) as Vector,
    ]);

type AnyOperation = Operation<unknown, unknown, unknown>;
const operations = new Map<number, AnyOperation>();
for (const value of Object.values(messages)) {
  if (typeof value === 'object' && 'kind' in value && 'request' in value)
    operations.set(value.kind, value as unknown as AnyOperation);
}

function decodeFrame(hex: string): { kind: number; id: number; body: Buffer } {
  let frame: { kind: number; id: number; body: Buffer } | undefined;
  const decoder = new FrameDecoder({
    bodyLimit: (kind) => (kind === Kind.block ? limits.blockFrameBytes : limits.controlFrameBytes),
    onFrame: (kind, id, body) => {
      frame = { kind, id, body: Buffer.from(body) };
    },
  });
  decoder.push(Buffer.from(hex, 'hex'));
  if (frame === undefined) throw new Error('not a whole frame');
  return frame;
}

/** The shape of a vector's body, by what its name says it answers. */
function shapeOf(name: string, kind: number): Shape<unknown> | undefined {
  if (kind === Kind.reply || kind === Kind.part) {
    const asked = name === 'welcome' ? 'hello' : (name.split('-')[0] ?? '');
    const op = operations.get((Kind as Record<string, number>)[asked] ?? -1);
    return kind === Kind.reply ? op?.reply : op?.part;
  }
  return kind === Kind.block ? undefined : operations.get(kind)?.request;
}

describe('vectors', () => {
  const vectors = load('*.json');
  assert.ok(vectors.length >= 30);
  for (const [name, vector] of vectors) {
    test(`${name}: ${vector.says}`, () => {
      const { kind, id, body } = decodeFrame(vector.hex);
      assert.deepEqual(
        { kind, id, meaning: meaningOf(kind, body) },
        { kind: vector.kind, id: vector.id, meaning: vector.meaning },
      );
      if (kind !== Kind.block && vector.meaning !== null) {
        assert.equal(encodeFrame(kind, id, pack(fromMeaning(vector.meaning))).toString('hex'), vector.hex);
      }
      const shape = shapeOf(name, kind);
      if (shape !== undefined) {
        assert.equal(
          encodeFrame(kind, id, encodeBody(shape, decodeBody(shape, body))).toString('hex'),
          vector.hex,
        );
      }
      if (kind === Kind.block && body.length > 0) {
        const { digest, length } = readBlockHeader(body);
        assert.ok(sameDigest(digest, blockDigest(body.subarray(body.length - length))));
      }
    });
  }

  for (const [name, vector] of load('hostile/*.json')) {
    test(`hostile, ${name}: ${vector.says} is ${vector.error}`, () => {
      const refused = (error: unknown): boolean =>
        error instanceof FerryError && codeName(error.code) === vector.error;
      assert.throws(() => {
        const { kind, body } = decodeFrame(vector.hex);
        const shape = shapeOf(name, kind);
        if (shape === undefined) readBlockHeader(body);
        else decodeBody(shape, body);
      }, refused);
    });
  }

  test('the page quotes every vector as it is', () => {
    const hex = new Map(vectors.map(([name, vector]) => [name, vector.hex]));
    assert.equal(
      quoted(page, (name) => hex.get(name)),
      page,
    );
    for (const [name] of vectors)
      assert.ok(page.includes(`<!-- vector: ${name} -->`), `${name} is not on the page`);
  });

  test('the page lists every error code', () => {
    for (const [name, code] of Object.entries(Code))
      assert.match(page, new RegExp(`\\| ${code} \\| ${name} \\|`));
  });

  test('the root digest on the page is the one the code makes', () => {
    const root = rootDigest(6, [blockDigest(Buffer.from('ferry\n'))]);
    assert.ok(page.includes(Buffer.from(root).toString('hex')));
  });
});
