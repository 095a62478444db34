/** Looking at files, in a real terminal on a real server. */

import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserCommand, type Server, startServer } from './server.ts';
import { haveTerminal, noTerminal, Terminal } from './terminal.ts';

describe('looking at files', { skip: haveTerminal ? false : noTerminal }, () => {
  let home: string;
  let local: string;
  let server: Server;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-'));
    const shared = join(home, 'shared');
    local = join(home, 'local');
    mkdirSync(shared);
    mkdirSync(local);
    const lines = Array.from({ length: 5000 }, (_, i) => `${i + 1}: 海と 🚢 and \x1b[31m colour\n`);
    writeFileSync(join(shared, 'a.log'), lines.join(''));
    writeFileSync(join(shared, 'huge.bin'), 'x');
    truncateSync(join(shared, 'huge.bin'), 50e9);
    writeFileSync(join(local, 'mine.txt'), 'my own text\n');
    server = await startServer(shared);
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('reads a log, searches it, goes to its end, and sees the bytes of 50 GB', async () => {
    const terminal = new Terminal(browserCommand(server.address, local), {
      env: server.env,
      columns: 80,
      rows: 24,
    });
    try {
      await terminal.shows('huge.bin');
      terminal.press('F3');
      await terminal.shows('1: 海と 🚢 and \\e[31m colour');
      await terminal.shows('server: /a.log');
      terminal.press('/');
      await terminal.shows('Search');
      terminal.type('4321: ');
      terminal.press('Enter');
      await terminal.shows('4321: 海と');
      terminal.press('End');
      await terminal.shows('5000: 海と');
      terminal.press('g');
      await terminal.shows('Go to line');
      terminal.type('2500');
      terminal.press('Enter');
      await terminal.shows(/^2500: /m);
      terminal.press('F');
      await terminal.shows('follows');
      appendFileSync(join(home, 'shared/a.log'), 'one line more\n');
      await terminal.shows('one line more');
      terminal.press('q');
      await terminal.shows('huge.bin');
      terminal.press('Down', 'Enter');
      await terminal.shows(/^0{16}|^000000000/m);
      terminal.press('End');
      await terminal.shows('ba43b73f0');
      await terminal.shows('100 %');
      terminal.press('Escape');
      await terminal.shows('a.log');
      terminal.press('Tab', 'End', 'F3');
      await terminal.shows('my own text');
      terminal.resize(100, 30);
      await terminal.shows('local: /');
      terminal.press('F10');
      await terminal.shows('huge.bin');
    } finally {
      terminal.close();
    }
  });

  test('a preview stands in place of the other pane and follows the cursor', async () => {
    const terminal = new Terminal(browserCommand(server.address, local), {
      env: server.env,
      columns: 80,
      rows: 24,
    });
    try {
      await terminal.shows('mine.txt');
      terminal.press('p');
      await terminal.shows('preview: a.log');
      await terminal.shows('│1: 海と 🚢');
      await terminal.lacks('mine.txt');
      terminal.press('Down');
      await terminal.shows('│00000000  78 00 00');
      terminal.press('Tab', 'End');
      await terminal.shows('my own text');
      await terminal.shows('of the local side');
      terminal.press('p');
      await terminal.shows('huge.bin');
    } finally {
      terminal.close();
    }
  });
});
