/** What the owner may write: by value. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  isLocalBus,
  parseBus,
  parseBusCredentials,
  parseBusName,
} from '../../packages/server/src/bus/bus-address.ts';
import {
  parseCount,
  parseDuration,
  parseListen,
  parseOpenTo,
  placesOf,
} from '../../packages/server/src/config.ts';
import { withCode } from '../support/code.ts';

describe('config', () => {
  it('reads listen addresses', () => {
    const read = (text: string): [string, number] => {
      const { host, port } = parseListen(text);
      return [host, port];
    };
    assert.deepEqual(read('127.0.0.1:0'), ['127.0.0.1', 0]);
    assert.deepEqual(read('[::1]:80'), ['::1', 80]);
    assert.deepEqual(read('files.example.org'), ['files.example.org', 7377]);
    assert.deepEqual(read(':9000'), ['0.0.0.0', 9000]);
    for (const wrong of ['::1:80', '[::1', 'a:b', 'host:65536', 'a/b:1', '[no]:1', 'x:1:2', '-x:1']) {
      assert.throws(() => parseListen(wrong), withCode('USAGE'), wrong);
    }
  });

  it('reads durations, counts and openness', () => {
    assert.equal(parseDuration('--expires', '30m'), 1_800_000);
    assert.equal(parseDuration('--expires', '72h'), 259_200_000);
    assert.equal(parseDuration('--expires', '7d'), 604_800_000);
    for (const wrong of ['', '0h', '72', 'h', '-1h', '1w', '999999d', '1.5h']) {
      assert.throws(() => parseDuration('--expires', wrong), withCode('USAGE'), wrong);
    }
    assert.equal(parseCount('--uses', '20', 100), 20);
    for (const wrong of ['', '0', '101', '-1', '1e1', '0x1', '1.0']) {
      assert.throws(() => parseCount('--uses', wrong, 100), withCode('USAGE'), wrong);
    }
    assert.deepEqual(
      [undefined, 'everybody', 'read-only'].map((value) => parseOpenTo(value)),
      ['nobody', 'everybody', 'readers'],
    );
    assert.throws(() => parseOpenTo('write'), withCode('USAGE'));
  });

  it('reads where the bus is and who comes to it, and says no secret when it cannot', () => {
    assert.deepEqual(parseBus('nats://a,nats://[::1]:4300,nats://c.example:1/'), {
      nodes: ['a:4222', '[::1]:4300', 'c.example:1'],
      tls: false,
      credentials: { kind: 'none' },
    });
    const who = (text: string): unknown => parseBus(text).credentials;
    assert.deepEqual(who('tls://anna:s%40c%3Aret@a,tls://b'), {
      kind: 'password',
      user: 'anna',
      password: 's@c:ret',
    });
    assert.deepEqual(who('nats://t0ken@a'), { kind: 'token', token: 't0ken' });
    const many = Array.from({ length: 17 }, () => 'nats://a').join();
    const wrong = [
      '',
      'a:1',
      'http://a',
      'nats://',
      'nats://a:0',
      'nats://a:65536',
      'nats://a b',
      'nats://@a',
    ];
    const mixed = ['nats://a,tls://b', 'nats://x:secret@a,nats://y:secret@b', 'nats://%zz:secret@a', many];
    for (const text of [...wrong, ...mixed, 'nats://x:secret@a:b:c', 'nats://a,']) {
      assert.throws(
        () => parseBus(text),
        (error: Error) => withCode('USAGE')(error) && !error.message.includes('secret'),
        text,
      );
    }
    assert.deepEqual(
      ['nats://127.0.0.1,nats://[::1]', 'nats://localhost:1', 'nats://127.0.0.1,nats://10.0.0.1'].map(
        (text) => isLocalBus(parseBus(text)),
      ),
      [true, true, false],
    );
    const jwt = '-----BEGIN NATS USER JWT-----\nx\n';
    const seed = `SU${'A'.repeat(56)}`;
    assert.deepEqual([jwt, `${seed}\n`, ' a:b:c \n', 'token'].map(parseBusCredentials), [
      { kind: 'creds', text: jwt },
      { kind: 'seed', seed },
      { kind: 'password', user: 'a', password: 'b:c' },
      { kind: 'token', token: 'token' },
    ]);
    for (const text of ['', ' \n', 'a\nb'])
      assert.throws(() => parseBusCredentials(text), withCode('CONFIG'));
    assert.equal(parseBusName('films-2'), 'films-2');
    for (const text of ['', 'A', 'a.b', '*', 'a'.repeat(33)]) {
      assert.throws(() => parseBusName(text), withCode('USAGE'));
    }
  });

  it('keeps files where XDG says, and ignores what is no absolute path', () => {
    assert.deepEqual(placesOf({ XDG_DATA_HOME: '/d', XDG_STATE_HOME: 'relative' }, '/home/anna'), {
      identityFile: '/d/ferryd/identity.pem',
      statusFolder: '/home/anna/.local/state/ferryd/running',
      accessFile: '/home/anna/.local/state/ferryd/access.db',
      contentsFolder: '/home/anna/.local/state/ferryd/contents',
      chatFolder: '/home/anna/.local/state/ferryd/chat',
      addressFile: '/home/anna/.local/state/ferryd/address',
    });
  });
});
