/** remove: one file, link or empty folder. NOT_EMPTY for other folders. */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { path, tuple } from '../wire/shape.ts';

export const remove = operation<{ path: Path }>({ kind: Kind.remove, request: tuple({ path }) });
