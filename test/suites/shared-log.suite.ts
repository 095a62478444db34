/** The contract of the log between servers as tests; see packages/server/src/replica/shared-log.ts. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { SharedLog } from '../../packages/server/src/replica/shared-log.ts';

/** @param make two servers' ends of a log that nobody has begun */
export function sharedLogSuite(name: string, make: () => Promise<readonly [SharedLog, SharedLog]>): void {
  const bodies = (entries: readonly { body: Buffer }[]): string[] =>
    entries.map(({ body }) => body.toString());
  const id = (): Buffer => randomBytes(16);

  test(`${name}: one beginning, one order, each entry once`, async () => {
    const [a, b] = await make();
    assert.equal(await a.facts(), undefined);
    const clusters = [randomBytes(8), randomBytes(8)] as const;
    await Promise.all([a.begin(clusters[0]), b.begin(clusters[1])]);
    const { cluster, first, last } = (await a.facts()) ?? assert.fail();
    assert.ok(clusters.some((one) => one.equals(cluster)));
    assert.deepEqual(await b.facts(), { cluster, first, last });
    assert.deepEqual([first, last], [1, 0]);
    assert.deepEqual(await a.read(1, 5), []);

    const rung = Promise.withResolvers<void>();
    const leave = b.onNews(rung.resolve);
    const same = id();
    await a.append(same, Buffer.from('x'));
    await rung.promise;
    await b.append(same, Buffer.from('x'));
    await Promise.all(['y', 'z'].map((text, i) => (i === 0 ? a : b).append(id(), Buffer.from(text))));
    leave();
    const all = await a.read(1, 9);
    assert.deepEqual(await b.read(1, 9), all);
    assert.deepEqual(
      all.map(({ seq }) => seq),
      [1, 2, 3],
    );
    assert.deepEqual(bodies(all).toSorted(), ['x', 'y', 'z']);
    assert.deepEqual(await b.read(2, 1), all.slice(1, 2));
    assert.equal((await b.facts())?.last, 3);
  });

  test(`${name}: a base is there whole, and what it stands for can be forgotten`, async () => {
    const [a, b] = await make();
    const cluster = randomBytes(8);
    assert.equal(await a.newestBase(cluster), undefined);
    const large = randomBytes(3_000_000);
    await a.putBase(cluster, { seq: 0, content: large });
    await a.putBase(randomBytes(8), { seq: 9, content: Buffer.from('of another') });
    assert.equal(await b.newestBase(cluster), 0);
    assert.ok((await b.readBase(cluster, 0))?.content.equals(large));
    await a.begin(cluster);
    for (let i = 1; i <= 5; i++) await a.append(id(), Buffer.from(`${i}`));
    await a.putBase(cluster, { seq: 4, content: Buffer.alloc(0) });
    assert.equal(await b.newestBase(cluster), 4);
    await b.forget(cluster, 3, 4);
    assert.deepEqual(await a.facts(), { cluster, first: 4, last: 5 });
    assert.deepEqual(await a.read(3, 2), [], 'what is forgotten is not there');
    assert.deepEqual(bodies(await a.read(4, 2)), ['4', '5']);
    assert.equal(await a.readBase(cluster, 0), undefined);
    assert.equal((await a.readBase(cluster, 4))?.content.length, 0);
    // Another server was faster: its base is newer than the one that this is told to keep.
    await b.putBase(cluster, { seq: 5, content: large });
    await a.forget(cluster, 5, 4);
    assert.equal(await a.newestBase(cluster), 5);
    assert.deepEqual(await b.facts(), { cluster, first: 6, last: 5 });
  });
}
