/**
 * What the mouse does: a click goes to a row, a second one opens it, the right button marks, the wheel walks, the border between the
 * panes is dragged, and a key in the footer is pressed by clicking it. Pure; UI thread.
 */

import type { Side } from '../engine/engine.ts';
import { footerPlaces } from '../keymap/footer.ts';
import type { Action } from '../keymap/keymap.ts';
import { paneRows, queueRows, type Rect, splitAt } from './layout.ts';
import { isMarked, withMark } from './marks.ts';
import { type Next, withPane } from './next.ts';
import { rowCount, withCursor } from './pane.ts';
import { withQueueCursor } from './queue.ts';
import { type AppState, layoutOf } from './state.ts';
import { withArrangement } from './update-arrangement.ts';

export type MouseMsg = {
  readonly kind: 'mouse';
  readonly what: 'press' | 'right-press' | 'drag' | 'release' | 'wheel-up' | 'wheel-down';
  /** From 0, top left. */
  readonly x: number;
  readonly y: number;
  /** Milliseconds since the last press; endless at the first. */
  readonly sinceMs: number;
};

/** How soon the second click of two comes. */
const doubleMs = 400;
/** Rows that one notch of the wheel walks. */
const notch = 3;

/** An action stands for what its key would do; undefined where the state says it all. */
export type Moused = { readonly next: Next; readonly action: Action | undefined };

export function moused(state: AppState, msg: MouseMsg): Moused {
  const { what, x, y } = msg;
  const stay: Moused = { next: [state, []], action: undefined };
  if (!state.remembered.mouse) return stay;
  if (what === 'release') return { next: released(state), action: undefined };
  if (what === 'drag') return state.dragging ? { next: [dragged(state, x), []], action: undefined } : stay;
  const wheel = what === 'wheel-up' ? 'up' : what === 'wheel-down' ? 'down' : undefined;
  if (what === 'press' && y === state.size.rows - 1) return { ...stay, action: footerActionAt(state, x) };
  // Dialogs and the viewer have the keyboard, so the wheel is theirs too.
  if (state.dialog !== undefined || state.viewer !== undefined)
    return wheel === undefined ? stay : { ...stay, action: wheel };
  const places = layoutOf(state);
  if (isIn(places.queue, x, y)) return { next: [inQueue(state, places.queue, msg), []], action: undefined };
  for (const side of ['remote', 'local'] as const) {
    const rect = places[side];
    if (rect === undefined || !isIn(rect, x, y)) continue;
    if (what === 'press' && isBorder(state, x))
      return { next: [{ ...state, dragging: true }, []], action: undefined };
    return inPane(state, side, rect, msg);
  }
  return stay;
}

function isIn({ left, top, width, height }: Rect, x: number, y: number): boolean {
  return x >= left && x < left + width && y >= top && y < top + height;
}

function footerActionAt(state: AppState, x: number): Action | undefined {
  if (state.notice !== undefined || state.typing !== undefined || state.chord !== '') return undefined;
  return footerPlaces(state, state.size.columns).find(({ left, width }) => x >= left && x < left + width)
    ?.action;
}

/** Either of the two columns where the panes touch. */
function isBorder(state: AppState, x: number): boolean {
  const { remote, local } = layoutOf(state);
  if (remote === undefined || local === undefined) return false;
  const right = Math.max(remote.left, local.left);
  return x === right || x === right - 1;
}

function dragged(state: AppState, x: number): AppState {
  const split = splitAt(x, state.size.columns);
  const { arrangement } = state.remembered;
  if (split === arrangement.split) return state;
  return { ...state, remembered: { ...state.remembered, arrangement: { ...arrangement, split } } };
}

/** Where the border was left is remembered. */
function released(state: AppState): Next {
  if (!state.dragging) return [state, []];
  return withArrangement({ ...state, dragging: false }, state.remembered.arrangement);
}

function inPane(state: AppState, side: Side, rect: Rect, { what, y, sinceMs }: MouseMsg): Moused {
  const pane = state[side];
  const height = paneRows(state.size);
  const to = (cursor: number): AppState => withPane(state, withCursor(pane, cursor, height));
  if (what === 'wheel-up' || what === 'wheel-down') {
    const step = what === 'wheel-up' ? -notch : notch;
    return { next: [to(pane.cursor + step), []], action: undefined };
  }
  const focused = { ...state, focus: side, notice: undefined };
  const line = y - rect.top - 2;
  const row = pane.top + line;
  if (line < 0 || line >= height || row >= rowCount(pane)) return { next: [focused, []], action: undefined };
  const isAgain = state.focus === side && pane.cursor === row && sinceMs < doubleMs;
  if (what === 'press' && isAgain) return { next: [focused, []], action: 'open' };
  const there = { ...to(row), focus: side, notice: undefined };
  const isMark = what === 'right-press';
  const next = isMark ? withPane(there, withMark(there[side], row, !isMarked(pane, row))) : there;
  return { next: [next, []], action: undefined };
}

function inQueue(state: AppState, rect: Rect, { what, y }: MouseMsg): AppState {
  const { queue } = state;
  const page = queueRows(state.size);
  const to = (row: number): AppState => ({ ...state, queue: withQueueCursor(queue, row, page) });
  if (what === 'wheel-up') return to(queue.cursor - notch);
  if (what === 'wheel-down') return to(queue.cursor + notch);
  const line = y - rect.top - 1;
  const focused = { ...state, focus: 'queue', notice: undefined } as const;
  if (line < 0 || line >= page || queue.top + line >= queue.shown.length) return focused;
  return { ...to(queue.top + line), focus: 'queue', notice: undefined };
}
