/** S3Storage keeps the storage contract, whatever conditions its store keeps. With a real store: test/cluster/s3-storage.test.ts. */

import { S3Storage } from '@ferry/server/storage/s3/s3-storage';
import { storageSuite } from '../../suites/storage.suite.ts';
import { worksSuite } from '../../suites/works.suite.ts';
import { MemoryBucket } from '../../support/memory-bucket.ts';

const all = { putAbsent: true, putEtag: true, complete: true };
const none = { putAbsent: false, putEtag: false, complete: false };

storageSuite('s3', () => new S3Storage(new MemoryBucket(all), 'a/prefix'));
worksSuite('s3', () => new S3Storage(new MemoryBucket(all), 'a/prefix'));
storageSuite('s3, no conditions', () => new S3Storage(new MemoryBucket(none), ''));
