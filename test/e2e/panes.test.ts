/** Finding one's way with filter, compare, completion and bookmarks, in a real terminal; what is remembered outlives it. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserCommand, type Server, startServer } from './server.ts';
import { haveTerminal, noTerminal, Terminal } from './terminal.ts';

describe('panes in a real terminal', { skip: haveTerminal ? false : noTerminal }, () => {
  let home: string;
  let server: Server;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-panes-'));
    const [shared, local] = [join(home, 'shared'), join(home, 'local')];
    mkdirSync(join(shared, 'films/drama/old'), { recursive: true });
    mkdirSync(join(local, 'films'), { recursive: true });
    for (const name of ['file1.bin', 'file2.bin', 'file10.bin', 'notes.txt'])
      writeFileSync(join(shared, name), name);
    for (const name of ['file1.bin', 'mine.txt']) writeFileSync(join(local, name), name);
    for (const side of [shared, local]) utimesSync(join(side, 'file1.bin'), 1e9, 1e9);
    for (let i = 0; i < 3; i++) writeFileSync(join(shared, 'films/drama', `reel-${i}`), Buffer.alloc(1000));
    server = await startServer(shared);
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('filters, compares, counts, goes by path and by bookmark, and comes back as it was left', async () => {
    const open = (): Terminal =>
      new Terminal(browserCommand(server.address, join(home, 'local')), { env: server.env });
    let terminal = open();
    try {
      await terminal.shows('mine.txt');
      // Whole, and not only begun.
      await terminal.shows(/5 items.*3 items/);
      const first = await terminal.shows('notes.txt');
      assert.ok(first.indexOf('file2.bin') < first.indexOf('file10.bin'));
      terminal.press('=');
      await terminal.shows('marked: 3 on the one side, 1 on the other');
      await terminal.shows(/ =file1\.bin/);
      terminal.press('Escape');
      await terminal.lacks('3 marked');
      terminal.press('Escape');
      await terminal.lacks('=file1');
      terminal.press('/');
      terminal.type('FILE?.');
      await terminal.shows('nothing is called so');
      terminal.press('C-u');
      terminal.type('file?.*');
      await terminal.shows('2 of 5 items');
      terminal.press('Enter');
      await terminal.shows('F1');
      terminal.press('Escape');
      await terminal.lacks('of 5 items');
      terminal.press('Home', 'C-Space');
      await terminal.shows('films: 3000 bytes in 3 files');
      terminal.press('g');
      await terminal.shows('Tab completes');
      terminal.type('f');
      terminal.press('Tab');
      await terminal.shows('/films/');
      terminal.type('dr');
      terminal.press('Tab');
      await terminal.shows('/films/drama/');
      terminal.press('Enter');
      await terminal.shows('reel-2');
      terminal.press('b');
      await terminal.shows('bookmark kept');
      terminal.press('M-Left');
      await terminal.shows('notes.txt');
      // Shift and arrows mark; the sides change places, and the left one gets wider.
      terminal.press('End', 'S-Up', 'S-Up');
      await terminal.shows('2 marked');
      terminal.press('C-u', '>');
      await terminal.until(
        'the local side left',
        (screen) => screen.indexOf('local:') < screen.indexOf('server:'),
      );
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
      terminal.close();

      terminal = open();
      const again = await terminal.shows('notes.txt');
      assert.ok(again.indexOf('local:') < again.indexOf('server:'));
      terminal.press("'");
      await terminal.shows('★ server: /films/drama');
      terminal.press('Enter');
      await terminal.shows('reel-2');
    } finally {
      terminal.close();
    }
  });

  test('a server that goes away leaves its pane as it was, and comes back into it by itself', async () => {
    const shared = join(home, 'shared');
    const own = await startServer(shared);
    const terminal = new Terminal(browserCommand(own.address, join(home, 'local')), { env: own.env });
    try {
      await terminal.shows('mine.txt');
      await terminal.shows('notes.txt');
      terminal.press('/');
      terminal.type('file');
      terminal.press('Enter');
      await terminal.shows('3 of 5 items');
      terminal.press('Down', 'Space');
      await terminal.shows('1 marked');
      own.child.kill('SIGKILL');
      await terminal.shows(/stale, again in \d+ s/);
      terminal.press('C-r');
      await terminal.shows('the server is away');
      writeFileSync(join(shared, 'file3.bin'), 'while it was away');
      const back = await startServer(shared, { again: own });
      try {
        await terminal.shows('file3.bin');
        const screen = await terminal.shows('4 of 6 items');
        assert.match(screen, /•file2\.bin/);
        assert.match(screen, /1 marked/);
      } finally {
        await back.stop();
      }
    } finally {
      terminal.close();
      await own.stop();
    }
  });

  test('the mouse: a click, two clicks, a drag of the border, a key of the footer', async () => {
    const terminal = new Terminal(browserCommand(server.address, join(home, 'local')), {
      env: { ...server.env, XDG_STATE_HOME: join(home, 'mouse') },
      columns: 100,
      rows: 30,
    });
    const lineOf = (screen: string, text: string): number =>
      screen.split('\n').findIndex((line) => line.includes(text));
    try {
      const screen = await terminal.shows('notes.txt');
      terminal.click(5, lineOf(screen, 'notes.txt'));
      terminal.press('Space');
      await terminal.shows(/•notes\.txt/);
      const films = lineOf(screen, 'films/');
      terminal.click(5, films);
      terminal.click(5, films);
      await terminal.shows('drama/');
      terminal.click(50, 10, { x: 70, y: 10 });
      await terminal.until('a wider left pane', (now) => (now.split('\n')[1] ?? '').indexOf('┐┌') === 69);
      const footer = (await terminal.shows('F7')).split('\n').at(-2) ?? '';
      terminal.click(footer.indexOf('MkDir'), 29);
      await terminal.shows('Name of the new folder');
      const dialog = (await terminal.shows('Esc')).split('\n').at(-2) ?? '';
      terminal.click(dialog.indexOf('Esc'), 29);
      await terminal.lacks('Name of the new folder');
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
    } finally {
      terminal.close();
    }
  });
});
