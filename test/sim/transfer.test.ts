/**
 * Files on their way in simulated worlds: cut lines, killed processes, power cuts, damaged blocks, a net that is away for a while.
 * A seed names a world.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runs, seed } from '../support/random.ts';
import { inThread } from './in-thread.ts';

test('files in simulated worlds: each whole or not there, and there once acknowledged', async (t) => {
  const count = runs(10_000);
  const sums = await inThread(new URL('./transfer/main.ts', import.meta.url), { seed, count });
  t.diagnostic(
    `count: ${count} simulated transfers of ${sums['files']} files, ${sums['kills']} kills, ${sums['cuts']} cut lines, ` +
      `${sums['powerCuts']} power cuts, ${sums['damaged']} damaged blocks, ${sums['again']} blocks written again, ${sums['events']} events, ` +
      `torn 0, acknowledged and lost 0 (seed ${seed})`,
  );
});

test('a net that was away a minute is found within three seconds of its return (8 s, and 17 s after half a minute)', async (t) => {
  const count = runs(40);
  const sums = await inThread(new URL('./away/main.ts', import.meta.url), { seed, count });
  const { awayS = 0, soon = 0, latestMs = 0, latestPerMille = 0 } = sums;
  assert.ok(soon >= 0.95 * count, `${soon} of ${count}`);
  t.diagnostic(
    `count: ${count} simulated nets away for ${awayS} s: bytes again within 3 s in ${soon}, after at most a minute ` +
      `${(latestMs / 1000).toFixed(1)} s late at most, after more ${(latestPerMille / 10).toFixed(1)} % of it (seed ${seed})`,
  );
});

test('one lane of several that falls silent holds up nothing: what it had goes over the others', async (t) => {
  const count = runs(40);
  const sums = await inThread(new URL('./away/stall.ts', import.meta.url), { seed, count });
  const { uploads = 0, downloads = 0, soon = 0, uploadMs = 0, downloadMs = 0 } = sums;
  // Without the silent one such a file takes up to eight seconds; one that the first request of all went over costs fifteen more.
  assert.ok(soon >= 0.7 * count, `${soon} of ${count}`);
  t.diagnostic(
    `count: a lane fell silent in ${uploads} simulated uploads and ${downloads} downloads: ${soon} were done within 12 s, ` +
      `all after ${(uploadMs / 1000).toFixed(1)} s and ${(downloadMs / 1000).toFixed(1)} s (seed ${seed})`,
  );
});
