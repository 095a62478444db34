/** File bytes over lanes of a real ferryd. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Code, FerryError, limits } from '@ferry/protocol';
import { BlockPool, blockLength } from '@ferry/protocol/content';
import { commit, create, discard, Overwrite, read, readSlice, slice } from '@ferry/protocol/messages';
import { createOf, logInto, openLane, readWhole, sendBlock, upload } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { heldFiles } from '../support/held-files.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { startServer } from '../support/server.ts';
import { boundarySizes, contentOf, randomContent } from '../support/staging.ts';

describe('a lane', () => {
  it('reads files of every size around a block', async (t) => {
    const dir = scratchFolder(t);
    const sizes = [...boundarySizes, limits.blockBytes * (limits.readBlocks + 1) + 3];
    const contents = sizes.map(randomContent);
    for (const [i, { bytes }] of contents.entries()) writeFileSync(join(dir, `${i}.bin`), bytes);
    const server = await startServer(t, { dir, args: ['--open'] });
    const session = await logInto(server);
    const lane = await openLane(server, session);
    const found = await Promise.all(sizes.map((_, i) => readWhole(lane, path(`${i}.bin`))));
    for (const [i, { bytes, facts }] of found.entries()) {
      assert.equal(facts.size, sizes[i]);
      assert.ok(contents[i]?.bytes.equals(bytes), `file of ${sizes[i]} bytes`);
    }
    await server.logged(/guest@\S+ downloaded \/6\.bin \(17\.8 MB in /);
    lane.close();
    session.channel.close();
  });

  it('reads and takes blocks in slices, among whole ones', async (t) => {
    const dir = scratchFolder(t);
    const content = randomContent(2 * limits.blockBytes + 70_001);
    writeFileSync(join(dir, 'file'), content.bytes);
    const server = await startServer(t, { dir, args: ['--open'] });
    const session = await logInto(server);
    const pool = new BlockPool();
    const lane = await openLane(server, session, { pool });
    const file = path('file');
    const opening = lane.call(
      read,
      { path: file, identity: undefined, first: 0, count: 0 },
      {
        onPart: ({ facts }) => {
          identity = facts.identity;
        },
      },
    );
    let identity = '';
    assert.deepEqual(await opening, { blocks: 0 });
    const order = createOf(path('copy'), content);
    const { handle } = order;
    const answers: Promise<unknown>[] = [lane.call(create, order)];
    for (const index of [2, 0]) {
      const length = blockLength(content.bytes.length, index);
      for (let offset = 0; offset < length; offset += limits.sliceBytes) {
        const isLast = offset + limits.sliceBytes >= length;
        const asked = { path: file, identity, index, offset, length: limits.sliceBytes, digest: isLast };
        const { content: bytes, digest } = await lane.call(readSlice, asked);
        assert.equal(bytes.length, Math.min(limits.sliceBytes, length - offset));
        answers.push(lane.call(slice, { handle, index, offset, content: bytes, digest }));
      }
    }
    const middle = content.bytes.subarray(limits.blockBytes, 2 * limits.blockBytes);
    answers.push(sendBlock(lane, handle, 1, middle, pool).answered);
    answers.push(lane.call(commit, { handle, rootDigest: content.root }));
    await Promise.all(answers);
    assert.ok(content.bytes.equals(readFileSync(join(dir, 'copy'))));
    const stale = { path: file, identity: 'x', index: 0, offset: 0, length: 1, digest: false };
    await assert.rejects(lane.call(readSlice, stale), withCode('SOURCE_CHANGED'));
    lane.close();
    session.channel.close();
  });

  it('uploads files whose create, blocks and commit come at once', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, { dir, args: ['--open'] });
    const session = await logInto(server);
    const pool = new BlockPool();
    const lane = await openLane(server, session, { pool });
    const contents = boundarySizes.map(randomContent);
    const modified = { s: 1_600_000_000, ns: 0 };
    await Promise.all(
      contents.map((content, i) =>
        upload(lane, createOf(path(`${i}.bin`), content, { modified, mode: 0o640 }), content, pool),
      ),
    );
    contents.forEach(({ bytes }, i) => {
      const file = join(dir, `${i}.bin`);
      assert.ok(bytes.equals(readFileSync(file)));
      assert.equal(statSync(file).mtimeMs, 1_600_000_000_000);
      assert.equal(statSync(file).mode & 0o777, 0o640);
    });
    assert.equal(pool.out, 0);
    await server.logged(/uploaded \/5\.bin/);
    lane.close();
    session.channel.close();
  });

  it('says SOURCE_CHANGED when the file is another one', async (t) => {
    const dir = scratchFolder(t);
    writeFileSync(join(dir, 'a'), randomContent(3 * limits.blockBytes).bytes);
    const server = await startServer(t, { dir, args: ['--open'] });
    const lane = await openLane(server, await logInto(server));
    let identity = '';
    const asked = { path: path('a'), identity: undefined, first: 0, count: 1 };
    await lane.call(read, asked, {
      onPart: ({ facts }) => {
        identity = facts.identity;
      },
    });
    writeFileSync(join(dir, 'a'), 'another');
    await assert.rejects(lane.call(read, { ...asked, identity, first: 1 }), withCode('SOURCE_CHANGED'));
    await assert.rejects(lane.call(read, { ...asked, identity }), withCode('SOURCE_CHANGED'));
    assert.equal((await readWhole(lane, path('a'))).bytes.toString(), 'another');
    lane.abort(withEnd());
  });

  it('fails what follows a failed create, and only that', async (t) => {
    const dir = scratchFolder(t);
    writeFileSync(join(dir, 'taken'), 'old');
    const server = await startServer(t, { dir, args: ['--open'] });
    const pool = new BlockPool();
    const lane = await openLane(server, await logInto(server), { pool });
    const content = randomContent(limits.blockBytes + 1);
    const request = createOf(path('taken'), content);
    const results = await Promise.allSettled([
      lane.call(create, request),
      sendBlock(lane, request.handle, 0, content.blocks[0] ?? Buffer.alloc(0), pool).answered,
      lane.call(commit, { handle: request.handle, rootDigest: content.root }),
      upload(lane, createOf(path('free'), content), content, pool),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected', 'fulfilled'],
    );
    assert.ok(results[0]?.status === 'rejected' && withCode('EXISTS')(results[0].reason));
    assert.equal(readFileSync(join(dir, 'taken'), 'utf8'), 'old');
    await upload(lane, createOf(path('taken'), content, { overwrite: Overwrite.replace }), content, pool);
    assert.ok(content.bytes.equals(readFileSync(join(dir, 'taken'))));
    lane.abort(withEnd());
  });

  it('publishes nothing with a damaged block, a wrong root digest or missing blocks', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, { dir, args: ['--open'] });
    const pool = new BlockPool();
    const lane = await openLane(server, await logInto(server), { pool });
    const content = randomContent(2 * limits.blockBytes);
    const lying = createOf(path('lying'), content);
    await lane.call(create, lying);
    const buffer = pool.takeAnyway();
    const damaged = lane.sendBlock(
      buffer,
      { handle: lying.handle, index: 0, length: limits.blockBytes, digest: Buffer.alloc(32) },
      () => pool.give(buffer),
    );
    await assert.rejects(damaged, withCode('INTEGRITY'));
    await assert.rejects(
      lane.call(commit, { handle: lying.handle, rootDigest: content.root }),
      withCode('BAD_STATE'),
    );
    const wrong = { ...content, digests: contentOf(Buffer.alloc(2 * limits.blockBytes)).digests };
    await assert.rejects(upload(lane, createOf(path('wrong'), content), wrong, pool), withCode('INTEGRITY'));
    assert.deepEqual(visible(dir), []);
    lane.abort(withEnd());
  });

  it('holds no upload whose base is another version, and begins none (handles were lost for good)', async (t) => {
    const dir = scratchFolder(t);
    writeFileSync(join(dir, 'there'), 'old');
    const server = await startServer(t, { dir, args: ['--open'] });
    const session = await logInto(server);
    const pool = new BlockPool();
    const lane = await openLane(server, session, { pool });
    const content = randomContent(9 * limits.blockBytes);
    for (const size of [1, content.blocks.length]) {
      const part = contentOf(content.bytes.subarray(0, size * limits.blockBytes));
      const request = createOf(path('there'), part, {
        overwrite: Overwrite.replace,
        base: 'another version',
        source: 'source',
      });
      const results = await Promise.allSettled([
        lane.call(create, request),
        sendBlock(lane, request.handle, 0, part.blocks[0] ?? Buffer.alloc(0), pool).answered,
        lane.call(commit, { handle: request.handle, rootDigest: part.root }),
      ]);
      assert.ok(results.every(({ status }) => status === 'rejected'));
      assert.ok(results[0]?.status === 'rejected' && withCode('SOURCE_CHANGED')(results[0].reason));
    }
    assert.equal(readFileSync(join(dir, 'there'), 'utf8'), 'old');
    assert.deepEqual(heldFiles(server.pid, dir), []);
    lane.abort(withEnd());
  });

  it('knows its own handles, and no other lane’s (PROT-28)', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, { dir, args: ['--open', '--threads', '1'] });
    const pool = new BlockPool();
    const content = randomContent(limits.blockBytes);
    const [block = Buffer.alloc(0)] = content.blocks;
    const mine = await openLane(server, await logInto(server), { pool });
    const theirs = await openLane(server, await logInto(server), { pool });
    const request = createOf(path('mine'), content);
    await mine.call(create, request);
    const { handle } = request;
    const guesses = [
      sendBlock(theirs, handle, 0, block, pool).answered,
      theirs.call(commit, { handle, rootDigest: content.root }),
    ];
    for (const guess of guesses) await assert.rejects(guess, withCode('BAD_STATE'));
    await theirs.call(discard, { handle, keep: false });
    await sendBlock(mine, handle, 0, block, pool).answered;
    await mine.call(commit, { handle, rootDigest: content.root });
    assert.ok(content.bytes.equals(readFileSync(join(dir, 'mine'))));
    for (const lane of [mine, theirs]) lane.abort(withEnd());
  });

  it('leaves nothing behind of uploads that were discarded or whose lane ended', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, { dir, args: ['--open'] });
    const session = await logInto(server);
    const pool = new BlockPool();
    const content = randomContent(2 * limits.blockBytes);
    const [block = Buffer.alloc(0)] = content.blocks;
    const lane = await openLane(server, session, { pool });
    const given = createOf(path('given up'), content);
    await lane.call(create, given);
    await sendBlock(lane, given.handle, 0, block, pool).answered;
    assert.equal(partials(dir).length, 1);
    await lane.call(discard, { handle: given.handle, keep: false });
    await lane.call(discard, { handle: given.handle, keep: false });
    assert.deepEqual(partials(dir), []);
    const lost = createOf(path('lost'), content);
    await lane.call(create, lost);
    await sendBlock(lane, lost.handle, 0, block, pool).answered;
    lane.abort(withEnd());
    const other = await openLane(server, session, { pool });
    // The lane's end reaches the server in its own time; a listing of the folder tells.
    while (partials(dir).length > 0) await other.call(discard, { handle: 1, keep: false });
    assert.deepEqual(visible(dir), []);
    other.abort(withEnd());
  });

  it('gives its buffers back however it ends: more lanes die than the thread has buffers', async (t) => {
    const dir = scratchFolder(t);
    const { bytes } = randomContent(20 * limits.blockBytes);
    writeFileSync(join(dir, 'big'), bytes);
    const server = await startServer(t, { dir, args: ['--open', '--threads', '1'] });
    const session = await logInto(server);
    const asked = { path: path('big'), identity: undefined, first: 0, count: limits.readBlocks };
    const dying = Array.from({ length: 2 * limits.workerBlockBuffers }, async (_, i) => {
      const lane = await openLane(server, session);
      const controller = new AbortController();
      const onBlock = (): void => {
        if (i % 2 === 0) lane.abort(withEnd());
        else controller.abort();
      };
      const reads = Array.from({ length: 4 }, () =>
        lane.call(read, asked, { signal: controller.signal, onBlock }),
      );
      for (const { status } of await Promise.allSettled(reads)) assert.equal(status, 'rejected');
      lane.abort(withEnd());
    });
    await Promise.all(dying);
    const lanes = await Promise.all([openLane(server, session), openLane(server, session)]);
    for (const lane of lanes) assert.ok((await readWhole(lane, path('big'))).bytes.equals(bytes));
    for (const lane of lanes) lane.close();
    session.channel.close();
  });

  it('refuses a handle that is in use and more uploads than it may have', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, { dir, args: ['--open'] });
    const lane = await openLane(server, await logInto(server));
    const content = randomContent(1);
    const first = createOf(path('0'), content);
    await lane.call(create, first);
    const again = createOf(path('again'), content, { handle: first.handle });
    await assert.rejects(lane.call(create, again), withCode('BAD_STATE'));
    for (let i = 1; i < limits.laneUploads; i++) await lane.call(create, createOf(path(`${i}`), content));
    await assert.rejects(lane.call(create, createOf(path('more'), content)), withCode('LIMIT'));
    lane.abort(withEnd());
  });
});

function withEnd(): FerryError {
  return new FerryError(Code.CANCELLED, 'the test is over');
}

function visible(dir: string): string[] {
  return readdirSync(dir).filter((name) => name !== '.ferry');
}

function partials(dir: string): string[] {
  return readdirSync(join(dir, '.ferry/part'));
}
