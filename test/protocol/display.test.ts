import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { show, showCharAt, showName } from '@ferry/protocol';
import fc from 'fast-check';
import { runs, seed } from '../support/random.ts';

const forbidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|\p{Variation_Selector}|(?! )\p{Zs}/u;

describe('the sanitiser', () => {
  test('says what terminals would act on (TERM-01…07, TERM-09)', () => {
    const table: readonly (readonly [string, string])[] = [
      ['plain name.txt', 'plain name.txt'],
      ['\x1b[31mred', '\\e[31mred'],
      ['a\u009b5m', 'a\\u{9b}5m'],
      ['\x1b]52;c;AAAA\x07', '\\e]52;c;AAAA\\u{7}'],
      ['invoice\u202efdp.exe', 'invoice\\u{202e}fdp.exe'],
      ['two\nlines\r\tand\b', 'two\\nlines\\r\\tand\\u{8}'],
      ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
      ['back\\slash', 'back\\\\slash'],
      ['{bold}{|}', '{bold}{|}'],
      ['\ud800', '\\u{d800}'],
      ['海と🚢', '海と🚢'],
      ['nbsp\u00a0', 'nbsp\\u{a0}'],
      ['private\ue000', 'private\\u{e000}'],
    ];
    for (const [given, want] of table) assert.equal(show(given), want);
  });

  test('shows bytes that are not UTF-8 one by one, and different names differently (PATH-17, PATH-18)', () => {
    assert.equal(showName('bad\xff\xfe'), 'bad\\xff\\xfe');
    assert.notEqual(showName('bad\xff\xfe'), showName('bad\xfd\xfe'));
    assert.equal(showName(Buffer.from('ärger').toString('latin1')), 'ärger');
    assert.equal(showName('\xc0\xaf'), '\\xc0\\xaf');
  });

  test('caps the marks on one letter', () => {
    assert.equal(show(`e${'\u0301'.repeat(6)}`), `e${'\u0301'.repeat(4)}\\u{301}\\u{301}`);
  });

  test('lets nothing through that is not seen, whatever comes', (t) => {
    const count = runs(20_000);
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(text, (given) => {
        assert.doesNotMatch(show(given), forbidden);
      }),
      { seed, numRuns: count },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.doesNotMatch(showName(Buffer.from(bytes).toString('latin1')), forbidden);
      }),
      { seed, numRuns: count },
    );
    t.diagnostic(`count: hostile texts ${2 * count}, let through 0 (seed ${seed})`);
  });

  test('shows a document character by character as it shows a name, but for backslashes, and covers every byte once', () => {
    const texts = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text)),
      fc
        .string({ unit: fc.constantFrom('e', '\u0301', '海', '\x1b', '\u202e', '🚢'), maxLength: 20 })
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(texts, (bytes) => {
        let shown = '';
        let marks = -1;
        for (let at = 0; at < bytes.length; ) {
          const char = showCharAt(bytes, at, marks);
          marks = char.isMark ? Math.max(0, marks) + 1 : 0;
          assert.ok(char.bytes >= 1 && at + char.bytes <= bytes.length);
          assert.doesNotMatch(char.text, forbidden);
          shown += char.text === '\\' ? '\\\\' : char.text;
          at += char.bytes;
        }
        // Behind a byte that is no character a mark is carried here and said there.
        const isText = Buffer.from(Buffer.from(bytes).toString()).equals(Buffer.from(bytes));
        if (isText) assert.equal(shown, showName(Buffer.from(bytes).toString('latin1')));
      }),
      { seed, numRuns: runs(5000) },
    );
  });

  test('is reversible: two texts are never shown the same', () => {
    const pair = fc.tuple(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 8 }),
    );
    fc.assert(
      fc.property(pair, ([a, b]) => a === b || show(a) !== show(b)),
      { seed, numRuns: runs(5000) },
    );
  });
});
