/**
 * owner: whom a file, folder or symlink belongs to, by names. setOwner: gives it to the user and the group of these names.
 * FORBIDDEN: the server does neither (only one that runs as root and was told to), or has no user or group of that name.
 */

import type { Owner } from '../owner.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { path, text, tuple } from '../wire/shape.ts';

/** Bytes of a user's or group's name. */
export const ownerBytes = 256;

const fields = { user: text(ownerBytes), group: text(ownerBytes) };

export const owner = operation<{ path: Path }, Owner>({
  kind: Kind.owner,
  request: tuple({ path }),
  reply: tuple<Owner>(fields),
});

export type SetOwner = Owner & { readonly path: Path };

export const setOwner = operation<SetOwner>({
  kind: Kind.setOwner,
  request: tuple<SetOwner>({ path, ...fields }),
});
