/** unpack: an archive that lies on the server (tar, tar.gz, tar.zst) into a new folder. */

import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { path, tuple } from '../wire/shape.ts';
import { type TreeDone, type TreeProgress, treeDone, treeProgress } from './work.ts';

export const unpack = operation<{ archive: Path; to: Path }, TreeDone, TreeProgress>({
  kind: Kind.unpack,
  request: tuple({ archive: path, to: path }),
  part: treeProgress,
  reply: treeDone,
});
