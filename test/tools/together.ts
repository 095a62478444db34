/**
 * Many test files in one process, each as a suite with hooks of its own: starting a process for each would cost more than most of
 * them. `FERRY_TOGETHER` has their names, one a line; run.ts says which. Loaded by the test runner; main thread.
 */

import { join } from 'node:path';
import { describe } from 'node:test';
import { pathToFileURL } from 'node:url';

for (const file of (process.env['FERRY_TOGETHER'] ?? '').split('\n'))
  describe(file, async () => {
    await import(pathToFileURL(join(import.meta.dirname, '../..', file)).href);
  });
