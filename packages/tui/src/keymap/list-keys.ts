/** Moving a cursor, and the lists of what the server keeps for a user, trash and shares, and of who is there. Pure; UI thread. */

import { type Binding, bind } from './binding.ts';

/** Moving the cursor. */
export const walking: readonly Binding[] = [
  bind('up', ['up'], 'Up', 'one row up'),
  bind('down', ['down'], 'Down', 'one row down'),
  bind('page-up', ['pageup'], 'PgUp', 'one page up'),
  bind('page-down', ['pagedown'], 'PgDn', 'one page down'),
  bind('first', ['home'], 'Home', 'first row'),
  bind('last', ['end'], 'End', 'last row'),
];

export const listBindings: Readonly<Record<'trash' | 'shares' | 'shared' | 'people', readonly Binding[]>> = {
  trash: [
    ...walking,
    bind('accept', ['enter', 'u'], 'Bring back', 'to where it was; a version there goes to the trash'),
    bind('forget', ['delete', 'f8'], 'For good', 'delete it for good, after a question'),
    bind('refresh', ['C-r', 'r'], 'Refresh', 'ask the server again'),
    bind('no', ['escape', 'q', 'f10', 'C-c'], 'Close', 'back'),
  ],
  shares: [
    ...walking,
    bind('forget', ['delete', 'f8', 'x'], 'End', 'end this share, after a question'),
    bind('refresh', ['C-r', 'r'], 'Refresh', 'ask the server again'),
    bind('no', ['escape', 'enter', 'q', 'f10', 'C-c'], 'Close', 'back'),
  ],
  shared: [
    ...walking,
    bind('copy-path', ['y', 'c'], 'Copy', 'the line into the clipboard of the terminal'),
    bind('no', ['escape', 'enter', 'q', 'f10', 'C-c'], 'Close', 'back'),
  ],
  people: [
    ...walking,
    bind(
      'show-activity',
      ['a', 'space'],
      'Show me',
      'let them see your folder on the server and what you move, or no more',
    ),
    bind('refresh', ['C-r', 'r'], 'Refresh', 'ask the server again'),
    bind('no', ['escape', 'enter', 'q', 'W', 'f10', 'C-c'], 'Close', 'back'),
  ],
};
