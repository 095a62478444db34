/** Lanes that are dialled beside a login: as many as are wanted, to nobody but the server that is known, and none is left over. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { limits } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { read } from '@ferry/protocol/messages';
import { fingerprintFromHash, parseFingerprint } from '@ferry/protocol/session';
import { deviceKey } from '@ferry/tui/client/device-key';
import { type OpenOpts, Session, type SessionSpec } from '@ferry/tui/client/session';
import { eventually } from '../../e2e/terminal.ts';
import { withCode } from '../../support/code.ts';
import { type CountingProxy, countingProxy } from '../../support/counting-proxy.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { sharedServer } from '../../support/shared-server.ts';

const silent = { event: () => {}, end: () => {} };

describe('lanes ahead', { concurrency: 1 }, () => {
  const fresh = sharedServer();

  async function reach(t: TestContext): Promise<{ spec: SessionSpec; proxy: CountingProxy; shared: string }> {
    const { server, shared } = fresh();
    const proxy = await countingProxy(t, server.port);
    const device = deviceKey(join(scratchFolder(t), 'device.key'));
    const fingerprint = parseFingerprint(server.fingerprint) ?? assert.fail();
    const where = { host: server.host, port: proxy.port, fingerprint, token: undefined };
    return { spec: { ...where, device, client: 'test', pool: new BlockPool() }, proxy, shared };
  }

  async function open(spec: SessionSpec, opts: OpenOpts = {}): Promise<Session> {
    return Session.open(spec, silent, opts);
  }

  test('are the first that a session opens, and carry bytes', async (t) => {
    const { spec, proxy, shared } = await reach(t);
    writeFileSync(join(shared, 'file'), 'content');
    const session = await open(spec, { lanesAhead: () => 2 });
    const lanes = [await session.openLane(), await session.openLane()];
    assert.equal(proxy.connections().came, 3, 'one for the session, one for each lane');
    lanes.push(await session.openLane());
    assert.equal(proxy.connections().came, 4, 'the third is dialled when it is wanted');
    for (const lane of lanes) {
      let content = '';
      const onBlock = (_: unknown, bytes: Buffer): void => {
        content += bytes.toString();
      };
      await lane.call(read, { path: path('file'), identity: undefined, first: 0, count: 1 }, { onBlock });
      assert.equal(content, 'content');
      lane.close();
    }
    session.close();
    await eventually('all ended', () => proxy.connections().open === 0);
  });

  test('are dialled only when something is to be moved', async (t) => {
    const { spec, proxy } = await reach(t);
    const session = await open(spec);
    assert.equal(proxy.connections().came, 1);
    session.close();
  });

  test('are asked about by a round trip that a near server’s work does not lengthen', async (t) => {
    const { spec } = await reach(t);
    const trips: number[] = [];
    const lanesAhead = (rttMs: number): number => {
      trips.push(rttMs);
      return 0;
    };
    (await open(spec, { lanesAhead })).close();
    assert.equal(trips.length, 1);
    const far = await countingProxy(t, spec.port, 30);
    (await open({ ...spec, port: far.port }, { lanesAhead })).close();
    assert.ok((trips[1] ?? 0) >= 60, `a line of 60 ms is told from none: ${trips.join(', ')}`);
  });

  test('end with the session when nobody took them', async (t) => {
    const { spec, proxy } = await reach(t);
    const session = await open(spec, { lanesAhead: () => limits.sessionLanes });
    await eventually('all dialled', () => proxy.connections().came === 1 + limits.sessionLanes);
    session.close();
    await eventually('all ended', () => proxy.connections().open === 0);
  });

  test('are not dialled to whoever is not the server, and end with a login that fails', async (t) => {
    const { spec, proxy } = await reach(t);
    const other = fingerprintFromHash(new Uint8Array(32));
    await assert.rejects(
      open({ ...spec, fingerprint: other }, { lanesAhead: () => 4 }),
      withCode('PIN_MISMATCH'),
    );
    assert.equal(proxy.connections().came, 1);
    const cancel = new AbortController();
    const lanesAhead = (): number => {
      setImmediate(() => cancel.abort());
      return 4;
    };
    await assert.rejects(open(spec, { lanesAhead, signal: cancel.signal }), withCode('CANCELLED'));
    await eventually('all ended', () => proxy.connections().open === 0);
  });
});
