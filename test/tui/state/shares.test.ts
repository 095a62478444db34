/** Sharing from the browser: what is asked, what goes to the server, and the list of what one shares; the screens as golden text. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pathFromText } from '@ferry/protocol';
import type { OwnShare } from '@ferry/tui/engine/server-shares';
import { spanOf } from '@ferry/tui/engine/server-shares';
import type { Cmd } from '@ferry/tui/state/cmd';
import { golden } from '../../support/golden.ts';
import { Driven, file, folder } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

const invite = `ferry://share.00112233aabbccdd@files.example.org:7377/#${'a'.repeat(52)}.${'b'.repeat(27)}`;
const made = { id: '00112233aabbccdd', invite, expiresMs: 1_790_000_000_000, isOnlyHere: false };
const row = (change: Partial<OwnShare> = {}): OwnShare => ({
  id: '00112233aabbccdd',
  kind: 'read',
  paths: [pathFromText('film/raw/take2.mov'), pathFromText('film/notes.txt')],
  pathCount: 9,
  sinceMs: 1_789_000_000_000,
  expiresMs: 1_790_000_000_000,
  downloads: 3,
  verified: 7,
  devices: 1,
  ...change,
});
const notice = (driven: Driven): string => `${driven.state.notice?.text ?? ''}`;
const kindOf = (driven: Driven): string | undefined => driven.state.dialog?.kind;
const wishOf = ([cmd]: readonly Cmd[]): unknown => (cmd?.kind === 'make-share' ? cmd.wish : cmd);
const prompt = (driven: Driven) => {
  const { dialog } = driven.state;
  assert.ok(dialog?.kind === 'prompt');
  return dialog;
};
const typed = (driven: Driven, text: string): Driven => driven.press('C-u').post({ kind: 'typed', text });

function scene(columns = 80, rows = 24): Driven {
  const driven = new Driven('film', 'home', { columns, rows }).list(
    'remote',
    folder('raw'),
    file('a'),
    file('b'),
  );
  driven.taken();
  return driven;
}

describe('sharing', () => {
  test('what is marked goes with how long, how often and where; the marks go', () => {
    const driven = scene().press('down', 'down', 'space', 'space', 'S', 's');
    assert.equal(`${prompt(driven).title}`, 'Share 2 entries with people without an account');
    typed(driven, '2h').press('down');
    typed(driven, '3').press('down');
    typed(driven, 'files.example.org').press('enter');
    assert.deepEqual(wishOf(driven.taken()), {
      kind: 'read',
      paths: ['film/a', 'film/b'].map(pathFromText),
      forMs: 7_200_000,
      downloads: 3,
      at: { host: 'files.example.org', port: 7377 },
    });
    assert.equal(driven.state.remote.markedRows, 0);
  });

  test('without a word: a week, as often as they like, where this ferry reached the server', () => {
    const driven = scene().press('down', 'S', 's', 'enter');
    assert.deepEqual(wishOf(driven.taken()), {
      kind: 'read',
      paths: [pathFromText('film/raw')],
      forMs: 604_800_000,
      downloads: undefined,
      at: { host: '10.0.0.5', port: 7377 },
    });
  });

  test('a drop box is one folder', () => {
    const driven = scene().press('down', 'down', 'S', 'd');
    assert.match(notice(driven), /a drop box is one folder/);
    assert.equal(driven.state.dialog, undefined);
    driven.press('up', 'S', 'd');
    assert.equal(prompt(driven).fields.length, 2);
    driven.press('enter');
    const wish = wishOf(driven.taken());
    assert.deepEqual(
      [(wish as { kind: string }).kind, (wish as { downloads: unknown }).downloads],
      ['drop', undefined],
    );
  });

  test('a line that cannot be taken stays, with why', () => {
    const driven = typed(scene().press('down', 'S', 's'), 'soon').press('enter');
    assert.deepEqual(
      [prompt(driven).field, `${prompt(driven).error}`],
      [0, 'so long as 90m, 12h, 7d or 4w, at most ten years'],
    );
    typed(driven, '1d').press('down');
    typed(driven, '0').press('enter');
    assert.match(`${prompt(driven).error}`, /a number from 1 to 1000/);
    typed(driven, '').press('down');
    typed(driven, 'no host').press('enter');
    assert.match(`${prompt(driven).error}`, /that is not an address/);
    assert.deepEqual(driven.taken(), []);
    assert.equal(wishOf(typed(driven, '').press('enter').taken()) !== undefined, true);
  });

  test('needs a server, and its side', () => {
    const driven = scene().press('tab', 'S', 's');
    assert.match(notice(driven), /that is for the files of the server/);
  });

  test('spans', () => {
    assert.deepEqual(
      ['90m', '12h', '7d', '4w', '1y'].map(spanOf),
      [5_400_000, 43_200_000, 604_800_000, 2_419_200_000, 31_557_600_000],
    );
    for (const text of ['', '7', '0d', '-1d', '11y', '7 days', '1.5h', '9999999m'])
      assert.equal(spanOf(text), undefined, text);
  });
});

describe('a line to give away', () => {
  test('is in the clipboard at once, and again by a key', () => {
    const driven = scene().post({ kind: 'share-made', made });
    const copy = { kind: 'copy-text', text: `ferry '${invite}'` };
    assert.deepEqual(driven.taken(), [copy]);
    assert.deepEqual(driven.press('y').taken(), [copy]);
    assert.equal(driven.press('escape').state.dialog, undefined);
  });
});

describe('what I share', () => {
  test('is listed, walked through, and ended after a question; the list comes back', () => {
    const driven = scene().press('S', 'l');
    assert.deepEqual(driven.taken(), [{ kind: 'list-shares' }]);
    driven.post({ kind: 'shares', rows: [row(), row({ id: '22' }), row({ id: '33' })] });
    driven.press('down', 'delete');
    assert.equal(kindOf(driven), 'question');
    driven.press('n');
    assert.equal(kindOf(driven), 'shares');
    assert.deepEqual(driven.taken(), []);
    driven.press('delete', 'y');
    assert.deepEqual(driven.taken(), [{ kind: 'end-share', id: '22' }]);
    driven.press('end').post({ kind: 'shares', rows: [row(), row({ id: '33' })] });
    const { dialog } = driven.state;
    assert.equal(dialog?.kind === 'shares' && dialog.cursor, 1);
    driven.press('escape').post({ kind: 'shares', rows: [] });
    assert.equal(driven.state.dialog, undefined, 'nobody waits for it any more');
  });

  test('may be nothing', () => {
    const driven = scene().press('S', 'l').post({ kind: 'shares', rows: [] }).press('up', 'down', 'delete');
    assert.equal(kindOf(driven), 'shares');
  });
});

describe('its screens', () => {
  const shot = async (driven: Driven): Promise<string> => {
    const { columns, rows } = driven.state.size;
    const terminal = new FakeTerminal(columns, rows);
    try {
      return await terminal.draw(driven.state);
    } finally {
      terminal.close();
    }
  };
  const listed = (columns: number, rows: number): Driven =>
    scene(columns, rows)
      .press('S', 'l')
      .post({
        kind: 'shares',
        rows: [
          row(),
          row({
            paths: [pathFromText('inbox')],
            pathCount: 1,
            kind: 'drop',
            devices: 12,
            downloads: undefined,
          }),
          row({ paths: [pathFromText('a\u001b[31mb\n')], pathCount: 1, downloads: undefined, devices: 0 }),
        ],
      })
      .press('down');
  for (const [columns, rows] of [
    [80, 24],
    [40, 12],
  ] as const) {
    test(`at ${columns}×${rows}`, async () => {
      golden(`shares-${columns}x${rows}`, await shot(listed(columns, rows)));
      const given = scene(columns, rows).post({ kind: 'share-made', made: { ...made, isOnlyHere: true } });
      golden(`shared-${columns}x${rows}`, await shot(given));
      golden(`share-prompt-${columns}x${rows}`, await shot(scene(columns, rows).press('down', 'S', 's')));
    });
  }
});
