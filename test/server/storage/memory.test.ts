/** MemoryStorage keeps the storage contract. */

import { MemoryStorage } from '@ferry/server/storage/memory';
import { storageSuite } from '../../suites/storage.suite.ts';
import { worksSuite } from '../../suites/works.suite.ts';

storageSuite('memory', () => new MemoryStorage());
worksSuite('memory', () => new MemoryStorage());
