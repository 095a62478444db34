/**
 * What was done last, newest at the end, and what takes it back. Pure; UI thread.
 *
 * What replaces or removes nothing for good is remembered: what was deleted or overwritten on a server (its trash has it), renamed,
 * moved or copied there, folders made, permissions. It ends with this ferry; the trash does not.
 */

import type { Path, Shown } from '@ferry/protocol';
import type { Where } from '../engine/engine.ts';
import { keyName } from '../keymap/key-name.ts';
import { keyOf } from '../keymap/resolve.ts';
import type { Next } from './next.ts';
import type { Pane } from './pane.ts';
import { withoutWideRules } from './replacing.ts';
import type { AppState } from './state.ts';
import { notices } from './texts.ts';
import { openTrash } from './trash.ts';

/** A version that another one took the place of: it is known again by its place and its size. */
export type Overwritten = { readonly path: Path; readonly bytes: number };

export type Undo = { readonly where: Where } & (
  | { readonly kind: 'deleted'; readonly ids: readonly string[]; readonly folder: Path }
  | { readonly kind: 'overwritten'; readonly files: readonly Overwritten[] }
  /** As `deleted`, of uploads that were not asked about. */
  | { readonly kind: 'replaced'; readonly ids: readonly string[]; readonly folders: readonly Path[] }
  | { readonly kind: 'renamed'; readonly from: Path; readonly to: Path }
  | {
      readonly kind: 'moved';
      readonly pairs: readonly { readonly from: Path; readonly to: Path }[];
    }
  /** On a server: to its trash with what was made, by copying or unpacking. */
  | { readonly kind: 'copied' | 'unpacked'; readonly made: readonly Path[] }
  | { readonly kind: 'folder-made'; readonly path: Path }
  | {
      readonly kind: 'permissions';
      readonly before: readonly { readonly path: Path; readonly mode: number }[];
    }
);

/** So much of what was done is remembered… */
const mostUndos = 50;
/** …and none that was done to more entries than that. */
const mostEntries = 10_000;

/** What was just done, and what is said of it where that is not seen. Nothing was done where it was done to no entry. */
export function done(state: AppState, done: Undo): AppState {
  const undo = done.kind === 'replaced' ? withoutKnown(state, done) : done;
  const next = withUndo(state, undo);
  const many = entriesOf(undo);
  const said = wordsFor[undo.kind];
  if (said === undefined || many === 0) return next;
  return { ...next, notice: { text: said(many, undoKey(next)), isError: false } };
}

/** Of two jobs below one folder, the second finds what the first has replaced, too. */
function withoutKnown({ undos }: AppState, undo: Undo & { readonly kind: 'replaced' }): Undo {
  const known = new Set(undos.flatMap((one) => (one.kind === 'replaced' ? one.ids : [])));
  return { ...undo, ids: undo.ids.filter((id) => !known.has(id)) };
}

const wordsFor: { readonly [K in Undo['kind']]?: (entries: number, key: Shown) => Shown } = {
  deleted: notices.deleted,
  replaced: notices.replaced,
  copied: notices.copied,
  unpacked: (_, key) => notices.unpacked(key),
  moved: notices.moved,
};

export function withUndo(state: AppState, undo: Undo): AppState {
  const entries = entriesOf(undo);
  if (entries === 0) return state;
  // Going on with what was done before would leave this one standing in between.
  if (entries > mostEntries) return { ...state, undos: [] };
  return { ...state, undos: [...state.undos, undo].slice(-mostUndos) };
}

function entriesOf(undo: Undo): number {
  switch (undo.kind) {
    case 'deleted':
    case 'replaced':
      return undo.ids.length;
    case 'overwritten':
      return undo.files.length;
    case 'moved':
      return undo.pairs.length;
    case 'copied':
    case 'unpacked':
      return undo.made.length;
    case 'permissions':
      return undo.before.length;
    case 'renamed':
    case 'folder-made':
      return 1;
  }
}

/** The key that takes back what was done last, as the user has it. */
export function undoKey({ keymap }: AppState): Shown {
  return keyName(keyOf(keymap, 'pane', 'undo-delete'));
}

/** Takes back what was done last. With nothing done since the start, what can be had back is in the list. */
export function undoLast(state: AppState, pane: Pane): Next {
  const undo = state.undos.at(-1);
  if (undo === undefined) return openTrash(state, pane.where);
  const rest = { ...state, undos: state.undos.slice(0, -1) };
  return [withoutWideRules(rest, undo.where), [{ kind: 'undo', undo }]];
}
