/** The preview as golden text. */

import { test } from 'node:test';
import { golden } from '../../support/golden.ts';
import { Driven, file, folder, link } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

const content = Buffer.from(
  '# Title\n\n海と船 \x1b[2J and a line that goes on for longer than half of a screen is wide\nend\n',
);

function previewing(columns: number, rows: number): Driven {
  const driven = new Driven('share', 'home', { columns, rows })
    .list('remote', folder('d'), file('notes.md', content.length), file('prog', 4000), link('l'))
    .list('local', file('own'));
  driven.state = { ...driven.state, notice: undefined };
  return driven.press('down', 'p');
}

function answered(driven: Driven, bytes: Uint8Array, size = bytes.length): Driven {
  const facts = { ...file('f', size), identity: '1' };
  const request = driven.state.preview?.request ?? 0;
  return driven.post({ kind: 'peeked', request, seen: { kind: 'file', facts, content: bytes } });
}

async function shot(driven: Driven): Promise<string> {
  const { columns, rows } = driven.state.size;
  const terminal = new FakeTerminal(columns, rows);
  const screen = await terminal.draw(driven.state);
  terminal.close();
  return screen;
}

for (const [columns, rows] of [
  [80, 24],
  [40, 12],
] as const) {
  test(`a folder, a text, bytes and a link at ${columns}×${rows}`, async () => {
    const driven = previewing(columns, rows);
    const entries = [file('take.mov', 4e9), folder('raw'), file('a name that has no end at all.txt', 12)];
    const request = driven.state.preview?.request ?? 0;
    driven.post({ kind: 'peeked', request, seen: { kind: 'folder', entries, isWhole: false } });
    golden(`preview-folder-${columns}x${rows}`, await shot(driven));
    golden(`preview-link-${columns}x${rows}`, await shot(driven.press('down')));
    golden(`preview-text-${columns}x${rows}`, await shot(answered(driven.press('down'), content)));
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
    golden(`preview-hex-${columns}x${rows}`, await shot(answered(driven.press('down'), bytes, 4000)));
  });
}
