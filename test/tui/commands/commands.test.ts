/** `ferry ls`, `get` and `put` as scripts use them: real processes against a real server. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ferrydMain, ferryMain, type Server, startServer } from '../../e2e/server.ts';
import { eventually } from '../../e2e/terminal.ts';

type Ran = { code: number | null; out: string; err: string };

describe('commands', () => {
  let home: string;
  let shared: string;
  let server: Server;
  let places = 0;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-commands-'));
    shared = join(home, 'shared');
    mkdirSync(join(shared, 'folder/sub/empty'), { recursive: true });
    writeFileSync(join(shared, 'one.bin'), randomBytes(2_500_000));
    utimesSync(join(shared, 'one.bin'), 1_600_000_000, 1_600_000_000);
    chmodSync(join(shared, 'one.bin'), 0o750);
    for (let i = 0; i < 40; i++) writeFileSync(join(shared, `folder/sub/${i}.txt`), `file ${i}`);
    writeFileSync(join(shared, '.hidden'), '');
    server = await startServer(shared);
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const place = (): string => {
    places += 1;
    const folder = join(home, `place-${places}`);
    mkdirSync(folder);
    return folder;
  };
  const ferry = (
    args: readonly string[],
    opts: { env?: NodeJS.ProcessEnv; input?: string; cwd?: string } = {},
  ): Ran => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [ferryMain, ...args], {
      env: server.env,
      encoding: 'utf8',
      input: '',
      ...opts,
    });
    return { code: status, out: stdout, err: stderr };
  };
  const known = (...args: readonly string[]): Ran => ferry([...args, '--accept-new']);

  test('ls lists names, long rows and JSON', () => {
    assert.deepEqual(known('ls', server.address), { code: 0, out: 'folder/\none.bin\n', err: '' });
    assert.match(
      known('ls', '-l', server.address).out,
      /^-rwxr-x--- +2500000 {2}2020-09-13 12:26 {2}one\.bin$/m,
    );
    const rows = known('ls', '-a', '--json', server.address)
      .out.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string; kind: string });
    assert.deepEqual(
      rows.map(({ path, kind }) => `${kind} ${path}`),
      ['file .hidden', 'folder folder', 'file one.bin'],
    );
    assert.equal(known('ls', `${server.address}/folder/sub/empty`).out, '');
    assert.equal(known('ls', `${server.address}/one.bin`).out, 'one.bin\n');
  });

  test('get keeps content, time and permissions; put brings it back', () => {
    const here = place();
    assert.equal(known('get', `${server.address}/one.bin`, here).code, 0);
    const got = statSync(join(here, 'one.bin'));
    assert.deepEqual([got.mtimeMs, got.mode & 0o777], [1_600_000_000_000, 0o750]);
    assert.ok(readFileSync(join(here, 'one.bin')).equals(readFileSync(join(shared, 'one.bin'))));
    assert.deepEqual(readdirSync(here), ['one.bin']);
    assert.equal(known('put', join(here, 'one.bin'), `${server.address}/back.bin`).code, 0);
    assert.ok(readFileSync(join(here, 'one.bin')).equals(readFileSync(join(shared, 'back.bin'))));
    rmSync(join(shared, 'back.bin'));
  });

  test('folders need -r, and come whole', () => {
    const here = place();
    const refused = known('get', `${server.address}/folder`, here);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /add -r/);
    assert.equal(known('get', '-r', `${server.address}/folder`, here).code, 0);
    assert.equal(spawnSync('diff', ['-r', join(shared, 'folder'), join(here, 'folder')]).status, 0);
    assert.equal(known('put', '-r', join(here, 'folder'), `${server.address}/copy`).code, 0);
    assert.equal(spawnSync('diff', ['-r', join(shared, 'folder'), join(shared, 'copy')]).status, 0);
    rmSync(join(shared, 'copy'), { recursive: true });
  });

  test('what is there fails, is skipped or is replaced, as asked', () => {
    const here = place();
    writeFileSync(join(here, 'one.bin'), 'precious');
    const failed = known('get', `${server.address}/one.bin`, here);
    assert.equal(failed.code, 1);
    assert.match(failed.err, /\[EXISTS\]/);
    assert.equal(known('get', '--skip', `${server.address}/one.bin`, here).code, 0);
    assert.equal(readFileSync(join(here, 'one.bin'), 'utf8'), 'precious');
    assert.equal(known('get', '--overwrite', `${server.address}/one.bin`, here).code, 0);
    assert.equal(statSync(join(here, 'one.bin')).size, 2_500_000);
    assert.equal(known('get', '--overwrite', '--skip', `${server.address}/one.bin`, here).code, 2);
  });

  test('one file of many that cannot be had: the others come, exit code 6 names it (XFER-30)', () => {
    const here = place();
    mkdirSync(join(shared, 'mixed'));
    for (const name of ['a', 'b', 'c']) writeFileSync(join(shared, 'mixed', name), name);
    symlinkSync('/nowhere', join(shared, 'mixed', 'link'));
    chmodSync(join(shared, 'mixed', 'b'), 0o6755);
    chmodSync(join(shared, 'mixed'), 0o1755);
    const told = known('get', '-r', `${server.address}/mixed`, here);
    assert.equal(told.code, 0, told.err);
    assert.match(told.err, /not kept: mixed\/link: a link to \/nowhere, which is not part of what is copied/);
    assert.match(told.err, /not kept: mixed\/b: its setuid and setgid bits\n/);
    assert.match(told.err, /not kept: mixed: its sticky bit\n/);
    const ran = known('get', '-r', '--strict', '--overwrite', `${server.address}/mixed`, here);
    assert.equal(ran.code, 6);
    assert.match(ran.err, /mixed\/b: not kept: its setuid and setgid bits \[NOT_REGULAR\]/);
    assert.match(ran.err, /mixed\/link: not kept: a link to \/nowhere.* \[NOT_REGULAR\]/);
    assert.deepEqual(readdirSync(join(here, 'mixed')).toSorted(), ['a', 'b', 'c']);
    rmSync(join(shared, 'mixed'), { recursive: true });
  });

  test('a file that the server may not read: named, and the rest comes (XFER-30)', {
    skip: process.getuid?.() === 0 ? false : 'only root can start a server as somebody else',
  }, async () => {
    const here = place();
    const folder = join(place(), 'guarded');
    mkdirSync(folder);
    for (const name of ['a', 'b', 'secret']) writeFileSync(join(folder, name), name);
    chmodSync(join(folder, 'secret'), 0o600);
    for (const open of [home, join(folder, '..'), folder]) chmodSync(open, 0o755);
    const nobody = await startServer(join(folder, '..'), { uid: 65534 });
    try {
      const ran = ferry(['get', '-r', `${nobody.address}/guarded`, here, '--accept-new'], {
        env: { ...nobody.env, XDG_DATA_HOME: join(place(), 'data') },
      });
      assert.equal(ran.code, 6, ran.err);
      assert.match(ran.err, /guarded\/secret: the file system does not permit that \[FORBIDDEN\]/);
      assert.deepEqual(readdirSync(join(here, 'guarded')).toSorted(), ['a', 'b']);
    } finally {
      await nobody.stop();
    }
  });

  test('JSON output is one object per line, the last one the end', () => {
    const here = place();
    const { out, code } = known('get', '--json', `${server.address}/one.bin`, here);
    assert.equal(code, 0);
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; phase?: string; doneBytes?: number });
    assert.deepEqual(
      { event: 'ended', phase: 'done', doneBytes: 2_500_000 },
      (({ event, phase, doneBytes }) => ({ event, phase, doneBytes }))(events.at(-1) ?? { event: '' }),
    );
  });

  const refusals: readonly (readonly [what: string, args: () => string[], code: number, words: RegExp])[] = [
    ['a file that is not there', () => ['get', `${server.address}/nothing`, home], 1, /\[NOT_FOUND\]/],
    ['.. in a path', () => ['ls', `${server.address}/../etc`], 1, /\[NAME_INVALID\]/],
    ['no address', () => ['ls', 'nonsense'], 2, /\[USAGE\]/],
    ['an unknown command', () => ['frobnicate'], 2, /neither a command nor an address/],
    [
      'a port where nothing listens',
      () => ['ls', 'ferry://127.0.0.1:1/'],
      3,
      /nothing answers at 127\.0\.0\.1:1 \[CONNECT_FAILED\]/,
    ],
    ['a local file that is not there', () => ['put', '/no/such/file', server.address], 1, /\[NOT_FOUND\]/],
    [
      'a wrong pin',
      () => ['ls', server.address, '--pin', `${'abcd-'.repeat(12)}abca`],
      5,
      /\[PIN_MISMATCH\]/,
    ],
  ];
  for (const [what, args, code, words] of refusals) {
    test(`${what}: one sentence, exit code ${code}`, () => {
      const ran = known(...args());
      assert.equal(ran.code, code, ran.err);
      assert.match(ran.err, words);
      assert.equal(ran.out, '');
    });
  }

  test('an unknown server is not trusted by a script, and is told how (AUTH-17)', () => {
    const env = { ...server.env, XDG_DATA_HOME: join(place(), 'data') };
    const ran = ferry(['ls', server.address], { env });
    assert.equal(ran.code, 5);
    assert.match(ran.err, /--pin ([a-z2-7]{4}-){12}[a-z2-7]{4} or --accept-new/);
    const [pin = ''] = /([a-z2-7]{4}-){12}[a-z2-7]{4}/.exec(ran.err) ?? [];
    assert.equal(ferry(['ls', server.address, '--pin', pin], { env }).code, 0);
    assert.equal(ferry(['ls', server.address], { env }).code, 0);
  });

  test('a changed identity is a hard stop that explains itself, until the owner’s word is given for it (AUTH-16)', async () => {
    const first = await startServer(shared);
    const env = { ...first.env, XDG_DATA_HOME: join(place(), 'data') };
    assert.equal(ferry(['ls', first.address, '--accept-new'], { env }).code, 0);
    first.child.kill('SIGKILL');
    await new Promise((ended) => first.child.once('exit', ended));
    const impostor = await startServer(shared, {
      again: { ...first, env: { ...first.env, FERRY_TEST_HOME: place() } },
    });
    try {
      const ran = ferry(['ls', first.address, '--accept-new'], { env });
      assert.equal(ran.code, 5);
      assert.match(ran.err, /known {2}[a-z2-7]{4}-[\s\S]*shown {2}[a-z2-7]{4}-/);
      const where = first.address.replace('ferry://', '');
      assert.ok(ran.err.includes(`ferry trust ${where}`));
      assert.doesNotMatch(impostor.output(), /logged in/);
      const [, known = '', shown = ''] = /known {2}(\S+)\s+shown {2}(\S+)/.exec(ran.err) ?? [];
      const unsaid = ferry(['trust', where], { env });
      assert.equal(unsaid.code, 5);
      assert.match(unsaid.err, /--pin FINGERPRINT/);
      const wrong = ferry(['trust', where, '--pin', known], { env });
      assert.equal(wrong.code, 5);
      assert.match(wrong.err, /do not trust them/);
      assert.equal(ferry(['ls', first.address], { env }).code, 5);
      assert.equal(ferry(['trust', where, '--pin', shown], { env }).code, 0);
      assert.equal(ferry(['ls', first.address], { env }).code, 0);
      assert.match(ferry(['trust', where], { env }).out, /trusted already/);
    } finally {
      await impostor.stop();
      await first.stop();
    }
  });

  test('a renewed identity is accepted with one line, as the old one vouches for it (AUTH-21)', async () => {
    const first = await startServer(shared);
    const env = { ...first.env, XDG_DATA_HOME: join(place(), 'data') };
    assert.equal(ferry(['ls', first.address, '--accept-new'], { env }).code, 0);
    first.child.kill('SIGKILL');
    await new Promise((ended) => first.child.once('exit', ended));
    const renewed = spawnSync(process.execPath, [ferrydMain, 'renew-key'], {
      env: first.env,
      encoding: 'utf8',
    });
    assert.match(renewed.stdout, /^fingerprint [a-z2-7-]+\nstart ferryd again/);
    const again = await startServer(shared, { again: first });
    try {
      const ran = ferry(['ls', first.address], { env });
      assert.equal(ran.code, 0, ran.err);
      assert.match(
        ran.err,
        /^ferry: 127\.0\.0\.1:\d+ has renewed its identity, and the old one vouches for it: /,
      );
      assert.deepEqual(ferry(['ls', first.address], { env }).err, '');
    } finally {
      await again.stop();
      await first.stop();
    }
  });

  test('a damaged list of known servers is refused, never taken for an empty one (AUTH-20)', () => {
    const data = join(place(), 'data');
    const env = { ...server.env, XDG_DATA_HOME: data };
    assert.equal(ferry(['ls', server.address, '--accept-new'], { env }).code, 0);
    const file = join(data, 'ferry/known-servers.json');
    const whole = readFileSync(file, 'utf8');
    for (const damage of [
      '',
      '{',
      '[]',
      'null',
      whole.slice(0, -5),
      whole.replace(/fingerprint/, 'fingerprimt'),
      whole.replace(/[a-z2-7]{4}-/, '1111-'),
    ]) {
      writeFileSync(file, damage);
      const ran = ferry(['ls', server.address, '--accept-new'], { env });
      assert.equal(ran.code, 1, JSON.stringify(damage));
      assert.match(ran.err, /\[CONFIG\]/);
      assert.equal(readFileSync(file, 'utf8'), damage);
    }
  });

  test('an invite lets one device in, for good; a second device is refused with exit code 4', async () => {
    const closed = await startServer(shared, { args: [] });
    const { invite = '' } = closed;
    try {
      assert.match(invite, /#/);
      const env = { ...closed.env, XDG_DATA_HOME: join(place(), 'data') };
      assert.equal(ferry(['ls', closed.address, '--accept-new'], { env }).code, 4);
      assert.equal(
        ferry(['ls', `${closed.address}/`, '--invite-file', '-'], {
          env,
          input: `paste this: ferry ${invite}\n`,
        }).code,
        0,
      );
      assert.equal(ferry(['ls', closed.address], { env }).code, 0);
      assert.equal(ferry(['ls', invite], { env }).code, 0);
      const other = { ...closed.env, XDG_DATA_HOME: join(place(), 'data') };
      const ran = ferry(['ls', invite], { env: other });
      assert.equal(ran.code, 4);
      assert.match(ran.err, /\[AUTH_FAILED\]/);
      const broken = ferry(['ls', `${invite.slice(0, -1)}`], { env: other });
      assert.equal(broken.code, 2);
    } finally {
      await closed.stop();
    }
  });

  test('a read-only account is told so with exit code 4, and nothing is changed', async () => {
    const readOnly = await startServer(shared, { args: ['--open=read-only'] });
    const file = join(place(), 'new.txt');
    writeFileSync(file, 'x');
    try {
      const ran = ferry(['put', file, `${readOnly.address}/`, '--accept-new'], { env: readOnly.env });
      assert.equal(ran.code, 4);
      assert.match(ran.err, /\[READ_ONLY\]/);
      assert.ok(!existsSync(join(shared, 'new.txt')));
    } finally {
      await readOnly.stop();
    }
  });

  test('what answers and is no ferry server is said to be none', async () => {
    const other = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const child = spawn(process.execPath, [ferryMain, 'ls', `ferry://127.0.0.1:${port}`, '--accept-new'], {
      env: server.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (bytes: Buffer) => {
      err += bytes.toString();
    });
    assert.equal(await exitOf(child), 3);
    other.close();
    assert.match(err, /\[CONNECT_FAILED\]/);
  });

  test('Ctrl+C ends with 130 and leaves nothing that looks like a file, but what can be gone on with', async () => {
    const fd = openSync(join(shared, 'long.bin'), 'w');
    ftruncateSync(fd, 64 * 1024 ** 3);
    closeSync(fd);
    const here = place();
    const down = spawn(
      process.execPath,
      [ferryMain, 'get', `${server.address}/long.bin`, here, '--accept-new'],
      { env: server.env, stdio: 'ignore' },
    );
    await eventually(
      'some of it on the way',
      () => existsSync(join(here, '.ferry/part')) && readdirSync(join(here, '.ferry/part')).length > 0,
    );
    down.kill('SIGINT');
    assert.equal(await exitOf(down), 130);
    assert.deepEqual(readdirSync(here), ['.ferry']);
    assert.ok(readdirSync(join(here, '.ferry/part')).some((name) => name.endsWith('.journal')));
    const up = spawn(
      process.execPath,
      [ferryMain, 'put', join(shared, 'long.bin'), `${server.address}/up.bin`, '--accept-new'],
      { env: server.env, stdio: 'ignore' },
    );
    const parts = (): string[] =>
      existsSync(join(shared, '.ferry/part')) ? readdirSync(join(shared, '.ferry/part')) : [];
    await eventually('some of it on the way', () => parts().length > 0);
    up.kill('SIGINT');
    assert.equal(await exitOf(up), 130);
    assert.ok(!existsSync(join(shared, 'up.bin')));
    rmSync(join(shared, 'long.bin'));
  });

  test('names that would act on a terminal are printed as escapes, and copied as they are (TERM-14, PATH-17)', () => {
    mkdirSync(join(shared, 'odd'));
    const names = [
      Buffer.from('a\x1b[31mred'),
      Buffer.from('two\nlines'),
      Buffer.from('bad\xff\xfe', 'latin1'),
      Buffer.from('海.txt'),
    ];
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(join(shared, 'odd/')), name]), name);
    const { out } = known('ls', `${server.address}/odd`);
    assert.deepEqual(out.split('\n').toSorted(), [
      '',
      'a\\e[31mred',
      'bad\\xff\\xfe',
      'two\\nlines',
      '海.txt',
    ]);
    const here = place();
    assert.equal(known('get', '-r', `${server.address}/odd`, here).code, 0);
    for (const name of names)
      assert.ok(readFileSync(Buffer.concat([Buffer.from(join(here, 'odd/')), name])).equals(name));
    for (const line of known('ls', '--json', `${server.address}/odd`).out.trimEnd().split('\n')) {
      JSON.parse(line);
      assert.ok([...line].every((char) => char >= ' ' && char !== '\x7f'));
    }
    rmSync(join(shared, 'odd'), { recursive: true });
  });

  test('a full disk on either side is NO_SPACE, and no look-alike is left (XFER-10)', {
    skip: mountable() ? false : 'no small file system can be mounted here',
  }, async () => {
    const small = place();
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]).status, 0);
    try {
      const ran = known('get', `${server.address}/one.bin`, small);
      assert.equal(ran.code, 1);
      assert.match(ran.err, /needs 2500000 bytes and only \d+ are free \[NO_SPACE\]/);
      assert.deepEqual(readdirSync(small), []);
      const full = await startServer(small);
      try {
        const up = ferry(['put', join(shared, 'one.bin'), `${full.address}/`, '--accept-new'], {
          env: full.env,
        });
        assert.equal(up.code, 1);
        assert.match(up.err, /\[NO_SPACE\]/);
        assert.deepEqual(
          readdirSync(small).filter((name) => name !== '.ferry'),
          [],
        );
      } finally {
        await full.stop();
      }
    } finally {
      spawnSync('umount', [small]);
    }
  });

  test('help says how, and exit codes are documented', () => {
    const codes = ferry(['help', 'exit-codes']);
    assert.equal(codes.code, 0);
    assert.match(codes.out, /130 {2}interrupted/);
    assert.match(ferry(['--help']).out, /ferry get -r/);
    assert.match(ferry(['get', '--help']).out, /complete and verified/);
    assert.equal(ferry([]).code, 2);
  });
});

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

function mountable(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}
