/** Keys in a pane: walking, marking, sorting; the rest goes on to its parts. Pure; UI thread. */

import { EntryKind, showName } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import { entryPath } from '../engine/server-works.ts';
import type { Action } from '../keymap/keymap.ts';
import { paneRows } from './layout.ts';
import { isMarked, withInverted, withMark, withMarks, withoutMarks, withRange } from './marks.ts';
import { go, type Next, refresh, withPane } from './next.ts';
import { openPalette } from './palette.ts';
import {
  above,
  arranged,
  entryAtCursor,
  filtered,
  headRows,
  kindOf,
  type Pane,
  rowCount,
  withCursor,
} from './pane.ts';
import { openPeople } from './people.ts';
import { togglePreview } from './preview.ts';
import type { SortBy } from './sort.ts';
import { type AppState, otherSide } from './state.ts';
import { steppedTo } from './step.ts';
import { actOnTabs } from './tabs.ts';
import { notices } from './texts.ts';
import { soughtNow, startFilter, startJump } from './typing.ts';
import { arrangedBy } from './update-arrangement.ts';
import { openChat } from './update-chat.ts';
import { edit } from './update-edit.ts';
import { actOnEntries } from './update-entries.ts';
import { actOnPlaces } from './update-places.ts';
import { quit, togglePauseAll } from './update-queue.ts';
import { look } from './update-viewer.ts';

const sorts: Partial<Record<Action, SortBy>> = {
  'sort-name': 'name',
  'sort-bytes': 'bytes',
  'sort-extension': 'extension',
  'sort-size': 'size',
  'sort-modified': 'modified',
  'sort-permissions': 'permissions',
};

const ranges: Partial<Record<Action, Action>> = {
  'mark-up': 'up',
  'mark-down': 'down',
  'mark-page-up': 'page-up',
  'mark-page-down': 'page-down',
  'mark-first': 'first',
  'mark-last': 'last',
};

export function actInPane(before: AppState, side: Side, action: Action): Next {
  const height = paneRows(before.size);
  const row = steppedTo(action, before[side].cursor, height, rowCount(before[side]));
  if (row !== undefined) return [withPane(before, withCursor(before[side], row, height)), []];
  const state = soughtNow(before, side);
  const pane = state[side];
  const by = sorts[action];
  if (by !== undefined) {
    const reverse = pane.sort.by === by && !pane.sort.reverse;
    return [withPane(state, arranged({ ...pane, sort: { ...pane.sort, by, reverse } }, height)), []];
  }
  const walk = ranges[action];
  if (walk !== undefined) return [withPane(state, markedAlong(pane, walk, height)), []];
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
      return headRows(pane) === 0 ? [state, []] : go(state, side, above(pane));
    case 'switch':
      return [{ ...state, focus: otherSide(side) }, []];
    case 'queue':
      return [{ ...state, focus: 'queue' }, []];
    case 'mark':
      return [withPane(state, marked(pane, height)), []];
    case 'invert':
      return [withPane(state, withInverted(pane)), []];
    case 'mark-all':
      return [withPane(state, withMarks(pane, pane.rows)), []];
    case 'unmark':
      return [calmed(state, pane, height), []];
    case 'sort-reverse': {
      const { sort } = pane;
      return [withPane(state, arranged({ ...pane, sort: { ...sort, reverse: !sort.reverse } }, height)), []];
    }
    case 'folders-first': {
      const { sort } = pane;
      const foldersFirst = !sort.foldersFirst;
      return [withPane(state, arranged({ ...pane, sort: { ...sort, foldersFirst } }, height)), []];
    }
    case 'hidden':
      return [withPane(state, arranged({ ...pane, showHidden: !pane.showHidden }, height)), []];
    case 'filter':
      return [startFilter(state, pane), []];
    case 'jump':
      return [startJump(state, pane), []];
    case 'refresh':
      return refresh(state, side);
    case 'pause-all':
      return togglePauseAll(state);
    case 'people':
      return openPeople(state);
    case 'chat':
      return openChat(state);
    case 'help':
      return [openPalette(state), []];
    case 'redraw':
    case 'suspend':
      return [state, [{ kind: action }]];
    case 'quit':
      return quit(state);
    default:
      return (
        actOnTabs(state, action) ??
        actOnEntries(state, pane, action) ??
        actOnPlaces(state, pane, action) ??
        arrangedBy(state, action)
      );
  }
}

function open(state: AppState, pane: Pane): Next {
  const entry = entryAtCursor(pane);
  if (entry === undefined) {
    return pane.cursor < headRows(pane) ? go(state, pane.side, above(pane)) : [state, []];
  }
  if (entry.kind === EntryKind.folder) return go(state, pane.side, entryPath(pane.path, entry.name));
  return view(state, pane);
}

/** What can be looked at is; links are followed on the user's own side alone. */
function view(state: AppState, pane: Pane): Next {
  const entry = entryAtCursor(pane);
  if (entry === undefined || entry.kind === EntryKind.folder) return open(state, pane);
  const isLink = entry.kind === EntryKind.symlink;
  if (entry.kind === EntryKind.file || (isLink && kindOf(pane) === 'local')) {
    return look(state, pane.side, entryPath(pane.path, entry.name));
  }
  const name = showName(entry.name);
  const text = isLink ? notices.linkNotFollowed(name) : notices.notFile(name);
  return [{ ...state, notice: { text, isError: false } }, []];
}

function marked(pane: Pane, height: number): Pane {
  const next = withMark(pane, pane.cursor, !isMarked(pane, pane.cursor));
  return withCursor(next, pane.cursor + 1, height);
}

/** Marks what the cursor walks over; the row that it comes to only where it cannot go on. */
function markedAlong(pane: Pane, walk: Action, height: number): Pane {
  const last = rowCount(pane) - 1;
  const to = steppedTo(walk, pane.cursor, height, last + 1) ?? pane.cursor;
  const isEnd = to < 0 || to > last || walk === 'first' || walk === 'last';
  const upTo = isEnd ? to : to - Math.sign(to - pane.cursor);
  return withCursor(withRange(pane, pane.cursor, upTo), to, height);
}

/** Takes back what narrows the view first, then the marks, then the signs of a comparison on both sides. */
function calmed(state: AppState, pane: Pane, height: number): AppState {
  if (pane.filter !== '') return withPane(state, filtered(pane, '', height));
  if (pane.marks.size > 0) return withPane(state, withoutMarks(pane));
  if (pane.compared === undefined) return state;
  const { remote, local } = state;
  return { ...state, remote: { ...remote, compared: undefined }, local: { ...local, compared: undefined } };
}
