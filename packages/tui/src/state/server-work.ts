/** What a user has the server do with its own files: deleting, undoing that, searching, copying and moving there. Pure; UI thread. */

import {
  Code,
  type Entry,
  FerryError,
  type FindQuery,
  isGlob,
  type Name,
  type Path,
  type Shown,
  show,
  showName,
  trusted,
} from '@ferry/protocol';
import type { Where } from '../engine/engine.ts';
import { entryPath } from '../engine/server-works.ts';
import { keyName } from '../keymap/key-name.ts';
import { keyOf } from '../keymap/resolve.ts';
import type { Cmd } from './cmd.ts';
import type { Prompted } from './dialog.ts';
import { field } from './edit-line.ts';
import { chosen, withoutShownMarks } from './marks.ts';
import { type Next, withPane } from './next.ts';
import { finding, type Pane } from './pane.ts';
import { type AppState, activeSide, otherSide } from './state.ts';
import { prompts } from './texts.ts';
import { openTrash } from './trash.ts';
import { pathTyped } from './update-places.ts';

/** What the last deletion can be undone with, or the last overwriting. */
export type Undo =
  | { readonly where: Where; readonly ids: readonly string[]; readonly folder: Path }
  | Overwritten;

/** A version that another one took the place of: it is known again by its place and its size. */
export type Overwritten = { readonly where: Where; readonly path: Path; readonly bytes: number };

/** What has to be typed to delete for good. */
export const forGoodWord = 'delete';

export type ServerAction =
  | 'delete-for-good'
  | 'undo-delete'
  | 'trash'
  | 'find'
  | 'copy-there'
  | 'move-there'
  | 'move';

export function actOnServer(state: AppState, pane: Pane, action: ServerAction): Next {
  const { side, path: folder } = pane;
  switch (action) {
    case 'trash':
      return openTrash(state, pane.where);
    case 'delete-for-good': {
      const entries = chosen(pane);
      if (entries.length === 0) return [state, []];
      const title = prompts.deleteForGood(forGoodWord, whatOf(entries));
      return [ask(state, title, [[trusted(''), '']], { about: 'for-good', side, folder, entries }), []];
    }
    case 'undo-delete': {
      const { undo } = state;
      // Nothing deleted since the start: what was overwritten, or before, is in the list.
      if (undo === undefined) return openTrash(state, pane.where);
      const cmd =
        'ids' in undo
          ? ({ kind: 'undo-delete', ...undo } as const)
          : ({ kind: 'undo-overwrite', ...undo } as const);
      return [{ ...state, undo: undefined }, [cmd]];
    }
    case 'find': {
      const fields = [
        [prompts.findName, ''],
        [prompts.findText, ''],
      ] as const;
      const title =
        folder.length === 0 ? prompts.findOnServer : prompts.findBelow(showName(folder.join('/')));
      return [ask(state, title, fields, { about: 'find' }), []];
    }
    case 'copy-there':
    case 'move-there':
    case 'move': {
      const entries = chosen(pane);
      if (entries.length === 0) return [state, []];
      const verb = action === 'copy-there' ? 'copy' : 'move';
      const asks = { 'copy-there': prompts.copyThere, 'move-there': prompts.moveThere, move: prompts.move };
      const title = asks[action](whatOf(entries));
      const [first] = entries;
      const isOne = entries.length === 1 && first !== undefined;
      const to = action === 'move' ? state[otherSide(side)].path : folder;
      const name = isOne ? (action === 'move' ? lastName(first) : first.name) : undefined;
      const start = textOf(name === undefined ? to : entryPath(to, name));
      const text = `${start}${isOne || start === '/' ? '' : '/'}`;
      return [ask(state, title, [[trusted(''), text]], { about: 'graft', verb, folder, entries }), []];
    }
  }
}

/** @throws {FerryError} USAGE: it is not that word */
export function deletedForGood(
  state: AppState,
  { side, folder, entries }: Prompted & { readonly about: 'for-good' },
  text: string,
): Next {
  if (text.trim() !== forGoodWord) throw new FerryError(Code.USAGE, prompts.notTheWord(forGoodWord));
  const next = withPane(state, withoutShownMarks(state[side]));
  const { where } = state[side];
  if (where === '') return [next, [{ kind: 'remove', side, folder, entries }]];
  return [next, [{ kind: 'delete', where, folder, entries, forGood: true }]];
}

/** @throws {FerryError} USAGE */
export function found(state: AppState, name: string, content: string): Next {
  if (name.trim() === '' && content === '') throw new FerryError(Code.USAGE, prompts.nothingToFind);
  const pattern = name.trim();
  const query: FindQuery = {
    name: pattern === '' ? undefined : isGlob(pattern) ? pattern : `*${pattern}*`,
    anyCase: true,
    kind: undefined,
    minSize: undefined,
    maxSize: undefined,
    after: undefined,
    before: undefined,
    content: content === '' ? undefined : content,
  };
  const request = state.requests + 1;
  const pane = finding(state[activeSide(state)], query, request);
  const { side, where, path } = pane;
  const cmd: Cmd = { kind: 'find', side, where, path, query, request };
  return [withPane({ ...state, requests: request, typing: undefined }, pane), [cmd]];
}

/** @throws {FerryError} NAME_… */
export function grafted(
  state: AppState,
  { verb, folder, entries }: Prompted & { readonly about: 'graft' },
  text: string,
): Next {
  const to = pathTyped(text, folder);
  const pane = state[activeSide(state)];
  const cmd: Cmd = {
    kind: 'graft',
    where: pane.where,
    verb,
    sources: entries.map(({ name }) => entryPath(folder, name)),
    to,
    isInto: entries.length > 1 || text.trim().endsWith('/'),
    folder,
  };
  return [withPane(state, withoutShownMarks(pane)), [cmd]];
}

/** The words of a search, for the pane's frame. */
export function wordsOf({ name, content }: FindQuery): string {
  return [name, content === undefined ? undefined : `“${content}”`]
    .filter((word) => word !== undefined)
    .join(' ');
}

export function lastName({ name }: Entry): Name {
  return entryPath([], name).at(-1) ?? name;
}

function whatOf(entries: readonly Entry[]): Shown {
  const [first] = entries;
  return entries.length === 1 && first !== undefined
    ? showName(first.name)
    : show(`${entries.length} entries`);
}

function textOf(path: Path): string {
  return `/${Buffer.from(path.join('/'), 'latin1').toString('utf8')}`;
}

function ask(
  state: AppState,
  title: Shown,
  lines: readonly (readonly [label: Shown, text: string])[],
  prompted: Prompted,
): AppState {
  const fields = lines.map(([label, text]) => field(label, text));
  return {
    ...state,
    dialog: { kind: 'prompt', title, fields, field: 0, prompted, error: undefined },
  };
}

/** The key that brings back what was deleted, as the user has it. */
export function undoKey({ keymap }: AppState): Shown {
  return keyName(keyOf(keymap, 'pane', 'undo-delete'));
}
