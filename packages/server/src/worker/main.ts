/** Where a worker thread begins: all else is loaded behind the compile cache, which a thread does not have from the program's. */

import { enableCompileCache, flushCompileCache } from 'node:module';

enableCompileCache();
await import('./worker.ts');
flushCompileCache();
