/** makeLink: a symlink that holds `target` as it is, whether anything is there or not. EXISTS when the name is taken. */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { path, tuple } from '../wire/shape.ts';
import { linkTarget } from './read-link.ts';

export type MakeLink = { readonly path: Path; readonly target: string };

export const makeLink = operation<MakeLink>({
  kind: Kind.makeLink,
  request: tuple<MakeLink>({ path, target: linkTarget }),
});
