/** removeTree: a file, link, or folder with all that is in it, for good. Links are removed, never followed. */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { path, tuple } from '../wire/shape.ts';
import { type TreeDone, type TreeProgress, treeDone, treeProgress } from './work.ts';

export const removeTree = operation<{ path: Path }, TreeDone, TreeProgress>({
  kind: Kind.removeTree,
  request: tuple({ path }),
  part: treeProgress,
  reply: treeDone,
});
