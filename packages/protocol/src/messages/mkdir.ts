/** mkdir: makes one folder in an existing one. EXISTS when anything has that name. */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { path, tuple } from '../wire/shape.ts';

export const mkdir = operation<{ path: Path }>({ kind: Kind.mkdir, request: tuple({ path }) });
