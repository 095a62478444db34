/**
 * Something is killed in the middle of it all, in turn: every transfer ends verified, nothing acknowledged is lost, no invite is
 * spent twice, no name has two winners. With one server on a folder here, and with three on object storage and NATS.
 */

import { type TestContext, test } from 'node:test';
import { randomFrom, runs, seed } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';
import { sharedCluster } from './cluster.ts';
import { clusterFleet } from './cluster-fleet.ts';
import { type Fleet, localFleet } from './fleet.ts';
import { type Figures, Rounds } from './rounds.ts';

async function roundsOf(fleet: Fleet, count: number, t: TestContext, start: number): Promise<void> {
  const rounds = new Rounds(fleet, scratchFolder(t), randomFrom(start));
  try {
    await rounds.prepare();
    for (let i = 0; i < count; i++) {
      const part = fleet.parts[i % fleet.parts.length];
      if (part === undefined) throw new Error('a fleet of no parts');
      t.diagnostic(`count: ${words(await rounds.round(part))}`);
    }
    t.diagnostic(`count: ${await rounds.conclude()} (seed ${start})`);
    t.diagnostic(
      `count: memory of a server at most ${fleet.servers.map(({ peakMiB }) => `${Math.round(peakMiB)} MiB`).join(', ')}`,
    );
  } catch (error) {
    process.stderr.write(`${fleet.log()}\n`);
    throw error;
  } finally {
    await rounds.close();
  }
}

function words({ killed, interrupted, transfers, seconds }: Figures): string {
  return `${killed} died with ${interrupted} of ${transfers} under way, all was done after ${seconds.toFixed(1)} s`;
}

test('one server and its balancer are killed while twenty files move', async (t) => {
  await roundsOf(await localFleet(t), Math.max(2, runs(4)), t, seed);
});

const cluster = await sharedCluster();
const skip = cluster === undefined ? 'there is no real cluster here' : false;

test('one of three servers, storage, its gateway, NATS and the balancer are killed while twenty files move', {
  skip,
}, async (t) => {
  if (cluster === undefined) return;
  const fleet = await clusterFleet(t, cluster, { servers: 3, bucket: `rounds-${Date.now()}` });
  const rounds = process.env['FERRY_BRIEF'] === '1' ? 3 : runs(20);
  await roundsOf(fleet, rounds, t, seed + 1);
});
