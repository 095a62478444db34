/** Panes, lists and lines as golden text: filter, comparison, places, facts of an entry, chords, wide and narrow screens. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkName, type Entry, pathFromText } from '@ferry/protocol';
import { resolveKeys } from '@ferry/tui/keymap/resolve';
import { Compared } from '@ferry/tui/state/compare';
import { columnSets } from '@ferry/tui/state/layout';
import { cells } from '@ferry/tui/view/rows/cells';
import { columnsFor } from '@ferry/tui/view/rows/columns';
import { footerRow } from '@ferry/tui/view/rows/line-rows';
import { paneRowsOf } from '@ferry/tui/view/rows/pane-rows';
import { asciiGlyphs } from '@ferry/tui/view/rows/style';
import { mono } from '@ferry/tui/view/rows/themes/mono';
import { golden } from '../../support/golden.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder, link } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

const day = { s: 1_790_000_000, ns: 123_456_789 };

function scene(columns: number, rows: number, preset: 'mc' | 'vim' = 'mc'): Driven {
  const driven = new Driven('film', 'home/anna', { columns, rows }, resolveKeys(preset).keymap)
    .list(
      'remote',
      folder('raw'),
      file('take2.mov', 4_210_000_000, day),
      file('take10.mov', 3_870_000_000, day),
      { ...file('notes.txt', 182, day), mode: 0o4750 },
      link('latest'),
      file('海と船.txt', 12, day),
    )
    .list('local', folder('raw'), file('take2.mov', 4_210_000_000), file('mine.txt', 5, day));
  driven.state = { ...driven.state, notice: undefined };
  return driven;
}

async function shot(driven: Driven): Promise<string> {
  const { columns, rows } = driven.state.size;
  const terminal = new FakeTerminal(columns, rows);
  try {
    return await terminal.draw(driven.state);
  } finally {
    terminal.close();
  }
}

describe('panes on the screen', () => {
  for (const [columns, rows] of [
    [80, 24],
    [300, 100],
  ] as const) {
    test(`compared, with a filter being typed at ${columns}×${rows}`, async () => {
      const driven = scene(columns, rows).press('=', '/', 't', 'a', 'k', 'e');
      golden(`panes-compared-${columns}x${rows}`, await shot(driven));
    });
  }

  test('one pane at 40×12, and by choice at 80×24; the sides changed', async () => {
    golden('panes-single-40x12', await shot(scene(40, 12).press('tab')));
    golden(
      'panes-zoomed-80x24',
      await shot(scene(80, 24).press('z', 'down', 'down', 'space', 'c', 'c', 'escape')),
    );
    golden('panes-swapped-100x30', await shot(scene(100, 30).press('C-u', '>', '>', 'tab')));
  });

  test('places, facts of an entry, and what may follow the first key of a chord', async () => {
    const driven = scene(80, 24).press('b', 'down', 'enter').list('remote').press('M-left');
    golden('panes-places-80x24', await shot(driven.press("'")));
    golden('panes-info-80x24', await shot(scene(80, 24).press('end', 'up', 'up', 'up', 'i')));
    golden('panes-chord-80x24', await shot(scene(80, 24, 'vim').press('s')));
    golden('panes-goto-80x24', await shot(scene(80, 24).press('g', 'x', 'tab')));
  });

  test('every row is as wide as its pane, whatever the width, the columns and the name', () => {
    const random = randomFrom(seed);
    const look = { theme: mono, glyphs: asciiGlyphs };
    const letters = ['a', 'é', '海', '🚢', '\u0301', ' ', '\x1b', '.', '0'];
    for (let i = 0; i < runs(300); i++) {
      const name = Array.from({ length: 1 + random(60) }, () => letters[random(letters.length)]).join('');
      const bytes = `n${Buffer.from(name).toString('latin1').slice(0, 200)}`;
      const entry: Entry = {
        ...file('x', random(2 ** 31)),
        name: checkName(bytes.trim() === '' ? 'x' : bytes),
      };
      const driven = new Driven().list('remote', entry);
      const width = 20 + random(200);
      const set = columnSets[random(3)] ?? 'auto';
      const rows = paneRowsOf(
        { ...driven.state.remote, compared: random(2) === 0 ? new Compared(new Map()) : undefined },
        { left: 0, top: 0, width, height: 6 },
        { look, focused: false, nowMs: 0, place: 'server: ', set },
      );
      const plain = rows.map((row) =>
        row.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g'), ''),
      );
      for (const row of plain) assert.equal(cells(row), width, JSON.stringify([seed, name, width, set, row]));
      const { name: room } = columnsFor(width - 2, set);
      assert.ok(room >= 1);
    }
  });

  test('the footer fits every width and shows the keys that hold', () => {
    const look = { theme: { ...mono, key: '', keyLabel: '' }, glyphs: asciiGlyphs };
    for (let width = 10; width < 200; width += 7)
      assert.equal(cells(footerRow(scene(80, 24).state, width, look)), width);
    assert.match(footerRow(scene(80, 24, 'vim').state, 120, look), / F5 Copy .* F10 Quit /);
    const { keymap } = resolveKeys('mc', { pane: { copy: ['C-y'] } });
    const own = new Driven('a', 'b', undefined, keymap).list('remote', file('x')).press('down');
    assert.match(footerRow(own.state, 160, look), / Ctrl\+Y Copy /);
    assert.deepEqual(own.path(), pathFromText('a'));
  });
});
