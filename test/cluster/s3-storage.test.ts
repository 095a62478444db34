/**
 * S3Storage keeps the storage contract over a real store: the one that AWS_ENDPOINT_URL_S3 and the other AWS_… variables name. Each
 * test has a prefix of its own in one bucket, which is made. Without the variable it is skipped.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { limits } from '@ferry/protocol';
import { Work } from '@ferry/protocol/disk';
import { AwsBucket } from '@ferry/server/storage/s3/aws-bucket';
import type { Abilities } from '@ferry/server/storage/s3/object-store';
import { removeBelow } from '@ferry/server/storage/s3/remove-below';
import { S3Storage } from '@ferry/server/storage/s3/s3-storage';
import type { Upload, UploadSpec } from '@ferry/server/storage/storage';
import { type MakeStorage, storageSuite } from '../suites/storage.suite.ts';
import { worksSuite } from '../suites/works.suite.ts';
import { withCode } from '../support/code.ts';
import { path } from '../support/scratch.ts';
import { type Content, randomContent, specFor } from '../support/staging.ts';

const bucketName = 'ferry-test';

/** One for all tests: what the store can do is tried out once. */
class SharedBucket extends AwsBucket {
  #able: Promise<Abilities> | undefined;

  override abilities(scratch: string): Promise<Abilities> {
    this.#able ??= super.abilities(scratch);
    return this.#able;
  }

  override close(): void {}

  end(): void {
    super.close();
  }
}

if (process.env['AWS_ENDPOINT_URL_S3'] === undefined) {
  test('a real store', { skip: 'AWS_ENDPOINT_URL_S3 names none' }, () => {});
} else {
  const client = new S3Client({ forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucketName }));
  client.destroy();
  const bucket = new SharedBucket(bucketName);
  after(() => bucket.end());
  const make: MakeStorage = (t) => {
    const prefix = `run-${randomBytes(8).toString('hex')}`;
    t.after(() => removeBelow(bucket, `${prefix}/`));
    return new S3Storage(bucket, prefix);
  };
  storageSuite('a real store', make);
  worksSuite('a real store', make);

  const large = 19 * limits.blockBytes + 77;
  const order = (): UploadSpec => ({ ...specFor('file', large), source: 'version', begin: 'resume' });
  const send = async (upload: Upload, content: Content, indices: readonly number[]): Promise<void> => {
    for (const i of indices) {
      await upload.write(i, content.blocks[i] ?? Buffer.alloc(0), content.digests[i] ?? Buffer.alloc(0));
    }
  };
  const contentAt = async (storage: S3Storage): Promise<Buffer> => {
    const file = await storage.openRead(path('file'), undefined);
    const whole = Buffer.alloc(file.facts.size);
    for (let i = 0; i * limits.blockBytes < whole.length; i++) {
      await file.read(i, whole.subarray(i * limits.blockBytes));
    }
    file.close();
    return whole;
  };
  /** Two servers over one prefix. */
  const two = (t: TestContext): { one: S3Storage; other: S3Storage; prefix: string } => {
    const prefix = `run-${randomBytes(8).toString('hex')}`;
    t.after(() => removeBelow(bucket, `${prefix}/`));
    return { one: new S3Storage(bucket, prefix), other: new S3Storage(bucket, prefix), prefix };
  };

  test('a real store: lanes of two servers, one of them killed, and what is stored is gone on with', async (t) => {
    const { one, other, prefix } = two(t);
    const content = randomContent(large);
    const spec = order();
    const dying = await one.createUpload(spec);
    // A part that is whole, and one that goes with its server.
    await send(dying, content, [...Array(9).keys()]);
    const isStored = async (index: number): Promise<boolean> => {
      const third = await new S3Storage(bucket, prefix).createUpload(spec);
      const known = new Map(third.verified());
      await third.leave();
      return known.has(index);
    };
    // Nobody waited for the store to have it.
    while (!(await isStored(7)));
    const joined = await other.createUpload({ ...spec, begin: 'join' });
    await send(joined, content, [9, 17, 19]);
    await assert.rejects(joined.commit(content.root), withCode('BAD_STATE'));
    const again = await other.createUpload(spec);
    const had = new Map(again.verified());
    for (const i of [0, 7, 9, 17, 19]) assert.deepEqual(Buffer.from(had.get(i) ?? []), content.digests[i]);
    await send(
      again,
      content,
      content.blocks.flatMap((_, i) => (had.has(i) ? [] : i)),
    );
    const { facts } = await again.commit(content.root);
    assert.ok((await contentAt(one)).equals(content.bytes));
    assert.deepEqual(await one.stat(path('file')), facts);
    assert.deepEqual((await one.createUpload(spec)).committed?.facts, facts);
    const left = await bucket.list({ prefix: `${prefix}/.ferry/up/` });
    assert.deepEqual(left.objects, []);
  });
  test('a real store: of two large files that want one name one gets it', async (t) => {
    const { one, other } = two(t);
    const contents = [randomContent(large), randomContent(large)];
    const uploads = await Promise.all(
      [one, other].map((storage) => storage.createUpload({ ...order(), begin: 'fresh' })),
    );
    for (const [i, upload] of uploads.entries()) {
      await send(upload, contents[i] ?? randomContent(0), [...Array(20).keys()]);
    }
    const ends = await Promise.allSettled(
      uploads.map((upload, i) => upload.commit(contents[i]?.root ?? Buffer.alloc(0))),
    );
    const winner = ends.findIndex(({ status }) => status === 'fulfilled');
    for (const [i, end] of ends.entries())
      if (i !== winner) withCode('EXISTS')(end.status === 'rejected' && end.reason);
    assert.ok(contents[winner]?.bytes.equals(await contentAt(one)));
  });
  test('a real store: an object copied in parts is the same one, and what was deleted comes back', async (t) => {
    const { one, prefix } = two(t);
    const content = randomContent(large);
    const upload = await one.createUpload(order());
    await send(upload, content, [...Array(20).keys()]);
    await upload.commit(content.root);
    const key = `${prefix}/copy`;
    const uploadId = await bucket.begin(key, {});
    const half = 10 * limits.blockBytes;
    const parts = [];
    for (const [number, from] of [0, half].entries()) {
      const length = Math.min(half, large - from);
      const etag = await bucket.copyPart(key, uploadId, number + 1, { key: `${prefix}/file`, from, length });
      parts.push({ number: number + 1, etag });
    }
    await bucket.complete(key, uploadId, parts);
    const copy = await one.openRead(path('copy'), undefined);
    const bytes = Buffer.alloc(copy.facts.size);
    await copy.readAt(0, bytes);
    assert.ok(bytes.equals(content.bytes));
    const { id } = await one.works.trash(path('file'), 'anna', new Work());
    await assert.rejects(one.stat(path('file')), withCode('NOT_FOUND'));
    await one.works.restore('anna', [], id, undefined);
    assert.ok((await contentAt(one)).equals(content.bytes));
  });
}
