/** The judge of orders itself: it finds each wrong order in made-up traces, and nothing in a right one. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTrace } from '../support/trace.ts';
import { judge } from '../support/trace-order.ts';

const part = '/s/.ferry/part/1.part';
const right = [
  'openat(AT_FDCWD</>, "/proc/self/fd/9/1.part", O_RDWR|O_CREAT|O_EXCL, 0600) = 5</s/.ferry/part/1.part>',
  `pwrite64(5<${part}>, "data)  = 4"..., 1048576, 0) = 1048576`,
  'write(6</s/.ferry/part/1.journal>, "\\0\\0\\0\\0abc"..., 40) = 40',
  `pwrite64(5<${part}>, "data"..., 1048576, 1048576) = 1048576`,
  `fdatasync(7<${part}>) = 0`,
  'write(6</s/.ferry/part/1.journal>, "\\377\\377\\377\\377\\0"..., 40) = 40',
  'write(6</s/.ferry/part/1.journal>, "\\0\\0\\0\\1abc"..., 40) = 40',
  `fchmod(5<${part}>, 0644) = 0`,
  `fsync(5<${part}>) = 0`,
  `close(5<${part}>) = 0`,
  'link("/proc/self/fd/9/1.part", "/proc/self/fd/8/file") = 0',
  'unlink("/proc/self/fd/9/1.part") = 0',
  'fsync(10</s/folder>) = 0',
  'write(3<socket:[12]>, "done", 4) = 4',
];
const known = new Map([
  [8, '/s/folder'],
  [9, '/s/.ferry/part'],
]);

/** Each line on thread 1, unless it says another one. */
function verdict(lines: readonly string[]) {
  const text = lines.map((line) => (/^\d/.test(line) ? line : `1 ${line}`)).join('\n');
  return judge(parseTrace(text, known), {
    folder: '/s',
    acknowledges: ({ file }) => file?.startsWith('socket:') === true,
  });
}

const at = (start: string): number => right.findIndex((line) => line.startsWith(start));
const without = (start: string): string[] => right.filter((line) => !line.startsWith(start));
const instead = (start: string, ...lines: readonly string[]): string[] =>
  right.flatMap((line) => (line.startsWith(start) ? lines : [line]));
/** The first line that starts so, moved before the first that starts with `to`. */
function moved(start: string, to: string): string[] {
  const line = right[at(start)] ?? '';
  const rest = right.filter((_, i) => i !== at(start));
  return rest.flatMap((other) => (other === right[at(to)] ? [line, other] : [other]));
}

test('a right order is right, and everything in it is seen', () => {
  const { wrong, published, acknowledged, records, marks } = verdict(right);
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    { published, acknowledged, records, marks },
    {
      published: ['/s/folder/file'],
      acknowledged: 1,
      records: 2,
      marks: 1,
    },
  );
});

describe('each wrong order is found', () => {
  const cases: readonly [string, RegExp, readonly string[]][] = [
    [
      'no sync at all',
      /file is published before it is synced/,
      without('fsync(5').filter((line) => !line.startsWith('fdatasync') && !line.includes('377')),
    ],
    ['only an early sync', /published with changes after its sync/, without('fsync(5')],
    ['a name before the sync', /published with changes after its sync/, moved('link', 'fsync(5')],
    [
      'data after the sync',
      /published with changes after its sync/,
      moved('fsync(5', `pwrite64(5<${part}>, "data"`),
    ],
    ['facts after the sync', /published with changes after its sync/, moved('fsync(5', 'fchmod')],
    [
      'a write to a published file',
      /file changes after it was published/,
      instead('unlink', right.at(-6) ?? '', 'write(5</s/folder/file>, "more", 4) = 4'),
    ],
    ['no sync of the folder', /somebody is told before \/s\/folder is synced/, without('fsync(10')],
    ['an answer before the folder’s sync', /somebody is told before/, moved('write(3', 'fsync(10')],
    ['the folder’s sync before the name', /somebody is told before/, moved('fsync(10', 'link')],
    [
      'a sync of the folder that fails',
      /somebody is told before/,
      instead('fsync(10', 'fsync(10</s/folder>) = -1 EIO (Input/output error) (INJECTED)'),
    ],
    [
      'no sync of the folder and no answer',
      /the trace ends before/,
      without('fsync(10').filter((line) => !line.startsWith('write(3')),
    ],
    [
      'the folder that a file has left, synced before the one that it has come to',
      /\/s\/.ferry\/part forgets a file before \/s\/folder is synced/,
      instead('fsync(10', 'fsync(9</s/.ferry/part>) = 0', 'fsync(10</s/folder>) = 0'),
    ],
    [
      'the folder that a file has left, synced while the one that it has come to is being synced',
      /\/s\/.ferry\/part forgets a file before \/s\/folder is synced/,
      instead(
        'fsync(10',
        '2 fsync(10</s/folder> <unfinished ...>',
        'fsync(9</s/.ferry/part> <unfinished ...>',
        '2 <... fsync resumed>) = 0',
        '<... fsync resumed>) = 0',
      ),
    ],
    [
      'a failed sync that is tried again',
      /a sync of .* that failed is tried again/,
      instead('fsync(5', `fsync(5<${part}>) = -1 EIO (Input/output error)`, `fsync(5<${part}>) = 0`),
    ],
    [
      'a failed sync that is ignored',
      /although a sync of it has failed/,
      instead('fsync(5', `fsync(5<${part}>) = -1 EIO (Input/output error)`),
    ],
    [
      'a record before its block',
      /tells of block 1 too early/,
      moved('write(6</s/.ferry/part/1.journal>, "\\0\\0\\0\\1', `pwrite64(5<${part}>, "data"`),
    ],
    [
      'a mark before its sync',
      /marks what was not synced/,
      moved('write(6</s/.ferry/part/1.journal>, "\\377', 'fdatasync'),
    ],
    [
      'two marks after one sync',
      /marks what was not synced/,
      instead(
        'write(6</s/.ferry/part/1.journal>, "\\377',
        ...right.filter((line) => line.includes('377')).flatMap((line) => [line, line]),
      ),
    ],
    [
      'a folder that is not synced',
      /somebody is told before \/s is synced/,
      ['mkdir("/s/new", 0777) = 0', ...right],
    ],
    [
      'a removal that is not synced',
      /somebody is told before \/s is synced/,
      ['unlink("/s/old") = 0', ...right],
    ],
    [
      'a sync that is not over when the name is given',
      /published with changes after its sync/,
      instead('fsync(5', `2 fsync(5<${part}> <unfinished ...>`).flatMap((line) =>
        line.startsWith('link') ? [line, '2 <... fsync resumed>) = 0'] : [line],
      ),
    ],
    [
      'a write that is not over when the sync begins',
      /published with changes after its sync/,
      instead(
        'fsync(5',
        `2 pwrite64(5<${part}>, "x"..., 9, 9 <unfinished ...>`,
        `fsync(5<${part}>) = 0`,
        '2 <... pwrite64 resumed>) = 9',
      ),
    ],
  ];
  test('two lanes may sync one file at the same time, and mark each for its own', () => {
    const mark = right.find((line) => line.includes('377')) ?? '';
    const lines = instead(
      'fdatasync',
      `2 fdatasync(7<${part}> <unfinished ...>`,
      `fdatasync(7<${part}>) = 0`,
      '2 <... fdatasync resumed>) = 0',
    ).flatMap((line) => (line === mark ? [mark, mark] : [line]));
    assert.deepEqual(verdict(lines).wrong, []);
  });
  test('the folder that a file has left may forget it when the other one could not be synced', () => {
    const lines = instead(
      'fsync(10',
      'fsync(10</s/folder>) = -1 EIO (Input/output error)',
      'fsync(9</s/.ferry/part>) = 0',
    );
    assert.doesNotMatch(verdict(lines).wrong.join(), /forgets/);
  });
  for (const [name, wanted, lines] of cases) {
    test(name, () => {
      const { wrong } = verdict(lines);
      assert.ok(
        wrong.some((text) => wanted.test(text)),
        `${name}: ${JSON.stringify(wrong)}\n${lines.join('\n')}`,
      );
    });
  }
});

test('what replaces by rename, and a partial file that begins again under its name, is no fault', () => {
  const lines = instead('link', 'rename("/proc/self/fd/9/1.part", "/proc/self/fd/8/file") = 0').filter(
    (line) => !line.startsWith('unlink'),
  );
  assert.deepEqual(verdict(lines).wrong, []);
  const failed = [...right.slice(0, at('fsync(5')), `fsync(5<${part}>) = -1 EIO (Input/output error)`];
  assert.deepEqual(verdict([...failed, 'unlink("/proc/self/fd/9/1.part") = 0', ...right]).wrong, []);
});
