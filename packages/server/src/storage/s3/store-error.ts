/** What a store answered, or why it did not, as an error of ours. Called by aws-bucket.ts; pure. */

import { Code, FerryError } from '@ferry/protocol';

/** As far as the SDK's errors are looked at. */
type Thrown = {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
};

const gone: ReadonlySet<unknown> = new Set(['NoSuchKey', 'NotFound', 'NoSuchUpload']);
const wrongKeys: ReadonlySet<unknown> = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'AuthorizationHeaderMalformed',
]);
const full: ReadonlySet<unknown> = new Set([
  'QuotaExceeded',
  'InsufficientCapacity',
  'EntityTooLarge',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
]);
const conditions: ReadonlySet<unknown> = new Set([409, 412]);
/** The store, or something before it, has too much to do or is being restarted. */
const passing: ReadonlySet<unknown> = new Set([408, 429, 500, 502, 503, 504]);

/** No message names a bucket, a key or an address: people who use the server are to see it. */
export function storeError(cause: unknown): FerryError {
  if (cause instanceof FerryError) return cause;
  const { name, code, $metadata } = (typeof cause === 'object' && cause !== null ? cause : {}) as Thrown;
  const status = $metadata?.httpStatusCode;
  const error = (of: Code, text: string): FerryError => new FerryError(of, text, { cause });
  if (name === 'NoSuchBucket') return error(Code.CONFIG, 'there is no such bucket');
  if (name === 'CredentialsProviderError') {
    return error(
      Code.CONFIG,
      'there are no keys for the object storage: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE',
    );
  }
  if (wrongKeys.has(name))
    return error(Code.CONFIG, 'the object storage does not take the keys of this server');
  if (gone.has(name) || status === 404) return error(Code.NOT_FOUND, 'no such file or folder');
  if (full.has(name) || status === 507) return error(Code.NO_SPACE, 'the object storage has no room for it');
  if (conditions.has(status)) return error(Code.CONFLICT, 'it has been changed by somebody else meanwhile');
  if (status === 403 || status === 401) {
    return error(Code.FORBIDDEN, 'the object storage does not let this server do that');
  }
  if (status === 501) return error(Code.FORBIDDEN, 'the object storage cannot do that');
  // Without a status nothing was answered at all.
  if (
    passing.has(status) ||
    (status === undefined && (typeof code === 'string' || name === 'TimeoutError'))
  ) {
    return error(Code.BUSY, 'the object storage does not answer at the moment');
  }
  return error(Code.IO_ERROR, 'the object storage could not do it');
}
