/** The owner at the server's own screen while two people browse: sees both, tells one something, closes one; leaves. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserCommand, ferrydMain } from './server.ts';
import { haveTerminal, noTerminal, Terminal } from './terminal.ts';

describe('the server’s own screen', { skip: haveTerminal ? false : noTerminal }, () => {
  let home: string;
  let env: NodeJS.ProcessEnv;
  const open: Terminal[] = [];
  /** A server outlives its terminal. */
  const servers: number[] = [];
  const terminal = (command: readonly string[], size: { columns: number; rows: number }): Terminal => {
    const made = new Terminal(command, { ...size, env });
    open.push(made);
    return made;
  };
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-screen-'));
    mkdirSync(join(home, 'shared'));
    mkdirSync(join(home, 'local'));
    writeFileSync(join(home, 'shared', 'notes.txt'), 'notes');
    env = {
      ...process.env,
      HOME: home,
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_STATE_HOME: join(home, 'state'),
      XDG_DATA_HOME: join(home, 'data'),
    };
  });
  after(() => {
    for (const one of open) one.close();
    for (const pid of servers) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended, as it should.
      }
    }
    rmSync(home, { recursive: true, force: true });
  });

  test('shows two people, tells one something and closes one; the other goes on', async () => {
    const serve = [process.execPath, ferrydMain, join(home, 'shared'), '--listen', '127.0.0.1:0'];
    const server = terminal([...serve, '--open', '--threads', '1', '--watch'], { columns: 120, rows: 36 });
    await server.shows('nobody is connected');
    servers.push(server.pid());
    const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(await server.shows('listening on')) ?? [];
    const browse = (): Terminal =>
      terminal(browserCommand(`ferry://127.0.0.1:${port}`, join(home, 'local')), { columns: 100, rows: 24 });
    const one = browse();
    await one.shows('notes.txt');
    await server.shows('Sessions · 1');
    const two = browse();
    await two.shows('notes.txt');
    await server.shows('Sessions · 2');

    server.press('m');
    await server.shows('Message to guest:');
    server.type('lunch at noon');
    server.press('Enter');
    await one.shows('the owner of the server says: lunch at noon');
    await server.shows('guest was told');

    server.press('Down', 't');
    await server.shows('Bytes a second for this session of guest');
    server.type('5M');
    server.press('Enter');
    await server.shows('5 MiB/s');

    server.press('Up', 'k');
    await server.shows('Close the session of guest from 127.0.0.1? y: yes');
    server.press('y');
    await one.shows('the owner of this server has closed your connection');
    await server.shows('Sessions · 1');
    two.press('F7');
    await two.shows('Name of the new folder');
    two.type('still here');
    two.press('Enter');
    await two.shows('still here');
    await server.shows('made /still here');

    // Another look at the same server; however it ends, the terminal is as it was.
    const status = [process.execPath, ferrydMain, 'status', '--watch'];
    const other = terminal(status, { columns: 80, rows: 24 });
    await other.shows('Sessions · 1');
    assert.equal(other.alternate(), true);
    process.kill(other.pid(), 'SIGTERM');
    assert.equal(await other.ended(), 1);
    assert.equal(other.alternate(), false);

    server.press('q');
    await server.shows('the screen is closed, the log goes on here');
    assert.equal(server.alternate(), false);
    two.press('F10');
    assert.equal(await two.ended(), 0);
    await server.shows(/guest@127\.0\.0\.1:\d+ left/);
    server.press('C-c');
    assert.equal(await server.ended(), 0);
    assert.match(server.screen(), /all is finished/);
  });

  test('ends its server with Ctrl+C, and does not begin without a terminal or a server', async () => {
    const serve = [process.execPath, ferrydMain, join(home, 'shared'), '--listen', '127.0.0.1:0'];
    const server = terminal([...serve, '--open', '--threads', '1', '--watch'], { columns: 80, rows: 24 });
    await server.shows('nobody is connected');
    servers.push(server.pid());
    server.press('C-c');
    assert.equal(await server.ended(), 0);
    assert.equal(server.alternate(), false);
    assert.match(server.screen(), /Ctrl\+C: going down/);
    const status = `${process.execPath} ${ferrydMain} status --watch`;
    const twice = ['sh', '-c', `${status} | cat; ${status} --pid 4194303`];
    const without = terminal(twice, { columns: 100, rows: 10 });
    await without.shows('the screen needs a terminal');
    await without.shows('there is no such server');
    assert.equal(await without.ended(), 1);
  });
});
