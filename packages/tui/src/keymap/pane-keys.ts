/** The actions of a pane that are about what it shows: marks, finding, places, order, arrangement. Pure; UI thread. */

import { type Binding, bind } from './binding.ts';

export const marking: readonly Binding[] = [
  bind('mark-down', ['S-down'], 'Mark down', 'mark, and go down'),
  bind('mark-up', ['S-up'], 'Mark up', 'mark, and go up'),
  bind('mark-page-down', ['S-pagedown'], 'Mark page', 'mark one page down'),
  bind('mark-page-up', ['S-pageup'], 'Mark page up', 'mark one page up'),
  bind('mark-last', ['S-end'], 'Mark to end', 'mark from here to the last row'),
  bind('mark-first', ['S-home'], 'Mark to top', 'mark from here to the first row'),
  bind('mark-pattern', ['+'], 'Mark like', 'mark names by a pattern: *.jpg;*.png'),
  bind('unmark-pattern', ['-', '\\'], 'Unmark like', 'unmark names by a pattern'),
  bind('invert', ['*'], 'Invert', 'marked becomes unmarked and the other way round'),
  bind('mark-all', ['C-a'], 'Mark all', 'mark everything that is shown'),
  bind(
    'unmark',
    ['escape'],
    'Unmark',
    'show everything again where a filter is on; then take all marks away',
  ),
];

export const finding: readonly Binding[] = [
  bind('filter', ['/'], 'Filter', 'show only names that hold what is typed, or are like it: *.jpg'),
  bind('jump', ['C-s', 'M-s'], 'Jump', 'to the name that begins with what is typed'),
];

export const places: readonly Binding[] = [
  bind('back', ['M-left', 'H', 'M-y'], 'Back', 'to the folder before this one'),
  bind('forward', ['M-right', 'L', 'M-u'], 'Forward', 'to where one went back from'),
  bind('go-to-path', ['g', 'M-c'], 'Go to', 'a folder by its path; Tab completes it'),
  bind('places', ["'", 'C-\\', 'M-h'], 'Places', 'bookmarks and recent folders'),
  bind('bookmark', ['b', 'C-x h'], 'Bookmark', 'keep this folder among the places, or no more'),
  bind('connect', ['C-o'], 'Connect', 'another server in this pane, from the list of servers'),
  bind('this-machine', ['M-o'], 'Here', 'this machine’s files in this pane, or the server’s again'),
  bind('same-folder', ['M-i'], 'Same there', 'show the corresponding folder on the other side'),
  bind('synchronised', ['Y'], 'Together', 'walk on both sides at once, or no more'),
  bind('compare', ['=', 'C-x d'], 'Compare', 'mark what the other side has not, or older, or otherwise'),
];

export const sorting: readonly Binding[] = [
  bind('sort-name', ['s n'], 'By name', 'sort by name, counting numbers; again: the other way round'),
  bind(
    'sort-extension',
    ['s e'],
    'By extension',
    'sort by what follows the last dot; again: the other way round',
  ),
  bind('sort-size', ['s s'], 'By size', 'sort by size; again: the other way round'),
  bind('sort-modified', ['s m'], 'By time', 'sort by time; again: the other way round'),
  bind('sort-permissions', ['s p'], 'By permissions', 'sort by permissions; again: the other way round'),
  bind('sort-bytes', ['s b'], 'By bytes', 'sort by name, byte by byte; again: the other way round'),
  bind('sort-reverse', ['s r'], 'Reverse', 'sort the other way round'),
  bind('folders-first', ['s f'], 'Folders', 'folders first, or among the others'),
  bind('hidden', ['.', 'M-.'], 'Hidden', 'show or hide names that begin with a dot'),
];

export const arranging: readonly Binding[] = [
  bind('columns', ['c', 'M-t'], 'Columns', 'what is told of entries: as much as fits, little, all'),
  bind('zoom', ['z', 'C-x z'], 'Zoom', 'one pane over the whole width, or both'),
  bind('split-left', ['<'], 'Split left', 'a narrower left pane'),
  bind('split-right', ['>'], 'Split right', 'a wider left pane'),
  bind('split-even', ['C-x e'], 'Even', 'both panes of the same width'),
  bind('tab-new', ['C-t'], 'New tab', 'a tab of its own, which begins where this one is'),
  bind('tab-close', ['C-w'], 'Close tab', 'this tab; the last one stays'),
  bind('tab-next', [']'], 'Next tab', 'the tab after this one'),
  bind('tab-previous', ['['], 'Tab before', 'the tab before this one'),
  bind('theme', ['T'], 'Theme', 'other colours: dark, light, sixteen, high contrast, none'),
  bind('mouse', ['M-m'], 'Mouse', 'clicks and wheel here, or the terminal’s selection of text'),
  bind('swap', ['C-u'], 'Swap', 'the left pane goes to the right'),
];
