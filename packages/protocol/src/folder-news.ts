/** What is said of a folder that is watched. Pure; every thread of both programs. */

import type { Entry } from './entry.ts';
import type { FerryError } from './errors.ts';
import type { Name } from './path.ts';

export type FolderNews =
  /** Rows as they are by now: new, or different from before; and names that are there no more. At most limits.newsRows together. */
  | { readonly kind: 'changed'; readonly entries: readonly Entry[]; readonly gone: readonly Name[] }
  /** Too much, or nobody knows what: who shows it lists it again. */
  | { readonly kind: 'again' }
  /** The last news: the folder is gone, was moved or cannot be read any more. */
  | { readonly kind: 'over'; readonly error: FerryError };
