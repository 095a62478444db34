/**
 * What the browser remembers from one start to the next: places and layout. Pure values; UI thread. The file is
 * effects/remembered-file's.
 */

import { isName, type Path, samePath } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import { type Arrangement, isArrangement, usualArrangement } from './layout.ts';
import { isTheme, type ThemeName } from './theme.ts';

/** A folder of the user's own disk, or of a server. */
export type Place = {
  readonly side: Side;
  /** `host:port`; '' on the user's side. */
  readonly server: string;
  readonly path: Path;
};

export type Remembered = {
  readonly bookmarks: readonly Place[];
  /** The last one first. */
  readonly recent: readonly Place[];
  readonly arrangement: Arrangement;
  readonly theme: ThemeName;
  /** The mouse is ours; else the terminal's, to select text with. */
  readonly mouse: boolean;
  /** How often the browser was started. */
  readonly starts: number;
  /** How far rooms of the chat were read, the one read last first. */
  readonly read: readonly ReadMark[];
};

/** `seq`: number of the last line that was seen there. */
export type ReadMark = { readonly server: string; readonly ref: string; readonly seq: number };

export const mostBookmarks = 500;
export const mostRecent = 60;
const mostRead = 200;

export const nothingRemembered: Remembered = {
  bookmarks: [],
  recent: [],
  arrangement: usualArrangement,
  theme: 'auto',
  mouse: true,
  starts: 0,
  read: [],
};

export function samePlace(a: Place, b: Place): boolean {
  return a.side === b.side && a.server === b.server && samePath(a.path, b.path);
}

export function isBookmarked({ bookmarks }: Remembered, place: Place): boolean {
  return bookmarks.some((one) => samePlace(one, place));
}

/** The same value where it is there already, or there is no room. */
export function withBookmark(remembered: Remembered, place: Place): Remembered {
  const { bookmarks } = remembered;
  if (isBookmarked(remembered, place) || bookmarks.length >= mostBookmarks) return remembered;
  return { ...remembered, bookmarks: [...bookmarks, place] };
}

/** Puts a place first among the recent ones. */
export function withRecent(remembered: Remembered, place: Place): Remembered {
  const [first] = remembered.recent;
  if (first !== undefined && samePlace(first, place)) return remembered;
  const others = remembered.recent.filter((one) => !samePlace(one, place));
  return { ...remembered, recent: [place, ...others].slice(0, mostRecent) };
}

export function withoutPlace(remembered: Remembered, place: Place): Remembered {
  const keeps = (one: Place): boolean => !samePlace(one, place);
  return {
    ...remembered,
    bookmarks: remembered.bookmarks.filter(keeps),
    recent: remembered.recent.filter(keeps),
  };
}

/** How far a room was read; undefined where that is not known. */
export function readUpTo({ read }: Remembered, server: string, ref: string): number | undefined {
  return read.find((one) => one.server === server && one.ref === ref)?.seq;
}

/** The same value where it is known already. */
export function withReadUpTo(remembered: Remembered, mark: ReadMark): Remembered {
  if (readUpTo(remembered, mark.server, mark.ref) === mark.seq) return remembered;
  const others = remembered.read.filter(({ server, ref }) => server !== mark.server || ref !== mark.ref);
  return { ...remembered, read: [mark, ...others].slice(0, mostRead) };
}

/** From a file that may hold anything: what cannot be understood is left out. */
export function rememberedFrom(value: unknown): Remembered {
  if (!isRecord(value)) return nothingRemembered;
  const { bookmarks, recent, arrangement, theme, mouse, starts, read } = value;
  return {
    bookmarks: placesFrom(bookmarks).slice(0, mostBookmarks),
    recent: placesFrom(recent).slice(0, mostRecent),
    arrangement: isArrangement(arrangement) ? arrangement : usualArrangement,
    theme: isTheme(theme) ? theme : 'auto',
    mouse: mouse !== false,
    starts: isCount(starts) ? starts : 0,
    read: readFrom(read).slice(0, mostRead),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function readFrom(value: unknown): ReadMark[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).flatMap((one) => {
    if (!isRecord(one)) return [];
    const { server, ref, seq } = one;
    return typeof server === 'string' && typeof ref === 'string' && isCount(seq)
      ? [{ server, ref, seq }]
      : [];
  });
}

function placesFrom(value: unknown): Place[] {
  return Array.isArray(value) ? (value as readonly unknown[]).flatMap(placeFrom) : [];
}

function placeFrom(value: unknown): Place[] {
  if (!isRecord(value)) return [];
  const { side, server, path } = value;
  if ((side !== 'remote' && side !== 'local') || typeof server !== 'string' || !Array.isArray(path))
    return [];
  const names = (path as readonly unknown[]).filter((name) => typeof name === 'string' && isName(name));
  return names.length === path.length ? [{ side, server, path: names as unknown as Path }] : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
