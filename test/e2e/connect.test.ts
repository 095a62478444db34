/** The connect screen, in a real terminal with real servers. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Accounts, newAccount } from '../../packages/server/src/access/accounts.ts';
import { hashPassword } from '../../packages/server/src/access/password.ts';
import { placesOf } from '../../packages/server/src/config.ts';
import { ferryMain, type Server, startServer } from './server.ts';
import { eventually, haveTerminal, noTerminal, Terminal } from './terminal.ts';

describe('the connect screen', { skip: haveTerminal ? false : noTerminal }, () => {
  let home: string;
  let server: Server;
  let env: NodeJS.ProcessEnv;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-'));
    mkdirSync(join(home, 'shared'));
    writeFileSync(join(home, 'shared/in the harbour.txt'), 'x');
    mkdirSync(join(home, '.ssh'));
    writeFileSync(join(home, '.ssh/config'), 'Host lighthouse\n');
    server = await startServer(join(home, 'shared'), { args: [] });
    env = { ...server.env, HOME: home };
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const ferry = (more: NodeJS.ProcessEnv = {}, ...args: readonly string[]): Terminal =>
    new Terminal([process.execPath, ferryMain, ...args], {
      env: { ...env, ...more },
      columns: 100,
      rows: 30,
      cwd: home,
    });
  /** As another user of this machine, who has never been here. */
  const stranger = (): NodeJS.ProcessEnv => ({ XDG_DATA_HOME: join(home, 'stranger') });

  test('an invite is pasted, the server is there the next time, gets a name, and is removed', async () => {
    let terminal = ferry();
    try {
      await terminal.shows('lighthouse');
      // With what stands around it where it was printed.
      terminal.type(`ferry '${server.invite}'`);
      terminal.press('Enter');
      await terminal.shows('in the harbour.txt');
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
    } finally {
      terminal.close();
    }
    terminal = ferry();
    try {
      await terminal.shows(/\(visited\) +127\.0\.0\.1:\d+ .*answers, \d+ ms/);
      terminal.press('F2');
      await terminal.shows('Save a server');
      terminal.type('pier');
      terminal.press('Enter');
      await terminal.shows(/pier +127\.0\.0\.1:\d+ .*answers/);
      terminal.type('pi');
      await terminal.lacks('lighthouse');
      terminal.press('Enter');
      await terminal.shows('in the harbour.txt');
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
    } finally {
      terminal.close();
    }
    terminal = ferry({}, 'pier:/');
    try {
      await terminal.shows('in the harbour.txt');
    } finally {
      terminal.close();
    }
    terminal = ferry();
    try {
      await terminal.shows(/pier/);
      terminal.press('F8', 'F8');
      await terminal.lacks('pier');
      terminal.press('Escape');
      assert.equal(await terminal.ended(), 0);
      assert.equal(terminal.alternate(), false);
    } finally {
      terminal.close();
    }
  });

  test('a first contact wants what only its owner sees, and then a password where this device is not known', async () => {
    const accounts = new Accounts(placesOf(env, home).accessFile);
    accounts.add('bert', newAccount, 0);
    accounts.setPassword('bert', hashPassword('ahoy there'));
    accounts.close();
    const terminal = ferry(stranger());
    try {
      await terminal.shows('lighthouse');
      terminal.type(`127.0.0.1:${server.port}`);
      terminal.press('Enter');
      const screen = await terminal.shows('First contact');
      terminal.press('Enter');
      terminal.type('yes');
      terminal.press('Enter');
      await terminal.shows('Those are not the missing groups (1 of 3)');
      const all = /[a-z2-7]{4}(?:-[a-z2-7]{4}){12}/.exec(server.output())?.[0].split('-') ?? [];
      const shown = [...screen.matchAll(/[a-z2-7?]{4}(?:-[a-z2-7?]{4}){5,6}/g)].flatMap(([row]) =>
        row.split('-'),
      );
      assert.equal(shown.length, 13, screen);
      const missing = all.filter((group, i) => shown[i] !== group);
      assert.equal(missing.length, 2);
      terminal.type(missing.join(' '));
      terminal.press('Enter');
      // Nobody has invited this user, who has an account with a password, though.
      await terminal.shows('Who are you on');
      terminal.type('bert');
      terminal.press('Tab');
      terminal.type('wrong');
      terminal.press('Enter');
      const again = await terminal.shows('That is not it.');
      assert.ok(!again.includes('wrong'), 'no password is seen');
      terminal.type('ahoy there');
      terminal.press('Enter');
      await terminal.shows('in the harbour.txt');
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
    } finally {
      terminal.close();
    }
  });

  test('a second server beside the first: chosen over the browser, and a file goes from one to the other', async () => {
    const pier = join(home, 'pier');
    mkdirSync(pier);
    writeFileSync(join(pier, 'at the pier.txt'), 'y');
    const second = await startServer(pier);
    const terminal = ferry({}, `ferry://127.0.0.1:${server.port}/`, home);
    try {
      await terminal.shows('in the harbour.txt');
      terminal.press('Tab', 'C-o');
      await terminal.shows('lighthouse');
      terminal.press('Escape');
      await terminal.shows('in the harbour.txt');
      terminal.press('C-o');
      await terminal.shows('lighthouse');
      terminal.type(`127.0.0.1:${second.port}`);
      terminal.press('Enter');
      await terminal.shows('First contact');
      terminal.type('trust unseen');
      terminal.press('Enter');
      const screen = await terminal.shows('at the pier.txt');
      for (const one of [`127.0.0.1:${server.port}: /`, `127.0.0.1:${second.port}: /`, 'in the harbour.txt'])
        assert.ok(screen.includes(one), `${one} in ${screen}`);
      terminal.press('Tab', 'End', 'F5');
      await terminal.shows(/✓→ in the harbour\.txt/);
      assert.equal(readFileSync(join(pier, 'in the harbour.txt'), 'utf8'), 'x');
      // What came is shown at once.
      await terminal.shows('2 items');
      terminal.press('w', 'Home', 'Enter');
      await terminal.shows(`From      127.0.0.1:${server.port}: /in the harbour.txt`);
      terminal.press('Escape');
      await terminal.lacks('From  ');
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
    } finally {
      terminal.close();
      await second.stop();
    }
  });

  test('a changed identity stops everything', async () => {
    const other = mkdtempSync(join(tmpdir(), 'ferry-e2e-other-'));
    server.child.kill('SIGKILL');
    await eventually('the server to end', () => server.child.signalCode !== null);
    // The same place, another key.
    const impostor = await startServer(join(home, 'shared'), {
      again: { ...server, env: { ...server.env, FERRY_TEST_HOME: other } },
    });
    const terminal = ferry();
    try {
      await terminal.shows(/127\.0\.0\.1:\d+ .*ANOTHER IDENTITY/);
      terminal.type(`:${server.port}`);
      await terminal.lacks('lighthouse');
      terminal.press('Enter');
      await terminal.shows('STOP: this is not the server you know');
      terminal.press('Enter');
      terminal.type('yes');
      terminal.press('Enter');
      await terminal.shows('Nothing was sent');
      await terminal.shows(/ferry trust 127\.0\.0\.1:\d+/);
      terminal.press('Escape');
      await terminal.lacks('STOP');
      terminal.press('Escape');
      await terminal.shows('lighthouse');
      terminal.press('Escape');
      assert.equal(await terminal.ended(), 0);
    } finally {
      terminal.close();
      await impostor.stop();
      rmSync(other, { recursive: true, force: true });
    }
  });
});
