/** The difference of two texts: it leads from one to the other, and says no more than it must. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DiffLine, textDiff } from '@ferry/tui/engine/text-diff';
import { randomFrom, runs, seed } from '../../support/random.ts';

const signs = { same: ' ', removed: '-', added: '+', gap: '@' } as const;
const written = (lines: readonly DiffLine[]): string[] =>
  lines.map(({ kind, text }) => `${signs[kind]}${text}`);
const range = (count: number): string[] => Array.from({ length: count }, (_, i) => `l${i + 1}`);

test('says what was removed and added, with three lines around it', () => {
  const before = range(20);
  const after = before.with(9, 'new').toSpliced(18, 1);
  assert.deepEqual(written(textDiff(before, after)), [
    '@line 7 → line 7',
    ' l7',
    ' l8',
    ' l9',
    '-l10',
    '+new',
    ' l11',
    ' l12',
    ' l13',
    '@line 16 → line 16',
    ' l16',
    ' l17',
    ' l18',
    '-l19',
    ' l20',
  ]);
  assert.deepEqual(textDiff(before, before), []);
  assert.deepEqual(written(textDiff([], ['a'])), ['+a']);
  assert.deepEqual(written(textDiff(['a'], [])), ['-a']);
});

test('texts that have little in common are told as one removed and one added', () => {
  const before = Array.from({ length: 6000 }, (_, i) => `a${i}`);
  const after = Array.from({ length: 6000 }, (_, i) => `b${i}`);
  const lines = textDiff(before, after);
  assert.deepEqual([lines.length, lines[0]?.kind, lines.at(-1)?.kind], [12_000, 'removed', 'added']);
});

test(`leads from one text to the other, in as few steps as there can be (seed ${seed})`, () => {
  const random = randomFrom(seed);
  for (let round = 0; round < runs(300); round++) {
    const text = (): string[] => Array.from({ length: random(12) }, () => 'abc'[random(3)] ?? '');
    const before = text();
    const after = text();
    // Same lines that are far from any other are left out, at the ends without a word.
    const lines = textDiff(before, after);
    const isWhole = lines.every(({ kind }) => kind !== 'gap');
    const told = (left: 'removed' | 'added'): string[] =>
      lines.filter(({ kind }) => kind !== left && kind !== 'gap').map(({ text: line }) => line);
    const changes = lines.filter(({ kind }) => kind === 'removed' || kind === 'added').length;
    if (isWhole && changes > 0 && told('added').length === before.length) {
      assert.deepEqual(told('added'), before);
      assert.deepEqual(told('removed'), after);
    }
    assert.equal(changes, before.length + after.length - 2 * commonLength(before, after));
  }
});

/** Of the longest common subsequence, the slow and certain way. */
function commonLength(a: readonly string[], b: readonly string[]): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const up = table[i - 1]?.[j] ?? 0;
      const left = table[i]?.[j - 1] ?? 0;
      table[i]![j] = a[i - 1] === b[j - 1] ? (table[i - 1]?.[j - 1] ?? 0) + 1 : Math.max(up, left);
    }
  }
  return table[a.length]?.[b.length] ?? 0;
}
