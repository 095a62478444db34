/** Paths, fingerprints, invites and tickets: what decides who gets in and where. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { Code, decodePath, encodePath, FerryError, nameFromText, pathFromText } from '@ferry/protocol';
import {
  fingerprintOf,
  formatInvite,
  makeTicketKeys,
  newSessionId,
  openTicket,
  parseAddress,
  parseFingerprint,
  sealTicket,
} from '@ferry/protocol/session';
import { runs } from '../support/random.ts';

const withCode =
  (...codes: readonly number[]) =>
  (error: unknown): boolean =>
    error instanceof FerryError && codes.includes(error.code);

describe('paths on the wire', () => {
  test('only the canonical form is accepted (PATH-01, PATH-03, PATH-04, PATH-23)', () => {
    for (const bad of [
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      'a/../b',
      '.',
      'a/./b',
      'a\0b',
      '.ferry',
      '.ferry/part',
      'x'.repeat(256),
    ]) {
      assert.throws(
        () => decodePath(Buffer.from(bad, 'latin1')),
        withCode(Code.NAME_INVALID, Code.NAME_TOO_LONG),
        JSON.stringify(bad),
      );
    }
    assert.throws(
      () => decodePath(Buffer.from(Array(200).fill('d').join('/'))),
      withCode(Code.NAME_TOO_LONG),
    );
    assert.throws(() => decodePath(Buffer.alloc(5000, 0x61)), withCode(Code.NAME_TOO_LONG));
  });

  test('bytes come back as they were (PATH-05, PATH-06)', () => {
    for (const good of [
      '',
      'a',
      'a/b',
      '%2e%2e/x',
      '..\\..\\x',
      'bad\xff\xfe',
      '...',
      ' ',
      '~',
      '-rf',
      'a/.ferry',
    ]) {
      assert.equal(encodePath(decodePath(Buffer.from(good, 'latin1'))).toString('latin1'), good);
    }
  });

  test('what a person types may have slashes to spare, but no ..', () => {
    assert.deepEqual(pathFromText('/a//ü/./'), [nameFromText('a'), nameFromText('ü')]);
    assert.throws(() => pathFromText('/a/../b'), withCode(Code.NAME_INVALID));
  });
});

describe('fingerprints and invites', () => {
  const fingerprint = fingerprintOf(randomBytes(91));

  test('a fingerprint is read back however it is typed', () => {
    assert.match(fingerprint, /^([a-z2-7]{4}-){12}[a-z2-7]{4}$/);
    assert.equal(parseFingerprint(fingerprint.toUpperCase().replaceAll('-', ' ')), fingerprint);
    assert.equal(parseFingerprint(fingerprint.slice(1)), undefined);
    assert.equal(parseFingerprint(fingerprint.replace(/.$/, '1')), undefined);
    // Bits beyond the hash: one identity has one spelling.
    assert.equal(parseFingerprint(fingerprint.replace(/.$/, 'b')), undefined);
  });

  test('an invite carries address, path, identity and token', () => {
    const token = randomBytes(16);
    for (const host of ['10.0.0.5', 'files.example.org', '::1']) {
      const text = formatInvite({ host, port: 7000, path: pathFromText('sub/ü') }, fingerprint, token);
      const { invite, ...rest } = parseAddress(text);
      assert.deepEqual(rest, { host, port: 7000, user: undefined, path: pathFromText('sub/ü') });
      assert.equal(invite?.fingerprint, fingerprint);
      assert.deepEqual(Buffer.from(invite?.token ?? []), token);
    }
  });

  test('an invite that was cut off or mistyped is noticed before anything is sent (AUTH-11)', () => {
    const text = formatInvite({ host: '10.0.0.5', port: 7000 }, fingerprint, randomBytes(16));
    const from = text.indexOf('#') + 1;
    for (let end = from; end < text.length; end++)
      assert.throws(() => parseAddress(text.slice(0, end)), withCode(Code.USAGE));
    for (let at = from + 53; at < text.length - 1; at++) {
      const other = text[at] === 'A' ? 'B' : 'A';
      assert.throws(() => parseAddress(text.slice(0, at) + other + text.slice(at + 1)), withCode(Code.USAGE));
    }
  });

  test('what is no host is no address', () => {
    for (const bad of [
      'ferry://',
      'ferry://a b',
      'ferry://a\0b',
      'ferry://-x',
      'ferry://h:0',
      'ferry://h:99999',
      'http://h',
      'ferry://h\u202e',
      'ferry://[::1',
    ]) {
      assert.throws(() => parseAddress(bad), withCode(Code.USAGE), JSON.stringify(bad));
    }
  });
});

describe('tickets', () => {
  const keys = makeTicketKeys();
  const grant = { sessionId: newSessionId(), device: randomBytes(32), kicks: 3, serial: 7 };

  test('what was sealed is opened, for a minute', () => {
    const ticket = sealTicket(keys, grant, 1000);
    assert.deepEqual(openTicket(keys, ticket, 60_000), grant);
    assert.throws(() => openTicket(keys, ticket, 61_001), withCode(Code.TICKET_EXPIRED));
    assert.throws(() => openTicket(makeTicketKeys(), ticket, 1000), withCode(Code.TICKET_INVALID));
  });

  test('ids of sessions have 128 bits, each as often set as not, and none comes twice (AUTH-27)', () => {
    const total = 20_000;
    const ids = Array.from({ length: total }, () => newSessionId());
    assert.equal(new Set(ids.map((id) => Buffer.from(id).toString('hex'))).size, total);
    for (let bit = 0; bit < 128; bit++) {
      const set = ids.filter((id) => ((id[bit >> 3] ?? 0) >> (bit & 7)) & 1).length;
      // Seven standard deviations: by chance once in 10^11 bits.
      assert.ok(Math.abs(set - total / 2) < 7 * (Math.sqrt(total) / 2), `bit ${bit} is set ${set} times`);
    }
  });

  test('no forged ticket is accepted (AUTH-13)', (t) => {
    const ticket = sealTicket(keys, grant, 1000);
    let tried = 0;
    for (let bit = 0; bit < ticket.length * 8; bit++) {
      const forged = Buffer.from(ticket);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => openTicket(keys, forged, 1000), withCode(Code.TICKET_INVALID));
      tried += 1;
    }
    for (let i = runs(20_000); i > 0; i--) {
      const forged =
        i % 2 === 0 ? randomBytes(ticket.length) : Buffer.concat([ticket.subarray(0, -32), randomBytes(32)]);
      assert.throws(() => openTicket(keys, forged, 1000), withCode(Code.TICKET_INVALID));
      tried += 1;
    }
    for (let end = 0; end < ticket.length; end++) {
      assert.throws(() => openTicket(keys, ticket.subarray(0, end), 1000), withCode(Code.TICKET_INVALID));
      tried += 1;
    }
    t.diagnostic(`count: forged tickets ${tried}, accepted 0`);
  });
});
