/** A new user's first hour, in a real terminal, on real files. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserCommand, ferryMain, type Server, startServer } from './server.ts';
import { haveTerminal, noTerminal, Terminal } from './terminal.ts';

/** In a pane; the queue, which outlives browsers, may tell of a file of that name before the server answers. */
const inPane = /│.file-7\.bin/;

function makeTree(folder: string): void {
  mkdirSync(join(folder, 'deep/er/est'), { recursive: true });
  mkdirSync(join(folder, 'empty'));
  for (let i = 1; i <= 7; i++) writeFileSync(join(folder, `file-${i}.bin`), randomBytes(300_000 * i));
  for (let i = 1; i <= 60; i++) writeFileSync(join(folder, `deep/small-${i}.txt`), `number ${i}\n`);
  writeFileSync(join(folder, 'deep/er/est/海と emoji 🚢.txt'), 'far down');
  writeFileSync(join(folder, 'deep/er/nothing.dat'), '');
}

function same(a: string, b: string): void {
  const { status, stdout } = spawnSync('diff', ['-r', '-x', '.ferry', a, b], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
}

describe('a new user', { skip: haveTerminal ? false : noTerminal }, () => {
  let home: string;
  let shared: string;
  let server: Server;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-'));
    shared = join(home, 'shared');
    mkdirSync(shared);
    makeTree(shared);
    server = await startServer(shared);
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('marks five files and a folder, copies them, browses on, uploads two files', async () => {
    const local = join(home, 'local-1');
    mkdirSync(local);
    for (const name of ['mine-1.txt', 'mine-2.txt']) writeFileSync(join(local, name), randomBytes(50_000));
    const terminal = new Terminal(browserCommand(server.address, local), { env: server.env });
    try {
      await terminal.shows(inPane);
      await terminal.shows('mine-2.txt');
      // Rows: deep/ empty/ file-1 … file-7. The folder and five files.
      terminal.press('Space');
      await terminal.shows(/1 marked/);
      terminal.press('Down', 'Space', 'Space', 'Space', 'Space', 'Space');
      await terminal.shows(/6 marked/);
      terminal.press('F5');
      // Browsing goes on while it moves.
      terminal.press('Home', 'Enter');
      await terminal.shows('small-13.txt');
      terminal.press('Left');
      await terminal.shows(inPane);
      await terminal.shows(/Queue · 6 done/);
      for (const name of ['deep', 'file-1.bin', 'file-5.bin']) same(join(shared, name), join(local, name));
      terminal.press('Tab');
      // The local side: .. deep/ file-1 … file-5 mine-1 mine-2.
      terminal.press('End', 'Up', 'Space', 'Space');
      await terminal.shows(/2 marked/);
      terminal.press('F5');
      await terminal.shows(/Queue · 8 done/);
      for (const name of ['mine-1.txt', 'mine-2.txt']) same(join(local, name), join(shared, name));
      // Both panes show what has come, without a key.
      await terminal.until('mine-2.txt on both sides', (screen) => screen.split('mine-2.txt').length >= 4);
      assert.deepEqual(
        readdirSync(local).filter((name) => name.startsWith('.')),
        [],
      );
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
      assert.equal(terminal.alternate(), false);
    } finally {
      terminal.close();
    }
  });

  test('two browsers and three commands move files at once', async () => {
    const places = ['b1', 'b2', 'c1', 'c2', 'c3'].map((name) => join(home, name));
    for (const place of places) mkdirSync(place);
    const [b1 = '', b2 = '', ...commands] = places;
    const browsers = [b1, b2].map(
      (place) => new Terminal(browserCommand(server.address, place), { env: server.env }),
    );
    try {
      for (const browser of browsers) await browser.shows(inPane);
      for (const browser of browsers) browser.press('C-a', 'F5');
      const ended = commands.map(
        (place) =>
          new Promise<number>((resolve) => {
            const child = spawn(
              process.execPath,
              [ferryMain, 'get', '-r', `${server.address}/deep`, place, '--accept-new'],
              {
                env: server.env,
                stdio: 'ignore',
              },
            );
            child.once('exit', (code) => resolve(code ?? 1));
          }),
      );
      assert.deepEqual(await Promise.all(ended), [0, 0, 0]);
      for (const place of commands) same(join(shared, 'deep'), join(place, 'deep'));
      for (const browser of browsers) await browser.shows(/Queue · \d+ done/);
      for (const browser of browsers)
        await browser.until('nothing moving', (screen) => !/moving|waiting/.test(screen));
      same(shared, b1);
      same(shared, b2);
    } finally {
      for (const browser of browsers) browser.close();
    }
  });

  test('makes a folder, renames it, deletes it with all that is in it', async () => {
    const local = join(home, 'local-3');
    mkdirSync(local);
    const terminal = new Terminal(browserCommand(server.address, local), { env: server.env });
    try {
      await terminal.shows(inPane);
      terminal.press('F7');
      await terminal.shows('Name of the new folder');
      terminal.type('ärger');
      terminal.press('Enter');
      await terminal.shows('ärger/');
      writeFileSync(join(shared, 'ärger', 'inside.txt'), 'x');
      mkdirSync(join(shared, 'ärger', 'more'));
      terminal.press('F2');
      await terminal.shows('New name for');
      terminal.press('End', 'Backspace', 'Backspace', 'Backspace', 'Backspace', 'Backspace');
      terminal.type('zebra');
      terminal.press('Enter');
      await terminal.shows('zebra/');
      terminal.press('F8');
      await terminal.shows('zebra on the server, with all that is in folders');
      terminal.press('n');
      await terminal.lacks('Delete?');
      assert.ok(readdirSync(shared).includes('zebra'));
      terminal.press('F8');
      await terminal.shows('Delete?');
      terminal.press('y');
      await terminal.lacks('zebra/');
      assert.ok(!readdirSync(shared).includes('zebra'));
    } finally {
      terminal.close();
    }
  });

  test('a name that is taken is asked about, the rest goes on, and o overwrites', async () => {
    const local = join(home, 'local-4');
    mkdirSync(local);
    writeFileSync(join(local, 'file-1.bin'), 'precious');
    // A queue of its own: what earlier tests moved is history there.
    const env = { ...server.env, XDG_STATE_HOME: join(home, 'state-4') };
    const terminal = new Terminal(browserCommand(server.address, local), { env });
    try {
      await terminal.shows(inPane);
      terminal.press('Down', 'Down', 'Space', 'Space', 'F5');
      await terminal.shows('the one there');
      await terminal.shows(/✓↓ file-2.bin/);
      assert.equal(spawnSync('cat', [join(local, 'file-1.bin')], { encoding: 'utf8' }).stdout, 'precious');
      // Put off, it waits in the queue; there it asks again.
      terminal.press('Escape');
      await terminal.lacks('the one there');
      terminal.press('w', 'Home', 'Enter');
      await terminal.shows('the one there');
      terminal.press('o', 'Enter');
      await terminal.shows(/Queue · 2 done/);
      same(join(shared, 'file-1.bin'), join(local, 'file-1.bin'));
    } finally {
      terminal.close();
    }
  });

  test('F1 lists the keys, small windows and resizing work (TERM-16)', async () => {
    const terminal = new Terminal(browserCommand(server.address, home), {
      env: server.env,
      columns: 80,
      rows: 24,
    });
    try {
      const screen = await terminal.shows(inPane);
      assert.ok(screen.split('\n').every((line) => line.length <= 80));
      terminal.press('F1');
      await terminal.shows('queue the marked entries');
      terminal.press('Escape');
      await terminal.lacks('queue the marked entries');
      terminal.resize(160, 45);
      await terminal.until('a wide frame', (wide) =>
        wide.split('\n').some((line) => line.length > 150 && line.startsWith('┌')),
      );
      terminal.resize(30, 8);
      await terminal.shows('make the window larger');
      terminal.resize(80, 24);
      await terminal.shows(inPane);
    } finally {
      terminal.close();
    }
  });
});
