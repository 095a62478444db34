/** AWS Signature Version 4 for requests to S3. Pure, but for a key that is kept for the day. Called by direct-requests.ts; worker threads. */

import { createHash, createHmac } from 'node:crypto';

export type Keys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
};

export type Order = {
  readonly method: string;
  /** Encoded. */
  readonly path: string;
  /** Name and value, encoded. */
  readonly query: readonly (readonly [string, string])[];
  /** By their names in small letters; `host` is among them. All are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
};

const ofNothing = createHash('sha256').digest('hex');
let kept: { readonly for: string; readonly key: Buffer } | undefined;

/** All headers, with those that sign them. */
export function signed(
  { method, path, query, headers, body }: Order,
  keys: Keys,
  region: string,
  nowMs: number,
): Record<string, string> {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.[0-9]{3}/g, '');
  const day = time.slice(0, 8);
  const digest =
    body === undefined || body.length === 0 ? ofNothing : createHash('sha256').update(body).digest('hex');
  const all: Record<string, string> = {
    ...headers,
    'x-amz-content-sha256': digest,
    'x-amz-date': time,
    ...(keys.sessionToken === undefined ? {} : { 'x-amz-security-token': keys.sessionToken }),
  };
  const names = Object.keys(all).sort();
  const canonical = [
    method,
    path,
    query
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${(all[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    names.join(';'),
    digest,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
  const signature = createHmac('sha256', keyOf(keys, day, region))
    .update(text)
    .digest('hex');
  all['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return all;
}

function keyOf({ secretAccessKey }: Keys, day: string, region: string): Buffer {
  const name = `${secretAccessKey} ${day} ${region}`;
  if (kept?.for === name) return kept.key;
  const step = (key: Buffer | string, data: string): Buffer =>
    createHmac('sha256', key).update(data).digest();
  const key = step(step(step(step(`AWS4${secretAccessKey}`, day), region), 's3'), 'aws4_request');
  kept = { for: name, key };
  return key;
}

/** As stores encode a key: all but letters, digits, `-._~`, and the `/` between its parts. */
export function encodedKey(key: string): string {
  return key.split('/').map(encoded).join('/');
}

export function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
