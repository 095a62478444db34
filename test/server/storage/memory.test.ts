/** MemoryStorage keeps the storage contract. */

import { MemoryStorage } from '@ferry/server/storage/memory';
import { storageSuite } from '../../suites/storage.suite.ts';

storageSuite('memory', () => new MemoryStorage());
