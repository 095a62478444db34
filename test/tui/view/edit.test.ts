/** The dialogs of editing as golden text. */

import { test } from 'node:test';
import { Code, type Facts, FerryError, pathFromText, toWireError } from '@ferry/protocol';
import { golden } from '../../support/golden.ts';
import { Driven, file } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

const facts = (identity: string, size: number): Facts => ({ ...file('conf.toml', size), identity });
const copy = {
  copy: pathFromText('home/anna/.local/state/ferry/edits/ferry-edit-x1/conf.toml'),
  version: facts('begun', 1200),
  digest: 'd',
};

function asking(
  columns: number,
  rows: number,
  there: Facts | undefined,
): { driven: Driven; request: number } {
  const driven = new Driven('etc', 'home', { columns, rows }).list('remote', file('conf.toml'));
  driven.press('down', 'f4');
  const request = driven.state.requests;
  driven.post({ kind: 'copy-fetched', request, copy });
  driven.post({ kind: 'editor-ended', request, isChanged: true, problem: undefined });
  const error = toWireError(new FerryError(Code.CONFLICT, 'the file is another'));
  driven.post({ kind: 'copy-unstored', request, error, there });
  return { driven, request };
}

async function shot(driven: Driven): Promise<string> {
  const { columns, rows } = driven.state.size;
  const terminal = new FakeTerminal(columns, rows);
  const screen = await terminal.draw({ ...driven.state, notice: undefined });
  terminal.close();
  return screen;
}

for (const [columns, rows] of [
  [80, 24],
  [40, 14],
] as const) {
  test(`a file that is another by now, and the difference, at ${columns}×${rows}`, async () => {
    const there = { ...facts('other', 1300), modified: { s: 1_790_000_000, ns: 0 } };
    const { driven, request } = asking(columns, rows, there);
    golden(`edit-changed-${columns}x${rows}`, await shot(driven.press('s')));
    driven.press('d', 'enter');
    golden(`edit-busy-${columns}x${rows}`, await shot(driven));
    const lines = [
      { kind: 'same', text: '[server]' },
      { kind: 'removed', text: 'port = 7377' },
      { kind: 'added', text: 'port = 7378 \x1b[31m' },
      { kind: 'gap', text: 'line 90 → line 90' },
      { kind: 'added', text: Buffer.from('海 '.repeat(60)).toString('latin1') },
    ] as const;
    driven.post({ kind: 'copy-compared', request, lines });
    golden(`edit-difference-${columns}x${rows}`, await shot(driven));
  });
}

test('a file that is gone by now', async () => {
  golden('edit-gone-80x24', await shot(asking(80, 24, undefined).driven));
});
