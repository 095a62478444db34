/** What is shared, as an owner names it: a folder, or s3://BUCKET/PREFIX. Pure; main thread and workers. */

import { Code, FerryError } from '@ferry/protocol';

/** As keys have at most 1024. */
const mostPrefixBytes = 200;

const scheme = 's3://';

/** Whether it is an address of object storage, and not a folder. */
export function isObjectStorage(address: string): boolean {
  return address.startsWith(scheme);
}

/** The address as it is written from now on. @throws {FerryError} USAGE */
export function checkAddress(address: string): string {
  const { bucket, prefix } = partsOf(address);
  return prefix === '' ? `${scheme}${bucket}` : `${scheme}${bucket}/${prefix}`;
}

/** @throws {FerryError} USAGE */
export function partsOf(address: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket = '', rest = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s.exec(address) ?? [];
  const prefix = rest.replace(/\/$/, '');
  const isPlain = prefix === '' || prefix.split('/').every((part) => !/^\.{0,2}$|\p{Cc}/u.test(part));
  // Leaves room for names, and for what the keys of an upload hold.
  if (bucket !== '' && isPlain && Buffer.byteLength(prefix) <= mostPrefixBytes) return { bucket, prefix };
  throw new FerryError(
    Code.USAGE,
    'write s3://BUCKET or s3://BUCKET/PREFIX; a bucket has 3 to 63 small letters, digits, dots and dashes',
  );
}
