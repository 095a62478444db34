/**
 * readRange: a few bytes of a file for somebody who looks at it, with the facts of the file as it is now. Over the control
 * connection, so that it waits behind no transfer. With an identity given, the file must still be that one (SOURCE_CHANGED
 * otherwise). Bytes beyond the end are left out.
 */

import type { Facts } from '../entry.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, integer, optional, path, tuple } from '../wire/shape.ts';
import { facts, identity } from './facts.ts';

export type ReadRange = {
  readonly path: Path;
  /** undefined: any file of that name. */
  readonly identity: string | undefined;
  readonly offset: number;
  /** At most limits.rangeBytes. */
  readonly length: number;
};

export type Range = {
  /** All of one version of the file, which these facts name. */
  readonly facts: Facts;
  readonly content: Uint8Array;
};

export const readRange = operation<ReadRange, Range>({
  kind: Kind.readRange,
  request: tuple<ReadRange>({
    path,
    identity: optional(identity),
    offset: integer(0, limits.fileBlocks * limits.blockBytes),
    length: integer(1, limits.rangeBytes),
  }),
  reply: tuple<Range>({ facts, content: bytes(0, limits.rangeBytes) }),
});
