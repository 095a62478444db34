/** Interrupted while it still waits for the server, a command ends at once and does nothing any more. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fingerprintFromHash, formatInvite } from '@ferry/protocol/session';
import { ferryMain as ferry } from '../../support/programs.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { userEnv } from '../../support/server.ts';

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  for (const command of ['get', 'put'] as const) {
    test(`${command}: ${signal} while a silent server is waited for ends with 130`, async (t) => {
      // Takes connections and never says a word.
      const silent = createServer();
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      t.after(() => silent.close());
      const address = silent.address();
      assert.ok(typeof address === 'object' && address !== null);
      const where = `ferry://127.0.0.1:${address.port}/f`;
      const folder = scratchFolder(t);
      writeFileSync(join(folder, 'own'), 'own');
      const args = command === 'get' ? [where, folder] : [join(folder, 'own'), where];
      const pin = fingerprintFromHash(Buffer.alloc(32));
      const child = spawn(process.execPath, [ferry, command, ...args, '--pin', pin], {
        env: userEnv(scratchFolder(t)),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      t.after(() => child.kill('SIGKILL'));
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (bytes: Buffer) => {
          said += bytes.toString();
        });
      const [socket] = await once(silent, 'connection');
      t.after(() => socket.destroy());
      child.kill(signal);
      const [code] = await once(child, 'close');
      assert.deepEqual([code, said], [130, '']);
      assert.deepEqual(readdirSync(folder), ['own']);
    });
  }
}

test('an invite among the arguments is not to be seen by others on the machine (AUTH-26)', async (t) => {
  const silent = createServer();
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => silent.close());
  const address = silent.address();
  assert.ok(typeof address === 'object' && address !== null);
  const secret = Buffer.alloc(16, 7);
  const invite = formatInvite(
    { host: '127.0.0.1', port: address.port },
    fingerprintFromHash(Buffer.alloc(32)),
    secret,
  );
  const child = spawn(process.execPath, [ferry, 'ls', invite], {
    env: userEnv(scratchFolder(t)),
    stdio: 'ignore',
  });
  t.after(() => child.kill('SIGKILL'));
  const [socket] = await once(silent, 'connection');
  t.after(() => socket.destroy());
  const seen = readFileSync(`/proc/${child.pid}/cmdline`, 'latin1');
  assert.match(seen, /^ferry\0/);
  assert.ok(!seen.includes('#') && !seen.includes(invite.slice(-20)));
});
