/** Editing files with one's own editor, in a real terminal on a real server. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserCommand, type Server, startServer } from './server.ts';
import { eventually, haveTerminal, noTerminal, Terminal } from './terminal.ts';

/** Shows the file, and adds the line that is typed into it. */
const editor = `#!/bin/sh
printf '\\033[2J\\033[HEDITING %s\\n' "$(basename "$2")"
cat "$2"
printf 'add: '
read -r line
test "$line" = '' || printf '%s\\n' "$line" >> "$2"
exit 0
`;

describe('editing files', { skip: haveTerminal ? false : noTerminal }, () => {
  let home: string;
  let shared: string;
  let local: string;
  let server: Server;
  let env: NodeJS.ProcessEnv;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-'));
    shared = join(home, 'shared');
    local = join(home, 'local');
    mkdirSync(shared);
    mkdirSync(local);
    writeFileSync(join(shared, 'conf.toml'), 'port = 1\n');
    writeFileSync(join(shared, 'other.toml'), 'name = 1\n');
    writeFileSync(join(local, 'mine.txt'), 'my own\n');
    const script = join(home, 'an editor');
    writeFileSync(script, editor);
    chmodSync(script, 0o755);
    server = await startServer(shared);
    env = { ...server.env, VISUAL: `'${script}' --wait`, EDITOR: 'false' };
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const browser = (): Terminal =>
    new Terminal(browserCommand(server.address, local), { env, columns: 80, rows: 24 });
  const copies = (): string[] =>
    globSync('ferry/edits/*/*', { cwd: env['XDG_STATE_HOME'] ?? '' }).map((name) =>
      join(env['XDG_STATE_HOME'] ?? '', name),
    );

  test('a file of the server and one of one’s own; the screen comes back', async () => {
    const terminal = browser();
    try {
      await terminal.shows('conf.toml');
      terminal.press('F4');
      await terminal.shows('EDITING conf.toml');
      await terminal.shows('port = 1');
      terminal.type('port = 2');
      terminal.press('Enter');
      await terminal.shows('conf.toml is saved on the server');
      assert.equal(readFileSync(join(shared, 'conf.toml'), 'utf8'), 'port = 1\nport = 2\n');
      await eventually('no copy to be left', () => copies().length === 0);
      terminal.press('F4');
      await terminal.shows('EDITING');
      terminal.press('Enter');
      await terminal.shows('conf.toml is as it was');
      terminal.press('Tab', 'End', 'F4');
      await terminal.shows('EDITING mine.txt');
      terminal.resize(100, 30);
      terminal.type('more');
      terminal.press('Enter');
      await terminal.shows('server: /');
      await terminal.shows(/F10\s+Quit/);
      assert.equal(readFileSync(join(local, 'mine.txt'), 'utf8'), 'my own\nmore\n');
      // Ctrl+C belongs to the editor while it has the screen; what the last one wrote is there before it.
      terminal.press('F4');
      await terminal.shows(/^more\nadd:/m);
      terminal.press('C-c');
      await terminal.shows('the editor ended with');
      terminal.press('Up', 'F10');
      assert.equal(await terminal.ended(), 0, terminal.screen());
      assert.equal(terminal.alternate(), false);
      await eventually('no copy to be left', () => copies().length === 0);
    } finally {
      terminal.close();
    }
  });

  test('somebody else was quicker: the difference, another name, and nothing is lost', async () => {
    const terminal = browser();
    try {
      await terminal.shows('other.toml');
      terminal.press('Down', 'F4');
      await terminal.shows('EDITING other.toml');
      writeFileSync(join(shared, 'other.toml'), 'name = 1\nof another\n');
      terminal.type('of mine');
      terminal.press('Enter');
      await terminal.shows('The file there is another by now');
      terminal.press('d', 'Enter');
      await terminal.shows('- of another');
      await terminal.shows('+ of mine');
      terminal.press('Escape');
      await terminal.shows('Overwrite');
      terminal.press('s', 'Enter');
      await terminal.shows('Save yours as');
      terminal.type('.mine');
      terminal.press('Enter');
      await terminal.shows('other.toml.mine is saved');
      assert.equal(readFileSync(join(shared, 'other.toml'), 'utf8'), 'name = 1\nof another\n');
      assert.equal(readFileSync(join(shared, 'other.toml.mine'), 'utf8'), 'name = 1\nof mine\n');
      await eventually('no copy to be left', () => copies().length === 0);
    } finally {
      terminal.close();
    }
  });

  test('the server goes away while one edits: the copy is kept, its place is said, and it goes up afterwards', async () => {
    const terminal = browser();
    try {
      await terminal.shows('conf.toml');
      terminal.press('F4');
      await terminal.shows('EDITING conf.toml');
      server.child.kill('SIGKILL');
      await eventually('the server to end', () => server.child.signalCode !== null);
      terminal.type('while away');
      terminal.press('Enter');
      await terminal.shows(/the server is away|saving/);
      await eventually('the copy to be there', () => copies().length === 1);
      assert.match(readFileSync(copies()[0] ?? '', 'utf8'), /while away/);
      assert.ok(!readFileSync(join(shared, 'conf.toml'), 'utf8').includes('while away'));
      // Leaving is asked about, and says where it is.
      terminal.press('F10');
      await terminal.shows(/not saved on the server/);
      terminal.press('n');
      const again = await startServer(shared, { again: server });
      try {
        await eventually('it to be saved', () =>
          readFileSync(join(shared, 'conf.toml'), 'utf8').includes('while away'),
        );
        await eventually('the copy to be gone', () => copies().length === 0);
      } finally {
        await again.stop();
      }
      assert.equal(existsSync(join(shared, 'conf.toml')), true);
    } finally {
      terminal.close();
    }
  });
});
