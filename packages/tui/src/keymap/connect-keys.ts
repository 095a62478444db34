/** The keys of the connect screen: none of them types a character, as all text belongs to its line. Pure; UI thread. */

import { type Shown, trusted } from '@ferry/protocol';
import type { ConnectState } from '../state/connect.ts';
import type { Action } from './keymap.ts';

export type ConnectAction = Action | 'save' | 'remove' | 'look';

export type ConnectKey = {
  readonly action: ConnectAction;
  readonly keys: readonly string[];
  /** For the footer; '' for what goes without saying. */
  readonly label: Shown;
  /** What it does, for the list of all keys. */
  readonly help: Shown;
};

const bind = (action: ConnectAction, keys: readonly string[], label = '', help = ''): ConnectKey => ({
  action,
  keys,
  label: trusted(label),
  help: trusted(help),
});

export const connectKeys: readonly ConnectKey[] = [
  bind('help', ['f1'], 'Help', 'this list'),
  bind('accept', ['enter'], 'Connect', 'connect to the row, or to what was typed or pasted'),
  bind('save', ['f2', 'f7', 'insert'], 'Save', 'keep a server in this list, by a name of your own'),
  bind('remove', ['f8'], 'Remove', 'take it from this list; whom you trust there stays'),
  bind('look', ['f5', 'C-r'], 'Look again', 'ask all servers whether they are there'),
  bind('no', ['escape'], 'Back', 'clear what was typed; without any: leave this screen'),
  bind('quit', ['f10', 'C-c'], 'Quit', 'leave this screen'),
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

/** Those that do something now: keys of a dialog stand in it. */
export function connectFooter({ rows, line, dialog, connecting }: ConnectState): readonly ConnectKey[] {
  if (dialog !== undefined || connecting !== undefined)
    return connectKeys.filter(({ action }) => action === 'no');
  const isNothing: Partial<Record<ConnectAction, boolean>> = {
    accept: rows.length === 0 && line.text === '',
    remove: rows.every(({ from }) => from === 'ssh'),
    look: rows.length === 0,
  };
  return connectKeys.filter(({ action, label }) => label !== '' && isNothing[action] !== true);
}
