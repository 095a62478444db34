/**
 * A key that was pressed: what it does in this layer, as part of a chord, after Esc, or as text. Pure; UI thread.
 *
 * Esc and then a digit is a function key, as some terminals have none. Esc acts at once all the same, so what it has undone
 * (marks, a filter) comes back with the digit.
 */

import { show } from '@ferry/protocol';
import { keyName } from '../keymap/key-name.ts';
import { type Action, layerOf } from '../keymap/keymap.ts';
import { keyOf } from '../keymap/resolve.ts';
import type { AppState } from './state.ts';
import { notices } from './texts.ts';
import { jumpEnded } from './typing.ts';

export type KeyPress = {
  /** `up`, `f5`, `C-r`, or the character itself. */
  readonly key: string;
  /** The character it types; undefined for keys that type none. */
  readonly text: string | undefined;
  /** Milliseconds since the key before; endless at the first. */
  readonly sinceMs: number;
};

export type Meaning =
  | { readonly is: 'action'; readonly action: Action }
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'nothing' };

const nothing: Meaning = { is: 'nothing' };
/** Where a key that does nothing is told so: habits of other programs are many. */
const told: ReadonlySet<string> = new Set(['pane', 'queue', 'viewer']);
const typing: ReadonlySet<string> = new Set(['prompt', 'palette', 'places', 'chat', 'filter', 'jump']);

/** What the key means, and the state without what was waiting for it. */
export function meaningOf(state: AppState, press: KeyPress): readonly [AppState, Meaning] {
  const { text } = press;
  const layer = layerOf(state);
  const { byKey, prefixes } = state.keymap[layer];
  const escaped = state.beforeEscape;
  const calm =
    state.chord === '' && escaped === undefined ? state : { ...state, chord: '', beforeEscape: undefined };
  if (typing.has(layer) && text !== undefined) return [calm, { is: 'text', text }];
  const digit = press.sinceMs < state.escapeMs && escaped !== undefined && /^\d$/.test(press.key);
  const key = digit ? functionKey(press.key) : press.key;
  const base = digit ? withUndone(calm, escaped) : calm;
  const whole = state.chord === '' ? key : `${state.chord} ${key}`;
  const binding = byKey.get(whole) ?? byKey.get(whole.replace(/^M-(\d)$/, (_, n: string) => functionKey(n)));
  if (binding !== undefined) {
    const isEscape = key === 'escape' && state.dialog === undefined;
    return [isEscape ? { ...base, beforeEscape: state } : base, { is: 'action', action: binding.action }];
  }
  if (prefixes.has(whole)) return [{ ...base, chord: whole, notice: undefined }, nothing];
  if (state.chord !== '' && key !== 'escape')
    return [{ ...base, notice: { text: notices.unknownChord(keyName(whole)), isError: false } }, nothing];
  // Any other key ends a jump and does what it does in the pane.
  if (layer === 'jump') return meaningOf(jumpEnded(base), press);
  if (!told.has(layer)) return [base, nothing];
  const help = keyName(keyOf(state.keymap, layer, 'help'));
  return [
    { ...base, notice: { text: notices.unknownKey(show(keyName(whole)), help), isError: false } },
    nothing,
  ];
}

function functionKey(digit: string): string {
  return `f${digit === '0' ? '10' : digit}`;
}

/** Marks and filters as they were before Esc, where the panes show the same folders still. */
function withUndone(state: AppState, before: AppState): AppState {
  const pane = (side: 'remote' | 'local'): AppState['remote'] =>
    state[side].path === before[side].path &&
    state[side].pages === before[side].pages &&
    state[side].sorted === before[side].sorted
      ? before[side]
      : state[side];
  return { ...state, remote: pane('remote'), local: pane('local'), focus: before.focus };
}
