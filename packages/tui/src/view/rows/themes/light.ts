/** For terminals with a light background and 256 colours. Pure; UI thread. */

import type { Theme } from '../style.ts';

export const light: Theme = {
  plain: '',
  title: '1;38;5;231;48;5;25',
  frame: '38;5;246',
  focusFrame: '38;5;25',
  serverFrame: '38;5;172',
  serverFocusFrame: '1;38;5;130',
  heading: '38;5;241',
  folder: '1;38;5;25',
  link: '38;5;30',
  hidden: '38;5;243',
  marked: '1;38;5;130',
  cursor: '38;5;231;48;5;31',
  idleCursor: '48;5;252',
  markedCursor: '1;38;5;229;48;5;31',
  dim: '38;5;243',
  error: '38;5;160',
  good: '38;5;28',
  bar: '38;5;31',
  barRest: '38;5;250',
  field: '48;5;254',
  fieldHint: '38;5;241;48;5;254',
  key: '38;5;231;48;5;241',
  keyLabel: '38;5;238',
  notice: '38;5;130',
};
