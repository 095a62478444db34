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

test('no pattern is slow (RES-11)', (t) => {
  // As long as one may be; each makes the other kind of matcher work for ever.
  const evils: readonly (readonly [pattern: string, name: string])[] = [
    [`${'*a'.repeat(100)}*b`, 'a'.repeat(255)],
    [`${'*a'.repeat(511)}b`, 'a'.repeat(255)],
    [`*${'?'.repeat(254)}b`, 'a'.repeat(255)],
    [`*${'[a-yA-Y0-8]'.repeat(92)}`, `${'a'.repeat(254)}z`],
    [`*[${'b'.repeat(1000)}]`, 'a'.repeat(255)],
    [`${'*[!b-z]'.repeat(140)}z`, 'a'.repeat(255)],
  ];
  let dearest = 0;
  for (const [pattern, name] of evils) {
    const evil = glob(pattern);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 5; i++) {
      const began = performance.now();
      assert.ok(!evil(name));
      least = Math.min(least, performance.now() - began);
    }
    assert.ok(least < 20, `${least} ms for ${pattern.slice(0, 20)}`);
    dearest = Math.max(dearest, least);
  }
  t.diagnostic(`count: the dearest pattern took ${dearest.toFixed(2)} ms for one name`);
});

test('what is a pattern', () => {
  assert.deepEqual(['a', 'a.b', 'a*', '?', '[a]', '\\a'].map(isGlob), [false, false, true, true, true, true]);
});
