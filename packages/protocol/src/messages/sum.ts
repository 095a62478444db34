/** sum: digests of a file's whole content, or of all files below a folder, as `b3sum` and `sha256sum` make them. */

import { digestBytes } from '../content/digest.ts';
import { SumAlgorithm } from '../content/whole-digest.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { array, bytes, integer, oneOf, path, tuple } from '../wire/shape.ts';
import { type TreeDone, type TreeProgress, treeDone, treeProgressShapes } from './work.ts';

/** `path` is below the request's; the root for the request's own file. */
export type SumOf = { readonly path: Path; readonly size: number; readonly digest: Uint8Array };

export type SumPart = TreeProgress & { readonly rows: readonly SumOf[] };

export const sum = operation<{ path: Path; algorithm: SumAlgorithm }, TreeDone, SumPart>({
  kind: Kind.sum,
  request: tuple({ path, algorithm: oneOf(SumAlgorithm.blake3, SumAlgorithm.sha256) }),
  part: tuple<SumPart>({
    ...treeProgressShapes,
    rows: array(
      tuple<SumOf>({ path, size: integer(), digest: bytes(digestBytes, digestBytes) }),
      limits.pageEntries,
    ),
  }),
  reply: treeDone,
});
