/** What the owner may write: by value. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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
