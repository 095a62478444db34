/** The keys of the connect screen: none of them types a character, as all text belongs to its line. Pure; UI thread. */

import { type Shown, trusted } from '@ferry/protocol';
import type { Action } from './keymap.ts';

export type ConnectAction = Action | 'save' | 'remove' | 'look';

export type ConnectKey = {
  readonly action: ConnectAction;
  readonly keys: readonly string[];
  /** For the footer; '' for what goes without saying. */
  readonly label: Shown;
};

const bind = (action: ConnectAction, keys: readonly string[], label = ''): ConnectKey => ({
  action,
  keys,
  label: trusted(label),
});

export const connectKeys: readonly ConnectKey[] = [
  bind('accept', ['enter'], 'Connect'),
  bind('save', ['f2', 'f7', 'insert'], 'Save'),
  bind('remove', ['f8'], 'Remove'),
  bind('look', ['f5', 'C-r'], 'Look again'),
  bind('no', ['escape'], 'Back'),
  bind('quit', ['f10', 'C-c'], 'Quit'),
  bind('up', ['up', 'S-tab']),
  bind('down', ['down', 'tab']),
  bind('page-up', ['pageup']),
  bind('page-down', ['pagedown']),
  bind('left', ['left']),
  bind('right', ['right']),
  bind('first', ['home', 'C-a']),
  bind('last', ['end', 'C-e']),
  bind('erase', ['backspace']),
  bind('erase-forward', ['delete']),
  bind('erase-word', ['C-w']),
  bind('erase-line', ['C-u']),
];

export function connectActionOf(key: string): ConnectAction | undefined {
  return connectKeys.find(({ keys }) => keys.includes(key))?.action;
}
