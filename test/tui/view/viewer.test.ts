/** The viewer's screens as golden text. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asciiGlyphs } from '@ferry/tui/view/rows/style';
import { mono } from '@ferry/tui/view/rows/themes/mono';
import { golden } from '../../support/golden.ts';
import { Driven, file } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

const text = Buffer.concat([
  Buffer.from('# Reading\tin a terminal\n\n'),
  Buffer.from('海と船の写真 stand in two cells each, 🚢 too, e\u0301 in one.\n'),
  Buffer.from('hostile: \x1b[2J\x1b]0;title\x07 \u202efdp\u200b {red-fg}tags{/}\r\n'),
  Buffer.from([0x62, 0x61, 0x64, 0xff, 0xfe, 0x0a]),
  Buffer.from(`${'a line that is too long for any screen, '.repeat(5)}\n`),
  Buffer.from(Array.from({ length: 300 }, (_, i) => `${i + 1} needle in a haystack\n`).join('')),
]);

function looking(columns: number, rows: number, content: Uint8Array = text): Driven {
  const driven = new Driven('log', 'home', { columns, rows }).list('remote', file('read me.txt'));
  driven.taken();
  driven.press('down', 'f3');
  const read = driven.taken().find(({ kind }) => kind === 'look');
  assert.ok(read?.kind === 'look');
  const facts = { ...file('read me.txt', content.length), identity: '1' };
  return driven.post({ kind: 'looked', request: read.request, offset: 0, facts, content });
}

async function shot(driven: Driven, look?: ConstructorParameters<typeof FakeTerminal>[2]): Promise<string> {
  const { columns, rows } = driven.state.size;
  const terminal = new FakeTerminal(columns, rows, look);
  const screen = await terminal.draw(driven.state);
  terminal.close();
  return screen;
}

describe('the viewer’s screen', () => {
  for (const [columns, rows] of [
    [80, 24],
    [40, 12],
  ] as const) {
    test(`text, cut lines and bytes at ${columns}×${rows}`, async () => {
      golden(`viewer-${columns}x${rows}`, await shot(looking(columns, rows)));
      golden(`viewer-cut-${columns}x${rows}`, await shot(looking(columns, rows).press('w', 'right')));
      golden(`viewer-hex-${columns}x${rows}`, await shot(looking(columns, rows).press('h')));
    });
  }

  test('while a search runs, its prompt, and its end', async () => {
    const driven = looking(80, 24).press('/', ...'needle');
    golden('viewer-prompt-80x24', await shot(driven));
    driven.press('enter');
    const find = driven.taken().find(({ kind }) => kind === 'find-text');
    assert.ok(find?.kind === 'find-text');
    driven.post({ kind: 'works-at', request: find.request, at: 4000 });
    golden('viewer-searching-80x24', await shot(driven));
    driven.post({ kind: 'worked', request: find.request, at: text.indexOf('200 needle') + 4 });
    golden('viewer-found-80x24', await shot(driven, { theme: mono, glyphs: asciiGlyphs }));
  });

  test('its keys', async () => {
    golden('viewer-help-80x24', await shot(looking(80, 24).press('f1')));
  });

  test('leaving it shows the panes again', async () => {
    const driven = looking(80, 24);
    const terminal = new FakeTerminal(80, 24);
    await terminal.draw(driven.state);
    const screen = await terminal.draw(driven.press('escape').state);
    terminal.close();
    assert.match(screen, /server: \/log/);
    assert.match(screen, /F3 View/);
  });
});
