/** Names a transfer by what is moved where, so that one who comes back finds what is there of it. Pure. */

import { bytesOf, type Path } from '@ferry/protocol';
import { blockDigest } from '@ferry/protocol/content';

export type TransferOf = {
  readonly direction: 'download' | 'upload' | `relay ${string}`;
  /** Names the version of the source. */
  readonly identity: string;
  readonly source: Path;
  readonly target: Path;
};

/** 32 hex digits. Another version of the source has another id: old bytes are never joined to new ones. */
export function transferIdOf({ direction, identity, source, target }: TransferOf): string {
  const parts = [direction, identity, source.join('/'), target.join('/')];
  const digest = blockDigest(Buffer.concat(parts.flatMap((part) => [lengthOf(part), bytesOf(part)])));
  return Buffer.from(digest.subarray(0, 16)).toString('hex');
}

function lengthOf(part: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return length;
}
