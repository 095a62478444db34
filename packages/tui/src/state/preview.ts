/**
 * What is under the cursor, shown in place of the other pane: the head of a file, the names in a folder, facts of anything. It
 * follows the cursor; what is no longer wanted is stopped. Pure; UI thread.
 */

import {
  compareTime,
  type Entry,
  EntryKind,
  type Facts,
  type Path,
  type Shown,
  samePath,
  type WireError,
} from '@ferry/protocol';
import type { Side, Where } from '../engine/engine.ts';
import { entryPath } from '../engine/server-works.ts';
import type { Cmd } from './cmd.ts';
import { inWords, type Next } from './next.ts';
import { entryAtCursor, kindOf } from './pane.ts';
import type { Picture } from './picture.ts';
import { type AppState, activeSide } from './state.ts';

export type Seen =
  | { readonly kind: 'file'; readonly facts: Facts; readonly content: Uint8Array }
  /** `why` there is no picture to see of one: it is too large, or damaged. */
  | {
      readonly kind: 'picture';
      readonly facts: Facts;
      readonly picture: Picture | undefined;
      readonly why?: Shown;
    }
  /** The first of its entries, in no order; `isWhole` when there are no more. */
  | { readonly kind: 'folder'; readonly entries: readonly Entry[]; readonly isWhole: boolean };

export type Preview = {
  readonly side: Side;
  readonly where: Where;
  /** The folder that holds the entry; undefined entry: nothing is under the cursor. */
  readonly folder: Path;
  readonly entry: Entry | undefined;
  /** The listing that the entry is from. */
  readonly broughtBy: number;
  /** What is awaited or was answered last; 0 for nothing. */
  readonly request: number;
  readonly isReading: boolean;
  readonly seen: Seen | undefined;
  readonly error: Shown | undefined;
};

export function togglePreview(state: AppState): Next {
  const { preview } = state;
  if (preview === undefined) return followed([{ ...state, preview: unread(state) }, []]);
  return [{ ...state, preview: undefined }, stopped(preview)];
}

function unread(state: AppState): Preview {
  const side = activeSide(state);
  const { path: folder, where, broughtBy } = state[side];
  const nothing = { request: 0, isReading: false, seen: undefined, error: undefined };
  return { side, where, folder, entry: undefined, broughtBy, ...nothing };
}

function stopped({ isReading, request }: Preview): readonly Cmd[] {
  return isReading ? [{ kind: 'stop', request }] : [];
}

/** After each step: what is under the cursor now is asked for when it is another. */
export function followed([state, cmds]: Next): Next {
  const { preview } = state;
  // Below the viewer nobody sees it.
  if (preview === undefined || state.viewer !== undefined) return [state, cmds];
  const side = activeSide(state);
  const entry = entryAtCursor(state[side]);
  const { path: folder } = state[side];
  const isSame =
    preview.side === side &&
    preview.where === state[side].where &&
    preview.broughtBy === state[side].broughtBy &&
    isSameEntry(preview.entry, entry) &&
    samePath(preview.folder, folder);
  if (isSame) return [state, cmds];
  const next = { ...unread(state), entry };
  const old = stopped(preview);
  if (entry === undefined || !isReadable(entry, kindOf(state[side]))) {
    return [{ ...state, preview: next }, [...cmds, ...old]];
  }
  const request = state.requests + 1;
  // A refresh brings the same file in a new entry: what is shown stays until it is read again.
  const isAgain = preview.entry?.name === entry.name && samePath(preview.folder, folder);
  const seen = isAgain ? preview.seen : undefined;
  const isFolder = entry.kind === EntryKind.folder;
  return [
    { ...state, requests: request, preview: { ...next, request, isReading: true, seen } },
    [...cmds, ...old, { kind: 'peek', side, path: entryPath(folder, entry.name), request, isFolder }],
  ];
}

function isSameEntry(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const isAsLarge = a.kind === b.kind && a.size === b.size && a.mode === b.mode;
  return a.name === b.name && isAsLarge && compareTime(a.modified, b.modified) === 0;
}

function isReadable({ kind }: Entry, of: Side): boolean {
  return (
    kind === EntryKind.file || kind === EntryKind.folder || (kind === EntryKind.symlink && of === 'local')
  );
}

export function peeked(state: AppState, request: number, seen: Seen): AppState {
  const { preview } = state;
  if (preview?.request !== request || !preview.isReading) return state;
  return { ...state, preview: { ...preview, isReading: false, seen, error: undefined } };
}

export function unpeeked(state: AppState, request: number, error: WireError): AppState {
  const { preview } = state;
  if (preview?.request !== request) return state;
  return { ...state, preview: { ...preview, isReading: false, error: inWords('', error) } };
}
