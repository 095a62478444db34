/** Looking for text in chunks: the same hits wherever the cuts are, as a plain search of the whole finds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hitBytes, type LineHit, LineSearch } from '@ferry/protocol/content';
import { randomFrom, runs, seed } from '../support/random.ts';

function search(content: Buffer, needle: string, anyCase: boolean, cuts: readonly number[]): LineHit[] {
  const search = new LineSearch(needle, anyCase);
  const hits: LineHit[] = [];
  let from = 0;
  for (const cut of [...cuts, content.length]) {
    if (search.isOver) break;
    // The buffer is used again.
    const chunk = Buffer.from(content.subarray(from, cut));
    hits.push(...search.push(chunk, cut === content.length));
    chunk.fill(0x58);
    from = cut;
  }
  return hits;
}

function plain(content: Buffer, needle: string, anyCase: boolean): LineHit[] {
  const fold = (text: string): string => (anyCase ? text.toLowerCase() : text);
  return content
    .toString('latin1')
    .split('\n')
    .map((text, i) => ({ line: i + 1, text }))
    .filter(({ text }) => fold(text).includes(fold(needle)))
    .map(({ line, text }) => ({ line, text: text.slice(0, hitBytes).replace(/\r$/, '') }));
}

test(`cuts change nothing (seed ${seed})`, () => {
  const random = randomFrom(seed);
  for (let round = 0; round < runs(300); round++) {
    const words = ['ab', 'a', 'B', '\n', '\r\n', ' ', 'aab'];
    const content = Buffer.from(
      Array.from({ length: random(60) }, () => words[random(words.length)] ?? '').join(''),
      'latin1',
    );
    const cuts = Array.from({ length: random(6) }, () => random(content.length + 1))
      .filter((cut) => cut < content.length)
      .sort((a, b) => a - b);
    const needle = ['a', 'ab', 'aab', 'ba', 'abab'][random(5)] ?? '';
    const anyCase = random(2) === 1;
    const what = JSON.stringify([content.toString('latin1'), needle, anyCase, cuts]);
    assert.deepEqual(search(content, needle, anyCase, cuts), plain(content, needle, anyCase), what);
  }
});

test('a line of many megabytes is held in pieces, and its hits are found across them', () => {
  const content = Buffer.alloc(3_000_000, 'x');
  content.write('needle', 999_997);
  content.write('\nneedle', 2_500_000);
  const hits = search(content, 'needle', false, [1_000_000, 2_000_000]);
  assert.deepEqual(
    hits.map(({ line }) => line),
    [1, 2],
  );
  assert.match(hits[0]?.text ?? '', /^x+needlex+$/);
  assert.ok(hits.every(({ text }) => text.length <= hitBytes));
});

test('what is no text has one hit without a line', () => {
  const content = Buffer.from('a\0b\nneedle\nneedle');
  assert.deepEqual(search(content, 'needle', false, [4]), [{ line: 0, text: '' }]);
});
