/** setFacts: modification time and permission bits (0o777) of a file or folder. Never follows a symlink: NOT_REGULAR. */

import type { Time } from '../entry.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { integer, path, time, tuple } from '../wire/shape.ts';

export type SetFacts = { readonly path: Path; readonly modified: Time; readonly mode: number };

export const setFacts = operation<SetFacts>({
  kind: Kind.setFacts,
  request: tuple<SetFacts>({ path, modified: time, mode: integer(0, 0o7777) }),
});
