/** Which fingerprint a server must show. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BlockPool } from '@ferry/protocol/content';
import type { Link } from '@ferry/protocol/link';
import { type Address, type Fingerprint, fingerprintFromHash, hostPort } from '@ferry/protocol/session';
import { deviceKey } from '../../../packages/tui/src/client/device-key.ts';
import { enter } from '../../../packages/tui/src/client/enter.ts';
import { KnownServers } from '../../../packages/tui/src/client/known-servers.ts';
import {
  expectedFingerprint,
  mismatch,
  settleTrust,
  type TrustPolicy,
} from '../../../packages/tui/src/client/trust.ts';
import { withCode } from '../../support/code.ts';
import { countingProxy } from '../../support/counting-proxy.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { sharedServer } from '../../support/shared-server.ts';

const one = fingerprintFromHash(Buffer.alloc(32, 1));
const two = fingerprintFromHash(Buffer.alloc(32, 2));
const nobody: TrustPolicy = { pin: undefined, acceptNew: false, ask: undefined };
/** Nothing listens there: who dials it fails. */
const unreachable: Address = { host: '127.0.0.1', port: 1, user: undefined, path: [], invite: undefined };

const fresh = sharedServer();

function noServers(t: TestContext): KnownServers {
  return new KnownServers(join(scratchFolder(t), 'known-servers.json'));
}

test('whatever is claimed must agree', () => {
  const choices = [undefined, one, two];
  for (const known of choices)
    for (const invite of choices)
      for (const pin of choices) {
        const claims = new Set([known, invite, pin].filter((claim) => claim !== undefined));
        const expected = (): Fingerprint | undefined => expectedFingerprint('a:1', { known, invite, pin });
        if (claims.size > 1) assert.throws(expected, withCode('PIN_MISMATCH'));
        else assert.equal(expected(), [...claims][0]);
      }
});

test('a changed identity shows both, and the one way on', () => {
  const { message } = mismatch('host:1', one, two);
  assert.ok(message.includes(one) && message.includes(two));
  assert.ok(message.includes('ferry trust host:1'));
  const since = mismatch('host:1', one, two, '2026-11-21T09:00:00.000Z').message;
  assert.match(since, /^the identity of host:1 is not the one you know since 2026-11-21, somebody/);
});

test('who is known, invited to or pinned is not dialled to learn anything', async (t) => {
  const servers = noServers(t);
  const invite = { fingerprint: one, token: Buffer.alloc(16) };
  assert.equal(await settleTrust({ ...unreachable, invite }, nobody, servers), one);
  assert.equal(await settleTrust(unreachable, { ...nobody, pin: one }, servers), one);
  assert.equal(servers.all().size, 0, 'remembered before a login');
  servers.remember(hostPort(unreachable), two, new Date());
  assert.equal(await settleTrust(unreachable, nobody, servers), two);
  await assert.rejects(
    settleTrust({ ...unreachable, invite }, { ...nobody, acceptNew: true }, servers),
    withCode('PIN_MISMATCH'),
  );
});

test('a server that is not there is no first contact', async (t) => {
  const policy = { ...nobody, acceptNew: true };
  await assert.rejects(settleTrust(unreachable, policy, noServers(t)), withCode('CONNECT_FAILED'));
});

test('first contact is accepted by nobody but the person or --accept-new', async (t) => {
  const { host, port, fingerprint } = fresh().server;
  const address: Address = { ...unreachable, host, port };
  const servers = noServers(t);
  const asked: string[] = [];
  const asking = (answer: boolean): TrustPolicy => ({
    ...nobody,
    ask: async (...question) => {
      asked.push(question.join(' '));
      return answer;
    },
  });

  await assert.rejects(settleTrust(address, nobody, servers), (error: unknown) => {
    withCode('PIN_UNKNOWN')(error);
    assert.ok(error instanceof Error);
    for (const how of ['--pin', fingerprint, '--accept-new', 'invite'])
      assert.ok(error.message.includes(how));
    return true;
  });
  await assert.rejects(settleTrust(address, asking(false), servers), withCode('PIN_UNKNOWN'));
  assert.equal(servers.all().size, 0, 'remembered although refused');

  assert.equal(await settleTrust(address, asking(true), servers), fingerprint);
  assert.deepEqual(asked, Array(2).fill(`${hostPort(address)} ${fingerprint}`));
  assert.equal(servers.get(hostPort(address))?.fingerprint, fingerprint);

  const others = noServers(t);
  assert.equal(await settleTrust(address, { ...nobody, acceptNew: true }, others), fingerprint);
  assert.equal(others.get(hostPort(address))?.fingerprint, fingerprint);
});

test('what --accept-new looked at is gone on with: one connection makes the device known, and the server is remembered before its first byte', async (t) => {
  const { host, port } = fresh().server;
  const proxy = await countingProxy(t, port);
  const address: Address = { ...unreachable, host, port: proxy.port };
  const spec = {
    ...{ host, port: proxy.port, client: 'test', pool: new BlockPool() },
    device: deviceKey(join(scratchFolder(t), 'device.key')),
  };
  const ask = { user: undefined, sshKeys: async () => [], askPassword: undefined, attempts: 1 };
  const accepting = { ...nobody, acceptNew: true };

  for (const [meanwhile, connections] of [
    ['nothing', 1],
    ['the server leaves', 2],
  ] as const) {
    const servers = noServers(t);
    const before = proxy.connections().came;
    let kept: Link | undefined;
    const keep = (link: Link): void => {
      assert.ok(servers.get(hostPort(address)), 'remembered first');
      kept = link;
    };
    const fingerprint = await settleTrust(address, accepting, servers, { keep });
    if (meanwhile !== 'nothing') proxy.cut();
    await enter({ ...ask, spec: { ...spec, fingerprint }, link: kept ?? assert.fail() });
    assert.equal(proxy.connections().came - before, connections, meanwhile);
  }

  const never = (): void => assert.fail('a person takes longer than a server waits');
  const servers = noServers(t);
  await settleTrust(address, { ...nobody, ask: async () => true }, servers, { keep: never });
});

test('a damaged list stops everything, whatever else vouches', async (t) => {
  const servers = new KnownServers(scratchFolder(t));
  const policy = { ...nobody, pin: one, acceptNew: true };
  await assert.rejects(settleTrust(unreachable, policy, servers), withCode('CONFIG'));
});
