/**
 * Where the frames of a zstd stream end (RFC 8878): Node 24's decompressor stops behind the first one, and many writers, ours among
 * them, put one behind the other. Pure; called on I/O threads.
 */

import { Code, FerryError } from '../errors.ts';
import { Puller } from './puller.ts';

export const zstdMagic: Buffer = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

const dictionaryBytes = [0, 1, 2, 4] as const;
const sizeBytes = [0, 2, 4, 8] as const;
const checksumBytes = 4;
const rle = 1;

/**
 * The frames one after the other, each as its bytes, which must all be taken before the next. Frames without content are left out.
 * @throws {FerryError} MALFORMED; what `chunks` throws
 */
export async function* zstdFrames(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<AsyncIterable<Buffer>, void, void> {
  const bytes = new Puller(chunks, damaged);
  for (let magic = await bytes.take(4); magic !== undefined; magic = await bytes.take(4)) {
    if ((magic.readUInt32LE() & 0xfffffff0) === 0x184d2a50) {
      await bytes.skip(((await bytes.take(4)) ?? Buffer.alloc(4)).readUInt32LE());
      continue;
    }
    if (!magic.equals(zstdMagic)) throw damaged();
    yield frame(bytes, magic);
  }
}

async function* frame(bytes: Puller, magic: Buffer): AsyncGenerator<Buffer, void, void> {
  const some = async (count: number): Promise<Buffer> => {
    const taken = await bytes.take(count);
    if (taken === undefined) throw damaged();
    return taken;
  };
  const first = await some(1);
  const flags = first[0] ?? 0;
  const isSingle = (flags & 0x20) !== 0;
  const ownSize = sizeBytes[flags >> 6] ?? 0;
  const rest =
    (isSingle ? 0 : 1) + (dictionaryBytes[flags & 3] ?? 0) + (ownSize === 0 && isSingle ? 1 : ownSize);
  yield Buffer.concat([magic, first, rest === 0 ? Buffer.alloc(0) : await some(rest)]);
  for (let isLast = false; !isLast; ) {
    const head = await some(3);
    const word = head.readUIntLE(0, 3);
    isLast = (word & 1) === 1;
    const length = ((word >> 1) & 3) === rle ? 1 : word >> 3;
    yield length === 0 ? head : Buffer.concat([head, await some(length)]);
  }
  if ((flags & 4) !== 0) yield await some(checksumBytes);
}

function damaged(): FerryError {
  return new FerryError(Code.MALFORMED, 'the archive is damaged');
}
