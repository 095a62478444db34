/**
 * What needs other file systems, or a disk that fails: run in a child process with mounts of its own, or under strace.
 * Skipped with a visible line where the machine does not permit that.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from '../../support/scratch.ts';

const child = fileURLToPath(new URL('./namespace-child.ts', import.meta.url));
const run = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });

const mounts =
  run('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status !== 0 &&
  'this machine permits no mounts';
const strace = run('strace', ['-f', '-e', 'trace=fsync', 'true']).status !== 0 && 'strace does not work here';

/** Runs `scenario` of namespace-child.ts in a mount namespace after `setup`; its answer. */
function inNamespace(folder: string, setup: string, scenario: string): unknown {
  const script = `${setup}; exec "$1" "$2" "$3" "$0"`;
  const result = run('unshare', ['-rm', 'sh', '-ec', script, folder, process.execPath, child, scenario]);
  assert.equal(result.status, 0, result.stderr);
  return JSON.parse(result.stdout);
}

describe('with mounts', { skip: mounts }, () => {
  const shareWith = (t: TestContext, name: string): string => {
    const folder = scratchFolder(t);
    mkdirSync(join(folder, name));
    return folder;
  };
  test('another file system below the root is neither listed nor entered, unless asked for (PATH-14)', (t) => {
    const folder = shareWith(t, 'mount');
    assert.deepEqual(
      inNamespace(
        folder,
        'mount -t tmpfs none "$0/mount"; echo > "$0/mount/file"; ln -s x "$0/mount/link"; ' +
          'echo > "$0/mounted"; mount --bind "$0/mount/file" "$0/mounted"',
        'crossing',
      ),
      {
        listed: [],
        stat: 'NOT_FOUND',
        list: 'NOT_FOUND',
        read: 'NOT_FOUND',
        mkdir: 'NOT_FOUND',
        remove: 'NOT_FOUND',
        upload: 'NOT_FOUND',
        space: 'NOT_FOUND',
        rename: 'NOT_FOUND',
        'rename the mount': 'NOT_FOUND',
        setFacts: 'NOT_FOUND',
        readLink: 'NOT_FOUND',
        makeLink: 'NOT_FOUND',
        fetch: 'NOT_FOUND',
        'read a mounted file': 'NOT_FOUND',
        'fetch a mounted file': 'NOT_FOUND',
        'stat a mounted file': 'NOT_FOUND',
        'allowed: listed': ['mount', 'mounted'],
        'allowed: read': 'done',
        'allowed: rename': 'FORBIDDEN',
        'allowed: upload': 'FORBIDDEN',
      },
    );
  });
  test('trees end where another file system begins', (t) => {
    const folder = shareWith(t, 'a');
    const setup =
      'mkdir "$0/a/mount"; mount -t tmpfs none "$0/a/mount"; echo > "$0/a/mount/file"; ' +
      'echo > "$0/a/own"; echo > "$0/a/mounted"; mount --bind "$0/a/mount/file" "$0/a/mounted"';
    assert.deepEqual(inNamespace(folder, setup, 'crossing trees'), {
      copied: ['own'],
      'not copied': [],
      counted: 1,
      'not removed': ['mount FORBIDDEN', 'mounted BUSY'],
      left: ['mount', 'mounted'],
      inside: ['file'],
    });
  });
  test('without /proc nothing is opened at all', (t) => {
    assert.equal(inNamespace(shareWith(t, 'x'), 'mount -t tmpfs none /proc', 'open'), 'CONFIG');
  });
  test('a full disk is NO_SPACE, harms nothing, and the block may be sent again (XFER-10)', (t) => {
    const folder = shareWith(t, 'small');
    assert.deepEqual(inNamespace(folder, 'mount -t tmpfs -o size=4m none "$0/small"', 'full'), {
      tooLarge: 'NO_SPACE',
      blocksBeforeFull: [1, 2],
      write: 'NO_SPACE',
      visible: ['filler'],
      again: 'done',
      same: true,
      parts: [],
    });
  });
});

/** Root may do everything, so its child is somebody else. */
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const unreadable =
  spawnSync('test', ['-r', child], nobody).status !== 0 && 'others cannot read this checkout';

test('permissions of the disk answer FORBIDDEN and change nothing', { skip: unreadable }, (t) => {
  const folder = scratchFolder(t);
  if (nobody.uid !== undefined) chownSync(folder, nobody.uid, nobody.gid);
  const result = spawnSync(process.execPath, [child, 'permissions', folder], { encoding: 'utf8', ...nobody });
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(JSON.parse(result.stdout), {
    mkdir: 'FORBIDDEN',
    remove: 'FORBIDDEN',
    'rename out': 'FORBIDDEN',
    'rename in': 'FORBIDDEN',
    upload: 'FORBIDDEN',
    list: 'FORBIDDEN',
    read: 'FORBIDDEN',
    left: ['.ferry', 'closed', 'file', 'fixed'],
    parts: [],
    inside: ['file'],
    open: 'FORBIDDEN',
  });
});

test('folders that may not be written to are copied, and leave nothing when cancelled', {
  skip: unreadable,
}, (t) => {
  const folder = scratchFolder(t);
  if (nobody.uid !== undefined) chownSync(folder, nobody.uid, nobody.gid);
  const args = [child, 'read-only trees', folder];
  const result = spawnSync(process.execPath, args, { encoding: 'utf8', ...nobody });
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(JSON.parse(result.stdout), {
    'not copied': ['secret FORBIDDEN'],
    modes: [0o500, 0o500, 0o400],
    modified: true,
    answer: 'CANCELLED',
    turned: true,
    left: ['.ferry', 'a', 'b'],
    parts: [],
    'not removed': ['file FORBIDDEN', 'sub/file FORBIDDEN'],
  });
});

describe('under strace', { skip: strace }, () => {
  const traced = (
    t: TestContext,
    args: readonly string[],
    scenario = 'commit',
  ): { folder: string; answer: unknown; calls: string[] } => {
    const folder = scratchFolder(t);
    const log = join(scratchFolder(t), 'log');
    const result = run('strace', ['-f', '-y', '-o', log, ...args, process.execPath, child, scenario, folder]);
    assert.equal(result.status, 0, result.stderr);
    return { folder, answer: JSON.parse(result.stdout), calls: readFileSync(log, 'utf8').split('\n') };
  };
  test('the file is synced before its name appears, the folders after it and before the answer (XFER-23)', (t) => {
    const { folder, answer, calls } = traced(t, [
      '-e',
      'trace=fsync,link,linkat,rename,renameat,renameat2,unlink,write',
    ]);
    assert.equal(answer, 'done');
    const order = calls.flatMap((call) => {
      if (/fsync\(\d+<[^>]*\.part>/.test(call)) return ['sync file'];
      if (/ link(at)?\(/.test(call)) return ['link'];
      if (/ unlink\(.*\.part"/.test(call)) return ['unlink'];
      if (new RegExp(`fsync\\(\\d+<${folder}>`).test(call)) return ['sync folder'];
      if (/fsync\(\d+<[^>]*\/part>/.test(call)) return ['sync staging'];
      return / write\(1</.test(call) ? ['answer'] : [];
    });
    assert.deepEqual(order, ['sync file', 'link', 'unlink', 'sync folder', 'sync staging', 'answer']);
  });
  test('a name that was changed is on the disk before anybody hears of it (XFER-34)', (t) => {
    const trace = 'trace=fsync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,write';
    const { folder, answer, calls } = traced(t, ['-e', trace], 'change names');
    assert.equal(answer, 'done');
    const order = calls.flatMap((call) => {
      const synced = new RegExp(`fsync\\(\\d+<${folder}(/other)?>\\) += 0`).exec(call);
      if (synced !== null) return [`sync ${synced[1] ?? 'folder'}`];
      const changed = /(link|unlink|mkdir)(?:at)?\(.*\/(moved|removed|made)"/.exec(call);
      if (changed !== null) return [`${changed[1]} ${changed[2]}`];
      return / write\(2</.test(call) ? ['answer'] : [];
    });
    assert.deepEqual(order, [
      ...['link moved', 'unlink moved', 'sync /other', 'sync folder', 'answer'],
      ...['unlink removed', 'sync folder', 'answer'],
      ...['mkdir made', 'sync folder', 'answer'],
    ]);
  });
  for (const [what, when] of [
    ['the file', 1],
    ['the folder', 2],
  ] as const) {
    test(`a failing fsync of ${what} is IO_ERROR and is not tried again (XFER-11)`, (t) => {
      const inject = ['-e', 'trace=fsync', '-e', `inject=fsync:error=EIO:when=${when}`];
      const { folder, answer, calls } = traced(t, inject);
      assert.equal(answer, 'IO_ERROR');
      assert.equal(existsSync(join(folder, 'file')), what === 'the folder');
      assert.deepEqual(readdirSync(join(folder, '.ferry', 'part')), []);
      assert.equal(calls.filter((call) => /fsync\(.*\.part>/.test(call)).length, 1);
    });
  }
  for (const [what, call, answer] of [
    ['last sync', 'fsync', 'IO_ERROR'],
    ['early sync', 'fdatasync', 'done'],
    ['sync after leaving', 'fdatasync', 'left'],
  ] as const) {
    test(`a large file of which the ${what} fails is gone, journal and all (XFER-11)`, (t) => {
      const inject = [
        '-E',
        'UV_THREADPOOL_SIZE=1',
        '-e',
        `trace=${call}`,
        '-e',
        `inject=${call}:error=EIO:when=1`,
      ];
      assert.deepEqual(traced(t, inject, what).answer, { answer, open: [], left: [], resumes: false });
    });
  }
  test('a file system that cannot sync folders is said to be not durable', (t) => {
    const inject = ['-e', 'trace=fsync', '-e', 'inject=fsync:error=EINVAL:when=2+'];
    const { folder, answer } = traced(t, inject);
    assert.equal(answer, 'not durable');
    assert.ok(existsSync(join(folder, 'file')));
  });
  test('a file system without hard links still publishes, and still does not overwrite', (t) => {
    const inject = ['-e', 'trace=link,linkat', '-e', 'inject=link,linkat:error=EPERM'];
    const { folder, answer } = traced(t, inject);
    assert.equal(answer, 'done');
    assert.deepEqual(readdirSync(folder).sort(), ['.ferry', 'file']);
  });
  test('a write that fails is IO_ERROR and leaves nothing (XFER-11)', (t) => {
    const { folder, answer } = traced(t, ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=EIO:when=1']);
    assert.equal(answer, 'IO_ERROR');
    assert.equal(existsSync(join(folder, 'file')), false);
    assert.deepEqual(readdirSync(join(folder, '.ferry', 'part')), []);
  });
  test('a short write is continued where it ended (XFER-12)', (t) => {
    const { calls } = traced(t, ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:retval=3:when=1']);
    const writes = calls.flatMap(
      (call) => /pwrite64\(.*, (\d+), (\d+)\) += (\d+)/.exec(call)?.slice(1, 4).join(' ') ?? [],
    );
    assert.deepEqual(writes, ['7 0 3', '4 3 4']);
  });
});
