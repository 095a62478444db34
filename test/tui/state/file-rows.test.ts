/** A piece of a file as rows: the same rows from wherever one looks, hostile bytes harmless, wide characters counted. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytePattern, placeIn, placesIn } from '@ferry/tui/state/byte-pattern';
import {
  isNeed,
  moved,
  type Row,
  type RowShape,
  rowFrom,
  rowStart,
  rowsFrom,
  type Span,
} from '@ferry/tui/state/file-rows';
import { cells } from '@ferry/tui/view/rows/cells';
import { randomFrom, runs, seed } from '../../support/random.ts';

const wrapped: RowShape = { mode: 'text', wrap: true, width: 20, column: 0 };
const cut: RowShape = { ...wrapped, wrap: false };

const whole = (bytes: Uint8Array): Span => ({ from: 0, bytes });
const textOf = ({ chars }: Row): string => chars.map(({ text }) => text).join('');

function texts(content: string | Uint8Array, shape: RowShape): string[] {
  const bytes = Buffer.from(content);
  return rowsFrom(whole(bytes), bytes.length, 0, 100, shape).rows.map(textOf);
}

describe('rows of a file', () => {
  test('lines, with carriage returns and without a newline at the end', () => {
    assert.deepEqual(texts('one\ntwo\r\n\nfour', wrapped), ['one', 'two', '', 'four']);
    assert.deepEqual(texts('', wrapped), []);
    assert.deepEqual(texts('\n', wrapped), ['']);
  });

  test('a long line goes on in the next row, or is cut', () => {
    const line = '0123456789abcdefghijklmnopqrstuvwxyz';
    assert.deepEqual(texts(`${line}\nx`, wrapped), [line.slice(0, 20), line.slice(20), 'x']);
    assert.deepEqual(texts(`${line}\nx`, cut), [line.slice(0, 20), 'x']);
    assert.deepEqual(texts(`${line}\nx`, { ...cut, column: 10 }), [line.slice(10, 30), '']);
  });

  test('wide characters take two cells, and one that would stick out begins the next row', () => {
    assert.deepEqual(texts(`${'x'.repeat(19)}海と`, wrapped), ['x'.repeat(19), '海と']);
    assert.deepEqual(texts('海船', { ...cut, column: 1 }), [' 船']);
    assert.deepEqual(texts('e\u0301x', wrapped), ['e\u0301x']);
  });

  test('tabs go to the next stop', () => {
    assert.deepEqual(texts('a\tb\t\tc', { ...wrapped, width: 40 }), ['a       b               c']);
  });

  test('what a terminal would act on is said instead (TERM-01…09)', () => {
    assert.deepEqual(texts('\x1b[2Jx', wrapped), ['\\e[2Jx']);
    assert.deepEqual(texts('tail\u202efdp', wrapped), ['tail\\u{202e}fdp']);
    assert.deepEqual(texts(Buffer.from([0x61, 0xff, 0x80, 0x62]), wrapped), ['a\\xff\\x80b']);
    assert.deepEqual(texts('\u0301lone', wrapped), ['\\u{301}lone']);
    assert.deepEqual(texts('C:\\new', wrapped), ['C:\\new']);
  });

  test('hexadecimal rows stand where they would from the beginning', () => {
    const bytes = new Uint8Array(100);
    const hex: RowShape = { ...wrapped, mode: 'hex', width: 80 };
    assert.equal(rowStart(whole(bytes), 100, 99, hex), 96);
    assert.equal(moved(whole(bytes), 100, 100, -3, hex), 64);
    assert.equal(moved(whole(bytes), 100, 0, 100, hex), 96);
    assert.deepEqual(rowFrom(whole(bytes), 100, 96, hex), { at: 96, end: 100, chars: [] });
    assert.equal(rowStart(whole(bytes), 100, 99, { ...hex, width: 60 }), 96);
    assert.equal(rowStart(whole(bytes), 100, 95, { ...hex, width: 60 }), 88);
  });

  test(`rows tile the file, and are the same from the end and from any piece (seed ${seed})`, () => {
    const random = randomFrom(seed);
    const alphabet = ['a', ' ', '\n', '\n', '海', '🚢', 'e\u0301', '\t', '\x1b[', '\r\n', '\u00ff'];
    for (let round = 0; round < runs(20); round++) {
      const parts: Buffer[] = [];
      for (let i = 0; i < 40; i++) {
        const kind = random(8);
        if (kind === 0) parts.push(Buffer.alloc(random(30_000), 'x'));
        else if (kind === 1) parts.push(Buffer.from('海'.repeat(random(9000))));
        else if (kind === 2) parts.push(Buffer.from([random(256), random(256)]));
        else parts.push(Buffer.from(alphabet[random(alphabet.length)] ?? ''));
      }
      const bytes = Buffer.concat(parts);
      const size = bytes.length;
      const shape = { ...(random(2) === 0 ? wrapped : cut), width: 20 + random(60) };
      const { rows } = rowsFrom(whole(bytes), size, 0, Number.POSITIVE_INFINITY, shape);
      let at = 0;
      for (const row of rows) {
        assert.equal(row.at, at);
        assert.ok(row.end > row.at);
        assert.ok(cells(textOf(row)) <= shape.width);
        at = row.end;
      }
      assert.equal(at, size);
      for (let i = 0; i < 30 && rows.length > 0; i++) {
        const index = random(rows.length);
        const row = rows[index]!;
        const inside = row.at + random(row.end - row.at);
        assert.equal(rowStart(whole(bytes), size, inside, shape), row.at);
        const up = Math.min(index, random(50));
        assert.equal(moved(whole(bytes), size, row.at, -up, shape), rows[index - up]!.at);
        const from = Math.max(0, row.at - random(40_000));
        const span = { from, bytes: bytes.subarray(from, Math.min(size, row.end + random(40_000))) };
        const found = rowStart(span, size, inside, shape);
        assert.ok(isNeed(found) || found === row.at, `${found} is not ${row.at}`);
        const again = rowFrom(span, size, row.at, shape);
        assert.ok(isNeed(again) || again.end === row.end);
      }
    }
  });

  test('what is not at hand is named by its side', () => {
    const bytes = Buffer.from('line one\nline two\nline three\n');
    const span = { from: 12, bytes: bytes.subarray(12, 20) };
    assert.equal(rowStart(span, bytes.length, 14, wrapped), 'before');
    assert.equal(rowFrom(span, bytes.length, 18, wrapped), 'after');
    assert.equal(rowFrom(span, bytes.length, 5, wrapped), 'before');
  });
});

describe('a text to search for', () => {
  test('finds capital letters unless it has some, and no overlaps', () => {
    const bytes = Buffer.from('aXa Axa aaa');
    assert.deepEqual(placesIn(bytes, bytePattern('axa')), [0, 4]);
    assert.deepEqual(placesIn(bytes, bytePattern('Ax')), [4]);
    assert.deepEqual(placesIn(bytes, bytePattern('aa')), [8]);
    assert.deepEqual(placesIn(bytes, bytePattern('')), []);
    assert.equal(placeIn(bytes, bytePattern('axa'), 'last'), 4);
    assert.equal(placeIn(bytes, bytePattern('nothing'), 'first'), -1);
    assert.deepEqual(placesIn(Buffer.from('über Über'), bytePattern('über')), [0]);
  });
});
