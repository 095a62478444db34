/** The first visit of a device that has no invite, as a user types it; and what its owner's commands look like from there. */

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { Accounts, newAccount } from '../../../packages/server/src/access/accounts.ts';
import { unbounded } from '../../../packages/server/src/access/bounds.ts';
import { hashPassword } from '../../../packages/server/src/access/password.ts';
import { readPublicKey } from '../../../packages/server/src/access/public-key.ts';
import { placesOf } from '../../../packages/server/src/config.ts';
import { ferryMain as ferry } from '../../support/programs.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { type Server, startServer, userEnv } from '../../support/server.ts';

const skip = spawnSync('which', ['ssh-keygen']).status !== 0 && 'OpenSSH is not installed';

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };

function run(home: string, ...args: readonly string[]): { readonly ended: Promise<Ran> } {
  const { SSH_AUTH_SOCK: _, ...env } = userEnv(home);
  const child = spawn(process.execPath, [ferry, ...args], {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const ended = Promise.all([code, text(child.stdout), text(child.stderr)]).then(([code, out, err]) => ({
    code,
    out,
    err,
  }));
  return { ended };
}

async function begin(t: TestContext): Promise<{ server: Server; accounts: Accounts; dir: string }> {
  const dir = scratchFolder(t);
  writeFileSync(join(dir, 'hello.txt'), 'hello');
  const server = await startServer(t, { dir, args: ['--threads', '1'] });
  const accounts = new Accounts(placesOf(userEnv(server.home), server.home).accessFile);
  t.after(() => accounts.close());
  return { server, accounts, dir };
}

describe('a first visit', () => {
  it('with a password from a file makes the device known', async (t) => {
    const { server, accounts } = await begin(t);
    accounts.add('anna', { ...newAccount, role: 'reader' }, 0);
    accounts.setPassword('anna', hashPassword('kahn-über'));
    const home = scratchFolder(t);
    const address = `ferry://anna@127.0.0.1:${server.port}/`;
    const pin = ['--pin', server.fingerprint];
    writeFileSync(join(home, 'wrong'), 'kahn\n');
    writeFileSync(join(home, 'right'), 'kahn-über\n');
    const wrong = await run(home, 'ls', address, ...pin, '--password-file', 'wrong').ended;
    assert.deepEqual(
      [wrong.code, wrong.err],
      [4, 'ferry: the name or the password is wrong [AUTH_FAILED]\n'],
    );
    const none = await run(home, 'ls', address, ...pin).ended;
    assert.match(
      none.err,
      /does not know this device as one of anna: use an invite, or --password-file \[AUTH_FAILED\]/,
    );
    const right = await run(home, 'ls', address, ...pin, '--password-file', 'right').ended;
    assert.deepEqual([right.code, right.out, right.err], [0, 'hello.txt\n', '']);
    accounts.setPassword('anna', undefined);
    assert.equal((await run(home, 'ls', `ferry://127.0.0.1:${server.port}/`).ended).out, 'hello.txt\n');
  });

  it('with ~/.ssh/id_ed25519 needs nothing else', { skip }, async (t) => {
    const { server, accounts } = await begin(t);
    const home = scratchFolder(t);
    mkdirSync(join(home, '.ssh'));
    const file = join(home, '.ssh/id_ed25519');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
    accounts.add('bob', newAccount, 0);
    accounts.addDevice('bob', readPublicKey(`${file}.pub`).key, 'bob', 0);
    const first = await run(home, 'ls', `ferry://127.0.0.1:${server.port}/`, '--pin', server.fingerprint)
      .ended;
    assert.deepEqual([first.code, first.out, first.err], [0, 'hello.txt\n', '']);
    assert.equal(accounts.get('bob')?.devices, 2);
  });
});

describe('a guest', () => {
  it('is told in words what they may not do, and that they are out, in the middle of a download', async (t) => {
    const { server, accounts, dir } = await begin(t);
    writeFileSync(join(dir, 'big'), Buffer.alloc(64 * 1024 * 1024));
    // Slow enough to be interrupted, however fast the machine is.
    accounts.add('anna', { ...newAccount, role: 'reader', bounds: { ...unbounded, downRate: 2 ** 20 } }, 0);
    accounts.setPassword('anna', hashPassword('secret'));
    const home = scratchFolder(t);
    const address = `ferry://anna@127.0.0.1:${server.port}/`;
    const connect = ['--pin', server.fingerprint, '--password-file', 'secret'];
    writeFileSync(join(home, 'secret'), 'secret');
    writeFileSync(join(home, 'mine'), 'mine');
    const put = await run(home, 'put', 'mine', address, ...connect).ended;
    assert.equal(put.code, 4);
    assert.match(put.err + put.out, /you may look and download here, but not change anything \[READ_ONLY\]/);
    const download = run(home, 'get', `${address}big`);
    const partials = join(home, '.ferry/part');
    while (!existsSync(partials) || readdirSync(partials).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    accounts.revoke('anna');
    const { code, out, err } = await download.ended;
    assert.equal(code, 4);
    assert.match(out + err, /the owner of this server has taken your access away \[REVOKED\]/);
    assert.ok(!existsSync(join(home, 'big')));
  });
});
