/** Keys of OpenSSH: as ssh-keygen writes them, as the agent holds them, and what a login with them leads to. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { BlockPool } from '@ferry/protocol/content';
import { type Fingerprint, verifyDevice } from '@ferry/protocol/session';
import { Accounts, newAccount } from '../../../packages/server/src/access/accounts.ts';
import { hashPassword } from '../../../packages/server/src/access/password.ts';
import { parsePublicKey, readPublicKey } from '../../../packages/server/src/access/public-key.ts';
import { placesOf } from '../../../packages/server/src/config.ts';
import { deviceKey } from '../../../packages/tui/src/client/device-key.ts';
import { enter } from '../../../packages/tui/src/client/enter.ts';
import { keyFromFile, keysFromAgent, parseKey } from '../../../packages/tui/src/client/ssh-key.ts';
import { withCode } from '../../support/code.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { type Server, startServer, userEnv } from '../../support/server.ts';

const noSsh = ['ssh-keygen', 'ssh-agent', 'ssh-add'].some((tool) => spawnSync('which', [tool]).status !== 0);
const skip = noSsh && 'OpenSSH is not installed';
const text = Buffer.from('sign this');

function makeKey(t: TestContext, passphrase = '', type = 'ed25519'): string {
  const file = join(scratchFolder(t), 'key');
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'me@here', '-f', file]);
  return file;
}

describe('an OpenSSH key', { skip }, () => {
  it('in a file signs as its public half says', async (t) => {
    const file = makeKey(t);
    const signer = keyFromFile(file);
    assert.ok(signer);
    const shown = readPublicKey(`${file}.pub`);
    assert.deepEqual([Buffer.from(signer.publicKey), shown.comment], [Buffer.from(shown.key), 'me@here']);
    assert.ok(verifyDevice(shown.key, text, await signer.sign(text)));
  });

  it('with a passphrase, of another type, cut off, or missing is none', (t) => {
    assert.equal(keyFromFile(makeKey(t, 'a passphrase')), undefined);
    assert.equal(keyFromFile(makeKey(t, '', 'ecdsa')), undefined);
    assert.equal(keyFromFile(join(scratchFolder(t), 'none')), undefined);
    const whole = readFileSync(makeKey(t), 'utf8');
    for (const part of [0.3, 0.5, 0.7, 0.9]) {
      const file = join(scratchFolder(t), 'cut');
      const lines = whole.trim().split('\n');
      const body = lines.slice(1, -1).join('');
      writeFileSync(file, [lines[0], body.slice(0, Math.floor(body.length * part)), lines.at(-1)].join('\n'));
      assert.equal(keyFromFile(file), undefined);
    }
    assert.equal(parseKey('no key'), undefined);
  });

  it('for an account is the public half, and nothing else is taken for one', (t) => {
    const file = makeKey(t);
    assert.throws(() => readPublicKey(file), withCode('USAGE'));
    assert.throws(() => readPublicKey(`${makeKey(t, '', 'ecdsa')}.pub`), withCode('USAGE'));
    const line = readFileSync(`${file}.pub`, 'utf8').trim();
    assert.ok(parsePublicKey(line));
    assert.equal(parsePublicKey(`${line}\n${line}`), undefined);
    assert.equal(parsePublicKey(line.slice(0, 40)), undefined);
    assert.equal(parsePublicKey(`from="10.0.0.1" ${line}`), undefined);
  });
});

describe('the agent', { skip }, () => {
  it('signs with the keys it holds', async (t) => {
    const file = makeKey(t);
    const socket = join(scratchFolder(t), 'agent');
    const agent = startAgent(t, socket);
    await socketThere(socket, agent);
    execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    const [signer] = await keysFromAgent(socket);
    assert.ok(signer);
    assert.ok(verifyDevice(readPublicKey(`${file}.pub`).key, text, await signer.sign(text)));
  });

  it('that is not there, or talks nonsense, has none', async (t) => {
    assert.deepEqual(await keysFromAgent(undefined), []);
    assert.deepEqual(await keysFromAgent(join(scratchFolder(t), 'none')), []);
    for (const answer of ['0000000105', '000000090cffffffff00000001', 'ffffffff0c', '']) {
      const path = join(scratchFolder(t), 'odd');
      const server = createServer((socket) => socket.end(Buffer.from(answer, 'hex')));
      await once(server.listen(path), 'listening');
      assert.deepEqual(await keysFromAgent(path), []);
      server.close();
    }
  });
});

describe('a device that is not known', { skip }, () => {
  const specOf = (t: TestContext, { host, port, fingerprint }: Server) => ({
    host,
    port,
    fingerprint: fingerprint as Fingerprint,
    device: deviceKey(join(scratchFolder(t), 'device.key')),
    client: 'test 1',
    pool: new BlockPool(),
  });

  it('gets in by an OpenSSH key, and from then on with its own', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--threads', '1'] });
    const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    t.after(() => accounts.close());
    const file = makeKey(t);
    accounts.add('anna', newAccount, 0);
    accounts.addDevice('anna', readPublicKey(`${file}.pub`).key, 'me', 0);
    const signer = keyFromFile(file);
    assert.ok(signer);
    const spec = specOf(t, server);
    const common = { spec, user: 'anna', attempts: 3, askPassword: undefined };
    await assert.rejects(enter({ ...common, sshKeys: async () => [] }), withCode('AUTH_FAILED'));
    await enter({ ...common, sshKeys: async () => [signer] });
    await enter({ ...common, sshKeys: () => assert.fail('it is known') });
    assert.equal(accounts.get('anna')?.devices, 2);
  });

  it('gets in by a password, which may be corrected', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--threads', '1'] });
    const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
    t.after(() => accounts.close());
    accounts.add('anna', newAccount, 0);
    accounts.setPassword('anna', hashPassword('secret'));
    const spec = specOf(t, server);
    const typed = ['wrong', 'secret'];
    const common = { spec, user: 'anna', sshKeys: async () => [] };
    await enter({
      ...common,
      attempts: 3,
      askPassword: async (_user, attempt) => ({
        user: 'anna',
        password: typed[attempt - 1] ?? assert.fail('asked too often'),
      }),
    });
    await enter({ ...common, attempts: 1, askPassword: () => assert.fail('it is known') });
    await assert.rejects(
      enter({
        ...common,
        spec: specOf(t, server),
        attempts: 1,
        askPassword: async () => ({ user: 'anna', password: 'wrong' }),
      }),
      withCode('AUTH_FAILED'),
    );
  });
});

function startAgent(t: TestContext, socket: string): ChildProcess {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  t.after(() => agent.kill());
  return agent;
}

async function socketThere(socket: string, agent: ChildProcess): Promise<void> {
  while (!existsSync(socket)) {
    assert.equal(agent.exitCode, null, 'the agent has ended');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
