/** `ferryd doctor` and `ferry doctor`: what is weak is said, with what to do, and nothing is changed. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  checkClock,
  checkDescriptors,
  checkNode,
  type Finding,
  findingLines,
  ok,
  weak,
} from '@ferry/protocol';
import { readOrMakeIdentity } from '../../packages/server/src/access/identity.ts';
import { parseBus } from '../../packages/server/src/bus/bus-address.ts';
import { checkBus, checkListen, checkUser } from '../../packages/server/src/doctor.ts';
import { deviceKey } from '../../packages/tui/src/client/device-key.ts';
import { checkColours, checkLetters, checkTerminal } from '../../packages/tui/src/commands/doctor.ts';
import { ferryMain as ferry } from '../support/programs.ts';
import { scratchFolder } from '../support/scratch.ts';
import { ferryd, userEnv } from '../support/server.ts';

type Ran = { readonly code: number | null; readonly findings: readonly Finding[] };

function run(program: string, home: string, ...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'doctor', '--json', ...args], {
    env: userEnv(home, { TERM: 'xterm-256color', LANG: 'C.UTF-8' }),
    encoding: 'utf8',
  });
  assert.equal(stderr, '');
  const findings = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);
  for (const { health, fix } of findings) assert.equal(fix === undefined, health === 'ok');
  return { code: status, findings };
}

const worst = ({ findings }: Ran): string[] =>
  findings.filter(({ health }) => health === 'bad').map(({ check, says }) => `${check}: ${says}`);

describe('ferryd doctor', () => {
  test('finds nothing bad in a new setup, and makes nothing', (t) => {
    const home = scratchFolder(t);
    const ran = run(ferryd, home, scratchFolder(t));
    assert.deepEqual([ran.code, worst(ran)], [0, []]);
    assert.deepEqual(readdirSync(home), []);
  });

  test('says what is open to others, damaged or shared by mistake', (t) => {
    const home = scratchFolder(t);
    const key = join(home, 'data/ferryd/identity.pem');
    readOrMakeIdentity(key, Date.now());
    assert.deepEqual(worst(run(ferryd, home, scratchFolder(t))), []);
    chmodSync(key, 0o644);
    chmodSync(join(home, 'data/ferryd'), 0o777);
    const open = run(ferryd, home, home, '--open');
    assert.equal(open.code, 1);
    const said = worst(open).join('\n');
    assert.match(said, /identity: others may read or change the server's key/);
    assert.match(said, /identity: others may replace the server's key/);
    assert.match(said, /own files: the shared folder holds .*identity\.pem/);
    assert.match(said, /access: everybody who reaches 0\.0\.0\.0, :: may read, change and delete/);
    rmSync(key);
    writeFileSync(key, 'no key', { mode: 0o600 });
    assert.match(worst(run(ferryd, home, scratchFolder(t))).join('\n'), /identity: .*is damaged/);
    assert.match(worst(run(ferryd, home, join(home, 'nothing'))).join('\n'), /folder: .*cannot be read/);
  });

  test('knows what openness means where', () => {
    const at = (host: string) => [{ host, port: 1, optional: false }];
    assert.equal(checkListen(at('0.0.0.0'), 'nobody').health, 'ok');
    assert.equal(checkListen(at('127.0.0.1'), 'everybody').health, 'ok');
    assert.equal(checkListen(at('10.0.0.1'), 'readers').health, 'weak');
    assert.equal(checkListen(at('::'), 'everybody').health, 'bad');
    const bus = (url: string) => checkBus({ ...parseBus(url), name: 'x' }).map(({ health }) => health);
    assert.deepEqual(bus('nats://127.0.0.1,nats://[::1]'), ['ok']);
    assert.deepEqual(bus('nats://127.0.0.1,nats://10.0.0.1'), ['bad', 'weak']);
    assert.deepEqual(bus('tls://a:b@10.0.0.1'), ['ok', 'ok']);
    assert.deepEqual([checkUser(0).health, checkUser(1000).health], ['weak', 'ok']);
  });
});

describe('ferry doctor', () => {
  test('finds nothing bad in a new setup, and makes nothing', (t) => {
    const home = scratchFolder(t);
    const ran = run(ferry, home);
    assert.deepEqual([ran.code, worst(ran)], [0, []]);
    assert.deepEqual(readdirSync(home), []);
  });

  test('says which of its files are damaged or open to others', (t) => {
    const home = scratchFolder(t);
    const folder = join(home, 'data/ferry');
    deviceKey(join(folder, 'device.key'));
    assert.deepEqual(worst(run(ferry, home)), []);
    chmodSync(join(folder, 'device.key'), 0o640);
    writeFileSync(join(folder, 'known-servers.json'), '{', { mode: 0o600 });
    mkdirSync(join(home, 'state/ferry/queue.db'), { recursive: true });
    chmodSync(home, 0o777);
    const ran = run(ferry, home);
    assert.equal(ran.code, 1);
    assert.deepEqual(
      ran.findings.filter(({ health }) => health === 'bad').map(({ check }) => check),
      ['home', 'device key', 'known servers', 'queue'],
    );
  });

  test('knows terminals', () => {
    assert.equal(checkTerminal({ TERM: 'dumb' }, true).health, 'bad');
    assert.equal(checkTerminal({}, false).health, 'ok');
    assert.equal(checkTerminal({ TERM: 'tmux-256color' }, true).health, 'ok');
    assert.deepEqual(
      [{ TERM: 'vt100' }, { TERM: 'xterm', COLORTERM: 'truecolor' }].map(
        (env) => checkColours(env)[0]?.health,
      ),
      ['weak', 'ok'],
    );
    assert.equal(checkLetters({ LANG: 'C' }).health, 'weak');
    assert.equal(checkLetters({ LANG: 'C', LC_ALL: 'en_US.utf8' }).health, 'ok');
  });
});

test('versions, clocks and limits', () => {
  assert.deepEqual(
    ['24.20.9', '24.21.0', '26.1.0', '22.30.0'].map((version) => checkNode(version).health),
    ['bad', 'ok', 'ok', 'bad'],
  );
  const nowMs = Date.UTC(2027, 0, 1);
  assert.deepEqual(
    [
      checkClock(0, true),
      checkClock(nowMs, true),
      checkClock(nowMs, undefined),
      checkClock(nowMs, false),
    ].map(({ health }) => health),
    ['bad', 'ok', 'ok', 'weak'],
  );
  assert.deepEqual(
    [100, 1000, 5000].map((limit) => checkDescriptors(limit, 2000).health),
    ['bad', 'weak', 'ok'],
  );
});

test('lines for people say what to do; nothing in them acts on a terminal', () => {
  const lines = findingLines([ok('one', 'is good'), weak('two', 'is \x1b[2J', 'mend it')], false);
  assert.equal(
    lines,
    'ok    one            is good\nweak  two            is \\e[2J\n                     → mend it\n\n1 ok, 1 weak, 0 bad\n',
  );
});
