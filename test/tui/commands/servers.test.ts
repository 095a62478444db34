/** `ferry servers`: whom this user trusts, and how that ends. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fingerprintFromHash } from '@ferry/protocol/session';
import { KnownServers } from '../../../packages/tui/src/client/known-servers.ts';
import { ferryMain as main } from '../../support/programs.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { userEnv } from '../../support/server.ts';

const fingerprint = fingerprintFromHash(Buffer.alloc(32, 7));
const since = new Date('2026-01-02T03:04:05Z');

type User = {
  readonly file: string;
  readonly ferry: (...args: readonly string[]) => { code: number | null; out: string; err: string };
};

function user(t: TestContext): User {
  const home = scratchFolder(t);
  return {
    file: join(home, 'data/ferry/known-servers.json'),
    ferry: (...args) => {
      const ran = spawnSync(process.execPath, [main, ...args], {
        env: userEnv(home),
        encoding: 'utf8',
        input: '',
      });
      return { code: ran.status, out: ran.stdout, err: ran.stderr };
    },
  };
}

test('nobody is known at first', (t) => {
  assert.deepEqual(user(t).ferry('servers'), { code: 0, out: '', err: '' });
});

test('lists whom one trusts since when, and forgets whom one names, as host:port or address', (t) => {
  const { file, ferry } = user(t);
  const servers = new KnownServers(file);
  for (const where of ['one:1', 'two:7377', '[::1]:3']) servers.remember(where, fingerprint, since);
  const row = (where: string): string => `${where}  since 2026-01-02\n  ${fingerprint}\n`;
  assert.equal(ferry('servers').out, row('one:1') + row('two:7377') + row('[::1]:3'));
  for (const text of ['one:1', 'ferry://two', '[::1]:3'])
    assert.equal(ferry('servers', 'forget', text).code, 0, text);
  assert.equal(servers.all().size, 0);
});

test('whom nobody knows, nobody can forget', (t) => {
  const { file, ferry } = user(t);
  new KnownServers(file).remember('one:1', fingerprint, since);
  const ran = ferry('servers', 'forget', 'one:2');
  assert.deepEqual([ran.code, ran.out], [1, '']);
  assert.equal(ran.err, 'ferry: one:2 is not among the known servers [NOT_FOUND]\n');
  assert.equal(ferry('servers', 'forget', 'no host').code, 2);
  assert.equal(ferry('servers', 'forget').code, 2);
});

test('a damaged list is refused and left as it is', (t) => {
  const { file, ferry } = user(t);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, '{"one:1":{}}');
  for (const args of [['servers'], ['servers', 'forget', 'one:1']]) {
    const ran = ferry(...args);
    assert.deepEqual([ran.code, ran.out], [1, '']);
    assert.match(ran.err, /\[CONFIG\]\n$/);
  }
  assert.equal(readFileSync(file, 'utf8'), '{"one:1":{}}');
});

test('a list that somebody else wrote acts on no terminal', (t) => {
  const { file, ferry } = user(t);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ '\x1b[31mred:1': { fingerprint, since: '\x1b[2J' } }));
  const { code, out } = ferry('servers');
  assert.equal(code, 0);
  assert.ok(!out.includes('\x1b'));
  assert.match(out, /^\\e\[31mred:1 {2}since \\e\[2J\n/);
});
