/** What a user has the server do with its own files: deleting, searching, copying and moving there. Pure; UI thread. */

import {
  Code,
  type Entry,
  EntryKind,
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
import { sizesFrom } from '../engine/find-words.ts';
import { entryPath } from '../engine/server-works.ts';
import { archiveFormat } from './archive-format.ts';
import type { Cmd } from './cmd.ts';
import type { Prompted } from './dialog.ts';
import { field } from './edit-line.ts';
import { chosen, withoutShownMarks } from './marks.ts';
import { type Next, withPane } from './next.ts';
import { entryAtCursor, finding, type Pane } from './pane.ts';
import { type AppState, activeSide, otherSide } from './state.ts';
import { notices, prompts } from './texts.ts';
import { openTrash } from './trash.ts';
import { undoLast } from './undo.ts';
import { pathTyped } from './update-places.ts';
import { stopWork } from './works.ts';

/** What has to be typed to delete for good. */
export const forGoodWord = 'delete';

export type ServerAction =
  | 'delete-for-good'
  | 'undo-delete'
  | 'trash'
  | 'find'
  | 'copy-there'
  | 'move-there'
  | 'unpack'
  | 'move'
  | 'stop-work';

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
    case 'undo-delete':
      return undoLast(state, pane);
    case 'unpack':
      return [askUnpack(state, pane), []];
    case 'stop-work':
      return stopWork(state, pane);
    case 'find': {
      const fields = [
        [prompts.findName, ''],
        [prompts.findText, ''],
        [prompts.findSize, ''],
        [prompts.findChanged, ''],
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

/** As they were typed. */
export type SearchWords = {
  readonly name: string;
  readonly content: string;
  readonly size: string;
  readonly changed: string;
};

/** @throws {FerryError} USAGE */
export function found(state: AppState, { name, content, size, changed }: SearchWords): Next {
  if ([name, content, size, changed].every((words) => words.trim() === ''))
    throw new FerryError(Code.USAGE, prompts.nothingToFind);
  const pattern = name.trim();
  const query: FindQuery = {
    name: pattern === '' ? undefined : isGlob(pattern) ? pattern : `*${pattern}*`,
    anyCase: true,
    kind: undefined,
    minSize: undefined,
    maxSize: undefined,
    ...sizesFrom(size),
    // When that is, is known when it is asked for.
    after: undefined,
    before: undefined,
    content: content === '' ? undefined : content,
  };
  const request = state.requests + 1;
  const words = [pattern, content === '' ? '' : `“${content}”`, size.trim(), changed.trim()];
  const search = { query, changed, words: words.filter((word) => word !== '').join(' ') };
  const pane = finding(state[activeSide(state)], search, request);
  const { side, where, path } = pane;
  const cmd: Cmd = { kind: 'find', side, where, path, query, changed, request };
  return [withPane({ ...state, requests: request, typing: undefined }, pane), [cmd]];
}

/** What is under the cursor; its name without the ending is the folder's. */
function askUnpack(state: AppState, pane: Pane): AppState {
  const entry = entryAtCursor(pane);
  const format = entry?.kind === EntryKind.file ? archiveFormat(lastName(entry)) : undefined;
  if (entry === undefined || format === undefined || format === 'zip') {
    const name = entry === undefined ? trusted('..') : showName(entry.name);
    return { ...state, notice: { text: notices.noArchive(name), isError: false } };
  }
  const archive = entryPath(pane.path, entry.name);
  const text = textOf(archive).replace(/\.(?:tar|tar\.gz|tgz|tar\.zst|tzst)$/i, '');
  const prompted = { about: 'unpack', where: pane.where, archive } as const;
  return ask(state, prompts.unpack(showName(lastName(entry))), [[trusted(''), text]], prompted);
}

/** @throws {FerryError} NAME_… */
export function unpacked(
  state: AppState,
  { where, archive }: Prompted & { readonly about: 'unpack' },
  text: string,
): Next {
  return [state, [{ kind: 'unpack', where, archive, to: pathTyped(text, archive.slice(0, -1)) }]];
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
    ...countedBytes(entries),
    to,
    isInto: entries.length > 1 || text.trim().endsWith('/'),
    folder,
  };
  return [withPane(state, withoutShownMarks(pane)), [cmd]];
}

/** What is known to be copied without looking into folders. */
export function countedBytes(entries: readonly Entry[]): { readonly bytes?: number } {
  if (entries.some(({ kind }) => kind !== EntryKind.file)) return {};
  return { bytes: entries.reduce((sum, { size }) => sum + size, 0) };
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
