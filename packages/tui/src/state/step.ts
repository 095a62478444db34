/** Where the keys that walk lead, in panes, the queue and lists alike. Pure; UI thread. */

import type { Action } from '../keymap/keymap.ts';

/** The row that a walking key leads to, possibly beyond the ends; undefined for a key that does not walk. */
export function steppedTo(action: Action, cursor: number, page: number, count: number): number | undefined {
  switch (action) {
    case 'up':
      return cursor - 1;
    case 'down':
      return cursor + 1;
    case 'page-up':
      return cursor - page;
    case 'page-down':
      return cursor + page;
    case 'first':
      return 0;
    case 'last':
      return count - 1;
    default:
      return undefined;
  }
}

/** As {@link steppedTo}, in a list below a line that is typed: the keys for the ends are the line's. */
export function steppedBelowLine(action: Action, cursor: number): number | undefined {
  return action === 'first' || action === 'last' ? undefined : steppedTo(action, cursor, listPage, 0);
}

/** Lines that a page key goes by in a list that stands over the panes. */
export const listPage = 10;

/** The nearest row of a list; 0 in an empty one. */
export function withinRows(cursor: number, count: number): number {
  return Math.max(0, Math.min(cursor, count - 1));
}
