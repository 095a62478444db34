/**
 * The programs as a shell starts them, for tests that do. A run has put their bundles together once and says so, which spares each of some
 * thousand starts to look whether sources have changed since.
 */

import { join } from 'node:path';

const packages = join(import.meta.dirname, '../../packages');

export const ferryMain: string = process.env['FERRY_TEST_FERRY'] ?? join(packages, 'tui/bin/ferry.js');
export const ferrydMain: string = process.env['FERRY_TEST_FERRYD'] ?? join(packages, 'server/bin/ferryd.js');
