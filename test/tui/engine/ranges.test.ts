/** Looking into files of both sides: what comes, what is refused, and how little of a huge file travels. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { limits } from '@ferry/protocol';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import { EngineThread } from '../../../packages/tui/src/engine/engine-thread.ts';
import { withCode } from '../../support/code.ts';
import { countingProxy } from '../../support/counting-proxy.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { startServer } from '../../support/server.ts';
import { sharedServer } from '../../support/shared-server.ts';
import { bench, localPath, optsFor, sparse } from './bench.ts';

const most = limits.rangeBytes;
const served = sharedServer();

for (const [where, make] of [
  ['inline', (opts: ConstructorParameters<typeof EngineCore>[0]) => new EngineCore(opts)],
  ['on its thread', (opts: ConstructorParameters<typeof EngineCore>[0]) => new EngineThread(opts)],
] as const) {
  test(`ranges of a file of both sides, ${where}`, async (t) => {
    const { engine, shared, local } = await bench(t, make, served());
    for (const [source, folder, at] of [
      [engine.remote, shared, (below: string) => path(below)],
      [engine.local, local, (below: string) => localPath(local, below)],
    ] as const) {
      const bytes = randomBytes(most + 1000);
      writeFileSync(join(folder, 'f'), bytes);
      mkdirSync(join(folder, 'd'));
      for (const [offset, length, expected] of [
        [0, most, most],
        [most, most, 1000],
        [500, 1, 1],
        [bytes.length, 10, 0],
        [2 ** 51, 10, 0],
      ] as const) {
        const { facts, content } = await source.readRange(at('f'), { offset, length });
        assert.equal(facts.size, bytes.length);
        assert.equal(content.length, expected);
        assert.ok(bytes.subarray(offset, offset + expected).equals(content), `${offset} + ${length}`);
      }
      const { facts } = await source.readRange(at('f'), { offset: 0, length: 1 });
      const { identity } = facts;
      await source.readRange(at('f'), { identity, offset: 0, length: 1 });
      appendFileSync(join(folder, 'f'), 'more');
      const again = { identity, offset: 0, length: 1 };
      await assert.rejects(source.readRange(at('f'), again), withCode('SOURCE_CHANGED'));
      const grown = await source.readRange(at('f'), { offset: bytes.length, length: 10 });
      assert.equal(Buffer.from(grown.content).toString(), 'more');
      await assert.rejects(source.readRange(at('none'), { offset: 0, length: 1 }), withCode('NOT_FOUND'));
      await assert.rejects(source.readRange(at('d'), { offset: 0, length: 1 }), withCode('NOT_REGULAR'));
      symlinkSync('f', join(folder, 'link'));
      const byLink = source.readRange(at('link'), { offset: 0, length: 3 });
      // The user's own links are followed, as a file manager does; the server follows none.
      if (source === engine.local) assert.ok(bytes.subarray(0, 3).equals((await byLink).content));
      else await assert.rejects(byLink, withCode('NOT_FOUND'));
    }
  });
}

test('a request for more than a range may have is refused', async (t) => {
  const { engine, shared } = await bench(t, (opts) => new EngineCore(opts));
  writeFileSync(join(shared, 'f'), 'x');
  await assert.rejects(
    engine.remote.readRange(path('f'), { offset: 0, length: most + 1 }),
    withCode('MALFORMED'),
  );
});

test('the end of 50 GB costs less than 1 MB on the line', async (t) => {
  const shared = scratchFolder(t);
  const size = 50e9;
  sparse(join(shared, 'huge.log'), size);
  const file = openSync(join(shared, 'huge.log'), 'r+');
  writeSync(file, 'the last line\n', size - 14);
  closeSync(file);
  const server = await startServer(t, { dir: shared, args: ['--open'] });
  const proxy = await countingProxy(t, server.port);
  const engine = new EngineCore(optsFor(t, { ...server, port: proxy.port }));
  t.after(() => engine.close());
  const { content } = await engine.remote.readRange(path('huge.log'), { offset: size - most, length: most });
  assert.equal(Buffer.from(content.subarray(-14)).toString(), 'the last line\n');
  assert.ok(proxy.bytes() < 100_000, `${proxy.bytes()} bytes travelled`);
  truncateSync(join(shared, 'huge.log'), 0);
});
