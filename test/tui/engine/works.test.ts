/** What the server does with its own files, asked for through the engine. */

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { anyEntry } from '@ferry/protocol';
import type { ChatLine } from '../../../packages/tui/src/engine/chat.ts';
import type { Engine } from '../../../packages/tui/src/engine/engine.ts';
import { EngineCore } from '../../../packages/tui/src/engine/engine-core.ts';
import { EngineThread } from '../../../packages/tui/src/engine/engine-thread.ts';
import { withCode } from '../../support/code.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { assertSame, bench, localPath } from './bench.ts';

test('this machine copies its own: links as they are, whole or not at all, never into itself', async (t) => {
  const { engine } = await bench(t, (opts) => new EngineCore(opts));
  const works = engine.worksAt('');
  const [from, to] = [scratchFolder(t), scratchFolder(t)];
  mkdirSync(join(from, 'a/sub'), { recursive: true });
  writeFileSync(join(from, 'a/one'), '1', { mode: 0o640 });
  writeFileSync(join(from, 'a/sub/two'), '22');
  symlinkSync('/nowhere', join(from, 'a/out'));
  const copy = (below: string, place: string, existing: 'fail' | 'overwrite' = 'fail') =>
    works.run({ verb: 'copy', from: localPath(from, below), to: localPath(place), existing });
  const done = await copy('a', join(to, 'b'));
  assert.deepEqual([done.files, done.failed], [3, 0]);
  assertSame(join(from, 'a'), join(to, 'b'));
  assert.equal(statSync(join(to, 'b/one')).mode & 0o777, 0o640);
  assert.deepEqual([readdirSync(to), readdirSync(from)], [['b'], ['a']], 'nothing of ours is left');
  await assert.rejects(copy('a', join(to, 'b')), withCode('EXISTS'));
  await assert.rejects(copy('a', join(from, 'a/sub/c')), withCode('NAME_INVALID'));
  // Also by another name of the same place.
  symlinkSync(join(from, 'a'), join(to, 'way'));
  await assert.rejects(copy('a', join(to, 'way/c')), withCode('NAME_INVALID'));
  await assert.rejects(copy('a/one', join(from, 'a/one')), withCode('EXISTS'));
  await assert.rejects(copy('no', join(to, 'no')), withCode('NOT_FOUND'));
  await assert.rejects(works.run({ verb: 'remove', path: localPath(to, 'b') }), withCode('USAGE'));
  writeFileSync(join(from, 'a/one'), 'new');
  await copy('a/one', join(to, 'b/one'), 'overwrite');
  assert.equal(readFileSync(join(to, 'b/one'), 'utf8'), 'new');
});

test('this machine moves its own: in one step, over nothing, never into itself, also behind a link', async (t) => {
  const { engine } = await bench(t, (opts) => new EngineCore(opts));
  const [from, to] = [scratchFolder(t), scratchFolder(t)];
  mkdirSync(join(from, 'a/sub'), { recursive: true });
  writeFileSync(join(from, 'a/one'), '1');
  writeFileSync(join(to, 'taken'), 'theirs');
  symlinkSync(to, join(from, 'way'));
  const move = (below: string, place: string) =>
    engine
      .worksAt('')
      .run({ verb: 'move', from: localPath(from, below), to: localPath(from, place), existing: 'fail' });
  await assert.rejects(move('a', 'way/taken'), withCode('EXISTS'));
  await assert.rejects(move('a', 'a/sub/b'), withCode('NAME_INVALID'));
  await assert.rejects(move('none', 'b'), withCode('NOT_FOUND'));
  assert.equal((await move('a', 'way/b')).failed, 0);
  assert.deepEqual(readdirSync(from), ['way']);
  assert.equal(readFileSync(join(to, 'b/one'), 'utf8'), '1');
  assert.equal(readFileSync(join(to, 'taken'), 'utf8'), 'theirs');
});

for (const [where, make] of [
  ['inline', (opts: ConstructorParameters<typeof EngineCore>[0]) => new EngineCore(opts)],
  ['on its thread', (opts: ConstructorParameters<typeof EngineCore>[0]) => new EngineThread(opts)],
] as const) {
  test(`trash and back, copy, move, remove, find and talk, ${where}`, async (t) => {
    const { engine, shared } = await bench(t, make);
    const { works } = engine;
    mkdirSync(join(shared, 'a/sub'), { recursive: true });
    writeFileSync(join(shared, 'a/one'), 'needle\nneedle');
    writeFileSync(join(shared, 'a/sub/two'), '22');
    const thrown = await works.run({ verb: 'trash', path: path('a') });
    assert.equal(thrown.files, 2);
    assert.ok(!existsSync(join(shared, 'a')));
    const back = await works.run({ verb: 'restore', id: thrown.id ?? '' });
    assert.deepEqual(back.path, path('a'));
    const copied = await works.run({ verb: 'copy', from: path('a'), to: path('b'), existing: 'fail' });
    assert.deepEqual([copied.files, copied.bytes, copied.failed], [2, 15, 0]);
    const again = works.run({ verb: 'copy', from: path('a'), to: path('b'), existing: 'fail' });
    await assert.rejects(again, withCode('EXISTS'));
    mkdirSync(join(shared, 'c/one'), { recursive: true });
    const partly = await works.run({ verb: 'copy', from: path('a'), to: path('c'), existing: 'overwrite' });
    assert.deepEqual([partly.files, partly.failed, partly.firstFailure?.[0]], [1, 1, 45]);
    await works.run({ verb: 'move', from: path('b/one'), to: path('b/uno'), existing: 'fail' });
    assert.equal(readFileSync(join(shared, 'b/uno'), 'utf8'), 'needle\nneedle');
    const found: string[] = [];
    const onPage = (entries: Iterable<{ readonly name: string }>): void => {
      found.push(...Array.from(entries, ({ name }) => name));
    };
    const query = { ...anyEntry, content: 'needle' };
    const done = await works.run({ verb: 'find', path: [], query }, { onPage });
    assert.equal(done.more, false);
    // Two hits in one file are one entry.
    assert.deepEqual(found.sort(), ['a/one', 'b/uno']);
    await works.run({ verb: 'remove', path: path('b') });
    assert.deepEqual(readdirSync(shared).sort(), ['.ferry', 'a', 'c']);
    const controller = new AbortController();
    const cancelled = works.run({ verb: 'find', path: [], query }, { signal: controller.signal });
    controller.abort();
    await assert.rejects(cancelled, withCode('CANCELLED'));
    await talks(engine);
  });
}

/** Who is alone hears what they say themselves. */
async function talks(engine: Engine): Promise<void> {
  const { chat } = engine.at();
  const { promise, resolve } = Promise.withResolvers<ChatLine | undefined>();
  engine.onEvent((event) => {
    if (event.kind === 'chat' && event.news.kind === 'lines') resolve(event.news.lines[0]);
  });
  await assert.rejects(chat.join('#-x', { create: true }), withCode('NAME_INVALID'));
  await assert.rejects(chat.join('#crew', { create: false }), withCode('NOT_FOUND'));
  await chat.join('#crew', { create: true, passphrase: 'ahoy' });
  await chat.say('#crew', 'look', path('a'));
  const line = await promise;
  assert.deepEqual([line?.text, line?.path, line?.own, line?.notes], ['look', path('a'), true, []]);
  assert.deepEqual(
    (await chat.rooms()).map(({ ref, sealed }) => [ref, sealed]),
    [['#crew', true]],
  );
  chat.leave('#crew');
  await assert.rejects(chat.say('#crew', 'x', undefined), withCode('NOT_FOUND'));
}
