/**
 * discard: ends a handle without a commit; of an unknown one it is no error. With `keep` the partial file stays: another
 * lane goes on with it, or the transfer is resumed later. Without, it is removed.
 */

import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { flag, integer, tuple } from '../wire/shape.ts';

export type Discard = { readonly handle: number; readonly keep: boolean };

export const discard = operation<Discard>({
  kind: Kind.discard,
  request: tuple<Discard>({ handle: integer(1, 2 ** 32 - 1), keep: flag }),
});
