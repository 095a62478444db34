/**
 * What a test run prints: every failure with its reason, every skip with its reason, and one closing line of counts; after a
 * soak a table of them by file. Where tests failed is also written to the file that FERRY_FAILED names, a path a line. Loaded by
 * the test runner; main thread.
 */

import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

type Data = {
  name: string;
  file?: string;
  skip?: boolean | string;
  todo?: boolean | string;
  nesting: number;
  details?: {
    error?: Error & { cause?: unknown; failureType?: string };
    type?: string;
    duration_ms?: number;
  };
};

const within = 'subtestsFailed';

/** What became of one file's tests. */
type Tally = { passed: number; failed: number; skipped: number; ms: number; readonly notes: string[] };

const isSoak = process.env['FERRY_SOAK'] === '1';
const failedList = process.env['FERRY_FAILED'];

function* table(tallies: ReadonlyMap<string, Tally>): Generator<string> {
  const rows = [...tallies].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(...rows.map(([file]) => file.length));
  const line = (file: string, ...cells: readonly (number | string)[]): string =>
    `${file.padEnd(width)}${cells.map((cell) => String(cell).padStart(9)).join('')}\n`;
  yield `\n${line('file', 'passed', 'failed', 'skipped', 'seconds')}`;
  for (const [file, { passed, failed, skipped, ms, notes }] of rows) {
    yield line(file, passed, failed, skipped, (ms / 1000).toFixed(0));
    for (const note of notes) yield `    ${note}\n`;
  }
}

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const notes: string[] = [];
  const tallies = new Map<string, Tally>();
  const failedIn = new Set<string>();
  const tallyOf = (path: string | undefined): Tally => {
    const file = path === undefined ? '?' : relative(process.cwd(), path);
    const tally = tallies.get(file) ?? { passed: 0, failed: 0, skipped: 0, ms: 0, notes: [] };
    tallies.set(file, tally);
    return tally;
  };
  for await (const event of source) {
    if (event.type === 'test:diagnostic' || event.type === 'test:stdout') {
      const { message, file } = event.data as { message: string; file?: string };
      if (!message.startsWith('count:') && !message.startsWith('seed:')) continue;
      notes.push(message.trimEnd());
      tallyOf(file).notes.push(message.trimEnd());
      continue;
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const data = event.data as unknown as Data;
    const tally = tallyOf(data.file);
    if (data.nesting === 0) tally.ms += data.details?.duration_ms ?? 0;
    // Of a suite only what is its own: that it was left out, a file that cannot be loaded, a hook that fails.
    const isOwn = (data.skip ?? false) !== false || (data.details?.error?.failureType ?? within) !== within;
    if (data.details?.type === 'suite' && !isOwn) continue;
    if (data.skip !== undefined && data.skip !== false) {
      skipped += 1;
      tally.skipped += 1;
      yield `SKIPPED: ${data.name}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}\n`;
    } else if (event.type === 'test:pass') {
      passed += 1;
      tally.passed += 1;
    } else {
      failed += 1;
      tally.failed += 1;
      failedIn.add(data.file === undefined ? '?' : relative(process.cwd(), data.file));
      const error = data.details?.error;
      const cause =
        error?.cause instanceof Error
          ? (error.cause.stack ?? error.cause.message)
          : String(error?.message ?? '');
      yield `\nFAILED: ${data.name}\n  in ${data.file ?? '?'}\n${cause.replaceAll(/^/gm, '  ')}\n`;
    }
  }
  if (failedList !== undefined) writeFileSync(failedList, [...failedIn].join('\n'));
  if (isSoak && tallies.size > 0) yield* table(tallies);
  else if (notes.length > 0) yield `\n${notes.join('\n')}\n`;
  yield `\n${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
