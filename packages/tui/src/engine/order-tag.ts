/** Names a job by what it moves where, beside the partial files of its downloads. Pure. */

import { byteString, bytesOf, type Path } from '@ferry/protocol';
import { blockDigest } from '@ferry/protocol/content';
import type { JobOrder } from './job.ts';

/** 16 bytes as a byte string. */
export function orderTag({ source, target }: JobOrder): string {
  const text = (path: Path): Buffer => bytesOf(path.join('/'));
  return byteString(
    blockDigest(Buffer.concat([text(source), Buffer.from([0]), text(target)])).subarray(0, 16),
  );
}
