/** The owner at the server's own screen while two people browse: sees both, tells one something, closes one; leaves. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
    mkdirSync(join(home, 'shared', 'harbour'));
    writeFileSync(join(home, 'shared', 'harbour', 'boat.txt'), 'a boat');
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

  test('two people see what the other does, talk unread and show each other places; the owner sees both, tells one something and closes one', async () => {
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

    // One renames a file; it gets another name in front of the other, whose cursor stays with it.
    two.press('End');
    one.press('End', 'F2');
    await one.shows('New name for notes.txt');
    one.press('C-u');
    one.type('minutes.txt');
    one.press('Enter');
    await two.shows('minutes.txt');
    await two.lacks('notes.txt');
    await server.shows('renamed /notes.txt');
    two.press('F3');
    await two.shows('server: /minutes.txt');
    two.press('q');
    await two.lacks('server: /minutes.txt');

    // They meet in a room with a passphrase; one shows the other a place, who goes there.
    const enterRoom = async (who: Terminal): Promise<void> => {
      who.press('C');
      await who.shows('Chat #lobby');
      who.press('F7');
      await who.shows('Passphrase, if it has one');
      who.type('deck');
      who.press('Tab');
      who.type('low tide at nine');
      who.press('Enter');
      await who.shows('Chat #deck');
    };
    one.press('Home', 'Enter');
    await one.shows('boat.txt');
    one.press('End');
    await enterRoom(one);
    one.press('C-t');
    await one.shows('/harbour/boat.txt');
    one.type('look at this one');
    one.press('Enter');
    await enterRoom(two);
    await two.shows('look at this one');
    two.type('I see it');
    two.press('Enter');
    await one.shows('I see it');
    two.press('Up', 'Up');
    await two.shows('goes there');
    two.press('Enter');
    await two.shows('server: /harbour');
    await two.shows('boat.txt');
    assert.doesNotMatch(two.screen(), /Chat #deck/);
    // What the server keeps of it, nobody reads there.
    const kept = readdirSync(join(home, 'state/ferryd'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(home, 'state/ferryd', name))
      .filter((file) => statSync(file).isFile())
      .map((file) => readFileSync(file, 'latin1'));
    assert.ok(
      kept.some((bytes) => bytes.includes('deck')),
      'the room is in one of them',
    );
    assert.ok(!kept.some((bytes) => /look at this|I see it|low tide|boat/.test(bytes)));
    one.press('Escape');
    await one.lacks('Chat #deck');

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
    await server.shows('made /harbour/still here');

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
