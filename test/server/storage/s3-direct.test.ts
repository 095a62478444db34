/** Requests to a store without the SDK: their signature, and answers as stores and things between give them. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer as createSecureServer, setDefaultCACertificates } from 'node:tls';
import { makeCertificate } from '@ferry/server/access/certificate';
import { DirectBucket, declined } from '@ferry/server/storage/s3/direct-bucket';
import { encodedKey, signed } from '@ferry/server/storage/s3/sign';
import { withCode } from '../../support/code.ts';

const keys = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

test('s3 signature: as in the examples of AWS', () => {
  const order = {
    method: 'GET',
    path: '/test.txt',
    query: [],
    headers: { host: 'examplebucket.s3.amazonaws.com', range: 'bytes=0-9' },
  };
  const { authorization } = signed(order, keys, 'us-east-1', Date.UTC(2013, 4, 24));
  assert.match(
    authorization ?? '',
    /Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/,
  );
  const put = {
    method: 'PUT',
    path: `/${encodedKey('test$file.text')}`,
    query: [],
    headers: {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      host: 'examplebucket.s3.amazonaws.com',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
    body: Buffer.from('Welcome to Amazon S3.'),
  };
  assert.match(
    signed(put, keys, 'us-east-1', Date.UTC(2013, 4, 24))['authorization'] ?? '',
    /Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/,
  );
  assert.equal(encodedKey("a b/ü'(!*)~/%"), 'a%20b/%C3%BC%27%28%21%2A%29~/%25');
});

/** What the store does with each request that has come whole, in turn; beyond the last it says nothing. */
type Step = (socket: Socket, head: string) => void;
let steps: Step[] = [];
const heads: string[] = [];
const sockets = new Set<Socket>();
const store = createServer((socket) => {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end);
      const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      text = text.slice(end + 4 + length);
      heads.push(head);
      steps.shift()?.(socket, head);
    }
  });
});
store.listen(0, '127.0.0.1');
await once(store, 'listening');
const { port } = store.address() as AddressInfo;
const bucket = new DirectBucket({ keys: async () => keys, nowMs: Date.now }, 'b', {
  most: 2,
  idleMs: 3_600_000,
});
after(() => {
  bucket.close();
  for (const socket of sockets) socket.destroy();
  store.close();
});

const says =
  (answer: string): Step =>
  (socket) =>
    socket.write(answer, 'latin1');
const ok = (body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
const part = (body: string): string => ok(body).replace('200 OK', '206 Partial');

const authorization = 'AWS4-HMAC-SHA256 Credential=A/20260101/some-where/s3/aws4_request, SignedHeaders=host';
/** What the SDK sends. */
const shown = {
  protocol: 'http:',
  hostname: '127.0.0.1',
  port,
  path: '/base/b/key',
  headers: { authorization },
};

test('s3 requests: nothing is asked before the SDK has shown where', async () => {
  assert.equal(await bucket.head('key'), declined);
  bucket.learn({ protocol: 'http:', hostname: '127.0.0.1', port, path: '/b/key', headers: {} });
  assert.equal(await bucket.head('key'), declined, 'unsigned');
  const authorization =
    'AWS4-HMAC-SHA256 Credential=A/20260101/some-where/s3/aws4_request, SignedHeaders=host';
  bucket.learn({
    protocol: 'http:',
    hostname: '127.0.0.1',
    port,
    path: '/base/b/key',
    headers: { authorization },
  });
  steps = [says(ok('', 'x-amz-meta-mtime: 5.5\r\nLast-Modified: Thu, 01 Jan 1970 00:01:00 GMT\r\n'))];
  assert.deepEqual(await bucket.head('a key'), {
    size: 0,
    etag: 'e',
    storedS: 60,
    metadata: { mtime: '5.5' },
  });
  assert.match(heads.at(-1) ?? '', /^HEAD \/base\/b\/a%20key HTTP\/1.1\r\n/);
  assert.match(heads.at(-1) ?? '', /some-where\/s3\/aws4_request/);
});

test('s3 requests: whatever pieces an answer comes in, and one connection for all', async () => {
  const before = sockets.size;
  const answer = ok('0123456789');
  for (let cut = 1; cut < answer.length; cut++) {
    steps = [
      (socket) => {
        socket.write(answer.slice(0, cut), 'latin1', () =>
          setImmediate(() => socket.write(answer.slice(cut), 'latin1')),
        );
      },
    ];
    const found = await bucket.get('key', 100);
    assert.ok(found !== declined);
    assert.equal(found.content.toString(), '0123456789');
  }
  assert.equal(sockets.size, before);
  steps = [says(ok(''))];
  const none = await bucket.get('key', 100);
  assert.ok(none !== declined && none.content.length === 0);
});

test('s3 requests: a range is taken bit by bit, and the store waits for who is slow', async () => {
  const whole = Buffer.alloc(24 * 1024 * 1024, 'abcdefg');
  let sent = false;
  steps = [
    (socket) => {
      socket.write(`HTTP/1.1 206 Partial\r\nContent-Length: ${whole.length}\r\n\r\n`);
      socket.write(whole, () => {
        sent = true;
      });
    },
  ];
  const stream = await bucket.range('key', 'e', 10, whole.length);
  assert.ok(stream !== declined);
  assert.match(heads.at(-1) ?? '', /\r\nrange: bytes=10-25165833\r\nif-match: "e"\r\n/);
  const target = Buffer.alloc(1_000_003);
  await stream.read(target);
  assert.ok(target.equals(whole.subarray(0, target.length)));
  assert.ok(!sent);
  for (let at = target.length; at < whole.length; ) {
    const next = target.subarray(0, Math.min(target.length, whole.length - at));
    await stream.read(next);
    assert.ok(next.equals(whole.subarray(at, at + next.length)));
    at += next.length;
  }
  await assert.rejects(stream.read(Buffer.alloc(1)), withCode('BUSY'));
  stream.close();
});

test('s3 requests: what is put, and where a condition fails the SDK is to tell', async () => {
  steps = [says(ok('')), says('HTTP/1.1 412 No\r\nContent-Length: 3\r\n\r\nwhy'), says(ok(''))];
  assert.equal(await bucket.put('key', Buffer.from('body'), { mode: '0644' }, { IfNoneMatch: '*' }), 'e');
  assert.match(heads.at(-1) ?? '', /if-none-match: \*\r\n/);
  assert.match(heads.at(-1) ?? '', /x-amz-meta-mode: 0644\r\n/);
  assert.equal(await bucket.put('key', Buffer.from('body'), {}, {}), declined);
  assert.equal(await bucket.put('key', Buffer.alloc(0), { odd: 'ü\r\nx: y' }, {}), declined);
  assert.equal(await bucket.putPart('key', 'id/+', 7, Buffer.alloc(3 * 1024 * 1024)), 'e');
  assert.match(heads.at(-1) ?? '', /^PUT \/base\/b\/key\?partNumber=7&uploadId=id%2F%2B HTTP/);
});

test('s3 requests: answers of other kinds are left to the SDK, and broken ones are worth another try', async () => {
  const odd = [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'HTTP/1.1 307 Elsewhere\r\nContent-Length: 0\r\nLocation: /\r\n\r\n',
    'SSH-2.0-OpenSSH\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`,
  ];
  for (const answer of odd) {
    steps = [says(answer)];
    assert.equal(await bucket.get('key', 100), declined, answer.slice(0, 60));
  }
  const ends: Step[] = [
    (socket) => socket.destroy(),
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n123'),
    (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n123', () => socket.destroy()),
  ];
  for (const end of ends.slice(0, 3)) {
    steps = [end];
    await assert.rejects(bucket.get('key', 100), withCode('BUSY'));
  }
  steps = [says(part('abc'))];
  assert.equal(await bucket.range('key', 'e', 0, 4), declined, 'shorter than asked for');
  steps = [says(ok('large'))];
  await assert.rejects(bucket.get('key', 4), withCode('LIMIT'));
  // A connection that said too much is not used again.
  steps = [ends[3] ?? says(''), says(ok('next'))];
  await bucket.get('key', 100).catch(withCode('BUSY'));
  const next = await bucket.get('key', 100);
  assert.ok(next !== declined && next.content.toString() === 'next');
});

test('s3 requests: of more than there are connections for some wait, and all are answered', async () => {
  const held: (() => void)[] = [];
  const answer: Step = (socket) => {
    held.push(() => socket.write(ok('x')));
    // Two at once, as many as there may be.
    if (held.length === 2) for (const go of held.splice(0)) go();
  };
  steps = Array.from({ length: 10 }, () => answer);
  const found = await Promise.all(steps.map(() => bucket.get('key', 10)));
  assert.equal(found.filter((one) => one !== declined).length, 10);
  assert.equal(held.length, 0);
});

test('s3 requests: the same over TLS, which gives more than it is asked for', async () => {
  const day = 86_400_000;
  const { key, cert } = makeCertificate('localhost', new Date(Date.now() - day), new Date(Date.now() + day));
  setDefaultCACertificates([cert]);
  const whole = Buffer.alloc(8 * 1024 * 1024 + 3, 'abcdefg');
  const secure = createSecureServer({ key, cert }, (socket) => {
    sockets.add(socket);
    socket.on('data', () => {
      socket.write(`HTTP/1.1 206 Partial\r\nContent-Length: ${whole.length}\r\n\r\n`);
      socket.write(whole);
    });
  });
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const there = new DirectBucket({ keys: async () => keys, nowMs: Date.now }, 'b', { most: 1 });
  there.learn({
    ...shown,
    protocol: 'https:',
    hostname: 'localhost',
    port: (secure.address() as AddressInfo).port,
  });
  for (let round = 0; round < 3; round++) {
    const stream = await there.range('key', 'e', 0, whole.length);
    assert.ok(stream !== declined);
    for (let at = 0; at < whole.length; ) {
      const next = Buffer.alloc(Math.min(300_001, whole.length - at));
      await stream.read(next);
      assert.ok(next.equals(whole.subarray(at, at + next.length)), String(at));
      at += next.length;
      await nextTurn();
    }
    stream.close();
  }
  there.close();
  secure.close();
});
