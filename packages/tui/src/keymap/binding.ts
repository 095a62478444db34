/** One row of the table of actions. Pure; UI thread. */

import { type Shown, trusted } from '@ferry/protocol';
import type { AppState } from '../state/state.ts';
import type { Action } from './keymap.ts';

export type Binding = {
  readonly action: Action;
  /** Names as the terminal's input gives them (view/keys); the first one is shown, a space makes a chord. */
  readonly keys: readonly string[];
  /** Short, for the footer. */
  readonly label: Shown;
  readonly help: Shown;
  /** Why it does nothing now; undefined when it does something. */
  readonly disabled?: (state: AppState) => Shown | undefined;
};

export function bind(
  action: Action,
  keys: readonly string[],
  label: string,
  help: string,
  disabled?: Binding['disabled'],
): Binding {
  const binding = { action, keys, label: trusted(label), help: trusted(help) };
  return disabled === undefined ? binding : { ...binding, disabled };
}
