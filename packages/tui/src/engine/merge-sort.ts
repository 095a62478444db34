/** Numbers that stand for rows, put in order by what they stand for. Pure; I/O and UI thread. */

export type CompareIds = (a: number, b: number) => number;

/** Runs of so many are sorted by insertion. */
const shortRun = 8;

/** What is equal stays as it was. */
export function mergeSorted(ids: Uint32Array, compare: CompareIds): Uint32Array {
  let runs = ids.slice();
  for (let from = 0; from < runs.length; from += shortRun)
    insertionSort(runs, from, Math.min(from + shortRun, runs.length), compare);
  let spare = new Uint32Array(runs.length);
  for (let width = shortRun; width < runs.length; width *= 2) {
    for (let from = 0; from < runs.length; from += 2 * width) {
      const middle = Math.min(from + width, runs.length);
      const merge = new Merge(runs, from, middle, runs, middle, Math.min(middle + width, runs.length));
      merge.into(spare, from, Number.POSITIVE_INFINITY, compare);
    }
    [runs, spare] = [spare, runs];
  }
  return runs;
}

function insertionSort(ids: Uint32Array, from: number, end: number, compare: CompareIds): void {
  for (let i = from + 1; i < end; i++) {
    const id = ids[i]!;
    let at = i;
    while (at > from && compare(ids[at - 1]!, id) > 0) {
      ids[at] = ids[at - 1]!;
      at -= 1;
    }
    ids[at] = id;
  }
}

/** Two runs in order that become one, as many at a time as one likes. What is equal comes from `a` first. */
export class Merge {
  readonly #a: Uint32Array;
  readonly #b: Uint32Array;
  readonly #endA: number;
  readonly #endB: number;
  #i: number;
  #j: number;

  constructor(a: Uint32Array, fromA: number, endA: number, b: Uint32Array, fromB: number, endB: number) {
    this.#a = a;
    this.#b = b;
    this.#i = fromA;
    this.#j = fromB;
    this.#endA = endA;
    this.#endB = endB;
  }

  /** Puts at most `most` of them from `at` on; how many it were. What one run has left is copied in one piece. */
  into(target: Uint32Array, at: number, most: number, compare: CompareIds): number {
    const a = this.#a;
    const b = this.#b;
    const endA = this.#endA;
    const endB = this.#endB;
    let i = this.#i;
    let j = this.#j;
    let to = at;
    const end = at + most;
    // Runs that follow one another, as those of a folder that is told in order, or the other way round.
    if (i < endA && j < endB && compare(a[endA - 1]!, b[j]!) <= 0) {
      target.set(a.subarray(i, endA), to);
      to += endA - i;
      i = endA;
    } else if (i < endA && j < endB && compare(b[endB - 1]!, a[i]!) < 0) {
      target.set(b.subarray(j, endB), to);
      to += endB - j;
      j = endB;
    }
    while (i < endA && j < endB && to < end) {
      if (compare(a[i]!, b[j]!) <= 0) target[to++] = a[i++]!;
      else target[to++] = b[j++]!;
    }
    if (i === endA || j === endB) {
      target.set(a.subarray(i, endA), to);
      to += endA - i;
      target.set(b.subarray(j, endB), to);
      to += endB - j;
      i = endA;
      j = endB;
    }
    this.#i = i;
    this.#j = j;
    return to - at;
  }
}
