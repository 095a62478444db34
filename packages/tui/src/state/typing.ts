/**
 * Letters that go to a pane itself: a filter that narrows its rows, and a jump to a name. Pure; UI thread. What is typed
 * here shows in the last row of the screen.
 */

import { trusted } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { Action } from '../keymap/keymap.ts';
import { edited, type Field, field, typedInto } from './edit-line.ts';
import { paneRows } from './layout.ts';
import { withMatching } from './marks.ts';
import { type Next, withPane } from './next.ts';
import { filtered, headRows, mostAtOnce, type Pane, rowCount, withCursor } from './pane.ts';
import { type Seeking, type Sought, seekNow } from './seeking.ts';
import type { AppState } from './state.ts';
import { steppedTo } from './step.ts';

export type Typing =
  /** Narrows the rows with every letter. */
  | { readonly kind: 'filter'; readonly side: Side; readonly line: Field }
  /** Leads to names that begin so. */
  | {
      readonly kind: 'jump';
      readonly side: Side;
      readonly line: Field;
      /** What of it is known to lead somewhere, while the rest is looked for. */
      readonly reached: Field;
    };

/** A name has at most so many bytes. */
const most = 255;

export function startFilter(state: AppState, pane: Pane): AppState {
  const line = field(trusted(''), pane.filter);
  return { ...state, typing: { kind: 'filter', side: pane.side, line } };
}

export function startJump(state: AppState, pane: Pane): AppState {
  const line = field(trusted(''), '');
  return { ...state, typing: { kind: 'jump', side: pane.side, line, reached: line } };
}

export function typedInPane(state: AppState, typing: Typing, text: string): AppState {
  const line = typedInto(typing.line, text, most);
  if (typing.kind === 'filter') return withFilter(state, typing, line);
  const pane = state[typing.side];
  return leading({ ...state, typing: { ...typing, line } }, pane, line.text, pane.cursor);
}

export function actInTyping(state: AppState, typing: Typing, action: Action): Next {
  const height = paneRows(state.size);
  const pane = state[typing.side];
  const done = { ...state, typing: undefined };
  if (action === 'accept') return [done, []];
  if (action === 'no')
    return [
      withPane(done, typing.kind === 'filter' ? filtered(pane, '', height) : { ...pane, seeking: undefined }),
      [],
    ];
  if (action === 'jump') {
    return [leading(state, pane, typing.line.text, pane.cursor + 1), []];
  }
  const row = typing.kind === 'filter' ? steppedTo(action, pane.cursor, height, rowCount(pane)) : undefined;
  if (row !== undefined && action !== 'first' && action !== 'last')
    return [withPane(state, withCursor(pane, row, height)), []];
  const line = edited(typing.line, action);
  if (typing.kind === 'jump') return [{ ...state, typing: { ...typing, line, reached: line } }, []];
  return [withFilter(state, typing, line), []];
}

function withFilter(state: AppState, typing: Typing, line: Field): AppState {
  const next = { ...state, typing: { ...typing, line } };
  const pane = state[typing.side];
  if (line.text === pane.filter) return next;
  return withPane(next, filtered(pane, line.text, paneRows(state.size)));
}

/** To the next row that is like it, from a row on; among many it is looked for aside. */
function leading(state: AppState, pane: Pane, text: string, from: number): AppState {
  if (text === '') return state;
  const { rows } = pane;
  const { cursor } = pane;
  const seeking: Seeking = { what: 'jump', rows, text, from: Math.max(0, from - headRows(pane)), cursor };
  const next = withPane(state, { ...pane, seeking });
  return rows.length > mostAtOnce ? next : sought(next, pane.side, seeking, seekNow(seeking));
}

/** What was looked for aside is known; what is late is left alone. A letter that leads nowhere is not taken. */
export function sought(state: AppState, side: Side, seeking: Seeking, found: Sought): AppState {
  const pane = state[side];
  if (pane.seeking !== seeking) return state;
  // Rows have come or gone meanwhile.
  if (pane.rows !== seeking.rows)
    return withPane(state, { ...pane, seeking: { ...seeking, rows: pane.rows } });
  const done = { ...pane, seeking: undefined };
  if (seeking.what === 'marks')
    return withPane(state, typeof found === 'number' ? done : withMatching(done, found, seeking.on));
  if (typeof found !== 'number') return withPane(state, done);
  const { typing } = state;
  const asked = typing?.kind === 'jump' && typing.side === side ? typing : undefined;
  if (found < 0) {
    const back = asked === undefined ? state : { ...state, typing: { ...asked, line: asked.reached } };
    return withPane(back, done);
  }
  // Who has gone elsewhere since does not want to be taken there.
  if (asked === undefined && pane.cursor !== seeking.cursor) return withPane(state, done);
  const there = withPane(state, withCursor(done, found + headRows(pane), paneRows(state.size)));
  return asked === undefined ? there : { ...there, typing: { ...asked, reached: asked.line } };
}

/** With all that was looked for in a pane: what the next key is about is not done before that is known. */
export function soughtNow(state: AppState, side: Side): AppState {
  const { seeking } = state[side];
  // Where rows have come or gone meanwhile it is looked for once more.
  return seeking === undefined ? state : soughtNow(sought(state, side, seeking, seekNow(seeking)), side);
}

export function jumpEnded(state: AppState): AppState {
  const { typing } = state;
  return { ...(typing === undefined ? state : soughtNow(state, typing.side)), typing: undefined };
}

/** Marks or unmarks what is like a pattern; among many rows aside. */
export function markingLike(state: AppState, pane: Pane, pattern: string, on: boolean): AppState {
  const { rows, side } = pane;
  const seeking: Seeking = { what: 'marks', rows, pattern, on };
  const next = withPane(state, { ...pane, seeking });
  return rows.length > mostAtOnce ? next : sought(next, side, seeking, seekNow(seeking));
}
