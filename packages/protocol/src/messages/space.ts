/** space: free and total bytes of the file system that a folder lies on. */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { integer, path, tuple } from '../wire/shape.ts';

export const space = operation<{ path: Path }, { free: number; total: number }>({
  kind: Kind.space,
  request: tuple({ path }),
  reply: tuple({ free: integer(), total: integer() }),
});
