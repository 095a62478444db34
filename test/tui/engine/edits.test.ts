/** Editing a server's file: what is fetched, what travels back, and that nobody's work is lost. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { limits, type Path } from '@ferry/protocol';
import type { Engine } from '@ferry/tui/engine/engine';
import { EngineCore, type EngineOpts } from '@ferry/tui/engine/engine-core';
import { EngineThread } from '@ferry/tui/engine/engine-thread';
import { withCode } from '../../support/code.ts';
import { countingProxy } from '../../support/counting-proxy.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { sharedServer } from '../../support/shared-server.ts';
import { optsFor } from './bench.ts';

type Ends = { shared: string; copies: string; engine: Engine; bytes: () => number };

const served = sharedServer();

async function ends(t: TestContext, make: (opts: EngineOpts) => Engine): Promise<Ends> {
  const { shared, server } = served();
  const copies = join(scratchFolder(t), 'state/edits');
  const proxy = await countingProxy(t, server.port);
  const engine = make({ ...optsFor(t, { ...server, port: proxy.port }), editFolder: copies });
  t.after(() => engine.close());
  return { shared, copies, engine, bytes: proxy.bytes };
}

const placeOf = (copy: Path): string => `/${copy.map((name) => Buffer.from(name, 'latin1')).join('/')}`;

for (const [where, make] of [
  ['inline', (opts: EngineOpts) => new EngineCore(opts)],
  ['on its thread', (opts: EngineOpts) => new EngineThread(opts)],
] as const) {
  test(`a copy is private, goes back while nobody changed the file, and is kept otherwise, ${where}`, async (t) => {
    const { shared, copies, engine } = await ends(t, make);
    const { edits } = engine.at();
    const file = join(shared, 'conf.toml');
    writeFileSync(file, 'one\n', { mode: 0o440 });
    const { copy, version, digest } = await edits.fetch(path('conf.toml'));
    const place = placeOf(copy);
    assert.match(place, /\/conf\.toml$/);
    assert.equal(readFileSync(place, 'utf8'), 'one\n');
    assert.equal(statSync(join(place, '..')).mode & 0o777, 0o700);
    assert.equal(statSync(place).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(join(place, '..')), ['conf.toml']);
    assert.equal(await edits.digest(copy), digest);
    writeFileSync(place, 'one\ntwo\n');
    assert.notEqual(await edits.digest(copy), digest);
    const spec = { copy, path: path('conf.toml'), replaces: version, mode: version.mode };
    const saved = await edits.store(spec);
    assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\n');
    assert.equal(statSync(file).mode & 0o777, 0o440);
    // Another user was here; the version that was read from is not the one that would be replaced.
    writeFileSync(file, 'one\ntwo\nthree of another\n');
    writeFileSync(place, 'one\nTWO\n');
    await assert.rejects(edits.store({ ...spec, replaces: saved }), withCode('CONFLICT'));
    assert.equal(readFileSync(file, 'utf8'), 'one\ntwo\nthree of another\n');
    assert.equal(readFileSync(place, 'utf8'), 'one\nTWO\n');
    assert.deepEqual(
      (await edits.difference(copy, path('conf.toml'))).map(({ kind, text }) => `${kind} ${text}`),
      ['same one', 'removed two', 'removed three of another', 'added TWO'],
    );
    assert.deepEqual(readdirSync(copies).length, 1);
    await assert.rejects(edits.store({ ...spec, replaces: undefined }), withCode('EXISTS'));
    await edits.store({ ...spec, path: path('mine.toml'), replaces: undefined });
    assert.equal(readFileSync(join(shared, 'mine.toml'), 'utf8'), 'one\nTWO\n');
    await edits.drop(copy);
    assert.deepEqual(readdirSync(copies), []);
  });
}

test('of a large file that was edited what is new goes back, and little else', async (t) => {
  const { shared, engine, bytes } = await ends(t, (opts) => new EngineCore(opts));
  const old = randomBytes(20 * limits.blockBytes);
  writeFileSync(join(shared, 'big.log'), old);
  const { copy, version } = await engine.at().edits.fetch(path('big.log'));
  const fresh = Buffer.concat([
    old.subarray(0, 5_000_000),
    Buffer.from('a few words'),
    old.subarray(5_000_000),
  ]);
  writeFileSync(placeOf(copy), fresh);
  const before = bytes();
  await engine.at().edits.store({ copy, path: path('big.log'), replaces: version, mode: version.mode });
  t.diagnostic(`count: bytes for 11 in a file of 20 MiB: ${bytes() - before}`);
  assert.ok(bytes() - before < 2 * limits.blockBytes, `${bytes() - before} bytes travelled`);
  assert.ok(readFileSync(join(shared, 'big.log')).equals(fresh));
});

test('what cannot be fetched leaves no copy', async (t) => {
  const { copies, shared, engine } = await ends(t, (opts) => new EngineCore(opts));
  mkdirSync(join(shared, 'folder'));
  await assert.rejects(engine.at().edits.fetch(path('none')), withCode('NOT_FOUND'));
  await assert.rejects(engine.at().edits.fetch(path('folder')), withCode('NOT_REGULAR'));
  assert.deepEqual(existsSync(copies) ? readdirSync(copies) : [], []);
});

test('bytes are not compared as lines', async (t) => {
  const { shared, engine } = await ends(t, (opts) => new EngineCore(opts));
  writeFileSync(join(shared, 'f'), 'a\0b');
  const { copy } = await engine.at().edits.fetch(path('f'));
  await assert.rejects(engine.at().edits.difference(copy, path('f')), withCode('FORBIDDEN'));
});

test('what a program left that is gone is found again; what is being edited is not', async (t) => {
  const { shared, copies, engine } = await ends(t, (opts) => new EngineCore(opts));
  assert.deepEqual(await engine.at().edits.leftovers(), []);
  writeFileSync(join(shared, 'f'), 'x');
  await engine.at().edits.fetch(path('f'));
  const { pid } = spawnSync('true');
  mkdirSync(join(copies, `ferry-edit-${pid}-abc`));
  writeFileSync(join(copies, `ferry-edit-${pid}-abc/lost.txt`), 'work');
  mkdirSync(join(copies, 'something else'));
  assert.deepEqual((await engine.at().edits.leftovers()).map(placeOf), [
    join(copies, `ferry-edit-${pid}-abc/lost.txt`),
  ]);
});

test('what was left as it came goes when the program ends, but not what an editor still wrote', async (t) => {
  const { shared, copies, engine } = await ends(t, (opts) => new EngineThread(opts));
  for (const name of ['same', 'written']) writeFileSync(join(shared, name), 'x');
  const same = await engine.at().edits.fetch(path('same'));
  const written = await engine.at().edits.fetch(path('written'));
  await engine.at().edits.leave(same);
  await engine.at().edits.leave(written);
  assert.equal(readFileSync(placeOf(same.copy), 'utf8'), 'x');
  writeFileSync(placeOf(written.copy), 'x and more');
  await engine.close();
  assert.deepEqual(
    globSync('*/*', { cwd: copies }).map((name) => name.split('/')[1]),
    ['written'],
  );
});
