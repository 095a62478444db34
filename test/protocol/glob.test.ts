import assert from 'node:assert/strict';
import { test } from 'node:test';
import { glob, isGlob } from '@ferry/protocol';

const rows: readonly (readonly [pattern: string, fits: readonly string[], not: readonly string[]])[] = [
  ['', [''], ['a']],
  ['*', ['', 'a', '.a', 'ü'], []],
  ['a*c', ['ac', 'abc', 'abcbc'], ['acb', 'bac']],
  ['*.t?t', ['a.txt', '.tüt'], ['a.tt', 'a.txtx']],
  ['??', ['ab', 'üü', '😀a'], ['a', 'abc']],
  ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
  ['[!a-c]x', ['dx'], ['ax', 'x']],
  ['[^a]x', ['bx'], ['ax']],
  ['[]a]', [']', 'a'], ['[', '[]a]']],
  ['[a-]', ['a', '-'], ['b']],
  ['[ab', ['[ab'], ['a']],
  ['\\*', ['*'], ['a', '\\*']],
  ['a\\', ['a\\'], ['a']],
  ['*a*b*', ['ab', 'xaxbx', 'bab'], ['ba', 'a', 'b']],
];

test('patterns fit whole names', () => {
  for (const [pattern, fits, not] of rows) {
    for (const name of fits) assert.ok(glob(pattern)(name), `${pattern} fits ${name}`);
    for (const name of not) assert.ok(!glob(pattern)(name), `${pattern} does not fit ${name}`);
  }
  assert.ok(glob('*.TXT', true)('a.Txt'));
  assert.ok(!glob('*.TXT')('a.Txt'));
});

test('no pattern is slow', () => {
  const evil = glob(`${'*a'.repeat(100)}*b`);
  assert.ok(!evil('a'.repeat(255)));
});

test('what is a pattern', () => {
  assert.deepEqual(['a', 'a.b', 'a*', '?', '[a]', '\\a'].map(isGlob), [false, false, true, true, true, true]);
});
