#!/usr/bin/env node
/** The `ferry` program. Small on purpose: what is compiled once is cached, and each command loads only what it needs. */

import { enableCompileCache } from 'node:module';

enableCompileCache();
const { runCommandLine } = await import('./commands/command-line.ts');
const code = await runCommandLine(process.argv);
// Sockets that are still closing politely must not hold the prompt back.
process.stdout.write('', () => process.exit(code));
