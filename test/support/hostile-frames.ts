/** Frames that nobody honest sends: vectors with bytes changed, cut, doubled and spliced, and the bombs that decoders know. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '@ferry/protocol';
import { encodeFrame, frameHeaderBytes, Kind } from '@ferry/protocol/wire';

const vectorFolder = join(import.meta.dirname, '../vectors');

/** Every vector's frame, honest and hostile. */
export const vectorFrames: readonly Buffer[] = globSync('**/*.json', { cwd: vectorFolder })
  .toSorted()
  .flatMap((file) => {
    const { hex } = JSON.parse(readFileSync(join(vectorFolder, file), 'utf8')) as { hex?: string };
    return hex === undefined ? [] : [Buffer.from(hex, 'hex')];
  });

/** Frames of one kind among the vectors. */
export function vectorsOf(kinds: ReadonlySet<number>): readonly Buffer[] {
  return vectorFrames.filter((frame) => kinds.has(frame[4] ?? -1) && frame.length >= frameHeaderBytes);
}

export type Random = (below: number) => number;

/** First bytes of msgpack values that announce much, or are of types that we do not speak. */
const tags = Buffer.from([
  0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcf,
  0xd3, 0xd4, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xff,
]);

/** Another body, of about the same shape. */
export function mutate(random: Random, body: Buffer, other: Buffer): Buffer {
  let bytes = Buffer.from(body);
  for (let steps = 1 + random(4); steps > 0; steps--) {
    const at = random(bytes.length + 1);
    switch (random(8)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(random(other.length + 1))]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1))]);
        break;
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          tags.subarray(random(tags.length)).subarray(0, 1),
          bytes.subarray(at),
        ]);
        break;
      case 4:
        if (at < bytes.length) bytes[at] = tags[random(tags.length)] ?? 0;
        break;
      case 5:
        bytes.fill(random(2) === 0 ? 0xff : 0, at, Math.min(bytes.length, at + 1 + random(8)));
        break;
      default:
        if (at < bytes.length) bytes[at] = random(256);
    }
  }
  return bytes.subarray(0, limits.controlFrameBytes);
}

/** A frame around a body; once in a while its length lies. */
export function framed(random: Random, kind: number, id: number, body: Buffer): Buffer {
  const frame = encodeFrame(kind, id, body);
  if (random(200) === 0) frame.writeUInt32BE(random(2) === 0 ? random(2 ** 31) * 2 : random(200), 0);
  return frame;
}

/** Largest bodies of small items, deepest nesting, largest announcements: what a body of 64 KiB can at most cost. */
export function bombs(bodyBytes: number = limits.controlFrameBytes): readonly (readonly [string, Buffer])[] {
  const fill = (head: readonly number[], ...item: readonly number[]): Buffer =>
    Buffer.alloc(bodyBytes, Buffer.from(item)).fill(Buffer.from(head), 0, head.length);
  const items = 8000;
  const counted = (...item: readonly number[]): Buffer =>
    Buffer.concat([
      Buffer.from([0x91, 0xdc, items >> 8, items & 0xff]),
      Buffer.alloc(items * item.length, Buffer.from(item)),
    ]);
  return [
    ['nested arrays', fill([], 0x91)],
    ['nested empty arrays of many', fill([0xdc, 0xff, 0xff], 0xdc, 0xff, 0xff)],
    ['empty maps', fill([0xdc, 0xff, 0x00], 0x80)],
    ['as many nils as there may be', counted(0xc0)],
    ['as many empty arrays as there may be', counted(0x90)],
    ['as many empty bins as there may be', counted(0xc4, 0)],
    ['as many 1-byte bins as there may be', counted(0xc4, 1, 7)],
    [
      'as many large integers as there may be',
      counted(0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).subarray(0, bodyBytes),
    ],
    ['more nils than there may be', fill([0xdc, 0xff, 0xf0], 0xc0)],
    ['one text of all bytes', fill([0x91, 0xda, 0xff, 0xf0], 0x41)],
    [
      'one text that is not UTF-8 at its end',
      Buffer.concat([Buffer.from([0x91, 0xda, 0xff, 0x00]), Buffer.alloc(0xfeff, 0x41), Buffer.from([0xff])]),
    ],
    ['one bin of all bytes', fill([0x91, 0xc5, 0xff, 0xf0], 0)],
    ['array32 of 4 billion', fill([0xdd, 0xff, 0xff, 0xff, 0xff], 0xc0)],
    ['map32 of 4 billion', fill([0xdf, 0xff, 0xff, 0xff, 0xff], 0xc0)],
    ['str32 of 4 billion', fill([0xdb, 0xff, 0xff, 0xff, 0xff], 0xc0)],
    ['ext32 of 4 billion', fill([0xc9, 0xff, 0xff, 0xff, 0xff, 0x72], 0xc0)],
    ['record definitions', fill([0xd4, 0x72, 0x40], 0xd4, 0x72, 0x41)],
    [
      'the prototype as a key',
      Buffer.concat([Buffer.from([0x81, 0xa9]), Buffer.from('__proto__'), Buffer.from([0x80])]),
    ],
  ];
}

/** Kinds of frames that a server sends. */
export const answerKinds: readonly number[] = [
  Kind.reply,
  Kind.part,
  Kind.error,
  Kind.event,
  Kind.block,
  Kind.ping,
  Kind.pong,
];
