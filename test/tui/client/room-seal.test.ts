/** Sealed rooms against a server that reads, changes, repeats, moves, withholds and gives to others. */

import assert from 'node:assert/strict';
import { argon2Sync, createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { type ChatMessage, type Sealed, say } from '@ferry/protocol/messages';
import { decodeBody, encodeBody, pack } from '@ferry/protocol/wire';
import {
  fits,
  newSealing,
  Opener,
  type RoomKey,
  roomKey,
  Sealer,
} from '../../../packages/tui/src/client/room-seal.ts';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { path } from '../../support/scratch.ts';

type Whole = ChatMessage & { readonly sealed: Sealed };

const now = 1_760_000_000_000;

function given(sealed: Sealed, from: string, seq = 1, ms = now): Whole {
  const id = randomBytes(16);
  return { seq, after: seq - 1, ms, from, id, text: undefined, path: undefined, sealed, takes: undefined };
}

// A key takes as long as a login: one for all.
const { sealing, key } = await newSealing('crew', 'open sesame');
const none = new Opener(key).mark;

describe('a sealed room', () => {
  it('opens to its passphrase and to no other, in any of the forms that look the same (CHAT-12)', async () => {
    const { salt } = sealing;
    assert.ok(fits(key, sealing));
    assert.ok(!fits({ ...key, name: 'other' }, sealing), 'the name is in it');
    assert.ok(!fits(await roomKey('crew', 'open Sesame', salt), sealing));
    const [one, other] = [
      await roomKey('crew', 'Ka\u0308se', salt),
      await roomKey('crew', 'K\u00e4se', salt),
    ];
    assert.deepEqual(one.master, other.master);
    await assert.rejects(roomKey('crew', '', salt));
  });

  it('is as the protocol says, made by hand', () => {
    const master = argon2Sync('argon2id', {
      message: 'open sesame',
      nonce: sealing.salt,
      memory: 65_536,
      passes: 3,
      parallelism: 1,
      tagLength: 32,
    });
    const info = (text: string): Buffer => Buffer.from(text, 'latin1');
    const hkdf = (about: Buffer, bytes: number): Buffer =>
      Buffer.from(hkdfSync('sha256', master, '', about, bytes));
    assert.deepEqual(hkdf(info('ferry room check 1\0crew'), 16), Buffer.from(sealing.check));
    const session = Buffer.alloc(16, 9);
    const own = hkdf(Buffer.concat([info('ferry room key 1\0\0\x04crew'), session]), 32);
    const numbers = Buffer.alloc(16);
    numbers.writeBigUInt64BE(5n, 0);
    numbers.writeBigUInt64BE(BigInt(now), 8);
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(5n, 4);
    const inner = pack(['by hand', null, Buffer.alloc(8)]);
    const plain = Buffer.alloc(64);
    plain.writeUInt16BE(inner.length);
    inner.copy(plain, 2);
    const cipher = createCipheriv('aes-256-gcm', own, nonce);
    cipher.setAAD(Buffer.concat([info('ferry room message 1\0\0\x04crew\0\x04anna'), session, numbers]));
    const box = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const opener = new Opener(key);
    const opened = opener.open(given({ session, counter: 5, sentMs: now, box }, 'anna'));
    assert.deepEqual(opened, { text: 'by hand', path: undefined, notes: [] });
    assert.deepEqual(Buffer.from(opener.mark), createHash('sha256').update(box).digest().subarray(0, 8));
  });

  it('brings text and path back over the wire, the longest too', () => {
    const sealer = new Sealer(key, 'anna');
    const opener = new Opener(key);
    const long = 'ü'.repeat(2048);
    const deep = path(Array.from({ length: 16 }, () => 'x'.repeat(255)).join('/'));
    for (const [text, at] of [
      ['hello', undefined],
      ['look', path('a/b')],
      [long, deep],
    ] as const) {
      const sealed = sealer.seal(text, at, now, opener.mark);
      const request = { room: 1, id: randomBytes(16), text: undefined, path: undefined, sealed };
      const back = decodeBody(say.request, encodeBody(say.request, request));
      assert.ok(back.sealed !== undefined);
      assert.deepEqual(opener.open(given(back.sealed, 'anna')), { text, path: at, notes: [] });
    }
    assert.equal(
      new Sealer(key, 'a').seal('x', undefined, 1, none).box.length,
      new Sealer(key, 'a').seal('xyz', undefined, 1, none).box.length,
    );
  });

  it('shows nothing of what was changed, whatever is changed (CHAT-10)', (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    const sealed = new Sealer(key, 'anna').seal('hello', path('a'), now, none);
    const changes: ((from: Sealed) => Sealed)[] = [
      (from) => ({ ...from, counter: from.counter + 1 + random(9) }),
      (from) => ({ ...from, sentMs: from.sentMs + 1 }),
      (from) => ({ ...from, session: randomBytes(16) }),
      (from) => ({ ...from, box: from.box.subarray(0, from.box.length - 1) }),
      (from) => ({ ...from, box: Buffer.concat([from.box, Buffer.alloc(1)]) }),
      (from) => {
        const box = Buffer.from(from.box);
        box[random(box.length)]! ^= 1 << random(8);
        return { ...from, box };
      },
    ];
    let shown = 0;
    const count = runs(500);
    for (let i = 0; i < count; i++) {
      const changed = changes[random(changes.length)]?.(sealed);
      const opened = new Opener(key).open(given(changed ?? sealed, 'anna'));
      if (opened.notes[0] !== 'unreadable' || opened.text !== '') shown += 1;
    }
    assert.equal(shown, 0);
    t.diagnostic(`count: ${count} changed messages, shown 0`);
    const opener = new Opener(key);
    assert.deepEqual(opener.open(given(sealed, 'bert')).notes, ['unreadable'], 'given to another sender');
    const other: RoomKey = { ...key, name: 'other' };
    assert.deepEqual(
      new Opener(other).open(given(sealed, 'anna')).notes,
      ['unreadable'],
      'taken to another room',
    );
    assert.equal(opener.open(given(sealed, 'anna')).text, 'hello', 'and what was not changed is shown');
  });

  it('says what was repeated, kept back or moved, and nothing where all is right (CHAT-11)', () => {
    const [anna, bert] = [new Sealer(key, 'anna'), new Sealer(key, 'bert')];
    // Bert reads all that anna says before he answers.
    const atBert = new Opener(key);
    const a0 = given(anna.seal('a0', undefined, now, none), 'anna', 1);
    const a1 = given(anna.seal('a1', undefined, now, none), 'anna', 2);
    for (const message of [a0, a1]) atBert.open(message);
    const b0 = given(bert.seal('b0', undefined, now, atBert.mark), 'bert', 3);
    const a2 = given(anna.seal('a2', undefined, now, none), 'anna', 4);
    const notesOf = (...messages: readonly Whole[]): string[] => {
      const opener = new Opener(key);
      return messages.map((message) => opener.open(message).notes.join(' '));
    };
    assert.deepEqual(notesOf(a0, a1, b0, a2), ['', '', '', '']);
    assert.deepEqual(notesOf(a1, b0, a2), ['', '', ''], 'who comes later has not seen the beginning');
    assert.deepEqual(notesOf(a0, a0, a1), ['', 'replayed', '']);
    assert.deepEqual(notesOf(a0, a1, a0), ['', '', 'replayed']);
    assert.deepEqual(notesOf(a0, b0, a2), ['', '', 'missing']);
    assert.deepEqual(notesOf(a0, b0, a1, a2), ['', '', 'moved', '']);
    assert.deepEqual(notesOf(a1, a0), ['', 'replayed'], 'of one sender, the wrong way round');
    const late = { ...a0, ms: now + 6 * 60_000 };
    assert.deepEqual(notesOf(late), ['clock']);
  });

  it('never uses a nonce twice and never says the same twice in the same way', () => {
    const sealer = new Sealer(key, 'anna');
    const boxes = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const { counter, box } = sealer.seal('same', undefined, now, none);
      assert.equal(counter, i);
      boxes.add(Buffer.from(box).toString('hex'));
    }
    boxes.add(Buffer.from(new Sealer(key, 'anna').seal('same', undefined, now, none).box).toString('hex'));
    assert.equal(boxes.size, 101);
  });
});
