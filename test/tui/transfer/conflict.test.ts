/** What happens when a target's name is taken. */

import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import {
  bytesOf,
  EntryKind,
  isName,
  limits,
  type Name,
  nameFromText,
  type Time,
  timeFromNs,
} from '@ferry/protocol';
import fc from 'fast-check';
import {
  type ConflictFacts,
  type ConflictPolicy,
  type DecideOpts,
  type Decision,
  decide,
  isNewer,
  keepBothName,
  ruleOf,
  type Side,
} from '../../../packages/tui/src/transfer/conflict.ts';
import { withCode } from '../../support/code.ts';
import { runs, seed } from '../../support/random.ts';
import { path } from '../../support/scratch.ts';

const policies: readonly ConflictPolicy[] = [
  'ask',
  'fail',
  'overwrite',
  'newer',
  'size-differs',
  'content-differs',
  'resume',
  'keep-both',
  'skip',
];
const old: Time = { s: 1_700_000_000, ns: 5 };
const young: Time = { s: 1_700_000_100, ns: 5 };

function file(size: number, modified: Time = old): Side {
  return { kind: EntryKind.file, size, modified };
}

const folder: Side = { kind: EntryKind.folder, size: 0, modified: old };

function facts(source: Side, target: Side | undefined, sameContent?: boolean): ConflictFacts {
  return {
    job: 7,
    direction: 'upload',
    sourcePath: path('from'),
    targetPath: path('to'),
    source,
    target,
    sameContent,
  };
}

/** In short: `skip same-size`, `ask empty`, `fail EXISTS`. */
function said(decision: Decision): string {
  if (decision.do === 'skip') return `skip ${decision.why}`;
  if (decision.do === 'ask') return `ask ${decision.question.why}`;
  if (decision.do === 'fail') return `fail ${decision.error.codeName}`;
  return decision.do;
}

const cases: readonly (readonly [ConflictPolicy, Side, Side | undefined, string, boolean?])[] = [
  ...policies.map((policy) => [policy, file(1), undefined, 'write'] as const),
  ...policies.map((policy) => [policy, folder, folder, 'write'] as const),
  ['ask', file(1), file(1), 'ask exists'],
  ['fail', file(1), file(2), 'fail EXISTS'],
  ['overwrite', file(1), file(2), 'replace'],
  ['skip', file(1), file(2), 'skip policy'],
  ['keep-both', file(1), file(2), 'rename'],
  ['newer', file(1, young), file(1, old), 'replace'],
  ['newer', file(1, old), file(2, young), 'skip not-newer'],
  ['newer', file(1, old), file(2, old), 'skip not-newer'],
  ['size-differs', file(1, young), file(1), 'skip same-size'],
  ['size-differs', file(1), file(2), 'replace'],
  ['content-differs', file(1), file(2), 'replace'],
  ['content-differs', file(2), file(2), 'compare'],
  ['content-differs', file(2), file(2), 'skip same-content', true],
  ['content-differs', file(2), file(2), 'replace', false],
  ['content-differs', file(0), file(0), 'skip same-content'],
  ['resume', file(2), file(1), 'replace'],
  ['resume', file(2), file(0), 'replace'],
  ['resume', file(2), file(2), 'skip same-size'],
  ['resume', file(2), file(3), 'fail EXISTS'],
  ['ask', file(0), file(1), 'ask empty'],
  ['overwrite', file(0), file(1), 'fail EXISTS'],
  ['newer', file(0, young), file(1), 'fail EXISTS'],
  ['newer', file(0), file(1, young), 'skip not-newer'],
  ['size-differs', file(0), file(1), 'fail EXISTS'],
  ['content-differs', file(0), file(1), 'fail EXISTS'],
  ['resume', file(0), file(1), 'fail EXISTS'],
  ['keep-both', file(0), file(1), 'rename'],
  ['ask', file(0), file(0), 'ask exists'],
  ['overwrite', file(0), file(0), 'replace'],
  ['newer', file(0, young), file(0), 'replace'],
  ['ask', file(1), folder, 'ask kind'],
  ['ask', folder, file(1), 'ask kind'],
  ['overwrite', folder, file(1), 'fail EXISTS'],
  ['overwrite', file(1), { ...folder, kind: EntryKind.symlink }, 'fail EXISTS'],
  ['keep-both', file(1), folder, 'rename'],
  ['skip', folder, file(1), 'skip policy'],
];

test('every policy decides as it says', () => {
  for (const [policy, source, target, want, sameContent] of cases)
    assert.equal(
      said(decide(policy, facts(source, target, sameContent))),
      want,
      `${policy} ${JSON.stringify([source, target])}`,
    );
});

test('what a policy does not cover is asked where somebody is there, and said where not', () => {
  const table: readonly (readonly [ConflictPolicy, Side, Side, string, RegExp])[] = [
    ['overwrite', file(0), file(1), 'ask empty', /^this file is empty and the one there is not/],
    ['resume', file(0), file(1), 'ask empty', /^this file is empty/],
    ['resume', file(2), file(3), 'ask larger', /larger than this one/],
    ['newer', file(1), folder, 'ask kind', /^a folder of that name is there/],
    ['newer', folder, file(1), 'ask kind', /^a file of that name is there, and only a file/],
    ['fail', file(1), file(1), 'fail EXISTS', /^a file of that name is there$/],
  ];
  for (const [policy, source, target, asked, sentence] of table) {
    assert.equal(said(decide(policy, facts(source, target), { mayAsk: true })), asked);
    const decision = decide(policy, facts(source, target));
    assert.ok(decision.do === 'fail');
    assert.match(decision.error.message, sentence);
  }
  assert.equal(said(decide('overwrite', facts(file(0), file(1)), { allowEmpty: true })), 'replace');
  assert.equal(said(decide('newer', facts(file(0, young), file(1)), { allowEmpty: true })), 'fail EXISTS');
});

test('a question holds what a dialog shows', () => {
  const decision = decide('ask', facts(file(3, young), file(2), false));
  assert.ok(decision.do === 'ask');
  assert.deepEqual(structuredClone(decision.question), {
    ...facts(file(3, young), file(2), false),
    why: 'exists',
    answers: ['overwrite', 'newer', 'size-differs', 'content-differs', 'resume', 'keep-both', 'skip'],
  });
});

const times = fc
  .tuple(
    fc.integer({ min: -10, max: 10 }),
    fc.constantFrom(0, 1, 500, 999, 1000, 1001, 5e8, 999_999_000, 999_999_999),
  )
  .map(([s, ns]): Time => ({ s, ns }));
const side = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constant(EntryKind.file) },
    fc.constantFrom(...Object.values(EntryKind)),
  ),
  size: fc.constantFrom(0, 0, 1, 2, 3, 2 ** 40),
  modified: times,
});
const someFacts = fc.record({
  job: fc.nat({ max: 3 }),
  direction: fc.constantFrom('upload' as const, 'download' as const),
  sourcePath: fc.constant(path('from')),
  targetPath: fc.constant(path('to')),
  source: side,
  target: fc.option(side, { nil: undefined }),
  sameContent: fc.option(fc.boolean(), { nil: undefined }),
});
const opts: fc.Arbitrary<DecideOpts> = fc.record({ allowEmpty: fc.boolean(), mayAsk: fc.boolean() });
const policy = fc.constantFrom(...policies);

test('nothing is lost that nobody gave up', () => {
  fc.assert(
    fc.property(policy, someFacts, opts, (chosen, given, how) => {
      const { source, target, sameContent } = given;
      const decision = decide(chosen, given, how);
      assert.equal(
        decision.do === 'write',
        target === undefined || (source.kind === EntryKind.folder && target.kind === EntryKind.folder),
      );
      if (target === undefined || decision.do === 'write') return;
      if (decision.do === 'replace') {
        assert.ok(!['ask', 'fail', 'skip', 'keep-both'].includes(chosen));
        assert.deepEqual([source.kind, target.kind], [EntryKind.file, EntryKind.file]);
        if (source.size === 0 && target.size > 0)
          assert.ok(chosen === 'overwrite' && how.allowEmpty === true);
      }
      if (decision.do === 'compare') {
        assert.deepEqual([chosen, sameContent, source.size], ['content-differs', undefined, target.size]);
      }
      if (decision.do === 'ask') assert.ok(chosen === 'ask' || (how.mayAsk === true && chosen !== 'fail'));
      if (decision.do === 'fail') assert.ok(chosen === 'fail' || (chosen !== 'ask' && how.mayAsk === false));
    }),
    { seed, numRuns: runs(20_000) },
  );
});

test('whatever is answered of what is offered, it is settled then', () => {
  fc.assert(
    fc.property(policy, someFacts, (chosen, given) => {
      const decision = decide(chosen, given, { mayAsk: true });
      if (decision.do !== 'ask') return;
      const { question } = decision;
      assert.ok(question.answers.length > 0);
      for (const answer of question.answers) {
        const rule = ruleOf(question, { policy: answer, scope: 'this' });
        let next = decide(rule.policy, given, { ...rule, mayAsk: true });
        if (next.do === 'compare') next = decide(rule.policy, { ...given, sameContent: false }, rule);
        assert.ok(['replace', 'rename', 'skip'].includes(next.do), `${answer}: ${said(next)}`);
      }
    }),
    { seed, numRuns: runs(10_000) },
  );
});

test('newer is newer by more than file systems round off', () => {
  const base = 1_700_000_000_000_000_000n;
  const table: readonly (readonly [bigint, bigint, boolean])[] = [
    [base + 5001n, base + 4001n, false],
    [base + 5002n, base + 4001n, true],
    [base + 1_000_000_001n, base + 999_999_001n, false],
    [base + 2_000_000_000n, base, false],
    [base + 1_999_999_999n, base, false],
    [base + 2_000_000_001n, base, true],
    [base + 3_000_000_000n, base + 5n, true],
    [base + 1_500_000_000n, base + 5n, true],
    [-5_000_000_001n, base, false],
    [base, -5_000_000_001n, true],
  ];
  for (const [a, b, want] of table)
    assert.equal(isNewer(timeFromNs(a), timeFromNs(b)), want, `${a} and ${b}`);
  fc.assert(
    fc.property(times, times, (a, b) => {
      assert.ok(!(isNewer(a, b) && isNewer(b, a)));
      assert.ok(!isNewer(a, a));
      if (Math.abs(a.s - b.s) > 3) assert.equal(isNewer(a, b), a.s > b.s);
    }),
    { seed, numRuns: runs(5000) },
  );
});

test('the second of a name', () => {
  const table: readonly (readonly [string, string])[] = [
    ['photo.jpg', 'photo (2).jpg'],
    ['archive.tar.gz', 'archive (2).tar.gz'],
    ['A.TAR.ZST', 'A (2).TAR.ZST'],
    ['a.b.tar.xz', 'a.b (2).tar.xz'],
    ['a.tar.bz2', 'a (2).tar.bz2'],
    ['a.tar.lz', 'a.tar (2).lz'],
    ['.bashrc', '.bashrc (2)'],
    ['.tar.gz', '.tar.gz (2)'],
    ['..a.txt', '..a.txt (2)'],
    ['README', 'README (2)'],
    ['dot.', 'dot. (2)'],
    ['Mr. Smith', 'Mr. Smith (2)'],
    ['Report (2019).pdf', 'Report (2019) (2).pdf'],
    ['ä.日本', 'ä (2).日本'],
  ];
  for (const [name, want] of table)
    assert.equal(
      keepBothName(nameFromText(name), () => false),
      nameFromText(want),
    );
  const there = new Set(['a (2).txt', 'a (3).txt', 'a (5).txt'].map(nameFromText));
  assert.equal(
    keepBothName(nameFromText('a.txt'), (name) => there.has(name)),
    'a (4).txt',
  );
  assert.throws(() => keepBothName(nameFromText('a'), () => true), withCode('EXISTS'));
});

test('a long name is cut between two characters', () => {
  const umlauts = nameFromText(`${'ä'.repeat(125)}.jpg`);
  assert.equal(
    keepBothName(umlauts, () => false),
    nameFromText(`${'ä'.repeat(123)} (2).jpg`),
  );
  for (const byte of ['\xff', '\x80']) {
    const name = `${byte.repeat(251)}.jpg` as Name;
    assert.equal(
      keepBothName(name, () => false),
      `${byte.repeat(247)} (2).jpg`,
    );
  }
  const noExtension = nameFromText(`a.${'x'.repeat(253)}`);
  assert.equal(
    keepBothName(noExtension, () => false),
    `${noExtension.slice(0, 251)} (2)`,
  );
});

test('whatever the name, the new one is a free name of the same kind', () => {
  const bytes = fc
    .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: limits.nameBytes })
    .map((codes) => String.fromCharCode(...codes));
  const text = fc
    .tuple(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 120 }),
      fc.constantFrom('', '.jpg', '.tar.gz'),
    )
    .map(([stem, end]) => Buffer.from(stem + end).toString('latin1'));
  const long = fc
    .tuple(
      fc.constantFrom('ä', '日', '🚢', 'a', '\xe9'),
      fc.integer({ min: 60, max: 255 }),
      fc.constantFrom('', '.md'),
    )
    .map(([char, count, end]) => Buffer.from(char.repeat(count) + end).toString('latin1'));
  const names = fc.oneof(bytes, text, long).filter(isName);
  fc.assert(
    fc.property(names, fc.nat({ max: 12 }), (name, copies) => {
      const there = new Set<Name>([name]);
      for (let i = 0; i < copies; i++) {
        const next = keepBothName(name, (candidate) => there.has(candidate));
        assert.ok(isName(next) && !there.has(next));
        if (isUtf8(bytesOf(name))) assert.ok(isUtf8(bytesOf(next)));
        there.add(next);
      }
    }),
    { seed, numRuns: runs(3000) },
  );
});
