/** rename: gives an entry another name or place under the same root. Never overwrites: EXISTS. */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { path, tuple } from '../wire/shape.ts';

export const rename = operation<{ from: Path; to: Path }>({
  kind: Kind.rename,
  request: tuple({ from: path, to: path }),
});
