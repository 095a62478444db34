/** The audit log: what stands in its lines, that none is missing, and what a failing disk does to it. */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Code, FerryError, nameFromBytes, rootPath, show } from '@ferry/protocol';
import { BlockPool, contentDigest } from '@ferry/protocol/content';
import {
  copy,
  Existing,
  fetch,
  list,
  mkdir,
  Overwrite,
  read,
  readRange,
  remove,
  stat,
  store,
} from '@ferry/protocol/messages';
import { AuditFile, type AuditFileOpts } from '../../packages/server/src/audit/audit-file.ts';
import { type Action, auditLine } from '../../packages/server/src/audit/audit-line.ts';
import { gatherLooks } from '../../packages/server/src/audit/gather-looks.ts';
import { createOf, logInto, newDevice, openLane, readWhole, tokenOf, upload } from '../support/client.ts';
import { withCode } from '../support/code.ts';

import { path, scratchFolder } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';
import { randomContent } from '../support/staging.ts';

type Line = Readonly<Record<string, string | number | undefined>>;

/** Those that are whole: somebody may be writing the next. */
function linesIn(file: string): readonly Line[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** Waits for a condition that another process makes true. */
async function until(is: () => boolean): Promise<void> {
  while (!is()) await pause(20);
}

const anna = {
  user: show('anna'),
  account: 7,
  device: 'abcd-efgh',
  peer: '10.0.0.1:5',
  session: 'ff00',
};

describe('a line of the audit log', () => {
  it('says who, from where, what, and how it ended', () => {
    const action = { verb: 'copy', path: path('a'), to: path('b/ä'), bytes: 5, files: 1, ms: 1.26 };
    assert.deepEqual(JSON.parse(auditLine(anna, action, 0)), {
      time: '1970-01-01T00:00:00.000Z',
      user: 'anna',
      account: 7,
      device: 'abcd-efgh',
      from: '10.0.0.1:5',
      session: 'ff00',
      verb: 'copy',
      path: '/a',
      to: '/b/ä',
      bytes: 5,
      files: 1,
      ms: 1.3,
      result: 'ok',
    });
    const error = new FerryError(Code.FORBIDDEN, 'you may not');
    const refused = JSON.parse(auditLine(anna, { verb: 'remove', ms: 0, error }, 0)) as Line;
    assert.deepEqual([refused['result'], refused['why']], ['FORBIDDEN', 'you may not']);
  });

  it('keeps names exactly that may not be shown as they are', () => {
    for (const bytes of [
      Buffer.from([0x61, 0xff]),
      Buffer.from('a\x1b[2Jb'),
      Buffer.from('a\u202eb'),
      Buffer.from('a\nb'),
    ]) {
      const text = auditLine(anna, { verb: 'stat', path: [nameFromBytes(bytes)], ms: 0 }, 0);
      assert.match(text, /^[ -~]*$/);
      const line = JSON.parse(text) as Line;
      const exact = Buffer.from(String(line['pathBytes']), 'base64');
      assert.deepEqual(exact, Buffer.concat([Buffer.from('/'), bytes]));
    }
  });

  it('stands for all pieces of a file that somebody looks through, and comes before what they do next', () => {
    const told: Action[] = [];
    const audit = gatherLooks((action) => told.push(action));
    for (let i = 0; i < 100; i++) audit({ verb: 'readRange', path: path('a'), bytes: 10, ms: 1 });
    audit({ verb: 'readRange', path: path('b'), bytes: 1, ms: 1 });
    audit({ verb: 'logout', ms: 5 });
    assert.deepEqual(
      told.map(({ verb, bytes, times }) => [verb, bytes, times]),
      [
        ['readRange', 1000, 100],
        ['readRange', 1, undefined],
        ['logout', undefined, undefined],
      ],
    );
  });
});

/** `room`: bytes until it is full. */
type Disk = { room: number; readonly written: Buffer[] };

function fileOn(disk: Disk, more: Partial<AuditFileOpts> & { path: string }) {
  const said: string[] = [];
  const file = new AuditFile({
    mostBytes: undefined,
    now: () => 0,
    onFault: (why) => said.push(why),
    onMended: (lost) => said.push(`mended, ${lost} lost`),
    // Takes a few bytes at a time, as a disk may.
    write: (_descriptor, bytes, done) => {
      setImmediate(() => {
        if (disk.room <= 0) done(Object.assign(new Error('full'), { code: 'ENOSPC' }), 0);
        else {
          const some = bytes.subarray(0, 7);
          disk.room -= some.length;
          disk.written.push(Buffer.from(some));
          done(null, some.length);
        }
      });
    },
    ...more,
  });
  return { file, said };
}

describe('the file of the audit log', () => {
  it('goes on where a full disk had stopped it, without a torn line', async (t) => {
    const disk: Disk = { room: 20, written: [] };
    const { file, said } = fileOn(disk, { path: join(scratchFolder(t), 'audit') });
    const text = (): string => Buffer.concat(disk.written).toString();
    file.add(['{"a":1}', '{"a":2}']);
    file.add(['{"a":3}']);
    await until(() => file.isBroken);
    assert.ok(!text().endsWith('\n'), 'it was stopped within a line');
    disk.room = 1_000_000;
    await until(() => !file.isBroken);
    await file.close();
    assert.equal(text(), '{"n":1,"a":1}\n{"n":2,"a":2}\n{"n":3,"a":3}\n');
    assert.deepEqual(said, ['the disk is full', 'mended, 0 lost']);
  });

  it('counts what it cannot hold, and says so when it can', async (t) => {
    const disk: Disk = { room: 0, written: [] };
    const { file, said } = fileOn(disk, { path: join(scratchFolder(t), 'audit'), mostWaiting: 100 });
    for (let i = 0; i < 1000; i++) file.add([`{"a":${i}}`]);
    assert.ok(file.figures.waitingBytes < 200);
    const { lost } = file.figures;
    await until(() => file.isBroken);
    disk.room = 1_000_000;
    await until(() => !file.isBroken);
    await file.close();
    const lines = Buffer.concat(disk.written)
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    assert.deepEqual(
      lines.map(({ n }) => n),
      lines.map((_, i) => i + 1),
    );
    assert.deepEqual([lines.at(-1)?.['verb'], lines.at(-1)?.['lines']], ['audit-lost', lost]);
    assert.equal(lines.length - 1 + lost, 1000);
    assert.deepEqual(said, ['the disk is full', `mended, ${lost} lost`]);
  });

  it('says what a disk that is only slow has cost, before what comes next', async (t) => {
    let release = (): void => {};
    const written: string[] = [];
    const { file, said } = fileOn(
      { room: 0, written: [] },
      {
        path: join(scratchFolder(t), 'audit'),
        mostWaiting: 20,
        write: (_descriptor, bytes, done) => {
          release = () => {
            written.push(bytes.toString());
            done(null, bytes.length);
          };
        },
      },
    );
    for (let i = 1; i <= 4; i++) file.add([`{"a":${i}}`]);
    release();
    release();
    file.add(['{"a":5}']);
    while (file.figures.waitingBytes > 0) release();
    const lines = written
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    assert.deepEqual(
      lines.map(({ a, lines: lost }) => a ?? `${lost} lost`),
      [1, 2, '2 lost', 5],
    );
    assert.deepEqual(said, []);
  });

  it('is put aside when it is large, and begun anew when it was moved, between two lines', async (t) => {
    const folder = scratchFolder(t);
    const at = join(folder, 'audit');
    const opts = {
      path: at,
      mostBytes: 200,
      now: () => 0,
      onFault: () => assert.fail(),
      onMended: () => assert.fail(),
    };
    const file = new AuditFile(opts);
    assert.equal(statSync(at).mode & 0o777, 0o600);
    for (let i = 1; i <= 50; i++) {
      file.add([`{"a":"${'x'.repeat(20)}"}`]);
      await file.close();
      if (i === 25) {
        renameSync(at, join(folder, 'moved'));
        file.reopen();
      }
    }
    const names = readdirSync(folder);
    assert.ok(names.includes('moved') && names.includes('audit') && names.length > 6, names.join());
    const numbers = names.flatMap((name) => linesIn(join(folder, name)).map(({ n }) => Number(n)));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    for (const name of names) assert.ok(statSync(join(folder, name)).size < 300, name);
  });

  it('ends a line of which a power cut has left the beginning', async (t) => {
    const at = join(scratchFolder(t), 'audit');
    writeFileSync(at, '{"n":1}\n{"n":2,"tor');
    const opts = { path: at, mostBytes: undefined, now: () => 0, onFault: () => {}, onMended: () => {} };
    for (const line of ['{"a":1}', '{"a":2}']) {
      const file = new AuditFile(opts);
      file.add([line]);
      await file.close();
    }
    assert.equal(readFileSync(at, 'utf8'), '{"n":1}\n{"n":2,"tor\n{"n":1,"a":1}\n{"n":1,"a":2}\n');
  });

  it('cannot be begun where there is no room for it', (t) => {
    const at = join(scratchFolder(t), 'missing', 'audit');
    const opts = { path: at, mostBytes: undefined, now: () => 0, onFault: () => {}, onMended: () => {} };
    assert.throws(() => new AuditFile(opts), withCode('CONFIG'));
  });
});

describe('ferryd --audit', () => {
  it('writes down every action of everybody, once', async (t) => {
    const dir = scratchFolder(t);
    const folder = scratchFolder(t);
    const at = join(folder, 'audit');
    writeFileSync(join(dir, 'big'), Buffer.alloc(3_000_000, 'x'));
    writeFileSync(join(dir, 'small'), 'hello');
    writeFileSync(join(dir, 'empty'), '');
    const server = await startServer(t, { dir, args: ['--threads', '1', '--audit', at] });
    const session = await logInto(server, { device: newDevice(), token: tokenOf(server.invite) });
    const { channel } = session;
    await channel.call(list, { path: rootPath });
    await assert.rejects(channel.call(stat, { path: path('nothing') }), withCode('NOT_FOUND'));
    await channel.call(mkdir, { path: path('new') });
    const { facts } = await channel.call(stat, { path: path('small') });
    const looked = { path: path('small'), identity: facts.identity, offset: 0, length: 3 };
    for (let i = 0; i < 3; i++) await channel.call(readRange, looked);
    const lane = await openLane(server, session);
    await lane.call(read, { path: path('empty'), identity: undefined, first: 0, count: 1 });
    await readWhole(lane, path('big'));
    const content = randomContent(1_500_000);
    await upload(lane, createOf(path('new/up'), content), content, new BlockPool());
    await assert.rejects(
      upload(lane, createOf(path('new/up'), content), content, new BlockPool()),
      withCode('EXISTS'),
    );
    await lane.call(fetch, { folder: rootPath, names: [...path('small'), ...path('missing')] });
    const packed = Buffer.from('packed');
    await lane.call(store, {
      folder: path('new'),
      overwrite: Overwrite.never,
      again: false,
      files: [
        {
          name: nameFromBytes(Buffer.from([0x70, 0xfe])),
          modified: facts.modified,
          mode: 0o644,
          rootDigest: contentDigest(packed),
          content: packed,
        },
      ],
    });
    const tree = { from: path('new'), to: path('copy'), existing: Existing.fail, expected: undefined };
    await channel.call(copy, tree);
    await channel.call(remove, { path: path('small') });
    await assert.rejects(logInto(server), withCode('AUTH_REQUIRED'));
    // As logrotate does it; what comes later is in the new file.
    await until(() => linesIn(at).some(({ verb, result }) => verb === 'login' && result !== 'ok'));
    renameSync(at, `${at}.1`);
    server.signal('SIGHUP');
    for (const each of [lane, channel]) each.close();
    const written = (): readonly Line[] => [...linesIn(`${at}.1`), ...linesIn(at)];
    // The signal may be heard after what comes next; then that stands in the old file.
    await until(
      () => readdirSync(folder).includes('audit') && written().some(({ verb }) => verb === 'logout'),
    );
    server.signal('SIGTERM');
    assert.equal(await server.ended, 0);
    for (const file of [at, `${at}.1`]) assert.ok(readFileSync(file, 'utf8').endsWith('}\n'));
    const lines = written();
    assert.deepEqual(
      lines.map(({ n }) => n),
      lines.map((_, i) => i + 1),
    );
    const told = lines.map(({ verb, path, to, bytes, result }) =>
      [verb, path, to, bytes, result].filter((field) => field !== undefined).join(' '),
    );
    assert.deepEqual(told.toSorted(), [
      'copy /new /copy 1500006 ok',
      'download /big 3000000 ok',
      'download /empty 0 ok',
      'download /missing 0 NOT_FOUND',
      'download /small 5 ok',
      'list / ok',
      'login AUTH_REQUIRED',
      'login ok',
      'logout ok',
      'mkdir /new ok',
      'readRange /small 9 ok',
      'remove /small ok',
      'start ok',
      'stat /nothing NOT_FOUND',
      'stat /small ok',
      'stop ok',
      'upload /new/p\\xfe 6 ok',
      'upload /new/up 0 EXISTS',
      'upload /new/up 1500000 ok',
    ]);
    for (const line of lines) {
      if (line['user'] === undefined) {
        assert.match(String(line['verb']), /^(?:start|stop|login)$/);
        continue;
      }
      assert.equal(line['user'], session.welcome.user);
      assert.match(String(line['device']), /^\S{9}$/);
      assert.match(String(line['from']), /^127\.0\.0\.1:\d+$/);
      assert.match(String(line['session']), /^[0-9a-f]{32}$/);
    }
    assert.equal(new Set(lines.map(({ session }) => session)).size, 2);
    assert.deepEqual([lines[0]?.['verb'], lines.at(-1)?.['verb']], ['start', 'stop']);
  });

  it('is no reason to stop when the disk is full, unless the owner says so', async (t) => {
    const dir = scratchFolder(t);
    const args = ['--open', '--threads', '1', '--audit', '/dev/full'];
    const server = await startServer(t, { dir, args });
    const { channel } = await logInto(server);
    await server.logged(/the audit log cannot be written: the disk is full; it is tried again/);
    await channel.call(list, { path: rootPath });
    channel.close();
    await assert.rejects(
      startServer(t, { dir, args: [...args, '--audit-or-stop'] }),
      /the audit log \/dev\/full cannot be written \(ENOSPC\)/,
    );
    const folder = join(scratchFolder(t), 'logs');
    mkdirSync(folder);
    const small = ['--audit', join(folder, 'audit'), '--audit-size', '1', '--audit-or-stop'];
    const strict = await startServer(t, { dir, args: ['--open', '--threads', '1', ...small] });
    rmSync(folder, { recursive: true });
    // The next file cannot be begun.
    await logInto(strict);
    assert.equal(await strict.ended, 1);
    assert.match(strict.log(), /without an audit log: going down/);
    await assert.rejects(
      startServer(t, { dir, args: ['--audit', join(dir, 'audit')] }),
      /the audit log may not lie in the shared folder/,
    );
  });
});
