/**
 * S3Storage keeps the storage contract over a real store: the one that AWS_ENDPOINT_URL_S3 and the other AWS_… variables name. Each
 * test has a prefix of its own in one bucket, which is made. Without the variable it is skipped.
 */

import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { AwsBucket } from '@ferry/server/storage/s3/aws-bucket';
import type { Abilities } from '@ferry/server/storage/s3/object-store';
import { removeBelow } from '@ferry/server/storage/s3/remove-below';
import { S3Storage } from '@ferry/server/storage/s3/s3-storage';
import { type MakeStorage, storageSuite } from '../suites/storage.suite.ts';
import { worksSuite } from '../suites/works.suite.ts';

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
}
