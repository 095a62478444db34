/** Where the watching thread begins: all else is loaded behind the compile cache, as in worker/main.ts. */

import { enableCompileCache } from 'node:module';

enableCompileCache();
await import('./watch-thread.ts');
