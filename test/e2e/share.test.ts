/** Files for a friend without an account, as both would type it: shared, looked at, downloaded, and taken away again in mid-download. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ferrydMain, ferryMain, type Server, startServer } from './server.ts';

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

describe('a friend without an account', () => {
  const big = randomBytes(12 * 1024 * 1024);
  let home: string;
  let shared: string;
  let server: Server;
  let friendEnv: NodeJS.ProcessEnv;

  const run = (env: NodeJS.ProcessEnv, ...args: readonly string[]): Ran => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...args], {
      env,
      encoding: 'utf8',
      input: '',
    });
    return { code: status, out: stdout, err: stderr };
  };
  const owner = (...args: readonly string[]): Ran =>
    run(server.env, ferryMain, ...args.map((arg) => arg.replace(/^@/, `${server.address}/`)));
  const friend = (...args: readonly string[]): Ran => run(friendEnv, ferryMain, ...args);
  const made = ({ code, out, err }: Ran): { readonly line: string; readonly id: string } => {
    assert.equal(code, 0, err);
    const [, line = ''] =
      /^ferry '(ferry:\/\/share\.[0-9a-f]{16}@127\.0\.0\.1:\d+\/#\S+)'\n$/.exec(out) ?? [];
    const [, id = ''] = /ferry unshare ferry:\/\/127\.0\.0\.1:\d+ ([0-9a-f]{8})\n/.exec(err) ?? [];
    assert.ok(line !== '' && id !== '', out + err);
    return { line, id };
  };
  /** A file below what a line lets in to. */
  const at = (line: string, path: string): string => line.replace('/#', `/${path}#`);

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-share-'));
    shared = join(home, 'shared');
    for (const folder of ['shared/trip', 'shared/inbox', 'friend', 'got'])
      mkdirSync(join(home, folder), { recursive: true });
    writeFileSync(join(shared, 'trip/big.mov'), big);
    writeFileSync(join(shared, 'trip/note.txt'), 'a note');
    writeFileSync(join(shared, 'private.txt'), 'not yours');
    writeFileSync(join(home, 'mine.txt'), 'mine');
    server = await startServer(shared, { args: ['--threads', '1'] });
    friendEnv = {
      ...server.env,
      XDG_CONFIG_HOME: join(home, 'friend'),
      XDG_STATE_HOME: join(home, 'friend'),
      XDG_DATA_HOME: join(home, 'friend'),
    };
    assert.equal(owner('ls', server.invite ?? '').code, 0);
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  test('sees and downloads what is shared, as often as was said, and is told why an upload is refused', () => {
    const { line, id } = made(owner('share', '@trip', '--until', '2h', '--downloads', '1'));
    assert.deepEqual(friend('ls', line), { code: 0, out: 'big.mov\nnote.txt\n', err: '' });
    // The line is known from now on; what comes before the host is enough.
    const known = line.replace(/#.*/, '');
    const got = join(home, 'got/note.txt');
    assert.equal(friend('get', `${known}note.txt`, got).code, 0);
    assert.equal(readFileSync(got, 'utf8'), 'a note');
    const again = friend('get', `${known}note.txt`, join(home, 'got/again.txt'));
    assert.equal(again.code, 4);
    assert.match(again.err, /this file has been downloaded as often as its share allows: .* \[FORBIDDEN\]/);
    const refused = friend('put', join(home, 'mine.txt'), known);
    assert.equal(refused.code, 4);
    assert.match(refused.err, /you may look and download here, but not change anything \[READ_ONLY\]/);
    assert.equal(existsSync(join(shared, 'trip/mine.txt')), false);
    assert.match(
      owner('shares', server.address).out,
      /^[0-9a-f]{8} {2}until .* UTC {2}1 device, 1 downloaded, at most 1 of each {2}\/trip\n$/,
    );
    assert.deepEqual(owner('unshare', server.address, id), { code: 0, out: '', err: `${id} is over\n` });
    assert.equal(friend('ls', known).code, 4);
  });

  test('of who shares is at the same time a user of that server with the same device', () => {
    const { line } = made(owner('share', '@trip/note.txt'));
    assert.equal(owner('ls', line).out, 'note.txt\n');
    // Whoever was given a line may put `ferry get` before it: all that is behind it comes.
    const whole = join(home, 'whole');
    mkdirSync(whole);
    const given = friend('get', made(owner('share', '@trip/note.txt', '@private.txt')).line, whole);
    assert.deepEqual([given.code, readdirSync(join(whole, 'trip'))], [0, ['note.txt']], given.err);
    assert.equal(readFileSync(join(whole, 'private.txt'), 'utf8'), 'not yours');
    assert.equal(owner('ls', server.address).out, 'inbox/\nprivate.txt\ntrip/\n', 'and keeps the account');
  });

  test('puts files into a drop box, and sees nothing of it', () => {
    const { line } = made(owner('share', '--drop-box', '@inbox'));
    assert.equal(friend('put', join(home, 'mine.txt'), line).code, 0);
    assert.equal(readFileSync(join(shared, 'inbox/mine.txt'), 'utf8'), 'mine');
    const seen = friend('ls', line);
    assert.equal(seen.code, 4);
    assert.match(seen.err, /you may put files here, but not see what is here/);
  });

  test('is out at once when the share is taken away, in mid-download', async () => {
    // Who shares pays for what goes out: so slowly that it is not over soon.
    const [me] = JSON.parse(run(server.env, ferrydMain, 'user', 'list', '--json').out) as { user: string }[];
    const slow = run(server.env, ferrydMain, 'user', 'set', me?.user ?? '', '--down', '512K');
    assert.equal(slow.code, 0, slow.err);
    const { line, id } = made(owner('share', '@trip'));
    const place = join(home, 'got/slow');
    mkdirSync(place);
    const child = spawn(process.execPath, [ferryMain, 'get', at(line, 'big.mov'), place], { env: friendEnv });
    let err = '';
    child.stderr.on('data', (bytes: Buffer) => {
      err += bytes.toString();
    });
    const ended = once(child, 'exit') as Promise<[number | null]>;
    await begins(place, child);
    const over = run(server.env, ferrydMain, 'shares', '--remove', id);
    assert.deepEqual(over, { code: 0, out: `the share ${id} of ${me?.user} is over\n`, err: '' });
    const [code] = await ended;
    assert.equal(code, 4, err);
    assert.match(err, /this share has ended: ask whoever made it for a new one \[REVOKED\]/);
    assert.deepEqual(
      readdirSync(place).filter((name) => name !== '.ferry'),
      [],
      'nothing that looks like the file',
    );
  });
});

/** Resolves when something of a file is in a folder. */
async function begins(place: string, child: ChildProcess): Promise<void> {
  const watcher = watch(place, { recursive: true });
  try {
    while (!existsSync(join(place, '.ferry')) && child.exitCode === null) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}
