/**
 * What a test run prints: every failure with its reason, every skip with its reason, and one closing line of counts.
 * Loaded by the test runner; main thread.
 */

import type { TestEvent } from 'node:test/reporters';

type Data = {
  name: string;
  file?: string;
  skip?: boolean | string;
  todo?: boolean | string;
  nesting: number;
  details?: { error?: Error & { cause?: unknown; failureType?: string }; type?: string };
};

const within = 'subtestsFailed';

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const notes: string[] = [];
  for await (const event of source) {
    if (event.type === 'test:diagnostic' || event.type === 'test:stdout') {
      const { message } = event.data as { message: string };
      if (message.startsWith('count:') || message.startsWith('seed:')) notes.push(message.trimEnd());
      continue;
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const data = event.data as unknown as Data;
    // Of a suite only what is its own: that it was left out, a file that cannot be loaded, a hook that fails.
    const isOwn = (data.skip ?? false) !== false || (data.details?.error?.failureType ?? within) !== within;
    if (data.details?.type === 'suite' && !isOwn) continue;
    if (data.skip !== undefined && data.skip !== false) {
      skipped += 1;
      yield `SKIPPED: ${data.name}${typeof data.skip === 'string' ? ` (${data.skip})` : ''}\n`;
    } else if (event.type === 'test:pass') {
      passed += 1;
    } else {
      failed += 1;
      const error = data.details?.error;
      const cause =
        error?.cause instanceof Error
          ? (error.cause.stack ?? error.cause.message)
          : String(error?.message ?? '');
      yield `\nFAILED: ${data.name}\n  in ${data.file ?? '?'}\n${cause.replaceAll(/^/gm, '  ')}\n`;
    }
  }
  if (notes.length > 0) yield `\n${notes.join('\n')}\n`;
  yield `\n${passed} passed, ${failed} failed, ${skipped} skipped\n`;
}
