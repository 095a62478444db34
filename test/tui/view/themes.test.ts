/** Which theme a terminal gets, and that every theme tells apart what must be told apart. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { themeNames } from '@ferry/tui/state/theme';
import { asciiGlyphs, type StyleName, unicodeGlyphs } from '@ferry/tui/view/rows/style';
import { lookFor } from '@ferry/tui/view/rows/themes';
import { contrast } from '@ferry/tui/view/rows/themes/contrast';
import { dark } from '@ferry/tui/view/rows/themes/dark';
import { light } from '@ferry/tui/view/rows/themes/light';
import { mono } from '@ferry/tui/view/rows/themes/mono';
import { sixteen } from '@ferry/tui/view/rows/themes/sixteen';

const themes = { dark, light, sixteen, contrast, mono };

test('the terminal decides, then the user, and NO_COLOR before both', () => {
  const xterm = { TERM: 'xterm-256color', LANG: 'C.UTF-8' };
  assert.equal(lookFor(xterm, 'auto').theme, dark);
  assert.equal(lookFor({ ...xterm, COLORFGBG: '0;15' }, 'auto').theme, light);
  assert.equal(lookFor({ ...xterm, COLORFGBG: '15;0' }, 'auto').theme, dark);
  assert.equal(lookFor({ TERM: 'linux' }, 'auto').theme, sixteen);
  assert.equal(lookFor({ TERM: 'vt100' }, 'auto').theme, mono);
  assert.equal(lookFor(xterm, 'contrast').theme, contrast);
  for (const name of themeNames) assert.equal(lookFor({ ...xterm, NO_COLOR: '1' }, name).theme, mono);
  assert.equal(lookFor(xterm, 'auto').glyphs, unicodeGlyphs);
  assert.equal(lookFor({ TERM: 'xterm', LC_ALL: 'C' }, 'auto').glyphs, asciiGlyphs);
});

test('cursor, marks, folders and errors differ from plain text and from each other in every theme', () => {
  const apart: readonly (readonly [StyleName, StyleName])[] = [
    ['cursor', 'plain'],
    ['cursor', 'idleCursor'],
    ['cursor', 'markedCursor'],
    ['marked', 'plain'],
    ['marked', 'folder'],
    ['folder', 'plain'],
    ['link', 'plain'],
    ['error', 'dim'],
    ['focusFrame', 'frame'],
    ['serverFocusFrame', 'serverFrame'],
    ['serverFocusFrame', 'focusFrame'],
    ['title', 'plain'],
    ['key', 'keyLabel'],
  ];
  for (const [name, theme] of Object.entries(themes))
    for (const [a, b] of apart) assert.notEqual(theme[a], theme[b], `${name}: ${a} and ${b}`);
});

test('a theme uses no more colours than it says', () => {
  const parameters = (theme: typeof dark): string[] =>
    Object.values(theme).flatMap((text) => text.split(';'));
  assert.ok(parameters(mono).every((one) => ['', '1', '4', '7'].includes(one)));
  assert.ok(parameters(sixteen).every((one) => /^(?:|1|4|[34][0-7])$/.test(one)));
  assert.ok(parameters(contrast).every((one) => /^(?:|1|4|[34][0-7]|9[0-7]|10[0-7])$/.test(one)));
});
