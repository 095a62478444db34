/**
 * A file searched by reading it range by range, a few of them asked for ahead, so that a long line to the server is used and
 * nothing is kept. Cancelled by its signal between two ranges. UI thread; the bytes come from the I/O thread.
 */

import { limits, type Path } from '@ferry/protocol';
import type { FileSource, Range, RangeSpec, Wait } from '../engine/source.ts';
import { type BytePattern, placeIn } from '../state/byte-pattern.ts';

/** Asked for at once: little enough that a listing does not wait long behind them. */
const rangesAhead = 6;

export type Searched = {
  readonly source: Pick<FileSource, 'readRange'>;
  readonly path: Path;
  /** Told after each range: the place that was reached. */
  readonly onProgress: (at: number) => void;
};

type Step = RangeSpec;

/** Reads what `stepAt` names, in order, until `use` is done or there is no further step. */
export async function readInOrder(
  { source, path }: Searched,
  stepAt: (index: number) => Step | undefined,
  use: (range: Range, step: Step) => boolean,
  { signal }: Wait,
): Promise<void> {
  const own = new AbortController();
  const both = signal === undefined ? own.signal : AbortSignal.any([signal, own.signal]);
  const waiting: { step: Step; range: Promise<Range> }[] = [];
  let asked = 0;
  const ask = (): void => {
    const step = stepAt(asked);
    if (step === undefined) return;
    asked += 1;
    const range = source.readRange(path, step, { signal: both });
    // Those that are cancelled at the end are awaited by nobody.
    range.catch(() => {});
    waiting.push({ step, range });
  };
  try {
    for (let i = 0; i < rangesAhead; i++) ask();
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (use(await next.range, next.step)) return;
      ask();
    }
  } finally {
    own.abort();
  }
}

export type TextSearch = {
  readonly pattern: BytePattern;
  /** As Cmd 'find-text'. */
  readonly from: number;
  readonly by: 1 | -1;
};

/** Where the text stands next; undefined: nowhere in that direction. @throws {FerryError} as readRange; CANCELLED */
export async function findText(
  searched: Searched,
  { pattern, from, by }: TextSearch,
  opts: Wait = {},
): Promise<number | undefined> {
  const size = await sizeOf(searched, opts);
  const overlap = pattern.bytes.length - 1;
  const stride = limits.rangeBytes - overlap;
  let found: number | undefined;
  // Backward, the last byte of a match may stand behind `from`.
  const end = Math.min(size, from + overlap);
  const forward = (index: number): Step | undefined => {
    const offset = from + index * stride;
    return offset + overlap < size ? { offset, length: limits.rangeBytes } : undefined;
  };
  const backward = (index: number): Step | undefined => {
    const to = end - index * stride;
    const offset = Math.max(0, to - limits.rangeBytes);
    return to > overlap ? { offset, length: to - offset } : undefined;
  };
  await readInOrder(
    searched,
    by > 0 ? forward : backward,
    ({ content }, { offset }) => {
      const at = placeIn(content, pattern, by > 0 ? 'first' : 'last');
      if (at >= 0) found = offset + at;
      else searched.onProgress(by > 0 ? offset + content.length : offset);
      return at >= 0;
    },
    opts,
  );
  return found;
}

/** Where a line begins, counted from 1; undefined when there are fewer. @throws {FerryError} as readRange; CANCELLED */
export async function findLine(
  searched: Searched,
  line: number,
  opts: Wait = {},
): Promise<number | undefined> {
  if (line <= 1) return 0;
  const size = await sizeOf(searched, opts);
  let left = line - 1;
  let found: number | undefined;
  await readInOrder(
    searched,
    (index) => {
      const offset = index * limits.rangeBytes;
      return offset < size ? { offset, length: limits.rangeBytes } : undefined;
    },
    ({ content }, { offset }) => {
      for (let at = content.indexOf(newline); at >= 0; at = content.indexOf(newline, at + 1)) {
        left -= 1;
        if (left > 0) continue;
        found = offset + at + 1;
        return true;
      }
      searched.onProgress(offset + content.length);
      return false;
    },
    opts,
  );
  // Behind the last newline there is no line.
  return found !== undefined && found >= size ? undefined : found;
}

const newline = 0x0a;

async function sizeOf({ source, path }: Searched, opts: Wait): Promise<number> {
  return (await source.readRange(path, { offset: 0, length: 1 }, opts)).facts.size;
}
