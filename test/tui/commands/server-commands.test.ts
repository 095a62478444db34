/** `ferry cp`, `mv`, `rm`, `mkdir`, `chmod`, `ln` and `touch` as scripts use them: real processes against a real server. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ferryMain, type Server, startServer } from '../../e2e/server.ts';

type Ran = { code: number | null; out: string; err: string };

function run(server: Server, args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ferryMain, ...args, '--accept-new'], {
    env: server.env,
    encoding: 'utf8',
    input: '',
  });
  return { code: status, out: stdout, err: stderr };
}

const quiet: Ran = { code: 0, out: '', err: '' };

describe('commands on the server', () => {
  let home: string;
  let shared: string;
  let server: Server;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-commands-'));
    shared = join(home, 'shared');
    mkdirSync(join(shared, 'a/sub'), { recursive: true });
    writeFileSync(join(shared, 'a/one'), '1');
    writeFileSync(join(shared, 'a/sub/two'), '22');
    server = await startServer(shared);
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });
  const ferry = (...args: readonly string[]): Ran =>
    run(
      server,
      args.map((arg) => arg.replace(/^@/, `${server.address}/`)),
    );

  test('cp from one server to another: a folder, a taken name, wrong usage', async (t) => {
    const other = join(home, 'other');
    mkdirSync(other);
    const second = await startServer(other);
    t.after(() => second.stop());
    const copied = ferry('cp', '-r', '@a', `${second.address}/`, '--json');
    assert.equal(copied.code, 0, copied.err);
    assert.equal(readFileSync(join(other, 'a/sub/two'), 'utf8'), '22');
    const ended = JSON.parse(copied.out.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
    assert.deepEqual(
      [ended['event'], ended['phase'], `ferry://${String(ended['sourceServer'])}`],
      ['ended', 'done', server.address],
    );
    assert.match(ferry('cp', '@a/one', `${second.address}/b`).err, /^→ one {2}1 B/m);
    const taken = ferry('cp', '@a/one', `${second.address}/a/`);
    assert.equal(taken.code, 1);
    assert.match(taken.err, /a file of that name is there/);
    const folder = ferry('cp', '@a', `${second.address}/c`);
    assert.deepEqual([folder.code, /a is a folder: add -r/.test(folder.err)], [2, true]);
    const pinned = ferry('cp', '@a/one', `${second.address}/d`, '--pin', 'x');
    assert.deepEqual([pinned.code, /two identities/.test(pinned.err)], [2, true]);
    assert.equal(ferry('cp', '@no', `${second.address}/d`).code, 1);
  });

  test('cp copies files and folders, into a folder too, and says what is in the way', () => {
    const refused = ferry('cp', '@a', '@b');
    assert.equal(refused.code, 2);
    assert.match(refused.err, /a is a folder: add -r/);
    assert.deepEqual(ferry('cp', '-r', '@a', '@b'), { ...quiet, err: 'copied a: 2 files, 3 B\n' });
    assert.equal(readFileSync(join(shared, 'b/sub/two'), 'utf8'), '22');
    mkdirSync(join(shared, 'c'));
    const several = ferry('cp', '-r', '@a/one', '@a/sub', '@no', '@c/');
    assert.equal(several.code, 6);
    assert.match(several.err, /^no: no such file or folder \[NOT_FOUND\]$/m);
    assert.deepEqual(readdirSync(join(shared, 'c')).sort(), ['one', 'sub']);
    const taken = ferry('cp', '@a/one', '@c/one');
    assert.deepEqual([taken.code, taken.err], [1, 'a/one: that name is taken [EXISTS]\n']);
    writeFileSync(join(shared, 'c/one'), 'old');
    assert.equal(ferry('cp', '--overwrite', '@a/one', '@c/one').code, 0);
    assert.equal(readFileSync(join(shared, 'c/one'), 'utf8'), '1');
    const [, old = ''] =
      /^(\S+) .* \/c\/one \(replaced\)\n$/.exec(ferry('trash', 'list', server.address).out) ?? [];
    assert.deepEqual(ferry('trash', 'restore', server.address, old), { ...quiet, err: 'restored /c/one\n' });
    assert.equal(readFileSync(join(shared, 'c/one'), 'utf8'), 'old', 'and the new one is in the trash');
    const json = ferry('cp', '--json', '-r', '--skip', '@a', '@c/new').out.trimEnd().split('\n');
    assert.deepEqual(JSON.parse(json.at(-1) ?? ''), {
      event: 'ended',
      path: 'a',
      files: 2,
      folders: 2,
      bytes: 3,
      skipped: 0,
      failed: 0,
    });
    assert.equal(ferry('cp', '@a/one').code, 2);
  });

  test('mv renames and moves, rm removes', () => {
    mkdirSync(join(shared, 'm'));
    writeFileSync(join(shared, 'm/x'), 'x');
    assert.deepEqual(ferry('mv', '@m/x', '@m/y'), { ...quiet, err: 'moved m/x: 1 file\n' });
    assert.deepEqual(ferry('mv', '@m', '@moved'), { ...quiet, err: 'moved m: 1 folder\n' });
    assert.deepEqual(readdirSync(join(shared, 'moved')), ['y']);
    assert.equal(ferry('rm', '@moved').code, 2);
    assert.deepEqual(ferry('rm', '-r', '@moved'), { ...quiet, err: 'trashed moved: 1 file\n' });
    assert.ok(!existsSync(join(shared, 'moved')));
    const listed = ferry('trash', 'list', server.address).out;
    const [, id = ''] = /^([0-9a-f]{8}) {2}[-0-9: ]{16} {6}1 file {7}1 B {2}\/moved\n/.exec(listed) ?? [];
    assert.ok(id !== '', listed);
    assert.equal(ferry('trash', 'restore', server.address, 'moved').code, 2);
    assert.deepEqual(ferry('trash', 'restore', server.address, id), { ...quiet, err: 'restored /moved\n' });
    assert.equal(readFileSync(join(shared, 'moved/y'), 'utf8'), 'x');
    assert.equal(ferry('rm', '@moved/y').code, 0);
    assert.equal(ferry('trash', 'empty', server.address).code, 2);
    assert.deepEqual(ferry('trash', 'empty', '--all', server.address), {
      ...quiet,
      err: 'removed for good: 2 files\n',
    });
    assert.deepEqual(ferry('trash', 'list', server.address), quiet);
    assert.deepEqual(ferry('rm', '-r', '--for-good', '@moved'), {
      ...quiet,
      err: 'removed moved: 1 folder\n',
    });
    assert.ok(!existsSync(join(shared, 'moved')));
    assert.deepEqual(ferry('trash', 'list', server.address), quiet);
    const gone = ferry('rm', '@moved');
    assert.deepEqual([gone.code, gone.err], [1, 'moved: no such file or folder [NOT_FOUND]\n']);
  });

  test('mkdir, chmod, ln and touch', () => {
    assert.equal(ferry('mkdir', '@e/f').code, 1);
    assert.deepEqual(ferry('mkdir', '-p', '@e/f', '@e/g'), quiet);
    assert.deepEqual(readdirSync(join(shared, 'e')).sort(), ['f', 'g']);
    assert.deepEqual(ferry('touch', '--time', '2020-01-02T03:04:05Z', '@e/new', '@e/f'), quiet);
    assert.equal(statSync(join(shared, 'e/new')).size, 0);
    for (const one of ['new', 'f']) {
      assert.equal(statSync(join(shared, 'e', one)).mtimeMs, Date.parse('2020-01-02T03:04:05Z'));
    }
    assert.deepEqual(ferry('chmod', '600', '@e/new'), quiet);
    const { mode, mtimeMs } = statSync(join(shared, 'e/new'));
    assert.deepEqual([mode & 0o7777, mtimeMs], [0o600, Date.parse('2020-01-02T03:04:05Z')]);
    assert.equal(ferry('chmod', 'u+x', '@e/new').code, 2);
    assert.deepEqual(ferry('ln', '-s', 'f', '@e/link'), quiet);
    assert.ok(lstatSync(join(shared, 'e/link')).isSymbolicLink());
    assert.equal(readlinkSync(join(shared, 'e/link')), 'f');
    assert.equal(ferry('ln', '/etc', '@e/out').code, 4);
  });

  test('sum agrees with b3sum and sha256sum', () => {
    const bytes = randomBytes(2_500_000);
    mkdirSync(join(shared, 's/sub'), { recursive: true });
    writeFileSync(join(shared, 's/big'), bytes);
    writeFileSync(join(shared, 's/sub/empty'), '');
    const sorted = (text: string): string[] => text.trimEnd().split('\n').sort();
    for (const [algorithm, tool] of [
      ['sha256', 'sha256sum'],
      ['blake3', 'b3sum'],
    ] as const) {
      const ours = ferry('sum', '--algorithm', algorithm, '@s');
      assert.deepEqual([ours.code, ours.err], [0, '']);
      const theirs = spawnSync(tool, ['s/big', 's/sub/empty'], { cwd: shared, encoding: 'utf8' });
      if (theirs.error !== undefined) process.stdout.write(`SKIPPED: ${tool} is not installed here\n`);
      else assert.deepEqual(sorted(ours.out), sorted(theirs.stdout));
    }
    // The digest of nothing, from the paper.
    const nothing = 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262';
    assert.deepEqual(ferry('sum', '@s/sub/empty'), { ...quiet, out: `${nothing}  s/sub/empty\n` });
    assert.equal(ferry('sum', '--algorithm', 'md5', '@s').code, 2);
  });

  test('du adds up what find says there is, and is in order', () => {
    mkdirSync(join(shared, 'd/small'), { recursive: true });
    mkdirSync(join(shared, 'd/large/deep'), { recursive: true });
    writeFileSync(join(shared, 'd/small/x'), Buffer.alloc(1000));
    writeFileSync(join(shared, 'd/large/deep/x'), Buffer.alloc(50_000));
    writeFileSync(join(shared, 'd/own'), Buffer.alloc(7));
    const rows = ferry('du', '--json', '@d')
      .out.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      rows.map(({ path: one, files, folders, bytes }) => [one, files, folders, bytes]),
      [
        ['d/large', 1, 2, 50_000],
        ['d/small', 1, 1, 1000],
        ['d', 3, 4, 51_007],
      ],
    );
    assert.match(ferry('du', '-s', '@d').out, /^ +51 kB +[0-9.]+ kB on disk +3 files {2}\/d\n$/);
    const theirs = spawnSync('du', ['-s', '-B1', 'd'], { cwd: shared, encoding: 'utf8' }).stdout;
    const folder = statSync(join(shared, 'd')).blocks * 512;
    assert.equal(rows.at(-1)?.allocated + folder, Number(theirs.split('\t')[0]));
  });

  test('find gives lines of paths, and of lines', () => {
    mkdirSync(join(shared, 'f/sub'), { recursive: true });
    writeFileSync(join(shared, 'f/a.txt'), 'one\nlow tide at six\n');
    writeFileSync(join(shared, 'f/sub/b.TXT'), 'Low Tide');
    writeFileSync(join(shared, 'f/sub/c.bin'), Buffer.alloc(2000));
    const lines = (...args: string[]): string[] =>
      ferry('find', '@f', ...args)
        .out.trimEnd()
        .split('\n')
        .sort();
    assert.deepEqual(lines('--name', '*.txt', '-i'), ['f/a.txt', 'f/sub/b.TXT']);
    assert.deepEqual(lines('--larger', '1k'), ['f/sub/c.bin']);
    assert.deepEqual(lines('--containing', 'low tide'), ['f/a.txt:2:low tide at six']);
    assert.deepEqual(lines('--type', 'folder', '--newer', '1h'), ['f/sub']);
    assert.deepEqual(lines('--older', '1h'), ['']);
    const bounded = ferry('find', '@f', '--most', '1');
    assert.equal(bounded.out.split('\n').length, 2);
    assert.equal(bounded.err, 'there may be more: these are the first 1 (see --most)\n');
    assert.equal(ferry('find', '@f', '--larger', 'huge').code, 2);
  });

  test('get --as gives what tar and zstd read; unpack takes what they write', () => {
    mkdirSync(join(shared, 't/sub'), { recursive: true });
    writeFileSync(join(shared, 't/sub/big'), randomBytes(2_500_000));
    writeFileSync(join(shared, 't/text'), 'text\n'.repeat(1000));
    const here = join(home, 'archives');
    mkdirSync(here);
    const missing = ['tar', 'zstd', 'gzip'].find((tool) => spawnSync(tool, ['--version']).status !== 0);
    for (const [format, flag] of [
      ['tar', ''],
      ['tar.gz', '-z'],
      ['tar.zst', '--zstd'],
    ] as const) {
      const got = ferry('get', '--as', format, '@t', here);
      assert.match(got.err, /^archived t: 2 files, 2\.5\d* MB\n$/);
      assert.deepEqual(readdirSync(here), [`t.${format}`]);
      if (missing === undefined) {
        const out = join(home, `out-${format}`);
        mkdirSync(out);
        const args = ['-x', ...(flag === '' ? [] : [flag]), '-f', join(here, `t.${format}`), '-C', out];
        assert.equal(spawnSync('tar', args).status, 0);
        assert.equal(spawnSync('diff', ['-r', join(out, 't'), join(shared, 't')]).status, 0);
      } else process.stdout.write(`SKIPPED: ${missing} is not installed here\n`);
      if (format !== 'tar.zst') {
        rmSync(join(here, `t.${format}`));
        continue;
      }
      assert.equal(ferry('get', '--as', format, '@t', here).code, 1);
      rmSync(join(shared, 'up'), { recursive: true, force: true });
      mkdirSync(join(shared, 'up'));
      assert.equal(ferry('put', join(here, `t.${format}`), '@up/').code, 0);
      const unpacked = ferry('unpack', `@up/t.${format}`);
      assert.match(unpacked.err, /^unpacked up\/t: 2 files, 2\.5\d* MB\n$/);
      assert.equal(spawnSync('diff', ['-r', join(shared, 'up/t/t'), join(shared, 't')]).status, 0);
      rmSync(join(here, `t.${format}`));
    }
    const piped = spawnSync(
      process.execPath,
      [ferryMain, 'get', '--as', 'tar', `${server.address}/t/text`, '-'],
      {
        env: server.env,
      },
    );
    assert.equal(piped.stdout.subarray(512, 512 + 5000).toString(), 'text\n'.repeat(1000));
    assert.equal(ferry('get', '--as', 'zip', '@t', here).code, 2);
    assert.equal(ferry('get', '--as', 'tar', '@no', here).code, 1);
    assert.deepEqual(readdirSync(here), []);
  });

  test('Ctrl+C in mid-copy ends it on the server, and nothing of the copy is left', async () => {
    mkdirSync(join(shared, 'many'));
    for (let i = 0; i < 4000; i++) writeFileSync(join(shared, `many/${i}`), 'x');
    const args = ['cp', '-r', `${server.address}/many`, `${server.address}/copied`, '--json', '--accept-new'];
    const child = spawn(process.execPath, [ferryMain, ...args], {
      env: server.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    let said = '';
    for await (const piece of child.stdout as AsyncIterable<Buffer>) {
      said += piece.toString();
      // Some of it is there by now, and not all.
      if (/"event":"progress".*"files":[1-9]/.test(said)) child.kill('SIGINT');
    }
    const [code] = await ended;
    assert.equal(code, 130, said);
    assert.doesNotMatch(said, /"event":"ended"/);
    // The server hears of it a moment later.
    const parts = (): readonly string[] => readdirSync(join(shared, '.ferry/part'));
    while (parts().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(!existsSync(join(shared, 'copied')));
    assert.equal(readdirSync(join(shared, 'many')).length, 4000);
  });

  test('a disk that fills up in mid-copy is NO_SPACE, and nothing of the copy is left (XFER-10)', {
    skip: mountable() ? false : 'no small file system can be mounted here',
  }, async () => {
    const small = join(home, 'small');
    mkdirSync(small);
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', small]).status, 0);
    const full = await startServer(small);
    try {
      mkdirSync(join(small, 'tree'));
      for (let i = 0; i < 20; i++) writeFileSync(join(small, `tree/${i}`), Buffer.alloc(100_000, i));
      const ran = run(full, ['cp', '-r', `${full.address}/tree`, `${full.address}/copy`]);
      assert.deepEqual([ran.code, ran.err], [1, 'tree: no space is left on the disk [NO_SPACE]\n']);
      assert.deepEqual(readdirSync(small).sort(), ['.ferry', 'tree']);
      assert.deepEqual(readdirSync(join(small, '.ferry/part')), []);
      writeFileSync(join(small, 'large'), Buffer.alloc(600_000));
      const one = run(full, ['cp', `${full.address}/large`, `${full.address}/copy`]);
      assert.match(one.err, /the file needs 600000 bytes and only \d+ are free \[NO_SPACE\]/);
    } finally {
      await full.stop();
      spawnSync('umount', [small]);
    }
  });
});

function mountable(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}
