/**
 * What is looked for among the rows of a large folder, in slices, so that keys are answered in between: the next name that is like what was
 * typed, or all that are like a pattern. Pure: who calls `next` decides how long a slice is. UI thread.
 */

import { type Bits, noBits, setBit } from './mark-set.ts';
import { patternFor, rowBeginning, rowFilter } from './match.ts';
import { idOf, type Rows } from './rows.ts';

export type Seeking = { readonly rows: Rows } & (
  | { readonly what: 'jump'; readonly text: string; readonly from: number; readonly cursor: number }
  | { readonly what: 'marks'; readonly pattern: string; readonly on: boolean }
);

/** The row that was found, -1 for none; or which rows are like the pattern, by id. */
export type Sought = number | Bits;

/** Stops after a thousand names or so each time. */
export function* seek(seeking: Seeking): Generator<void, Sought> {
  const { rows } = seeking;
  if (seeking.what === 'jump') return yield* rowLike(rows, seeking.text, seeking.from);
  const matches = patternFor(seeking.pattern);
  const bits = noBits(rows.pages);
  for (const [number, page] of rows.pages.entries()) {
    for (let place = 0; place < page.length; place++)
      if (matches(page.nameAt(place))) setBit(bits, idOf(number, place));
    yield;
  }
  return bits;
}

/** The next row whose name begins so, from a row on and round the end; else one that holds it. */
function* rowLike(rows: Rows, text: string, from: number): Generator<void, number> {
  for (const matches of [rowBeginning(text), rowFilter(text)]) {
    const at = yield* rows.finding(from, matches);
    if (at >= 0) return at;
  }
  return -1;
}

/** All at once. */
export function seekNow(seeking: Seeking): Sought {
  const work = seek(seeking);
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}
