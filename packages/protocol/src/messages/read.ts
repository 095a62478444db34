/**
 * read: blocks `first` … `first + count - 1` of a file, each as a `block` frame with this request's id, in order.
 * With `facts` wanted, a part with the file's facts comes before the blocks: a small file takes one round trip.
 * With an identity given, the file must still be that one (SOURCE_CHANGED otherwise); it is looked at again after the last
 * block. Blocks beyond the end are left out; the reply says how many came. With `count` 0 it is the facts alone.
 */

import type { Facts } from '../entry.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { integer, optional, path, tuple } from '../wire/shape.ts';
import { facts, identity } from './facts.ts';

export type Read = {
  readonly path: Path;
  /** undefined: any file of that name, and its facts are wanted. */
  readonly identity: string | undefined;
  readonly first: number;
  readonly count: number;
};

export const read = operation<Read, { blocks: number }, { facts: Facts }>({
  kind: Kind.read,
  request: tuple<Read>({
    path,
    identity: optional(identity),
    first: integer(0, limits.fileBlocks - 1),
    count: integer(0, limits.readBlocks),
  }),
  part: tuple({ facts }),
  reply: tuple({ blocks: integer(0, limits.readBlocks) }),
});
