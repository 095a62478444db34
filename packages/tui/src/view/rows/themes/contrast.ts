/** High contrast: bright on the background, and nothing told by a shade. Pure; UI thread. */

import type { Theme } from '../style.ts';

export const contrast: Theme = {
  plain: '1',
  title: '1;30;107',
  frame: '97',
  focusFrame: '1;93',
  serverFrame: '96',
  serverFocusFrame: '1;96',
  heading: '1;97',
  folder: '1;96',
  link: '1;95',
  hidden: '97',
  marked: '1;93',
  cursor: '1;30;107',
  idleCursor: '1;4',
  markedCursor: '1;30;103',
  dim: '97',
  error: '1;97;41',
  good: '1;92',
  bar: '1;93',
  barRest: '97',
  field: '4',
  fieldHint: '4',
  key: '1;30;107',
  keyLabel: '1;97',
  notice: '1;93',
};
