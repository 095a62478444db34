/** stat: one entry and its identity. A symlink is described itself, never followed. The root's name is a single `~`. */

import type { Facts } from '../entry.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { path, tuple } from '../wire/shape.ts';
import { facts } from './facts.ts';

export const stat = operation<{ path: Path }, { facts: Facts }>({
  kind: Kind.stat,
  request: tuple({ path }),
  reply: tuple({ facts }),
});
