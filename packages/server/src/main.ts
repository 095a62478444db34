#!/usr/bin/env node
/** ferryd: the program. Everything else is loaded behind the compile cache, which halves the time to start. */

import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runCommandLine } = await import('./command-line.ts');
await runCommandLine(process.argv);
