/** What can happen to a transfer: each has a test with its id in its name, or a line in docs/TESTS.md that says why not. */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const happens: Readonly<Record<string, string>> = {
  'XFER-01': 'a bit is flipped on the line',
  'XFER-02': 'a bit of the partial file is flipped on the disk',
  'XFER-03': 'a bit is flipped between the last check and the name',
  'XFER-04': 'a stream ends early and says that it is complete',
  'XFER-05': 'more bytes come than were announced',
  'XFER-06': 'the source of an upload changes under way',
  'XFER-07': 'the source of a download changes under way',
  'XFER-08': 'the source has changed when a transfer is gone on with',
  'XFER-09': 'the partial file was cut, made longer, exchanged or deleted',
  'XFER-10': 'the disk is full, at any moment',
  'XFER-11': 'the disk fails to write, sync or give a name',
  'XFER-12': 'the system writes less than it was asked to',
  'XFER-13': 'the right to write is taken away under way',
  'XFER-14': 'somebody else replaces what is to be replaced',
  'XFER-15': 'somebody else takes the name',
  'XFER-16': 'several clients send to one name',
  'XFER-17': 'the same is sent twice, or a commit is asked for twice',
  'XFER-18': 'the server is killed',
  'XFER-19': 'the client is killed',
  'XFER-20': 'a thread of the server dies',
  'XFER-21': 'a program stands still for minutes',
  'XFER-22': 'the power is cut',
  'XFER-23': 'something is told or named before it is on the disk',
  'XFER-24': 'a second fault comes while the first is being mended',
  'XFER-25': 'the line is cut, anywhere',
  'XFER-26': 'the server comes back with another folder or another key',
  'XFER-27': 'clocks differ or jump',
  'XFER-28': 'times are odd: fractions, before 1970, far in the future',
  'XFER-29': 'files are empty, end at the edge of a block, or are enormous',
  'XFER-30': 'one of very many files fails',
  'XFER-31': 'a folder is deleted or renamed under a tree that moves',
  'XFER-32': 'dead transfers leave partial files',
  'XFER-33': 'a program ends right after it said "done"',
  'XFER-34': 'the power is cut after a name was changed',
  'XFER-35': 'a source is deleted before its copy is safe',
};

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const own = 'test/faults/catalogue.test.ts';

/** What tests are called, as far as it stands in the source. */
const names: readonly string[] = globSync(['test/**/*.test.ts', 'test/**/*.suite.ts'], { cwd: root })
  .filter((file) => file !== own)
  .flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(
      /\b(?:test|it|describe)\(\s*(?:'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\.)*)`)/g,
    ),
  ])
  .map(([, plain, template]) => plain ?? template ?? '');

/** The lines of the docs that say why there is none. */
const reasons = /\n## What is not covered, and why\n([\s\S]*)/.exec(
  readFileSync(join(root, 'docs/TESTS.md'), 'utf8'),
)?.[1];

const mentions = (text: string, id: string): boolean => new RegExp(`${id}(?!\\d)`).test(text);

test('everything that can happen to a transfer has a test, or a reason why it has none', () => {
  assert.ok(reasons !== undefined && names.length > 500, 'the names and the reasons are found');
  const bare = Object.entries(happens).filter(
    ([id]) => !names.some((name) => mentions(name, id)) && !mentions(reasons, `- ${id}`),
  );
  assert.deepEqual(bare, []);
});

test('no test is named after something that nobody knows', () => {
  const known = new Set(Object.keys(happens));
  const unknown = names.flatMap((name) => name.match(/XFER-\d+/g) ?? []).filter((id) => !known.has(id));
  assert.deepEqual(unknown, []);
});
