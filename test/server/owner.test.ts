/** What the owner types beside a server: accounts, invites, devices. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { list, stat } from '@ferry/protocol/messages';
import { table } from '@ferry/protocol/terminal/table';
import { unbounded } from '../../packages/server/src/access/bounds.ts';
import {
  boundsText,
  boundsWith,
  parseRights,
  parseRule,
  ruleText,
  settingsFrom,
} from '../../packages/server/src/access/settings.ts';
import { logInto, newDevice, tokenOf } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { ferryd, startServer, userEnv } from '../support/server.ts';

/** Runs `ferryd …` as the user with this home. */
function owner(home: string) {
  return (
    ...args: readonly string[]
  ): { readonly out: string; readonly err: string; readonly code: number | null } => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [ferryd, ...args], {
      env: userEnv(home),
      encoding: 'utf8',
    });
    return { out: stdout, err: stderr, code: status };
  };
}

async function begin(t: TestContext) {
  const dir = scratchFolder(t);
  const server = await startServer(t, { dir, args: ['--threads', '1'] });
  return { dir, server, run: owner(server.home) };
}

describe('ferryd user', () => {
  it('makes, shows, changes and removes accounts, for a running server too', async (t) => {
    const { dir, server, run } = await begin(t);
    mkdirSync(join(dir, 'photos/private'), { recursive: true });
    writeFileSync(join(dir, 'photos/a.jpg'), 'x');
    const added = run(
      'user',
      'add',
      'anna',
      '--role',
      'reader',
      '--path',
      'photos',
      '--rule',
      'photos/private=none',
    );
    assert.equal(added.code, 0, added.err);
    assert.match(added.out, /ferryd invite --user anna/);
    const token = tokenOf(run('invite', '--user', 'anna').out.split(' ')[1]?.trim());
    const device = newDevice();
    const { channel, welcome } = await logInto(server, { device, token });
    assert.deepEqual([welcome.user, welcome.readOnly], ['anna', true]);
    const names: string[] = [];
    await channel.call(
      list,
      { path: [] },
      { onPart: ({ entries }) => names.push(...entries.map(({ name }) => `${name}`)) },
    );
    assert.deepEqual(names, ['a.jpg']);
    const shown = run('user', 'list').out;
    assert.match(shown, /^anna +reader +\/photos +1 +- +- +\/photos\/private=none$/m);
    const [first] = JSON.parse(run('user', 'list', '--json').out) as { user: string; devices: number }[];
    assert.deepEqual([first?.user, first?.devices], ['anna', 1]);
    const devices = run('devices').out;
    assert.match(devices, /^[a-z2-7]{4}-[a-z2-7]{4} +anna +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d +test 1$/m);
    assert.match(
      run('user', 'set', 'anna', '--role', 'writer', '--no-rules', '--expires', '30d').out,
      /writer/,
    );
    await channel.call(stat, { path: path('private') });
    assert.match(run('user', 'set', 'anna').err, /say what to change/);
    assert.equal(run('user', 'revoke', 'anna').code, 0);
    await assert.rejects(channel.call(stat, { path: [] }), withCode('REVOKED'));
    assert.equal(run('user', 'remove', 'anna').code, 0);
    assert.match(run('user', 'remove', 'anna').err, /^ferryd: there is no account anna.*\[USAGE\]$/m);
  });

  it('refuses in one sentence what it does not understand', (t) => {
    const run = owner(scratchFolder(t));
    for (const [args, sentence] of [
      [['user', 'add', 'anna', '--role', 'king'], /--role wants one of owner, writer, reader, uploader/],
      [['user', 'add', 'a b'], /no blanks/],
      [['user', 'add', 'anna', '--rule', 'private'], /--rule wants FOLDER=RIGHTS/],
      [['user', 'set', 'anna'], /say what to change/],
      [['user', 'set', 'anna', '--role', 'reader'], /there is no account anna/],
      [['kick', 'anna'], /there is no account anna/],
      [['devices', '--remove', 'abcd'], /no device begins with abcd/],
    ] as const) {
      const { err, code } = run(...args);
      assert.match(err, sentence, args.join(' '));
      assert.equal(code, 2);
      assert.equal(err.trim().split('\n').length, 1);
    }
  });
});

describe('ferryd invite', () => {
  it('makes an account of its own for each, shows what is open, and takes it back', async (t) => {
    const { dir, server, run } = await begin(t);
    const line = run('invite', '--role', 'uploader', '--path', 'in/box').out;
    const other = run('invite', '--read-only', '--uses', '3').out;
    const shown = run('invites').out;
    assert.match(shown, /^\S+ +guest1 +1 +.* UTC$/m);
    assert.match(shown, /^\S+ +guest2 +3 +.* UTC$/m);
    const id = /^(\S+) +guest2/m.exec(shown)?.[1] ?? '';
    assert.equal(run('invites', '--remove', id).code, 0);
    await assert.rejects(
      logInto(server, { device: newDevice(), token: tokenOf(other.split(' ')[1]) }),
      withCode('AUTH_FAILED'),
    );
    const { channel, welcome } = await logInto(server, {
      device: newDevice(),
      token: tokenOf(line.split(' ')[1]),
    });
    assert.equal(welcome.user, 'guest1');
    await assert.rejects(channel.call(list, { path: [] }), withCode('FORBIDDEN'));
    assert.ok(statSync(join(dir, 'in/box')).isDirectory(), 'an account may have a folder of its own');
    channel.close();
  });

  it('changes no account that is there (AUTH-12)', async (t) => {
    const { run } = await begin(t);
    assert.equal(run('invite', '--user', 'anna', '--role', 'reader').code, 0);
    assert.equal(run('invite', '--user', 'anna').code, 0);
    assert.match(run('invite', '--user', 'anna', '--role', 'owner').err, /has other rights/);
  });
});

describe('settings', () => {
  it('are read as they are shown', () => {
    for (const text of ['/drafts=list,read', '/private=none', '/a/b=create,mkdir']) {
      assert.equal(ruleText(parseRule(text)), text);
    }
    assert.deepEqual(parseRights('reader'), new Set(['list', 'read']));
    assert.ok(!parseRights('owner').has('admin'), 'looking after accounts belongs to no folder');
    assert.throws(() => parseRule('x=admin'), withCode('USAGE'));
    assert.throws(() => parseRule('../x=none'), withCode('NAME_INVALID'));
    assert.deepEqual(settingsFrom({ expires: 'never' }, 0), { expiresMs: undefined });
    assert.deepEqual(settingsFrom({ expires: '1h' }, 1000), { expiresMs: 3_601_000 });
    assert.deepEqual(settingsFrom({}, 0), {});
  });

  it('bound what an account holds and moves', () => {
    const bounds = boundsWith(unbounded, { quota: '1.5G', quotaFiles: '20', down: '5M' });
    assert.deepEqual(bounds, {
      ...unbounded,
      quotaBytes: 1.5 * 1024 ** 3,
      quotaFiles: 20,
      downRate: 5 * 1024 ** 2,
    });
    assert.equal(boundsText(bounds), '1.5 GiB, 20 files, down 5 MiB/s');
    assert.deepEqual(boundsWith(bounds, { quota: 'none', up: '512k' }), {
      ...bounds,
      quotaBytes: undefined,
      upRate: 512 * 1024,
    });
    for (const bad of [
      { quota: '5X' },
      { quota: '' },
      { quota: '-1' },
      { quotaFiles: '0' },
      { down: '1K' },
    ]) {
      assert.throws(() => boundsWith(unbounded, bad), withCode('USAGE'), JSON.stringify(bad));
    }
  });

  it('stand in columns', () => {
    assert.equal(table(['A', 'BB'], [['xyz', '1']], 'none'), 'A    BB\nxyz  1\n');
    assert.equal(table(['A'], [], 'none'), 'none\n');
  });
});
