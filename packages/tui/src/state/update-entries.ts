/** What is done to the marked entries of a pane, or to the one under the cursor. Pure; UI thread. */

import {
  type Entry,
  EntryKind,
  joinPath,
  parentPath,
  type Shown,
  samePath,
  show,
  showName,
  trusted,
} from '@ferry/protocol';
import type { NewOrder } from '../engine/engine.ts';
import { entryPath } from '../engine/server-works.ts';
import { keyName } from '../keymap/key-name.ts';
import type { Action } from '../keymap/keymap.ts';
import { keyOf } from '../keymap/resolve.ts';
import type { Cmd } from './cmd.ts';
import { compareWith } from './compare.ts';
import type { Dialog, Prompted } from './dialog.ts';
import { field } from './edit-line.ts';
import { chosen, withMarks, withoutShownMarks } from './marks.ts';
import { type Next, withPane } from './next.ts';
import { entryAtCursor, kindOf, type Pane } from './pane.ts';
import { actOnServer, countedBytes, lastName } from './server-work.ts';
import { actOnShares } from './shares.ts';
import { type AppState, otherSide } from './state.ts';
import { notices, prompts, questions } from './texts.ts';
import { undoKey } from './undo.ts';

/** Bits of a mode that are permissions. */
export const permissionBits = 0o7777;

/** undefined for an action that is not done to entries. */
export function actOnEntries(state: AppState, pane: Pane, action: Action): Next | undefined {
  const { side, path: folder } = pane;
  switch (action) {
    case 'copy':
      return copy(state, pane);
    case 'mkdir':
      return [ask(state, prompts.newFolder, '', { about: 'mkdir', side, folder }), []];
    case 'rename':
      return [rename(state, pane), []];
    case 'delete':
      return [askDelete(state, pane), []];
    case 'mark-pattern':
    case 'unmark-pattern': {
      const on = action === 'mark-pattern';
      const title = on ? prompts.mark : prompts.unmark;
      return [ask(state, title, '*', { about: 'pattern', side, on }), []];
    }
    case 'permissions': {
      const entries = chosen(pane);
      const [first] = entries;
      if (first === undefined) return [state, []];
      const title =
        entries.length === 1
          ? prompts.permissions(showName(first.name))
          : prompts.permissionsOf(entries.length);
      const mode = (first.mode & permissionBits).toString(8).padStart(3, '0');
      const prompted = { about: 'permissions', side, folder, entries } as const;
      return [ask(state, title, mode, prompted), []];
    }
    case 'info': {
      const entry = entryAtCursor(pane);
      const dialog: Dialog | undefined =
        entry === undefined ? undefined : { kind: 'info', side, folder, entry, top: 0 };
      return [dialog === undefined ? state : { ...state, dialog }, []];
    }
    case 'size': {
      const names = chosen(pane).filter(({ kind }) => kind === EntryKind.folder);
      if (names.length === 0) return [noted(state, notices.onlyFolders), []];
      const cmd: Cmd = { kind: 'measure', side, folder, names: names.map(({ name }) => name) };
      return [noted(state, notices.counting), [cmd]];
    }
    case 'copy-path': {
      const entries = chosen(pane);
      const start = pane.where === '' ? '/' : `ferry://${show(pane.where)}/`;
      const paths = entries.length === 0 ? [folder] : entries.map(({ name }) => entryPath(folder, name));
      const own = paths.map((path) => path.join('/'));
      const shown = own.map(showName);
      const text = trusted(shown.map((path) => `${start}${path}`).join('\n'));
      const isExact = own.every((path, i) => Buffer.from(shown[i] ?? '').toString('latin1') === path);
      const said = paths.length === 1 ? notices.copiedPath(text) : notices.copiedPaths(paths.length);
      return [noted(state, isExact ? said : notices.copiedAsShown(said)), [{ kind: 'copy-text', text }]];
    }
    case 'delete-for-good':
    case 'undo-delete':
    case 'trash':
    case 'find':
    case 'unpack':
    case 'stop-work':
    case 'copy-there':
    case 'move-there':
    case 'move':
      return actOnServer(state, pane, action);
    case 'share':
    case 'drop-box':
    case 'shares':
      return actOnShares(state, pane, action);
    case 'compare':
      return [compared(state), []];
    default:
      return undefined;
  }
}

/** The key that does it now. */
function shownKey({ keymap }: AppState, action: Action): Shown {
  return keyName(keyOf(keymap, 'pane', action));
}

function noted(state: AppState, text: Shown, isError = false): AppState {
  return { ...state, notice: { text, isError } };
}

function ask(state: AppState, title: Shown, text: string, prompted: Prompted): AppState {
  const fields = [field(trusted(''), text)];
  return {
    ...state,
    dialog: { kind: 'prompt', title, fields, field: 0, prompted, error: undefined },
  };
}

/** One job per entry; what cannot be copied is named and the rest goes. */
function copy(state: AppState, pane: Pane): Next {
  const entries = chosen(pane);
  const movable = entries.filter(({ kind }) => kind === EntryKind.file || kind === EntryKind.folder);
  const left = entries.find(({ kind }) => kind !== EntryKind.file && kind !== EntryKind.folder);
  const other = state[otherSide(pane.side)];
  const { path: target, where: to } = other;
  const { where } = pane;
  if (where === to) return copyThere(state, pane, other, entries);
  // Between two servers it is an upload whose source is on the other one.
  const between: Pick<NewOrder, 'direction' | 'to' | 'from'> =
    to === ''
      ? { direction: 'download', to: where }
      : { direction: 'upload', to, ...(where === '' ? {} : { from: where }) };
  const orders = movable.map(
    (entry): NewOrder => ({
      ...between,
      source: entryPath(pane.path, entry.name),
      kind: entry.kind,
      target: joinPath(target, lastName(entry)),
      existing: 'ask',
    }),
  );
  const cmds: Cmd[] = orders.length > 0 ? [{ kind: 'submit', orders }] : [];
  return [queuedNotice(withPane(state, withoutShownMarks(pane)), orders.length, left), cmds];
}

/** Both panes show one place: a server copies by itself, without a byte over the line. */
function copyThere(state: AppState, pane: Pane, other: Pane, entries: readonly Entry[]): Next {
  if (samePath(pane.path, other.path)) return [noted(state, notices.alreadyThere, true), []];
  if (entries.length === 0) return [noted(state, notices.nothingToCopy), []];
  const cmd: Cmd = {
    kind: 'graft',
    where: pane.where,
    verb: 'copy',
    sources: entries.map(({ name }) => entryPath(pane.path, name)),
    ...countedBytes(entries),
    to: other.path,
    isInto: true,
    folder: pane.path,
  };
  return [withPane(state, withoutShownMarks(pane)), [cmd]];
}

function queuedNotice(state: AppState, queued: number, left: Entry | undefined): AppState {
  if (left !== undefined) return noted(state, notices.notCopied(showName(left.name)), true);
  if (queued === 0) return noted(state, notices.nothingToCopy);
  return noted(state, notices.queued(queued, shownKey(state, 'queue')));
}

function rename(state: AppState, pane: Pane): AppState {
  const entry = entryAtCursor(pane);
  if (entry === undefined) return state;
  const from = lastName(entry);
  const text = Buffer.from(from, 'latin1').toString('utf8');
  if (Buffer.from(text, 'utf8').toString('latin1') !== from)
    return noted(state, notices.notTypable(showName(entry.name)), true);
  const folder = parentPath(entryPath(pane.path, entry.name));
  const prompted = { about: 'rename', side: pane.side, folder, from } as const;
  return ask(state, prompts.rename(showName(entry.name)), text, prompted);
}

/** So many are named before they are deleted. */
const namedEntries = 3;

function askDelete(state: AppState, pane: Pane): AppState {
  const entries = chosen(pane);
  const [first] = entries;
  if (first === undefined) return state;
  const folders = entries.some(({ kind }) => kind === EntryKind.folder);
  const what =
    entries.length === 1
      ? questions.deleteEntry(showName(first.name), kindOf(pane), folders)
      : questions.deleteEntries(entries.length, kindOf(pane), folders);
  const then =
    kindOf(pane) === 'remote' ? questions.toTrash(undoKey(state), entries.length) : questions.forGood;
  const names = entries.slice(0, namedEntries).map(({ name }) => showName(name));
  const which = entries.length === 1 ? [] : [questions.names(names, entries.length - names.length)];
  const lines = [what, ...which, then];
  const question = { about: 'delete', side: pane.side, folder: pane.path, entries } as const;
  return { ...state, dialog: { kind: 'question', title: questions.delete, lines, question } };
}

/** Marks on both sides what the other one has not, or has older or otherwise. */
function compared(state: AppState): AppState {
  const { remote, local } = state;
  // What is read anew is there as it was, and compared again when it has come.
  const isReading = ({ loading, fresh }: Pane): boolean => loading && fresh === undefined;
  if (isReading(remote) || isReading(local)) return noted(state, notices.stillReading);
  const side = (pane: Pane, other: Pane): Pane => {
    const found = compareWith(pane.pages, other.pages);
    return { ...withMarks(pane, pane.rows.named(found.worthCopying())), compared: found };
  };
  const next = { ...state, remote: side(remote, local), local: side(local, remote) };
  const [here, there] = [next.remote.markedRows, next.local.markedRows];
  if (here + there === 0) return noted(next, notices.same);
  return noted(next, notices.compared(here, there, shownKey(state, 'copy')));
}

/** The same comparison again, after one of the folders was read anew; none where one of them is another folder now. */
export function recompared(state: AppState): AppState {
  const { remote, local } = state;
  if (remote.compared === undefined && local.compared === undefined) return state;
  const both = remote.compared !== undefined && local.compared !== undefined;
  const side = (pane: Pane, other: Pane): Pane => ({
    ...pane,
    compared: both ? compareWith(pane.pages, other.pages) : undefined,
  });
  return { ...state, remote: side(remote, local), local: side(local, remote) };
}
