/**
 * locate: a file anywhere in reach of the account that has this size and begins with this block, and so may have all of the
 * same content. A guess: whoever wants to use it compares (manifest) and names it as the base of an upload. Lanes only.
 */

import { digestBytes } from '../content/digest.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, integer, optional, path, tuple } from '../wire/shape.ts';
import { identity } from './facts.ts';

export type Locate = { readonly size: number; readonly firstBlock: Uint8Array };

export type Place = { readonly path: Path; readonly identity: string };

export const locate = operation<Locate, { readonly place: Place | undefined }>({
  kind: Kind.locate,
  request: tuple<Locate>({
    size: integer(0, limits.fileBlocks * limits.blockBytes),
    firstBlock: bytes(digestBytes, digestBytes),
  }),
  reply: tuple<{ readonly place: Place | undefined }>({ place: optional(tuple<Place>({ path, identity })) }),
});
