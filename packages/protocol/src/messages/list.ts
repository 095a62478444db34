/**
 * list: a folder's entries, in the folder's own order. Parts carry pages; the reply ends the listing. An empty folder has
 * no parts.
 */

import type { Entry } from '../entry.ts';
import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { array, entry, type Nothing, path, tuple } from '../wire/shape.ts';

export type ListPage = { readonly entries: readonly Entry[] };

export const list = operation<{ path: Path }, Nothing, ListPage>({
  kind: Kind.list,
  request: tuple({ path }),
  part: tuple<ListPage>({ entries: array(entry, limits.pageEntries) }),
});
