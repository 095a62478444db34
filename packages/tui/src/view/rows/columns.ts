/** What a pane tells of each entry, by how wide it is and what the user wants: names, sizes, times, permissions. Pure; UI thread. */

import { type Entry, EntryKind, type Name, timeToMs } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { Columns as ColumnSet } from '../../state/layout.ts';
import type { Sort, SortBy } from '../../state/sort.ts';
import { panes } from '../../state/texts.ts';
import { fit, padStart } from './cells.ts';
import type { Look } from './style.ts';
import { minute, minuteCells, when, whenCells } from './when.ts';

const sizeCells = 9;
const permissionCells = 10;
/** Below this a pane has no room for times. */
const widthForTimes = 34;
const widthForMinutes = 64;
const widthForPermissions = 72;
/** Where the user wants all of it, names may get as narrow as this. */
const leastName = 12;

export type PaneColumns = {
  readonly name: number;
  /** Cells of a time, the blank before it included; 0 for none. */
  readonly time: number;
  readonly permissions: number;
};

/** `width` is what is between the borders. */
export function columnsFor(width: number, set: ColumnSet): PaneColumns {
  const room = width - 2 - sizeCells;
  const short = whenCells + 1;
  const long = minuteCells + 2;
  const all = long + permissionCells + 1;
  const isFull = set === 'full' && room - all >= leastName;
  const time =
    set === 'brief' ? 0 : isFull || width >= widthForMinutes ? long : width >= widthForTimes ? short : 0;
  const permissions = isFull || (set === 'auto' && width >= widthForPermissions) ? permissionCells + 1 : 0;
  return { name: Math.max(1, room - time - permissions), time, permissions };
}

const titles: Readonly<
  Record<SortBy, readonly [column: 'name' | 'size' | 'time' | 'permissions', title: string]>
> = {
  name: ['name', panes.titles.name],
  bytes: ['name', panes.titles.bytes],
  extension: ['name', panes.titles.extension],
  size: ['size', panes.titles.size],
  modified: ['time', panes.titles.time],
  permissions: ['permissions', panes.titles.mode],
};

export function headingOf({ by, reverse }: Sort, columns: PaneColumns, look: Look): string {
  const [sorted, called] = titles[by];
  const arrow = reverse ? look.glyphs.up : look.glyphs.down;
  const title = (column: 'name' | 'size' | 'time' | 'permissions', usual: string): string =>
    column === sorted ? `${called}${arrow}` : usual;
  const time = columns.time === 0 ? '' : padStart(title('time', panes.titles.time), columns.time);
  const mode =
    columns.permissions === 0 ? '' : padStart(title('permissions', panes.titles.mode), columns.permissions);
  return ` ${fit(title('name', panes.titles.name), columns.name)}${padStart(title('size', panes.titles.size), sizeCells)}${time}${mode} `;
}

/** All but the name. */
export function cellsOf(
  entry: Entry,
  { time, permissions }: PaneColumns,
  sizes: ReadonlyMap<Name, number>,
  nowMs: number,
): string {
  const size = padStart(sizeWords(entry, sizes), sizeCells);
  const moment = time > minuteCells ? minute(timeToMs(entry.modified)) : when(entry.modified, nowMs);
  return `${size}${time === 0 ? '' : padStart(moment, time)}${permissions === 0 ? '' : padStart(modeWords(entry.mode), permissions)}`;
}

function sizeWords({ kind, name, size }: Entry, sizes: ReadonlyMap<Name, number>): string {
  if (kind === EntryKind.file) return prettyBytes(size);
  if (kind !== EntryKind.folder) return '';
  const counted = sizes.get(name);
  return counted === undefined ? panes.folder : prettyBytes(counted);
}

/** Set-user, set-group and sticky: their bit, and the place whose letter they change. */
const special = [
  [0o4000, 2, 's'],
  [0o2000, 5, 's'],
  [0o1000, 8, 't'],
] as const;

/** `rwxr-x---`, as ls writes it. */
export function modeWords(mode: number): string {
  const letters = [...'rwxrwxrwx'].map((letter, i) => (mode & (0o400 >> i) ? letter : '-'));
  for (const [bit, at, letter] of special) {
    if ((mode & bit) === 0) continue;
    letters[at] = letters[at] === 'x' ? letter : letter.toUpperCase();
  }
  return letters.join('');
}
