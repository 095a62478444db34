/** The keys of the viewer, as data: what Midnight Commander's viewer and less have in common with the rest of ferry. Pure; UI thread. */

import { trusted } from '@ferry/protocol';
import type { Binding } from './keymap.ts';
import { notInPicture, onlyInPicture } from './unavailable.ts';

export type ViewerAction =
  | 'wrap'
  | 'hex'
  | 'search'
  | 'search-back'
  | 'search-next'
  | 'search-previous'
  | 'go-to'
  | 'follow'
  | 'zoom-in'
  | 'zoom-out'
  | 'zoom-whole'
  | 'close';

function bind(action: Binding['action'], keys: readonly string[], label: string, help: string): Binding {
  return { action, keys, label: trusted(label), help: trusted(help) };
}

const ofText = (binding: Binding): Binding => ({ ...binding, disabled: notInPicture });

const ofPicture = (binding: Binding): Binding => ({ ...binding, disabled: onlyInPicture });

export const viewerBindings: readonly Binding[] = [
  bind('up', ['up', 'k'], 'Up', 'one row up'),
  bind('down', ['down', 'j', 'enter'], 'Down', 'one row down'),
  bind('page-up', ['pageup', 'b'], 'PgUp', 'one page up'),
  bind('page-down', ['pagedown', 'space'], 'PgDn', 'one page down'),
  bind('first', ['home', '<'], 'Home', 'the beginning'),
  bind('last', ['end', '>', 'G'], 'End', 'the end'),
  bind('left', ['left'], 'Left', 'to the left, where long lines are cut'),
  bind('right', ['right'], 'Right', 'to the right, where long lines are cut'),
  bind('help', ['f1', 'C-p'], 'Help', 'all actions with their keys, to search and run'),
  ofText(bind('wrap', ['f2', 'w'], 'Wrap', 'let long lines go on in the next row, or cut them')),
  bind('hex', ['f4', 'h'], 'Hex', 'show bytes, or text'),
  ofText(bind('go-to', ['f5', 'g', ':'], 'Go to', 'a line (120), a share (50%) or a byte (@1000)')),
  ofText(bind('follow', ['F'], 'Follow', 'stay at the end while the file grows')),
  ofText(bind('search', ['f7', '/'], 'Search', 'look for a text further down')),
  ofText(bind('search-back', ['?'], 'Backward', 'look for a text further up')),
  bind('search-next', ['n'], 'Next', 'the next place of what was searched for, or picture'),
  bind('search-previous', ['N', 'p'], 'Previous', 'the place or picture before'),
  ofPicture(bind('zoom-in', ['+', '='], 'Larger', 'look closer at a picture; arrows then move about in it')),
  ofPicture(bind('zoom-out', ['-'], 'Smaller', 'look at a picture from further away')),
  ofPicture(bind('zoom-whole', ['0'], 'Whole', 'all of a picture again')),
  bind('refresh', ['C-r'], 'Refresh', 'read the file again'),
  bind('close', ['f3', 'f10', 'q', 'C-c'], 'Close', 'back to the files'),
  bind('no', ['escape'], 'Stop', 'stop a search; without any: back to the files'),
  bind('redraw', ['C-l'], 'Redraw', 'draw the whole screen again'),
];
