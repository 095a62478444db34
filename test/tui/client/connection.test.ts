/** When a connection is tried again: by itself with growing waits, and at once when somebody wishes it. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BlockPool } from '@ferry/protocol/content';
import { fingerprintFromHash } from '@ferry/protocol/session';
import { Connection } from '@ferry/tui/client/connection';
import { deviceKey } from '@ferry/tui/client/device-key';
import type { ConnectionStatus } from '@ferry/tui/engine/engine';

/** A port where nobody answers. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('who wishes it does not wait half a minute for the next attempt, and the count of attempts goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ferry-connection-'));
  const attempts: number[] = [];
  let connection: Connection | undefined;
  // By themselves twelve attempts would take minutes.
  await new Promise<void>((done) => {
    const onStatus = (status: ConnectionStatus): void => {
      if (status.phase !== 'offline') return;
      attempts.push(status.attempt);
      if (status.attempt >= 12) done();
      else setImmediate(() => connection?.retryNow());
    };
    void deadPort().then((port) => {
      connection = new Connection({
        spec: {
          host: '127.0.0.1',
          port,
          fingerprint: fingerprintFromHash(new Uint8Array(32)),
          token: undefined,
          device: deviceKey(join(folder, 'device.key')),
          client: 'test',
          pool: new BlockPool(),
        },
        onStatus,
        attempts: { first: Number.POSITIVE_INFINITY, laterMs: Number.POSITIVE_INFINITY },
        random: () => 1,
      });
    });
  });
  assert.deepEqual(
    attempts,
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  connection?.close();
  connection?.retryNow();
  assert.equal(connection?.status.phase, 'closed');
  rmSync(folder, { recursive: true });
});
