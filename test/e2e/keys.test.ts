/** Keys, presets and the way back to the shell, in a real terminal. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserCommand, type Server, startServer } from './server.ts';
import { haveTerminal, noTerminal, Terminal } from './terminal.ts';

describe('keys in a real terminal', { skip: haveTerminal ? false : noTerminal }, () => {
  let home: string;
  let server: Server;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-keys-'));
    mkdirSync(join(home, 'shared/inside'), { recursive: true });
    mkdirSync(join(home, 'local'));
    for (const name of ['alpha.txt', 'beta.txt', '.hidden']) writeFileSync(join(home, 'shared', name), name);
    server = await startServer(join(home, 'shared'));
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('a file of keys and a preset: chords, Esc and a digit, Alt, what is pasted, and back from the shell', async () => {
    const config = join(home, 'config');
    mkdirSync(join(config, 'ferry'), { recursive: true });
    writeFileSync(join(config, 'ferry/keys.json'), '{"preset": "vim", "pane": {"mkdir": "m k", "fly": "x"}}');
    const env = { ...server.env, XDG_CONFIG_HOME: config };
    const terminal = new Terminal(['bash', '--norc', '-i'], { env, columns: 100, rows: 30 });
    try {
      terminal.type(`${browserCommand(server.address, join(home, 'local')).join(' ')}\n`);
      await terminal.shows('there is no action fly');
      terminal.press('Escape');
      await terminal.lacks('there is no action fly');
      await terminal.shows('beta.txt');
      // Alt and a sign in one piece; G and g g.
      terminal.press('M-.');
      await terminal.shows('.hidden');
      terminal.press('G', 'Space', 'g', 'g');
      await terminal.shows('1 marked');
      terminal.press('m');
      await terminal.shows(/^ m +k /m);
      terminal.press('k');
      await terminal.shows('Name of the new folder');
      terminal.paste('one\ntwo 🚢');
      await terminal.shows('one two 🚢');
      terminal.press('Enter');
      await terminal.shows('one two 🚢/');
      // Pasted over the files it is no key.
      terminal.paste('q');
      assert.equal(terminal.mouse(), true);
      terminal.press('C-z');
      await terminal.shows(/Stopped/);
      assert.deepEqual([terminal.alternate(), terminal.mouse()], [false, false]);
      terminal.type('fg\n');
      await terminal.shows('one two 🚢/');
      assert.equal(terminal.alternate(), true);
      terminal.press('C-p');
      terminal.type('leave');
      await terminal.shows(/leave; asks while jobs run/);
      terminal.press('Enter');
      await terminal.until('the shell', (screen) => /[#$]$/.test(screen.trimEnd()));
      assert.deepEqual([terminal.alternate(), terminal.mouse()], [false, false]);
      terminal.type('exit\n');
      assert.equal(await terminal.ended(), 0);
    } finally {
      terminal.close();
    }
  });
});
