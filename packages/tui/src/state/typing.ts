/**
 * Letters that go to a pane itself: a filter that narrows its rows, and a jump to a name. Pure; UI thread. What is typed
 * here shows in the last row of the screen.
 */

import { trusted } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { Action } from '../keymap/keymap.ts';
import { edited, type Field, field, typedInto } from './edit-line.ts';
import { paneRows } from './layout.ts';
import { rowBeginning, rowFilter } from './match.ts';
import { type Next, withPane } from './next.ts';
import { filtered, headRows, type Pane, rowCount, withCursor } from './pane.ts';
import type { AppState } from './state.ts';
import { steppedTo } from './step.ts';

export type Typing =
  /** Narrows the rows with every letter. */
  | { readonly kind: 'filter'; readonly side: Side; readonly line: Field }
  /** Leads to names that begin so. */
  | { readonly kind: 'jump'; readonly side: Side; readonly line: Field };

/** A name has at most so many bytes. */
const most = 255;

export function startFilter(state: AppState, pane: Pane): AppState {
  const line = field(trusted(''), pane.filter);
  return { ...state, typing: { kind: 'filter', side: pane.side, line } };
}

export function startJump(state: AppState, pane: Pane): AppState {
  return { ...state, typing: { kind: 'jump', side: pane.side, line: field(trusted(''), '') } };
}

export function typedInPane(state: AppState, typing: Typing, text: string): AppState {
  const line = typedInto(typing.line, text, most);
  if (typing.kind === 'filter') return withFilter(state, typing, line);
  const pane = state[typing.side];
  const row = rowLike(pane, line.text, pane.cursor);
  // A letter that leads nowhere is not taken.
  if (row === undefined) return state;
  return withPane({ ...state, typing: { ...typing, line } }, withCursor(pane, row, paneRows(state.size)));
}

export function actInTyping(state: AppState, typing: Typing, action: Action): Next {
  const height = paneRows(state.size);
  const pane = state[typing.side];
  const done = { ...state, typing: undefined };
  if (action === 'accept') return [done, []];
  if (action === 'no')
    return [typing.kind === 'filter' ? withPane(done, filtered(pane, '', height)) : done, []];
  if (action === 'jump') {
    const next = rowLike(pane, typing.line.text, pane.cursor + 1);
    return [next === undefined ? state : withPane(state, withCursor(pane, next, height)), []];
  }
  const row = typing.kind === 'filter' ? steppedTo(action, pane.cursor, height, rowCount(pane)) : undefined;
  if (row !== undefined && action !== 'first' && action !== 'last')
    return [withPane(state, withCursor(pane, row, height)), []];
  const line = edited(typing.line, action);
  if (typing.kind === 'jump') return [{ ...state, typing: { ...typing, line } }, []];
  return [withFilter(state, typing, line), []];
}

function withFilter(state: AppState, typing: Typing, line: Field): AppState {
  const next = { ...state, typing: { ...typing, line } };
  const pane = state[typing.side];
  if (line.text === pane.filter) return next;
  return withPane(next, filtered(pane, line.text, paneRows(state.size)));
}

/** The next row whose name begins so, from a row on and round the end; else one that holds it. */
function rowLike(pane: Pane, text: string, from: number): number | undefined {
  if (text === '') return pane.cursor;
  const head = headRows(pane);
  const start = Math.max(0, from - head);
  for (const matches of [rowBeginning(text), rowFilter(text)]) {
    const at = pane.rows.find(start, matches);
    if (at >= 0) return at + head;
  }
  return undefined;
}
