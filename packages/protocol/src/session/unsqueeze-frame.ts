/** A block frame as it travelled, turned into what it stands for. Pure; called by frame-link.ts on I/O threads. */

import { blockFlagsAt, blockHeaderBytes, blockLengthAt } from '../content/block.ts';
import { blockContentAt } from '../content/block-pool.ts';
import { squeezedFlag, unsqueeze, zeroFlag } from '../content/squeeze.ts';
import { Code, FerryError } from '../errors.ts';
import { limits } from '../limits.ts';
import { frameHeaderBytes } from '../wire/frame.ts';

/**
 * Unpacks the content in place: the header then is as if it had travelled as it is. Gives the bytes of the body.
 * @throws {FerryError} MALFORMED
 */
export function unsqueezeFrame(buffer: Buffer, bodyBytes: number): number {
  const flagsAt = frameHeaderBytes + blockFlagsAt;
  if (bodyBytes < blockHeaderBytes) return bodyBytes;
  const flags = buffer.readUInt8(flagsAt);
  if (flags !== squeezedFlag && flags !== zeroFlag) return bodyBytes;
  const length = buffer.readUInt32BE(frameHeaderBytes + blockLengthAt);
  if (length > limits.blockBytes) throw new FerryError(Code.MALFORMED, 'a block frame has the wrong length');
  if (flags === zeroFlag) {
    if (bodyBytes !== blockHeaderBytes) throw new FerryError(Code.MALFORMED, 'a block of zeros has content');
    buffer.fill(0, blockContentAt, blockContentAt + length);
    buffer.writeUInt8(0, flagsAt);
    return blockHeaderBytes + length;
  }
  buffer.set(
    unsqueeze(buffer.subarray(blockContentAt, frameHeaderBytes + bodyBytes), length),
    blockContentAt,
  );
  buffer.writeUInt8(0, flagsAt);
  return blockHeaderBytes + length;
}
