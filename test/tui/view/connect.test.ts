/** The connect screen as golden text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Code, FerryError, toWireError } from '@ferry/protocol';
import { fingerprintFromHash } from '@ferry/protocol/session';
import { mismatch } from '@ferry/tui/client/trust';
import { connectActionOf } from '@ferry/tui/keymap/connect-keys';
import { type ConnectMsg, type ConnectState, connectState, updateConnect } from '@ferry/tui/state/connect';
import { cells } from '@ferry/tui/view/rows/cells';
import { connectDialogRows, connectRowsOf } from '@ferry/tui/view/rows/connect-rows';
import { asciiGlyphs, type Look, unicodeGlyphs } from '@ferry/tui/view/rows/style';
import { dark } from '@ferry/tui/view/rows/themes/dark';
import { mono } from '@ferry/tui/view/rows/themes/mono';
import { golden } from '../../support/golden.ts';
import { fixedNow } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

const rows = [
  {
    from: 'saved',
    name: 'pier',
    address: 'ferry://10.0.0.5:7377/film',
    lastMs: fixedNow - 3e6,
    reach: { kind: 'answers', ms: 12.3 },
  },
  {
    from: 'saved',
    name: '海の家',
    address: 'ferry://umi.example.org:7377',
    lastMs: fixedNow - 9e8,
    reach: { kind: 'nobody', why: 'x' },
  },
  { from: 'saved', name: 'old', address: 'ferry://old:7377', lastMs: undefined, reach: { kind: 'changed' } },
  {
    from: 'recent',
    name: '',
    address: 'ferry://anna@quay:7377',
    lastMs: fixedNow - 9e7,
    reach: { kind: 'looking' },
  },
  {
    from: 'ssh',
    name: 'backup',
    address: 'ferry://backup.a-very-long-name.example.org',
    lastMs: undefined,
    reach: { kind: 'unknown' },
  },
] as const;

const esc = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

/** Page and dialog as they lie on each other. */
function shot(state: ConnectState, look: Look): string {
  const plain = (lines: readonly string[]): string[] => lines.map((line) => line.replaceAll(esc, ''));
  const page = plain(connectRowsOf(state, fixedNow, look));
  for (const line of page) assert.equal(cells(line), state.size.columns, line);
  assert.equal(page.length, state.size.rows);
  let text = page.map((line) => line.trimEnd()).join('\n');
  if (state.dialog !== undefined) {
    const dialog = connectDialogRows(state.dialog, state, look);
    assert.ok(dialog.rect.top + dialog.rows.length <= state.size.rows);
    const lines = plain(dialog.rows);
    for (const line of lines) assert.equal(cells(line), dialog.rect.width, line);
    text = lines.join('\n');
  }
  return `${text}\n`;
}

function after(
  size: { columns: number; rows: number },
  ...msgs: readonly (ConnectMsg | string)[]
): ConnectState {
  let state = connectState(size, rows);
  for (const msg of msgs) {
    if (typeof msg !== 'string') [state] = updateConnect(state, msg);
    else {
      const action = connectActionOf(msg);
      [state] = updateConnect(
        state,
        action === undefined ? { kind: 'typed', text: msg } : { kind: 'action', action },
      );
    }
  }
  return state;
}

const one = fingerprintFromHash(Buffer.alloc(32, 1));
const two = fingerprintFromHash(Buffer.alloc(32, 2));

for (const [columns, height] of [
  [80, 24],
  [40, 12],
] as const) {
  const size = { columns, rows: height };
  const name = `${columns}x${height}`;
  for (const [variant, look] of [
    ['', { theme: dark, glyphs: unicodeGlyphs }],
    ['-plain', { theme: mono, glyphs: asciiGlyphs }],
  ] as const) {
    if (variant !== '' && columns < 80) continue;
    test(`servers, a first contact, a changed identity, saving, at ${name}${variant}`, () => {
      golden(`connect-${name}${variant}`, shot(after(size), look));
      golden(`connect-found-${name}${variant}`, shot(after(size, 'qua'), look));
      golden(`connect-none-${name}${variant}`, shot(after(size, 'nothing-like-it'), look));
      const asked = { kind: 'asked', where: '10.0.0.5:7377', fingerprint: one, hidden: [0, 12] } as const;
      golden(
        `connect-first-${name}${variant}`,
        shot(after(size, 'enter', asked, 'abcd', 'enter', 'ab'), look),
      );
      const error = toWireError(mismatch('10.0.0.5:7377', one, two));
      golden(`connect-stop-${name}${variant}`, shot(after(size, 'enter', { kind: 'failed', error }), look));
      golden(`connect-save-${name}${variant}`, shot(after(size, 'f2', 'x', 'tab', 'C-u', 'enter'), look));
      const who = { kind: 'ask-password', where: '10.0.0.5:7377', user: 'anna', attempt: 2 } as const;
      golden(`connect-password-${name}${variant}`, shot(after(size, 'enter', who), look));
      golden(`connect-help-${name}${variant}`, shot(after(size, 'f1'), look));
      golden(`connect-remove-${name}${variant}`, shot(after(size, 'f8'), look));
    });
  }
}

test('what failed is said below', () => {
  const error = toWireError(new FerryError(Code.CONNECT_FAILED, 'nothing answers at \x1b[31m10.0.0.5'));
  const state = after({ columns: 80, rows: 24 }, 'enter', { kind: 'failed', error });
  assert.match(
    shot(state, { theme: dark, glyphs: unicodeGlyphs }),
    /nothing answers at \\e\[31m10\.0\.0\.5 \[CONNECT_FAILED\]/,
  );
});
