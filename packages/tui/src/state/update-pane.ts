/** Keys in a pane. Pure; UI thread. */

import { type Entry, EntryKind, joinPath, parentPath, show, showName, trusted } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { JobOrder } from '../engine/job.ts';
import type { Action } from '../keymap/keymap.ts';
import type { Cmd } from './cmd.ts';
import { field } from './dialog.ts';
import { paneRows } from './layout.ts';
import { go, type Next, refresh, withPane } from './next.ts';
import {
  arranged,
  chosen,
  entryAtCursor,
  headRows,
  type Pane,
  rowCount,
  type SortBy,
  withCursor,
  withMark,
  withMarks,
} from './pane.ts';
import { togglePreview } from './preview.ts';
import { type AppState, otherSide } from './state.ts';
import { steppedTo } from './step.ts';
import { edit } from './update-edit.ts';
import { quit, togglePauseAll } from './update-queue.ts';
import { look } from './update-viewer.ts';

export function actInPane(state: AppState, side: Side, action: Action): Next {
  const pane = state[side];
  const height = paneRows(state.size);
  const row = steppedTo(action, pane.cursor, height, rowCount(pane));
  if (row !== undefined) return [withPane(state, withCursor(pane, row, height)), []];
  switch (action) {
    case 'open':
      return open(state, pane);
    case 'view':
      return view(state, pane);
    case 'preview':
      return togglePreview(state);
    case 'edit': {
      const entry = entryAtCursor(pane);
      return entry === undefined ? [state, []] : edit(state, side, pane.path, entry);
    }
    case 'parent':
      return pane.path.length === 0 ? [state, []] : go(state, side, parentPath(pane.path));
    case 'switch':
      return [{ ...state, focus: otherSide(side) }, []];
    case 'queue':
      return [{ ...state, focus: 'queue' }, []];
    case 'mark':
      return [withPane(state, marked(pane, height)), []];
    case 'invert':
      return [
        withPane(
          state,
          withMarks(
            pane,
            pane.rows.filter(({ name }) => !pane.marks.has(name)),
          ),
        ),
        [],
      ];
    case 'mark-all':
      return [withPane(state, withMarks(pane, pane.rows)), []];
    case 'unmark':
      return [withPane(state, withMarks(pane, [])), []];
    case 'copy':
      return copy(state, pane);
    case 'mkdir': {
      const prompted = { about: 'mkdir', side, folder: pane.path } as const;
      return [
        {
          ...state,
          dialog: {
            kind: 'prompt',
            title: trusted('Name of the new folder'),
            fields: [field(trusted(''), '')],
            field: 0,
            prompted,
            error: undefined,
          },
        },
        [],
      ];
    }
    case 'rename':
      return [rename(state, pane), []];
    case 'delete':
      return [askDelete(state, pane), []];
    case 'sort-name':
      return [withPane(state, sorted(pane, 'name', height)), []];
    case 'sort-size':
      return [withPane(state, sorted(pane, 'size', height)), []];
    case 'sort-modified':
      return [withPane(state, sorted(pane, 'modified', height)), []];
    case 'hidden':
      return [withPane(state, arranged({ ...pane, showHidden: !pane.showHidden }, height)), []];
    case 'refresh':
      return refresh(state, side);
    case 'pause-all':
      return togglePauseAll(state);
    case 'help':
      return [{ ...state, dialog: { kind: 'help', top: 0 } }, []];
    case 'quit':
      return quit(state);
    default:
      return [state, []];
  }
}

function open(state: AppState, pane: Pane): Next {
  const entry = entryAtCursor(pane);
  if (entry === undefined) {
    return pane.cursor < headRows(pane) ? go(state, pane.side, parentPath(pane.path)) : [state, []];
  }
  if (entry.kind === EntryKind.folder) return go(state, pane.side, joinPath(pane.path, entry.name));
  return view(state, pane);
}

/** What can be looked at is; links are followed on the user's own side alone. */
function view(state: AppState, pane: Pane): Next {
  const entry = entryAtCursor(pane);
  if (entry === undefined || entry.kind === EntryKind.folder) return open(state, pane);
  const isLink = entry.kind === EntryKind.symlink;
  if (entry.kind === EntryKind.file || (isLink && pane.side === 'local')) {
    return look(state, pane.side, joinPath(pane.path, entry.name));
  }
  const what = isLink ? 'links are not followed on the server' : 'this is not a file';
  return [{ ...state, notice: { text: trusted(`${showName(entry.name)}: ${what}`), isError: false } }, []];
}

function marked(pane: Pane, height: number): Pane {
  const entry = entryAtCursor(pane);
  const next = entry === undefined ? pane : withMark(pane, entry, !pane.marks.has(entry.name));
  return withCursor(next, pane.cursor + 1, height);
}

function sorted(pane: Pane, by: SortBy, height: number): Pane {
  const reverse = pane.sort.by === by ? !pane.sort.reverse : false;
  return arranged({ ...pane, sort: { by, reverse } }, height);
}

/** One job per entry; what cannot be copied is named and the rest goes. */
function copy(state: AppState, pane: Pane): Next {
  const entries = chosen(pane);
  const movable = entries.filter(({ kind }) => kind === EntryKind.file || kind === EntryKind.folder);
  const left = entries.find(({ kind }) => kind !== EntryKind.file && kind !== EntryKind.folder);
  const target = state[otherSide(pane.side)].path;
  const orders = movable.map(
    (entry): JobOrder => ({
      direction: pane.side === 'remote' ? 'download' : 'upload',
      source: joinPath(pane.path, entry.name),
      kind: entry.kind,
      target: joinPath(target, entry.name),
      existing: 'ask',
    }),
  );
  const cmds: Cmd[] = orders.length > 0 ? [{ kind: 'submit', orders }] : [];
  return [withNotice(withPane(state, withMarks(pane, [])), orders.length, left), cmds];
}

function withNotice(state: AppState, queued: number, left: Entry | undefined): AppState {
  if (left !== undefined) {
    return {
      ...state,
      notice: {
        text: trusted(`${showName(left.name)} is neither a file nor a folder and is not copied`),
        isError: true,
      },
    };
  }
  if (queued === 0)
    return { ...state, notice: { text: trusted('there is nothing here to copy'), isError: false } };
  const what = queued === 1 ? 'one job' : `${queued} jobs`;
  return { ...state, notice: { text: trusted(`${what} queued · w goes to the queue`), isError: false } };
}

function rename(state: AppState, pane: Pane): AppState {
  const entry = entryAtCursor(pane);
  if (entry === undefined) return state;
  const text = Buffer.from(entry.name, 'latin1').toString('utf8');
  if (Buffer.from(text, 'utf8').toString('latin1') !== entry.name) {
    return {
      ...state,
      notice: { text: trusted(`${showName(entry.name)} is not UTF-8 and cannot be typed`), isError: true },
    };
  }
  const prompted = { about: 'rename', side: pane.side, folder: pane.path, from: entry.name } as const;
  const title = trusted(`New name for ${showName(entry.name)}`);
  return {
    ...state,
    dialog: {
      kind: 'prompt',
      title,
      fields: [field(trusted(''), text)],
      field: 0,
      prompted,
      error: undefined,
    },
  };
}

function askDelete(state: AppState, pane: Pane): AppState {
  const entries = chosen(pane);
  const [first] = entries;
  if (first === undefined) return state;
  const folders = entries.some(({ kind }) => kind === EntryKind.folder);
  const where = pane.side === 'remote' ? 'on the server' : 'on your side';
  const what = entries.length === 1 ? showName(first.name) : show(`${entries.length} entries`);
  const lines = [
    trusted(`${what} ${where}${folders ? ', with all that is in folders' : ''}.`),
    trusted('This cannot be undone.'),
  ];
  const question = { about: 'delete', side: pane.side, folder: pane.path, entries } as const;
  return { ...state, dialog: { kind: 'question', title: trusted('Delete?'), lines, question } };
}
