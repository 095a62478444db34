/** What is searched for, in words, as numbers: of `ferry find`, and of the browser's search. Pure. */

import { Code, FerryError, show } from '@ferry/protocol';

const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const spans: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_557_600,
};

/** Bytes: `500`, `10k`, `1.5M`, `2G`. @throws {FerryError} USAGE */
export function parseSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kMGT]?)$/.exec(text) ?? [];
  const bytes = Math.round(Number(number) * (units[unit ?? ''] ?? Number.NaN));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new FerryError(Code.USAGE, `${show(text)} is no size: write 500, 10k, 1.5M or 2G`);
}

/** A moment, as seconds since 1970: so long ago (`90m`, `12h`, `7d`, `4w`, `1y`), or a date. @throws {FerryError} USAGE */
export function parseMoment(text: string, nowMs: number): number {
  const [, number, span] = /^(\d+)([smhdwy])$/.exec(text) ?? [];
  const seconds =
    number === undefined
      ? Math.floor(Date.parse(text) / 1000)
      : Math.floor(nowMs / 1000) - Number(number) * (spans[span ?? ''] ?? Number.NaN);
  if (Number.isSafeInteger(seconds)) return seconds;
  throw new FerryError(
    Code.USAGE,
    `${show(text)} is no time: write 90m, 12h, 7d, 4w, or a date as 2026-05-31`,
  );
}

/** Bounds as they are typed in one line: `>1M`, `<10k`, both, or `1M` for at least that. Nothing: none. @throws {FerryError} USAGE */
export function sizesFrom(text: string): { readonly minSize?: number; readonly maxSize?: number } {
  const bounds = text.split(/\s+/).filter((word) => word !== '');
  return Object.assign(
    {},
    ...bounds.map((word) =>
      word.startsWith('<')
        ? { maxSize: parseSize(word.slice(1)) }
        : { minSize: parseSize(word.replace(/^>/, '')) },
    ),
  ) as { minSize?: number; maxSize?: number };
}

/**
 * When something was changed, as it is typed in one line: `<7d` or `7d` within the last seven days, `>1y` longer ago; a date alone or
 * after `>` since then, after `<` before then. Seconds since 1970. Nothing: whenever. @throws {FerryError} USAGE
 */
export function momentsFrom(
  text: string,
  nowMs: number,
): { readonly after?: number; readonly before?: number } {
  const bounds = text.split(/\s+/).filter((word) => word !== '');
  return Object.assign(
    {},
    ...bounds.map((word) => {
      const sign = /^[<>]/.exec(word)?.[0];
      const rest = sign === undefined ? word : word.slice(1);
      const moment = parseMoment(rest, nowMs);
      const isAgo = /^\d+[a-z]$/.test(rest);
      return sign === (isAgo ? '>' : '<') ? { before: moment } : { after: moment };
    }),
  ) as { after?: number; before?: number };
}
