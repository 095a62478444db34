/** Without colours: bold, underline and inverse alone tell things apart. Pure; UI thread. */

import type { Theme } from '../style.ts';

export const mono: Theme = {
  plain: '',
  title: '7',
  frame: '',
  focusFrame: '1',
  serverFrame: '',
  serverFocusFrame: '1;4',
  heading: '',
  folder: '1',
  link: '4',
  hidden: '',
  marked: '1;4',
  cursor: '7',
  idleCursor: '4',
  markedCursor: '1;7',
  dim: '',
  error: '1',
  good: '',
  bar: '',
  barRest: '',
  field: '4',
  fieldHint: '',
  key: '7',
  keyLabel: '',
  notice: '1',
};
