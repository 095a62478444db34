/** With the sixteen colours that every colour terminal has, as its user chose them. Pure; UI thread. */

import type { Theme } from '../style.ts';

export const sixteen: Theme = {
  plain: '',
  title: '1;37;44',
  frame: '',
  focusFrame: '1;36',
  serverFrame: '33',
  serverFocusFrame: '1;33',
  heading: '',
  folder: '1;36',
  link: '36',
  hidden: '',
  marked: '1;33',
  cursor: '30;46',
  idleCursor: '4',
  markedCursor: '1;33;46',
  dim: '',
  error: '1;31',
  good: '32',
  bar: '36',
  barRest: '',
  field: '4',
  fieldHint: '4',
  key: '30;47',
  keyLabel: '',
  notice: '1;33',
};
