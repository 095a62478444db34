/** For terminals with a dark background and 256 colours. Pure; UI thread. */

import type { Theme } from '../style.ts';

export const dark: Theme = {
  plain: '',
  title: '1;38;5;231;48;5;24',
  frame: '38;5;242',
  focusFrame: '38;5;75',
  serverFrame: '38;5;136',
  serverFocusFrame: '1;38;5;215',
  heading: '38;5;246',
  folder: '1;38;5;75',
  link: '38;5;80',
  hidden: '38;5;246',
  marked: '1;38;5;221',
  cursor: '38;5;231;48;5;25',
  idleCursor: '48;5;237',
  markedCursor: '1;38;5;221;48;5;25',
  dim: '38;5;246',
  error: '38;5;203',
  good: '38;5;114',
  bar: '38;5;75',
  barRest: '38;5;238',
  field: '48;5;236',
  fieldHint: '38;5;246;48;5;236',
  key: '38;5;231;48;5;238',
  keyLabel: '38;5;250',
  notice: '38;5;221',
};
